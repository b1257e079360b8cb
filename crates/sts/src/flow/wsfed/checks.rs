//! What is looked at before anybody is asked who they are: the party, where its answer goes, and what it wants proved.

use std::sync::Arc;

use authn::audit::TokenRefusal;
use claims::claim_type::MULTIPLE_AUTHENTICATION;
use proto::saml::v1;
use proto::wsfed::SignInRequest;

use crate::pipeline::NotIssued;
use crate::subject;
use crate::trust::{Identifier, ProtocolProfile, RelyingPartyTrust, TrustBook, Url};

/// Methods that a party may want which need a second factor ([MS-MWBF] note 14).
const SECOND_FACTOR: [&str; 2] = [
    MULTIPLE_AUTHENTICATION,
    "http://schemas.microsoft.com/claims/wiaormultiauthn",
];

/// A request whose party is known.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    /// The party.
    pub(super) trust: Arc<RelyingPartyTrust>,
    /// By which of its identifiers it asks.
    pub(super) realm: Identifier,
    /// Where the answer goes, as it is registered.
    pub(super) reply: Url,
    /// Whether the request itself wants a second factor.
    pub(super) second_factor: bool,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Refusal {
    pub(in crate::flow) reason: TokenRefusal,
    pub(in crate::flow) said: String,
}

impl Refusal {
    pub(in crate::flow) fn new(reason: TokenRefusal, said: impl Into<String>) -> Self {
        let said = said.into();
        Self { reason, said }
    }

    /// The policy lets nobody sign in for the party from where the browser is.
    pub(in crate::flow) fn no_way_in() -> Self {
        let said = "no `[[policy]]` for `sts` lets anybody sign in for that party from there";
        Self::new(TokenRefusal::NoWayIn, said)
    }
}

impl From<&NotIssued> for Refusal {
    fn from(error: &NotIssued) -> Self {
        Self::new(error.refusal(), error.to_string())
    }
}

/// Finds the party of a request, and where its answer goes; a refusal names the party where one was found.
pub(super) fn party(
    book: &TrustBook,
    request: &SignInRequest,
) -> Result<Checked, (Option<String>, Refusal)> {
    let unknown = || {
        let said = "no relying party trust has that identifier";
        (None, Refusal::new(TokenRefusal::UnknownRelyingParty, said))
    };
    let realm = Identifier::parse(&request.wtrealm).map_err(|_| unknown())?;
    let trust = book.relying_party(&realm).ok_or_else(unknown)?;
    let named = |refusal| (Some(trust.name.clone()), refusal);
    is_served(trust).map_err(named)?;
    Ok(Checked {
        reply: reply(trust, request.wreply.as_deref()).map_err(named)?,
        second_factor: second_factor(trust, request.wauth.as_deref()).map_err(named)?,
        trust: Arc::clone(trust),
        realm,
    })
}

fn is_served(trust: &RelyingPartyTrust) -> Result<(), Refusal> {
    if !trust.is_enabled {
        let said = "the relying party trust is switched off";
        return Err(Refusal::new(TokenRefusal::Disabled, said));
    }
    if trust.protocol_profile == ProtocolProfile::Saml {
        let said = "the relying party trust does not speak WS-Federation";
        return Err(Refusal::new(TokenRefusal::NoEndpoint, said));
    }
    Ok(())
}

/// SECURITY: the answer goes where it is registered, whatever the request says; where that is somewhere else, there is none
/// (T-HTTP-14).
fn reply(trust: &RelyingPartyTrust, wreply: Option<&str>) -> Result<Url, Refusal> {
    let Some(default) = &trust.wsfed_endpoint else {
        let said = "MSIS5004: the relying party trust has no WS-Federation passive endpoint";
        return Err(Refusal::new(TokenRefusal::NoEndpoint, said));
    };
    let Some(wreply) = wreply else {
        return Ok(default.clone());
    };
    let wanted = Url::parse(wreply).ok();
    let mut registered = [default]
        .into_iter()
        .chain(&trust.additional_wsfed_endpoints);
    let found = registered.find(|it| wanted.as_ref().is_some_and(|wanted| it.is_same(wanted)));
    found.cloned().ok_or_else(|| {
        let said = "`wreply` is none of the addresses that are registered";
        Refusal::new(TokenRefusal::UnregisteredReply, said)
    })
}

/// Whether the method that a party wants needs a second factor.
fn second_factor(trust: &RelyingPartyTrust, wauth: Option<&str>) -> Result<bool, Refusal> {
    let Some(wanted) = wauth else {
        return Ok(false);
    };
    let allowed = &trust.allowed_authentication_class_references;
    let is_allowed = allowed.is_empty() || allowed.iter().any(|it| it.as_str() == wanted);
    let is_second = SECOND_FACTOR.contains(&wanted);
    let is_password = [v1::PASSWORD, subject::PASSWORD].contains(&wanted);
    match is_allowed && (is_second || is_password) {
        true => Ok(is_second),
        false => {
            let said = "`wauth` is a method that cannot be proved here, or not for this party";
            Err(Refusal::new(TokenRefusal::UnknownMethod, said))
        }
    }
}
