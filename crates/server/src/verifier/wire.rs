//! What a gateway may ask, by name, and a body that is read up to a cap.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long a body may take: it is a few kilobytes, from a machine that we know.
const BODY: Duration = Duration::from_secs(5);

/// What a gateway may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Who are you?
    Hello,
    /// Who is this?
    Verify,
    /// The number of the last revocation.
    LastRevocation,
    /// What was revoked; waits for it.
    Revocations,
    /// A ticket to be known.
    Relayed,
    /// Events to be written.
    Note,
    /// What is drained, and whether the directory is read.
    Standing,
    /// A Kerberos token for whoever a session is of.
    Token,
    /// Drop the tickets of whoever a session is of.
    Forget,
    /// What a browser asks of our pages.
    Page,
}

impl Ask {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Hello,
        Self::Verify,
        Self::LastRevocation,
        Self::Revocations,
        Self::Relayed,
        Self::Note,
        Self::Standing,
        Self::Token,
        Self::Forget,
        Self::Page,
    ];

    /// Its word, in paths and in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Verify => "verify",
            Self::LastRevocation => "last-revocation",
            Self::Revocations => "revocations",
            Self::Relayed => "relayed",
            Self::Note => "note",
            Self::Standing => "standing",
            Self::Token => "token",
            Self::Forget => "forget",
            Self::Page => "page",
        }
    }

    /// The largest body that it is asked with.
    pub(crate) fn longest(self) -> usize {
        match self {
            Self::Page => web::wire::MAX_REQUEST,
            _ => authn::wire::MAX_ASKED,
        }
    }

    /// The largest answer to it.
    pub(crate) fn longest_answer(self) -> usize {
        match self {
            Self::Page => web::wire::MAX_ANSWER,
            _ => authn::wire::MAX_ANSWER,
        }
    }

    /// Its path.
    pub(crate) fn path(self) -> String {
        format!("/{}/{}", authn::wire::VERSION, self.word())
    }

    /// What a path asks.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ask| ask.path() == path)
    }
}

/// A body that was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// It is larger than it may be, or broke off.
    #[error("a body broke off, or is larger than {0} bytes")]
    Broken(usize),
    /// It did not come.
    #[error("a body did not come within {BODY:?}")]
    Slow,
}

/// Reads a whole body.
///
/// # Errors
///
/// It is too large, broke off, or does not come.
pub(crate) async fn read(body: Incoming, at_most: usize) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let reading = Limited::new(body, at_most).collect();
    let read = timeout(BODY, reading).await.map_err(|_| Unread::Slow)?;
    let read = read.map_err(|_| Unread::Broken(at_most))?.to_bytes();
    Ok(Zeroizing::new(read.to_vec()))
}

/// A body that is wiped once it was sent.
pub(crate) fn wiped(body: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(Owned(body))
}

struct Owned(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_asks_one_thing_and_another_version_nothing() {
        for ask in Ask::ALL {
            assert_eq!(Ask::of_path(&ask.path()), Some(ask));
        }
        for path in [
            "/",
            "/1",
            "/1/",
            "/1/verify/",
            "/2/verify",
            "/verify",
            "//1/verify",
        ] {
            assert_eq!(Ask::of_path(path), None, "{path}");
        }
    }
}
