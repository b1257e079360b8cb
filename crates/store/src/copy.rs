//! From one database to another: all tables in one go, counted, and the audit trail checked where they arrive.
//!
//! INVARIANT: nothing arrives unless everything does, and only where nothing was. What is sealed stays sealed under
//! the same keys: the key file is not copied. Start at [`Store::copy`].

use std::time::Duration;

use authn::audit::{ByHand, Event, Kind, shown_name};
use sqlx::AssertSqlSafe;
use tokio::time::{Instant, sleep};

use crate::chain::Head;
use crate::database::Database;
use crate::durable::{check_keys, must_be_there};
use crate::engine::{Connection, Query, Row, Value, query};
use crate::ports::audit;
use crate::seal::KeyFile;
use crate::{Store, StoreError, health, migrate, sqlite};

/// How many rows go in one statement.
const ROWS: usize = 500;

/// How long a server may take to forget a connection that was closed.
const CLOSING: Duration = Duration::from_secs(2);

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The tables, each with its number of rows.
    pub tables: Vec<(String, i64)>,
    /// Where the audit trail ended that was copied.
    pub head: Head,
}

/// A table as it is.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    name: &'static str,
    columns: Vec<(String, Holds)>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Text,
    Integer,
    Bytes,
}

impl Store {
    /// Copies everything from a store that nobody uses to a place where there is none.
    ///
    /// # Errors
    ///
    /// One of them is in use, of another version or damaged, the keys are not its own, or there is something where
    /// it would go; nothing arrives then.
    pub async fn copy(
        (from, to): (&Database, &Database),
        keys: &KeyFile,
        by: &ByHand,
    ) -> Result<Copied, StoreError> {
        must_be_there(from)?;
        let names = Self::pending_in(from).await?;
        if !names.is_empty() {
            return Err(StoreError::Pending { names });
        }
        must_be_unused(from).await?;
        let mut source = from.to_examine().await?;
        check_keys(&mut source, keys).await?;
        Self::migrate_in(to).await?;
        let mut target = to.to_make().await?;
        source.begin_reading().await?;
        target.begin_making().await?;
        // What is not committed is undone with its connection.
        let copied = copy_all(&mut source, (&mut target, to), keys).await?;
        note(&mut target, (copied.head, keys), from, by).await?;
        target.commit().await?;
        target.close().await?;
        source.close().await?;
        Ok(copied)
    }
}

/// Refuses a store that somebody else has open: what they write after the copy would be lost.
pub(crate) async fn must_be_unused(database: &Database) -> Result<(), StoreError> {
    let is_used = match database {
        Database::Sqlite(path) => match sqlite::settle(path).await {
            Ok(()) => false,
            Err(error) if health::is_busy(&error) => true,
            Err(error) => return Err(error.into()),
        },
        Database::Postgres(server) => {
            let mut connection = server.to_maintain().await?;
            let begun = Instant::now();
            // The server takes its time to forget who has just closed.
            loop {
                let row = query(OTHERS).fetch_one(&mut connection).await?;
                let is_used = row.try_get::<i64>("others")? > 0;
                if !is_used || begun.elapsed() > CLOSING {
                    connection.close().await?;
                    break is_used;
                }
                sleep(CLOSING / 20).await;
            }
        }
    };
    match is_used {
        false => Ok(()),
        true => Err(StoreError::InUse {
            place: database.to_string(),
        }),
    }
}

/// Counts the connections of this program, but for the one that asks.
const OTHERS: &str = "
    SELECT COUNT(*) AS others
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'wicketgate'
        AND pid <> pg_backend_pid()";

async fn copy_all(
    source: &mut Connection,
    (target, to): (&mut Connection, &Database),
    keys: &KeyFile,
) -> Result<Copied, StoreError> {
    let mut tables = Vec::new();
    for name in migrate::made() {
        let table = described(source, name).await?;
        if table != described(target, name).await? {
            return Err(StoreError::Unlike);
        }
        let there = count(target, name).await?;
        if there > 0 {
            return Err(StoreError::NotEmpty {
                place: to.to_string(),
                what: format!("{there} rows in `{name}`"),
            });
        }
        copy_table(source, target, &table).await?;
        let (there, copied) = (count(source, name).await?, count(target, name).await?);
        if there != copied {
            return Err(StoreError::Incomplete {
                table: name.to_owned(),
                there,
                copied,
            });
        }
        tables.push((name.to_owned(), copied));
    }
    let head = audit::verify_moment(target, keys).await?;
    if head != audit::head(source, keys).await? {
        return Err(StoreError::Unlike);
    }
    Ok(Copied { tables, head })
}

/// Says in the trail where it comes from.
async fn note(
    target: &mut Connection,
    (head, keys): (Head, &KeyFile),
    from: &Database,
    by: &ByHand,
) -> Result<(), StoreError> {
    let kind = Kind::StoreCopied {
        from: shown_name(&from.to_string(), ""),
    };
    let event = Event::by_hand(by, kind, None);
    let head = audit::append(target, head, vec![event]).await?;
    Ok(audit::write_head(target, keys, head).await?)
}

async fn copy_table(
    source: &mut Connection,
    target: &mut Connection,
    table: &Table,
) -> Result<(), StoreError> {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| &**name).collect();
    let (name, names) = (table.name, names.join(", "));
    let mut pages = Pages::begin(source, name, &names).await?;
    loop {
        let page = pages.next(source).await?;
        if page.is_empty() {
            return Ok(());
        }
        let mut number = 0;
        let mut row = || {
            let marks = table.columns.iter().map(|_| {
                number += 1;
                format!("${number}")
            });
            format!("({})", marks.collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = page.iter().map(|_| row()).collect();
        let rows = rows.join(", ");
        let text = format!("INSERT INTO {name} ({names}) VALUES {rows}");
        let mut insert = Query::of(AssertSqlSafe(text));
        for row in &page {
            for (column, holds) in &table.columns {
                insert = insert.bind(value(row, column, *holds)?);
            }
        }
        insert.execute(target).await?;
    }
}

fn value(row: &Row, column: &str, holds: Holds) -> Result<Value, sqlx::Error> {
    Ok(match holds {
        Holds::Text => Value::Text(row.try_get(column)?),
        Holds::Integer => Value::Integer(row.try_get(column)?),
        Holds::Bytes => Value::Bytes(row.try_get(column)?),
    })
}

/// A table, read in parts, in whatever order it lies.
enum Pages {
    /// By the numbers that SQLite gives its rows.
    Numbered { text: String, last: i64 },
    /// By a cursor of the transaction.
    Cursor,
}

impl Pages {
    async fn begin(
        source: &mut Connection,
        table: &str,
        columns: &str,
    ) -> Result<Self, sqlx::Error> {
        if !source.is_to_a_server() {
            let text = format!(
                "SELECT rowid AS lies_at, {columns} FROM {table}
                WHERE rowid > $1 ORDER BY rowid LIMIT {ROWS}"
            );
            return Ok(Self::Numbered {
                text,
                last: i64::MIN,
            });
        }
        let text = format!("DECLARE copied NO SCROLL CURSOR FOR SELECT {columns} FROM {table}");
        source.run(text).await?;
        Ok(Self::Cursor)
    }

    async fn next(&mut self, source: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Numbered { text, last } => {
                let page = Query::of(AssertSqlSafe(text.clone())).bind(*last);
                let page = page.fetch_all(source).await?;
                if let Some(row) = page.last() {
                    *last = row.try_get("lies_at")?;
                }
                Ok(page)
            }
            Self::Cursor => {
                // Not prepared: the columns are another table's the next time.
                let text = format!("FETCH {ROWS} FROM copied");
                let page = Query::of(AssertSqlSafe(text))
                    .once()
                    .fetch_all(source)
                    .await?;
                if page.is_empty() {
                    source.run("CLOSE copied".to_owned()).await?;
                }
                Ok(page)
            }
        }
    }
}

async fn described(connection: &mut Connection, name: &'static str) -> Result<Table, StoreError> {
    let text = match connection.is_to_a_server() {
        false => "SELECT name, type AS holds FROM pragma_table_info($1) ORDER BY name",
        true => {
            "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS holds
            FROM information_schema.columns
            WHERE table_schema = current_schema() AND CAST(table_name AS TEXT) = $1
            ORDER BY column_name"
        }
    };
    let rows = query(text).bind(name).fetch_all(connection).await?;
    let mut columns = Vec::new();
    for row in &rows {
        let holds: &str = row.try_get("holds")?;
        let holds = match holds.to_ascii_lowercase().as_str() {
            "text" => Holds::Text,
            "bigint" => Holds::Integer,
            "blob" | "bytea" => Holds::Bytes,
            _ => return Err(StoreError::Unlike),
        };
        columns.push((row.try_get("name")?, holds));
    }
    columns.sort();
    match columns.is_empty() {
        true => Err(StoreError::Unlike),
        false => Ok(Table { name, columns }),
    }
}

async fn count(connection: &mut Connection, table: &str) -> Result<i64, sqlx::Error> {
    let text = format!("SELECT COUNT(*) AS count FROM {table}");
    let row = Query::of(AssertSqlSafe(text)).fetch_one(connection).await?;
    row.try_get("count")
}
