//! What a partner says of itself: FederationMetadata.xml and metadata of SAML 2.0, read (SAML 2.0 metadata; WS-Federation 1.2,
//! section 3.1).
//!
//! SECURITY: metadata that is signed is read from what was signed alone, and one whose signature does not hold is refused,
//! whoever may have made it. Whom to believe is not decided here. Start at [`read`].

mod roles;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;
use xml::{
    Document, Element, Limits, ParseError, Partner, Policy, PublicKey, SignatureError,
    VerifyingKeys,
};

pub use roles::{Endpoint, Issuer, RelyingParty, Saml};

/// Namespace of SAML 2.0 metadata.
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// Namespace of XML signatures.
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Most certificates of one role.
pub const MAX_CERTIFICATES: usize = 32;
/// Most endpoints, addresses or claim types of one role.
pub const MAX_ENTRIES: usize = 4_096;

/// What a partner says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// What it calls itself.
    pub entity_id: String,
    /// Until when this is to be believed.
    pub valid_until: Option<Timestamp>,
    /// It as a party that takes tokens of WS-Federation.
    pub relying_party: Option<RelyingParty>,
    /// It as an issuer of tokens of WS-Federation.
    pub issuer: Option<Issuer>,
    /// It as a service provider of SAML.
    pub service_provider: Option<Saml>,
    /// It as an identity provider of SAML.
    pub identity_provider: Option<Saml>,
}

/// Who signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// Nobody.
    Nobody,
    /// A key that it names itself: it was not changed since, and that is all.
    Itself,
    /// A key that was known before.
    Known,
}

/// Why a text is not taken as metadata.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// It is no XML.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is something else, or of several partners.
    #[error(
        "it is no metadata of one partner (`EntityDescriptor`, or `EntitiesDescriptor` with exactly one)"
    )]
    NotOne,
    /// It has no `entityID`.
    #[error("it does not say what the partner calls itself (`entityID`)")]
    NoEntityId,
    /// A part of it is not as it must be.
    #[error("`{part}` is not as it must be")]
    Structure {
        /// The name of the part.
        part: &'static str,
    },
    /// There is too much of something.
    #[error("there are too many `{part}`")]
    TooMany {
        /// The name of the part.
        part: &'static str,
    },
    /// Its signature does not hold.
    #[error("its signature does not hold: {0}")]
    Signature(SignatureError),
}

/// Reads metadata, and says who signed it: one of the keys that are known, or one that it names itself.
///
/// **Proves**, where it is signed, that all of the result was signed by that key.
///
/// # Errors
///
/// It is none, or its signature is of neither.
pub fn read(
    text: &str,
    known: &dyn VerifyingKeys,
    now: Timestamp,
) -> Result<(Entity, SignedBy), MetadataError> {
    let document = Document::parse_within(text, Limits::METADATA)?;
    let root = document.root();
    let unsigned = entity(root)?;
    // The signature stands around all of it, or in the one partner's part.
    let mut places = [root, one(root)?].into_iter();
    let Some(signed) = places.find(|it| it.child(SIGNATURE, "Signature").is_some()) else {
        return Ok((unsigned, SignedBy::Nobody));
    };
    let policy = Policy {
        takes_whole_document: true,
        ..Policy::default()
    };
    let verified = |keys: &dyn VerifyingKeys| {
        let policy = &policy;
        xml::signature::verify_of(signed, &Partner { keys, policy, now })
    };
    let (verified, by) = match verified(known) {
        Ok(verified) => (verified, SignedBy::Known),
        Err(_) => {
            let own = unsigned.signing_keys();
            let verified = verified(&own).map_err(MetadataError::Signature)?;
            (verified, SignedBy::Itself)
        }
    };
    let document = Document::parse_within(verified.as_str(), Limits::METADATA)?;
    Ok((entity(document.root())?, by))
}

impl Entity {
    /// The certificates of the keys that it says it signs with, in any role, each once.
    #[must_use]
    pub fn signing_certificates(&self) -> Vec<Vec<u8>> {
        let mut certificates: Vec<Vec<u8>> = Vec::new();
        for certificate in self.signing() {
            if !certificates.contains(certificate) {
                certificates.push(certificate.clone());
            }
        }
        certificates
    }

    /// The keys that it says it signs with, in any role.
    fn signing_keys(&self) -> Vec<PublicKey> {
        self.signing()
            .filter_map(|der| PublicKey::from_certificate(der).ok())
            .collect()
    }

    fn signing(&self) -> impl Iterator<Item = &Vec<u8>> {
        let issuer = self.issuer.iter().flat_map(|it| &it.signing);
        let party = self.relying_party.iter().flat_map(|it| &it.signing);
        let provider = self.service_provider.iter().flat_map(|it| &it.signing);
        let identity = self.identity_provider.iter().flat_map(|it| &it.signing);
        issuer.chain(party).chain(provider).chain(identity)
    }
}

/// The one partner that a document is of: its root, or the only one in a list.
fn one<'a, 'input>(root: Element<'a, 'input>) -> Result<Element<'a, 'input>, MetadataError> {
    const ONE: &str = "EntityDescriptor";
    const SEVERAL: &str = "EntitiesDescriptor";
    if root.is(METADATA, ONE) {
        return Ok(root);
    }
    let is_partner = |it: &Element<'_, '_>| it.is(METADATA, ONE) || it.is(METADATA, SEVERAL);
    let mut partners = root.children().filter(is_partner);
    match (root.is(METADATA, SEVERAL), partners.next(), partners.next()) {
        (true, Some(only), None) if only.is(METADATA, ONE) => Ok(only),
        _ => Err(MetadataError::NotOne),
    }
}

fn entity(root: Element<'_, '_>) -> Result<Entity, MetadataError> {
    let partner = one(root)?;
    let entity_id = partner.attribute("entityID").filter(|it| !it.is_empty());
    let entity_id = entity_id.ok_or(MetadataError::NoEntityId)?;
    // Of a list and its one partner, whatever ends first.
    let ends = [valid_until(root)?, valid_until(partner)?];
    let mut entity = Entity {
        entity_id: entity_id.to_owned(),
        valid_until: ends.into_iter().flatten().min(),
        ..Entity::default()
    };
    for role in partner.children() {
        // Of two roles of a kind the first counts, as AD FS has it.
        if role.is(METADATA, "RoleDescriptor") {
            match roles::kind(role) {
                Some(roles::Kind::RelyingParty) if entity.relying_party.is_none() => {
                    entity.relying_party = Some(RelyingParty::read(role)?);
                }
                Some(roles::Kind::Issuer) if entity.issuer.is_none() => {
                    entity.issuer = Some(Issuer::read(role)?);
                }
                _ => {}
            }
        } else if role.is(METADATA, "SPSSODescriptor") && entity.service_provider.is_none() {
            entity.service_provider = Some(Saml::read(role)?);
        } else if role.is(METADATA, "IDPSSODescriptor") && entity.identity_provider.is_none() {
            entity.identity_provider = Some(Saml::read(role)?);
        }
    }
    Ok(entity)
}

fn valid_until(root: Element<'_, '_>) -> Result<Option<Timestamp>, MetadataError> {
    let part = "validUntil";
    let Some(text) = root.attribute(part).map(str::trim) else {
        return Ok(None);
    };
    // SPEC: saml-core 1.3.3: times are in UTC, and some write them without a zone.
    let plain = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    let time = text.parse::<Timestamp>().ok();
    let time = time.or_else(|| plain().map(|it| it.timestamp()));
    time.map(Some).ok_or(MetadataError::Structure { part })
}

/// The certificates of a role that are for a use, or for any.
fn certificates(role: Element<'_, '_>, usage: &str) -> Result<Vec<Vec<u8>>, MetadataError> {
    let part = "X509Certificate";
    let mut certificates = Vec::new();
    let is_for = |key: &Element<'_, '_>| {
        key.is(METADATA, "KeyDescriptor") && key.attribute("use").is_none_or(|it| it == usage)
    };
    for key in role.children().filter(is_for) {
        let data = key.child(SIGNATURE, "KeyInfo");
        let data = data.and_then(|it| it.child(SIGNATURE, "X509Data"));
        let found = data.and_then(|it| it.child(SIGNATURE, part));
        // A key that is named otherwise cannot be pinned, and is left alone.
        let Some(found) = found else { continue };
        let packed: String = found.text().split_ascii_whitespace().collect();
        let der = STANDARD.decode(packed);
        certificates.push(der.map_err(|_| MetadataError::Structure { part })?);
        if certificates.len() > MAX_CERTIFICATES {
            return Err(MetadataError::TooMany { part });
        }
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests;
