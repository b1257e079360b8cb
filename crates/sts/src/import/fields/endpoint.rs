//! What `Get-AdfsEndpoint` prints of an endpoint, field by field; its path says whether it is served here.

use super::shared::either;
use super::{Field, field, not_needed};
use crate::import::dress::{self, Wrong};
use crate::import::report::{Fate, Kind, ObjectReport};
use crate::import::value::Value;
use crate::trust::Endpoint;

/// An endpoint that is being read.
#[derive(Default)]
pub(in crate::import) struct Draft {
    address_path: String,
    is_enabled: bool,
    is_on_proxy: bool,
}

/// What becomes of each field.
pub(in crate::import) const TABLE: &[Field<Draft>] = &[
    field(
        "AddressPath",
        "whether it is served: see the paths below",
        path,
    )
    .by("TargetAddressPath"),
    field("Enabled", "`is_enabled`", |value, draft: &mut Draft| {
        either(value, &mut draft.is_enabled, "switched on", "switched off")
    })
    .printed(),
    field("Proxy", "`is_on_proxy`", |value, draft: &mut Draft| {
        either(
            value,
            &mut draft.is_on_proxy,
            "there from outside",
            "not there from outside",
        )
    }),
    not_needed("FullUrl", "made from the host name and the path").printed(),
    not_needed("ClientCredentialType", "told by the path").printed(),
    not_needed("Protocol", "told by the path").printed(),
    not_needed("SecurityMode", "told by the path").printed(),
    not_needed("Version", "told by the path").printed(),
];

/// What becomes of what is at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Served {
    /// It will be served at the same path.
    Here,
    /// Nobody needs it.
    NotNeeded,
    /// It is not there yet.
    NotYet,
}

/// AD FS's paths, in small letters, with what becomes of them and what they are for.
pub(in crate::import) const PATHS: &[(&str, Served, &str)] = &[
    (
        "/adfs/ls",
        Served::Here,
        "WS-Federation and SAML 2.0 of browsers",
    ),
    (
        "/adfs/services/trust/2005/usernamemixed",
        Served::Here,
        "WS-Trust with a name and a secret",
    ),
    (
        "/adfs/services/trust/13/usernamemixed",
        Served::Here,
        "WS-Trust with a name and a secret",
    ),
    (
        "/adfs/services/trust/mex",
        Served::Here,
        "metadata of WS-Trust",
    ),
    (
        "/federationmetadata/2007-06/federationmetadata.xml",
        Served::Here,
        "federation metadata",
    ),
    (
        "/adfs/ls/idpinitiatedsignon.aspx",
        Served::Here,
        "SAML that begins here",
    ),
    (
        "/adfs/probe",
        Served::NotNeeded,
        "a balancer asks Wicketgate's own address for metrics",
    ),
    (
        "/adfs/services/trust/2005/windows",
        Served::NotYet,
        "WS-Trust with Windows' own sign-in",
    ),
    (
        "/adfs/services/trust/2005/windowsmixed",
        Served::NotYet,
        "WS-Trust with Windows' own sign-in",
    ),
    (
        "/adfs/services/trust/2005/windowstransport",
        Served::NotYet,
        "WS-Trust with Windows' own sign-in",
    ),
    (
        "/adfs/services/trust/13/windows",
        Served::NotYet,
        "WS-Trust with Windows' own sign-in",
    ),
    (
        "/adfs/services/trust/13/windowsmixed",
        Served::NotYet,
        "WS-Trust with Windows' own sign-in",
    ),
    (
        "/adfs/services/trust/13/windowstransport",
        Served::NotYet,
        "WS-Trust with Windows' own sign-in",
    ),
    (
        "/adfs/services/trusttcp/windows",
        Served::NotYet,
        "WS-Trust over net.tcp",
    ),
    (
        "/adfs/services/trust/2005/kerberosmixed",
        Served::NotYet,
        "WS-Trust with Kerberos",
    ),
    (
        "/adfs/services/trust/13/kerberosmixed",
        Served::NotYet,
        "WS-Trust with Kerberos",
    ),
    (
        "/adfs/fs/federationserverservice.asmx",
        Served::NotNeeded,
        "servers of AD FS 1.x",
    ),
    (
        "/adfs/ls/federationserverservice.asmx",
        Served::NotNeeded,
        "servers of AD FS 1.x",
    ),
    (
        "/adfs/services/proxytrustpolicystoretransfer",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    (
        "/adfs/services/trust/proxymex",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    (
        "/adfs/services/trust/proxytrust",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    (
        "/adfs/services/trust/proxytrust13",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    (
        "/adfs/services/trust/proxytrustprovisionusername",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    (
        "/adfs/services/trust/proxytrustprovisionissuedtoken",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    ("/adfs/proxy", Served::NotNeeded, "AD FS's own proxies"),
    (
        "/adfs/backendproxytls",
        Served::NotNeeded,
        "AD FS's own proxies",
    ),
    (
        "/adfs/services/trust/mexsoap",
        Served::NotNeeded,
        "a helper of AD FS's own",
    ),
    (
        "/adfs/services/trust/proxymexsoap",
        Served::NotNeeded,
        "a helper of AD FS's own",
    ),
    (
        "/adfs/artifact",
        Served::NotNeeded,
        "servers of one farm among themselves",
    ),
    (
        "/adfs/services/trust/artifactresolution",
        Served::NotYet,
        "SAML's artifact binding",
    ),
    (
        "/adfs/oauth2",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
    (
        "/adfs/userinfo",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
    (
        "/adfs/.well-known/openid-configuration",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
    (
        "/adfs/discovery/keys",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
    ("/adfs/portal", Served::NotNeeded, "pages of AD FS's own"),
    (
        "/adfs/portal/updatepassword",
        Served::NotYet,
        "changing a domain password from outside",
    ),
    (
        "/enrollmentserver",
        Served::NotYet,
        "registration of devices",
    ),
    (
        "/adfs/.well-known/webfinger",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
    (
        "/.well-known/webfinger",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
];

/// Prefixes of paths of which AD FS has a variant for every algorithm.
pub(in crate::import) const FAMILIES: &[(&str, Served, &str)] = &[
    (
        "/adfs/services/trust/2005/certificate",
        Served::NotYet,
        "WS-Trust with a client's certificate",
    ),
    (
        "/adfs/services/trust/13/certificate",
        Served::NotYet,
        "WS-Trust with a client's certificate",
    ),
    (
        "/adfs/services/trust/2005/issuedtoken",
        Served::NotYet,
        "WS-Trust with another service's token",
    ),
    (
        "/adfs/services/trust/13/issuedtoken",
        Served::NotYet,
        "WS-Trust with another service's token",
    ),
    (
        "/adfs/services/trust/2005/username",
        Served::NotYet,
        "WS-Trust with a name and a secret, in another form than `usernamemixed`",
    ),
    (
        "/adfs/services/trust/13/username",
        Served::NotYet,
        "WS-Trust with a name and a secret, in another form than `usernamemixed`",
    ),
    (
        "/enrollmentserver/",
        Served::NotYet,
        "registration of devices",
    ),
    (
        "/adfs/oauth2/",
        Served::NotYet,
        "OAuth 2.0 and OpenID Connect",
    ),
    ("/adfs/proxy/", Served::NotNeeded, "AD FS's own proxies"),
    ("/adfs/portal/", Served::NotNeeded, "pages of AD FS's own"),
];

fn path(value: &Value, draft: &mut Draft) -> Result<Fate, Wrong> {
    let path = dress::text(value)?.unwrap_or_default();
    if path.is_empty() {
        return Err("an endpoint has a path".to_owned());
    }
    draft.address_path = path.to_owned();
    let small = path.to_ascii_lowercase();
    let small = small.trim_end_matches('/');
    let exact = PATHS.iter().find(|(known, _, _)| *known == small);
    let known = exact.or_else(|| {
        let mut families = FAMILIES.iter();
        families.find(|(prefix, _, _)| small.starts_with(prefix))
    });
    Ok(match known {
        Some((_, Served::Here, what)) => Fate::taken(format!("{what}, at the same path")),
        Some((_, Served::NotNeeded, what)) => Fate::not_needed(*what),
        Some((_, Served::NotYet, what)) => Fate::not_yet(format!(
            "{what}: AD FS's audit says whether anybody comes by it"
        )),
        None => Fate::unknown(),
    })
}

impl Draft {
    /// The endpoint; one that is switched off and not served is nobody's loss.
    pub(in crate::import) fn finish(self, report: &mut ObjectReport) -> Endpoint {
        if !self.is_enabled
            && let Some(fate) = report.fate_of("AddressPath")
            && fate.kind == Kind::NotYet
        {
            *fate = Fate::not_needed("switched off");
        }
        Endpoint {
            address_path: self.address_path,
            is_enabled: self.is_enabled,
            is_on_proxy: self.is_on_proxy,
        }
    }
}
