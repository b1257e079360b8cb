//! The roles of a partner: a party of WS-Federation, an issuer, and both ends of SAML.

use xml::Element;

use super::{MAX_ENTRIES, METADATA, MetadataError, certificates};

/// Namespace of WS-Federation.
const FEDERATION: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
/// Namespace of its claim types.
const AUTHORIZATION: &str = "http://docs.oasis-open.org/wsfed/authorization/200706";
/// Namespace of addresses.
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
/// Namespace of the attribute that says what a role is.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A role of WS-Federation.
pub(super) enum Kind {
    RelyingParty,
    Issuer,
}

/// What a `RoleDescriptor` is of, by the type that it names.
pub(super) fn kind(role: Element<'_, '_>) -> Option<Kind> {
    let named = role.attribute_ns(SCHEMA_INSTANCE, "type")?.trim();
    let (prefix, name) = match named.split_once(':') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, named),
    };
    // A prefix that only a value has is not declared in the canonical form, which is what was signed.
    if role
        .namespace_of(prefix)
        .is_some_and(|it| it != FEDERATION && it != METADATA)
    {
        return None;
    }
    match name {
        "ApplicationServiceType" => Some(Kind::RelyingParty),
        "SecurityTokenServiceType" => Some(Kind::Issuer),
        _ => None,
    }
}

/// A party that takes tokens of WS-Federation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelyingParty {
    /// Where answers go, the first before the others.
    pub passive_endpoints: Vec<String>,
    /// What else it calls itself.
    pub target_scopes: Vec<String>,
    /// The certificates that tokens may be encrypted for.
    pub encryption: Vec<Vec<u8>>,
    /// The certificates of the keys that it signs with.
    pub signing: Vec<Vec<u8>>,
    /// The claim types that it asks for.
    pub claim_types: Vec<String>,
    /// The token types that it says it takes, as URIs.
    pub token_types: Vec<String>,
}

/// An issuer of tokens of WS-Federation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// Where requests go, the first before the others.
    pub passive_endpoints: Vec<String>,
    /// The certificates of the keys that it signs with.
    pub signing: Vec<Vec<u8>>,
    /// The claim types that it offers.
    pub claim_types: Vec<String>,
}

/// One end of SAML 2.0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saml {
    /// The certificates of the keys that it signs with.
    pub signing: Vec<Vec<u8>>,
    /// The certificates that it may be encrypted for.
    pub encryption: Vec<Vec<u8>>,
    /// Where it takes assertions or requests.
    pub services: Vec<Endpoint>,
    /// Where it takes sign-outs.
    pub logouts: Vec<Endpoint>,
    /// Whether it says that its requests are signed.
    pub signs_requests: bool,
}

/// An endpoint of SAML 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The binding, as a URI.
    pub binding: String,
    /// Where it is.
    pub location: String,
    /// Where answers go, where that is elsewhere.
    pub response_location: Option<String>,
    /// Its number.
    pub index: u16,
    /// Whether it is meant where a request names none.
    pub is_default: bool,
}

impl RelyingParty {
    pub(super) fn read(role: Element<'_, '_>) -> Result<Self, MetadataError> {
        Ok(Self {
            passive_endpoints: addresses(role, "PassiveRequestorEndpoint")?,
            target_scopes: addresses(role, "TargetScopes")?,
            encryption: certificates(role, "encryption")?,
            signing: certificates(role, "signing")?,
            claim_types: claim_types(role, "ClaimTypesRequested")?,
            token_types: token_types(role)?,
        })
    }
}

impl Issuer {
    pub(super) fn read(role: Element<'_, '_>) -> Result<Self, MetadataError> {
        Ok(Self {
            passive_endpoints: addresses(role, "PassiveRequestorEndpoint")?,
            signing: certificates(role, "signing")?,
            claim_types: claim_types(role, "ClaimTypesOffered")?,
        })
    }
}

impl Saml {
    pub(super) fn read(role: Element<'_, '_>) -> Result<Self, MetadataError> {
        let signs = role.attribute("AuthnRequestsSigned");
        let services = match role.name() {
            "IDPSSODescriptor" => "SingleSignOnService",
            _ => "AssertionConsumerService",
        };
        Ok(Self {
            signing: certificates(role, "signing")?,
            encryption: certificates(role, "encryption")?,
            services: endpoints(role, services)?,
            logouts: endpoints(role, "SingleLogoutService")?,
            signs_requests: matches!(signs.map(str::trim), Some("true" | "1")),
        })
    }
}

/// The addresses in every element of a name.
fn addresses(role: Element<'_, '_>, name: &'static str) -> Result<Vec<String>, MetadataError> {
    let named = role.children().filter(|it| it.is(FEDERATION, name));
    let references = named.flat_map(|it| it.children().collect::<Vec<_>>());
    let addresses = references.filter_map(|it| it.child(ADDRESSING, "Address"));
    bounded(addresses.map(|it| it.text().trim().to_owned()), name)
}

fn claim_types(role: Element<'_, '_>, name: &'static str) -> Result<Vec<String>, MetadataError> {
    let list = role.child(FEDERATION, name);
    let types = list
        .into_iter()
        .flat_map(|it| it.children().collect::<Vec<_>>());
    let types = types.filter(|it| it.is(AUTHORIZATION, "ClaimType"));
    let types = types.filter_map(|it| it.attribute("Uri").map(str::to_owned));
    bounded(types, name)
}

fn token_types(role: Element<'_, '_>) -> Result<Vec<String>, MetadataError> {
    const NAME: &str = "TokenTypesOffered";
    let list = role.child(FEDERATION, NAME);
    let types = list
        .into_iter()
        .flat_map(|it| it.children().collect::<Vec<_>>());
    let types = types.filter(|it| it.is(FEDERATION, "TokenType"));
    let types = types.filter_map(|it| it.attribute("Uri").map(|uri| uri.trim().to_owned()));
    bounded(types, NAME)
}

fn endpoints(role: Element<'_, '_>, name: &'static str) -> Result<Vec<Endpoint>, MetadataError> {
    let wrong = || MetadataError::Structure { part: name };
    let named = role.children().filter(|it| it.is(METADATA, name));
    let endpoints = bounded(named, name)?.into_iter().enumerate();
    let read = endpoints.map(|(number, it)| {
        let index = match it.attribute("index") {
            Some(index) => index.trim().parse().map_err(|_| wrong())?,
            None => u16::try_from(number).map_err(|_| wrong())?,
        };
        let is_default = it.attribute("isDefault").map(str::trim);
        Ok(Endpoint {
            binding: it.attribute("Binding").ok_or_else(wrong)?.to_owned(),
            location: it.attribute("Location").ok_or_else(wrong)?.to_owned(),
            response_location: it.attribute("ResponseLocation").map(str::to_owned),
            index,
            is_default: matches!(is_default, Some("true" | "1")),
        })
    });
    read.collect()
}

fn bounded<T>(all: impl Iterator<Item = T>, part: &'static str) -> Result<Vec<T>, MetadataError> {
    let all: Vec<T> = all.take(MAX_ENTRIES + 1).collect();
    match all.len() > MAX_ENTRIES {
        true => Err(MetadataError::TooMany { part }),
        false => Ok(all),
    }
}
