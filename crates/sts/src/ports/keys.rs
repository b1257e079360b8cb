//! The ports of signing keys: as a token needs them, public halves and a signature, and as they are kept and changed.

use async_trait::async_trait;
use authn::audit::Event;
use jiff::Timestamp;
use proto::secret::Secret;

use super::Unavailable;
use crate::key_ring::{KeyId, KeyRing, KeyState, TokenSigningCertificate};
use crate::metadata::OwnMetadata;
use crate::pipeline::IssuedClaims;
use crate::token::saml_2::NoToken;

/// The keys that tokens are signed with. Private halves never come out.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The public halves. Where no key was made yet, nothing can be issued, and this is unavailable.
    async fn ring(&self) -> Result<KeyRing, Unavailable>;
    /// Signs octets with the private half of a key of the ring, by the algorithm of the key.
    async fn sign(
        &self,
        key: &KeyId,
        what: ToSign<'_>,
        octets: &[u8],
    ) -> Result<Vec<u8>, Unavailable>;
}

/// What octets are of that are signed.
///
/// INVARIANT: each holds what only this room makes, so that nothing is signed but what came out of the pipeline, says that
/// nothing did, or says what we are.
#[derive(Clone, Copy, Debug)]
pub enum ToSign<'a> {
    /// A token with claims that the rules of a relying party issued.
    Token(&'a IssuedClaims),
    /// An answer without a token.
    NoToken(&'a NoToken),
    /// Our own metadata.
    Metadata(&'a OwnMetadata),
}

/// The keys, as they are kept: private halves sealed.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// The number of the last change; it grows with every one.
    async fn keys_revision(&self) -> Result<i64, Unavailable>;
    /// All keys of one moment; the private halves only where they may still sign.
    async fn kept_keys(&self) -> Result<KeptKeys, Unavailable>;
    /// Adds a key by one conditional statement, with the event: as primary only where there is none, as next only where
    /// there is a primary and no next.
    async fn add_key(
        &self,
        key: &TokenSigningCertificate,
        private: &Secret<Vec<u8>>,
        event: Event,
    ) -> Result<KeysChanged, Unavailable>;
    /// Makes the next key the primary by one conditional statement, and retires the primary, whose private half is gone, with
    /// the event.
    async fn promote_key(
        &self,
        next: &KeyId,
        at: Timestamp,
        event: Event,
    ) -> Result<KeysChanged, Unavailable>;
    /// Gives the next key up by one conditional statement, with the event.
    async fn give_up_key(&self, next: &KeyId, event: Event) -> Result<KeysChanged, Unavailable>;
}

/// Whether a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysChanged {
    /// It was.
    Done,
    /// The keys are not what they were: somebody else was first.
    Overtaken,
}

/// What is kept, of one moment.
#[derive(Debug, Default)]
pub struct KeptKeys {
    /// The number of the last change.
    pub revision: i64,
    /// Each with its private half (PKCS #8), where it may still sign; by the time when it was made.
    pub keys: Vec<(TokenSigningCertificate, Option<Secret<Vec<u8>>>)>,
}

impl KeptKeys {
    /// The public halves; nothing where there is no primary.
    #[must_use]
    pub fn ring(&self) -> Option<KeyRing> {
        let of = |is: fn(&KeyState) -> bool| {
            let mut keys = self.keys.iter().map(|(key, _)| key);
            keys.find(|key| is(&key.state)).cloned()
        };
        let is_retired =
            |key: &&TokenSigningCertificate| matches!(key.state, KeyState::Retired { .. });
        let keys = self.keys.iter().map(|(key, _)| key);
        Some(KeyRing {
            primary: of(|it| matches!(it, KeyState::Primary { .. }))?,
            next: of(|it| matches!(it, KeyState::Next { .. })),
            retired: keys.filter(is_retired).cloned().collect(),
        })
    }
}
