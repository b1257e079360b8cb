//! Who a client's connection serves, and what ends it: a revocation, or too long without word of any
//! (design 13).
//!
//! The door keeps one [`Presence`] beside each conversation, where it can be looked at while a request
//! is under way: an upload, a held Ping and a stream end like an idle connection.

use std::sync::Arc;
use std::time::Duration;

use authn::Authenticated;
use authn::revocation::Revoked;

/// After how long without word of revocations nobody new is let in.
pub const SILENT_AFTER: Duration = Duration::from_secs(5);
/// After how long without word of revocations those who are in are put out.
pub const BLIND_MAX: Duration = Duration::from_secs(60);

/// Who a connection serves.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    /// Whose the connection is.
    pub connection: Option<Arc<Authenticated>>,
    /// Whose the last request on it was.
    pub request: Option<Arc<Authenticated>>,
    /// Whose its streams were: several at a time, and each is the connection's for as long as it lasts.
    pub streams: Vec<Arc<Authenticated>>,
}

/// How well the gate hears what is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It hears.
    Hears,
    /// It has heard nothing for a while: sign-ins and unknown tickets are refused.
    Silent,
    /// It has heard nothing for too long: everybody is put out.
    Blind,
}

impl Presence {
    /// Whether it serves anybody.
    #[must_use]
    pub fn is_somebody(&self) -> bool {
        self.everybody().next().is_some()
    }

    /// Whether it rests on what was revoked; the door then ends the connection at once.
    #[must_use]
    pub fn rests_on(&self, revoked: &Revoked) -> bool {
        self.everybody().any(|who| revoked.ends(who))
    }

    /// Whether it serves anybody of the directory.
    #[must_use]
    pub fn is_of_directory(&self) -> bool {
        self.everybody().any(|who| who.is_of_directory())
    }

    /// Sets down whose a stream is.
    pub fn add_stream_of(&mut self, who: &Arc<Authenticated>) {
        let is_same = |known: &Arc<Authenticated>| {
            known.account_id() == who.account_id()
                && known.credential() == who.credential()
                && known.token() == who.token()
        };
        if !self.streams.iter().any(is_same) {
            self.streams.push(Arc::clone(who));
        }
    }

    fn everybody(&self) -> impl Iterator<Item = &Arc<Authenticated>> {
        self.connection
            .iter()
            .chain(&self.request)
            .chain(&self.streams)
    }
}

impl Hearing {
    /// After so long without word.
    #[must_use]
    pub fn after(silence: Duration) -> Self {
        if silence >= BLIND_MAX {
            Self::Blind
        } else if silence >= SILENT_AFTER {
            Self::Silent
        } else {
            Self::Hears
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_borne_for_five_seconds_and_blindness_for_a_minute() {
        let after = |seconds| Hearing::after(Duration::from_millis(seconds));
        assert_eq!([after(0), after(4_999)], [Hearing::Hears; 2]);
        assert_eq!([after(5_000), after(59_999)], [Hearing::Silent; 2]);
        assert_eq!([after(60_000), after(900_000)], [Hearing::Blind; 2]);
    }
}
