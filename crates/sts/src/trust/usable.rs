//! Whether a partner's certificate can be used for what a trust has it for: its key is of a kind that is known here, and it has
//! not ended.
//!
//! Never says whose a certificate is. Start at [`Purpose::first`].

use std::fmt;

use jiff::Timestamp;
use thiserror::Error;
use xml::{PublicKey, Recipient};

use super::certificate::Certificate;

/// What a trust has a certificate for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What the partner signs is verified with it.
    Signing,
    /// What the partner is sent is encrypted with it.
    Encryption,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It is none.
    #[error("number {0} is no X.509 certificate")]
    NoCertificate(usize),
    /// Its key is of another kind or length.
    #[error("{0} has a key of another kind or length")]
    Key(String),
    /// It has ended.
    #[error("{0} ended at {1}")]
    Ended(String, Timestamp),
}

/// Certificates of which none can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What they are for.
    pub purpose: Purpose,
    /// Why each cannot, in their order.
    pub faults: Vec<Fault>,
}

impl Purpose {
    /// The first of several certificates that can be used by a time.
    ///
    /// # Errors
    ///
    /// There is none, and why.
    pub fn first<'c>(
        self,
        certificates: impl IntoIterator<Item = &'c [u8]>,
        now: Timestamp,
    ) -> Result<&'c [u8], Unusable> {
        let mut faults = Vec::new();
        for (number, der) in certificates.into_iter().enumerate() {
            match self.fault((number, der), now) {
                None => return Ok(der),
                Some(fault) => faults.push(fault),
            }
        }
        Err(Unusable {
            purpose: self,
            faults,
        })
    }

    /// Whether the key of a certificate will do, ended or not.
    #[must_use]
    pub fn suits(self, der: &[u8]) -> bool {
        let key = PublicKey::from_certificate(der);
        key.is_ok_and(|key| match self {
            Self::Signing => true,
            Self::Encryption => Recipient::new(&key).is_some(),
        })
    }

    /// The keys that will do, in words.
    #[must_use]
    pub fn keys(self) -> &'static str {
        match self {
            Self::Signing => "RSA (2048 to 8192 bits), P-256, P-384 or P-521",
            Self::Encryption => "RSA (2048 to 8192 bits)",
        }
    }

    fn fault(self, (number, der): (usize, &[u8]), now: Timestamp) -> Option<Fault> {
        let Ok(read) = Certificate::parse(der) else {
            return Some(Fault::NoCertificate(number.saturating_add(1)));
        };
        let thumbprint = read.thumbprint().to_owned();
        if !self.suits(der) {
            return Some(Fault::Key(thumbprint));
        }
        let has_ended = read.not_after() <= now;
        has_ended.then(|| Fault::Ended(thumbprint, read.not_after()))
    }
}

impl std::error::Error for Unusable {}

impl fmt::Display for Unusable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.purpose {
            Purpose::Signing => "that the partner signs with",
            Purpose::Encryption => "to encrypt for the partner with",
        };
        match self.faults.is_empty() {
            true => write!(out, "there is no certificate {which}")?,
            false => write!(out, "no certificate {which} can be used")?,
        }
        for (number, fault) in self.faults.iter().enumerate() {
            let before = if number == 0 { ": " } else { ", " };
            write!(out, "{before}{fault}")?;
        }
        let keys = self.purpose.keys();
        write!(
            out,
            "; ask the partner for one that has not ended, with a key of {keys}"
        )
    }
}
