//! `[audit]` and `[audit.syslog]` as written.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[audit]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// For how long events are kept, as `"400 days"`; for ever where it is left out. What is older goes once an hour, and
    /// the chain still verifies. With [audit.syslog] nothing goes that the collector has not.
    pub(crate) keep: Option<Spanned<String>>,
    /// Whom events are sent to.
    pub(crate) syslog: Option<Syslog>,
}

/// `[audit.syslog]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Syslog {
    /// The collector, by syslog over TLS (RFC 5425), as `logs.contoso.com:6514`.
    pub(crate) server: Spanned<String>,
    /// The name that its certificate must bear; the host of `server` where it is left out.
    pub(crate) name: Option<Spanned<String>>,
    /// The PEM file of the authorities that may vouch for it; those of the system where it is left out.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// The PEM file of a certificate of the gate's own, for a collector that asks for one.
    pub(crate) certificate: Option<Spanned<PathBuf>>,
    /// The PEM file of its private key.
    pub(crate) key: Option<Spanned<PathBuf>>,
    /// What counts as the collector's word that it has what was sent; `close-notify` where it is left out.
    #[serde(default)]
    pub(crate) receipt: Receipt,
    /// The facility, as `authpriv`, `audit` or `local0`; `authpriv` where it is left out.
    pub(crate) facility: Option<Spanned<String>>,
    /// What the gate calls itself (APP-NAME); `wicketgate` where it is left out.
    pub(crate) app_name: Option<Spanned<String>>,
    /// What this machine is called (HOSTNAME); what the system says where it is left out.
    pub(crate) host_name: Option<Spanned<String>>,
}

/// How a collector says that it has what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Receipt {
    /// By TLS's own end of the connection, as RFC 5425 demands.
    #[default]
    CloseNotify,
    /// By any orderly end of the connection: for collectors that only close it, as rsyslog's driver `gtls` does.
    End,
}
