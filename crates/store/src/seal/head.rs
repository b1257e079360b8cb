//! The ends of the audit trail: HMAC-SHA-256 under keys that are derived for nothing else.
//!
//! SECURITY: the chain alone is no secret, so whoever can write to the file could cut it or compute
//! it anew; the head says where it ends, and what the sets of rows are that are sealed as a whole ([`crate::sets`]), and
//! cannot be written without the key file. An older head
//! together with the older trail is as good as ever: only a head that was noted elsewhere shows it.
//! Where the trail begins has a key of its own: an old head put in its place would hide all that was before it.

use authn::audit::export::{Place, Seal};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;

use super::KeyFile;
use crate::chain::{BrokenTrail, Head};

/// What the key of heads is derived for.
const HEADS: &[u8] = b"wicketgate audit head 1";
/// What the key of beginnings is derived for.
const BEGINNINGS: &[u8] = b"wicketgate audit beginning 1";
/// What the key of followers' places is derived for.
const PLACES: &[u8] = b"wicketgate audit place 1";
/// What the key of exports is derived for.
const EXPORTS: &[u8] = b"wicketgate audit export 1";

/// An end of the trail as it is stored.
pub(crate) struct SealedHead {
    /// The last event, or the last that was removed.
    pub(crate) head: Head,
    /// The id of the key that sealed it.
    pub(crate) key: String,
    /// The MAC over number, hash and sets.
    pub(crate) mac: Vec<u8>,
}

/// What seals the ends of the trail.
pub(super) struct TrailKeys {
    heads: hmac::Key,
    beginnings: hmac::Key,
    places: hmac::Key,
    exports: hmac::Key,
}

impl TrailKeys {
    /// Derives them from a key of the key file.
    pub(super) fn derived(key: &[u8]) -> Result<Self, Unspecified> {
        let secret = Salt::new(HKDF_SHA256, &[]).extract(key);
        let of = |label: &[u8]| {
            let info = [label];
            let key = secret.expand(&info, hmac::HMAC_SHA256)?;
            Ok::<_, Unspecified>(hmac::Key::from(key))
        };
        Ok(Self {
            heads: of(HEADS)?,
            beginnings: of(BEGINNINGS)?,
            places: of(PLACES)?,
            exports: of(EXPORTS)?,
        })
    }
}

impl KeyFile {
    /// Seals a head under the current key.
    pub(crate) fn seal_head(&self, head: Head) -> SealedHead {
        let key = self.current();
        sealed((&key.id, &key.trails.heads), head)
    }

    /// What is said where the key is not here that is named as the one that sealed an end of the trail.
    pub(crate) fn unread(&self, sealed: &SealedHead) -> Option<BrokenTrail> {
        match self.has(&sealed.key) {
            true => None,
            // It may be anything: somebody else may have written it.
            false => Some(BrokenTrail::KeyNotRead {
                key: sealed
                    .key
                    .chars()
                    .take(64)
                    .flat_map(char::escape_default)
                    .collect(),
            }),
        }
    }

    /// Whether a head was sealed by a holder of these keys.
    pub(crate) fn has_sealed(&self, sealed: &SealedHead) -> bool {
        let key = self.by_id(&sealed.key);
        key.is_some_and(|key| verifies(&key.trails.heads, sealed))
    }

    /// Seals where the trail begins under the current key: behind this event.
    pub(crate) fn seal_beginning(&self, removed: Head) -> SealedHead {
        let key = self.current();
        sealed((&key.id, &key.trails.beginnings), removed)
    }

    /// Whether where the trail begins was sealed by a holder of these keys.
    pub(crate) fn has_sealed_beginning(&self, sealed: &SealedHead) -> bool {
        let key = self.by_id(&sealed.key);
        key.is_some_and(|key| verifies(&key.trails.beginnings, sealed))
    }

    /// Seals up to which event a follower has the trail, under the current key.
    pub(crate) fn seal_place(&self, follower: &str, reached: Head) -> SealedHead {
        let key = self.current();
        SealedHead {
            head: reached,
            key: key.id.clone(),
            mac: hmac::sign(&key.trails.places, &of_place(follower, reached))
                .as_ref()
                .to_vec(),
        }
    }

    /// Whether a follower's place was sealed by a holder of these keys, for that follower.
    pub(crate) fn has_sealed_place(&self, follower: &str, sealed: &SealedHead) -> bool {
        let message = of_place(follower, sealed.head);
        let key = self.by_id(&sealed.key);
        key.is_some_and(|key| hmac::verify(&key.trails.places, &message, &sealed.mac).is_ok())
    }

    /// Seals a part of the trail that is exported.
    #[must_use]
    pub fn seal_export(&self, after: &Place, end: &Place) -> Seal {
        let key = self.current();
        Seal {
            key: key.id.clone(),
            mac: crate::hex(hmac::sign(&key.trails.exports, &of_export(after, end)).as_ref()),
        }
    }

    /// Whether a part of the trail was exported by a holder of these keys; nothing where the key is not among them.
    #[must_use]
    pub fn has_exported(&self, after: &Place, end: &Place, seal: &Seal) -> Option<bool> {
        let key = self.by_id(&seal.key)?;
        let mac = unhex(&seal.mac).unwrap_or_default();
        Some(hmac::verify(&key.trails.exports, &of_export(after, end), &mac).is_ok())
    }
}

fn sealed((id, key): (&str, &hmac::Key), head: Head) -> SealedHead {
    SealedHead {
        head,
        key: id.to_owned(),
        mac: hmac::sign(key, &message(head)).as_ref().to_vec(),
    }
}

fn verifies(key: &hmac::Key, sealed: &SealedHead) -> bool {
    hmac::verify(key, &message(sealed.head), &sealed.mac).is_ok()
}

/// What is sealed; a head without sets, as it was before there were any, is as it was.
fn message(head: Head) -> Vec<u8> {
    let mut message = [&head.number.to_be_bytes()[..], &head.hash[..]].concat();
    if let Some(sets) = head.sets {
        for set in [sets.trusts, sets.signing_keys] {
            message.extend_from_slice(&set.revision.to_be_bytes());
            message.extend_from_slice(&set.digest);
        }
    }
    message
}

fn of_place(follower: &str, reached: Head) -> Vec<u8> {
    [&message(reached)[..], follower.as_bytes()].concat()
}

fn of_export(after: &Place, end: &Place) -> Vec<u8> {
    let place = |it: &Place| [&it.number.to_be_bytes()[..], &it.hash[..]].concat();
    [place(after), place(end)].concat()
}

/// Bytes of hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}
