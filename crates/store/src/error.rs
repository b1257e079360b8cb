//! What can be wrong with a store.

use std::path::PathBuf;

use authn::ports::Unavailable;

use crate::chain::BrokenTrail;
use crate::seal::KeyFileError;
use crate::writer::WriteError;

/// A store cannot be opened, migrated, copied or restored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no file.
    #[error("there is no store at `{}`", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is no file to put back.
    #[error("there is no backup at `{}`", path.display())]
    NoBackup {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The schema lacks steps.
    #[error("the store lacks {}; run: wicketgate db migrate", names.join(", "))]
    Pending {
        /// The steps.
        names: Vec<String>,
    },
    /// The schema has a step that this program does not know.
    #[error("the store is of a newer version of this program (it has `{name}`)")]
    Newer {
        /// The step.
        name: String,
    },
    /// A step was applied from another text than this program's.
    #[error("the store was made from another text of `{name}` than this program's")]
    Altered {
        /// The step.
        name: String,
    },
    /// The file is another program's.
    #[error("the file is a database of another program")]
    Foreign,
    /// A file would be overwritten.
    #[error("`{}` is there already and is not overwritten", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// What was there before did not go on from what was put back.
    #[error(
        "the database to compare with is not what this one went on to be since the backup was made: name the one in whose place \
         it was put, with all that happened there"
    )]
    NotWhatCameAfter,
    /// The store is open elsewhere.
    #[error("the store `{place}` is in use; stop the gate first")]
    InUse {
        /// The store.
        place: String,
    },
    /// The backup's file is damaged.
    #[error("the backup `{}` is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// The audit trail is not what was written.
    #[error(transparent)]
    BrokenTrail(#[from] BrokenTrail),
    /// The key file cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// A file cannot be used.
    #[error("`{}`: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The store has something in it already.
    #[error("`{place}` has something in it already ({what}); nothing was copied")]
    NotEmpty {
        /// The store.
        place: String,
        /// What.
        what: String,
    },
    /// Two stores are not of the same version.
    #[error("the two stores are not of the same version; bring both up to date first")]
    Unlike,
    /// Not all was copied.
    #[error("`{table}` has {there} rows and {copied} were copied; nothing was kept")]
    Incomplete {
        /// The table.
        table: String,
        /// How many rows there are.
        there: i64,
        /// How many arrived.
        copied: i64,
    },
    /// What is done with a file cannot be done with a server.
    #[error("the store is on a server: {instead}")]
    OnAServer {
        /// What is done with a server.
        instead: &'static str,
    },
    /// The database refused.
    #[error("the store is unavailable: {0}")]
    Database(#[from] sqlx::Error),
    /// A secret or an event could not be handled.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<WriteError> for StoreError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Database(error) => Self::Database(error),
            WriteError::Broken(broken) => Self::BrokenTrail(broken),
            WriteError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}
