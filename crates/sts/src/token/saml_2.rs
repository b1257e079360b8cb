//! Answers of SAML 2.0: an assertion for whoever bears it to one address of a service provider, or why there is none; what of
//! it is signed is as the trust says. The same assertion stands by itself in an answer of WS-Federation.
//!
//! INVARIANT: the ledger has what was signed, the assertion or else the answer around it, before the answer leaves. Start at
//! [`response`], [`no_token`] and [`alone`].

use std::collections::{BTreeMap, BTreeSet};

use authn::place::ActivityId;
use aws_lc_rs::digest::{SHA256, digest};
use claims::Claim;
use claims::claim::is_reserved_issuer;
use claims::claim_type::AUTHENTICATION_METHOD;
use jiff::{SignedDuration, Timestamp};
use proto::saml::v1;
use proto::saml::v2::{
    Assertion, Attribute, AuthnStatement, Confirmation, NameId, PASSWORD_PROTECTED_TRANSPORT,
    Payload, Response, StatusCode, UNSPECIFIED, encrypted_assertion,
};
use xml::Verbatim;

use super::signing::{handed, not_written, primary, signed, written_down};
use super::{
    FORMAT, NAME_QUALIFIER, Order, Ports, Token, TokenError, TokenRandomness, encrypted, lifetime,
};
use crate::ledger::TokenId;
use crate::pipeline::IssuedClaims;
use crate::ports::{Keys, ToSign};
use crate::subject::{AUTHENTICATION_INSTANT, NAME_IDENTIFIER, PASSWORD};
use crate::trust::{Identifier, RelyingPartyTrust, SamlResponseSignature, TokenType, Url};

/// The property of a name that says for whom it is one.
const SP_NAME_QUALIFIER: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/spnamequalifier";
/// The property of a claim that says what kind of name its type is.
const ATTRIBUTE_NAME: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/attributename";
/// For how long an answer may be brought (AD FS's SamlMessageDeliveryWindow).
pub(crate) const DELIVERY_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// For which request an answer is, and where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Where it is brought, as it is registered.
    pub recipient: &'a Url,
    /// The request; nothing where the sign-on began here.
    pub in_response_to: Option<&'a str>,
}

/// An answer that may leave.
#[derive(Clone, Debug)]
pub struct Made {
    /// What its assertion calls itself.
    pub id: TokenId,
    /// The answer.
    pub response: String,
    /// Until when the assertion is good.
    pub expires: Timestamp,
}

/// An answer without a token.
///
/// **Proves** that there is none in it: only this room makes one.
#[derive(Clone, Debug)]
pub struct NoToken {
    why: StatusCode,
}

impl NoToken {
    /// Why there is none.
    #[must_use]
    pub fn why(&self) -> StatusCode {
        self.why
    }
}

/// The name that somebody is told by: of the kind that is wanted, where one is.
///
/// # Errors
///
/// A kind is wanted of which the rules issue none.
pub(crate) fn name_id(
    claims: &IssuedClaims,
    wanted: Option<&str>,
) -> Result<Option<NameId>, StatusCode> {
    let mut names = claims.claims().of_type(NAME_IDENTIFIER);
    let wanted = wanted.filter(|it| *it != UNSPECIFIED);
    let Some(wanted) = wanted else {
        return Ok(names.next().map(named));
    };
    let mut names = names.map(named);
    let found = names.find(|it| it.format == wanted);
    found.map(Some).ok_or(StatusCode::InvalidNameIdPolicy)
}

fn named(claim: &Claim) -> NameId {
    let property = |name: &str| claim.properties.get(name).map(|it| (**it).to_owned());
    NameId {
        name: (*claim.value).to_owned(),
        format: property(FORMAT).unwrap_or_else(|| UNSPECIFIED.to_owned()),
        name_qualifier: property(NAME_QUALIFIER),
        sp_name_qualifier: property(SP_NAME_QUALIFIER),
    }
}

/// Makes an answer with a token; the method of the order is a class of SAML 2.0.
///
/// **Proves**, by what it returns, that the ledger has it.
///
/// # Errors
///
/// It cannot be made or written down, and so there is none.
pub async fn response(
    ports: Ports<'_>,
    (claims, name_id): (&IssuedClaims, Option<NameId>),
    (order, delivery): (Order<'_>, Delivery<'_>),
    random: TokenRandomness,
) -> Result<Made, TokenError> {
    let trust = claims.relying_party();
    let signs = trust.saml_response_signature;
    let key = primary(ports.keys, trust).await?;
    let drawn = random.id;
    let id = TokenId(id_of(drawn));
    let confirmation = Confirmation {
        in_response_to: delivery.in_response_to.map(str::to_owned),
        recipient: Some(delivery.recipient.as_str().to_owned()),
        not_on_or_after: delivered_by(order.at.now),
    };
    let class = order.method.to_owned();
    let assertion = assertion(claims, (name_id, class), (&order, confirmation), &id);
    let expires = assertion.not_on_or_after;
    let mut assertion = assertion.to_verbatim().map_err(not_written)?;
    let mut digest = None;
    let (keys, what) = (ports.keys, ToSign::Token(claims));
    if signs != SamlResponseSignature::MessageOnly {
        let (signed, of) = signed(&assertion, (keys, &key), what).await?;
        (assertion, digest) = (signed, Some(of));
    }
    let is_encrypted = trust.encrypt_claims && trust.encryption_certificate.is_some();
    let payload = match &trust.encryption_certificate {
        Some(certificate) if trust.encrypt_claims => {
            let data = encrypted(&assertion, certificate.der(), random);
            Payload::Encrypted(data.ok_or(TokenError::NotEncrypted)?)
        }
        Some(_) | None => Payload::Assertion(assertion),
    };
    let mut response = around(payload, (order.issuer, &delivery), (drawn, order.at.now))?;
    // SECURITY: the mode of the encryption (CBC) is safe under a signature alone that is looked at first.
    if signs != SamlResponseSignature::AssertionOnly || is_encrypted {
        let (signed, of) = signed(&response, (keys, &key), what).await?;
        response = signed;
        digest = digest.or(Some(of));
    }
    let nothing = || TokenError::NotWritten("nothing of it is signed".to_owned());
    let digest = digest.ok_or_else(nothing)?;
    let what = (claims, (&key.id, digest));
    written_down(ports.ledger, &order, what, (&id, expires)).await?;
    Ok(Made {
        id,
        response: response.as_str().to_owned(),
        expires,
    })
}

/// Makes an assertion that stands by itself, for an answer of WS-Federation; it is signed whatever the trust says.
///
/// **Proves**, by what it returns, that the ledger has it.
///
/// # Errors
///
/// It cannot be made or written down, and so there is none.
pub async fn alone(
    ports: Ports<'_>,
    claims: &IssuedClaims,
    order: Order<'_>,
    random: TokenRandomness,
) -> Result<Token, TokenError> {
    let trust = claims.relying_party();
    let key = primary(ports.keys, trust).await?;
    let id = random.token_id();
    // INTEROP: WIF refuses a confirmation that names a recipient or a request; the audience says whom it is for.
    let confirmation = Confirmation {
        in_response_to: None,
        recipient: None,
        not_on_or_after: delivered_by(order.at.now),
    };
    let name_id = claims.claims().of_type(NAME_IDENTIFIER).next().map(named);
    let told = (name_id, class(claims, order.method));
    let assertion = assertion(claims, told, (&order, confirmation), &id);
    let times = (assertion.not_before, assertion.not_on_or_after);
    let unsigned = assertion.to_verbatim().map_err(not_written)?;
    let what = (&unsigned, &key, claims);
    let called = (id, TokenType::Saml20);
    handed(ports, &order, what, called, times, |signed| {
        match &trust.encryption_certificate {
            Some(certificate) if trust.encrypt_claims => {
                let data = encrypted(&signed, certificate.der(), random);
                let data = data.ok_or(TokenError::NotEncrypted)?;
                encrypted_assertion(&data).map_err(not_written)
            }
            Some(_) | None => Ok(signed),
        }
    })
    .await
}

/// How somebody signed in, as a class of SAML 2.0: what the rules say of it where they do, and what is known.
pub(super) fn class(claims: &IssuedClaims, known: &str) -> String {
    let mut said = claims.claims().of_type(AUTHENTICATION_METHOD);
    let said = said.next().map_or(known, |it| &it.value);
    let class = match said {
        PASSWORD | v1::PASSWORD => PASSWORD_PROTECTED_TRANSPORT,
        other => other,
    };
    class.to_owned()
}

/// Makes an answer without a token: it is signed whatever the trust says, as there is nothing else in it that could be.
///
/// # Errors
///
/// It cannot be made.
pub async fn no_token(
    keys: &dyn Keys,
    (why, trust): (StatusCode, &RelyingPartyTrust),
    (issuer, delivery): (&Identifier, Delivery<'_>),
    (drawn, now): ([u8; 16], Timestamp),
) -> Result<String, TokenError> {
    let key = primary(keys, trust).await?;
    let response = around(Payload::Status(why), (issuer, &delivery), (drawn, now))?;
    let no_token = NoToken { why };
    let what = ToSign::NoToken(&no_token);
    let (signed, _) = signed(&response, (keys, &key), what).await?;
    Ok(signed.as_str().to_owned())
}

fn id_of(random: [u8; 16]) -> String {
    format!("_{}", ActivityId::from(random).0)
}

/// The answer around an assertion; its id is another than the assertion's, and as little known before.
fn around(
    payload: Payload,
    (issuer, delivery): (&Identifier, &Delivery<'_>),
    (drawn, now): ([u8; 16], Timestamp),
) -> Result<Verbatim, TokenError> {
    let made = digest(&SHA256, &drawn);
    let id = made.as_ref().first_chunk().copied().unwrap_or(drawn);
    let response = Response {
        id: id_of(id),
        issuer: issuer.as_str().to_owned(),
        issue_instant: now,
        destination: delivery.recipient.as_str().to_owned(),
        in_response_to: delivery.in_response_to.map(str::to_owned),
        payload,
    };
    response.to_verbatim().map_err(not_written)
}

fn delivered_by(now: Timestamp) -> Timestamp {
    now.checked_add(DELIVERY_WINDOW).unwrap_or(now)
}

fn assertion(
    claims: &IssuedClaims,
    (name_id, class): (Option<NameId>, String),
    (order, confirmation): (&Order<'_>, Confirmation),
    id: &TokenId,
) -> Assertion {
    let now = order.at.now;
    let (not_before, not_on_or_after) = lifetime(claims.relying_party(), now);
    let mut instants = claims.claims().of_type(AUTHENTICATION_INSTANT);
    let instant = instants.next().and_then(|it| it.value.parse().ok());
    Assertion {
        id: id.0.clone(),
        issuer: order.issuer.as_str().to_owned(),
        issue_instant: now,
        not_before,
        not_on_or_after,
        audience: order.audience.as_str().to_owned(),
        name_id,
        confirmation,
        attributes: attributes(claims),
        authn_statement: AuthnStatement {
            instant: instant.unwrap_or(order.authenticated),
            session_index: id.0.clone(),
            class,
        },
    }
}

/// The claims as attributes, in the order in which their types came first; the same value of a type stands once.
pub(super) fn attributes(claims: &IssuedClaims) -> Vec<Attribute> {
    let apart = [
        NAME_IDENTIFIER,
        AUTHENTICATION_METHOD,
        AUTHENTICATION_INSTANT,
    ];
    let mut places = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut attributes: Vec<Attribute> = Vec::new();
    for claim in claims.claims().iter() {
        let is_of_another =
            claim.original_issuer != claim.issuer || !is_reserved_issuer(&claim.issuer);
        let kind = (
            &*claim.claim_type,
            is_of_another.then_some(&*claim.original_issuer),
            claim.properties.get(ATTRIBUTE_NAME).map(|it| &**it),
        );
        let (name, original_issuer, name_format) = kind;
        if apart.contains(&name) || !known.insert((kind, &*claim.value)) {
            continue;
        }
        let value = (*claim.value).to_owned();
        let place = *places.entry(kind).or_insert(attributes.len());
        match attributes.get_mut(place) {
            Some(attribute) => attribute.values.push(value),
            None => attributes.push(Attribute {
                name: name.to_owned(),
                name_format: name_format.map(str::to_owned),
                original_issuer: original_issuer.map(str::to_owned),
                values: vec![value],
            }),
        }
    }
    attributes
}
