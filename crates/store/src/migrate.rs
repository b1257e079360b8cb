//! Migrations: the steps of the schema, embedded, applied in order, each in a transaction.
//!
//! A database that knows steps this program does not, or that were made from another text, is
//! refused: nobody guesses what a newer program meant.

use aws_lc_rs::digest;

use crate::StoreError;
use crate::engine::{Connection, query};
use crate::rows;

/// A step of the schema.
struct Migration {
    number: i64,
    name: &'static str,
    text: &'static str,
}

/// All steps, in their order.
const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "0001_accounts_counters_tickets_audit",
        text: include_str!("../migrations/0001_accounts_counters_tickets_audit.sql"),
    },
    Migration {
        number: 2,
        name: "0002_drained_members",
        text: include_str!("../migrations/0002_drained_members.sql"),
    },
    Migration {
        number: 3,
        name: "0003_directory",
        text: include_str!("../migrations/0003_directory.sql"),
    },
    Migration {
        number: 4,
        name: "0004_own_passwords",
        text: include_str!("../migrations/0004_own_passwords.sql"),
    },
    Migration {
        number: 5,
        name: "0005_otp_tokens",
        text: include_str!("../migrations/0005_otp_tokens.sql"),
    },
    Migration {
        number: 6,
        name: "0006_second_factors",
        text: include_str!("../migrations/0006_second_factors.sql"),
    },
    Migration {
        number: 7,
        name: "0007_pages",
        text: include_str!("../migrations/0007_pages.sql"),
    },
    Migration {
        number: 8,
        name: "0008_revoked_tickets",
        text: include_str!("../migrations/0008_revoked_tickets.sql"),
    },
    Migration {
        number: 9,
        name: "0009_sent_codes",
        text: include_str!("../migrations/0009_sent_codes.sql"),
    },
    Migration {
        number: 10,
        name: "0010_passkeys",
        text: include_str!("../migrations/0010_passkeys.sql"),
    },
    Migration {
        number: 11,
        name: "0011_spare_codes",
        text: include_str!("../migrations/0011_spare_codes.sql"),
    },
    Migration {
        number: 12,
        name: "0012_trusts",
        text: include_str!("../migrations/0012_trusts.sql"),
    },
    Migration {
        number: 13,
        name: "0013_signing_keys",
        text: include_str!("../migrations/0013_signing_keys.sql"),
    },
    Migration {
        number: 14,
        name: "0014_client_codes",
        text: include_str!("../migrations/0014_client_codes.sql"),
    },
    Migration {
        number: 15,
        name: "0015_api_tokens",
        text: include_str!("../migrations/0015_api_tokens.sql"),
    },
    Migration {
        number: 16,
        name: "0016_secret_verdicts",
        text: include_str!("../migrations/0016_secret_verdicts.sql"),
    },
    Migration {
        number: 17,
        name: "0017_sealed_sets",
        text: include_str!("../migrations/0017_sealed_sets.sql"),
    },
    Migration {
        number: 18,
        name: "0018_used_assertions",
        text: include_str!("../migrations/0018_used_assertions.sql"),
    },
    Migration {
        number: 19,
        name: "0019_audit_beginning",
        text: include_str!("../migrations/0019_audit_beginning.sql"),
    },
    Migration {
        number: 22,
        name: "0022_places_and_pins",
        text: include_str!("../migrations/0022_places_and_pins.sql"),
    },
    Migration {
        number: 23,
        name: "0023_disowned_secrets_and_lapses",
        text: include_str!("../migrations/0023_disowned_secrets_and_lapses.sql"),
    },
    Migration {
        number: 24,
        name: "0024_attributes",
        text: include_str!("../migrations/0024_attributes.sql"),
    },
    Migration {
        number: 26,
        name: "0026_metadata_readers",
        text: include_str!("../migrations/0026_metadata_readers.sql"),
    },
    Migration {
        number: 28,
        name: "0028_partner_readings",
        text: include_str!("../migrations/0028_partner_readings.sql"),
    },
    Migration {
        number: 29,
        name: "0029_tickets_by_age",
        text: include_str!("../migrations/0029_tickets_by_age.sql"),
    },
    Migration {
        number: 31,
        name: "0031_guesses_and_sealers",
        text: include_str!("../migrations/0031_guesses_and_sealers.sql"),
    },
    Migration {
        number: 32,
        name: "0032_sessions_that_stay",
        text: include_str!("../migrations/0032_sessions_that_stay.sql"),
    },
];

impl Migration {
    fn checksum(&self) -> String {
        crate::hex(digest::digest(&digest::SHA256, self.text.as_bytes()).as_ref())
    }

    /// The text for this engine.
    fn rendered(&self, blob: &str) -> String {
        self.text.replace("{blob}", blob)
    }
}

/// The names of all steps, for a database that does not exist.
pub(crate) fn all() -> Vec<String> {
    MIGRATIONS
        .iter()
        .map(|migration| migration.name.to_owned())
        .collect()
}

/// The names of the steps that a database lacks.
///
/// # Errors
///
/// The database is newer, was made from other texts, or is not ours.
pub(crate) async fn pending(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    Ok(lacking(connection)
        .await?
        .iter()
        .map(|migration| migration.name.to_owned())
        .collect())
}

/// Applies what a database lacks.
///
/// # Errors
///
/// As [`pending`], or a step could not be applied; the steps before it stay.
pub(crate) async fn apply(connection: &mut Connection) -> Result<(), StoreError> {
    loop {
        connection.begin_making().await?;
        let applied = apply_next(connection).await;
        match applied {
            Ok(true) => connection.commit().await?,
            Ok(false) | Err(_) => connection.rollback().await?,
        }
        if !applied? {
            return Ok(());
        }
    }
}

/// Applies the first step that is lacking; `false` where there is none.
async fn apply_next(connection: &mut Connection) -> Result<bool, StoreError> {
    let lacking = lacking(connection).await?;
    let Some(migration) = lacking.first() else {
        return Ok(false);
    };
    query(rows::migrations::CREATE)
        .execute(&mut *connection)
        .await?;
    let blob = connection.blob();
    connection.run(migration.rendered(blob)).await?;
    query(rows::migrations::NOTE)
        .bind(migration.number)
        .bind(migration.name)
        .bind(migration.checksum())
        .execute(&mut *connection)
        .await?;
    tracing::info!(store.migration = migration.name, "the store was migrated");
    Ok(true)
}

async fn lacking(connection: &mut Connection) -> Result<Vec<&'static Migration>, StoreError> {
    let applied = applied(connection).await?;
    for applied in &applied {
        let name = applied.name.clone();
        let known = MIGRATIONS
            .iter()
            .find(|migration| migration.number == applied.number);
        match known {
            None => return Err(StoreError::Newer { name }),
            Some(known) if known.checksum() != applied.checksum => {
                return Err(StoreError::Altered { name });
            }
            Some(_) => {}
        }
    }
    let is_lacking = |migration: &&Migration| {
        applied
            .iter()
            .all(|applied| applied.number != migration.number)
    };
    Ok(MIGRATIONS.iter().filter(is_lacking).collect())
}

async fn applied(
    connection: &mut Connection,
) -> Result<Vec<rows::migrations::Applied>, StoreError> {
    let tables = tables(connection).await?;
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    if !tables.iter().any(|table| table == "migrations") {
        return Err(StoreError::Foreign);
    }
    let rows = query(rows::migrations::APPLIED)
        .fetch_all(&mut *connection)
        .await?;
    Ok(rows
        .iter()
        .map(rows::migrations::applied)
        .collect::<Result<_, _>>()?)
}

/// The names of all that is in a database.
async fn tables(connection: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    let text = match connection.is_to_a_server() {
        false => "SELECT name FROM sqlite_master",
        true => {
            "SELECT CAST(table_name AS TEXT) AS name
            FROM information_schema.tables
            WHERE table_schema = current_schema()"
        }
    };
    let rows = query(text).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get("name")).collect()
}

/// The tables that the steps make, in the order in which they are made: none refers to a later one.
pub(super) fn made() -> impl Iterator<Item = &'static str> {
    let lines = MIGRATIONS.iter().flat_map(|it| it.text.lines());
    lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split(' ').next())
}
