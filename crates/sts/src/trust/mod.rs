//! Trusts: the parties that take our tokens and those whose claims we take, with AD FS's fields and names.
//!
//! Every value is parsed before it is here. What AD FS keeps as two fields of which one excludes the other, as rules and an
//! access control policy, is one here. Start at [`RelyingPartyTrust`].

mod identifier;
mod setting;
mod sha1;

mod certificate;
mod saml_endpoint;
mod usable;

mod access_control;
mod rules;

mod claim_description;
mod claims_provider;
mod relying_party;
mod service;

mod book;
mod kind;
pub mod partner;
pub mod preset;
mod unfit;
pub mod written;

pub(crate) use access_control::Template;
pub use access_control::{AccessControlPolicy, BuiltIn, Groups};
pub use book::{DirectoryShut, OwnDirectory, SharedIdentifier, TrustBook, Trusted};
pub use certificate::{Certificate, CertificateError, MAX_BYTES as MAX_CERTIFICATE_BYTES};
pub use claim_description::ClaimDescription;
pub use claims_provider::{AnchorClaim, ClaimsProviderTrust};
pub use identifier::{Identifier, IdentifierError, MAX_LENGTH, Url, UrlError};
pub use kind::Kind;
pub use relying_party::{Authorization, Metadata, RelyingPartyTrust};
pub use rules::Rules;
pub use saml_endpoint::{Binding, Protocol, SamlEndpoint};
pub use service::{Endpoint, Service};
pub(crate) use setting::Choice;
pub use setting::{
    NotBeforeSkew, ProtocolProfile, RevocationCheck, SamlResponseSignature, SignatureAlgorithm,
    TokenLifetime, TokenType,
};
pub use sha1::{MAX_DAYS_AHEAD, Sha1Standing, Sha1Until, Sha1UntilError};
pub use unfit::Unfit;
pub use usable::{Fault, Purpose, Unusable};
