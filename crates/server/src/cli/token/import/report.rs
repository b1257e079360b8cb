//! What became of a file: how many tokens, and which lines or keys were refused, and why.

use std::path::Path;

use serde::Serialize;

use crate::cli::{CliError, Output};

/// How many refusals are shown to people; programs get them all.
const SHOWN: usize = 50;

/// What became of a file.
#[derive(Serialize)]
pub(super) struct Report {
    file: String,
    is_dry_run: bool,
    /// How many tokens are there now, or would be.
    pub(super) imported: u32,
    refused: Vec<RefusedEntry>,
}

#[derive(Serialize)]
struct RefusedEntry {
    place: String,
    why: String,
}

impl Report {
    /// Nothing yet.
    pub(super) fn of(file: &Path, is_dry_run: bool) -> Self {
        Self {
            file: file.display().to_string(),
            is_dry_run,
            imported: 0,
            refused: Vec::new(),
        }
    }

    /// Something is not taken.
    pub(super) fn refuse(&mut self, place: String, why: String) {
        self.refused.push(RefusedEntry { place, why });
    }

    /// How much is not taken.
    pub(super) fn refused(&self) -> usize {
        self.refused.len()
    }

    /// Says what was done.
    pub(super) fn print(&self, output: &Output) -> Result<(), CliError> {
        output.print(self, |report| {
            let refused = report.refused.len();
            let imported = counted(usize::try_from(report.imported).unwrap_or(usize::MAX));
            let done = match report.is_dry_run {
                true => "would be imported; nothing was changed",
                false => "imported",
            };
            let sentence = match refused {
                0 => format!("{imported} {done}"),
                _ => format!("{imported} {done}; {refused} refused"),
            };
            report
                .lines()
                .chain([sentence])
                .collect::<Vec<_>>()
                .join("\n")
        })
    }

    /// Says that nothing was done, and why.
    pub(super) fn fail(&mut self, kept_good: bool, output: &Output) -> Result<(), CliError> {
        self.imported = 0;
        output.print(self, |report| report.lines().collect::<Vec<_>>().join("\n"))?;
        let refused = self.refused.len();
        let hint = match kept_good {
            true => "no good one is left",
            false => "mend the file, or take the good ones with --keep-good",
        };
        Err(CliError::refused(format!(
            "{refused} refused, and nothing was imported: {hint}"
        )))
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let shown = self.refused.iter().take(SHOWN);
        let shown = shown.map(|refused| format!("{}: {}", refused.place, refused.why));
        let more = self.refused.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("and {more} more; --json names them all"));
        shown.chain(more)
    }
}

/// So many tokens, in words.
pub(super) fn counted(tokens: usize) -> String {
    match tokens {
        1 => "1 token".to_owned(),
        _ => format!("{tokens} tokens"),
    }
}
