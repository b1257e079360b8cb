//! `wicketgate trust import-adfs`: what AD FS says of its trusts, looked at, and kept where it is whole.

use std::path::Path;

use serde::Serialize;
use sts::admin::trusts::{Found, whole};
use sts::import::{Import, Report};

use super::{aloud, files, unanswered};
use crate::cli::{CliError, Output};
use crate::clock;
use crate::config::Settings;
use crate::wiring::Desk;

/// What is printed.
#[derive(Serialize)]
pub(super) struct Printed<'r> {
    pub(super) folder: String,
    pub(super) is_dry_run: bool,
    pub(super) lost: usize,
    pub(super) kept: Vec<String>,
    #[serde(flatten)]
    pub(super) report: &'r Report,
}

/// Says what would become of every field.
///
/// # Errors
///
/// The folder cannot be read or holds something else, or sign-ins would lose something.
pub(super) fn look(
    folder: &Path,
    settings: Option<&Settings>,
    output: &Output,
) -> Result<(), CliError> {
    let import = read(folder, settings)?;
    print(folder, (&import, true), Vec::new(), output)?;
    match wanting(&import.report) {
        None => Ok(()),
        Some(wanting) => Err(CliError::refused(wanting)),
    }
}

/// Keeps the trusts that are whole: all, unless only good ones are to be kept.
///
/// # Errors
///
/// As [`look`], and nothing was kept; or a name or an identifier is another's already, or the store is unavailable.
pub(super) async fn keep(
    desk: &Desk,
    (folder, settings): (&Path, &Settings),
    keeps_good: bool,
    output: &Output,
) -> Result<(), CliError> {
    let import = read(folder, Some(settings))?;
    if let Some(wanting) = wanting(&import.report).filter(|_| !keeps_good) {
        print(folder, (&import, false), Vec::new(), output)?;
        return Err(CliError::refused(wanting)
            .with_hint("nothing was kept; `--keep-good` keeps the trusts that are whole"));
    }
    let kept = desk.add_trusts(&whole(&import)).await?;
    let kept = kept.iter().map(|it| it.name.clone()).collect();
    print(folder, (&import, false), kept, output)?;
    if !desk.trusts().await?.iter().any(is_of_the_directory) {
        output.remark(BUILT_IN);
    }
    Ok(())
}

/// What is said where no trust of the directory is left.
pub(super) const BUILT_IN: &str = "there is no trust of your own directory now: what is built in stands in for it, and passes the SID, \
                                   the UPN, names and mail addresses of whoever signs in on to the rules of every party";

/// Whether a trust is that of the directory, whose rules say what is known of whoever signs in.
pub(super) fn is_of_the_directory(found: &Found) -> bool {
    found.written.claims_provider.iter().any(|it| it.is_local)
}

/// What an export says by now, where the rules may ask what a configuration has.
pub(super) fn read(folder: &Path, settings: Option<&Settings>) -> Result<Import, CliError> {
    let import = Import::of(&files::read(folder)?).as_of(clock::now());
    Ok(match settings {
        Some(settings) => import.with_answers(&|needs| unanswered::is_met(needs, settings)),
        None => import,
    })
}

fn print(
    folder: &Path,
    (import, is_dry_run): (&Import, bool),
    kept: Vec<String>,
    output: &Output,
) -> Result<(), CliError> {
    let printed = Printed {
        folder: folder.display().to_string(),
        is_dry_run,
        lost: import.report.lost().count(),
        kept,
        report: &import.report,
    };
    output.print(&printed, |it| aloud::aloud(it.report, &it.kept))
}

/// What is wanting, in one sentence.
fn wanting(report: &Report) -> Option<String> {
    let missing: Vec<&str> = report.missing.iter().map(|it| it.name()).collect();
    let lost = match report.lost().count() {
        0 => None,
        1 => Some("sign-ins would lose 1 setting".to_owned()),
        number => Some(format!("sign-ins would lose {number} settings")),
    };
    let missing =
        (!missing.is_empty()).then(|| format!("there is no file of {}", missing.join(", ")));
    let wrong: Vec<String> = lost.into_iter().chain(missing).collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}
