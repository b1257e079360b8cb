//! `wicketgate key-file`: the keys that seal secrets in the store, rotated while gates run.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Subcommand;
use serde::Serialize;
use store::seal::Stands;
use store::{KeyUse, Resealed};

use super::{CliError, Output};
use crate::config::{self, Settings};
use crate::wiring::key_file as keys;

const ROTATING: &str = "\
Examples:
  wicketgate key-file add --first        one gate: the new key seals from here on
  wicketgate key-file reseal             everything is sealed by it
  wicketgate key-file remove 1f0c8a3e5b7d9f12

Several gates with one database: `add` without --first, copy the file to all of them, `promote`, copy it again, `reseal`,
`remove`, copy it once more. A running gate takes the file up by itself.";

/// What can be done with the keys of the key file.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the keys, the first of which seals, and what each of them seals
    #[command(after_help = "Example:\n  wicketgate key-file status --json")]
    Status,
    /// Make a key, behind the others unless it is to seal at once
    #[command(after_help = ROTATING)]
    Add {
        /// It seals from here on
        #[arg(long)]
        first: bool,
    },
    /// Put a key first, so that it seals
    #[command(after_help = ROTATING)]
    Promote {
        /// Its id
        id: String,
    },
    /// Seal by the first key whatever another one seals; gates may run, and it may be interrupted
    #[command(after_help = ROTATING)]
    Reseal {
        /// Only say what would be sealed anew
        #[arg(long)]
        dry_run: bool,
    },
    /// Take a key out that seals nothing any more
    #[command(after_help = ROTATING)]
    Remove {
        /// Its id
        id: String,
    },
}

#[derive(Serialize)]
struct Printed {
    /// Its id; nothing for all keys that the file lacks.
    key: Option<String>,
    /// Whether it is the one that seals.
    seals: bool,
    /// How many values it sealed, by table.
    sealed: BTreeMap<String, i64>,
}

#[derive(Serialize)]
struct Changed {
    key: String,
    key_file: String,
}

#[derive(Serialize)]
struct Anew {
    key: String,
    dry_run: bool,
    /// How many values, by table.
    tables: BTreeMap<String, i64>,
    unopened: Vec<String>,
}

/// Does it.
///
/// # Errors
///
/// There is no such key, it still seals something, something does not open, or a file or the store is unavailable.
pub(crate) async fn run(file: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load_for_keytab(file)?;
    match verb {
        Verb::Status => {
            let uses = keys::uses(&settings).await?;
            let printed: Vec<Printed> = uses.into_iter().enumerate().map(printed).collect();
            output.list(&printed, "there is no key", line)
        }
        Verb::Add { first } => {
            let stands = if first { Stands::First } else { Stands::Last };
            let added = changed(&settings, keys::add(&settings, stands).await?)?;
            output.print(&added, |added| match stands {
                Stands::First => format!(
                    "added {}, which seals from here on; then: wicketgate key-file reseal",
                    added.key
                ),
                Stands::Last => format!(
                    "added {}, which opens and does not seal yet; where every gate has the file: wicketgate key-file \
                     promote {}",
                    added.key, added.key
                ),
            })
        }
        Verb::Promote { id } => {
            keys::promote(&settings, &id).await?;
            output.print(&changed(&settings, id)?, |it| {
                format!(
                    "{} seals from here on; then: wicketgate key-file reseal",
                    it.key
                )
            })
        }
        Verb::Reseal { dry_run } => reseal(&settings, dry_run, output).await,
        Verb::Remove { id } => {
            keys::remove(&settings, &id).await?;
            output.print(&changed(&settings, id)?, |it| {
                format!(
                    "took {} out; keep it with every backup that was made before `reseal`",
                    it.key
                )
            })
        }
    }
}

async fn reseal(settings: &Settings, dry_run: bool, output: &Output) -> Result<(), CliError> {
    let anew = match dry_run {
        true => would_be(keys::uses(settings).await?),
        false => {
            let said = |table: &str, done: i64| output.remark(&format!("{table}: {done}"));
            was(keys::reseal(settings, said).await?)
        }
    };
    output.print(&anew, say)?;
    match anew.unopened.as_slice() {
        [] => Ok(()),
        unopened => Err(CliError::refused(format!(
            "{} do not open and stay as they are: no key may be taken out before they are looked at",
            unopened.len()
        ))),
    }
}

fn would_be(uses: Vec<KeyUse>) -> Anew {
    let mut uses = uses.into_iter();
    let first = uses.next();
    let mut tables = BTreeMap::new();
    for (table, count) in uses.flat_map(|it| it.seals) {
        let all: &mut i64 = tables.entry(table).or_default();
        *all = all.saturating_add(count);
    }
    Anew {
        key: first.and_then(|it| it.key).unwrap_or_default(),
        dry_run: true,
        tables,
        unopened: Vec::new(),
    }
}

fn was(resealed: Resealed) -> Anew {
    Anew {
        key: resealed.key,
        dry_run: false,
        tables: resealed.tables,
        unopened: resealed.unopened,
    }
}

fn say(anew: &Anew) -> String {
    let count: i64 = anew.tables.values().sum();
    let (key, done) = match anew.dry_run {
        true => (&anew.key, "would be sealed"),
        false => (&anew.key, "were sealed"),
    };
    let mut lines = vec![format!("{count} values {done} anew, by {key}")];
    let of_table = anew
        .tables
        .iter()
        .map(|(table, count)| format!("  {table}: {count}"));
    lines.extend(of_table);
    let unopened = anew
        .unopened
        .iter()
        .map(|it| format!("does not open: {it}"));
    lines.extend(unopened);
    lines.join("\n")
}

fn changed(settings: &Settings, key: String) -> Result<Changed, CliError> {
    let key_file = settings.store()?.key_file.display().to_string();
    Ok(Changed { key, key_file })
}

fn printed((place, used): (usize, KeyUse)) -> Printed {
    Printed {
        seals: place == 0 && used.key.is_some(),
        key: used.key,
        sealed: used.seals,
    }
}

fn line(printed: &Printed) -> String {
    let count: i64 = printed.sealed.values().sum();
    match &printed.key {
        None => format!("{count} values are sealed by keys that the key file lacks: put them back"),
        Some(key) if printed.seals => format!("{key}  seals; {count} values"),
        Some(key) if count == 0 => format!("{key}  seals nothing: it may be taken out"),
        Some(key) => format!("{key}  {count} values"),
    }
}
