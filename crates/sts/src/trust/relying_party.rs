//! Relying party trusts: a party that takes our tokens (`Add-AdfsRelyingPartyTrust`).

use authn::party::Party;

use super::access_control::AccessControlPolicy;
use super::certificate::Certificate;
use super::identifier::{Identifier, Url};
use super::rules::Rules;
use super::saml_endpoint::SamlEndpoint;
use super::setting::{
    NotBeforeSkew, ProtocolProfile, RevocationCheck, SamlResponseSignature, SignatureAlgorithm,
    TokenLifetime, TokenType,
};
use super::sha1::Sha1Until;

/// A party that takes our tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingPartyTrust {
    /// What it is called; no two trusts have one name.
    pub name: String,
    /// What it calls itself; one at least, and no other trust has it.
    pub identifiers: Vec<Identifier>,
    /// Whether it gets tokens.
    pub is_enabled: bool,
    /// An administrator's words.
    pub notes: Option<String>,

    /// Which protocols it speaks.
    pub protocol_profile: ProtocolProfile,
    /// Where answers of WS-Federation go.
    pub wsfed_endpoint: Option<Url>,
    /// Where they may go, too.
    pub additional_wsfed_endpoints: Vec<Url>,
    /// Where it speaks SAML.
    pub saml_endpoints: Vec<SamlEndpoint>,

    /// Where its metadata is, and whether that is followed.
    pub metadata: Option<Metadata>,

    /// What its requests are signed by.
    pub request_signing_certificates: Vec<Certificate>,
    /// How those are looked up in revocation lists.
    pub signing_certificate_revocation_check: RevocationCheck,
    /// What its tokens are encrypted with.
    pub encryption_certificate: Option<Certificate>,
    /// How that is looked up in revocation lists.
    pub encryption_certificate_revocation_check: RevocationCheck,
    /// Whether tokens are encrypted, where there is a certificate.
    pub encrypt_claims: bool,
    /// Whether the subject of a sign-out must be encrypted.
    pub encrypted_name_id_required: bool,
    /// What kind of token it gets by WS-Federation.
    pub token_type: TokenType,
    /// By which algorithm it signs, and wants signed: tokens are never signed by SHA-1.
    pub signature_algorithm: SignatureAlgorithm,
    /// Until when requests that it signs by SHA-1 are believed; never where nothing is said.
    pub sha1_until: Option<Sha1Until>,
    /// Whether its SAML requests must be signed.
    pub signed_saml_requests_required: bool,
    /// What of a SAML response is signed.
    pub saml_response_signature: SamlResponseSignature,

    /// How long a token is good.
    pub token_lifetime: TokenLifetime,
    /// By how much it is good before it was made.
    pub not_before_skew: NotBeforeSkew,
    /// Whether every token needs a fresh sign-in.
    pub always_require_authentication: bool,

    /// Who gets a token.
    pub authorization: Authorization,
    /// The claims that are sent.
    pub issuance_transform_rules: Rules,
    /// Who must prove a second factor.
    pub additional_authentication_rules: Rules,

    /// The claims providers that people may come from, by name; none is any.
    pub claims_provider_names: Vec<String>,
    /// The methods that a party may ask for, as URIs; none is any.
    pub allowed_authentication_class_references: Vec<Identifier>,
    /// The claim types that its metadata asks for.
    pub claims_accepted: Vec<Identifier>,
}

impl RelyingPartyTrust {
    /// The party, as the policy knows it.
    #[must_use]
    pub fn party(&self) -> Party {
        let identifiers = self.identifiers.iter().map(|it| it.as_str().to_owned());
        Party {
            name: self.name.clone(),
            identifiers: identifiers.collect(),
        }
    }
}

/// Who gets a token of a party: rules or a policy, never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// Rules that issue permit and deny; where there is none, nobody.
    Rules(Rules),
    /// A policy of AD FS 2016 and later.
    Policy(AccessControlPolicy),
}

/// A partner's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where it is.
    pub url: Url,
    /// Whether it is read again and again, and changes are told.
    pub is_monitored: bool,
    /// Whether changes apply by themselves.
    pub is_followed: bool,
    /// The certificates that vouched for it, beside those that the trust has for its partner's words.
    pub signing_certificates: Vec<Certificate>,
}
