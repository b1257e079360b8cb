//! What a token says of somebody, for whoever asks before there is one: the claims as an assertion has them.
//!
//! Nothing is signed, drawn or written down here. Start at [`Carried::by`].

use proto::saml::v1;

use super::{attributes, method, saml_2, subject};
use crate::pipeline::IssuedClaims;
use crate::trust::{ProtocolProfile, TokenType};

/// What a token says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// What kind of token it is.
    pub token_type: TokenType,
    /// By which name, where the rules issue one.
    pub name: Option<CarriedName>,
    /// How they signed in, as its statement has it; a SAML request has a say in that, and so nothing is known without one.
    pub method: Option<String>,
    /// The claims as attributes, in order.
    pub attributes: Vec<CarriedAttribute>,
}

/// The name of whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedName {
    /// It.
    pub name: String,
    /// What kind of name it is.
    pub format: String,
}

/// One kind of claim, with all its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedAttribute {
    /// The type of the claim.
    pub claim_type: String,
    /// Whose word it was first, where that is another's.
    pub original_issuer: Option<String>,
    /// Its values, each once.
    pub values: Vec<String>,
}

impl Carried {
    /// What a token of these claims says, by the type that its party gets.
    #[must_use]
    pub fn by(claims: &IssuedClaims) -> Self {
        let trust = claims.relying_party();
        let is_saml = trust.protocol_profile == ProtocolProfile::Saml;
        match trust.token_type {
            TokenType::Saml11 if !is_saml => Self::of_saml_1_1(claims),
            TokenType::Saml11 | TokenType::Saml20 => Self::of_saml_2(claims, is_saml),
        }
    }

    fn of_saml_1_1(claims: &IssuedClaims) -> Self {
        let name = subject(claims).map(|it| CarriedName {
            name: it.name,
            format: it.format,
        });
        let attributes = attributes(claims).into_iter().map(|it| CarriedAttribute {
            // A type that cannot be cut is its own namespace.
            claim_type: match it.namespace == it.name {
                true => it.name,
                false => format!("{}/{}", it.namespace, it.name),
            },
            original_issuer: it.original_issuer,
            values: it.values,
        });
        Self {
            token_type: TokenType::Saml11,
            name,
            method: Some(method(claims, v1::PASSWORD).to_owned()),
            attributes: attributes.collect(),
        }
    }

    fn of_saml_2(claims: &IssuedClaims, is_saml: bool) -> Self {
        let name = saml_2::name_id(claims, None).ok().flatten();
        let attributes = saml_2::attributes(claims).into_iter();
        let attributes = attributes.map(|it| CarriedAttribute {
            claim_type: it.name,
            original_issuer: it.original_issuer,
            values: it.values,
        });
        Self {
            token_type: TokenType::Saml20,
            name: name.map(|it| CarriedName {
                name: it.name,
                format: it.format,
            }),
            method: (!is_saml).then(|| saml_2::class(claims, v1::PASSWORD)),
            attributes: attributes.collect(),
        }
    }
}
