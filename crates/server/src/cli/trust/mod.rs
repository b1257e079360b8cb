//! `wicketgate trust`: looks at what AD FS says of its trusts, and says of every setting what would become of it here.
//!
//! No configuration and no store of ours is needed, and nothing is kept: there is no token service yet that would honour a
//! trust. Start at [`run`].

mod aloud;
mod files;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;
use sts::import::{Import, Report};

use super::{CliError, Output};

const IMPORTING: &str = "\
Examples:
  wicketgate script adfs-export > adfs-export.ps1    run it on a federation server
  wicketgate trust import-adfs adfs-export --dry-run
  wicketgate trust import-adfs adfs-export --dry-run --json

DIR has a file for each of the cmdlets Get-AdfsProperties, Get-AdfsRelyingPartyTrust,
Get-AdfsClaimsProviderTrust, Get-AdfsClaimDescription and Get-AdfsEndpoint, under the cmdlet's
name, ending in `.xml` (CLIXML) or `.json`. The script makes them; by hand, for each of the five,
in PowerShell on a federation server, one of:
  $name = 'Get-AdfsRelyingPartyTrust'
  & $name | Export-Clixml -Depth 5 -Path \"$name.xml\"
  ConvertTo-Json -Depth 6 -InputObject @(& $name) | Out-File \"$name.json\"

It imports nothing yet. It is a report: of every field of every trust, what it would be taken as,
how it would be changed, why it is not needed, or what sign-ins would miss. --dry-run says so, and
without it nothing is done; keeping trusts comes with the token service. Exit status 1 where
sign-ins would lose something, a file is missing, or one cannot be read.";

/// What can be done with trusts.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what would become of the trusts of an AD FS, field by field; nothing is imported yet
    #[command(after_help = IMPORTING)]
    ImportAdfs {
        /// The folder with what AD FS's cmdlets say
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Look, and keep nothing; required for now
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does it.
///
/// # Errors
///
/// The folder cannot be read or holds something else, or sign-ins would lose something.
pub(crate) fn run(verb: Verb, output: &Output) -> Result<(), CliError> {
    match verb {
        Verb::ImportAdfs { dry_run: false, .. } => Err(CliError::usage(
            "trusts cannot be kept yet, which comes with the token service: `--dry-run` says what would become of them",
        )),
        Verb::ImportAdfs { folder, .. } => report(&folder, output),
    }
}

/// What is printed.
#[derive(Serialize)]
struct Printed<'r> {
    folder: String,
    is_dry_run: bool,
    lost: usize,
    #[serde(flatten)]
    report: &'r Report,
}

fn report(folder: &Path, output: &Output) -> Result<(), CliError> {
    let import = Import::of(&files::read(folder)?);
    let report = &import.report;
    let printed = Printed {
        folder: folder.display().to_string(),
        is_dry_run: true,
        lost: report.lost().count(),
        report,
    };
    output.print(&printed, |it| aloud::aloud(it.report))?;
    found_wanting(report)
}

/// Whether sign-ins would lose something, in one sentence.
fn found_wanting(report: &Report) -> Result<(), CliError> {
    let missing: Vec<&str> = report.missing.iter().map(|it| it.name()).collect();
    let lost = match report.lost().count() {
        0 => None,
        1 => Some("sign-ins would lose 1 setting".to_owned()),
        number => Some(format!("sign-ins would lose {number} settings")),
    };
    let missing =
        (!missing.is_empty()).then(|| format!("there is no file of {}", missing.join(", ")));
    let wrong: Vec<String> = lost.into_iter().chain(missing).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(CliError::refused(wrong.join("; "))),
    }
}

#[cfg(test)]
mod tests;
