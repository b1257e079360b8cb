//! Exchange: EWS, Autodiscover, MAPI over HTTP, the offline address book and ActiveSync (design 14).
//!
//! What is not listed is 404: OWA and ECP until there is a sign-in page, RPC and PowerShell for ever.
//! What other organisations' servers use is closed unless `hybrid` names where they are. Start at
//! [`hosts`].

use std::collections::BTreeMap;
use std::sync::Arc;

use authn::place::Service;
use http::{HeaderName, Method};
use ipnet::IpNet;

use crate::rewrite::lower_case;
use crate::route::{Auth, Host, Kind, MadeBy, Onward, OverPlain, PathPattern, Route, Scheme};

/// Where mail clients work.
const MAILBOXES: [&str; 3] = ["/EWS", "/mapi", "/OAB"];
/// Where they find out about it.
const AUTODISCOVER: [(&str, Kind); 2] = [
    ("/Autodiscover/Autodiscover.xml", Kind::AutodiscoverPox),
    ("/Autodiscover/Autodiscover.svc", Kind::AutodiscoverSoap),
];
/// Phones.
const ACTIVESYNC: &str = "/Microsoft-Server-ActiveSync";
/// Moves mailboxes between organisations.
const MAILBOX_REPLICATION: &str = "/EWS/mrsproxy.svc";
/// The segment of paths that take other servers' credentials.
const WS_SECURITY: &str = "WSSecurity";

/// An Exchange organisation, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The published name, lower case.
    pub host: String,
    /// The `autodiscover` names, lower case.
    pub autodiscover_hosts: Vec<String>,
    /// The port that clients see.
    pub public_port: u16,
    /// The farm.
    pub farm: String,
    /// Its own names and what they are called outside.
    pub internal_names: BTreeMap<String, String>,
    /// How it learns who the user is.
    pub onward: Onward,
    /// Where other organisations' servers come from, which prove themselves to Exchange; nowhere where
    /// the list is empty.
    pub hybrid: Vec<IpNet>,
}

/// Everything that Exchange publishes, by host.
#[must_use]
pub fn hosts(exchange: &Exchange) -> Vec<(String, Host)> {
    let host = |routes| Host {
        routes,
        public_port: Some(exchange.public_port).filter(|port| *port != 443),
        names: lower_case(&exchange.internal_names),
        ..Host::default()
    };
    let mut routes: Vec<Arc<Route>> = MAILBOXES.map(|path| mailbox(exchange, path)).into();
    routes.push(activesync(exchange));
    routes.extend(autodiscover(exchange));
    routes.push(between_servers(
        exchange,
        PathPattern::Below(MAILBOX_REPLICATION.to_owned()),
    ));
    routes.push(between_servers(exchange, ws_security("/EWS")));
    let mut hosts = vec![(exchange.host.clone(), host(routes))];
    let others = exchange.autodiscover_hosts.iter();
    hosts.extend(others.map(|name| {
        let host = Host {
            origin: Some(origin(exchange, name)),
            ..host(autodiscover(exchange))
        };
        (name.clone(), host)
    }));
    hosts
}

fn mailbox(exchange: &Exchange, path: &str) -> Arc<Route> {
    Arc::new(Route {
        auth: by_password(),
        service: Service::EWS,
        ..route(exchange, PathPattern::Below(path.to_owned()))
    })
}

fn autodiscover(exchange: &Exchange) -> Vec<Arc<Route>> {
    let open = AUTODISCOVER.map(|(path, kind)| {
        Arc::new(Route {
            methods: vec![Method::GET, Method::HEAD, Method::POST],
            auth: by_password(),
            kind,
            over_plain: over_plain(kind),
            service: Service::AUTODISCOVER,
            ..route(exchange, PathPattern::Exact(path.to_owned()))
        })
    });
    let closed = between_servers(exchange, ws_security("/Autodiscover"));
    open.into_iter().chain([closed]).collect()
}

/// INTEROP: Outlook ([MS-OXDISCO] 4.1) and SIPE 1.25 ask `http://autodiscover.DOMAIN` by GET, and follow no
/// answer but a redirect.
fn over_plain(kind: Kind) -> OverPlain {
    match kind {
        Kind::AutodiscoverPox => OverPlain::Redirect,
        _ => OverPlain::Nothing,
    }
}

/// Scheme, name and port of a host as clients write them.
fn origin(exchange: &Exchange, host: &str) -> String {
    match exchange.public_port {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

/// INTEROP: phones send Basic and nothing else.
fn activesync(exchange: &Exchange) -> Arc<Route> {
    Arc::new(Route {
        methods: vec![Method::OPTIONS, Method::POST],
        auth: Auth::Schemes(vec![Scheme::Basic]),
        kind: Kind::ActiveSync,
        service: Service::ACTIVESYNC,
        ..route(exchange, PathPattern::Exact(ACTIVESYNC.to_owned()))
    })
}

/// Exchange itself checks the tokens of other organisations' servers; the gate knows where they are.
fn between_servers(exchange: &Exchange, path: PathPattern) -> Arc<Route> {
    Arc::new(Route {
        auth: if exchange.hybrid.is_empty() {
            Auth::Closed
        } else {
            Auth::Anonymous
        },
        sources: exchange.hybrid.clone(),
        onward: Onward::None,
        ..route(exchange, path)
    })
}

/// What an Exchange asks a Windows sign-in for, or takes from other organisations' servers. A route of the operator's own
/// that asks for nothing shows none of it.
pub const GUARDED: [&str; 17] = [
    "/owa",
    "/ecp",
    "/EWS",
    "/mapi",
    "/OAB",
    "/Autodiscover",
    ACTIVESYNC,
    "/rpc",
    "/PowerShell",
    "/api",
    // UNCONFIRMED: what older versions and other names of the same have.
    "/exchweb",
    "/Exchange",
    "/Exadmin",
    "/Public",
    "/RpcWithCert",
    "/PowerShell-LiveId",
    "/UnifiedMessaging",
];

/// What is [`GUARDED`], shut on a host of the operator's own: OWA's form would take a domain password.
#[must_use]
pub fn shut(farm: &str, path: &str) -> Arc<Route> {
    let path = PathPattern::Below(path.to_owned());
    Arc::new(Route {
        made_by: MadeBy::Preset,
        ..Route::new(path, Auth::Closed, Service::EWS, farm.to_owned())
    })
}

/// Paths of Exchange where nobody passes as nobody: what is closed, and what is not published.
pub const CLOSED: [&str; 7] = [
    "/EWS/mrsproxy.svc",
    "/EWS/Exchange.asmx/WSSecurity",
    "/Autodiscover/Autodiscover.svc/WSSecurity",
    "/owa",
    "/ecp",
    "/rpc",
    "/PowerShell",
];

fn by_password() -> Auth {
    Auth::Schemes(vec![Scheme::Negotiate, Scheme::Ntlm, Scheme::Basic])
}

fn ws_security(below: &str) -> PathPattern {
    PathPattern::BelowWith {
        below: below.to_owned(),
        segment: WS_SECURITY.to_owned(),
    }
}

fn route(exchange: &Exchange, path: PathPattern) -> Route {
    Route {
        name: format!("exchange {path}"),
        made_by: MadeBy::Preset,
        onward: exchange.onward.clone(),
        pass_headers: HEADERS.map(HeaderName::from_static).to_vec(),
        ..Route::new(path, Auth::Closed, Service::EWS, exchange.farm.clone())
    }
}

/// Request headers of the clients of EWS, MAPI over HTTP, ActiveSync and Autodiscover.
///
/// SECURITY: X-User-Identity, which Outlook sends to Autodiscover, names somebody and is not here.
pub(crate) const HEADERS: [&str; 20] = [
    "ms-asacceptmultipart",
    "ms-asprotocolversion",
    "x-anchormailbox",
    "x-clientapplication",
    "x-clientinfo",
    "x-clientstatistics",
    "x-deviceinfo",
    "x-featureversion",
    "x-mapihttpcapability",
    "x-ms-cookieuri-requested",
    "x-ms-policykey",
    "x-owa-actionid",
    "x-owa-actionname",
    "x-owa-canary",
    "x-owa-correlationid",
    "x-owa-urlpostdata",
    "x-preferserveraffinity",
    "x-publicfoldermailbox",
    "x-requestid",
    "x-requesttype",
];
