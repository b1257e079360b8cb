//! Junk is counted, not told one by one: malformed requests and what is not published (design 13).

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use tokio::time::Instant;

use super::limits;
use crate::pace::Pace;

/// What was counted, by kind.
#[derive(Debug)]
pub(crate) struct Junk([(StatusCode, &'static str, Mutex<Pace>); 3]);

impl Default for Junk {
    fn default() -> Self {
        let pace = || Mutex::new(Pace::new(limits::JUNK_LOG));
        Self([
            (StatusCode::BAD_REQUEST, "malformed", pace()),
            (StatusCode::NOT_FOUND, "path", pace()),
            (StatusCode::MISDIRECTED_REQUEST, "host", pace()),
        ])
    }
}

impl Junk {
    /// Counts an answer of our own that refuses junk, and says so now and then.
    pub(crate) fn count(&self, status: StatusCode, client: IpAddr, now: Instant) {
        if let Some((kind, requests)) = self.due(status, now) {
            tracing::info!(
                target: "junk",
                kind,
                requests,
                status = status.as_u16(),
                last.client = %client,
                "requests were refused that are malformed or for what is not published"
            );
        }
    }

    /// The kind of a refusal; none where it is no junk.
    pub(crate) fn kind(&self, status: StatusCode) -> Option<&'static str> {
        let mut kinds = self.0.iter();
        kinds.find_map(|(refused, kind, _)| (*refused == status).then_some(*kind))
    }

    /// The kind of a refusal, and how many there were since it was told, where it is time to tell.
    fn due(&self, status: StatusCode, now: Instant) -> Option<(&'static str, u64)> {
        let (_, kind, pace) = self.0.iter().find(|(refused, ..)| *refused == status)?;
        let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
        Some((kind, pace.count(now)?))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_kind_is_told_once_a_second_with_its_count() {
        let junk = Junk::default();
        let now = Instant::now();
        assert_eq!(junk.due(StatusCode::NOT_FOUND, now), Some(("path", 1)));
        for _ in 0..9 {
            assert_eq!(junk.due(StatusCode::NOT_FOUND, now), None);
        }
        assert_eq!(
            junk.due(StatusCode::BAD_REQUEST, now),
            Some(("malformed", 1))
        );
        assert_eq!(junk.due(StatusCode::UNAUTHORIZED, now), None);
        let later = now + Duration::from_secs(1);
        assert_eq!(junk.due(StatusCode::NOT_FOUND, later), Some(("path", 10)));
    }
}
