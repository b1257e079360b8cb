//! `[[farm]]` as written.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// `[[farm]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Farm {
    /// The name that pools and routes use.
    pub(crate) name: Spanned<String>,
    /// `https://host:port` or `http://host:port`, of a farm of one; a farm of several has
    /// `[[farm.member]]`.
    pub(crate) address: Option<Spanned<String>>,
    /// The name sent and verified in TLS; the host of the address where it is left out. Of a farm of one.
    pub(crate) tls_name: Option<Spanned<String>>,
    /// The PEM file of the authorities that may vouch for its members.
    pub(crate) authorities: Option<Spanned<PathBuf>>,
    /// How old the TLS of its members may be; `modern` where it is left out. `legacy` is TLS 1.2 with the CBC
    /// suites of Windows before Server 2016, `legacy-tls10` takes TLS 1.0 and 1.1 as well, as Server 2008 R2 has
    /// them. Either needs the package `wicketgate-legacy-tls`.
    pub(crate) tls: Option<Spanned<Tls>>,
    /// The Host header it is sent; the published name where it is left out. Of a farm of one.
    pub(crate) host_header: Option<Spanned<String>>,
    /// The service principal name of its account, as `HTTP/mail.contoso.local`: with one it is told who the
    /// user is by a Kerberos token, and needs the table [kerberos]. Of a farm of one.
    pub(crate) spn: Option<Spanned<String>>,
    /// How often a Kerberos token is sent; `per-request` where it is left out.
    #[serde(default)]
    pub(crate) kerberos_token: KerberosToken,
    /// The header that carries the signed assertion; nothing is told where it is left out.
    pub(crate) identity_header: Option<Spanned<String>>,
    /// The audience that the assertion names; the farm's name where it is left out.
    pub(crate) audience: Option<String>,
    /// Its servers, where there are several.
    #[serde(default)]
    pub(crate) member: Vec<Spanned<Member>>,
    /// How it is found out whether its members are up.
    #[serde(default)]
    pub(crate) health: Health,
}

/// How old the TLS of a back end may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tls {
    /// TLS 1.3, or 1.2 with the suites of today.
    #[default]
    Modern,
    /// TLS 1.2 with CBC suites.
    Legacy,
    /// The same, or TLS 1.0 and 1.1.
    LegacyTls10,
}

/// How often a back end is told by Kerberos who the user is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KerberosToken {
    /// With every request.
    #[default]
    PerRequest,
    /// Once on each connection, which carries no other user: for IIS with `authPersistNonNTLM`.
    PerConnection,
}

/// `[[farm.member]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// `https://host:port` or `http://host:port`: where it is connected to, and nothing else.
    pub(crate) address: Spanned<String>,
    /// The name sent and verified in TLS; the host of the address where it is left out.
    pub(crate) tls_name: Option<Spanned<String>>,
    /// The Host header it is sent; the published name where it is left out.
    pub(crate) host_header: Option<Spanned<String>>,
    /// The service principal name of its account, as `HTTP/mail.contoso.local`; in all members or in none.
    pub(crate) spn: Option<Spanned<String>>,
    /// How many connections it gets beside the others, from 1 to 1000; 1 where it is left out.
    pub(crate) weight: Option<Spanned<u32>>,
}

/// `[farm.health]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    /// The path that is asked for; only a connection is made, over TLS where the address says so, where it
    /// is left out.
    pub(crate) path: Option<Spanned<String>>,
    /// The statuses that say that a member is up; any below 500 does where it is left out.
    #[serde(default)]
    pub(crate) status: Vec<Spanned<u16>>,
    /// Seconds from one check to the next; 5 where it is left out. A member that is not up is looked at
    /// every second.
    pub(crate) interval: Option<Spanned<u32>>,
    /// Seconds that a check may take; 3 where it is left out.
    pub(crate) timeout: Option<Spanned<u32>>,
    /// Checks in a row that must fail before a member is down; 2 where it is left out.
    pub(crate) fall: Option<Spanned<u32>>,
    /// Checks in a row that must pass before it is up again; 2 where it is left out, and 1 where no other is
    /// up.
    pub(crate) rise: Option<Spanned<u32>>,
}
