//! A trust from a partner's metadata, and a trust that follows it.
//!
//! SECURITY: metadata that got worse never replaces metadata that worked: expired, of another partner, without an endpoint or a
//! key that was there before, or with keys that nobody can use. What an administrator decided (rules, names, whether it is on) is never touched. Start at
//! [`relying_party`] and [`refreshed`]; whom to believe is decided in [`Known`].

mod known;

pub use known::{Doubt, Known, Vouched, brings_back, keep};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proto::partner_metadata::{Endpoint, Entity, Saml};
use serde_json::Value;
use thiserror::Error;

use super::written::{
    VERSION, Written, WrittenClaimsProvider, WrittenError, WrittenRelyingParty, WrittenSamlEndpoint,
};
use super::{Certificate, Choice, Fault, Purpose, TokenType, Unusable, Url};

/// What endpoints of SAML 2.0 are for, with AD FS's words.
const CONSUMER: &str = "SAMLAssertionConsumer";
const SIGN_ON: &str = "SAMLSingleSignOn";
const LOGOUT: &str = "SAMLLogout";
/// The binding by which a party is sent its assertions.
const POST: &str = "POST";

/// Under what key the metadata of a trust has who vouched for it.
const VOUCHERS: &str = "signing_certificates";

/// Bindings of SAML 2.0 that are known, with AD FS's words.
const BINDINGS: [(&str, &str); 4] = [
    ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", POST),
    (
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
        "Redirect",
    ),
    (
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact",
        "Artifact",
    ),
    ("urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "SOAP"),
];

/// Why metadata makes no trust, or does not change one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PartnerError {
    /// It was good until a time that is past.
    #[error("it was good until {0}, and no longer")]
    Expired(Timestamp),
    /// It has no role of the wanted kind.
    #[error("it says nothing of the partner as {0}")]
    NoRole(&'static str),
    /// It is of another partner.
    #[error("it is of `{0}`, and the trust is not")]
    Another(String),
    /// Nothing is sent by anything but https.
    #[error("all that it names is elsewhere than at https, as `{0}`")]
    NotHttps(String),
    /// Something is not in it that was there before.
    #[error("it has no {0}, and the trust has; it got worse, and is not taken")]
    Lost(&'static str),
    /// No certificate in it can be used for what it is there for.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The trust that it would make is none.
    #[error(transparent)]
    Written(#[from] WrittenError),
}

/// A field that would be another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Its key.
    pub key: String,
    /// What it is; nothing where it has its default.
    pub before: Option<String>,
    /// What it would be.
    pub after: Option<String>,
}

/// A relying party trust of a name from metadata, without rules.
///
/// # Errors
///
/// The metadata has ended, is of no such partner, or has certificates that nobody can use.
pub fn relying_party(
    entity: &Entity,
    name: &str,
    now: Timestamp,
) -> Result<WrittenRelyingParty, PartnerError> {
    check_time(entity, now)?;
    if entity.relying_party.is_none() && entity.service_provider.is_none() {
        return Err(PartnerError::NoRole("a party that takes tokens"));
    }
    let mut party = WrittenRelyingParty {
        name: name.to_owned(),
        ..WrittenRelyingParty::default()
    };
    fill_party(&mut party, entity, now);
    check_party(&party, entity, (None, now))?;
    let is_nowhere = party.wsfed_endpoint.is_none() && party.saml_endpoints.is_empty();
    match left_out(entity.service_provider.as_ref()).first() {
        Some(location) if is_nowhere => Err(PartnerError::NotHttps(location.clone())),
        _ => Ok(party),
    }
}

/// The endpoints of SAML that are left out, as nothing is sent there: they are not of https.
#[must_use]
pub fn left_out(saml: Option<&Saml>) -> Vec<String> {
    let saml = saml.into_iter();
    let all = saml.flat_map(|it| it.services.iter().chain(&it.logouts));
    let all = all.flat_map(|it| std::iter::once(&it.location).chain(&it.response_location));
    all.filter(|it| Url::parse(it).is_err()).cloned().collect()
}

/// A claims provider trust of a name from metadata, without rules.
///
/// # Errors
///
/// The metadata has ended, is of no such partner, or has no key that is good.
pub fn claims_provider(
    entity: &Entity,
    name: &str,
    now: Timestamp,
) -> Result<WrittenClaimsProvider, PartnerError> {
    check_time(entity, now)?;
    if entity.issuer.is_none() && entity.identity_provider.is_none() {
        return Err(PartnerError::NoRole("an issuer of tokens"));
    }
    let mut provider = WrittenClaimsProvider::named(name);
    fill_provider(&mut provider, entity);
    check_keys(&provider.token_signing_certificates, now)?;
    Ok(provider)
}

/// A trust, as a partner's metadata has it by now.
///
/// # Errors
///
/// The metadata has ended, is of another partner, or got worse.
pub fn refreshed(
    written: &Written,
    entity: &Entity,
    now: Timestamp,
) -> Result<Written, PartnerError> {
    check_time(entity, now)?;
    let mut refreshed = written.clone();
    for party in &mut refreshed.relying_party {
        refresh_party(party, entity, now)?;
    }
    for provider in &mut refreshed.claims_provider {
        refresh_provider(provider, entity, now)?;
    }
    // What it says must be a trust.
    refreshed.clone().read()?;
    Ok(refreshed)
}

fn refresh_party(
    party: &mut WrittenRelyingParty,
    entity: &Entity,
    now: Timestamp,
) -> Result<(), PartnerError> {
    if !party.identifiers.contains(&entity.entity_id) {
        return Err(PartnerError::Another(entity.entity_id.clone()));
    }
    let before = party.clone();
    fill_party(party, entity, now);
    // What an administrator added stays, and where nothing came the order, too.
    let mut identifiers = before.identifiers.clone();
    identifiers.append(&mut party.identifiers);
    for identifier in identifiers {
        if !party.identifiers.contains(&identifier) {
            party.identifiers.push(identifier);
        }
    }
    let takes = |it: &WrittenSamlEndpoint| it.protocol == CONSUMER;
    let takes_by_post = |it: &WrittenSamlEndpoint| takes(it) && it.binding == POST;
    for (what, was_there, is_there) in [
        (
            "address of WS-Federation",
            before.wsfed_endpoint.is_some(),
            party.wsfed_endpoint.is_some(),
        ),
        (
            "endpoint of SAML that takes assertions (AssertionConsumerService)",
            has(&before.saml_endpoints, takes),
            has(&party.saml_endpoints, takes),
        ),
        (
            "endpoint of SAML that takes assertions by POST (AssertionConsumerService)",
            has(&before.saml_endpoints, takes_by_post),
            has(&party.saml_endpoints, takes_by_post),
        ),
        (
            "certificate to encrypt for",
            before.encryption_certificate.is_some(),
            party.encryption_certificate.is_some(),
        ),
        (
            "certificate that requests are signed with",
            !before.request_signing_certificates.is_empty(),
            !party.request_signing_certificates.is_empty(),
        ),
    ] {
        lost(what, was_there, is_there)?;
    }
    check_party(party, entity, (Some(&before), now))
}

fn refresh_provider(
    provider: &mut WrittenClaimsProvider,
    entity: &Entity,
    now: Timestamp,
) -> Result<(), PartnerError> {
    if provider.identifier != entity.entity_id {
        return Err(PartnerError::Another(entity.entity_id.clone()));
    }
    let before = provider.clone();
    fill_provider(provider, entity);
    let signs_in = |it: &WrittenSamlEndpoint| it.protocol == SIGN_ON;
    let has_keys = !provider.token_signing_certificates.is_empty();
    for (what, was_there, is_there) in [
        (
            "address of WS-Federation",
            before.wsfed_endpoint.is_some(),
            provider.wsfed_endpoint.is_some(),
        ),
        (
            "endpoint of SAML that takes requests (SingleSignOnService)",
            has(&before.saml_endpoints, signs_in),
            has(&provider.saml_endpoints, signs_in),
        ),
        ("certificate that tokens are signed with", true, has_keys),
    ] {
        lost(what, was_there, is_there)?;
    }
    check_keys(&provider.token_signing_certificates, now)
}

/// The fields of a trust that are not the same, by their keys.
///
/// # Errors
///
/// None that is known.
pub fn changes(before: &Written, after: &Written) -> Result<Vec<FieldChange>, PartnerError> {
    let (before, after) = (fields(before)?, fields(after)?);
    let keys = before
        .keys()
        .chain(after.keys().filter(|it| !before.contains_key(*it)));
    let changes = keys.filter(|key| before.get(*key) != after.get(*key));
    let shown = |fields: &serde_json::Map<String, Value>, key: &str| {
        fields.get(key).map(|it| shown(key, it))
    };
    Ok(changes
        .map(|key| FieldChange {
            key: key.clone(),
            before: shown(&before, key),
            after: shown(&after, key),
        })
        .collect())
}

fn fields(written: &Written) -> Result<serde_json::Map<String, Value>, PartnerError> {
    let read: Value = serde_json::from_str(&written.to_json()?).unwrap_or_default();
    let lists = ["relying_party", "claims_provider"].into_iter();
    let mut trusts = lists.filter_map(|key| read.get(key)?.get(0)?.as_object());
    let mut fields = trusts.next().cloned().unwrap_or_default();
    // Who vouches is shown as other certificates are.
    let metadata = fields.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(pinned) = metadata.and_then(|it| it.remove(VOUCHERS)) {
        fields.insert(format!("metadata.{VOUCHERS}"), pinned);
    }
    Ok(fields)
}

/// A value in words; a certificate by its thumbprint and its end.
fn shown(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if key.contains("certificate") => certificate_shown(text),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            let all = all.iter().map(|it| shown(key, it));
            all.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn certificate_shown(text: &str) -> String {
    let der = STANDARD.decode(text).unwrap_or_default();
    match Certificate::parse(&der) {
        Ok(read) => format!("{} (until {})", read.thumbprint(), read.not_after()),
        Err(_) => text.to_owned(),
    }
}

fn check_time(entity: &Entity, now: Timestamp) -> Result<(), PartnerError> {
    match entity.valid_until {
        Some(until) if until <= now => Err(PartnerError::Expired(until)),
        _ => Ok(()),
    }
}

/// Whether what a party signs can be verified, and what it is sent encrypted, where its metadata names certificates for that.
/// One that has ended is no worse than what the trust had before, where that had ended, too.
fn check_party(
    party: &WrittenRelyingParty,
    entity: &Entity,
    (before, now): (Option<&WrittenRelyingParty>, Timestamp),
) -> Result<(), PartnerError> {
    let signing = &party.request_signing_certificates;
    let had = before.map(|it| it.request_signing_certificates.as_slice());
    if !signing.is_empty() {
        let found = usable(Purpose::Signing, signing, now);
        no_worse(found, had.map(|it| usable(Purpose::Signing, it, now)))?;
    }
    // Where tokens are not encrypted, whatever stands there cuts nobody off.
    let encryption = encryption_of(entity);
    let had = before.map(|it| it.encryption_certificate.as_slice());
    if party.encrypt_claims && !encryption.is_empty() {
        let found = Purpose::Encryption.first(encryption, now).map(drop);
        no_worse(found, had.map(|it| usable(Purpose::Encryption, it, now)))?;
    }
    Ok(())
}

fn check_keys(certificates: &[String], now: Timestamp) -> Result<(), PartnerError> {
    Ok(usable(Purpose::Signing, certificates, now)?)
}

fn usable(purpose: Purpose, certificates: &[String], now: Timestamp) -> Result<(), Unusable> {
    let all = certificates.iter();
    let all: Vec<Vec<u8>> = all
        .map(|it| STANDARD.decode(it).unwrap_or_default())
        .collect();
    purpose.first(all.iter().map(Vec::as_slice), now).map(drop)
}

/// Refuses certificates of which none can be used, unless they have but ended as those before had.
fn no_worse(
    found: Result<(), Unusable>,
    before: Option<Result<(), Unusable>>,
) -> Result<(), Unusable> {
    let has_ended = |it: &Unusable| it.faults.iter().all(|it| matches!(it, Fault::Ended(..)));
    let had_ended = matches!(before, Some(Err(before)) if !before.faults.is_empty());
    match found {
        Err(found) if has_ended(&found) && had_ended => Ok(()),
        found => found,
    }
}

fn lost(what: &'static str, was_there: bool, is_there: bool) -> Result<(), PartnerError> {
    match was_there && !is_there {
        true => Err(PartnerError::Lost(what)),
        false => Ok(()),
    }
}

/// Whether there is one of a purpose: an address for sign-outs does not stand for one where people sign in.
fn has(endpoints: &[WrittenSamlEndpoint], is_of: impl Fn(&WrittenSamlEndpoint) -> bool) -> bool {
    endpoints.iter().any(is_of)
}

/// The certificates by which a party may be sent something encrypted; those of its role in WS-Federation come first.
fn encryption_of(entity: &Entity) -> Vec<&[u8]> {
    let role = entity.relying_party.iter().flat_map(|it| &it.encryption);
    let saml = entity.service_provider.iter().flat_map(|it| &it.encryption);
    role.chain(saml).map(Vec::as_slice).collect()
}

fn fill_party(party: &mut WrittenRelyingParty, entity: &Entity, now: Timestamp) {
    party.identifiers = vec![entity.entity_id.clone()];
    let role = entity.relying_party.clone().unwrap_or_default();
    let saml = entity.service_provider.clone().unwrap_or_default();
    for scope in role.target_scopes {
        if !party.identifiers.contains(&scope) {
            party.identifiers.push(scope);
        }
    }
    let mut endpoints = role.passive_endpoints.into_iter();
    party.wsfed_endpoint = endpoints.next();
    party.additional_wsfed_endpoints = endpoints.collect();
    let encryption = encryption_of(entity);
    let usable = Purpose::Encryption.first(encryption.iter().copied(), now);
    let encryption = usable.ok().or(encryption.first().copied());
    party.encryption_certificate = encryption.map(|it| STANDARD.encode(it));
    party.request_signing_certificates = encoded(&saml.signing);
    party.token_type = taken(&role.token_types, party.token_type.take());
    party.claims_accepted = role.claim_types;
    party.signed_saml_requests_required |= saml.signs_requests;
    party.saml_endpoints = saml_endpoints(&saml, CONSUMER);
}

/// What kind of token a party takes that names some: SAML 2.0 where it is the only one that we make. One that names none gets
/// what it had.
fn taken(named: &[String], before: Option<String>) -> Option<String> {
    let known: Vec<TokenType> = named
        .iter()
        .filter_map(|it| TokenType::of_uri(it))
        .collect();
    match known.contains(&TokenType::default()) {
        true => None,
        false => known
            .first()
            .map_or(before, |it| Some(it.word().to_owned())),
    }
}

fn fill_provider(provider: &mut WrittenClaimsProvider, entity: &Entity) {
    provider.identifier.clone_from(&entity.entity_id);
    let issuer = entity.issuer.clone().unwrap_or_default();
    let saml = entity.identity_provider.clone().unwrap_or_default();
    provider.wsfed_endpoint = issuer.passive_endpoints.into_iter().next();
    let mut signing = encoded(&issuer.signing);
    for key in encoded(&saml.signing) {
        if !signing.contains(&key) {
            signing.push(key);
        }
    }
    provider.token_signing_certificates = signing;
    provider.claims_offered = issuer.claim_types;
    provider.saml_endpoints = saml_endpoints(&saml, SIGN_ON);
}

fn encoded(certificates: &[Vec<u8>]) -> Vec<String> {
    certificates.iter().map(|it| STANDARD.encode(it)).collect()
}

/// The endpoints whose binding is known, and that are of https.
fn saml_endpoints(saml: &Saml, protocol: &str) -> Vec<WrittenSamlEndpoint> {
    let of = |endpoint: &Endpoint, protocol: &str| {
        let mut known = BINDINGS.iter();
        let (_, binding) = known.find(|(uri, _)| *uri == endpoint.binding)?;
        let mut places = std::iter::once(&endpoint.location).chain(&endpoint.response_location);
        let is_safe = places.all(|it| Url::parse(it).is_ok());
        is_safe.then(|| WrittenSamlEndpoint {
            binding: (*binding).to_owned(),
            protocol: protocol.to_owned(),
            location: endpoint.location.clone(),
            response_location: endpoint.response_location.clone(),
            index: endpoint.index,
            is_default: endpoint.is_default,
        })
    };
    let services = saml.services.iter().filter_map(|it| of(it, protocol));
    let logouts = saml.logouts.iter().filter_map(|it| of(it, LOGOUT));
    services.chain(logouts).collect()
}

/// A written form of one trust.
#[must_use]
pub fn alone(
    party: Option<WrittenRelyingParty>,
    provider: Option<WrittenClaimsProvider>,
) -> Written {
    Written {
        version: VERSION,
        relying_party: party.into_iter().collect(),
        claims_provider: provider.into_iter().collect(),
        ..Written::default()
    }
}
