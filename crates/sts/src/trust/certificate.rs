//! A partner's certificate: its key verifies what the partner signed, or encrypts what it is sent.
//!
//! Never validates a chain: the trust itself is what says that the certificate is the partner's.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use jiff::Timestamp;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Most bytes of a certificate.
pub const MAX_BYTES: usize = 64 * 1024;

/// A certificate that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    thumbprint: String,
}

/// Why bytes are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// There are more than [`MAX_BYTES`].
    #[error("a certificate has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// They are no X.509 certificate, or something follows it.
    #[error("it is no X.509 certificate")]
    Malformed,
    /// Its dates are out of any calendar.
    #[error("a certificate has dates out of any calendar")]
    Dates,
}

impl Certificate {
    /// Reads DER.
    ///
    /// **Trusts** what it says of itself; nothing is verified.
    ///
    /// # Errors
    ///
    /// The bytes are no certificate.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_BYTES {
            return Err(CertificateError::TooLarge);
        }
        let (rest, read) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        let date = |seconds| Timestamp::from_second(seconds).map_err(|_| CertificateError::Dates);
        let not_before = date(read.validity().not_before.timestamp())?;
        let not_after = date(read.validity().not_after.timestamp())?;
        let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
        let thumbprint = thumbprint.as_ref().iter().map(|it| format!("{it:02X}"));
        Ok(Self {
            der: der.to_vec(),
            subject: read.subject().to_string(),
            not_before,
            not_after,
            thumbprint: thumbprint.collect(),
        })
    }

    /// The DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whose it is.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Since when it is good.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Until when it is good.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// What Windows calls it by: the SHA-1 of the DER, in capital hexadecimal digits.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Certificate");
        shown.field("subject", &self.subject);
        shown.field("thumbprint", &self.thumbprint);
        shown.finish_non_exhaustive()
    }
}
