//! The stores that claim rules may ask beside our own directory, as they are understood.

use store::postgres::Password;

use super::messages::Authorities;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttributeStores {
    /// Where the secret of `_OpaqueIdStore` is.
    pub(crate) opaque: Option<Password>,
    /// Those that are asked over HTTP.
    pub(crate) over_http: Vec<AttributeStore>,
}

/// A store that is asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributeStore {
    /// What rules call it.
    pub(crate) name: String,
    /// The server, as it is called and connected to.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// Host and port as the header has them.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
    /// TLS, where it is spoken.
    pub(crate) tls: Option<Authorities>,
    /// What proves to it who we are.
    pub(crate) secret: Option<Password>,
}
