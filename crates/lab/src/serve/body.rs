//! Reading bodies to their end, whatever is done with them: an unread rest would break the
//! connection that an NTLM handshake lives on.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use thiserror::Error;

/// Why a body is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BodyError {
    /// It is longer than the limit.
    #[error("the body is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The connection broke.
    #[error("the body ended early")]
    Broken,
}

/// Reads a body, and of one that is too long the rest too.
///
/// # Errors
///
/// The body is too long or broken.
pub(crate) async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    let mut is_too_long = false;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue;
        };
        is_too_long |= read.len().saturating_add(data.len()) > limit;
        if !is_too_long {
            read.extend_from_slice(&data);
        }
    }
    if is_too_long {
        return Err(BodyError::TooLong { limit });
    }
    Ok(read.freeze())
}

/// Reads a body to its end, keeps nothing and gives its length.
///
/// # Errors
///
/// The body is broken.
pub(crate) async fn drain(mut body: Incoming) -> Result<u64, BodyError> {
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() {
            length = length.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
    }
    Ok(length)
}
