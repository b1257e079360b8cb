//! Tokens of our own security token service, as far as they say who somebody is: each that may begin a session at a pool is
//! written down among the tickets before it leaves, with the sign-in that it rests on (decision 0015); and tokens of an AD FS
//! that carry the id of one of ours (decision 0026).
//!
//! Holds none of a token's words but its id, and that as a digest. Start at [`recorded`].

use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::credential::CredentialId;
use crate::place::Channel;
use crate::session::Session;
use crate::ticket::{RelayedTicket, Relaying, TicketKey};

/// What stands in a pool's place: no pool takes such a token for a ticket, as its key is made of another word.
const POOL: &str = "sts";

/// For how long a sign-in is good that a token of ours carries to an AD FS: as long as its single sign-on lasts where nobody
/// set another time (`Set-AdfsProperties -SsoLifetime`, 480 minutes).
pub const CARRIED: SignedDuration = SignedDuration::from_hours(8);

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
        self.key_as(b"issued\0")
    }

    /// What the sign-in is known by that a token of this id carries to an AD FS: no pool takes that for the token.
    #[must_use]
    pub fn carried_key(&self) -> TicketKey {
        self.key_as(b"carried\0")
    }

    /// What the store knows a token of an AD FS by, once it was taken.
    #[must_use]
    pub fn taken_key(&self) -> TicketKey {
        self.key_as(b"\0taken\0")
    }

    fn key_as(&self, word: &[u8]) -> TicketKey {
        TicketKey::of(&Secret::new([word, self.0.as_bytes()].concat()))
    }
}

/// A token that is not ours and carries the id of one that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// What it calls itself.
    pub token: TokenId,
    /// The token of ours that its issuer was brought.
    pub sign_in: TokenId,
    /// Scheme, name and port of that issuer, as the pool's configuration has them.
    pub issuer: String,
}

/// What is written down of a token for whoever has a session, between two times: to be given to the port `Tickets` before
/// the token leaves, so that it ends with whatever the session rests on.
#[must_use]
pub fn recorded(id: &TokenId, session: &Session, times: (Timestamp, Timestamp)) -> Relaying {
    known_by((id.key(), POOL), session, times)
}

/// What is written down beside it where the token carries its own id on to whoever has this origin: the sign-in is good for
/// [`CARRIED`], and for tokens of theirs.
#[must_use]
pub fn carried(id: &TokenId, session: &Session, (to, now): (&str, Timestamp)) -> Relaying {
    let ends = now.checked_add(CARRIED).unwrap_or(now);
    known_by((id.carried_key(), to), session, (now, ends))
}

fn known_by(
    (key, pool): (TicketKey, &str),
    session: &Session,
    (now, expires): (Timestamp, Timestamp),
) -> Relaying {
    Relaying::of(RelayedTicket {
        key,
        account: session.account.clone(),
        credential: session.credential.clone(),
        token: session.token.clone(),
        channel: Channel::Page,
        methods: session.methods.iter().copied().collect(),
        second_factor: session.second_factor_proved(),
        pool: pool.to_owned(),
        relayed: now,
        expires,
    })
}
