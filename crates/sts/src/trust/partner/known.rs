//! By what a partner is known, and whether its metadata is its own.
//!
//! SECURITY: that a trust has certificates decides whether a signature is needed, and never whether we can use their keys: a
//! partner whose every key is of a kind that is not taken is not one that anybody may speak for. Start at [`Known`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proto::partner_metadata::{self, Entity, MetadataError, SignedBy};
use thiserror::Error;
use xml::PublicKey;
use xml::signature::PublicKeyError;

use crate::trust::written::{Written, WrittenError};
use crate::trust::{Certificate, Kind, Trusted};

/// Why the word of metadata is not enough by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Doubt {
    /// A key signed it that the trust does not know.
    #[error("it is signed by a key that is not known")]
    Stranger,
    /// Nobody signed it.
    #[error("it is not signed")]
    Unsigned,
}

/// By what a partner is known.
#[derive(Clone, Debug)]
pub struct Known {
    kind: Kind,
    /// The certificates whose keys can be used.
    certificates: Vec<(Vec<u8>, PublicKey)>,
    /// Whether nobody else may vouch for it.
    is_known: bool,
}

/// Metadata that was read, and who vouched for it.
#[derive(Clone, Debug)]
pub struct Vouched {
    /// What it says.
    pub entity: Entity,
    /// Who signed it.
    pub signed_by: SignedBy,
    /// The certificates by which what comes after it is known: those that it was verified by, and of a relying party those in it;
    /// none where nobody signed it.
    pub certificates: Vec<Vec<u8>>,
}

impl Known {
    /// A partner of which there is no trust yet.
    #[must_use]
    pub fn nobody(kind: Kind) -> Self {
        Self {
            kind,
            certificates: Vec::new(),
            is_known: false,
        }
    }

    /// A partner for whom a certificate vouches.
    ///
    /// # Errors
    ///
    /// It has no key that can be used.
    pub fn by(kind: Kind, certificate: &[u8]) -> Result<Self, PublicKeyError> {
        let key = PublicKey::from_certificate(certificate)?;
        Ok(Self {
            kind,
            certificates: vec![(certificate.to_vec(), key)],
            is_known: true,
        })
    }

    /// The partner of a trust.
    ///
    /// SECURITY: whoever may write the keys of a claims provider may say who anybody is, so that one that is there is known.
    ///
    /// # Errors
    ///
    /// It is no trust.
    pub fn of(kind: Kind, written: &Written) -> Result<Self, WrittenError> {
        let read = written.clone().read_kept()?;
        let all: Vec<&Certificate> = vouchers(&read).collect();
        let is_known = kind == Kind::ClaimsProvider || !all.is_empty();
        let usable = all.into_iter().filter_map(|it| {
            let key = PublicKey::from_certificate(it.der()).ok()?;
            Some((it.der().to_vec(), key))
        });
        Ok(Self {
            kind,
            certificates: usable.collect(),
            is_known,
        })
    }

    /// Reads metadata of it.
    ///
    /// # Errors
    ///
    /// It is none, or its signature does not hold.
    pub fn read(&self, text: &str, now: Timestamp) -> Result<Vouched, MetadataError> {
        let keys = self.certificates.iter().map(|(_, key)| key.clone());
        let keys: Vec<PublicKey> = keys.collect();
        let (entity, signed_by) = partner_metadata::read(text, &keys, now)?;
        let stated = match signed_by {
            SignedBy::Nobody => Vec::new(),
            SignedBy::Itself | SignedBy::Known => entity.signing_certificates(),
        };
        let signs = |der: &[u8]| {
            let key = PublicKey::from_certificate(der);
            let read = key.map(|key| partner_metadata::read(text, &key, now));
            matches!(read, Ok(Ok((_, SignedBy::Known))))
        };
        // One that signs and does not stand in it, as that of a federation, goes on to vouch.
        let others = self.certificates.iter().map(|(der, _)| der);
        let others = others.filter(|it| signed_by == SignedBy::Known && !stated.contains(it));
        let others: Vec<Vec<u8>> = others.filter(|it| signs(it)).cloned().collect();
        // SECURITY: what a provider signs with in another role does not say by which keys it says who anybody is.
        let vouches = |it: &Vec<u8>| self.kind != Kind::ClaimsProvider || signs(it);
        let mut certificates = stated;
        certificates.retain(vouches);
        certificates.extend(others);
        Ok(Vouched {
            entity,
            signed_by,
            certificates,
        })
    }

    /// What speaks against metadata of it.
    #[must_use]
    pub fn doubt(&self, signed_by: SignedBy) -> Option<Doubt> {
        let must_be_signed = self.is_known || self.kind == Kind::ClaimsProvider;
        match signed_by {
            SignedBy::Known => None,
            SignedBy::Itself => self.is_known.then_some(Doubt::Stranger),
            SignedBy::Nobody => must_be_signed.then_some(Doubt::Unsigned),
        }
    }
}

/// The certificates that vouch for the metadata of trusts.
fn vouchers(trusted: &Trusted) -> impl Iterator<Item = &Certificate> {
    let parties = trusted.relying_parties.iter();
    let parties = parties.map(|it| (&it.request_signing_certificates, &it.metadata));
    let providers = trusted.claims_providers.iter();
    let providers = providers.map(|it| (&it.token_signing_certificates, &it.metadata));
    let all = parties.chain(providers);
    all.flat_map(|(own, metadata)| {
        let pinned = metadata.iter().flat_map(|it| &it.signing_certificates);
        own.iter().chain(pinned)
    })
}

/// Keeps in a trust who vouched for its metadata, where something did that its own certificates do not say.
pub fn keep(written: &mut Written, certificates: &[Vec<u8>]) {
    if certificates.is_empty() {
        return;
    }
    let kept = |own: &[String]| {
        let encoded = certificates.iter().map(|it| STANDARD.encode(it));
        let mut kept: Vec<String> = Vec::new();
        for certificate in encoded.filter(|it| !own.contains(it)) {
            // What is no certificate vouches for nothing.
            let is_one = STANDARD
                .decode(&certificate)
                .map(|it| Certificate::parse(&it));
            if !kept.contains(&certificate) && matches!(is_one, Ok(Ok(_))) {
                kept.push(certificate);
            }
        }
        kept
    };
    for party in &mut written.relying_party {
        if let Some(metadata) = &mut party.metadata {
            metadata.signing_certificates = kept(&party.request_signing_certificates);
        }
    }
    for provider in &mut written.claims_provider {
        if let Some(metadata) = &mut provider.metadata {
            metadata.signing_certificates = kept(&provider.token_signing_certificates);
        }
    }
}

/// Whether a trust would take a certificate to sign by that it does not know, and that is older than the newest that it knows.
///
/// SECURITY: whoever can show an older document that is signed well brings a key back by it that the partner dropped.
///
/// # Errors
///
/// One of the two is no trust.
pub fn brings_back(before: &Written, after: &Written) -> Result<bool, WrittenError> {
    let (before, after) = (before.clone().read_kept()?, after.clone().read_kept()?);
    let known: Vec<&Certificate> = vouchers(&before).collect();
    let newest = known.iter().map(|it| it.not_before()).max();
    let is_older =
        |it: &Certificate| !known.contains(&it) && newest.is_some_and(|at| it.not_before() < at);
    Ok(vouchers(&after).any(is_older))
}
