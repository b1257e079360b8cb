//! A claims provider trust that is being read, and what only all of its fields together say.

mod table;

pub(in crate::import) use table::TABLE;

use crate::import::report::{Fate, ObjectReport};
use crate::trust::{
    AnchorClaim, Certificate, ClaimsProviderTrust, Identifier, Metadata, ProtocolProfile,
    RevocationCheck, Rules, SamlEndpoint, SignatureAlgorithm, Url,
};

/// The identifier of AD FS's own directory.
const ACTIVE_DIRECTORY: &str = claims::claim::AD_AUTHORITY;

/// A trust that is being read.
pub(in crate::import) struct Draft {
    name: String,
    identifier: Option<Identifier>,
    is_enabled: bool,
    is_local: bool,
    notes: Option<String>,
    protocol_profile: ProtocolProfile,
    wsfed_endpoint: Option<Url>,
    saml_endpoints: Vec<SamlEndpoint>,
    metadata_url: Option<Url>,
    is_monitored: bool,
    is_followed: bool,
    token_signing_certificates: Vec<Certificate>,
    signing_check: RevocationCheck,
    encryption_certificate: Option<Certificate>,
    encryption_check: RevocationCheck,
    signature_algorithm: SignatureAlgorithm,
    signed_saml_requests_required: bool,
    encrypted_name_id_required: bool,
    required_name_id_format: Option<Identifier>,
    allow_create: bool,
    rules: Rules,
    claims_offered: Vec<Identifier>,
    anchor: Option<Identifier>,
    suffixes: Vec<String>,
    supports_mfa: bool,
    custom_mfa_uri: Option<Identifier>,
}

impl Draft {
    /// Nothing yet.
    pub(in crate::import) fn new() -> Self {
        Self {
            name: String::new(),
            identifier: None,
            is_enabled: false,
            is_local: false,
            notes: None,
            protocol_profile: ProtocolProfile::default(),
            wsfed_endpoint: None,
            saml_endpoints: Vec::new(),
            metadata_url: None,
            is_monitored: false,
            is_followed: false,
            token_signing_certificates: Vec::new(),
            signing_check: RevocationCheck::default(),
            encryption_certificate: None,
            encryption_check: RevocationCheck::default(),
            signature_algorithm: SignatureAlgorithm::default(),
            signed_saml_requests_required: true,
            encrypted_name_id_required: false,
            required_name_id_format: None,
            allow_create: true,
            rules: Rules::default(),
            claims_offered: Vec::new(),
            anchor: None,
            suffixes: Vec::new(),
            supports_mfa: false,
            custom_mfa_uri: None,
        }
    }

    /// The trust, and what only all of its fields together say.
    pub(in crate::import) fn finish(
        self,
        report: &mut ObjectReport,
    ) -> Option<ClaimsProviderTrust> {
        let identifier = self.identifier?;
        let is_directory = identifier.as_str() == ACTIVE_DIRECTORY;
        if self.is_local && !is_directory {
            let fate = Fate::lost("an LDAP directory of AD FS's: give its people accounts here");
            if let Some(known) = report.fate_of("IsLocal") {
                *known = fate;
            }
        }
        let is_local = self.is_local || is_directory;
        if !is_local && self.token_signing_certificates.is_empty() {
            let why = "without a certificate nothing that it signs can be believed";
            report.refuse("TokenSigningCertificates", why.to_owned());
        }
        let metadata = self.metadata_url.map(|url| Metadata {
            url,
            is_monitored: self.is_monitored,
            is_followed: self.is_followed,
            signing_certificates: Vec::new(),
        });
        Some(ClaimsProviderTrust {
            name: self.name,
            identifier,
            is_enabled: self.is_enabled,
            is_local,
            notes: self.notes,
            protocol_profile: self.protocol_profile,
            wsfed_endpoint: self.wsfed_endpoint,
            saml_endpoints: self.saml_endpoints,
            metadata,
            token_signing_certificates: self.token_signing_certificates,
            signing_certificate_revocation_check: self.signing_check,
            encryption_certificate: self.encryption_certificate,
            encryption_certificate_revocation_check: self.encryption_check,
            signature_algorithm: self.signature_algorithm,
            // AD FS has no end for it, and no administrator said one.
            sha1_until: None,
            signed_saml_requests_required: self.signed_saml_requests_required,
            encrypted_name_id_required: self.encrypted_name_id_required,
            required_name_id_format: self.required_name_id_format,
            allow_create: self.allow_create,
            acceptance_transform_rules: self.rules,
            claims_offered: self.claims_offered,
            anchor_claim: self.anchor.map(AnchorClaim),
            organizational_account_suffixes: self.suffixes,
            supports_mfa: self.supports_mfa,
            custom_mfa_uri: self.custom_mfa_uri,
        })
    }
}
