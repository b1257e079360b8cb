//! Exchange: EWS (design 14). What hybrid servers use is closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use authn::place::Service;
use http::HeaderName;

use crate::rewrite::lower_case;
use crate::route::{Auth, Host, Kind, Onward, PathPattern, Route, Scheme};

/// Everything of EWS.
const EWS: &str = "/EWS";
/// Moves mailboxes between organisations.
const MAILBOX_REPLICATION: &str = "/EWS/mrsproxy.svc";
/// The segment of paths that take other servers' credentials.
const WS_SECURITY: &str = "WSSecurity";

/// An Exchange organisation, as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The published name, lower case.
    pub host: String,
    /// The port that clients see.
    pub public_port: u16,
    /// The farm.
    pub farm: String,
    /// Its own names and what they are called outside.
    pub internal_names: BTreeMap<String, String>,
    /// The Host header it is sent.
    pub host_header: Option<String>,
    /// How it learns who the user is.
    pub onward: Onward,
}

/// Everything that Exchange publishes, by host.
#[must_use]
pub fn hosts(exchange: &Exchange) -> Vec<(String, Host)> {
    let closed = [
        PathPattern::Below(MAILBOX_REPLICATION.to_owned()),
        PathPattern::BelowWith {
            below: EWS.to_owned(),
            segment: WS_SECURITY.to_owned(),
        },
    ];
    let schemes = Auth::Schemes(vec![Scheme::Negotiate, Scheme::Ntlm, Scheme::Basic]);
    let open = route(exchange, PathPattern::Below(EWS.to_owned()), schemes);
    let closed = closed
        .into_iter()
        .map(|path| route(exchange, path, Auth::Closed));
    let routes = std::iter::once(open).chain(closed).collect();
    vec![(
        exchange.host.clone(),
        Host {
            routes,
            public_port: Some(exchange.public_port).filter(|port| *port != 443),
            names: lower_case(&exchange.internal_names),
            ..Host::default()
        },
    )]
}

fn route(exchange: &Exchange, path: PathPattern, auth: Auth) -> Arc<Route> {
    Arc::new(Route {
        name: "exchange /EWS".to_owned(),
        path,
        methods: Vec::new(),
        auth,
        ticket: None,
        takes_guests: false,
        open_methods: Vec::new(),
        onward_path: None,
        kind: Kind::Plain,
        service: Service::EWS,
        farm: exchange.farm.clone(),
        host_header: exchange.host_header.clone(),
        onward: exchange.onward.clone(),
        pass_headers: HEADERS.map(HeaderName::from_static).to_vec(),
        set_headers: Vec::new(),
    })
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
