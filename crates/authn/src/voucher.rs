//! Vouchers: an authentication server's signed word to one gate that somebody signed in there (design 13).
//!
//! A voucher is for one gateway, one of its client connections and one attempt; it is opened once, within
//! [`LIFE`], and only opening it makes an [`Authenticated`] in a gate that holds no secret. After that it names a
//! *session*, by which the gate asks for what belongs to it: Kerberos tokens, and tickets to be known. Start at
//! [`Issuer::issue`] and [`Opener::open`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountId};
use crate::authenticated::{Authenticated, How};
use crate::credential::CredentialId;
use crate::directory::Attributes;
use crate::place::{Channel, ConnectionId, Method, Zone};
use crate::ports::Unavailable;

/// How long a voucher may be opened; by as much two clocks may differ.
pub const LIFE: SignedDuration = SignedDuration::from_secs(30);
/// How long a session lasts at most.
pub const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(10);
/// So many vouchers are known to be opened at once; beyond that none is opened.
pub const MAX_OPENED: usize = 262_144;
/// The largest voucher: an account with all its addresses.
pub const MAX_VOUCHER: usize = 64 * 1024;
/// What is signed before the statement, so that a signature is nothing else's.
const CONTEXT: &[u8] = b"wicketgate voucher 1\0";
/// The length of a signature of Ed25519 (RFC 8032 5.1.6).
const SIGNATURE: usize = 64;

/// A gateway, by the SHA-256 of the certificate that it shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GatewayId([u8; 32]);

impl GatewayId {
    /// Of a certificate (DER).
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(sha_256(der))
    }

    /// From a fingerprint: 64 hexadecimal digits, with colons or without.
    #[must_use]
    pub fn of_fingerprint(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        let mut id = [0; 32];
        if digits.len() != 2 * id.len() {
            return None;
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for GatewayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The digest of an attempt as it was asked, the fresh bytes in it included: no two are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptDigest([u8; 32]);

impl AttemptDigest {
    /// Of the bytes that were sent.
    #[must_use]
    pub fn of(asked: &[u8]) -> Self {
        Self(sha_256(asked))
    }
}

/// For which attempt a voucher is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct For {
    /// The gateway that asked.
    pub gateway: GatewayId,
    /// The client's connection there.
    pub connection: ConnectionId,
    /// The attempt.
    pub attempt: AttemptDigest,
}

/// The public half of the key that signs vouchers (Ed25519).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoucherKey(pub [u8; 32]);

/// What an authentication server knows somebody by who signed in through a gateway: the voucher, once it was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Session(Arc<[u8]>);

impl Session {
    /// As it came over the wire.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) gateway: GatewayId,
    pub(crate) connection: ConnectionId,
    pub(crate) attempt: AttemptDigest,
    pub(crate) at: Timestamp,
    pub(crate) account: Account,
    pub(crate) methods: BTreeSet<Method>,
    pub(crate) second_factor: Option<Timestamp>,
    pub(crate) channel: Channel,
    pub(crate) bought: Channel,
    pub(crate) credential: CredentialId,
    pub(crate) token: Option<CredentialId>,
    pub(crate) zone: Zone,
    pub(crate) proved: Timestamp,
    pub(crate) ends: Option<Timestamp>,
    pub(crate) bounds: Option<Timestamp>,
    // INTEROP: gateways of before do not know it, and open what does not have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_of_its_connection: bool,
}

/// Why a voucher is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VoucherError {
    /// It is none.
    #[error("it is no voucher")]
    Malformed,
    /// It is not signed by our authentication server.
    #[error("it is not signed by the authentication server")]
    Signature,
    /// It is for another gateway.
    #[error("it is for another gateway")]
    AnotherGateway,
    /// It is for another connection of this gateway.
    #[error("it is for another connection")]
    AnotherConnection,
    /// It is for another attempt.
    #[error("it is for another attempt")]
    AnotherAttempt,
    /// It was signed too long ago, or by a clock that is ahead.
    #[error("it was signed at {at}, too far from now; compare the clocks of both machines")]
    OutOfTime {
        /// When, by the authentication server's clock.
        at: Timestamp,
    },
    /// It was opened already.
    #[error("it was opened already")]
    Opened,
    /// There is no room to know what was opened.
    #[error("too many were opened at once")]
    NoRoom,
}

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It is none, or not signed by us.
    #[error("it is no session of ours")]
    Unknown,
    /// It is another gateway's.
    #[error("it is another gateway's")]
    AnotherGateway,
    /// It has ended.
    #[error("it has ended")]
    Ended,
}

/// Whoever signs vouchers: the authentication server.
pub struct Issuer(Ed25519KeyPair);

impl Issuer {
    /// With the key of a seed that never leaves the authentication server.
    ///
    /// # Errors
    ///
    /// The seed makes no key.
    pub fn new(seed: &Secret<[u8; 32]>) -> Result<Self, KeyRejected> {
        Ed25519KeyPair::from_seed_unchecked(seed.expose()).map(Self)
    }

    /// The public half of the key.
    #[must_use]
    pub fn key(&self) -> VoucherKey {
        let key = self.0.public_key().as_ref().first_chunk();
        VoucherKey(key.copied().unwrap_or_default())
    }

    /// The voucher of somebody who passed.
    ///
    /// # Errors
    ///
    /// It cannot be written, or is too large to be opened.
    pub fn issue(
        &self,
        who: &Authenticated,
        whom: For,
        now: Timestamp,
    ) -> Result<Vec<u8>, Unavailable> {
        let unusable = |detail: String| Unavailable {
            what: "the voucher",
            detail,
        };
        let statement = Statement {
            gateway: whom.gateway,
            connection: whom.connection,
            attempt: whom.attempt,
            at: now,
            account: without_groups(who.account().clone()),
            methods: who.methods().iter().copied().collect(),
            second_factor: who.second_factor(),
            channel: who.channel(),
            bought: who.bought(),
            credential: who.credential().clone(),
            token: who.token().cloned(),
            zone: who.zone().clone(),
            proved: who.at(),
            ends: who.ends(),
            bounds: who.bound(),
            is_of_its_connection: who.is_of_its_connection(),
        };
        let mut voucher =
            serde_json::to_vec(&statement).map_err(|error| unusable(error.to_string()))?;
        let signature = self.0.try_sign(&[CONTEXT, &voucher].concat());
        let signature = signature.map_err(|error| unusable(error.to_string()))?;
        voucher.extend_from_slice(signature.as_ref());
        match voucher.len() {
            0..=MAX_VOUCHER => Ok(voucher),
            larger => Err(unusable(format!("{larger} bytes are too many"))),
        }
    }

    /// What a session that a gateway names was said of, while it lasts. Whether it still stands is for the
    /// store to say.
    pub(crate) fn session(
        &self,
        session: &Session,
        gateway: &GatewayId,
        now: Timestamp,
    ) -> Result<Statement, SessionError> {
        let statement = signed(session.as_bytes(), &self.key());
        let statement = statement.map_err(|_| SessionError::Unknown)?;
        if statement.gateway != *gateway {
            return Err(SessionError::AnotherGateway);
        }
        let age = now.duration_since(statement.at);
        let is_over = statement.ends.is_some_and(|ends| ends <= now);
        if age >= LONGEST_SESSION || age < -LIFE || is_over {
            return Err(SessionError::Ended);
        }
        Ok(statement)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuer").finish_non_exhaustive()
    }
}

/// Whoever opens vouchers: a gate, with the public half of the key.
pub struct Opener {
    key: VoucherKey,
    opened: Mutex<BTreeMap<AttemptDigest, Timestamp>>,
}

impl Opener {
    /// Nothing was opened yet.
    #[must_use]
    pub fn new(key: VoucherKey) -> Self {
        Self {
            key,
            opened: Mutex::default(),
        }
    }

    /// The key whose vouchers it opens.
    #[must_use]
    pub fn key(&self) -> VoucherKey {
        self.key
    }

    /// Opens a voucher, once.
    ///
    /// **Proves**, with the authentication server's word, what [`Authenticated`] says.
    ///
    /// # Errors
    ///
    /// It is not ours, not for this attempt, too old, or was opened already.
    pub fn open(
        &self,
        voucher: &[u8],
        wanted: &For,
        now: Timestamp,
    ) -> Result<Authenticated, VoucherError> {
        let statement = signed(voucher, &self.key)?;
        if statement.gateway != wanted.gateway {
            return Err(VoucherError::AnotherGateway);
        }
        if statement.connection != wanted.connection {
            return Err(VoucherError::AnotherConnection);
        }
        if statement.attempt != wanted.attempt {
            return Err(VoucherError::AnotherAttempt);
        }
        if now.duration_since(statement.at).abs() > LIFE {
            return Err(VoucherError::OutOfTime { at: statement.at });
        }
        self.once(wanted.attempt, now)?;
        let authenticated = statement.authenticated(now);
        Ok(authenticated.of_session(Session::new(voucher.to_vec())))
    }

    /// Sets down that an attempt's voucher is opened.
    fn once(&self, attempt: AttemptDigest, now: Timestamp) -> Result<(), VoucherError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.contains_key(&attempt) {
            return Err(VoucherError::Opened);
        }
        if opened.len() >= MAX_OPENED {
            // SECURITY: one is forgotten only when it is too old to be opened by any of the two clocks.
            let is_young = |at: &Timestamp| now.duration_since(*at) <= LIFE + LIFE;
            opened.retain(|_, at| is_young(at));
        }
        if opened.len() >= MAX_OPENED {
            return Err(VoucherError::NoRoom);
        }
        opened.insert(attempt, now);
        Ok(())
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Statement {
    /// Whoever it is about, at most for as long as a session lasts.
    pub(crate) fn authenticated(self, now: Timestamp) -> Authenticated {
        let longest = self.at.checked_add(LONGEST_SESSION).unwrap_or(self.at);
        let how = How {
            methods: self.methods,
            second_factor: self.second_factor,
            channel: self.channel,
            bought: self.bought,
            credential: self.credential,
            token: self.token,
            zone: self.zone,
            // By the clock of whoever asks later how long ago it was.
            at: self.proved.min(now),
            ends: Some(self.ends.map_or(longest, |ends| ends.min(longest))),
            bounds: self.bounds,
            is_of_its_connection: self.is_of_its_connection,
        };
        Authenticated::new(self.account, how)
    }

    /// Whose it is.
    pub(crate) fn account_id(&self) -> &AccountId {
        &self.account.id
    }
}

/// The statement of a voucher that this key signed.
fn signed(voucher: &[u8], VoucherKey(key): &VoucherKey) -> Result<Statement, VoucherError> {
    if voucher.len() > MAX_VOUCHER {
        return Err(VoucherError::Malformed);
    }
    let (statement, signature) = voucher
        .split_last_chunk::<SIGNATURE>()
        .ok_or(VoucherError::Malformed)?;
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&[CONTEXT, statement].concat(), signature)
        .map_err(|_| VoucherError::Signature)?;
    serde_json::from_slice(statement).map_err(|_| VoucherError::Malformed)
}

/// A gate asks nothing of groups, of which there may be a thousand, nor of what rules ask for.
fn without_groups(mut account: Account) -> Account {
    if let Some(directory) = &mut account.directory {
        directory.groups = Vec::new();
        directory.attributes = Attributes::default();
    }
    account
}

fn sha_256(bytes: &[u8]) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
