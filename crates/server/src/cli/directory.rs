//! `wicketgate directory`: the Active Directory that accounts may come from.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use super::hidden::{password, tell};
use super::{CliError, Output};
use crate::outbound::ldap::Checked;
use crate::wiring::Desk;

const SETTING: &str = "\
Examples:
  wicketgate directory set-password                      it is asked for
  wicketgate directory set-password < /run/password

It is kept in the store, sealed, for the account that [directory] names, and nowhere else; where there is no store
yet, it is made. The gate that runs takes it up by itself.";

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
    match verb {
        Verb::Check => check(&Desk::open(config).await?, output).await,
        Verb::SetPassword => {
            let desk = Desk::begin_for_directory(config).await?;
            let password = password("Password")?;
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
        groups.any(|it| it == group)
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
    let domains: BTreeSet<&str> = checked
        .iter()
        .filter_map(|it| it.domain.as_deref())
        .collect();
    let others: Vec<&str> = domains
        .into_iter()
        .filter(|domain| desk.is_another_realm(domain))
        .collect();
    if !others.is_empty() {
        tell(&format!(
            "not the realm of [kerberos], so that their people reach no back end with `spn` and bring no ticket in the \
             office: {}\n",
            others.join(", ")
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
