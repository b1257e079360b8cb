//! The written form of a relying party trust.

use serde::{Deserialize, Serialize};

use super::error::{As, Of, Problem, WrittenError};
use super::parts::{
    WrittenMetadata, WrittenPolicy, WrittenSamlEndpoint, base64, certificate, certificates,
    identifiers, is_off, is_on, on, optional_choice, optional_url, rules, texts, url, word,
};
use crate::trust::{
    Authorization, Certificate, Kind, NotBeforeSkew, ProtocolProfile, Purpose, RelyingPartyTrust,
    Rules, Sha1Until, SignatureAlgorithm, TokenLifetime, TokenType, Url,
};

/// A relying party trust, as it is written; the keys are explained at [`RelyingPartyTrust`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is a field of the typed trust, and is explained there"
)]
pub struct WrittenRelyingParty {
    pub name: String,
    pub identifiers: Vec<String>,
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub is_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,

    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_profile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wsfed_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_wsfed_endpoints: Vec<String>,

    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_signing_certificates: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_certificate_revocation_check: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_certificate_revocation_check: Option<String>,
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub encrypt_claims: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub encrypted_name_id_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1_until: Option<String>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub signed_saml_requests_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml_response_signature: Option<String>,

    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before_skew: Option<u32>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub always_require_authentication: bool,

    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuance_authorization_rules: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuance_transform_rules: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub additional_authentication_rules: String,

    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_provider_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_authentication_class_references: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_accepted: Vec<String>,

    // Tables come last, as TOML wants them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<WrittenMetadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_control_policy: Option<WrittenPolicy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saml_endpoints: Vec<WrittenSamlEndpoint>,
}

impl Default for WrittenRelyingParty {
    /// A trust of which nothing is said: what is on where nothing is said, is on.
    fn default() -> Self {
        Self {
            name: String::new(),
            identifiers: Vec::new(),
            is_enabled: true,
            notes: None,
            protocol_profile: None,
            wsfed_endpoint: None,
            additional_wsfed_endpoints: Vec::new(),
            request_signing_certificates: Vec::new(),
            signing_certificate_revocation_check: None,
            encryption_certificate: None,
            encryption_certificate_revocation_check: None,
            encrypt_claims: true,
            encrypted_name_id_required: false,
            token_type: None,
            signature_algorithm: None,
            sha1_until: None,
            signed_saml_requests_required: false,
            saml_response_signature: None,
            token_lifetime: None,
            not_before_skew: None,
            always_require_authentication: false,
            issuance_authorization_rules: String::new(),
            issuance_transform_rules: String::new(),
            additional_authentication_rules: String::new(),
            claims_provider_names: Vec::new(),
            allowed_authentication_class_references: Vec::new(),
            claims_accepted: Vec::new(),
            metadata: None,
            access_control_policy: None,
            saml_endpoints: Vec::new(),
        }
    }
}

impl WrittenRelyingParty {
    /// What a trust is written as.
    #[must_use]
    pub fn of(trust: &RelyingPartyTrust) -> Self {
        let (rules, policy) = match &trust.authorization {
            Authorization::Rules(rules) => (rules.text(), None),
            Authorization::Policy(policy) => ("", Some(WrittenPolicy::of(policy))),
        };
        let signing = trust.request_signing_certificates.iter();
        let further = trust.additional_wsfed_endpoints.iter();
        let lifetime = trust.token_lifetime;
        let skew = trust.not_before_skew;
        Self {
            name: trust.name.clone(),
            identifiers: texts(&trust.identifiers),
            is_enabled: trust.is_enabled,
            notes: trust.notes.clone(),
            protocol_profile: word(trust.protocol_profile),
            wsfed_endpoint: trust.wsfed_endpoint.as_ref().map(Url::to_string),
            additional_wsfed_endpoints: further.map(Url::to_string).collect(),
            request_signing_certificates: signing.map(base64).collect(),
            signing_certificate_revocation_check: word(trust.signing_certificate_revocation_check),
            encryption_certificate: trust.encryption_certificate.as_ref().map(base64),
            encryption_certificate_revocation_check: word(
                trust.encryption_certificate_revocation_check,
            ),
            encrypt_claims: trust.encrypt_claims,
            encrypted_name_id_required: trust.encrypted_name_id_required,
            token_type: word(trust.token_type),
            signature_algorithm: word(trust.signature_algorithm),
            sha1_until: trust.sha1_until.map(|it| it.to_string()),
            signed_saml_requests_required: trust.signed_saml_requests_required,
            saml_response_signature: word(trust.saml_response_signature),
            token_lifetime: (lifetime != TokenLifetime::default()).then(|| lifetime.minutes()),
            not_before_skew: (skew != NotBeforeSkew::default()).then(|| skew.minutes()),
            always_require_authentication: trust.always_require_authentication,
            issuance_authorization_rules: rules.to_owned(),
            issuance_transform_rules: trust.issuance_transform_rules.text().to_owned(),
            additional_authentication_rules: trust
                .additional_authentication_rules
                .text()
                .to_owned(),
            claims_provider_names: trust.claims_provider_names.clone(),
            allowed_authentication_class_references: texts(
                &trust.allowed_authentication_class_references,
            ),
            claims_accepted: texts(&trust.claims_accepted),
            metadata: trust.metadata.as_ref().map(WrittenMetadata::of),
            access_control_policy: policy,
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
    /// A value is none that its field may have.
    pub fn read(self) -> Result<RelyingPartyTrust, WrittenError> {
        self.read_by(As::New)
    }

    pub(super) fn read_by(self, read: As) -> Result<RelyingPartyTrust, WrittenError> {
        let of = Of::read_as(Kind::RelyingParty, &self.name, read)?;
        let of = &of;
        if self.identifiers.is_empty() {
            return Err(of.wrong("identifiers", Problem::Missing));
        }
        let authorization = authorization(
            of,
            &self.issuance_authorization_rules,
            self.access_control_policy,
        )?;
        let endpoints = self.saml_endpoints.into_iter();
        let further = self.additional_wsfed_endpoints.iter();
        let further = further.map(|it| url(of, "additional_wsfed_endpoints", it));
        let said = (
            self.signature_algorithm.as_deref(),
            self.sha1_until.as_deref(),
        );
        let (signature_algorithm, sha1_until) = signing(of, said)?;
        Ok(RelyingPartyTrust {
            identifiers: identifiers(of, "identifiers", &self.identifiers)?,
            name: self.name,
            is_enabled: self.is_enabled,
            notes: self.notes,
            protocol_profile: profile(of, self.protocol_profile.as_deref())?,
            wsfed_endpoint: optional_url(of, "wsfed_endpoint", self.wsfed_endpoint.as_deref())?,
            additional_wsfed_endpoints: further.collect::<Result<_, _>>()?,
            saml_endpoints: endpoints.map(|it| it.read(of)).collect::<Result<_, _>>()?,
            metadata: self.metadata.map(|it| it.read(of)).transpose()?,
            request_signing_certificates: certificates(
                of,
                "request_signing_certificates",
                &self.request_signing_certificates,
            )?,
            signing_certificate_revocation_check: optional_choice(
                of,
                "signing_certificate_revocation_check",
                self.signing_certificate_revocation_check.as_deref(),
            )?,
            encryption_certificate: encryption(
                of,
                self.encryption_certificate.as_deref(),
                self.encrypt_claims,
            )?,
            encryption_certificate_revocation_check: optional_choice(
                of,
                "encryption_certificate_revocation_check",
                self.encryption_certificate_revocation_check.as_deref(),
            )?,
            encrypt_claims: self.encrypt_claims,
            encrypted_name_id_required: self.encrypted_name_id_required,
            token_type: token_type(of, self.token_type.as_deref())?,
            signature_algorithm,
            sha1_until,
            signed_saml_requests_required: self.signed_saml_requests_required,
            saml_response_signature: optional_choice(
                of,
                "saml_response_signature",
                self.saml_response_signature.as_deref(),
            )?,
            token_lifetime: lifetime(of, self.token_lifetime)?,
            not_before_skew: skew(of, self.not_before_skew)?,
            always_require_authentication: self.always_require_authentication,
            authorization,
            issuance_transform_rules: rules(
                of,
                "issuance_transform_rules",
                &self.issuance_transform_rules,
            )?,
            additional_authentication_rules: rules(
                of,
                "additional_authentication_rules",
                &self.additional_authentication_rules,
            )?,
            claims_provider_names: self.claims_provider_names,
            allowed_authentication_class_references: identifiers(
                of,
                "allowed_authentication_class_references",
                &self.allowed_authentication_class_references,
            )?,
            claims_accepted: identifiers(of, "claims_accepted", &self.claims_accepted)?,
        })
    }
}

/// Which protocols a party speaks.
pub(super) fn profile(of: &Of, word: Option<&str>) -> Result<ProtocolProfile, WrittenError> {
    optional_choice(of, "protocol_profile", word)
}

/// By which algorithm a partner signs, by its word or by its URI, and until when that is believed where it is SHA-1.
pub(super) fn signing(
    of: &Of,
    (word, until): (Option<&str>, Option<&str>),
) -> Result<(SignatureAlgorithm, Option<Sha1Until>), WrittenError> {
    const KEY: &str = "signature_algorithm";
    let algorithm = match word.and_then(SignatureAlgorithm::named) {
        Some(algorithm) => algorithm,
        None => optional_choice(of, KEY, word)?,
    };
    let until = until.map(|text| {
        let until = Sha1Until::parse(text);
        until.ok_or_else(|| of.wrong("sha1_until", Problem::Date))
    });
    match (algorithm, until.transpose()?) {
        (SignatureAlgorithm::RsaSha256, Some(_)) => Err(of.wrong("sha1_until", Problem::NotSha1)),
        // One that was taken before stays what it says: the party gets no token, and is told why. A provider may say it
        // without a date, and is not believed.
        (SignatureAlgorithm::RsaSha1, None) if of.is_new() && of.is(Kind::RelyingParty) => {
            Err(of.wrong(KEY, Problem::Sha1))
        }
        said => Ok(said),
    }
}

/// What tokens are encrypted with, where they are.
fn encryption(
    of: &Of,
    text: Option<&str>,
    is_used: bool,
) -> Result<Option<Certificate>, WrittenError> {
    const KEY: &str = "encryption_certificate";
    let read = text.map(|it| certificate(of, KEY, it)).transpose()?;
    // One that was taken before stays what it says: nobody gets a token, and the trail says why.
    let suits = |it: &Certificate| Purpose::Encryption.suits(it.der());
    match &read {
        Some(read) if of.is_new() && is_used && !suits(read) => {
            Err(of.wrong(KEY, Problem::NotEncrypting))
        }
        _ => Ok(read),
    }
}

/// Which kind of token, by its word or by its URI.
fn token_type(of: &Of, word: Option<&str>) -> Result<TokenType, WrittenError> {
    match word.and_then(TokenType::of_uri) {
        Some(token_type) => Ok(token_type),
        None => optional_choice(of, "token_type", word),
    }
}

fn authorization(
    of: &Of,
    text: &str,
    policy: Option<WrittenPolicy>,
) -> Result<Authorization, WrittenError> {
    const KEY: &str = "issuance_authorization_rules";
    let read: Rules = rules(of, KEY, text)?;
    match policy {
        None => Ok(Authorization::Rules(read)),
        Some(policy) if text.trim().is_empty() => Ok(Authorization::Policy(policy.read(of)?)),
        Some(_) => Err(of.wrong(KEY, Problem::RulesAndPolicy)),
    }
}

fn lifetime(of: &Of, minutes: Option<u32>) -> Result<TokenLifetime, WrittenError> {
    let Some(minutes) = minutes else {
        return Ok(TokenLifetime::default());
    };
    let lifetime = TokenLifetime::of_minutes(minutes);
    lifetime.ok_or_else(|| of.wrong("token_lifetime", Problem::Lifetime))
}

fn skew(of: &Of, minutes: Option<u32>) -> Result<NotBeforeSkew, WrittenError> {
    let Some(minutes) = minutes else {
        return Ok(NotBeforeSkew::default());
    };
    let skew = NotBeforeSkew::of_minutes(minutes);
    skew.ok_or_else(|| of.wrong("not_before_skew", Problem::Skew))
}
