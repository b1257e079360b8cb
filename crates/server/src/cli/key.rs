//! `wicketgate key`: the keys that tokens are signed with; they roll by themselves, and this is how to see it and to be first.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde::Serialize;
use sts::admin::keys::behind;
use sts::key_ring::{KeyAlgorithm, KeyRing, KeyState, TokenSigningCertificate};
use sts::ports::MetadataReading;

use super::{CliError, Output};
use crate::clock;
use crate::wiring::Desk;

const ROLLING: &str = "\
Examples:
  wicketgate key roll
  wicketgate key roll --algorithm p-256
  wicketgate key roll --urgent

The first key signs at once. Another is next: metadata shows it, and it signs 30 days later, by itself, so that partners
who follow metadata know it before; `key list` says when. --urgent makes one and promotes it at once: tokens of the old
key are taken no more as soon as partners read our metadata, and until they do they refuse the new ones.";

const PROMOTING: &str = "\
Examples:
  wicketgate key promote
  wicketgate key promote --early

It signs from now on. Before its date --early is needed: partners who have not seen it refuse our tokens until they do.
Whoever fetched our metadata before this key was in it, and not since, is named. The key before is retired, and its private
half is gone.";

const EXPORTING: &str = "\
Examples:
  wicketgate key export-certificate > signing.pem
  wicketgate key export-certificate --next > next.pem

For partners who do not follow metadata, such as Exchange and SharePoint.";

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the keys: the one that signs, the one that will and when, and those that did
    #[command(after_help = "Example:\n  wicketgate key list --json")]
    List,
    /// Make the next key
    #[command(after_help = ROLLING)]
    Roll {
        /// rsa-2048, which every partner reads, or p-256
        #[arg(long, default_value = "rsa-2048", value_parser = algorithm)]
        algorithm: KeyAlgorithm,
        /// Promote it at once: for a key that somebody else may have
        #[arg(long)]
        urgent: bool,
    },
    /// Let the next key sign
    #[command(after_help = PROMOTING)]
    Promote {
        /// Before its date, although partners may not have seen it
        #[arg(long)]
        early: bool,
    },
    /// Give the next key up, which never signed
    #[command(after_help = "Example:\n  wicketgate key give-up")]
    GiveUp,
    /// Show a key by the beginning of its id, or of its certificate's thumbprint
    #[command(after_help = "Example:\n  wicketgate key show 1f0c8a3e")]
    Show {
        /// How its id or thumbprint begins
        id: String,
    },
    /// Print the certificate of the key that signs, as PEM
    #[command(after_help = EXPORTING)]
    ExportCertificate {
        /// That of the next key
        #[arg(long)]
        next: bool,
    },
}

/// A key, as it is printed.
#[derive(Debug, Serialize)]
struct Printed {
    id: String,
    algorithm: &'static str,
    state: &'static str,
    since: Option<String>,
    promotes_at: Option<String>,
    retired: Option<String>,
    subject: String,
    thumbprint: String,
    not_after: String,
    metadata_fetched: Vec<Fetched>,
}

/// Who fetched our metadata with the key in it, and when last.
#[derive(Debug, Serialize)]
struct Fetched {
    from: String,
    user_agent: String,
    at: String,
}

impl Fetched {
    fn of(reading: &MetadataReading) -> Self {
        Self {
            from: reading.reader.source.to_string(),
            user_agent: reading.reader.agent.clone(),
            at: reading.at.to_string(),
        }
    }

    fn line(&self) -> String {
        let agent = match self.user_agent.as_str() {
            "" => "somebody who does not say by what",
            agent => agent,
        };
        format!("{} ({agent}) at {}", self.from, self.at)
    }
}

/// Does it.
///
/// # Errors
///
/// There is no such key, it is too early, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::List => list(&desk, output).await,
        Verb::Roll { algorithm, urgent } => roll(&desk, algorithm, urgent, output).await,
        Verb::Promote { early } => {
            if !early {
                refuse_before_its_date(&desk).await?;
            }
            warn_of_who_is_behind(&desk, output).await?;
            print(&desk, &desk.promote_key().await?, output).await
        }
        Verb::GiveUp => {
            let given_up = printed(&desk.give_up_key().await?, &[]);
            output.print(&given_up, |it| format!("gave the key {} up", it.id))
        }
        Verb::Show { id } => {
            let ring = ring(&desk).await?;
            let mut all = all(&ring).filter(|it| begins(it, &id));
            match (all.next(), all.next()) {
                (Some(key), None) => show(&desk, key, output).await,
                (None, _) => Err(CliError::refused(format!("there is no key `{id}`"))),
                _ => Err(CliError::refused(format!("several keys begin with `{id}`"))),
            }
        }
        Verb::ExportCertificate { next } => export(&desk, next, output).await,
    }
}

async fn list(desk: &Desk, output: &Output) -> Result<(), CliError> {
    let ring = desk.key_ring().await?;
    let readings = desk.metadata_readings().await?;
    let keys = ring.iter().flat_map(all);
    let keys: Vec<Printed> = keys.map(|it| printed(it, &readings)).collect();
    output.list(
        &keys,
        "there are no keys; `wicketgate key roll` makes the first",
        line,
    )
}

async fn roll(
    desk: &Desk,
    algorithm: KeyAlgorithm,
    is_urgent: bool,
    output: &Output,
) -> Result<(), CliError> {
    let added = desk.add_key(algorithm).await?;
    let is_next = matches!(added.state, KeyState::Next { .. });
    let key = match is_urgent && is_next {
        true => desk.promote_key().await?,
        false => added,
    };
    print(desk, &key, output).await
}

/// Names who will not know the key that is promoted, as far as that is known.
async fn warn_of_who_is_behind(desk: &Desk, output: &Output) -> Result<(), CliError> {
    let Some(ring) = desk.key_ring().await?.filter(|it| it.next.is_some()) else {
        return Ok(());
    };
    let readings = desk.metadata_readings().await?;
    let behind = behind(&ring, &readings);
    for reading in behind.iter().take(MAX_NAMED) {
        let who = Fetched::of(reading).line();
        output.remark(&format!(
            "who fetched the metadata last from {who} has not seen this key, and refuses our tokens until that is done again"
        ));
    }
    if let Some(more) = behind.len().checked_sub(MAX_NAMED).filter(|it| *it > 0) {
        output.remark(&format!(
            "so have {more} more; `key show` names who saw the key"
        ));
    }
    Ok(())
}

/// So many who have not seen a key are named one by one.
const MAX_NAMED: usize = 10;

async fn refuse_before_its_date(desk: &Desk) -> Result<(), CliError> {
    match ring(desk).await?.next.map(|it| it.state) {
        Some(KeyState::Next { promotes_at }) if promotes_at > clock::now() => {
            let sentence = format!("the next key signs from {promotes_at} on");
            Err(CliError::refused(sentence)
                .with_hint("--early promotes it before partners may have seen it"))
        }
        _ => Ok(()),
    }
}

async fn export(desk: &Desk, is_next: bool, output: &Output) -> Result<(), CliError> {
    let ring = ring(desk).await?;
    let key = match is_next {
        false => ring.primary,
        true => ring
            .next
            .ok_or_else(|| CliError::refused("no key is next"))?,
    };
    let encoded = STANDARD.encode(key.certificate.der());
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
        lines.join("\n")
    );
    let said = serde_json::json!({ "id": key.id.0, "certificate": pem });
    output.print(&said, |_| pem.clone())
}

async fn ring(desk: &Desk) -> Result<KeyRing, CliError> {
    let ring = desk.key_ring().await?;
    ring.ok_or_else(|| {
        CliError::refused("there are no keys").with_hint("`wicketgate key roll` makes the first")
    })
}

fn all(ring: &KeyRing) -> impl Iterator<Item = &TokenSigningCertificate> {
    let primary = std::iter::once(&ring.primary);
    primary.chain(&ring.next).chain(&ring.retired)
}

fn begins(key: &TokenSigningCertificate, with: &str) -> bool {
    let with = with.to_lowercase();
    let thumbprint = key.certificate.thumbprint().to_lowercase();
    !with.is_empty() && (key.id.0.starts_with(&with) || thumbprint.starts_with(&with))
}

async fn print(
    desk: &Desk,
    key: &TokenSigningCertificate,
    output: &Output,
) -> Result<(), CliError> {
    let readings = desk.metadata_readings().await?;
    output.print(&printed(key, &readings), line)
}

/// A key with everybody who fetched it.
async fn show(desk: &Desk, key: &TokenSigningCertificate, output: &Output) -> Result<(), CliError> {
    let readings = desk.metadata_readings().await?;
    output.print(&printed(key, &readings), |it| {
        let fetched = it.metadata_fetched.iter();
        let fetched: String = fetched
            .map(|it| format!("\n  fetched from {}", it.line()))
            .collect();
        format!("{}{fetched}", line(it))
    })
}

fn printed(key: &TokenSigningCertificate, readings: &[MetadataReading]) -> Printed {
    let (state, since, promotes_at, retired) = match key.state {
        KeyState::Primary { since } => ("primary", Some(since), None, None),
        KeyState::Next { promotes_at } => ("next", None, Some(promotes_at), None),
        KeyState::Retired { since, until } => ("retired", Some(since), None, Some(until)),
    };
    Printed {
        id: key.id.0.clone(),
        algorithm: key.algorithm.as_str(),
        state,
        since: since.map(|it| it.to_string()),
        promotes_at: promotes_at.map(|it| it.to_string()),
        retired: retired.map(|it| it.to_string()),
        subject: key.certificate.subject().to_owned(),
        thumbprint: key.certificate.thumbprint().to_owned(),
        not_after: key.certificate.not_after().to_string(),
        metadata_fetched: readings
            .iter()
            .filter(|it| it.key == key.id)
            .map(Fetched::of)
            .collect(),
    }
}

fn line(key: &Printed) -> String {
    let when = match (&key.since, &key.promotes_at, &key.retired) {
        (_, Some(promotes_at), _) => format!("signs from {promotes_at} on"),
        (_, _, Some(retired)) => format!("signed until {retired}"),
        (Some(since), _, _) => format!("signs since {since}"),
        _ => String::new(),
    };
    let fetched = match key.metadata_fetched.as_slice() {
        [] => String::new(),
        [last, ..] => {
            let (number, last) = (key.metadata_fetched.len(), last.line());
            format!(", fetched by {number}, last from {last}")
        }
    };
    format!(
        "{} {} {}: {when}, certificate {} good until {}{fetched}",
        key.id, key.algorithm, key.state, key.thumbprint, key.not_after
    )
}

fn algorithm(name: &str) -> Result<KeyAlgorithm, String> {
    KeyAlgorithm::named(name).ok_or_else(|| format!("`{name}` is not one of rsa-2048, p-256"))
}

#[cfg(test)]
mod tests;
