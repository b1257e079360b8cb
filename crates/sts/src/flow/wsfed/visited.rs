//! Which parties a browser was sent to, and which claims providers it came from, kept by the browser itself: who is told when it
//! signs out, where else it signs out, and whether a party sends it back again and again (AD FS's MSISSignout and
//! MSISLoopDetectionCookie).
//!
//! It holds nothing secret and is not believed: whoever forges it is signed out elsewhere, or goes round once more. Start at
//! [`Visited::note`].

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::trust::Identifier;

/// Most parties and claims providers that are kept; the first are forgotten.
pub const MAX_PARTIES: usize = 64;
/// How many tokens for one party within [`WITHIN`] are no loop yet.
const MAX_TOKENS: u32 = 5;
/// The time in which they are counted.
const WITHIN: SignedDuration = SignedDuration::from_secs(20);
/// How many digits a party is known by.
const DIGITS: usize = 16;

/// The parties, the last behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visited(Vec<Party>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    digest: String,
    count: u32,
    since: i64,
}

/// A party sends the browser back again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "MSIS7042: the same browser had more than {MAX_TOKENS} tokens for this party in the last {} seconds",
    WITHIN.as_secs()
)]
pub struct Loop;

impl Visited {
    /// Reads what a browser kept; what is not of its form is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let parts = text.split('.').take(MAX_PARTIES);
        Self(parts.filter_map(Party::parse).collect())
    }

    /// Notes that a token goes to a party.
    ///
    /// # Errors
    ///
    /// There were too many of late: none goes there.
    pub fn note(&mut self, party: &Identifier, now: Timestamp) -> Result<(), Loop> {
        match self.counted(digest_of(party), now) > MAX_TOKENS {
            true => Err(Loop),
            false => Ok(()),
        }
    }

    /// Notes that somebody came from a claims provider.
    pub fn note_provider(&mut self, provider: &Identifier, now: Timestamp) {
        self.counted(digest_of_provider(provider), now);
    }

    /// Whether a party is among them.
    #[must_use]
    pub fn holds(&self, party: &Identifier) -> bool {
        let digest = digest_of(party);
        self.0.iter().any(|it| it.digest == digest)
    }

    /// Whether a claims provider is among them, as one that somebody came from.
    #[must_use]
    pub fn holds_provider(&self, provider: &Identifier) -> bool {
        let digest = digest_of_provider(provider);
        self.0.iter().any(|it| it.digest == digest)
    }

    /// Puts one last, and says how often it was there of late.
    fn counted(&mut self, digest: String, now: Timestamp) -> u32 {
        let now = now.as_second();
        let place = self.0.iter().position(|it| it.digest == digest);
        let before = place.map(|place| self.0.remove(place));
        let recent = before.filter(|it| {
            let age = now.saturating_sub(it.since);
            (0..WITHIN.as_secs()).contains(&age)
        });
        let (count, since) = recent.map_or((0, now), |it| (it.count, it.since));
        let count = count.saturating_add(1);
        self.0.push(Party {
            digest,
            count,
            since,
        });
        if self.0.len() > MAX_PARTIES {
            self.0.remove(0);
        }
        count
    }
}

impl Party {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (digest, count, since) = (parts.next()?, parts.next()?, parts.next()?);
        let is_digest = digest.len() == DIGITS && digest.bytes().all(|it| it.is_ascii_hexdigit());
        Some(Self {
            digest: is_digest.then(|| digest.to_owned())?,
            count: count.parse().ok()?,
            since: since.parse().ok()?,
        })
    }
}

impl fmt::Display for Visited {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, party) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { "." };
            let Party {
                digest,
                count,
                since,
            } = party;
            write!(out, "{gap}{digest}-{count}-{since}")?;
        }
        Ok(())
    }
}

fn digest_of(party: &Identifier) -> String {
    digits_of(party.as_str())
}

/// Never that of a party: one identifier may be both, and no identifier has such a byte in it.
fn digest_of_provider(provider: &Identifier) -> String {
    digits_of(&format!("provider\0{provider}"))
}

fn digits_of(text: &str) -> String {
    let made = digest(&SHA256, text.as_bytes());
    let bytes = made.as_ref().iter().take(DIGITS / 2);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn party(name: &str) -> Identifier {
        Identifier::parse(name).unwrap()
    }

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else() {
        let mut visited = Visited::default();
        visited.note(&party("urn:a"), at(0)).unwrap();
        visited.note(&party("urn:b"), at(1)).unwrap();
        assert_eq!(Visited::parse(&visited.to_string()), visited);
        assert!(visited.holds(&party("urn:a")) && !visited.holds(&party("urn:c")));
        for text in [
            "",
            "x",
            "0123456789abcdeg-1-1",
            "0123456789abcdef-1",
            "-1-1",
        ] {
            assert_eq!(Visited::parse(text), Visited::default(), "{text}");
        }
    }

    #[test]
    fn the_sixth_token_within_twenty_seconds_is_a_loop() {
        let mut visited = Visited::default();
        for second in 0..5 {
            assert_eq!(visited.note(&party("urn:a"), at(second)), Ok(()));
        }
        assert_eq!(
            visited.note(&party("urn:b"), at(5)),
            Ok(()),
            "another party"
        );
        assert_eq!(visited.note(&party("urn:a"), at(5)), Err(Loop));
        assert_eq!(visited.note(&party("urn:a"), at(21)), Ok(()), "later");
    }

    #[test]
    fn a_claims_provider_is_no_party_and_makes_no_loop() {
        let mut visited = Visited::default();
        for _ in 0..=MAX_TOKENS {
            visited.note_provider(&party("urn:a"), at(0));
        }
        assert!(visited.holds_provider(&party("urn:a")) && !visited.holds(&party("urn:a")));
        assert_eq!(visited.note(&party("urn:a"), at(0)), Ok(()));
        assert!(!visited.holds_provider(&party("urn:b")));
        assert_eq!(Visited::parse(&visited.to_string()), visited);
    }

    #[test]
    fn no_more_are_kept_than_a_cookie_holds() {
        let mut visited = Visited::default();
        for number in 0..=MAX_PARTIES {
            visited
                .note(&party(&format!("urn:{number}")), at(0))
                .unwrap();
        }
        assert!(!visited.holds(&party("urn:0")) && visited.holds(&party("urn:1")));
        assert!(visited.to_string().len() < 3_000);
    }
}
