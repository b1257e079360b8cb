//! `wicketgate db`: the store's file, brought up to date, copied and brought back.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::{CliError, Output};
use crate::config;
use crate::wiring::keeping;

/// What can be done with the store.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what the store is and what it lacks
    Status,
    /// Bring the store up to this program's version; says what it does first with --dry-run
    Migrate {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy the store to a new file while the gate runs
    Backup {
        /// The new file
        to: PathBuf,
    },
    /// Put a backup in the store's place; the gate must not run
    Restore {
        /// The backup
        from: PathBuf,
    },
}

#[derive(Serialize)]
struct Status {
    file: PathBuf,
    pending: Vec<String>,
}

#[derive(Serialize)]
struct Copied {
    file: PathBuf,
    key_file: PathBuf,
}

/// Does it.
///
/// # Errors
///
/// A file is in the way, a backup is damaged or of another version, or the store is unavailable.
pub(crate) async fn run(file: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load(file)?;
    match verb {
        Verb::Status => {
            keeping::must_be_there(&settings)?;
            let pending = keeping::pending_migrations(&settings).await?;
            let status = Status {
                file: settings.store_file,
                pending,
            };
            output.print(&status, say_status)
        }
        Verb::Migrate { dry_run } => {
            let pending = keeping::pending_migrations(&settings).await?;
            if !dry_run {
                keeping::migrate(&settings).await?;
            }
            let status = Status {
                file: settings.store_file,
                pending,
            };
            output.print(&status, |status| say_migrated(status, dry_run))
        }
        Verb::Backup { to } => {
            keeping::backup(&settings, &to).await?;
            let copied = Copied {
                file: to,
                key_file: settings.key_file,
            };
            output.print(&copied, |copied| {
                format!(
                    "copied to {}; it is worth nothing without the keys in {}, which are not in \
                     it: keep both, apart",
                    copied.file.display(),
                    copied.key_file.display()
                )
            })
        }
        Verb::Restore { from } => {
            keeping::restore(&settings, &from).await?;
            let copied = Copied {
                file: settings.store_file,
                key_file: settings.key_file,
            };
            output.print(&copied, |copied| {
                format!(
                    "restored to {}; all tickets are dropped",
                    copied.file.display()
                )
            })
        }
    }
}

fn say_status(status: &Status) -> String {
    if status.pending.is_empty() {
        return format!("{} is up to date", status.file.display());
    }
    let pending = status.pending.join(", ");
    format!(
        "{} lacks {pending}; run: wicketgate db migrate",
        status.file.display()
    )
}

fn say_migrated(status: &Status, dry_run: bool) -> String {
    let done = if dry_run { "would apply" } else { "applied" };
    if status.pending.is_empty() {
        return format!("{} was up to date", status.file.display());
    }
    format!(
        "{done} {} to {}",
        status.pending.join(", "),
        status.file.display()
    )
}
