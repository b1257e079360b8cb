//! `wicketgate policy`: reads the policy aloud, explains a decision, and proves what it is there for.

mod aloud;
mod apart;
mod explain;
mod own_addresses;
mod prove;

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

pub(super) use aloud::length;

use super::{CliError, Output};
use crate::config::{self, Settings};

const LISTING: &str = "\
Examples:
  wicketgate policy list
  wicketgate policy list --routes                    what a rule's `routes` may name";

const EXPLAINING: &str = "\
Examples:
  wicketgate policy explain --user anna@contoso.com --from external --to https://mail.contoso.com/EWS/Exchange.asmx
  wicketgate policy explain --user 'CONTOSO\\anna' --from 10.1.2.3 --to lync --channel ntlm

It says which line of the configuration decides, and what of it fits. A ticket is judged by the channel that bought it.";

const PROVING: &str = "\
Examples:
  wicketgate policy prove
  wicketgate policy prove --config candidate.toml --json

It walks every published path from every zone that outsiders can be in, by every channel and for every combination of
methods, with the code that decides while serving. Exit status 0: no way in from outside is by one factor or by a domain
password. 1: each way that is, and each named exception, is printed with the line that allows it.

An authentication server walks every service of its gateways by every channel; which paths they publish without sign-in is
proved on each of them.";

/// What can be done with the policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Read every rule aloud, in the order in which they are asked
    #[command(after_help = LISTING)]
    List {
        /// List what is published instead, as `routes` names it
        #[arg(long)]
        routes: bool,
    },
    /// Say what may be used by somebody from somewhere, and which line says so
    #[command(after_help = EXPLAINING)]
    Explain(explain::Arguments),
    /// Prove that nobody gets in from outside by one factor or a domain password, or print the ways in
    #[command(after_help = PROVING)]
    Prove,
}

#[derive(Serialize)]
struct Listed {
    place: String,
    rule: String,
}

/// Does it.
///
/// # Errors
///
/// The configuration is wrong, a name leads nowhere, the store is unavailable, or it is not proved.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load(config)?;
    match verb {
        Verb::List { routes: true } => {
            let paths = config::published_paths(&settings.publication);
            output.list(&paths, "nothing is published", String::clone)
        }
        Verb::List { routes: false } => {
            let nothing = "there is no [[policy]], so nobody can sign in";
            output.list(&listed(&settings), nothing, |it| {
                format!("{}: {}", it.place, it.rule)
            })
        }
        Verb::Explain(question) => explain::run(&settings, question, output).await,
        Verb::Prove => prove::run(&settings, output).await,
    }
}

fn listed(settings: &Settings) -> Vec<Listed> {
    let rules = settings.rules.iter().zip(&settings.policy.rules);
    let listed = rules.map(|(place, rule)| Listed {
        place: place.to_string(),
        rule: aloud::rule(rule),
    });
    listed.collect()
}

/// Where a rule stands.
fn place(settings: &Settings, index: usize) -> String {
    let place = settings.rules.get(index);
    place.map_or_else(|| format!("rule {}", index + 1), ToString::to_string)
}

#[cfg(test)]
mod tests;
