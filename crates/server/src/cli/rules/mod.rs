//! `wicketgate rules`: reads AD FS's claim rules, says what is wrong with them, and what they make of claims or of somebody.
//!
//! No configuration and no store of ours is needed for files alone. Start at [`run`].

mod explain;
mod files;

use std::path::{Path, PathBuf};

use claims::lint::{self, Lint, Severity};
use claims::{ParseError, ParseErrors, RuleSet};
use clap::Subcommand;
use serde::Serialize;
use sts::pipeline::store::unanswered;

use super::{CliError, Output};

const CHECKING: &str = "\
Examples:
  wicketgate rules check transform.txt authorization.txt
  wicketgate rules check --strict transform.txt

Each thing that is wrong is printed with its file, line and column, AD FS's code, what was expected, and the line
itself. Exit status 1 where there is one.";

const LINTING: &str = "\
Examples:
  wicketgate rules lint transform.txt
  wicketgate rules lint --json transform.txt

It finds what is right by the grammar and probably not meant: claim types that documentation rewrote to https, rules
that keep nobody out who writes a name in other case, conditions that never hold. Exit status 1 where there is more
than a note.";

const EXPLAINING: &str = "\
Examples:
  wicketgate rules explain transform.txt --claims anna.json
  wicketgate rules explain transform.txt --claims anna.json --store answers.json --ask
  wicketgate rules explain transform.txt --claims anna.json --account 'CONTOSO\\anna' --to Lync-Ext --ask
  wicketgate rules explain --account anna@contoso.com --to Lync-Ext
  wicketgate rules explain --account 'CONTOSO\\anna' --to urn:payroll --method app-password --method one-time-code --ask
  wicketgate rules explain --account anna@contoso.com --to Payroll --zone internal --address 10.1.2.3 --json

With a file it runs those rules over the claims of another. Without one it walks what a sign-in of somebody for a relying
party runs: acceptance rules of our own directory, additional authentication rules, authorization rules or policy, transform
rules. It prints for each rule which claims its conditions found, which they nearly found, and what it made; last the
resulting claims, or what the token would say and why there would be none. No token is made and nothing is written down.

What attribute stores answer stands in a file (--store); what that does not answer is asked of the stores of the
configuration with --ask, and fails without. `Active Directory` answers of the account that --account names. Exit status 1
where a rule fails, or where there would be no token.";

/// What can be done with claim rules.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say whether files are rules that AD FS takes, and what is wrong where
    #[command(after_help = CHECKING)]
    Check {
        /// Files of rules
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Refuse what only this program takes: comments and the like
        #[arg(long)]
        strict: bool,
    },
    /// Say what in a file of rules is probably not meant
    #[command(after_help = LINTING)]
    Lint {
        /// The file of rules
        file: PathBuf,
    },
    /// Run rules over claims, and say rule by rule what happened
    #[command(after_help = EXPLAINING)]
    Explain(Box<explain::Arguments>),
}

/// Does it.
///
/// # Errors
///
/// A file cannot be read, holds something else, or is found wanting; or the rules fail.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    match verb {
        Verb::Check { files, strict } => check(&files, strict, output),
        Verb::Lint { file } => lint(&file, output),
        Verb::Explain(arguments) => explain::run(config, &arguments, output).await,
    }
}

/// Something that is wrong with a file of rules.
#[derive(Serialize)]
struct Wrong {
    file: String,
    line: u32,
    column: u32,
    severity: &'static str,
    code: String,
    problem: String,
    expected: Vec<&'static str>,
    hint: Option<String>,
    #[serde(skip)]
    report: String,
}

fn check(files: &[PathBuf], is_strict: bool, output: &Output) -> Result<(), CliError> {
    let dialect = match is_strict {
        true => claims::Dialect::Strict,
        false => claims::Dialect::Extended,
    };
    let mut wrong = Vec::new();
    for file in files {
        match RuleSet::parse_as(&files::text(file)?, dialect) {
            Ok(rules) => wrong.extend(refused_there(file, &rules, is_strict)),
            Err(errors) => wrong.extend(told(file, &errors)),
        }
    }
    let nothing = "nothing is wrong";
    output.list(&wrong, nothing, |it| it.report.clone())?;
    match wrong.iter().filter(|it| it.severity == ERROR).count() {
        0 => Ok(()),
        1 => Err(CliError::refused("the rules have 1 error")),
        number => Err(CliError::refused(format!("the rules have {number} errors"))),
    }
}

/// What is taken here, and is not or perhaps not by AD FS.
fn refused_there(file: &Path, rules: &RuleSet, is_strict: bool) -> Vec<Wrong> {
    let is_about_text =
        |it: &lint::Finding| matches!(it.lint, Lint::NoSemicolon | Lint::StringOverLines);
    let found = lint::lint(rules).into_iter().filter(is_about_text);
    let wrong = found.map(|it| {
        // AD FS may refuse a string over lines; a text without its last `;` it refuses.
        let is_error = is_strict && it.lint == Lint::NoSemicolon;
        let severity = if is_error { ERROR } else { WARNING };
        let file = file.display().to_string();
        Wrong {
            report: format!(
                "{file}:{}:{}: {severity}: {}",
                it.line, it.column, it.sentence
            ),
            file,
            line: it.line,
            column: it.column,
            severity,
            code: it.lint.name().to_owned(),
            problem: it.sentence,
            expected: Vec::new(),
            hint: None,
        }
    });
    wrong.collect()
}

fn told(file: &Path, errors: &ParseErrors) -> Vec<Wrong> {
    let name = file.display().to_string();
    let wrong = |error: &ParseError| Wrong {
        file: name.clone(),
        line: error.line,
        column: error.column,
        severity: ERROR,
        code: error.code().to_string(),
        problem: error.problem.to_string(),
        expected: error.expected.clone(),
        hint: error.hint.clone(),
        report: error.report(&name),
    };
    errors.iter().map(wrong).collect()
}

/// The rules of a file, where they are.
fn rules_of(file: &Path) -> Result<RuleSet, CliError> {
    let name = file.display().to_string();
    let parsed = RuleSet::parse(&files::text(file)?);
    parsed.map_err(|errors| {
        let report = errors.report(&name);
        let first = report.lines().next().unwrap_or_default();
        CliError::refused(first)
            .with_hint(&format!("`wicketgate rules check {name}` shows all of it"))
    })
}

/// What is probably not meant.
#[derive(Serialize)]
struct Suspect {
    file: String,
    line: u32,
    column: u32,
    rule: Option<usize>,
    lint: &'static str,
    severity: &'static str,
    sentence: String,
    fix: Option<String>,
}

fn lint(file: &Path, output: &Output) -> Result<(), CliError> {
    let rules = rules_of(file)?;
    let found = lint::lint(&rules);
    let suspects = found.iter().map(|it| Suspect {
        file: file.display().to_string(),
        line: it.line,
        column: it.column,
        rule: it.rule,
        lint: it.lint.name(),
        severity: severity(it.lint.severity()),
        sentence: it.sentence.clone(),
        fix: it.fix.clone(),
    });
    let mut suspects: Vec<Suspect> = suspects.collect();
    let asked = unanswered(&rules).into_iter().map(|it| Suspect {
        file: file.display().to_string(),
        line: it.line,
        column: it.column,
        rule: Some(it.rule),
        lint: "no-answer",
        // Whether the configuration has it, this verb does not know.
        severity: if it.needs.is_some() { NOTE } else { WARNING },
        sentence: it.sentence,
        fix: None,
    });
    suspects.extend(asked);
    suspects.sort_by_key(|it| (it.line, it.column));
    output.list(&suspects, "nothing is found", sentence)?;
    let is_note = |it: &Suspect| it.severity == NOTE;
    match suspects.iter().filter(|it| !is_note(it)).count() {
        0 => Ok(()),
        1 => Err(CliError::refused("1 finding is more than a note")),
        number => Err(CliError::refused(format!(
            "{number} findings are more than notes"
        ))),
    }
}

fn sentence(it: &Suspect) -> String {
    let fix = it.fix.iter().map(|fix| format!("; write {fix}"));
    let fix: String = fix.collect();
    let Suspect {
        file,
        line,
        column,
        severity,
        ..
    } = it;
    format!(
        "{file}:{line}:{column}: {severity}: {}: {}{fix}",
        it.lint, it.sentence
    )
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => NOTE,
        Severity::Warning => WARNING,
        Severity::Error => ERROR,
    }
}

const NOTE: &str = "note";
const WARNING: &str = "warning";
const ERROR: &str = "error";

#[cfg(test)]
mod tests;
