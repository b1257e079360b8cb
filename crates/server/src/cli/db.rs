//! `wicketgate db`: the store's file, brought up to date, copied and brought back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use authn::account::{Account, AccountState};
use authn::credential::app_password::AppPassword;
use authn::credential::otp_token::OtpToken;
use clap::Subcommand;
use serde::Serialize;
use store::postgres::{Address, Password, Server};
use store::{Database, Doing, Replaced, Restored};

use super::{CliError, Output};
use crate::config::settings::StoreSettings;
use crate::config::{self, Settings};
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
    /// Take out of a database that `pg_restore` put back what must not come back to life; no gate may run
    #[command(after_help = PUT_BACK)]
    AfterRestore {
        /// The database that was there before, renamed: what was revoked, disabled, blocked, changed and used since is
        /// carried over from it
        #[arg(long, value_name = "STORE")]
        before: Option<String>,
        /// The file whose first line is its server's password, where that is not the configuration's own
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy everything to another database, such as from the file to a PostgreSQL server; no gate may run
    #[command(after_help = COPYING)]
    Copy {
        /// From where: a file, or an address that begins with postgres://; the configuration's store where it is
        /// left out
        #[arg(long, value_name = "STORE")]
        from: Option<String>,
        /// To where: a file that is not there yet, or the address of an empty database
        #[arg(long, value_name = "STORE")]
        to: Option<String>,
        /// The file whose first line is the password of the server that the configuration does not name
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

const COPYING: &str = "\
Examples:
  wicketgate db copy --to postgres://wicketgate@db.contoso.com/wicketgate --password-file /etc/wicketgate/db.password
  wicketgate db copy --from /var/lib/wicketgate/wicketgate.db      to what the configuration names by then

Stop every gate first: what one writes meanwhile would be lost. Both are used with the key_file of the configuration. All
arrives or nothing does; rows are counted and the audit trail is checked where it arrives.";

const PUT_BACK: &str = "\
Examples:
  wicketgate db after-restore --before 'postgres://wicketgate@db.contoso.com/wicketgate_before' --dry-run
  wicketgate db after-restore

Tickets, grants, sessions, counters, API tokens and PINs of the backup are dropped in any case. Without --before nobody can
say what was used since: recovery codes end, tokens with a button are blocked until they are unblocked and resynced, and
what was revoked since is to be revoked again.";

#[derive(Serialize)]
struct Status {
    /// The file, or the address of the database.
    file: String,
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
struct Cleared {
    dry_run: bool,
    /// How many rows were dropped, by table.
    forgotten: BTreeMap<String, u64>,
    #[serde(flatten)]
    put_back: PutBack,
}

#[derive(Serialize)]
struct StillRevoked {
    upn: String,
    #[serde(flatten)]
    record: AppPassword,
}

#[derive(Serialize)]
struct Moved {
    from: String,
    to: String,
    /// The number of rows of each table.
    tables: BTreeMap<String, i64>,
    /// The last event of the audit trail that was copied.
    trail: i64,
}

/// Does it.
///
/// # Errors
///
/// A file is in the way, a backup is damaged or of another version, or the store is unavailable.
pub(crate) async fn run(file: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load_for_keytab(file)?;
    let store = settings.store()?.clone();
    match verb {
        Verb::Status => {
            keeping::must_be_there(&settings)?;
            let pending = keeping::pending_migrations(&settings).await?;
            let status = Status {
                file: store.database.to_string(),
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
                file: store.database.to_string(),
                pending,
            };
            output.print(&status, |status| say_migrated(status, dry_run))
        }
        Verb::Backup { to } => {
            keeping::backup(&settings, &to).await?;
            let copied = Copied {
                file: to,
                key_file: store.key_file,
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
            output.print(&put_back(store, restored), say_put_back)
        }
        Verb::AfterRestore {
            before,
            password_file,
            dry_run,
        } => {
            let typed = |it: String| typed_database(&it, password_file, &store.database);
            let before = before.map(typed).transpose()?;
            let doing = if dry_run {
                Doing::Trial
            } else {
                Doing::Earnest
            };
            let put_back = keeping::after_restore(&settings, before.as_ref(), doing).await?;
            let cleared = Cleared {
                dry_run,
                forgotten: put_back.forgotten.into_iter().collect(),
                put_back: self::put_back(store, put_back.restored),
            };
            output.print(&cleared, say_cleared)
        }
        Verb::Copy {
            from,
            to,
            password_file,
        } => {
            let copied = copied(&store, (from, to), password_file)?;
            copy(&settings, copied, output).await
        }
    }
}

/// From where to where is copied; one of them may be the configuration's.
fn copied(
    store: &StoreSettings,
    (from, to): (Option<String>, Option<String>),
    password_file: Option<PathBuf>,
) -> Result<(Database, Database), CliError> {
    if from.is_none() && to.is_none() {
        let message = "nowhere to copy to: name it by --to, or where it comes from by --from";
        return Err(CliError::usage(message));
    }
    let database = |typed: Option<String>| match typed {
        None => Ok(store.database.clone()),
        Some(typed) => typed_database(&typed, password_file.clone(), &store.database),
    };
    let (from, to) = (database(from)?, database(to)?);
    match from == to {
        false => Ok((from, to)),
        true => Err(CliError::usage(format!(
            "`{from}` would be copied to itself"
        ))),
    }
}

/// Copies from one database to another.
async fn copy(
    settings: &Settings,
    (from, to): (Database, Database),
    output: &Output,
) -> Result<(), CliError> {
    let copied = keeping::copy(settings, (&from, &to)).await?;
    let moved = Moved {
        from: from.to_string(),
        to: to.to_string(),
        tables: copied.tables.into_iter().collect(),
        trail: copied.head.number,
    };
    output.print(&moved, say_moved)
}

/// A database that somebody typed; one of the configuration's own server and user has its password.
fn typed_database(
    typed: &str,
    password_file: Option<PathBuf>,
    configured: &Database,
) -> Result<Database, CliError> {
    if !typed.contains("://") {
        return Ok(Database::Sqlite(PathBuf::from(typed)));
    }
    let address = Address::parse(typed, Path::new("."));
    let address = address.map_err(|error| CliError::usage(format!("that address: {error}")))?;
    let password = password_file.map(|file| Password { file });
    let own = match configured {
        Database::Postgres(server) if server.address.is_of_same_user(&address) => {
            server.password.clone()
        }
        _ => None,
    };
    let password = password.or(own);
    Ok(Database::Postgres(Server { address, password }))
}

fn say_moved(moved: &Moved) -> String {
    let rows: i64 = moved.tables.values().sum();
    format!(
        "copied {rows} rows of {} tables from {} to {}; the audit trail is whole there, up to event {}\n\
         name {} in [store] before the gate is started again",
        moved.tables.len(),
        moved.from,
        moved.to,
        moved.trail,
        moved.to
    )
}

fn put_back(store: StoreSettings, restored: Restored) -> PutBack {
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
        file: PathBuf::from(store.database.to_string()),
        key_file: store.key_file,
        compared,
        problem,
        still_revoked: restored.revoked.into_iter().map(still_revoked).collect(),
        still_shut_out: restored.accounts,
        blocked_tokens: restored.blocked,
    }
}

fn say_put_back(put_back: &PutBack) -> String {
    let first = format!(
        "restored to {}; all tickets, counters and familiar sources are dropped",
        put_back.file.display()
    );
    say_carried(first, put_back)
}

fn say_cleared(cleared: &Cleared) -> String {
    let dropped: u64 = cleared.forgotten.values().sum();
    let done = match cleared.dry_run {
        true => "would be dropped from",
        false => "are dropped from",
    };
    let file = cleared.put_back.file.display();
    let mut first = format!("{dropped} rows {done} {file}");
    for (table, rows) in cleared.forgotten.iter().filter(|(_, rows)| **rows > 0) {
        first = format!("{first}\n  {table}: {rows}");
    }
    say_carried(first, &cleared.put_back)
}

fn say_carried(first: String, put_back: &PutBack) -> String {
    let mut lines = vec![first];
    let again = "what was revoked, disabled, locked or blocked after the backup was made is not: do it \
         again; recovery codes have ended, and tokens with a button are blocked: unblock and resync each";
    match &put_back.problem {
        Some(problem) => {
            lines.push(format!(
                "the store that was there cannot be read ({problem}); {again}"
            ));
        }
        None if !put_back.compared => lines.push(format!("nothing was compared; {again}")),
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
        return format!("{} is up to date", status.file);
    }
    let pending = status.pending.join(", ");
    format!(
        "{} lacks {pending}; run: wicketgate db migrate",
        status.file
    )
}

fn say_migrated(status: &Status, dry_run: bool) -> String {
    let done = if dry_run { "would apply" } else { "applied" };
    if status.pending.is_empty() {
        return format!("{} was up to date", status.file);
    }
    format!("{done} {} to {}", status.pending.join(", "), status.file)
}
