//! What one partner may sign with, and until when.
//!
//! Judges names and dates and no signature. Start at [`Policy`].

use jiff::Timestamp;

use super::method::{Algorithm, DigestMethod, MacAlgorithm};
use super::{SignatureError, VerifyingKeys};

/// What a partner may sign with, from configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The algorithms that are taken; those of SHA-1 by [`Self::sha1_until`] alone.
    pub algorithms: Vec<Algorithm>,
    /// Until when SHA-1 is taken, for signatures, MACs and digests; `None` is never.
    pub sha1_until: Option<Timestamp>,
    /// Whether a reference may name the whole document by naming nothing, where the signed element is
    /// the outermost: some write their metadata so.
    pub takes_whole_document: bool,
}

impl Default for Policy {
    /// All of SHA-2, no SHA-1, and everything signed bears an id.
    fn default() -> Self {
        let is_sha2 = |algorithm: &Algorithm| algorithm.digest() != DigestMethod::Sha1;
        Self {
            algorithms: Algorithm::ALL.into_iter().filter(is_sha2).collect(),
            sha1_until: None,
            takes_whole_document: false,
        }
    }
}

/// A partner whose signature is to be verified.
#[derive(Clone, Copy)]
pub struct Partner<'a> {
    /// Its keys.
    pub keys: &'a dyn VerifyingKeys,
    /// What it may sign with.
    pub policy: &'a Policy,
    /// The time at which that is asked.
    pub now: Timestamp,
}

impl Partner<'_> {
    pub(super) fn takes(&self, algorithm: Algorithm) -> Result<(), SignatureError> {
        let part = "SignatureMethod";
        if algorithm.digest() == DigestMethod::Sha1 {
            return self.policy.takes_digest(DigestMethod::Sha1, self.now, part);
        }
        match self.policy.algorithms.contains(&algorithm) {
            true => Ok(()),
            false => Err(SignatureError::Algorithm { part }),
        }
    }
}

impl Policy {
    pub(super) fn takes_mac(
        &self,
        algorithm: MacAlgorithm,
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        self.takes_digest(algorithm.digest(), now, "SignatureMethod")
    }

    pub(super) fn takes_digest(
        &self,
        digest: DigestMethod,
        now: Timestamp,
        part: &'static str,
    ) -> Result<(), SignatureError> {
        let is_in_time = || self.sha1_until.is_some_and(|until| now < until);
        if digest == DigestMethod::Sha1 && !is_in_time() {
            return Err(SignatureError::Sha1 { part });
        }
        Ok(())
    }
}
