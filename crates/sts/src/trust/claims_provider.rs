//! Claims provider trusts: a party whose claims we take (`Add-AdfsClaimsProviderTrust`), our own directory among them.

use super::certificate::Certificate;
use super::identifier::{Identifier, Url};
use super::relying_party::Metadata;
use super::rules::Rules;
use super::saml_endpoint::SamlEndpoint;
use super::setting::{ProtocolProfile, RevocationCheck, SignatureAlgorithm};
use super::sha1::Sha1Until;

/// A party whose claims we take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsProviderTrust {
    /// What it is called; no two trusts have one name.
    pub name: String,
    /// What it calls itself, as the issuer of its tokens.
    pub identifier: Identifier,
    /// Whether people may come from it.
    pub is_enabled: bool,
    /// Whether it is our own directory (AD FS: `Active Directory`), which sends no token.
    pub is_local: bool,
    /// An administrator's words.
    pub notes: Option<String>,

    /// Which protocols it speaks.
    pub protocol_profile: ProtocolProfile,
    /// Where requests of WS-Federation go.
    pub wsfed_endpoint: Option<Url>,
    /// Where it speaks SAML.
    pub saml_endpoints: Vec<SamlEndpoint>,
    /// Where its metadata is, and whether that is followed.
    pub metadata: Option<Metadata>,

    /// What its tokens are signed by: several while it changes its key; one at least unless it is our own directory.
    pub token_signing_certificates: Vec<Certificate>,
    /// How those are looked up in revocation lists.
    pub signing_certificate_revocation_check: RevocationCheck,
    /// What is encrypted for it.
    pub encryption_certificate: Option<Certificate>,
    /// How that is looked up in revocation lists.
    pub encryption_certificate_revocation_check: RevocationCheck,
    /// By which algorithm it signs; no request of ours to it is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Until when what it signs by SHA-1 is believed; never where nothing is said.
    pub sha1_until: Option<Sha1Until>,
    /// Whether our SAML requests to it are signed.
    pub signed_saml_requests_required: bool,
    /// Whether the subject of a sign-out must be encrypted.
    pub encrypted_name_id_required: bool,
    /// Which format its subjects must have.
    pub required_name_id_format: Option<Identifier>,
    /// Whether a SAML request says that it may make an account.
    pub allow_create: bool,

    /// What is believed of its claims; where there is no rule, nothing.
    pub acceptance_transform_rules: Rules,
    /// The claim types that its metadata offers.
    pub claims_offered: Vec<Identifier>,
    /// What knows somebody again, where it is not the default.
    pub anchor_claim: Option<AnchorClaim>,
    /// The suffixes of names that lead to it (home realm).
    pub organizational_account_suffixes: Vec<String>,
    /// Whether it proves second factors for us, and is believed where it says that it did (decision 0019).
    pub supports_mfa: bool,
    /// What it calls a second factor, where that is not AD FS's `multipleauthn`.
    pub custom_mfa_uri: Option<Identifier>,
}

/// The claim type that a claims provider's people are known again by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorClaim(pub Identifier);
