//! `wicketgate user temporary-code` and `user spare-codes`: what the help desk gives somebody who has no token at hand.

use authn::admin::spare_codes::TemporaryOrder;
use authn::credential::spare_code::{SpareCode, SpareKind};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{CliError, Output};
use crate::wiring::Desk;

/// What `user temporary-code` prints below its help.
pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate user temporary-code anna@contoso.com --ends 8h
  wicketgate user temporary-code anna@contoso.com --ends 3d --uses 5
  wicketgate user temporary-code anna@contoso.com --take-back

It is typed on the portal where the code of a token is, after the memorised secret. It is shown once; a code that was
given before ends.";

/// A temporary code for somebody.
#[derive(Debug, Args)]
pub(crate) struct Temporary {
    /// Any name of the account
    name: String,
    /// When it ends: so many minutes, hours or days from now, 72 hours at the most
    #[arg(long, default_value = "8h", value_parser = length, conflicts_with = "take_back")]
    ends: SignedDuration,
    /// How often it may be used, from 1 to 10
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10),
        conflicts_with = "take_back")]
    uses: u32,
    /// Take back the one that was given
    #[arg(long)]
    take_back: bool,
}

/// A code, as it is printed once.
#[derive(Serialize)]
struct Given {
    account: String,
    temporary_code: String,
    ends: Timestamp,
    uses: u32,
}

/// Gives a temporary code, or takes one back.
///
/// # Errors
///
/// The name leads nowhere, it would last too long, or the store is unavailable.
pub(super) async fn temporary(
    desk: &Desk,
    order: Temporary,
    output: &Output,
) -> Result<(), CliError> {
    let Temporary {
        name, ends, uses, ..
    } = order;
    if order.take_back {
        desk.end_temporary_code(&name).await?;
        let said = serde_json::json!({ "account": name, "temporary_code": "taken back" });
        return output.print(&said, |_| format!("took the temporary code of {name} back"));
    }
    let order = TemporaryOrder {
        lasting: ends,
        uses,
    };
    let (code, ends) = desk.give_temporary_code(&name, order).await?;
    let given = Given {
        account: name,
        temporary_code: code.expose().clone(),
        ends,
        uses,
    };
    output.print(&given, |given| {
        let often = match given.uses {
            1 => "once".to_owned(),
            uses => format!("{uses} times"),
        };
        format!(
            "{}\n\nThis is shown once, and works {often}, until {}. It stands in for a token of {}: see who asks for \
             it before you say it.",
            given.temporary_code, given.ends, given.account
        )
    })
}

/// Lists what spare codes somebody has, and never a code.
///
/// # Errors
///
/// The name leads nowhere, or the store is unavailable.
pub(super) async fn list(desk: &Desk, name: &str, output: &Output) -> Result<(), CliError> {
    let codes = desk.spare_codes(name).await?;
    output.list(&codes, "there are no spare codes", line)
}

fn line(code: &SpareCode) -> String {
    let kind = match code.kind {
        SpareKind::Recovery => "recovery code",
        SpareKind::Temporary => "temporary code",
    };
    let left = match code.uses {
        0 => "used".to_owned(),
        uses => format!("good {uses} times"),
    };
    let ends = code.ends.map_or(String::new(), |at| format!(", ends {at}"));
    format!("{} {kind}, made {}, {left}{ends}", code.id.0, code.made)
}

/// A length of time, as `90m`, `8h` or `3d`.
pub(super) fn length(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is not a length of time such as 90m, 8h or 3d");
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(wrong)?;
    let number: u16 = number.parse().map_err(|_| wrong())?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return Err(wrong()),
    };
    Ok(SignedDuration::from_mins(i64::from(number) * minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_unit() {
        assert_eq!(length("90m"), Ok(SignedDuration::from_mins(90)));
        assert_eq!(length("8h"), Ok(SignedDuration::from_hours(8)));
        assert_eq!(length("3d"), Ok(SignedDuration::from_hours(72)));
        for wrong in ["", "8", "h", "8 h", "-8h", "8hh", "8w", "99999h", "8\u{e9}"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
