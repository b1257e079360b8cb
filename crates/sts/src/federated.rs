//! Whom a claims provider vouches for, as the claims that its acceptance rules begin with.
//!
//! SECURITY: every claim is the provider's word and bears its name, whatever the assertion says of whose word it was first
//! (decision 0019). What only we can know, as from where the request came or what the rules of a party permit, is not taken
//! from anybody. A federated person is no account of ours. Start at [`Federated::claims`].

use claims::claim_type::{AUTHENTICATION_METHOD, DENY, MULTIPLE_AUTHENTICATION, PERMIT};
use claims::{Claim, ClaimSet};
use jiff::Timestamp;
use proto::saml::received::{Name, Received, Said};

use crate::subject::{
    AUTHENTICATION_INSTANT, MAIL, METHODS_REFERENCES, NAME_IDENTIFIER, UPN, instant, is_ours,
};
use crate::trust::ClaimsProviderTrust;

/// Properties of a claim that SAML has as attributes of it.
const PROPERTIES: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/";
/// How SAML 1.1 and 2.0 call a method of which nothing is said.
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.0:am:unspecified";

/// Somebody whom a claims provider vouches for.
///
/// **Trusts** that the assertion was verified, and is for us and in time: only who takes it makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Federated<'a> {
    /// By whom.
    pub(crate) provider: &'a ClaimsProviderTrust,
    /// What it says.
    pub(crate) received: &'a Received,
}

impl Federated<'_> {
    /// The claims, all of them the provider's word.
    pub(crate) fn claims(&self) -> ClaimSet {
        let Received {
            subject,
            statements,
            authentication,
            ..
        } = self.received;
        let mut claims = ClaimSet::new();
        claims.extend(subject.as_ref().map(|it| self.name(it)));
        if let Some(signed_in) = authentication {
            claims.push(self.claim(AUTHENTICATION_METHOD, &signed_in.method));
            let begun = instant(signed_in.instant);
            claims.push(self.claim(AUTHENTICATION_INSTANT, &begun));
        }
        let told = statements.iter().filter(|it| !is_reserved(&it.claim_type));
        claims.extend(told.map(|it| self.said(it)));
        claims
    }

    /// Whether it says that they proved a second factor, in words for which its trust says that it is believed.
    pub(crate) fn has_second_factor(&self) -> bool {
        let Some(believed) = second_factor_of(self.provider) else {
            return false;
        };
        let methods = self.received.authentication.iter().map(|it| &it.method);
        let references = self.received.statements.iter().filter(|it| {
            [METHODS_REFERENCES, AUTHENTICATION_METHOD].contains(&it.claim_type.as_str())
        });
        let mut said = methods.chain(references.map(|it| &it.value));
        said.any(|it| it == believed)
    }

    /// When they signed in there, where that is said.
    pub(crate) fn signed_in(&self) -> Option<Timestamp> {
        let authentication = self.received.authentication.as_ref();
        authentication.map(|it| it.instant)
    }

    /// By which method, as a URI.
    pub(crate) fn method(&self) -> &str {
        let authentication = self.received.authentication.as_ref();
        authentication.map_or(UNSPECIFIED, |it| &it.method)
    }

    /// What it calls them, for the audit.
    pub(crate) fn known_as(&self) -> &str {
        let called = self.received.subject.as_ref().map(|it| it.name.as_str());
        let of_type = |claim_type: &str| {
            let mut statements = self.received.statements.iter();
            let found = statements.find(|it| it.claim_type == claim_type);
            found.map(|it| it.value.as_str())
        };
        let found = called.or_else(|| of_type(UPN)).or_else(|| of_type(MAIL));
        found.unwrap_or_default()
    }

    fn claim(&self, claim_type: &str, value: &str) -> Claim {
        Claim::new(claim_type, value, self.provider.identifier.as_str())
    }

    fn said(&self, said: &Said) -> Claim {
        let mut claim = self.claim(&said.claim_type, &said.value);
        with(&mut claim, "attributename", said.name_format.as_deref());
        claim
    }

    fn name(&self, name: &Name) -> Claim {
        let mut claim = self.claim(NAME_IDENTIFIER, &name.name);
        with(&mut claim, "format", name.format.as_deref());
        with(&mut claim, "namequalifier", name.qualifier.as_deref());
        with(&mut claim, "spnamequalifier", name.sp_qualifier.as_deref());
        claim
    }
}

/// What a provider calls a second factor, where its trust says that it is believed of one (AD FS's SupportsMFA and
/// CustomMFAUri).
pub(crate) fn second_factor_of(provider: &ClaimsProviderTrust) -> Option<&str> {
    let called = provider.custom_mfa_uri.as_ref();
    let called = called.map_or(MULTIPLE_AUTHENTICATION, |it| it.as_str());
    provider.supports_mfa.then_some(called)
}

/// What is nobody's word but ours: how a request came, and what rules of a party permit.
fn is_reserved(claim_type: &str) -> bool {
    let mut of_rules = [PERMIT, DENY].iter();
    of_rules.any(|it| claim_type.eq_ignore_ascii_case(it)) || is_ours(claim_type)
}

fn with(claim: &mut Claim, property: &str, value: Option<&str>) {
    if let Some(value) = value {
        let key = format!("{PROPERTIES}{property}");
        claim.properties.insert(key.into(), value.into());
    }
}
