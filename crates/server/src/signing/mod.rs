//! The keys that tokens are signed with, in memory: opened when they change, and rolled by themselves.
//!
//! A private half stays here and in the store; what asks for a signature gets octets signed and nothing else. Start at
//! [`Signer`].

mod made;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use authn::audit::{Actor, ByHand};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use sts::admin::keys::{self, Due, KeyError};
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing};
use sts::ports::{KeptKeys, Keys, SigningKeys, ToSign, Unavailable};
use tokio::time::{Instant, sleep};

use crate::clock;
pub(crate) use made::make;

/// How often it is looked whether the keys changed, on whichever node.
const LOOKED_AT: Duration = Duration::from_secs(2);
/// For how long keys are believed that nobody could look at.
const BELIEVED: Duration = Duration::from_secs(60);

/// Whoever signs.
pub(crate) struct Signer<K> {
    kept: K,
    opened: RwLock<Option<(Instant, Arc<Opened>)>>,
}

/// The keys of one moment.
struct Opened {
    revision: i64,
    ring: KeyRing,
    primary: Private,
}

enum Private {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl<K: SigningKeys> Signer<K> {
    /// Signs with what is kept.
    pub(crate) fn new(kept: K) -> Self {
        Self {
            kept,
            opened: RwLock::new(None),
        }
    }

    /// Keeps the keys in step with what is kept, and rolls them when it is time, for as long as anybody polls it.
    pub(crate) async fn follow(&self) {
        let mut complained = None;
        loop {
            let looked = self.look().await;
            let complaint = looked.err().map(|error| error.to_string());
            if complaint != complained
                && let Some(complaint) = &complaint
            {
                tracing::error!("the keys of the token service cannot be read: {complaint}");
            }
            complained = complaint;
            sleep(LOOKED_AT).await;
        }
    }

    /// Looks whether the keys changed, and does what is due.
    pub(crate) async fn look(&self) -> Result<(), Unavailable> {
        let known = self.opened(Instant::now()).ok();
        let revision = self.kept.keys_revision().await?;
        let ring = match known.filter(|it| it.revision == revision) {
            Some(known) => {
                let ring = known.ring.clone();
                self.believe(known);
                Some(ring)
            }
            None => self.read().await?,
        };
        let Some(due) = keys::due(ring.as_ref(), clock::now()) else {
            return Ok(());
        };
        self.roll(due).await?;
        self.read().await.map(drop)
    }

    async fn read(&self) -> Result<Option<KeyRing>, Unavailable> {
        let Some(opened) = Opened::of(&self.kept.kept_keys().await?)? else {
            return Ok(None);
        };
        let ring = opened.ring.clone();
        self.believe(Arc::new(opened));
        Ok(Some(ring))
    }

    async fn roll(&self, due: Due) -> Result<(), Unavailable> {
        let by = ByHand {
            at: clock::now(),
            actor: Actor::named("wicketgate"),
            origin: None,
        };
        let rolled = match due {
            Due::First => self.add(KeyAlgorithm::default(), &by).await,
            Due::Next(algorithm) => self.add(algorithm, &by).await,
            Due::Promotion(_) => keys::promote(&self.kept, &by).await,
        };
        match rolled {
            Ok(key) => {
                tracing::info!(key.id = %key.id.0, key.state = ?key.state, "a signing key was rolled");
                Ok(())
            }
            // Another node was first.
            Err(KeyError::Overtaken | KeyError::NextAlready { .. } | KeyError::NoNext) => Ok(()),
            Err(KeyError::Unavailable(error)) => Err(error),
        }
    }

    async fn add(
        &self,
        algorithm: KeyAlgorithm,
        by: &ByHand,
    ) -> Result<sts::key_ring::TokenSigningCertificate, KeyError> {
        let at = by.at;
        let made = tokio::task::spawn_blocking(move || make(algorithm, at)).await;
        let made = made.map_err(|error| unavailable(error.to_string()));
        keys::add(&self.kept, made.flatten()?, by).await
    }

    fn believe(&self, opened: Arc<Opened>) {
        let mut known = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), opened));
    }

    fn opened(&self, now: Instant) -> Result<Arc<Opened>, Unavailable> {
        let known = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref();
        let fresh = known.filter(|(at, _)| now.duration_since(*at) < BELIEVED);
        let opened = fresh.map(|(_, opened)| Arc::clone(opened));
        opened.ok_or_else(|| unavailable("they were not read, or too long ago".to_owned()))
    }
}

#[async_trait]
impl<K: SigningKeys> Keys for Signer<K> {
    async fn ring(&self) -> Result<KeyRing, Unavailable> {
        Ok(self.opened(Instant::now())?.ring.clone())
    }

    async fn sign(
        &self,
        key: &KeyId,
        _what: ToSign<'_>,
        octets: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        self.opened(Instant::now())?.sign(key, octets)
    }
}

impl Opened {
    fn of(kept: &KeptKeys) -> Result<Option<Self>, Unavailable> {
        let Some(ring) = kept.ring() else {
            return Ok(None);
        };
        let mut keys = kept.keys.iter();
        let primary = keys.find(|(key, _)| key.id == ring.primary.id);
        let private = primary.and_then(|(_, private)| private.as_ref());
        let private =
            private.ok_or_else(|| unavailable("the primary has no private half".to_owned()))?;
        let primary = Private::of(ring.primary.algorithm, private.expose())?;
        Ok(Some(Self {
            revision: kept.revision,
            ring,
            primary,
        }))
    }

    fn sign(&self, key: &KeyId, octets: &[u8]) -> Result<Vec<u8>, Unavailable> {
        // SECURITY: only the primary signs, so that a key that was retired, or is only shown, never does.
        if self.ring.primary.id != *key {
            return Err(unavailable(format!("the key `{}` does not sign", key.0)));
        }
        self.primary.sign(octets)
    }
}

impl Private {
    fn of(algorithm: KeyAlgorithm, pkcs8: &[u8]) -> Result<Self, Unavailable> {
        let rejected = |error: aws_lc_rs::error::KeyRejected| unavailable(error.to_string());
        Ok(match algorithm {
            KeyAlgorithm::Rsa2048 => {
                Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(pkcs8).map_err(rejected)?))
            }
            KeyAlgorithm::P256 => {
                let read = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                Self::P256(Box::new(read.map_err(rejected)?))
            }
        })
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Unavailable> {
        let random = SystemRandom::new();
        let failed = |_| unavailable("the key does not work".to_owned());
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature);
                signed.map_err(failed)?;
                Ok(signature)
            }
            Self::P256(key) => {
                let signature = key.sign(&random, octets).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

fn unavailable(detail: String) -> Unavailable {
    Unavailable {
        what: "a key of the token service",
        detail,
    }
}

#[cfg(test)]
mod tests;
