//! The head of the audit trail: HMAC-SHA-256 under a key that is derived for nothing else.
//!
//! SECURITY: the chain alone is no secret, so whoever can write to the file could cut it or compute
//! it anew; the head says where it ends, and what the sets of rows are that are sealed as a whole ([`crate::sets`]), and
//! cannot be written without the key file. An older head
//! together with the older trail is as good as ever: only a head that was noted elsewhere shows it.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;

use super::KeyFile;
use crate::chain::Head;

/// What the key is derived for.
const LABEL: &[u8] = b"wicketgate audit head 1";

/// A head as it is stored.
pub(crate) struct SealedHead {
    /// Where the trail ends.
    pub(crate) head: Head,
    /// The id of the key that sealed it.
    pub(crate) key: String,
    /// The MAC over number, hash and sets.
    pub(crate) mac: Vec<u8>,
}

impl KeyFile {
    /// Seals a head under the current key.
    pub(crate) fn seal_head(&self, head: Head) -> SealedHead {
        let (id, key) = self.current_for_heads();
        SealedHead {
            head,
            key: id.to_owned(),
            mac: hmac::sign(key, &message(head)).as_ref().to_vec(),
        }
    }

    /// Whether a head was sealed by a holder of these keys.
    pub(crate) fn has_sealed(&self, sealed: &SealedHead) -> bool {
        self.for_heads(&sealed.key)
            .is_some_and(|key| hmac::verify(key, &message(sealed.head), &sealed.mac).is_ok())
    }
}

/// Derives the key of heads from a key of the key file.
pub(super) fn derived(key: &[u8]) -> Result<hmac::Key, Unspecified> {
    let secret = Salt::new(HKDF_SHA256, &[]).extract(key);
    Ok(hmac::Key::from(secret.expand(&[LABEL], hmac::HMAC_SHA256)?))
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
