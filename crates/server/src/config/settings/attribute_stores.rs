//! The stores that claim rules may ask beside our own directory, as they are understood.

use store::postgres::Password;

use super::messages::Authorities;
pub(crate) use crate::config::written::LdapScope;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttributeStores {
    /// Where the secret of `_OpaqueIdStore` is.
    pub(crate) opaque: Option<Password>,
    /// Those that are asked over HTTP.
    pub(crate) over_http: Vec<AttributeStore>,
    /// Directories that are asked by LDAP.
    pub(crate) over_ldap: Vec<LdapStore>,
}

impl AttributeStores {
    /// Whether rules may ask a store of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let over_http = self.over_http.iter().map(|it| &it.name);
        let mut all = over_http.chain(self.over_ldap.iter().map(|it| &it.name));
        all.any(|it| it == name)
    }
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

/// A directory that is asked by LDAP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LdapStore {
    /// What rules call it.
    pub(crate) name: String,
    /// The server, as it is called and connected to.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How TLS begins.
    pub(crate) tls: LdapTls,
    /// Who vouches for it.
    pub(crate) authorities: Authorities,
    /// As whom it is asked.
    pub(crate) bind_dn: String,
    /// By what.
    pub(crate) password: Password,
    /// From where it is searched.
    pub(crate) base: String,
    /// How deep.
    pub(crate) scope: LdapScope,
}

/// How TLS begins with a directory; nothing is asked without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LdapTls {
    /// With the connection (`ldaps`).
    AtOnce,
    /// Before anything else is said (StartTLS, RFC 4511 4.14).
    Started,
}
