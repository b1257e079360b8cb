//! What keeps the rows: a file or a server, and the connections to it.

use std::fmt;
use std::path::PathBuf;

use sqlx::ConnectOptions;

use crate::engine::Connection;
use crate::postgres::Server;
use crate::sqlite;

/// What keeps the rows of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Server),
}

impl Database {
    /// A connection that reads while the gate serves.
    pub(crate) async fn to_read(&self) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Sqlite(path) => Ok(sqlite::options(path)
                .read_only(true)
                .connect()
                .await?
                .into()),
            Self::Postgres(server) => server.to_serve().await,
        }
    }

    /// A connection that reads everything, however long that takes.
    pub(crate) async fn to_examine(&self) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Sqlite(_) => self.to_read().await,
            Self::Postgres(server) => server.to_maintain().await,
        }
    }

    /// A connection that writes durably while the gate serves.
    pub(crate) async fn to_write(&self) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Sqlite(path) => Ok(sqlite::durable(path).connect().await?.into()),
            Self::Postgres(server) => server.to_serve().await,
        }
    }

    /// The same for one command of an operator, who would rather wait than be told that a gate is at it.
    pub(crate) async fn to_write_by_hand(&self) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Sqlite(path) => Ok(sqlite::durable_by_hand(path).connect().await?.into()),
            Self::Postgres(server) => server.to_serve().await,
        }
    }

    /// A connection that makes and changes tables, or fills them; an operator waits for it.
    pub(crate) async fn to_make(&self) -> Result<Connection, sqlx::Error> {
        match self {
            Self::Sqlite(_) => self.to_write_by_hand().await,
            Self::Postgres(server) => server.to_maintain().await,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(server) => server.address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::query;

    /// An operator who brings a store up to date waits for a gate that is busy, as with every other command.
    #[tokio::test]
    async fn whoever_makes_tables_waits_as_long_as_a_command_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        sqlite::create_private(&path).unwrap();
        let database = Database::Sqlite(path);
        let mut waits = Vec::new();
        for connection in [database.to_make().await, database.to_write_by_hand().await] {
            let mut connection = connection.unwrap();
            let row = query("PRAGMA busy_timeout")
                .fetch_one(&mut connection)
                .await;
            waits.push(row.unwrap().try_get::<i64>("timeout").unwrap());
        }
        assert_eq!(waits, [25_000, 25_000]);
    }
}
