//! TLS as old Windows and old phones speak it, by OpenSSL: TLS 1.2 with CBC suites, and TLS 1.0 where the
//! configuration says so by name (feature `legacy-tls`).
//!
//! SECURITY: only farms and listeners that the configuration names come here. Who vouches for whom is checked
//! as strictly as elsewhere: old is how bytes are protected, never whom they go to. Start at [`Client`], or at
//! [`Acceptor`].

mod acceptor;
mod client;

use openssl::error::ErrorStack;
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVersion,
};

pub(crate) use acceptor::Acceptor;
pub(crate) use client::Client;

/// Whether this program can speak it.
pub(crate) const IS_BUILT: bool = true;

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LegacyError {
    /// OpenSSL refuses what it is given.
    #[error("OpenSSL: {0}")]
    OpenSsl(#[from] ErrorStack),
    /// A private key cannot be read.
    #[error("the private key `{file}` cannot be read as PEM")]
    Key {
        /// The file.
        file: String,
    },
    /// A certificate that is not of RSA.
    #[error("`{file}` is no RSA certificate, and who knows only TLS 1.0 understands no other")]
    NotRsa {
        /// The file of its key.
        file: String,
    },
    /// There is no certificate.
    #[error("there is no certificate to show")]
    NoCertificate,
}

/// The elliptic curves of Windows Server 2008 R2 to 2012 R2.
const CURVES: &str = "P-256:P-384";
/// HTTP/1.1, as ALPN names it with its length before it.
const HTTP_1: &[u8] = b"\x08http/1.1";

/// What either side has, with these suites and nothing older than this version.
///
/// Neither compression nor renegotiation, no session that is taken up again: each handshake shows a
/// certificate, so that there is always one to bind to.
fn context(oldest: SslVersion, suites: &str) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls())?;
    // The system's own settings come first, and these over them.
    context.set_min_proto_version(Some(oldest))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list(suites)?;
    context.set_groups_list(CURVES)?;
    context.clear_options(SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SslOptions::ALL);
    context.set_options(
        SslOptions::NO_RENEGOTIATION
            | SslOptions::NO_COMPRESSION
            | SslOptions::NO_TICKET
            | SslOptions::CIPHER_SERVER_PREFERENCE,
    );
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    // What is written again after a pause may have moved, and a part of it may be taken.
    context.set_mode(
        SslMode::AUTO_RETRY
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::RELEASE_BUFFERS,
    );
    Ok(context)
}

#[cfg(test)]
mod tests;
