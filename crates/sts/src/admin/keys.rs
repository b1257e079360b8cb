//! What an administrator, or time, does with the keys that tokens are signed with.
//!
//! A new key is shown to partners for [`SHOWN_BEFORE`] and then promoted by whoever looks first; only an urgent one signs at
//! once. Making a key is a door's; this decides which it becomes. Start at [`add`] and [`due`].

use std::collections::BTreeSet;

use authn::audit::{ByHand, Event, KeyAct, Kind};
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use thiserror::Error;

use crate::key_ring::{KeyAlgorithm, KeyId, KeyRing, KeyState, TokenSigningCertificate};
use crate::ports::{
    KeptKeys, KeysChanged, MetadataReader, MetadataReading, SigningKeys, Unavailable,
};
use crate::trust::Certificate;

/// How long partners see a key before it signs; AD FS gives them five days.
pub const SHOWN_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a certificate of ours is good.
pub const CERTIFICATE_GOOD_FOR: SignedDuration = SignedDuration::from_hours(3 * 365 * 24);

/// How long before the end of a certificate the next key is made by itself: long enough for it to be shown in full.
pub const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(60 * 24);

/// A key that a door made.
#[derive(Debug)]
pub struct NewKey {
    /// Its id.
    pub id: KeyId,
    /// What it is.
    pub algorithm: KeyAlgorithm,
    /// Its certificate.
    pub certificate: Certificate,
    /// Its private half, as PKCS #8.
    pub private: Secret<Vec<u8>>,
}

/// Why something is not done with a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A key is next already.
    #[error("the key `{}` is next already, and signs from {promotes_at} on", id.0)]
    NextAlready {
        /// Which.
        id: KeyId,
        /// When it will sign.
        promotes_at: Timestamp,
    },
    /// No key is next.
    #[error("no key is next; make one first")]
    NoNext,
    /// Somebody else changed the keys meanwhile.
    #[error("somebody else changed the keys meanwhile; nothing was done")]
    Overtaken,
    /// The store is unavailable.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What is done by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// A first key is to be made.
    First,
    /// A next key is to be made, like the primary.
    Next(KeyAlgorithm),
    /// The next key is to be promoted.
    Promotion(KeyId),
}

/// What is due by itself at a time, where anything is.
#[must_use]
pub fn due(ring: Option<&KeyRing>, now: Timestamp) -> Option<Due> {
    let Some(ring) = ring else {
        return Some(Due::First);
    };
    match &ring.next {
        Some(next) => {
            let promotes_at = promotes_at(next)?;
            (promotes_at <= now).then(|| Due::Promotion(next.id.clone()))
        }
        None => {
            let ends = ring.primary.certificate.not_after();
            let renewed = ends.checked_sub(RENEWED_BEFORE).unwrap_or(Timestamp::MIN);
            (renewed <= now).then_some(Due::Next(ring.primary.algorithm))
        }
    }
}

/// Adds a key: it signs at once where there is none, and is next otherwise.
///
/// # Errors
///
/// One is next already, somebody was first, or the store is unavailable.
pub async fn add(
    keys: &impl SigningKeys,
    new: NewKey,
    by: &ByHand,
) -> Result<TokenSigningCertificate, KeyError> {
    let state = match keys.kept_keys().await?.ring() {
        None => KeyState::Primary { since: by.at },
        Some(ring) => {
            refuse_a_second(&ring)?;
            let shown = by.at.checked_add(SHOWN_BEFORE);
            KeyState::Next {
                promotes_at: shown.unwrap_or(Timestamp::MAX),
            }
        }
    };
    let key = TokenSigningCertificate {
        id: new.id,
        algorithm: new.algorithm,
        certificate: new.certificate,
        made: by.at,
        state,
    };
    let event = event(&key, KeyAct::Made, by);
    let added = keys.add_key(&key, &new.private, event).await?;
    done(added).map(|()| key)
}

/// Promotes the next key, whether its time has come or not.
///
/// # Errors
///
/// No key is next, somebody was first, or the store is unavailable.
pub async fn promote(
    keys: &impl SigningKeys,
    by: &ByHand,
) -> Result<TokenSigningCertificate, KeyError> {
    let next = next(&keys.kept_keys().await?)?;
    let event = event(&next, KeyAct::Promoted, by);
    done(keys.promote_key(&next.id, by.at, event).await?)?;
    let state = KeyState::Primary { since: by.at };
    Ok(TokenSigningCertificate { state, ..next })
}

/// Gives the next key up.
///
/// # Errors
///
/// No key is next, somebody was first, or the store is unavailable.
pub async fn give_up(
    keys: &impl SigningKeys,
    by: &ByHand,
) -> Result<TokenSigningCertificate, KeyError> {
    let next = next(&keys.kept_keys().await?)?;
    let event = event(&next, KeyAct::GivenUp, by);
    done(keys.give_up_key(&next.id, event).await?).map(|()| next)
}

/// Who fetched metadata with the key that signs, and none since with the one that is next: whoever has not seen that refuses
/// our tokens from its promotion on, until they fetch it again. Nobody where no key is next.
#[must_use]
pub fn behind(ring: &KeyRing, readings: &[MetadataReading]) -> Vec<MetadataReading> {
    let Some(next) = &ring.next else {
        return Vec::new();
    };
    let saw_next: BTreeSet<&MetadataReader> = readings
        .iter()
        .filter(|it| it.key == next.id)
        .map(|it| &it.reader)
        .collect();
    let of_primary = readings.iter().filter(|it| it.key == ring.primary.id);
    let behind = of_primary.filter(|it| !saw_next.contains(&it.reader));
    behind.cloned().collect()
}

fn next(kept: &KeptKeys) -> Result<TokenSigningCertificate, KeyError> {
    kept.ring().and_then(|it| it.next).ok_or(KeyError::NoNext)
}

fn refuse_a_second(ring: &KeyRing) -> Result<(), KeyError> {
    match &ring.next {
        Some(next) => Err(KeyError::NextAlready {
            id: next.id.clone(),
            promotes_at: promotes_at(next).unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

fn promotes_at(key: &TokenSigningCertificate) -> Option<Timestamp> {
    match key.state {
        KeyState::Next { promotes_at } => Some(promotes_at),
        KeyState::Primary { .. } | KeyState::Retired { .. } => None,
    }
}

fn done(changed: KeysChanged) -> Result<(), KeyError> {
    match changed {
        KeysChanged::Done => Ok(()),
        KeysChanged::Overtaken => Err(KeyError::Overtaken),
    }
}

fn event(key: &TokenSigningCertificate, act: KeyAct, by: &ByHand) -> Event {
    let kind = Kind::SigningKey {
        key: key.id.0.clone(),
        thumbprint: key.certificate.thumbprint().to_owned(),
        act,
    };
    Event::by_hand(by, kind, None)
}
