//! The certificates of trusts that cannot be used, and what that means for sign-ins.
//!
//! Refuses nothing: what a trust has stays what it says. Start at [`Trusted::unfit`].

use std::fmt;

use jiff::Timestamp;

use super::book::Trusted;
use super::certificate::Certificate;
use super::kind::Kind;
use super::usable::{Purpose, Unusable};

/// The certificates of a field of a trust, of which none can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Of which kind the trust is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// The field, by the key of the written form.
    pub key: &'static str,
    means: &'static str,
    unusable: Unusable,
}

impl Trusted {
    /// What has certificates of which none can be used by a time.
    #[must_use]
    pub fn unfit(&self, now: Timestamp) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        for trust in &self.relying_parties {
            let of = (Kind::RelyingParty, trust.name.as_str());
            let signing = &trust.request_signing_certificates;
            unfit.extend(Unfit::of(
                (of, "request_signing_certificates"),
                signing,
                (Purpose::Signing, "no request that it signs is believed"),
                now,
            ));
            let encryption = trust.encryption_certificate.as_ref();
            let encryption = encryption.filter(|_| trust.encrypt_claims);
            let suits = |it: &Certificate| Purpose::Encryption.suits(it.der());
            let means = match encryption.is_some_and(suits) {
                true => "its tokens are encrypted with it all the same",
                false => "nobody gets a token of it",
            };
            unfit.extend(Unfit::of(
                (of, "encryption_certificate"),
                encryption,
                (Purpose::Encryption, means),
                now,
            ));
        }
        for trust in &self.claims_providers {
            unfit.extend(Unfit::of(
                (
                    (Kind::ClaimsProvider, trust.name.as_str()),
                    "token_signing_certificates",
                ),
                &trust.token_signing_certificates,
                (Purpose::Signing, "nothing that it signs is believed"),
                now,
            ));
        }
        unfit
    }
}

impl Unfit {
    fn of<'c>(
        ((kind, name), key): ((Kind, &str), &'static str),
        certificates: impl IntoIterator<Item = &'c Certificate>,
        (purpose, means): (Purpose, &'static str),
        now: Timestamp,
    ) -> Option<Self> {
        let all: Vec<&[u8]> = certificates.into_iter().map(Certificate::der).collect();
        let unusable = purpose.first(all.iter().copied(), now).err();
        let unusable = unusable.filter(|_| !all.is_empty())?;
        Some(Self {
            kind,
            name: name.to_owned(),
            key,
            means,
            unusable,
        })
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.means, self.unusable)
    }
}
