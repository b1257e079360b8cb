//! `[[sts.attribute_store]]`, as it is written.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[[sts.attribute_store]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributeStore {
    /// What rules call it (`store = "HR"`).
    pub(crate) name: Spanned<String>,
    /// What it is: a program that is asked over HTTP, or a directory that is asked by LDAP.
    #[serde(default)]
    pub(crate) r#type: StoreType,
    /// Where it is asked by `POST`, with https, or with http on this machine. A directory: `ldaps://HOST`, or `ldap://HOST` where TLS
    /// begins by StartTLS; never without.
    pub(crate) url: Spanned<String>,
    /// Of a directory, the DN (or in Active Directory the UPN) that it is asked as.
    pub(crate) bind_dn: Option<Spanned<String>>,
    /// Of a directory, the DN from which it is searched.
    pub(crate) base: Option<Spanned<String>>,
    /// Of a directory, how deep it is searched: `base`, `one-level` or `subtree`; `subtree` where it is left out.
    pub(crate) scope: Option<Spanned<LdapScope>>,
    /// The file whose first line is sent as a bearer token; of a directory, the password of `bind_dn`.
    pub(crate) secret_file: Option<Spanned<PathBuf>>,
    /// The same as a credential that systemd hands over.
    pub(crate) secret_credential: Option<Spanned<String>>,
    /// Who vouches for its certificate, PEM; the authorities of the system where it is left out.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
}

/// What an attribute store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreType {
    /// A program that is asked over HTTP.
    #[default]
    Http,
    /// A directory that is asked by LDAP.
    Ldap,
}

/// How deep a directory is searched (RFC 4511 4.5.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LdapScope {
    /// The base alone.
    Base,
    /// What stands right below it.
    OneLevel,
    /// It, and all below.
    #[default]
    Subtree,
}
