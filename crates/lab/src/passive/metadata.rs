//! Federation metadata (WS-Federation 1.2, 3.1): whom to trust, read, and what the pool is, written.
//!
//! Trusts the document: it came from where the administrator pointed. Start at [`Sts::parse`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::soap::namespace::ADDRESSING;
use thiserror::Error;
use xml::write::element;
use xml::{Algorithm, Document, Element, Limits, ParseError, PublicKey, VerifyingKeys};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const FEDERATION: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
const AUTHORIZATION: &str = "http://docs.oasis-open.org/wsfed/authorization/200706";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The claim that the pool wants.
pub(super) const PRIMARY_SID: (&str, &str) = (
    "http://schemas.microsoft.com/ws/2008/06/identity/claims",
    "primarysid",
);

/// A security token service.
#[derive(Debug)]
pub(crate) struct Sts {
    /// What it calls itself.
    pub(crate) issuer: String,
    /// Where browsers are sent.
    pub(crate) page: String,
    /// What it signs with.
    pub(crate) keys: Keys,
}

/// Keys, any of which may have signed.
#[derive(Debug)]
pub(crate) struct Keys(Vec<PublicKey>);

impl VerifyingKeys for Keys {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let mut keys = self.0.iter();
        keys.any(|key| key.verifies(algorithm, octets, signature))
    }
}

/// Why there is nobody to trust.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum StsParseError {
    /// It is not XML that is taken.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// It is out of reach.
    #[error("the metadata cannot be had: {0}")]
    Unreachable(String),
    /// A part is missing, or is not as it should be.
    #[error("the metadata has no `{0}` that can be used")]
    Missing(&'static str),
}

impl Sts {
    /// Reads the role of the security token service.
    ///
    /// # Errors
    ///
    /// Something is missing in it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, StsParseError> {
        use StsParseError::Missing;
        let document = Document::parse_bytes_within(bytes, Limits::METADATA)?;
        let root = document.root();
        let issuer = root.attribute("entityID").unwrap_or_default();
        if !root.is(METADATA, "EntityDescriptor") || issuer.is_empty() {
            return Err(Missing("entityID"));
        }
        let is_sts = |role: &Element<'_, '_>| {
            let kind = role.attribute_ns(INSTANCE, "type").unwrap_or_default();
            let name = kind.rsplit(':').next().unwrap_or_default();
            role.is(METADATA, "RoleDescriptor") && name == "SecurityTokenServiceType"
        };
        let role = root.children().find(is_sts);
        let role = role.ok_or(Missing("SecurityTokenServiceType"))?;
        let endpoint = role.child(FEDERATION, "PassiveRequestorEndpoint");
        let reference = endpoint.and_then(|it| it.child(ADDRESSING, "EndpointReference"));
        let address = reference.and_then(|it| it.child(ADDRESSING, "Address"));
        let page = address.map(|it| it.text().trim().to_owned());
        let page = page.filter(|page| page.starts_with("https://"));
        let keys = role.children().filter(|it| {
            it.is(METADATA, "KeyDescriptor") && it.attribute("use") == Some("signing")
        });
        let keys: Option<Vec<PublicKey>> = keys.map(certificate).collect();
        let keys = keys.filter(|keys| !keys.is_empty());
        Ok(Self {
            issuer: issuer.to_owned(),
            page: page.ok_or(Missing("PassiveRequestorEndpoint"))?,
            keys: Keys(keys.ok_or(Missing("KeyDescriptor"))?),
        })
    }
}

fn certificate(descriptor: Element<'_, '_>) -> Option<PublicKey> {
    let info = descriptor.child(SIGNATURE, "KeyInfo")?;
    let data = info.child(SIGNATURE, "X509Data")?;
    let text = data.child(SIGNATURE, "X509Certificate")?.text();
    let text: String = text.split_ascii_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    PublicKey::from_certificate(&der).ok()
}

/// What the pool is, for whoever makes a trust of it.
pub(crate) fn published(realm: &str, page: &str) -> String {
    let reference =
        |address: &str| element("a:EndpointReference").child(element("a:Address").text(address));
    let (namespace, name) = PRIMARY_SID;
    let claim = element("auth:ClaimType")
        .attribute("Uri", format!("{namespace}/{name}"))
        .attribute("Optional", "false");
    let role = element("RoleDescriptor")
        .attribute("xsi:type", "fed:ApplicationServiceType")
        .attribute("protocolSupportEnumeration", FEDERATION)
        .child(element("fed:ClaimTypesRequested").child(claim))
        .child(element("fed:TargetScopes").child(reference(realm)))
        .child(element("fed:PassiveRequestorEndpoint").child(reference(page)));
    element("EntityDescriptor")
        .namespace("", METADATA)
        .namespace("fed", FEDERATION)
        .namespace("auth", AUTHORIZATION)
        .namespace("xsi", INSTANCE)
        .namespace("a", ADDRESSING)
        .attribute("entityID", realm)
        .child(role)
        .to_document()
}
