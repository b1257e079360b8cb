//! `wicketgate doctor`: what is wrong with a deployment, and the command that mends it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliError, Output};
use crate::config;
use crate::deployment::Deployment;
use crate::doctor::{Finding, Severity, clients_in, facts_of, judge};

const EXAMPLES: &str = "\
Examples:
  wicketgate script facts > facts.ps1                read-only; run it on Windows, bring its file back
  wicketgate doctor --facts exch01.json --facts fe01.json --facts ad.json
  wicketgate doctor --clients access.log             who would break in passive mode

Nothing is printed and the exit status is 0 where nothing is wrong; it is 1 where something was found, and
2 where a file holds nothing to judge.";

/// What is to be examined.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[group(required = true, multiple = true)]
pub(crate) struct Arguments {
    /// A file that the script of `wicketgate script facts` wrote; several are read as one
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// A log of this gate, of IIS or of another proxy: which clients would break in passive mode
    #[arg(long, value_name = "LOGFILE")]
    clients: Vec<PathBuf>,
}

/// Examines.
///
/// # Errors
///
/// Something is wrong (exit status 1), or a file or the configuration cannot be read (2).
pub(crate) fn run(file: &Path, arguments: &Arguments, output: &Output) -> Result<(), CliError> {
    let deployment = Deployment::of(&config::load(file)?);
    let mut findings = Vec::new();
    if !arguments.facts.is_empty() {
        let facts = facts_of(&arguments.facts).map_err(CliError::usage)?;
        findings.extend(judge(&facts, &deployment));
    }
    if !arguments.clients.is_empty() {
        findings.extend(clients_in(&arguments.clients).map_err(CliError::usage)?);
    }
    report(&findings, output)
}

/// Prints what was found, whoever found it.
///
/// # Errors
///
/// Something was found.
pub(crate) fn report(findings: &[Finding], output: &Output) -> Result<(), CliError> {
    for finding in findings {
        output.print(finding, line)?;
    }
    let errors = findings.iter().filter(|it| it.severity == Severity::Error);
    match (errors.count(), findings.len()) {
        (_, 0) => Ok(()),
        (0, warnings) => Err(CliError::refused(format!("warnings: {warnings}"))),
        (errors, all) => Err(CliError::refused(format!(
            "errors: {errors}, warnings: {}",
            all.saturating_sub(errors)
        ))),
    }
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let Finding { id, what, mend, .. } = finding;
    format!("{severity}: {what} [{id}]\n    {mend}")
}
