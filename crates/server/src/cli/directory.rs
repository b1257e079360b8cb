//! `wicketgate directory`: the Active Directory that accounts may come from.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use clap::Subcommand;
use proto::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{CliError, Output};
use crate::outbound::ldap::Checked;
use crate::wiring::Desk;

const SETTING: &str = "\
Examples:
  wicketgate directory set-password                      it is asked for
  wicketgate directory set-password < /run/password

It is kept in the store, sealed, for the account that [directory] names, and nowhere else. The gate that runs
takes it up by itself.";

/// What can be done with the directory.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Try every domain controller and say what works
    Check,
    /// Take the password of the account that reads the directory, from a prompt or standard input
    #[command(after_help = SETTING)]
    SetPassword,
}

#[derive(Serialize)]
struct Set<'a> {
    account: &'a str,
}

/// Does it.
///
/// # Errors
///
/// No directory is configured, a controller is not well, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::Check => check(&desk, output).await,
        Verb::SetPassword => {
            desk.refused_groups()?;
            let password = password()?;
            let account = desk.set_directory_password(&password).await?;
            let set = Set { account };
            output.print(&set, |set| {
                format!("the password of `{}` is set", set.account)
            })
        }
    }
}

async fn check(desk: &Desk, output: &Output) -> Result<(), CliError> {
    let checked = desk.check_directory().await?;
    output.list(&checked, "there are no domain controllers", line)?;
    let known = |group: &String| {
        let mut groups = checked.iter().flat_map(|it| &it.refused_groups);
        groups.any(|it| it.eq_ignore_ascii_case(group))
    };
    let unknown: Vec<&str> = desk
        .refused_groups()?
        .iter()
        .filter(|group| !known(group))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        tell(&format!(
            "not in the directory, so that nobody is refused for it: {}\n",
            unknown.join(", ")
        ))?;
    }
    let failed = checked.iter().filter(|it| it.problem.is_some()).count();
    match failed {
        0 => Ok(()),
        failed => Err(CliError::unavailable(format!(
            "{failed} of {} checks failed",
            checked.len()
        ))),
    }
}

fn line(checked: &Checked) -> String {
    let domain = checked.domain.as_deref().unwrap_or("global catalog");
    match &checked.problem {
        None => format!("{}  well  {domain}", checked.controller),
        Some(problem) => format!("{}  {problem}", checked.controller),
    }
}

/// The first line of standard input; at a terminal it is not shown.
fn password() -> Result<Secret<String>, CliError> {
    let input = std::io::stdin();
    let hidden = match input.is_terminal() {
        true => Some(Hidden::begin()?),
        false => None,
    };
    let mut line = Zeroizing::new(String::new());
    let read = input.lock().read_line(&mut line);
    drop(hidden);
    read.map_err(|error| CliError::usage(format!("standard input: {error}")))?;
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn begin() -> Result<Self, CliError> {
        let unusable =
            |error: rustix::io::Errno| CliError::unavailable(format!("the terminal: {error}"));
        let before = tcgetattr(std::io::stdin()).map_err(unusable)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tell("Password: ")?;
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet).map_err(unusable)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Where the terminal is gone, nothing is left to be shown.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
        let _ = tell("\n");
    }
}

fn tell(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stderr().lock();
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| CliError::unavailable(format!("standard error: {error}")))
}
