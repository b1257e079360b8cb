//! Names that no client's header passes under, whatever list they stand on: the second wall.
//!
//! Programs behind believe them about who a client is, where it comes from or what it asked for.
//! Compared after `_` became `-`, as CGI and its heirs do. Start at [`is_denied`].

use std::collections::BTreeSet;

use http::header::HeaderName;

/// Whether a name is never passed on: it is of one hop, or tells who the client is, in any spelling.
/// A name with an underscore never passes: a back end that folds it would read another.
pub(super) fn is_denied(name: &HeaderName, ours: &BTreeSet<String>) -> bool {
    let name = name.as_str();
    let is_listed = IDENTITY.contains(&name) || ours.contains(name);
    is_listed
        || HOP_BY_HOP.contains(&name)
        || name.contains('_')
        || IDENTITY_PREFIXES.iter().any(|it| name.starts_with(it))
}

/// Whether a name is of one hop.
pub(super) fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

/// Headers of one hop (RFC 9110 7.6.1), and what only the connection to us is about.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    // CGI makes `HTTP_PROXY` of it, by which programs behind are led elsewhere (CVE-2016-5385).
    "proxy",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Names by which programs are told who a client is or where it comes from.
const IDENTITY: [&str; 42] = [
    "auth-user",
    "client-ip",
    "eppn",
    "fastly-client-ip",
    "forwarded",
    "from",
    "front-end-https",
    "id-token",
    "logon-user",
    "true-client-ip",
    "via",
    "x-access-token",
    "x-client-dn",
    "x-client-ip",
    "x-client-verify",
    "x-cluster-client-ip",
    "x-email",
    "x-groups",
    "x-host",
    "x-id-token",
    "x-isfrombackend",
    "x-isfromcafe",
    "x-logon-user",
    "x-mail",
    "x-method-override",
    "x-proxyuser",
    "x-real-ip",
    "x-role",
    "x-roles",
    "x-serializedsecurityaccesstoken",
    "x-upn",
    "x-url-scheme",
    "x-user",
    "x-user-email",
    "x-user-groups",
    "x-user-id",
    "x-user-identity",
    "x-user-name",
    "x-user-roles",
    "x-userid",
    "x-userinfo",
    "x-username",
];

/// The same for whole families of names.
const IDENTITY_PREFIXES: [&str; 55] = [
    "cf-",
    "client-cert",
    "iv-",
    "mellon-",
    "ms-aspnetcore-",
    // How an Exchange front end tells its back end who asks, and for whom.
    "msexch",
    "oam-",
    "oidc-",
    "osso-",
    "proxy-",
    "remote-",
    "shib-",
    "sm-",
    "smuser",
    "ssl-",
    "webauth-",
    "x-amz-cf-",
    "x-amzn-",
    "x-anonresource",
    "x-appengine-",
    "x-arr-",
    "x-auth-",
    "x-authelia-",
    "x-authenticated",
    "x-authentik-",
    "x-azure-",
    "x-beresource",
    "x-cafe",
    "x-client-cert",
    "x-commonaccesstoken",
    "x-consumer-",
    "x-credential-",
    "x-forwarded",
    "x-goog-",
    "x-http-method",
    "x-iis-",
    "x-iisnode-",
    // What AD FS is told by its own proxy.
    "x-ms-adfs-",
    "x-ms-client-ip",
    "x-ms-client-principal",
    "x-ms-endpoint-",
    "x-ms-forwarded",
    "x-ms-proxy",
    "x-ms-target-role",
    "x-ms-token-",
    "x-msexch",
    "x-original",
    "x-pomerium-",
    "x-remote",
    "x-rewrite",
    "x-rpchttpproxy",
    "x-ssl-",
    "x-tls-",
    "x-webauth-",
    "x-wicketgate",
];
