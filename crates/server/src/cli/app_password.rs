//! `wicketgate app-password`: made by us, shown once, revocable one by one.

use std::path::Path;

use authn::credential::app_password::AppPassword;
use authn::place::Service;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::left_behind::LyncCertificates;
use super::{CliError, Output};
use crate::clock;
use crate::wiring::Desk;

/// What can be done with app passwords.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make an app password and show it once
    #[command(
        after_help = "Example:\n  wicketgate app-password create anna@contoso.com \
        --label 'Pixel 9' --scope lync,ews --days 365"
    )]
    Create(Create),
    /// List the app passwords of an account, without their secrets
    List {
        /// Any name of the account
        name: String,
    },
    /// Revoke an app password, or all that a device has; it is out at once, no other is touched
    #[command(
        after_help = "Examples:\n  wicketgate app-password revoke 6b0c0c4e-0000-4000-8000-000000000000\n  \
        wicketgate app-password revoke --account anna@contoso.com --device 'Pixel 9'"
    )]
    Revoke(Revoke),
}

/// A new app password.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Any name of the account
    name: String,
    /// What its owner calls it
    #[arg(long)]
    label: String,
    /// The device it is for
    #[arg(long)]
    device: Option<String>,
    /// The services it opens, as `lync,ews`
    #[arg(long, value_delimiter = ',', required = true)]
    scope: Vec<String>,
    /// End it after so many days
    #[arg(long)]
    days: Option<u16>,
}

/// What is revoked.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The id that `list` shows
    #[arg(required_unless_present = "device", conflicts_with = "device")]
    id: Option<String>,
    /// Any name of the account whose device it is
    #[arg(long, requires = "device", value_name = "NAME")]
    account: Option<String>,
    /// The device: the name it was given, or the id by which it calls itself; `list` shows both
    #[arg(long, requires = "account", value_name = "NAME|ID")]
    device: Option<String>,
}

#[derive(Serialize)]
struct Revoked {
    #[serde(flatten)]
    record: AppPassword,
    #[serde(skip_serializing_if = "LyncCertificates::is_empty")]
    lync_certificates: LyncCertificates,
}

#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    record: AppPassword,
    app_password: String,
}

/// Does it.
///
/// # Errors
///
/// The name or id leads nowhere, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::Create(create) => {
            let created = make(&desk, create).await?;
            output.print(&created, |created| {
                format!(
                    "{}\n\nThis is shown once. Type it as the password, with or without the \
                     dashes.\nRevoke it with: wicketgate app-password revoke {}",
                    created.app_password, created.record.id.0
                )
            })
        }
        Verb::List { name } => {
            let passwords = desk.app_passwords(&name).await?;
            output.list(&passwords, "there are no app passwords", line)
        }
        Verb::Revoke(order) => {
            let revoked = revoke(&desk, order).await?;
            output.list(&revoked, "nothing was revoked", |revoked| {
                let (record, left) = (&revoked.record, &revoked.lync_certificates);
                format!(
                    "revoked {} ({}){}",
                    record.id.0,
                    record.label,
                    left.sentence()
                )
            })
        }
    }
}

async fn make(desk: &Desk, create: Create) -> Result<Created, CliError> {
    let days = create
        .days
        .map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let order = authn::admin::NewAppPassword {
        label: create.label,
        device: create.device,
        scope: create
            .scope
            .into_iter()
            .map(|name| Service(name.into()))
            .collect(),
        expires: days.map(|days| clock::now() + days),
    };
    let (record, typed) = desk.issue_app_password(&create.name, order).await?;
    Ok(Created {
        record,
        app_password: typed.expose().clone(),
    })
}

async fn revoke(desk: &Desk, order: Revoke) -> Result<Vec<Revoked>, CliError> {
    let (account, records) = match (order.id, order.account, order.device) {
        (Some(id), _, _) => {
            let record = desk.revoke_app_password(&id).await?;
            (desk.account_of(&record).await?, vec![record])
        }
        (None, Some(name), Some(device)) => desk.revoke_device(&name, &device).await?,
        (None, _, _) => {
            let message = "name the app password's id, or --account and --device";
            return Err(CliError::usage(message));
        }
    };
    let said = records.into_iter().map(|record| Revoked {
        lync_certificates: match record.opens(&Service::LYNC) {
            true => LyncCertificates::of(&account),
            false => LyncCertificates::none(),
        },
        record,
    });
    Ok(said.collect())
}

fn line(password: &AppPassword) -> String {
    let scope: Vec<&str> = password.scope.iter().map(|service| &*service.0).collect();
    let state = match (password.revoked, password.expires) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) => format!("ends {}", day(at)),
        (None, None) => "no end".to_owned(),
    };
    let used = match &password.last_used {
        Some((at, from)) => format!("last used {} from {from}", day(*at)),
        None => "never used".to_owned(),
    };
    let device = match (&password.device, &password.seen_device) {
        (Some(name), Some(id)) if name != id => format!("{name} ({id})"),
        (Some(known), _) | (None, Some(known)) => known.clone(),
        (None, None) => "-".to_owned(),
    };
    format!(
        "{}  {}  {device}  {}  {state}  {used}",
        password.id.0,
        password.label,
        scope.join(",")
    )
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}
