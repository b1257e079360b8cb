//! What each path of a front end is. Paths are compared without case, as IIS does.

use http::Method;

use super::metadata::Metadata;
use crate::identity::Asks;
use crate::passive;
use crate::serve::http::Head;

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Discover,
    UserLink,
    OauthUserLink,
    Mex(Metadata),
    WebTicket,
    /// A ticket for a UsernameToken.
    Auth,
    /// A ticket for a guest.
    Anon,
    /// A ticket for a client's certificate.
    Cert,
    /// The ports that take other credentials, which this front end does not know.
    ClosedPort,
    OauthToken,
    CertProv,
    GroupExpansion,
    Ucwa,
    /// What a browser asks before it may send more.
    Preflight,
    /// A service that takes a ticket in its header, or a Windows logon.
    Ticketed,
    /// A service whose ticket stands in a place that is not known: it takes what comes.
    Observed,
    /// A page for browsers.
    Page,
    /// The page of a passive sign-in.
    PassivePage,
    /// What a pool in passive mode tells of itself.
    PassiveMetadata,
    Echo,
    Nothing,
}

impl Place {
    pub(super) fn of(head: &Head) -> Self {
        let route = head.route();
        match route.as_str() {
            "/" if is_discover_host(&head.host) => Self::Discover,
            "/autodiscover/autodiscoverservice.svc/root" => Self::Discover,
            "/autodiscover/autodiscoverservice.svc/root/user" => Self::UserLink,
            "/autodiscover/autodiscoverservice.svc/root/oauth/user" => Self::OauthUserLink,
            "/webticket/webticketservice.svc" => Self::WebTicket,
            "/webticket/webticketservice.svc/mex" => Self::Mex(Metadata::WebTicket),
            "/webticket/webticketservice.svc/auth" => Self::Auth,
            "/webticket/webticketservice.svc/anon" => Self::Anon,
            "/webticket/webticketservice.svc/cert" => Self::Cert,
            "/webticket/webticketservice.svc/pin" => Self::ClosedPort,
            "/webticket/oauthtoken" => Self::OauthToken,
            "/certprov/certprovisioningservice.svc/mex" => Self::Mex(Metadata::CertProv),
            "/certprov/certprovisioningservice.svc/webticket_proof_sha1"
            | "/certprov/certprovisioningservice.svc/webticket_proof" => Self::CertProv,
            "/groupexpansion/service.svc/mex" => Self::Mex(Metadata::GroupExpansion),
            "/groupexpansion/service.svc/webticket_bearer" => Self::GroupExpansion,
            "/mcx/mcxservice.svc" => Self::Ticketed,
            "/reach/sip.svc" => Self::Observed,
            "/lab/echo" => Self::Echo,
            passive::PAGE => Self::PassivePage,
            passive::METADATA => Self::PassiveMetadata,
            _ => Self::under(&route, &head.method),
        }
    }

    /// What it is in passive mode, which has no Windows logon, or in the other, which has no passive one.
    pub(super) fn in_mode(self, is_passive: bool) -> Self {
        match (self, is_passive) {
            (Self::WebTicket | Self::Auth, true) => Self::ClosedPort,
            (Self::PassivePage | Self::PassiveMetadata, false) => Self::Page,
            (place, _) => place,
        }
    }

    pub(super) fn asks(self) -> Asks {
        match self {
            Self::WebTicket | Self::OauthToken | Self::Ticketed | Self::Observed | Self::Echo => {
                Asks::Identity
            }
            _ => Asks::Nothing,
        }
    }

    /// The one method that a path takes.
    pub(super) fn method(self) -> Option<Method> {
        match self {
            Self::Discover
            | Self::UserLink
            | Self::OauthUserLink
            | Self::Mex(_)
            | Self::PassiveMetadata => Some(Method::GET),
            Self::WebTicket
            | Self::Auth
            | Self::Anon
            | Self::Cert
            | Self::ClosedPort
            | Self::OauthToken
            | Self::CertProv
            | Self::GroupExpansion => Some(Method::POST),
            _ => None,
        }
    }

    fn under(route: &str, method: &Method) -> Self {
        let is_under = |folder: &str| {
            let rest = route.strip_prefix(folder);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match route {
            _ if is_under("/ucwa") && method == Method::OPTIONS => Self::Preflight,
            _ if is_under("/ucwa") => Self::Ucwa,
            _ if is_under("/abs") => Self::Ticketed,
            _ if is_under("/scheduler") => Self::Observed,
            _ if PAGES.iter().any(|page| is_under(page)) => Self::Page,
            _ => Self::Nothing,
        }
    }
}

/// Where pages are, whose sessions belong to one member.
const PAGES: [&str; 5] = [
    "/meet",
    "/dialin",
    "/lwa",
    "/autodiscover/xframe",
    "/passiveauth",
];

fn is_discover_host(host: &str) -> bool {
    ["lyncdiscover.", "lyncdiscoverinternal."]
        .iter()
        .any(|start| host.starts_with(start))
}
