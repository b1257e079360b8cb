//! Tokens: what the pipeline let out, as an assertion, signed in two steps and written into the ledger before it leaves.
//!
//! INVARIANT: a token is made from [`IssuedClaims`] alone, and nobody gets one that is not in the ledger (T-SAML-4). Start at
//! [`of_wsfed`] and [`saml_2::response`].

pub mod carried;
pub mod saml_2;
mod signing;

use std::collections::{BTreeMap, BTreeSet};

use authn::account::AccountId;
use authn::audit::Event;
use authn::place::{ActivityId, Service};
use authn::session::Session;
use authn::sign_in::At;
use claims::claim::is_reserved_issuer;
use claims::claim_type::AUTHENTICATION_METHOD;
use jiff::{SignedDuration, Timestamp};
use proto::saml::v1::{self, Assertion, Attribute, AuthenticationStatement, NameIdentifier};
use thiserror::Error;
use xml::encryption::{self, ContentAlgorithm, Draw, Encryption, KeyTransport};
use xml::{PublicKey, Recipient, Verbatim};
use zeroize::Zeroizing;

use crate::key_ring::KeyId;
use crate::ledger::{LedgerEntry, SignedDigest, TokenId};
use crate::pipeline::IssuedClaims;
use crate::ports::{Keys, Ledger, Unavailable};
use crate::subject::{AUTHENTICATION_INSTANT, NAME_IDENTIFIER, PASSWORD};
use crate::trust::{Identifier, RelyingPartyTrust, TokenType};
use signing::{handed, not_written, primary};

/// The property of a name that says what kind it is.
pub(crate) const FORMAT: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format";
/// The property of a name that says where it is one.
const NAME_QUALIFIER: &str =
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/namequalifier";

/// What makes tokens leave.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Who signs.
    pub keys: &'a dyn Keys,
    /// Where it is written down.
    pub ledger: &'a dyn Ledger,
}

/// What a token says beside its claims.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Whose word it is.
    pub issuer: &'a Identifier,
    /// Whom it is for: what the party called itself.
    pub audience: &'a Identifier,
    /// About whom, where it is an account of ours.
    pub account: Option<&'a AccountId>,
    /// By which method they signed in, where the rules do not say.
    pub method: &'a str,
    /// When they signed in.
    pub authenticated: Timestamp,
    /// For which request, and when.
    pub at: &'a At,
    /// The session that it rests on, where it may begin one at a pool.
    pub bought_by: Option<BoughtBy<'a>>,
}

/// The session by which somebody gets a token.
#[derive(Clone, Copy, Debug)]
pub struct BoughtBy<'a> {
    /// It.
    pub session: &'a Session,
    /// What was [heard](crate::flow::wsfed::Service::heard) before anybody looked at it.
    pub heard: i64,
    /// The origin of a party that carries the token's id on in tokens of its own.
    pub carried_to: Option<&'a str>,
}

/// What is drawn for one token.
pub struct TokenRandomness {
    /// Its id.
    pub id: [u8; 16],
    /// The key of its encryption.
    pub key: Zeroizing<[u8; 32]>,
    /// The vector of its encryption.
    pub iv: [u8; 16],
}

impl TokenRandomness {
    /// What a token of it calls itself.
    #[must_use]
    pub fn token_id(&self) -> TokenId {
        TokenId(format!("_{}", ActivityId::from(self.id).0))
    }
}

/// A token that may leave.
#[derive(Clone, Debug)]
pub struct Token {
    /// What it calls itself.
    pub id: TokenId,
    /// What kind of token it is.
    pub token_type: TokenType,
    /// It, signed, and encrypted where the party wants that.
    pub token: Verbatim,
    /// From when it is good.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The party wants signatures that are not made any more.
    #[error("the party wants SHA-1, by which nothing is signed")]
    Sha1,
    /// It cannot be written.
    #[error("the token cannot be written: {0}")]
    NotWritten(String),
    /// It cannot be encrypted for the party.
    #[error("the token cannot be encrypted with the certificate of the party")]
    NotEncrypted,
    /// Who signs, or the ledger, is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Makes a token for an answer of WS-Federation, of the type that the trust has.
///
/// **Proves**, by what it returns, that the ledger has it.
///
/// # Errors
///
/// It cannot be made or written down, and so there is none.
pub async fn of_wsfed(
    ports: Ports<'_>,
    claims: &IssuedClaims,
    order: Order<'_>,
    random: TokenRandomness,
) -> Result<Token, TokenError> {
    match claims.relying_party().token_type {
        TokenType::Saml11 => saml_1_1(ports, claims, order, random).await,
        TokenType::Saml20 => saml_2::alone(ports, claims, order, random).await,
    }
}

/// Makes a token of SAML 1.1.
///
/// **Proves**, by what it returns, that the ledger has it.
///
/// # Errors
///
/// It cannot be made or written down, and so there is none.
pub async fn saml_1_1(
    ports: Ports<'_>,
    claims: &IssuedClaims,
    order: Order<'_>,
    random: TokenRandomness,
) -> Result<Token, TokenError> {
    let trust = claims.relying_party();
    let key = primary(ports.keys, trust).await?;
    let id = random.token_id();
    let assertion = assertion(claims, &order, &id);
    let times = (assertion.not_before, assertion.not_on_or_after);
    let unsigned = assertion.to_verbatim().map_err(not_written)?;
    let what = (&unsigned, &key, claims);
    let called = (id, TokenType::Saml11);
    handed(ports, &order, what, called, times, |signed| {
        match &trust.encryption_certificate {
            Some(certificate) if trust.encrypt_claims => {
                let data = encrypted(&signed, certificate.der(), random);
                data.ok_or(TokenError::NotEncrypted)
            }
            Some(_) | None => Ok(signed),
        }
    })
    .await
}

fn entry(
    order: &Order<'_>,
    id: &TokenId,
    (key, digest): (&KeyId, SignedDigest),
    expires: Timestamp,
) -> LedgerEntry {
    LedgerEntry {
        token: id.clone(),
        digest,
        key: key.clone(),
        relying_party: order.audience.clone(),
        account: order.account.cloned(),
        activity: order.at.activity.clone(),
        issued: order.at.now,
        expires,
    }
}

fn event(order: &Order<'_>, entry: &LedgerEntry) -> Event {
    let kind = entry.event().kind;
    order.at.event(kind, &Service::STS, entry.account.clone())
}

fn assertion(claims: &IssuedClaims, order: &Order<'_>, id: &TokenId) -> Assertion {
    let (not_before, not_on_or_after) = lifetime(claims.relying_party(), order.at.now);
    Assertion {
        id: id.0.clone(),
        issuer: order.issuer.as_str().to_owned(),
        issue_instant: order.at.now,
        not_before,
        not_on_or_after,
        audience: order.audience.as_str().to_owned(),
        subject: subject(claims),
        attributes: attributes(claims),
        authentication: authentication(claims, order),
    }
}

fn lifetime(trust: &RelyingPartyTrust, now: Timestamp) -> (Timestamp, Timestamp) {
    let minutes = |number: u32| SignedDuration::from_mins(number.into());
    let skew = minutes(trust.not_before_skew.minutes());
    let good = minutes(trust.token_lifetime.minutes());
    (
        now.checked_sub(skew).unwrap_or(now),
        now.checked_add(good).unwrap_or(now),
    )
}

fn subject(claims: &IssuedClaims) -> Option<NameIdentifier> {
    let claim = claims.claims().of_type(NAME_IDENTIFIER).next()?;
    let property = |name: &str| claim.properties.get(name).map(|it| (**it).to_owned());
    Some(NameIdentifier {
        name: (*claim.value).to_owned(),
        format: property(FORMAT).unwrap_or_else(|| v1::UNSPECIFIED.to_owned()),
        name_qualifier: property(NAME_QUALIFIER),
    })
}

/// How somebody signed in: what the rules say of it where they do, and what is known.
fn authentication(claims: &IssuedClaims, order: &Order<'_>) -> AuthenticationStatement {
    let mut instants = claims.claims().of_type(AUTHENTICATION_INSTANT);
    let instant = instants.next().and_then(|it| it.value.parse().ok());
    AuthenticationStatement {
        method: method(claims, order.method).to_owned(),
        instant: instant.unwrap_or(order.authenticated),
    }
}

fn method<'a>(claims: &'a IssuedClaims, known: &'a str) -> &'a str {
    let said = claims.claims().iter();
    let mut said = said.filter(|it| &*it.claim_type == AUTHENTICATION_METHOD);
    said.next().map_or(known, |it| match &*it.value {
        PASSWORD => v1::PASSWORD,
        other => other,
    })
}

/// The claims as attributes, in the order in which their types came first; the same value of a type stands once.
fn attributes(claims: &IssuedClaims) -> Vec<Attribute> {
    let apart = [
        NAME_IDENTIFIER,
        AUTHENTICATION_METHOD,
        AUTHENTICATION_INSTANT,
    ];
    let mut places: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut attributes: Vec<Attribute> = Vec::new();
    for claim in claims.claims().iter() {
        let claim_type = &*claim.claim_type;
        let is_of_another =
            claim.original_issuer != claim.issuer || !is_reserved_issuer(&claim.issuer);
        let original = is_of_another.then_some(&*claim.original_issuer);
        if apart.contains(&claim_type) || !known.insert((claim_type, original, &*claim.value)) {
            continue;
        }
        let value = (*claim.value).to_owned();
        let place = *places
            .entry((claim_type, original))
            .or_insert(attributes.len());
        match attributes.get_mut(place) {
            Some(attribute) => attribute.values.push(value),
            None => {
                let (name, namespace) = Attribute::name_of(claim_type);
                attributes.push(Attribute {
                    name: name.to_owned(),
                    namespace: namespace.to_owned(),
                    original_issuer: original.map(str::to_owned),
                    values: vec![value],
                });
            }
        }
    }
    attributes
}

/// INTEROP: AES-256 in CBC mode and OAEP with SHA-1 are what AD FS writes, and all that WIF reads.
fn encrypted(signed: &Verbatim, certificate: &[u8], random: TokenRandomness) -> Option<Verbatim> {
    let key = PublicKey::from_certificate(certificate).ok()?;
    let recipient = Recipient::new(&key)?;
    let how = Encryption {
        content: ContentAlgorithm::Aes256Cbc,
        transport: KeyTransport::OaepSha1,
        recipient: &recipient,
        certificate: Some(certificate),
    };
    let draw = Draw {
        key: random.key,
        iv: random.iv,
    };
    encryption::encrypt(signed, &how, &draw).ok()
}
