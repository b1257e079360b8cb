//! `wicketgate audit verify`: whether the trail is whole, or a file that was exported of it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use authn::audit::export::{ExportError, Exported, MAX_LINE, Place, Whole};
use serde::Serialize;
use store::Head;
use store::seal::KeyFile;

use crate::cli::{CliError, Output};
use crate::wiring::Desk;

pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate audit verify                                    the whole trail, and where it ends
  wicketgate audit verify --noted 1200:3f9a...               and that it still has what was noted then
  wicketgate audit verify --file october.jsonl               an exported file, wherever it is; no store is asked
  wicketgate audit verify --file october.jsonl --key-file /etc/wicketgate/keys
                                                             and that a holder of the store's keys wrote it";

/// What is checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The number and hash that an earlier `verify` or `export` printed, as 12:3f9a...; they must still fit
    #[arg(long)]
    noted: Option<Noted>,
    /// A file that `audit export` wrote, in the place of the store
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The key file of the store that the file was exported from: its seal is checked, too
    #[arg(long, value_name = "FILE", requires = "file")]
    key_file: Option<PathBuf>,
}

/// A head that somebody noted.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    number: i64,
    hash: String,
}

#[derive(Serialize)]
struct Sound {
    events: i64,
    head: String,
    first: i64,
}

#[derive(Serialize)]
struct OfFile {
    first: i64,
    last: i64,
    head: String,
    seal: &'static str,
}

impl Arguments {
    /// Whether a file is checked, which needs no store.
    pub(super) fn is_of_a_file(&self) -> bool {
        self.file.is_some()
    }
}

/// Checks the store's trail.
///
/// # Errors
///
/// It is broken, or is not the one that was noted, or the store is unavailable.
pub(super) async fn run(
    desk: &Desk,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let head = desk.verify_trail().await?;
    let removed = desk.trail_beginning().await?.number;
    if let Some(noted) = &arguments.noted {
        compare(desk, noted).await?;
    }
    let sound = Sound {
        events: head.number,
        head: head.hash_text(),
        first: removed.saturating_add(1),
    };
    output.print(&sound, |sound| {
        let Sound {
            events,
            head,
            first,
        } = sound;
        let kept = match removed {
            0 => format!("{events} events"),
            _ => format!("events {first} to {events}; those before were removed, which is sealed"),
        };
        format!(
            "the chain is whole: {kept}\nits head is {events}:{head}\nNote that \
             line elsewhere: `wicketgate audit verify --noted {events}:{head}` shows later \
             whether the whole file was put back to an older state."
        )
    })
}

/// Checks a file that was exported.
///
/// # Errors
///
/// It is no export, is not whole, was not sealed with the keys, or cannot be read.
pub(super) fn of_a_file(arguments: &Arguments, output: &Output) -> Result<(), CliError> {
    let file = arguments.file.as_deref().unwrap_or(Path::new(""));
    let refused = |why: String| CliError::refused(format!("`{}`: {why}", file.display()));
    let (whole, is_noted) = read(file, arguments.noted.as_ref())?;
    if let (Some(noted), false) = (&arguments.noted, is_noted) {
        let why = format!("event {} is not in it as it was noted", noted.number);
        return Err(refused(why));
    }
    let mut seal = "unchecked";
    if let Some(path) = &arguments.key_file {
        let keys = KeyFile::open(path).map_err(|error| CliError::usage(error.to_string()))?;
        seal = match keys.has_exported(&whole.after, &whole.end, &whole.seal) {
            Some(true) => "checked",
            Some(false) => {
                let why = "it was not sealed with that key file, or was changed after".to_owned();
                return Err(refused(why));
            }
            None => {
                let key = &whole.seal.key;
                return Err(refused(format!(
                    "it was sealed with the key `{key}`, which the key file lacks"
                )));
            }
        };
    }
    let of_file = OfFile {
        first: whole.after.number.saturating_add(1),
        last: whole.end.number,
        head: whole.end.hash_text(),
        seal,
    };
    output.print(&of_file, |it| {
        let OfFile {
            first,
            last,
            head,
            seal,
        } = it;
        let sealed = match *seal {
            "checked" => "it was sealed with the store's key",
            _ => "its seal was not checked (`--key-file`): anybody can write a file that is whole",
        };
        format!("the file is whole: events {first} to {last}\nits end is {last}:{head}\n{sealed}")
    })
}

/// Reads a file to its end; says, too, whether it has what was noted.
fn read(file: &Path, noted: Option<&Noted>) -> Result<(Whole, bool), CliError> {
    let unusable =
        |error: std::io::Error| CliError::unavailable(format!("`{}`: {error}", file.display()));
    let refused = |error: ExportError| CliError::refused(format!("`{}`: {error}", file.display()));
    let mut lines = BufReader::new(File::open(file).map_err(unusable)?);
    let mut exported = Exported::default();
    let mut is_noted = false;
    let limit = u64::try_from(MAX_LINE)
        .unwrap_or(u64::MAX)
        .saturating_add(2);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = lines.by_ref().take(limit);
        let count = bounded.read_until(b'\n', &mut line).map_err(unusable)?;
        if count == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        exported.line(text).map_err(refused)?;
        is_noted |= noted.is_some_and(|noted| noted.is(&exported.reached()));
    }
    Ok((exported.finish().map_err(refused)?, is_noted))
}

impl Noted {
    fn is(&self, place: &Place) -> bool {
        self.number == place.number && self.hash == place.hash_text()
    }
}

/// Compares a head that was noted with the event of its number.
async fn compare(desk: &Desk, noted: &Noted) -> Result<(), CliError> {
    let Noted { number, hash } = noted;
    let found = desk.events(*number, 1).await?;
    let found = found.first().filter(|event| event.number == *number);
    let Some(event) = found else {
        let message = format!("the audit trail ends before event {number}, which was noted");
        return Err(CliError::refused(message));
    };
    let head = Head::at(*number, event.hash);
    if head.hash_text() != *hash {
        let message = format!("event {number} of the audit trail is not the one that was noted");
        return Err(CliError::refused(message));
    }
    Ok(())
}

impl FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let noted = text.split_once(':').and_then(|(number, hash)| {
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = number.parse().ok().filter(|number| *number > 0);
            number.filter(|_| is_hash).map(|number| Self {
                number,
                hash: hash.to_ascii_lowercase(),
            })
        });
        noted.ok_or_else(|| "expected NUMBER:HASH, as `audit verify` prints it".to_owned())
    }
}
