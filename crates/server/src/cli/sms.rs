//! `wicketgate sms` tries who carries short messages, as it is configured.

use std::path::Path;

use authn::credential::sent_code::Address;
use authn::outbox::Answer;
use clap::Subcommand;
use proto::sending::PhoneNumber;
use serde::Serialize;

use super::{CliError, Output};
use crate::config;
use crate::wiring::try_carriers;

/// What can be tried.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Send a test message by every [[sms]], and say what each answered
    #[command(
        after_help = "Example:\n  wicketgate sms test +46701234567\n\nIt costs what a message costs, once for each."
    )]
    Test {
        /// Whom to send it to, in the international form
        number: PhoneNumber,
    },
}

/// What one of them answered.
#[derive(Serialize)]
struct Answered {
    provider: String,
    taken: bool,
    said: String,
}

/// Does it.
///
/// # Errors
///
/// Nobody carries short messages, or somebody did not take it.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let settings = config::load(config)?;
    let Verb::Test { number } = verb;
    let answers = try_carriers(&settings, Address::Sms(number)).await?;
    let answered: Vec<Answered> = answers
        .into_iter()
        .map(|(provider, answer)| Answered {
            provider,
            taken: matches!(answer, Answer::Taken(_)),
            said: answer.said().to_owned(),
        })
        .collect();
    output.list(&answered, "no [[sms]] is configured", |it| {
        let taken = if it.taken {
            "took it"
        } else {
            "DID NOT TAKE IT"
        };
        format!("{}  {taken}: {}", it.provider, it.said)
    })?;
    match answered.iter().all(|it| it.taken) && !answered.is_empty() {
        true => Ok(()),
        false => Err(CliError::refused("not everybody took the message")),
    }
}
