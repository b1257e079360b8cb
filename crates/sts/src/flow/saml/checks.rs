//! What is looked at before anybody is asked who they are: who sends the request, whether they signed it, whether it is for
//! us and of now, and where its answer goes.
//!
//! SECURITY: the keys are those of the trust; a signature that is there must hold, wanted or not. Start at [`request`].

use std::sync::Arc;

use authn::audit::TokenRefusal;
use jiff::{SignedDuration, Timestamp};
use proto::saml::v2::{
    AssertionConsumerService, AuthnRequest, Brought, MessageParseError, SsoRequest,
};
use xml::{Element, Partner, PublicKey, SignatureError};

use crate::flow::sha1::{self, SignedBy};
use crate::flow::wsfed::Refusal;
use crate::token::saml_2::DELIVERY_WINDOW;
use crate::trust::{
    Binding, Identifier, Protocol, ProtocolProfile, RelyingPartyTrust, SamlEndpoint, TrustBook, Url,
};

/// How far the clock of a party may be from ours.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(3);

/// A request whose party is known.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// The party.
    pub(super) trust: Arc<RelyingPartyTrust>,
    /// By which of its identifiers it asks.
    pub(super) realm: Identifier,
    /// Where the answer goes, as it is registered.
    pub(super) reply: Url,
}

/// Why a request is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotAccepted {
    /// It is none.
    Malformed(MessageParseError),
    /// It is one, and says that it is of this issuer, whose name is known where there is a trust.
    Refused {
        issuer: String,
        party: Option<String>,
        refusal: Refusal,
    },
}

impl From<MessageParseError> for NotAccepted {
    fn from(error: MessageParseError) -> Self {
        Self::Malformed(error)
    }
}

/// Looks at a request as it was brought, to us and at this moment; and says by what it was signed, where it was.
pub(super) fn request(
    book: &TrustBook,
    brought: &Brought,
    (own, now): (&str, Timestamp),
) -> Result<(SsoRequest, Option<SignedBy>), NotAccepted> {
    let document = brought.document()?;
    let root = document.root();
    let issuer = AuthnRequest::issuer_of(root)?;
    let refused = |(party, refusal)| NotAccepted::Refused {
        issuer: issuer.clone(),
        party,
        refusal,
    };
    let Known { trust, .. } = known(book, &issuer).map_err(refused)?;
    let not_believed = |said: String| {
        let said = format!("the request of `{}` is not believed: {said}", trust.name);
        let refusal = Refusal::new(TokenRefusal::NotBelieved, said);
        refused((Some(trust.name.clone()), refusal))
    };
    let not_signed = |error: SignatureError| not_believed(error.to_string());
    let of_query = brought.query.clone().filter(|it| it.is_signed());
    let is_enveloped = AuthnRequest::is_signed(root);
    let keys = keys(trust, now);
    let with = (&keys, trust.sha1_until);
    let (request, signed_by) = match (of_query, is_enveloped) {
        // SPEC: saml-bindings 3.4.4.1: a message in a query bears no signature of its own.
        (_, true) if brought.query.is_some() => {
            let said = "a message in a query bears a signature of its own";
            return Err(not_believed(said.to_owned()));
        }
        (Some(query), _) => {
            let verified = sha1::verified(with, now, |partner| query.clone().verify(partner));
            let (_, signed_by) = verified.map_err(not_signed)?;
            (AuthnRequest::read(root)?, Some(signed_by))
        }
        (None, true) => {
            let verified = sha1::verified(with, now, |partner| verified(root, partner));
            let (request, signed_by) = verified.map_err(not_signed)?;
            (request?, Some(signed_by))
        }
        (None, false) if trust.signed_saml_requests_required => {
            return Err(not_believed("it must be signed, and is not".to_owned()));
        }
        (None, false) => (AuthnRequest::read(root)?, None),
    };
    if let Some(said) = fault_of(&request, signed_by.is_some(), (own, now)) {
        return Err(not_believed(said.to_owned()));
    }
    if request.wanted.issuer != issuer {
        return Err(not_believed("it names another party".to_owned()));
    }
    let wanted = SsoRequest {
        relay_state: brought.relay_state.clone(),
        ..request.wanted
    };
    Ok((wanted, signed_by))
}

/// What stands in a request that one of its party's keys signed.
fn verified(
    root: Element<'_, '_>,
    partner: &Partner<'_>,
) -> Result<Result<AuthnRequest, MessageParseError>, SignatureError> {
    let verified = xml::signature::verify_of(root, partner)?;
    let document = verified.document()?;
    Ok(AuthnRequest::read(document.root()))
}

fn keys(trust: &RelyingPartyTrust, now: Timestamp) -> Vec<PublicKey> {
    let certificates = trust.request_signing_certificates.iter();
    let good = certificates.filter(|it| it.not_after() > now);
    good.filter_map(|it| PublicKey::from_certificate(it.der()).ok())
        .collect()
}

/// What is wrong with a request: where it was meant to be brought, and when.
fn fault_of(
    request: &AuthnRequest,
    is_signed: bool,
    (own, now): (&str, Timestamp),
) -> Option<&'static str> {
    let own = [own, own.trim_end_matches('/')];
    let own: Vec<Url> = own.iter().filter_map(|it| Url::parse(it).ok()).collect();
    let destination = request.destination.as_deref();
    let is_ours = |text: &str| {
        let destination = Url::parse(text);
        destination.is_ok_and(|it| own.iter().any(|own| own.is_same(&it)))
    };
    // SPEC: saml-bindings 3.4.5.2 and 3.5.5.2: a message that is signed says where it is to be brought.
    let is_for_us = match destination {
        Some(destination) => is_ours(destination),
        None => !is_signed,
    };
    let later = |time: Timestamp, by| time.checked_add(by).unwrap_or(time);
    let issued = request.issue_instant;
    let window = DELIVERY_WINDOW.checked_add(SKEW).unwrap_or(SKEW);
    [
        (is_for_us, "it is to be brought elsewhere"),
        (issued <= later(now, SKEW), "it is of a time to come"),
        (now <= later(issued, window), "it is too old"),
    ]
    .into_iter()
    .find_map(|(is_sound, said)| (!is_sound).then_some(said))
}

/// Finds the party of a request, and where its answer goes; a refusal names the party where one was found.
pub(super) fn party(
    book: &TrustBook,
    wanted: &SsoRequest,
) -> Result<Checked, (Option<String>, Refusal)> {
    let Known { trust, realm } = known(book, &wanted.issuer)?;
    let reply = reply(trust, &wanted.assertion_consumer_service);
    Ok(Checked {
        reply: reply.map_err(|refusal| (Some(trust.name.clone()), refusal))?,
        trust: Arc::clone(trust),
        realm,
    })
}

/// A party that is switched on and speaks SAML.
struct Known<'b> {
    trust: &'b Arc<RelyingPartyTrust>,
    realm: Identifier,
}

/// SECURITY: every way in asks here whether a party is switched on (T-SAML-3).
fn known<'b>(book: &'b TrustBook, issuer: &str) -> Result<Known<'b>, (Option<String>, Refusal)> {
    let unknown = || {
        let said = "no relying party trust has that identifier";
        (None, Refusal::new(TokenRefusal::UnknownRelyingParty, said))
    };
    let realm = Identifier::parse(issuer).map_err(|_| unknown())?;
    let trust = book.relying_party(&realm).ok_or_else(unknown)?;
    let refused = |reason, said: &str| Err((Some(trust.name.clone()), Refusal::new(reason, said)));
    if !trust.is_enabled {
        let said = "the relying party trust is switched off";
        return refused(TokenRefusal::Disabled, said);
    }
    if trust.protocol_profile == ProtocolProfile::WsFederation {
        let said = "the relying party trust does not speak SAML";
        return refused(TokenRefusal::NoEndpoint, said);
    }
    Ok(Known { trust, realm })
}

/// SECURITY: the answer goes where it is registered, whatever the request says; where that is somewhere else, there is none
/// (T-HTTP-14).
fn reply(trust: &RelyingPartyTrust, wanted: &AssertionConsumerService) -> Result<Url, Refusal> {
    let takes = |it: &&SamlEndpoint| {
        it.protocol == Protocol::SamlAssertionConsumer && it.binding == Binding::Post
    };
    let mut endpoints: Vec<&SamlEndpoint> = trust.saml_endpoints.iter().filter(takes).collect();
    endpoints.sort_by_key(|it| it.index);
    if endpoints.is_empty() {
        let said =
            "the relying party trust has no assertion consumer service that takes a form (POST)";
        return Err(Refusal::new(TokenRefusal::NoEndpoint, said));
    }
    let mut all = endpoints.iter();
    let found = match wanted {
        AssertionConsumerService::Default => all.find(|it| it.is_default).or(endpoints.first()),
        AssertionConsumerService::Index(index) => all.find(|it| it.index == *index),
        AssertionConsumerService::Url(url) => {
            let url = Url::parse(url).ok();
            all.find(|it| url.as_ref().is_some_and(|url| it.location.is_same(url)))
        }
    };
    found.map(|it| it.location.clone()).ok_or_else(|| {
        let said =
            "the assertion consumer service that it names is none of those that are registered";
        Refusal::new(TokenRefusal::UnregisteredReply, said)
    })
}
