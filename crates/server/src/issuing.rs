//! Trusts and signing keys at hand for every request: read from the store when they change, and not before.
//!
//! The store is asked for the number of the last change alone. INVARIANT: a private key leaves nothing but signatures, and is
//! wiped with whatever holds it. Start at [`TrustsAtHand`] and [`KeysAtHand`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing};
use sts::ports::{KeptTrusts, Keys, SigningKeys, ToSign, Trusts, Unavailable};
use sts::trust::TrustBook;

/// The trusts of the store.
pub(crate) struct TrustsAtHand {
    kept: Arc<dyn KeptTrusts>,
    book: Mutex<Option<Arc<TrustBook>>>,
}

impl TrustsAtHand {
    /// Nothing is read yet.
    pub(crate) fn new(kept: Arc<dyn KeptTrusts>) -> Self {
        Self {
            kept,
            book: Mutex::default(),
        }
    }

    fn at_hand(&self) -> Option<Arc<TrustBook>> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.clone()
    }
}

#[async_trait]
impl Trusts for TrustsAtHand {
    async fn current(&self) -> Result<Arc<TrustBook>, Unavailable> {
        let revision = self.kept.revision().await?;
        if let Some(book) = self.at_hand().filter(|it| it.revision() == revision) {
            return Ok(book);
        }
        let kept = self.kept.kept().await?;
        let (book, unread) = TrustBook::of_kept(&kept);
        for error in unread {
            tracing::error!("a trust cannot be read, and is not there: {error}");
        }
        let book = Arc::new(book);
        let mut at_hand = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        *at_hand = Some(Arc::clone(&book));
        Ok(book)
    }
}

/// The keys of the store.
pub(crate) struct KeysAtHand {
    kept: Arc<dyn SigningKeys>,
    keys: Mutex<Option<Arc<AtHand>>>,
}

struct AtHand {
    revision: i64,
    ring: Option<KeyRing>,
    pairs: BTreeMap<KeyId, Pair>,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl KeysAtHand {
    /// Nothing is read yet.
    pub(crate) fn new(kept: Arc<dyn SigningKeys>) -> Self {
        Self {
            kept,
            keys: Mutex::default(),
        }
    }

    async fn current(&self) -> Result<Arc<AtHand>, Unavailable> {
        let revision = self.kept.keys_revision().await?;
        let at_hand = {
            let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.clone()
        };
        if let Some(keys) = at_hand.filter(|it| it.revision == revision) {
            return Ok(keys);
        }
        let kept = self.kept.kept_keys().await?;
        let mut pairs = BTreeMap::new();
        for (key, private) in &kept.keys {
            let Some(private) = private else { continue };
            pairs.insert(key.id.clone(), pair(key.algorithm, private.expose())?);
        }
        let keys = Arc::new(AtHand {
            revision: kept.revision,
            ring: kept.ring(),
            pairs,
        });
        let mut at_hand = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *at_hand = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

#[async_trait]
impl Keys for KeysAtHand {
    async fn ring(&self) -> Result<KeyRing, Unavailable> {
        let ring = self.current().await?.ring.clone();
        ring.ok_or_else(|| unavailable("no key signs yet"))
    }

    async fn sign(
        &self,
        key: &KeyId,
        _: ToSign<'_>,
        octets: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        let keys = self.current().await?;
        let pair = keys.pairs.get(key);
        let pair = pair.ok_or_else(|| unavailable("the key signs no more"))?;
        pair.sign(octets)
            .ok_or_else(|| unavailable("the key does not sign"))
    }
}

impl Pair {
    fn sign(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, octets, &mut signature);
                signed.ok()?;
                Some(signature)
            }
            Self::P256(pair) => {
                let signature = pair.sign(&random, octets).ok()?;
                Some(signature.as_ref().to_vec())
            }
        }
    }
}

fn pair(algorithm: KeyAlgorithm, private: &[u8]) -> Result<Pair, Unavailable> {
    let read = match algorithm {
        KeyAlgorithm::Rsa2048 => RsaKeyPair::from_pkcs8(private).ok().map(Pair::Rsa),
        KeyAlgorithm::P256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private);
            pair.ok().map(Pair::P256)
        }
    };
    read.ok_or_else(|| unavailable("a private key cannot be read"))
}

fn unavailable(detail: &str) -> Unavailable {
    Unavailable {
        what: "the signing key",
        detail: detail.to_owned(),
    }
}
