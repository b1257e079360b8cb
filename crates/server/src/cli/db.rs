//! `wicketgate db`: the store's file, brought up to date, copied and brought back.

use std::path::{Path, PathBuf};

use authn::account::{Account, AccountState};
use authn::credential::app_password::AppPassword;
use authn::credential::otp_token::OtpToken;
use clap::Subcommand;
use serde::Serialize;
use store::{Replaced, Restored};

use super::{CliError, Output};
use crate::config;
use crate::config::settings::StoreFiles;
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

#[derive(Serialize)]
struct PutBack {
    file: PathBuf,
    key_file: PathBuf,
    /// Whether the store that was there could be compared with the backup.
    compared: bool,
    problem: Option<String>,
    still_revoked: Vec<StillRevoked>,
    still_shut_out: Vec<Account>,
    blocked_tokens: Vec<OtpToken>,
}

#[derive(Serialize)]
struct StillRevoked {
    upn: String,
    #[serde(flatten)]
    record: AppPassword,
}

/// Does it.
///
/// # Errors
///
/// A file is in the way, a backup is damaged or of another version, or the store is unavailable.
pub(crate) async fn run(file: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load_for_keytab(file)?;
    let files = settings.store()?.clone();
    match verb {
        Verb::Status => {
            keeping::must_be_there(&settings)?;
            let pending = keeping::pending_migrations(&settings).await?;
            let status = Status {
                file: files.file,
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
                file: files.file,
                pending,
            };
            output.print(&status, |status| say_migrated(status, dry_run))
        }
        Verb::Backup { to } => {
            keeping::backup(&settings, &to).await?;
            let copied = Copied {
                file: to,
                key_file: files.key_file,
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
            let restored = keeping::restore(&settings, &from).await?;
            output.print(&put_back(files, restored), say_put_back)
        }
    }
}

fn put_back(files: StoreFiles, restored: Restored) -> PutBack {
    let (compared, problem) = match restored.replaced {
        Replaced::Read => (true, None),
        Replaced::Nothing => (false, None),
        Replaced::Unreadable { problem } => (false, Some(problem)),
    };
    let still_revoked = |(account, record): (Account, AppPassword)| StillRevoked {
        upn: account.upn,
        record,
    };
    PutBack {
        file: files.file,
        key_file: files.key_file,
        compared,
        problem,
        still_revoked: restored.revoked.into_iter().map(still_revoked).collect(),
        still_shut_out: restored.accounts,
        blocked_tokens: restored.blocked,
    }
}

fn say_put_back(put_back: &PutBack) -> String {
    let mut lines = vec![format!(
        "restored to {}; all tickets, counters and familiar sources are dropped",
        put_back.file.display()
    )];
    let again = "what was revoked, disabled, locked or blocked after the backup was made is not: do it \
         again, and resync tokens with a button, whose used codes are good again";
    match &put_back.problem {
        Some(problem) => {
            lines.push(format!(
                "the store that was there cannot be read ({problem}); {again}"
            ));
        }
        None if !put_back.compared => lines.push(format!("there was no store before; {again}")),
        None => {}
    }
    for still in &put_back.still_revoked {
        let StillRevoked { upn, record } = still;
        lines.push(format!(
            "still revoked: {} ({}) of {upn}",
            record.id.0, record.label
        ));
    }
    for token in &put_back.blocked_tokens {
        let called = token.serial.as_ref().unwrap_or(&token.id.0);
        lines.push(format!("blocked: the token {called} ({})", token.label));
    }
    for account in &put_back.still_shut_out {
        let state = match account.state {
            AccountState::Locked => "locked",
            AccountState::Disabled | AccountState::Active => "disabled",
        };
        lines.push(format!("still {state}: {}", account.upn));
    }
    lines.join("\n")
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
