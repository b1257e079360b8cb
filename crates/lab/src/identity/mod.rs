//! Who a request comes from: the word of the gate, a domain password as IIS takes it, or a ticket.
//!
//! An assertion decides wherever one is sent, but where only tickets count; a wrong one is refused
//! even on an anonymous path. Start at [`Reception`].

mod assertion;
mod binding;
mod reception;
mod schemes;
mod windows;

use std::sync::Arc;

use serde::Serialize;

use crate::people::Person;

pub(crate) use assertion::Assertions;
pub use assertion::{ASSERTION_TYPE, MAX_ASSERTION_SECONDS};
pub(crate) use reception::{Asks, Reception, WEB_TICKET};
pub(crate) use windows::{Logon, WindowsLogon};

use assertion::{AssertionError, Presented};
use schemes::schemes;

/// How a server learned who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The gate said so, signed.
    Assertion,
    /// The domain password, by NTLM on this connection.
    Ntlm,
    /// The domain password, by Basic.
    Basic,
    /// The domain password, in a message's UsernameToken.
    UsernameToken,
    /// A certificate of the pool's own; the signature beside it is not verified.
    Certificate,
    /// The domain password, in the form of the grant `password`.
    PasswordGrant,
    /// A web ticket of the front end's own.
    Ticket,
    /// A token of the security token service, or the session that it began.
    Passive,
    /// Nothing: a guest of a meeting, who gets a guest's ticket.
    Guest,
}

/// What is known of whoever sent a request.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Somebody.
    Known {
        /// Who.
        person: Arc<Person>,
        /// How it was learned.
        how: How,
        /// What the answer's `WWW-Authenticate` ends the handshake with.
        challenge: Option<String>,
    },
    /// Nobody in particular: nothing was presented, or nothing is asked for here.
    Nobody,
    /// In the middle of an NTLM handshake; this goes into the next challenge.
    Midway {
        /// `NTLM` or `Negotiate` with the token that the client needs.
        challenge: String,
    },
    /// Somebody whose proof is not good.
    Refused {
        /// What is wrong with it.
        reason: String,
    },
}

impl Caller {
    /// Somebody whose proof is good and needs no further word.
    pub(crate) fn known(person: &Arc<Person>, how: How) -> Self {
        Self::Known {
            person: Arc::clone(person),
            how,
            challenge: None,
        }
    }

    /// Somebody whose proof is not good.
    pub(crate) fn not_believed(reason: impl Into<String>) -> Self {
        Self::Refused {
            reason: reason.into(),
        }
    }

    /// The person, if it is known.
    pub(crate) fn person(&self) -> Option<&Arc<Person>> {
        match self {
            Self::Known { person, .. } => Some(person),
            Self::Nobody | Self::Midway { .. } | Self::Refused { .. } => None,
        }
    }

    /// How the person is known.
    pub(crate) fn how(&self) -> Option<How> {
        match self {
            Self::Known { how, .. } => Some(*how),
            Self::Nobody | Self::Midway { .. } | Self::Refused { .. } => None,
        }
    }

    /// Why what was presented is not believed.
    pub(crate) fn refused(&self) -> Option<&str> {
        match self {
            Self::Refused { reason } => Some(reason),
            Self::Known { .. } | Self::Nobody | Self::Midway { .. } => None,
        }
    }
}
