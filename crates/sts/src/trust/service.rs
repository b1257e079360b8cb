//! What AD FS says of itself: names, times and endpoints that partners and browsers already know.

use jiff::Timestamp;

use super::identifier::Identifier;

/// The settings of a federation service that partners depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The issuer of tokens; partners compare it, so that it must stay.
    pub identifier: Identifier,
    /// The issuer of OpenID Connect's tokens.
    pub id_token_issuer: Option<Identifier>,
    /// The name of the service, as browsers see it.
    pub host_name: String,
    /// What people see.
    pub display_name: Option<String>,
    /// Further audiences that providers may name.
    pub acceptable_identifiers: Vec<Identifier>,
    /// For how many minutes a sign-in is good for further parties.
    pub sso_lifetime: Option<u32>,
    /// Whether people may stay signed in.
    pub is_kmsi_enabled: bool,
    /// For how many minutes, where they may.
    pub kmsi_lifetime: Option<u32>,
    /// Sign-ins that stay, and began before this, are over.
    pub persistent_sso_cutoff_time: Option<Timestamp>,
    /// The methods, from the weakest on.
    pub authentication_context_order: Vec<Identifier>,
    /// By how many minutes a SAML request may be old.
    pub saml_message_delivery_window: Option<u32>,
    /// Whether SAML requests must be signed, whoever sends them.
    pub signed_saml_requests_required: bool,
    /// Whether SAML requests of ours are signed.
    pub sign_saml_authn_requests: bool,
}

/// One of AD FS's own endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its path.
    pub address_path: String,
    /// Whether it is there.
    pub is_enabled: bool,
    /// Whether it is there from outside.
    pub is_on_proxy: bool,
}
