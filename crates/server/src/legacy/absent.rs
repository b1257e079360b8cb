//! A program that was built without OpenSSL: nothing here can be made, so that nothing can be spoken.
//!
//! The configuration is refused before; whoever comes here all the same is refused once more.

use std::convert::Infallible;
use std::io;

use rustls::pki_types::CertificateDer;

use crate::config::settings::Tls;
use crate::listen::certificates::Shown;

/// Whether this program can speak it.
pub(crate) const IS_BUILT: bool = false;

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("this program was built without the feature `legacy-tls`")]
pub(crate) struct LegacyError;

/// TLS towards one back end.
#[derive(Clone)]
pub(crate) struct Client(Infallible);

/// TLS towards clients.
#[derive(Clone)]
pub(crate) struct Acceptor(Infallible);

impl Client {
    /// Makes none.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn new(_: &str, _: &[CertificateDer<'_>], _: Tls) -> Result<Self, LegacyError> {
        Err(LegacyError)
    }

    /// Is never called, as there is none.
    ///
    /// # Errors
    ///
    /// None.
    pub(crate) async fn connect<S>(&self, _: S) -> io::Result<(S, CertificateDer<'static>)> {
        match self.0 {}
    }
}

impl Acceptor {
    /// Makes none.
    ///
    /// # Errors
    ///
    /// Always.
    pub(crate) fn new(_: &[Shown<'_>]) -> Result<Self, LegacyError> {
        Err(LegacyError)
    }

    /// Is never called, as there is none.
    ///
    /// # Errors
    ///
    /// None.
    pub(crate) async fn accept<S>(&self, _: S) -> io::Result<(S, Option<String>)> {
        match self.0 {}
    }
}
