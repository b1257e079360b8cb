//! What became of an attempt, on its way back to the gate.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{MAX_ANSWER, Wiped, WireParseError, read, write};
use crate::attempt::{Outcome, Refusal, Verified};
use crate::lockout::{HoldBack, LONGEST_HOLD_BACK};
use crate::ports::Unavailable;
use crate::voucher::{For, Issuer, Opener};

/// An answer that was read, and whose voucher is not opened yet.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Answered {
    result: Told,
    held_back_milliseconds: u64,
    is_alarmed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Told {
    Passed {
        voucher: Wiped,
        reply_token: Option<Wiped>,
    },
    Denied,
    TicketEnded,
    Unavailable {
        detail: String,
    },
}

/// Writes an outcome; whoever passed gets a voucher for that attempt and no other.
///
/// # Errors
///
/// It cannot be written.
pub fn answer(
    outcome: Outcome,
    (issuer, whom): (&Issuer, For),
    now: Timestamp,
) -> Result<Zeroizing<Vec<u8>>, WireParseError> {
    let result = match outcome.result {
        Ok(verified) => match issuer.issue(&verified.authenticated, whom, now) {
            Ok(voucher) => Told::Passed {
                voucher: Wiped::new(voucher),
                reply_token: verified.reply_token.map(Wiped::new),
            },
            Err(error) => Told::Unavailable {
                detail: error.to_string(),
            },
        },
        Err(Refusal::Denied) => Told::Denied,
        Err(Refusal::TicketEnded) => Told::TicketEnded,
        Err(Refusal::Unavailable(error)) => Told::Unavailable {
            detail: error.to_string(),
        },
    };
    let HoldBack(held_back) = outcome.hold_back;
    write(&Answered {
        result,
        held_back_milliseconds: u64::try_from(held_back.as_millis()).unwrap_or(u64::MAX),
        is_alarmed: outcome.is_alarmed,
    })
}

impl Answered {
    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("an answer", (bytes, MAX_ANSWER))
    }

    /// The outcome, with its voucher opened; one that cannot be opened lets nobody in.
    #[must_use]
    pub fn open(self, (opener, wanted): (&Opener, &For), now: Timestamp) -> Outcome {
        let result = match self.result {
            Told::Passed {
                voucher,
                reply_token,
            } => match opener.open(voucher.expose(), wanted, now) {
                Ok(authenticated) => Ok(Verified {
                    authenticated: Arc::new(authenticated),
                    reply_token: reply_token.map(|token| token.expose().to_vec()),
                }),
                Err(error) => Err(away(format!("its voucher is not taken: {error}"))),
            },
            Told::Denied => Err(Refusal::Denied),
            Told::TicketEnded => Err(Refusal::TicketEnded),
            Told::Unavailable { detail } => Err(away(detail)),
        };
        let held_back = Duration::from_millis(self.held_back_milliseconds);
        Outcome {
            hold_back: HoldBack(held_back.min(LONGEST_HOLD_BACK)),
            is_alarmed: self.is_alarmed,
            ..Outcome::plain(result)
        }
    }
}

fn away(detail: String) -> Refusal {
    Refusal::Unavailable(Unavailable {
        what: "the authentication server",
        detail,
    })
}
