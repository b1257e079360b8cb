//! Where a party speaks SAML 2.0, how, and for what (`New-AdfsSamlEndpoint`).

use super::identifier::Url;
use super::setting::Choice;

/// How a SAML message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A form that the browser sends.
    Post,
    /// The query of a redirect.
    Redirect,
    /// A reference that the party asks us about.
    Artifact,
    /// SOAP, without a browser.
    Soap,
}

impl Choice for Binding {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("POST", None, Self::Post),
        ("Redirect", None, Self::Redirect),
        ("Artifact", None, Self::Artifact),
        ("SOAP", None, Self::Soap),
    ];
}

/// What an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Takes assertions.
    SamlAssertionConsumer,
    /// Takes requests and answers of sign-out.
    SamlLogout,
    /// Answers about artifacts.
    SamlArtifactResolution,
    /// Takes requests of sign-in.
    SamlSingleSignOn,
}

impl Choice for Protocol {
    const WORDS: &'static [(&'static str, Option<i64>, Self)] = &[
        ("SAMLAssertionConsumer", None, Self::SamlAssertionConsumer),
        ("SAMLLogout", None, Self::SamlLogout),
        ("SAMLArtifactResolution", None, Self::SamlArtifactResolution),
        ("SAMLSingleSignOn", None, Self::SamlSingleSignOn),
    ];
}

/// An endpoint of SAML 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlEndpoint {
    /// How messages travel.
    pub binding: Binding,
    /// What it is for.
    pub protocol: Protocol,
    /// Where it is.
    pub location: Url,
    /// Where answers go, where that is elsewhere.
    pub response_location: Option<Url>,
    /// Its number, by which a request names it.
    pub index: u16,
    /// Whether it is meant where a request names none.
    pub is_default: bool,
}
