//! Lync and Skype for Business: discover, MEX, the web ticket and the user link (design 14).
//!
//! Whatever is not listed is 404. Paths are those of `reference` [MS-OCDISCWS] and [MS-OCAUTHWS].

use std::collections::BTreeMap;
use std::sync::Arc;

use authn::place::Service;
use http::{HeaderName, Method};

use crate::rewrite::lower_case;
use crate::route::{Auth, Host, Kind, Onward, PathPattern, Route, Scheme};

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/user";
const WEB_TICKET: &str = "/WebTicket/WebTicketService.svc";
const WEB_TICKET_MEX: &str = "/WebTicket/WebTicketService.svc/mex";

/// A pool or Director, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LyncPool {
    /// The published name of its external web services, lower case.
    pub web_host: String,
    /// The port that clients see.
    pub public_port: u16,
    /// The `lyncdiscover` names, lower case.
    pub discover_hosts: Vec<String>,
    /// Its own names and what they are called outside.
    pub internal_names: BTreeMap<String, String>,
    /// The farm.
    pub farm: String,
    /// The Host header it is sent.
    pub host_header: Option<String>,
    /// How it learns who the user is.
    pub onward: Onward,
}

/// Everything that a pool publishes, by host.
#[must_use]
pub fn hosts(pool: &LyncPool) -> Vec<(String, Host)> {
    let names = lower_case(&pool.internal_names);
    let public_port = Some(pool.public_port).filter(|port| *port != 443);
    let root = |path: &str| anonymous(pool, path, Kind::LyncDiscover);
    let discover = |host: &String| {
        let routes = vec![root("/"), root(ROOT)];
        (
            host.clone(),
            Host {
                routes,
                names: names.clone(),
                public_port,
                web_ticket_url: None,
                discover_origin: Some(origin(pool, host)),
            },
        )
    };
    let web = Host {
        routes: vec![
            root(ROOT),
            protected(pool, USER, Kind::LyncUserLink),
            anonymous(pool, WEB_TICKET_MEX, Kind::LyncMex),
            protected(pool, WEB_TICKET, Kind::LyncWebTicket),
        ],
        names: names.clone(),
        public_port,
        web_ticket_url: Some(format!("{}{WEB_TICKET}", origin(pool, &pool.web_host))),
        discover_origin: None,
    };
    let mut hosts: Vec<(String, Host)> = pool.discover_hosts.iter().map(discover).collect();
    hosts.push((pool.web_host.clone(), web));
    hosts
}

/// Scheme, name and port of a host as clients write them.
fn origin(pool: &LyncPool, host: &str) -> String {
    match pool.public_port {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

fn anonymous(pool: &LyncPool, path: &str, kind: Kind) -> Arc<Route> {
    let methods = vec![Method::GET, Method::HEAD];
    Arc::new(Route {
        methods,
        auth: Auth::Anonymous,
        onward: Onward::None,
        ..route(pool, path, kind)
    })
}

/// The web ticket by Windows authentication, the user link by the ticket.
fn protected(pool: &LyncPool, path: &str, kind: Kind) -> Arc<Route> {
    let by_ticket = kind == Kind::LyncUserLink;
    let (method, schemes, onward) = if by_ticket {
        (Method::GET, vec![Scheme::Ticket], Onward::None)
    } else {
        (
            Method::POST,
            vec![Scheme::Negotiate, Scheme::Ntlm],
            pool.onward.clone(),
        )
    };
    let auth = Auth::Schemes(schemes);
    Arc::new(Route {
        methods: vec![method],
        auth,
        onward,
        ..route(pool, path, kind)
    })
}

fn route(pool: &LyncPool, path: &str, kind: Kind) -> Route {
    Route {
        name: format!("lync {path}"),
        path: PathPattern::Exact(path.to_owned()),
        methods: Vec::new(),
        auth: Auth::Schemes(Vec::new()),
        kind,
        service: Service::LYNC,
        farm: pool.farm.clone(),
        host_header: pool.host_header.clone(),
        onward: Onward::None,
        pass_headers: HEADERS.map(HeaderName::from_static).to_vec(),
        set_headers: Vec::new(),
    }
}

/// Request headers of Lync's clients and of the web SDK (UCWA).
pub(crate) const HEADERS: [&str; 4] = [
    "x-ms-correlation-id",
    "x-ms-requiresminresourceversion",
    "x-ms-sdk-instance",
    "x-ms-sdk-session",
];
