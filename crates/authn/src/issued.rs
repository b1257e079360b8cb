//! Tokens of our own security token service, as far as they say who somebody is: each that may begin a session at a pool is
//! written down among the tickets before it leaves, with the sign-in that it rests on (decision 0015).
//!
//! Holds none of a token's words but its id, and that as a digest. Start at [`recorded`].

use jiff::Timestamp;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::credential::CredentialId;
use crate::place::Channel;
use crate::session::Session;
use crate::ticket::{RelayedTicket, Relaying, TicketKey};

/// What stands in a pool's place: no pool takes such a token for a ticket, as its key is made of another word.
const POOL: &str = "sts";

/// How what stands for a sign-in to a page begins.
const SIGN_IN: &str = "page:";

/// What stands for one sign-in to a page among what is revoked: by what it was proved, and when its second factor was. Tokens
/// of it, and what they bought at a pool, end with it when its owner signs out.
///
/// Of sign-ins without a second factor nothing says when they were: those of one secret end together.
#[must_use]
pub fn sign_in(credential: &CredentialId, second_factor: Option<Timestamp>) -> CredentialId {
    let at = second_factor.map_or(String::new(), |at| at.as_microsecond().to_string());
    CredentialId(format!("{SIGN_IN}{at}:{}", credential.0))
}

/// Whether a revoked credential is a sign-in to a page.
pub(crate) fn is_sign_in(credential: &CredentialId) -> bool {
    credential.0.starts_with(SIGN_IN)
}

impl Session {
    /// When the second factor of what it buys was proved: when it began.
    #[must_use]
    pub fn second_factor_proved(&self) -> Option<Timestamp> {
        self.second_factor().map(|_| self.begun)
    }

    /// What stands for its sign-in among what is revoked.
    #[must_use]
    pub fn sign_in(&self) -> CredentialId {
        sign_in(&self.credential, self.second_factor_proved())
    }
}

/// The id of a token: the `AssertionID` of SAML 1.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId(pub String);

impl TokenId {
    /// What the store knows it by.
    #[must_use]
    pub fn key(&self) -> TicketKey {
        TicketKey::of(&Secret::new([b"issued\0", self.0.as_bytes()].concat()))
    }
}

/// What is written down of a token for whoever has a session, between two times: to be given to the port `Tickets` before
/// the token leaves, so that it ends with whatever the session rests on.
#[must_use]
pub fn recorded(
    id: &TokenId,
    session: &Session,
    (now, expires): (Timestamp, Timestamp),
) -> Relaying {
    Relaying::of(RelayedTicket {
        key: id.key(),
        account: session.account.clone(),
        credential: session.credential.clone(),
        token: session.token.clone(),
        channel: Channel::Page,
        methods: session.methods.iter().copied().collect(),
        second_factor: session.second_factor_proved(),
        pool: POOL.to_owned(),
        relayed: now,
        expires,
    })
}
