//! The written form of a claims provider trust.

use claims::claim::is_reserved_issuer;
use serde::{Deserialize, Serialize};

use super::error::{As, Of, Problem, WrittenError};
use super::parts::{
    WrittenMetadata, WrittenSamlEndpoint, base64, certificate, certificates, identifier,
    identifiers, is_off, is_on, on, optional_choice, optional_url, rules, texts, word,
};
use super::relying_party::{profile, signing};
use crate::trust::{AnchorClaim, ClaimsProviderTrust, Kind, Url};

/// A claims provider trust, as it is written; the keys are explained at [`ClaimsProviderTrust`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is a field of the typed trust, and is explained there"
)]
pub struct WrittenClaimsProvider {
    pub name: String,
    pub identifier: String,
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub is_enabled: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub is_local: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,

    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_profile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wsfed_endpoint: Option<String>,

    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_signing_certificates: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_certificate_revocation_check: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_certificate_revocation_check: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1_until: Option<String>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub signed_saml_requests_required: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub encrypted_name_id_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_name_id_format: Option<String>,
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub allow_create: bool,

    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub acceptance_transform_rules: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_offered: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor_claim: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizational_account_suffixes: Vec<String>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub supports_mfa: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_mfa_uri: Option<String>,

    // Tables come last, as TOML wants them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<WrittenMetadata>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saml_endpoints: Vec<WrittenSamlEndpoint>,
}

impl WrittenClaimsProvider {
    /// A provider of a name, of which nothing else is said.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            identifier: String::new(),
            is_enabled: true,
            is_local: false,
            notes: None,
            protocol_profile: None,
            wsfed_endpoint: None,
            token_signing_certificates: Vec::new(),
            signing_certificate_revocation_check: None,
            encryption_certificate: None,
            encryption_certificate_revocation_check: None,
            signature_algorithm: None,
            sha1_until: None,
            signed_saml_requests_required: false,
            encrypted_name_id_required: false,
            required_name_id_format: None,
            allow_create: true,
            acceptance_transform_rules: String::new(),
            claims_offered: Vec::new(),
            anchor_claim: None,
            organizational_account_suffixes: Vec::new(),
            supports_mfa: false,
            custom_mfa_uri: None,
            metadata: None,
            saml_endpoints: Vec::new(),
        }
    }

    /// What a trust is written as.
    #[must_use]
    pub fn of(trust: &ClaimsProviderTrust) -> Self {
        let signing = trust.token_signing_certificates.iter();
        let anchor = trust.anchor_claim.as_ref();
        Self {
            name: trust.name.clone(),
            identifier: trust.identifier.to_string(),
            is_enabled: trust.is_enabled,
            is_local: trust.is_local,
            notes: trust.notes.clone(),
            protocol_profile: word(trust.protocol_profile),
            wsfed_endpoint: trust.wsfed_endpoint.as_ref().map(Url::to_string),
            token_signing_certificates: signing.map(base64).collect(),
            signing_certificate_revocation_check: word(trust.signing_certificate_revocation_check),
            encryption_certificate: trust.encryption_certificate.as_ref().map(base64),
            encryption_certificate_revocation_check: word(
                trust.encryption_certificate_revocation_check,
            ),
            signature_algorithm: word(trust.signature_algorithm),
            sha1_until: trust.sha1_until.map(|it| it.to_string()),
            signed_saml_requests_required: trust.signed_saml_requests_required,
            encrypted_name_id_required: trust.encrypted_name_id_required,
            required_name_id_format: trust
                .required_name_id_format
                .as_ref()
                .map(ToString::to_string),
            allow_create: trust.allow_create,
            acceptance_transform_rules: trust.acceptance_transform_rules.text().to_owned(),
            claims_offered: texts(&trust.claims_offered),
            anchor_claim: anchor.map(|AnchorClaim(claim_type)| claim_type.to_string()),
            organizational_account_suffixes: trust.organizational_account_suffixes.clone(),
            supports_mfa: trust.supports_mfa,
            custom_mfa_uri: trust.custom_mfa_uri.as_ref().map(ToString::to_string),
            metadata: trust.metadata.as_ref().map(WrittenMetadata::of),
            saml_endpoints: trust
                .saml_endpoints
                .iter()
                .map(WrittenSamlEndpoint::of)
                .collect(),
        }
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// A value is none that its field may have, or nothing would verify what it signs.
    pub fn read(self) -> Result<ClaimsProviderTrust, WrittenError> {
        self.read_by(As::New)
    }

    pub(super) fn read_by(self, read: As) -> Result<ClaimsProviderTrust, WrittenError> {
        const SIGNING: &str = "token_signing_certificates";
        let of = Of::read_as(Kind::ClaimsProvider, &self.name, read)?;
        let of = &of;
        // SECURITY: a provider whose signatures nothing verifies is none.
        if !self.is_local && self.token_signing_certificates.is_empty() {
            return Err(of.wrong(SIGNING, Problem::NoCertificate));
        }
        // SECURITY: what a provider is called is the issuer of its claims, and rules believe these names of us alone.
        if !self.is_local && is_reserved_issuer(&self.identifier) {
            return Err(of.wrong("identifier", Problem::Reserved));
        }
        let endpoints = self.saml_endpoints.into_iter();
        let anchor = self.anchor_claim.as_deref();
        let anchor = anchor.map(|it| identifier(of, "anchor_claim", it));
        let said = (
            self.signature_algorithm.as_deref(),
            self.sha1_until.as_deref(),
        );
        let (signature_algorithm, sha1_until) = signing(of, said)?;
        Ok(ClaimsProviderTrust {
            identifier: identifier(of, "identifier", &self.identifier)?,
            name: self.name,
            is_enabled: self.is_enabled,
            is_local: self.is_local,
            notes: self.notes,
            protocol_profile: profile(of, self.protocol_profile.as_deref())?,
            wsfed_endpoint: optional_url(of, "wsfed_endpoint", self.wsfed_endpoint.as_deref())?,
            saml_endpoints: endpoints.map(|it| it.read(of)).collect::<Result<_, _>>()?,
            metadata: self.metadata.map(|it| it.read(of)).transpose()?,
            token_signing_certificates: certificates(
                of,
                SIGNING,
                &self.token_signing_certificates,
            )?,
            signing_certificate_revocation_check: optional_choice(
                of,
                "signing_certificate_revocation_check",
                self.signing_certificate_revocation_check.as_deref(),
            )?,
            encryption_certificate: self
                .encryption_certificate
                .map(|it| certificate(of, "encryption_certificate", &it))
                .transpose()?,
            encryption_certificate_revocation_check: optional_choice(
                of,
                "encryption_certificate_revocation_check",
                self.encryption_certificate_revocation_check.as_deref(),
            )?,
            signature_algorithm,
            sha1_until,
            signed_saml_requests_required: self.signed_saml_requests_required,
            encrypted_name_id_required: self.encrypted_name_id_required,
            required_name_id_format: self
                .required_name_id_format
                .map(|it| identifier(of, "required_name_id_format", &it))
                .transpose()?,
            allow_create: self.allow_create,
            acceptance_transform_rules: rules(
                of,
                "acceptance_transform_rules",
                &self.acceptance_transform_rules,
            )?,
            claims_offered: identifiers(of, "claims_offered", &self.claims_offered)?,
            anchor_claim: anchor.transpose()?.map(AnchorClaim),
            organizational_account_suffixes: self.organizational_account_suffixes,
            supports_mfa: self.supports_mfa,
            custom_mfa_uri: self
                .custom_mfa_uri
                .map(|it| identifier(of, "custom_mfa_uri", &it))
                .transpose()?,
        })
    }
}
