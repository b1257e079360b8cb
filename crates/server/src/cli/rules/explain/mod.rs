//! `wicketgate rules explain`: runs rules, and says rule by rule what happened; those of a file over claims of a file, or all
//! that a sign-in of somebody for a relying party would run.
//!
//! No token is made, nothing is written down and nobody is counted. Start at [`run`].

mod file;
mod shown;
mod sign_in;
mod stage;
mod stores;
mod told;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use authn::place::{Method, Zone};
use claims::claim::LOCAL_AUTHORITY;
use clap::Args;

use crate::cli::{CliError, Output};

/// What is run over what.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file of rules; left out, the rules of a relying party are walked as a sign-in walks them
    #[arg(required_unless_present = "account", requires = "claims")]
    file: Option<PathBuf>,
    /// A JSON list of the claims that come in: `type`, `value`, and if need be `issuer`, `original_issuer`, `value_type`, `properties`
    #[arg(long, value_name = "CLAIMS.json", requires = "file")]
    claims: Option<PathBuf>,
    /// Whose word new claims are
    #[arg(long, value_name = "NAME", default_value = LOCAL_AUTHORITY, requires = "file")]
    issuer: String,
    /// Whoever signs in, by any name of the account; beside a file, of whom the store `Active Directory` answers
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The relying party, by the name of its trust or an identifier; beside a file, for whom `_OpaqueIdStore` makes names
    #[arg(long, value_name = "PARTY", required_unless_present = "file")]
    to: Option<String>,
    #[command(flatten)]
    stores: Stores,
    #[command(flatten)]
    place: Place,
}

/// What attribute stores answer.
#[derive(Debug, Args)]
struct Stores {
    /// A JSON list of what attribute stores answer: `store`, `rows`, and if need be `query`, `parameters`, `fails`
    #[arg(long, value_name = "STORE.json")]
    store: Option<PathBuf>,
    /// Ask the attribute stores of the configuration, as a sign-in would, for what --store does not answer
    #[arg(long)]
    ask: bool,
}

/// By what somebody signs in, and from where.
#[derive(Debug, Args)]
struct Place {
    /// What was proved, each by its word in the policy; what the page asks for where it is left out
    #[arg(long = "method", value_name = "METHOD", value_parser = method, conflicts_with = "file")]
    methods: Vec<Method>,
    /// From which zone
    #[arg(long, value_parser = zone, default_value = "external", conflicts_with = "file")]
    zone: Zone,
    /// From which address
    #[arg(long, default_value = "192.0.2.1", conflicts_with = "file")]
    address: IpAddr,
    /// What the browser calls itself
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    user_agent: Option<String>,
}

/// Runs the rules and prints what happened.
///
/// # Errors
///
/// A file cannot be read or holds something else, a name leads nowhere, a rule fails, or there would be no token.
pub(super) async fn run(
    config: &Path,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    match (&arguments.file, &arguments.claims) {
        (Some(rules), Some(claims)) => file::run(config, (rules, claims), arguments, output).await,
        _ => sign_in::run(config, arguments, output).await,
    }
}

fn method(word: &str) -> Result<Method, String> {
    Method::named(word).ok_or_else(|| {
        let words = Method::ALL.map(Method::as_str);
        format!("one of `{}`", words.join("`, `"))
    })
}

fn zone(word: &str) -> Result<Zone, String> {
    let known = [Zone::EXTERNAL, Zone::INTERNAL].into_iter();
    let mut known = known.filter(|it| it.to_string() == word);
    known
        .next()
        .ok_or_else(|| "one of `external`, `internal`".to_owned())
}

#[cfg(test)]
mod tests;
