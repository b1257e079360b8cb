//! `[[listener]]` as written.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

/// `[[listener]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// Address and port.
    pub(crate) address: Spanned<SocketAddr>,
    /// Whether it speaks plain HTTP, where Lync's clients are told their https address; `/meet`, `/dialin`,
    /// Autodiscover, your own routes and our own pages are redirected to theirs, and nothing else is answered; it has an address, and `proxy_protocol` where it needs that, and nothing more.
    #[serde(default)]
    pub(crate) plain: bool,
    /// Certificates; ECDSA and RSA may stand side by side for one name.
    #[serde(default)]
    pub(crate) certificate: Vec<Spanned<Certificate>>,
    /// Source networks that are internal on this listener.
    #[serde(default)]
    pub(crate) internal_networks: Vec<Spanned<IpNet>>,
    /// The networks of the balancers in front of this listener: from them each connection begins with
    /// a PROXY header, of version 1 or 2, that names the client; nobody else's is read. None of them
    /// may be in `internal_networks` or `hybrid`.
    #[serde(default)]
    pub(crate) proxy_protocol: Vec<Spanned<IpNet>>,
    /// Whether NTLM and Kerberos must carry a channel binding: checked when one is sent (`allow`), demanded, or not
    /// looked at, for a listener behind whoever ends TLS with a certificate of its own.
    #[serde(default)]
    pub(crate) channel_binding: ChannelBinding,
    /// Whether NTLM must carry a message integrity code.
    #[serde(default)]
    pub(crate) mic: Demand,
    /// That this is a listener for phones that know nothing newer than TLS 1.0, with RSA certificates; it is an ordinary
    /// one where this is left out. Needs the package `wicketgate-legacy-tls`.
    pub(crate) legacy_tls: Option<Spanned<LegacyTls>>,
}

/// `[listener.legacy_tls]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegacyTls {
    /// The last day on which it is served, as `2027-06-30`, in UTC. `check` warns of it 30 days before.
    pub(crate) until: Spanned<String>,
    /// Your reason, which `check` repeats.
    pub(crate) reason: Spanned<String>,
}

/// What becomes of a channel binding.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ChannelBinding {
    /// It is not looked at.
    Off,
    /// It is checked when it is sent.
    #[default]
    Allow,
    /// It must be sent.
    Require,
}

/// Whether something a client may send must be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Demand {
    /// It is checked when it is sent.
    #[default]
    WhenSent,
    /// It must be sent.
    Require,
}

/// `[[listener.certificate]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    /// The PEM file of the chain, leaf first.
    pub(crate) chain: PathBuf,
    /// The PEM file of the private key.
    pub(crate) key: PathBuf,
}
