//! NTLM exchanges that gates have sent: each is good once, and only while its challenge is young.
//!
//! The gate makes the challenge, and whoever owns the gate could bring an exchange that they kept. The challenge
//! carries its time, which the client's proof protects. Start at [`Exchanges::take`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use proto::ntlm::Response;

/// How old a challenge may be: the half minute in which it may be answered, and by as much the clocks may differ.
pub const YOUNG: SignedDuration = SignedDuration::from_secs(60);
/// How far it may be ahead, where the gate's clock is.
const AHEAD: SignedDuration = SignedDuration::from_secs(30);
/// So many exchanges are known at once; beyond that none is taken.
pub const MAX_EXCHANGES: usize = 262_144;

/// What came already.
#[derive(Debug)]
pub(super) struct Exchanges {
    since: Timestamp,
    known: Mutex<BTreeMap<[u8; 32], Timestamp>>,
}

impl Exchanges {
    /// Knows of none, and so takes none whose challenge is from before.
    pub(super) fn since(began: Timestamp) -> Self {
        Self {
            since: began,
            known: Mutex::default(),
        }
    }

    /// Whether an exchange may be judged: it never is again.
    ///
    /// SECURITY: it is set down before any hash is tried, whether it is right or not.
    pub(super) fn take(&self, response: &Response, now: Timestamp) -> bool {
        let Some(made) = response.challenged_at() else {
            return false;
        };
        let Ok(made) = Timestamp::from_microsecond(made.to_unix_micros()) else {
            return false;
        };
        let age = now.duration_since(made);
        if made < self.since || age > YOUNG || age < -AHEAD {
            return false;
        }
        let hash = digest::digest(&digest::SHA256, &response.known_by());
        let hash: [u8; 32] = hash.as_ref().first_chunk().copied().unwrap_or_default();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains_key(&hash) {
            return false;
        }
        if known.len() >= MAX_EXCHANGES {
            known.retain(|_, made| now.duration_since(*made) <= YOUNG);
        }
        if known.len() >= MAX_EXCHANGES {
            return false;
        }
        known.insert(hash, made);
        true
    }
}
