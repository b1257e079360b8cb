//! `wicketgate user phone` and `user mail`: where codes are sent; shown masked, but for whoever types it.

use authn::admin::destinations::Hold;
use authn::credential::sent_code::{Address, Carrier, Destination};
use clap::Args;
use jiff::Timestamp;
use proto::sending::{Mailbox, PhoneNumber};
use serde::Serialize;

use super::{CliError, Output};
use crate::clock;
use crate::wiring::Desk;

/// The number of an account.
#[derive(Debug, Args)]
pub(crate) struct Phone {
    /// Any name of the account
    name: String,
    /// The number in the international form, as +46701234567; what is set is shown where it is left out
    number: Option<PhoneNumber>,
    #[command(flatten)]
    how: How,
}

/// The address of an account.
#[derive(Debug, Args)]
pub(crate) struct Mail {
    /// Any name of the account
    name: String,
    /// The address, as anna@example.com; what is set is shown where it is left out
    address: Option<Mailbox>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct How {
    /// Take it away; whoever is signed in on a page is put out
    #[arg(long)]
    remove: bool,
    /// Do not wait 72 hours until it gets codes; the audit says so
    #[arg(long, conflicts_with = "remove")]
    now: bool,
}

/// Where codes go, as it is shown.
#[derive(Serialize)]
struct Shown {
    account: String,
    by: Carrier,
    to: String,
    set: Timestamp,
    held_until: Option<Timestamp>,
}

#[derive(Serialize)]
struct Removed {
    account: String,
    removed: Carrier,
}

/// Does it with a number.
///
/// # Errors
///
/// The name leads nowhere, nothing would change, or the store is unavailable.
pub(crate) async fn phone(desk: &Desk, phone: Phone, output: &Output) -> Result<(), CliError> {
    let address = phone.number.map(Address::Sms);
    done(
        desk,
        (phone.name, Carrier::Sms),
        (address, phone.how),
        output,
    )
    .await
}

/// Does it with an address.
///
/// # Errors
///
/// As [`phone`].
pub(crate) async fn mail(desk: &Desk, mail: Mail, output: &Output) -> Result<(), CliError> {
    let address = mail.address.map(Address::Mail);
    done(
        desk,
        (mail.name, Carrier::Mail),
        (address, mail.how),
        output,
    )
    .await
}

async fn done(
    desk: &Desk,
    (name, carrier): (String, Carrier),
    (address, how): (Option<Address>, How),
    output: &Output,
) -> Result<(), CliError> {
    match (address, how.remove) {
        (Some(_), true) => Err(CliError::usage(
            "either something is set or it is removed; nothing was changed",
        )),
        (Some(address), false) => {
            let hold = match how.now {
                true => Hold::Waived,
                false => Hold::Usual,
            };
            let set = desk.set_destination(&name, address, hold).await?;
            let shown = shown(name, &set);
            output.print(&shown, |shown| format!("codes go {}", line(shown)))
        }
        (None, true) => {
            desk.remove_destination(&name, carrier).await?;
            let removed = Removed {
                account: name,
                removed: carrier,
            };
            output.print(&removed, |removed| {
                format!(
                    "no code of {} goes by {} any more",
                    removed.account, removed.removed
                )
            })
        }
        (None, false) if how.now => Err(CliError::usage("--now is for something that is set")),
        (None, false) => {
            let destinations = desk.destinations(&name).await?;
            let shown: Vec<Shown> = destinations
                .iter()
                .filter(|it| it.address.carrier() == carrier)
                .map(|it| shown(name.clone(), it))
                .collect();
            output.list(&shown, "codes go nowhere by that way", line)
        }
    }
}

fn shown(account: String, destination: &Destination) -> Shown {
    let held_until = destination.held_until;
    Shown {
        account,
        by: destination.address.carrier(),
        to: destination.address.masked(),
        set: destination.set,
        held_until: destination.is_held(clock::now()).then_some(held_until),
    }
}

fn line(shown: &Shown) -> String {
    let held = match shown.held_until {
        Some(until) => format!("HELD: the first one after {until}, unless --now"),
        None => "from now on".to_owned(),
    };
    format!("to {} by {} ({held})", shown.to, shown.by)
}
