//! `wicketgate api-token`: what a help desk's portal or a script proves its role with, shown once and revocable.

use std::path::Path;

use authn::admin::api_tokens::{ApiToken, NewApiToken};
use authn::admin::role::Role;
use clap::Subcommand;
use jiff::SignedDuration;
use serde::Serialize;

use super::spare_codes::length;
use super::{CliError, Output};
use crate::clock;
use crate::wiring::Desk;

/// What can be done with API tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make an API token and show it once
    #[command(
        after_help = "Roles: help-desk, token-administrator, auditor, gateway-administrator, \
        federation-administrator.\n\nExample:\n  wicketgate api-token create --role help-desk \
        --label 'Service desk portal' --expires 90d"
    )]
    Create {
        /// What it may do
        #[arg(long, value_parser = role)]
        role: Role,
        /// What has it: a portal, a script
        #[arg(long)]
        label: String,
        /// When it ends: so many minutes, hours or days from now, 366 days at the most
        #[arg(long, value_parser = length)]
        expires: SignedDuration,
    },
    /// List the API tokens, without what they are
    List,
    /// Revoke an API token; the next request with it is refused
    #[command(
        after_help = "Example:\n  wicketgate api-token revoke 6b0c0c4e-0000-4000-8000-000000000000"
    )]
    Revoke {
        /// The id that `list` shows
        id: String,
    },
}

#[derive(Serialize)]
struct Made {
    #[serde(flatten)]
    record: ApiToken,
    api_token: String,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    record: ApiToken,
    has_ended: bool,
}

/// Does it.
///
/// # Errors
///
/// The token would not end, there is none with that id, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::Create {
            role,
            label,
            expires,
        } => {
            let order = NewApiToken {
                label,
                role,
                lasting: expires,
            };
            let (record, token) = desk.make_api_token(order).await?;
            let api_token = token.expose().clone();
            output.print(&Made { record, api_token }, |made| {
                format!(
                    "{}\n\nThis is shown once, and ends {}. Whoever has it may do what the role {} may.\nRevoke it \
                     with: wicketgate api-token revoke {}",
                    made.api_token,
                    made.record.ends,
                    made.record.role.as_str(),
                    made.record.id.0
                )
            })
        }
        Verb::List => {
            let now = clock::now();
            let tokens = desk.api_tokens().await?.into_iter();
            let shown: Vec<Shown> = tokens
                .map(|record| Shown {
                    has_ended: record.ends <= now,
                    record,
                })
                .collect();
            output.list(&shown, "there are no API tokens", line)
        }
        Verb::Revoke { id } => {
            desk.revoke_api_token(&id).await?;
            let revoked = serde_json::json!({ "revoked": id });
            output.print(&revoked, |_| format!("revoked {id}"))
        }
    }
}

fn line(shown: &Shown) -> String {
    let record = &shown.record;
    let ends = match shown.has_ended {
        true => "ended",
        false => "ends",
    };
    format!(
        "{} {} {} (made {}, {ends} {})",
        record.id.0,
        record.role.as_str(),
        record.label,
        record.made,
        record.ends
    )
}

fn role(word: &str) -> Result<Role, String> {
    Role::named(word).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.into_iter().map(Role::as_str).collect();
        format!("there is no role `{word}`: {}", known.join(", "))
    })
}
