//! What SQLite and PostgreSQL have in common: a statement with numbered parameters, and its rows.
//!
//! Whoever speaks to a database does it through [`query`], so that a port is written once and runs on
//! both. A connection to a server has a deadline; what does not answer by then is given up, with the
//! connection. Start at [`query`].

mod connection;
mod readers;
mod row;

#[cfg(test)]
pub(crate) use connection::ASKED;
pub(crate) use connection::{Connection, late};
pub(crate) use readers::{Reader, Readers};
pub(crate) use row::Row;

use sqlx::database::HasStatementCache;
use sqlx::{Database, Encode, Postgres, SqlSafeStr, SqlStr, Sqlite, Type};

use connection::{Engine, within};

/// A statement of `rows`, to which its parameters are bound in their order.
pub(crate) fn query(text: &'static str) -> Query {
    Query::of(text)
}

/// A statement and its parameters.
pub(crate) struct Query {
    text: SqlStr,
    values: Vec<Value>,
    is_kept: bool,
}

/// How many rows a statement changed.
pub(crate) struct Changed(u64);

/// A parameter, as both engines know it.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

impl Query {
    /// A statement that was put together from names of ours.
    pub(crate) fn of(text: impl SqlSafeStr) -> Self {
        Self {
            text: text.into_sql_str(),
            values: Vec::new(),
            is_kept: true,
        }
    }

    /// Prepared anew each time.
    pub(crate) fn once(self) -> Self {
        Self {
            is_kept: false,
            ..self
        }
    }

    /// Binds the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// PostgreSQL takes no NUL in a text; a strange device must not make an answer of 503 out of that. What
    /// stands there then is in no name.
    fn without_nul(mut self) -> Self {
        for value in &mut self.values {
            if let Value::Text(Some(text)) = value
                && text.contains('\0')
            {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        self
    }

    /// Runs it, and says how many rows it changed.
    pub(crate) async fn execute(self, connection: &mut Connection) -> Result<Changed, sqlx::Error> {
        let (engine, deadline) = connection.asking()?;
        let answer = within(deadline, async {
            match engine {
                Engine::Sqlite(connection) => {
                    let done = bound::<Sqlite>(self).execute(connection).await?;
                    Ok(Changed(done.rows_affected()))
                }
                Engine::Postgres(connection) => {
                    let query = bound::<Postgres>(self.without_nul());
                    let done = query.execute(&mut **connection).await?;
                    Ok(Changed(done.rows_affected()))
                }
            }
        });
        let answer = answer.await;
        connection.answered(answer)
    }

    /// Reads all its rows.
    pub(crate) async fn fetch_all(
        self,
        connection: &mut Connection,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let (engine, deadline) = connection.asking()?;
        let answer = within(deadline, async {
            match engine {
                Engine::Sqlite(connection) => {
                    let rows = bound::<Sqlite>(self).fetch_all(connection).await?;
                    Ok(rows.into_iter().map(Row::Sqlite).collect())
                }
                Engine::Postgres(connection) => {
                    let query = bound::<Postgres>(self.without_nul());
                    let rows = query.fetch_all(&mut **connection).await?;
                    Ok(rows.into_iter().map(Row::Postgres).collect())
                }
            }
        });
        let answer = answer.await;
        connection.answered(answer)
    }

    /// Reads its first row, where there is one.
    pub(crate) async fn fetch_optional(
        self,
        connection: &mut Connection,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.fetch_all(connection).await?.into_iter().next())
    }

    /// Reads its first row, which must be there.
    pub(crate) async fn fetch_one(self, connection: &mut Connection) -> Result<Row, sqlx::Error> {
        let row = self.fetch_optional(connection).await?;
        row.ok_or(sqlx::Error::RowNotFound)
    }
}

impl Changed {
    /// How many.
    pub(crate) fn rows_affected(&self) -> u64 {
        self.0
    }
}

/// The statement as its engine's driver takes it.
fn bound<DB: Database + HasStatementCache>(
    statement: Query,
) -> sqlx::query::Query<'static, DB, <DB as Database>::Arguments>
where
    Option<String>: Encode<'static, DB> + Type<DB>,
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    let mut query = sqlx::query::<DB>(statement.text).persistent(statement.is_kept);
    for value in statement.values {
        query = match value {
            Value::Text(value) => query.bind(value),
            Value::Integer(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        };
    }
    query
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<&i64> for Value {
    fn from(value: &i64) -> Self {
        Self::Integer(Some(*value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Bytes(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Option<&String>> for Value {
    fn from(value: Option<&String>) -> Self {
        Self::Text(value.cloned())
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}
