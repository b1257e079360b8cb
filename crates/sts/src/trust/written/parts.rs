//! The parts that both kinds of trust have, and how single values are read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::error::{Of, Problem, WrittenError};
use crate::trust::{
    AccessControlPolicy, BuiltIn, Certificate, Choice, Groups, Identifier, Metadata, Rules,
    SamlEndpoint, Template, Url,
};

/// A partner's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenMetadata {
    /// Where it is.
    pub url: String,
    /// Whether it is read again and again, and changes are told.
    #[serde(default)]
    pub is_monitored: bool,
    /// Whether changes apply by themselves.
    #[serde(default)]
    pub is_followed: bool,
    /// The certificates that vouched for it, beside those that the trust has for its partner's words, in Base64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_certificates: Vec<String>,
}

/// An endpoint of SAML 2.0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenSamlEndpoint {
    /// How messages travel: `POST`, `Redirect`, `Artifact` or `SOAP`.
    pub binding: String,
    /// What it is for, as `SAMLAssertionConsumer`.
    pub protocol: String,
    /// Where it is.
    pub location: String,
    /// Where answers go, where that is elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_location: Option<String>,
    /// Its number.
    #[serde(default)]
    pub index: u16,
    /// Whether it is meant where a request names none.
    #[serde(default)]
    pub is_default: bool,
}

/// A policy of AD FS 2016 and later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenPolicy {
    /// Its name; one that AD FS does not bring lets nobody in.
    pub name: String,
    /// The groups that it is for, where it is for groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl WrittenMetadata {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            url: metadata.url.to_string(),
            is_monitored: metadata.is_monitored,
            is_followed: metadata.is_followed,
            signing_certificates: metadata.signing_certificates.iter().map(base64).collect(),
        }
    }

    pub(super) fn read(self, of: &Of) -> Result<Metadata, WrittenError> {
        Ok(Metadata {
            url: url(of, "metadata", &self.url)?,
            is_monitored: self.is_monitored,
            is_followed: self.is_followed,
            signing_certificates: certificates(of, "metadata", &self.signing_certificates)?,
        })
    }
}

impl WrittenSamlEndpoint {
    pub(super) fn of(endpoint: &SamlEndpoint) -> Self {
        Self {
            binding: endpoint.binding.word().to_owned(),
            protocol: endpoint.protocol.word().to_owned(),
            location: endpoint.location.to_string(),
            response_location: endpoint.response_location.as_ref().map(Url::to_string),
            index: endpoint.index,
            is_default: endpoint.is_default,
        }
    }

    pub(super) fn read(self, of: &Of) -> Result<SamlEndpoint, WrittenError> {
        const KEY: &str = "saml_endpoints";
        Ok(SamlEndpoint {
            binding: choice(of, KEY, &self.binding)?,
            protocol: choice(of, KEY, &self.protocol)?,
            location: url(of, KEY, &self.location)?,
            response_location: optional_url(of, KEY, self.response_location.as_deref())?,
            index: self.index,
            is_default: self.is_default,
        })
    }
}

impl WrittenPolicy {
    pub(super) fn of(policy: &AccessControlPolicy) -> Self {
        let (name, groups) = match policy {
            AccessControlPolicy::BuiltIn(built_in) => (built_in.name(), built_in.groups()),
            AccessControlPolicy::Custom { name } => (name.as_str(), None),
        };
        let groups = groups.into_iter().flat_map(Groups::iter);
        Self {
            name: name.to_owned(),
            groups: groups.map(str::to_owned).collect(),
        }
    }

    pub(super) fn read(self, of: &Of) -> Result<AccessControlPolicy, WrittenError> {
        const KEY: &str = "access_control_policy";
        let wrong = |problem| of.wrong(KEY, problem);
        let built_in = match BuiltIn::of(&self.name) {
            None => return Ok(AccessControlPolicy::Custom { name: self.name }),
            Some(Template::Whole(_)) if !self.groups.is_empty() => {
                return Err(wrong(Problem::Groups));
            }
            Some(Template::Whole(built_in)) => built_in,
            Some(Template::OfGroups(make)) => {
                let groups = Groups::new(self.groups).ok_or_else(|| wrong(Problem::NoGroups))?;
                if let (Some(group), true) = (groups.unclear(), of.is_new()) {
                    return Err(wrong(Problem::UnclearGroup(group.to_owned())));
                }
                make(groups)
            }
        };
        Ok(AccessControlPolicy::BuiltIn(built_in))
    }
}

/// One of a few words.
pub(super) fn choice<T: Choice + PartialEq>(
    of: &Of,
    key: &'static str,
    word: &str,
) -> Result<T, WrittenError> {
    T::of(word).ok_or_else(|| {
        let known: Vec<&str> = T::WORDS.iter().map(|(word, _, _)| *word).collect();
        let known = known.join(", ");
        let got = word.to_owned();
        of.wrong(key, Problem::Word { got, known })
    })
}

/// One of a few words, or what is meant without one.
pub(super) fn optional_choice<T: Choice + PartialEq + Default>(
    of: &Of,
    key: &'static str,
    word: Option<&str>,
) -> Result<T, WrittenError> {
    word.map_or_else(|| Ok(T::default()), |word| choice(of, key, word))
}

/// The word of a choice, unless it is the one that is meant without one.
pub(super) fn word<T: Choice + PartialEq + Default>(choice: T) -> Option<String> {
    (choice != T::default()).then(|| choice.word().to_owned())
}

/// An address.
pub(super) fn url(of: &Of, key: &'static str, text: &str) -> Result<Url, WrittenError> {
    Url::parse(text).map_err(|error| of.wrong(key, error))
}

/// An address that may be missing.
pub(super) fn optional_url(
    of: &Of,
    key: &'static str,
    text: Option<&str>,
) -> Result<Option<Url>, WrittenError> {
    text.map(|text| url(of, key, text)).transpose()
}

/// An identifier.
pub(super) fn identifier(
    of: &Of,
    key: &'static str,
    text: &str,
) -> Result<Identifier, WrittenError> {
    Identifier::parse(text).map_err(|error| of.wrong(key, error))
}

/// Identifiers.
pub(super) fn identifiers(
    of: &Of,
    key: &'static str,
    texts: &[String],
) -> Result<Vec<Identifier>, WrittenError> {
    texts.iter().map(|it| identifier(of, key, it)).collect()
}

/// The texts of identifiers.
pub(super) fn texts(identifiers: &[Identifier]) -> Vec<String> {
    identifiers.iter().map(Identifier::to_string).collect()
}

/// A certificate in Base64, white space left out.
pub(super) fn certificate(
    of: &Of,
    key: &'static str,
    text: &str,
) -> Result<Certificate, WrittenError> {
    let packed: String = text.split_ascii_whitespace().collect();
    let der = STANDARD.decode(packed);
    let der = der.map_err(|_| of.wrong(key, Problem::Base64))?;
    Certificate::parse(&der).map_err(|error| of.wrong(key, error))
}

/// Certificates.
pub(super) fn certificates(
    of: &Of,
    key: &'static str,
    texts: &[String],
) -> Result<Vec<Certificate>, WrittenError> {
    texts.iter().map(|it| certificate(of, key, it)).collect()
}

/// A certificate as text.
pub(super) fn base64(certificate: &Certificate) -> String {
    STANDARD.encode(certificate.der())
}

/// Rules.
pub(super) fn rules(of: &Of, key: &'static str, text: &str) -> Result<Rules, WrittenError> {
    of.rules(text)
        .map_err(|errors| of.wrong(key, Problem::Rules(errors)))
}

/// Whether a switch is on that is on where nothing is said.
pub(super) fn is_on(switch: &bool) -> bool {
    *switch
}

/// Whether a switch is off that is off where nothing is said.
pub(super) fn is_off(switch: &bool) -> bool {
    !*switch
}

/// What is meant where nothing is said of a switch that is on.
pub(super) fn on() -> bool {
    true
}
