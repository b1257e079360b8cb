//! Lync and Skype for Business: every path that is published, and what it takes (design 14).
//!
//! Whatever is not listed is 404: PIN logon, the advanced web ticket service, the control panel and
//! PowerShell, and certificate logon where the operator has not opened it (decision 0006). What sells
//! tickets is closed by name, so that no route of the operator's own can open it. Paths are those of [MS-OCDISCWS], [MS-OCAUTHWS] and UCWA; they are
//! compared without regard to case, as IIS does. Start at [`hosts`].

use std::collections::BTreeMap;
use std::sync::Arc;

use authn::place::Service;
use http::uri::PathAndQuery;
use http::{HeaderName, Method};

use crate::rewrite::lower_case;
use crate::route::{
    Auth, Host, Kind, MadeBy, Onward, OverPlain, PathPattern, Route, Scheme, TicketPlace,
    TicketRule, TicketWanted, Tracking,
};

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";
const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/user";
const OAUTH_USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
const WEB_TICKET: &str = "/WebTicket/WebTicketService.svc";
const AUTH: &str = "/WebTicket/WebTicketService.svc/Auth";
const ANON: &str = "/WebTicket/WebTicketService.svc/Anon";
const CERT: &str = "/WebTicket/WebTicketService.svc/cert";
const CERT_PROV: &str = "/CertProv";
const OAUTHTOKEN: &str = "/WebTicket/oauthtoken";
/// Where tickets are sold: `/cert`, `/pin`, `/WsFed_bearer`, `WebTicketAdvancedService.svc` and all else
/// below it.
const WEB_TICKETS: &str = "/WebTicket";

/// What a pool has that is no page: it sells tickets, or takes them in messages that are not looked into elsewhere, or
/// tells its own names. A host of the operator's own shows none of it, whatever its routes say.
///
/// UNCONFIRMED: which of the lesser services take a ticket or a sign-in; all are shut that no visitor of a meeting asks for
/// under the meeting's own name.
pub const GUARDED: [&str; 22] = [
    WEB_TICKETS,
    CERT_PROV,
    "/groupexpansion",
    "/Autodiscover",
    "/ucwa",
    "/abs",
    "/Mcx",
    "/Reach",
    "/Scheduler",
    "/PassiveAuth",
    "/PersistentChat",
    "/RgsClients",
    "/RgsConfig",
    "/HybridConfig",
    "/OcsPowerShell",
    "/CsCp",
    "/RequestHandler",
    "/RequestHandlerExt",
    "/StorageService",
    "/SupportConferenceConsole",
    "/CAAService",
    "/locationinformation",
];

/// Metadata that anybody may read, edited.
const METADATA: [&str; 3] = [
    "/WebTicket/WebTicketService.svc/mex",
    "/CertProv/CertProvisioningService.svc/mex",
    "/groupexpansion/service.svc/mex",
];

/// SOAP services whose messages carry the ticket.
const SOAP: [&str; 2] = [CERT_PROV, "/groupexpansion"];

/// What browsers are shown before and without any ticket.
const PAGES: [&str; 5] = ["/meet", "/dialin", "/lwa", "/Autodiscover/XFrame", PASSIVE];

/// Where a passive sign-in begins, and brings its token.
const PASSIVE: &str = "/PassiveAuth";

/// The pages whose addresses people type or are sent, with `http` or without any scheme.
const TYPED: [&str; 2] = ["/meet", "/dialin"];

/// Services where the ticket's place is UNCONFIRMED.
const OBSERVED: [&str; 2] = ["/Reach", "/Scheduler"];

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
    /// How it learns who the user is.
    pub onward: Onward,
    /// Whether a meeting's guests are let in.
    pub guests: bool,
    /// Whether a certificate that the pool issued for a ticket buys the next ticket.
    pub certificate_sign_in: bool,
    /// Whether people sign in by a page of our security token service, and in no other way (decision 0015).
    pub passive: bool,
    /// Scheme, name and port of the AD FS whose tokens it takes, where they are not ours (decision 0026).
    pub passive_adfs: Option<String>,
}

/// Everything that a pool publishes, by host.
#[must_use]
pub fn hosts(pool: &LyncPool) -> Vec<(String, Host)> {
    let names = lower_case(&pool.internal_names);
    let public_port = Some(pool.public_port).filter(|port| *port != 443);
    let discover = |host: &String| {
        let begins = |path| root(pool, path, OverPlain::Discover);
        let routes = vec![begins("/"), begins(ROOT), closed(pool)];
        (
            host.clone(),
            Host {
                routes,
                names: names.clone(),
                public_port,
                origin: Some(origin(pool, host)),
                ..Host::default()
            },
        )
    };
    let web = Host {
        is_ours: false,
        is_api: false,
        is_sts: false,
        takes_username_tokens: false,
        routes: web_routes(pool),
        names: names.clone(),
        public_port,
        web_ticket_url: Some(url(pool, WEB_TICKET)),
        oauthtoken_url: Some(url(pool, OAUTHTOKEN)),
        origin: Some(origin(pool, &pool.web_host)),
        passive_adfs: pool.passive_adfs.clone(),
    };
    let mut hosts: Vec<(String, Host)> = pool.discover_hosts.iter().map(discover).collect();
    hosts.push((pool.web_host.clone(), web));
    hosts
}

fn web_routes(pool: &LyncPool) -> Vec<Arc<Route>> {
    let mut routes = vec![
        root(pool, ROOT, OverPlain::Nothing),
        closed(pool),
        by_ticket(pool, exact(USER), TicketWanted::Url, Kind::LyncUserLink),
        by_ticket(
            pool,
            exact(OAUTH_USER),
            TicketWanted::MsRtcOauth,
            Kind::LyncUserLink,
        ),
        ucwa(pool),
        by_ticket(pool, below("/abs"), TicketWanted::Url, Kind::Plain),
        by_ticket(pool, below("/Mcx"), TicketWanted::Url, Kind::Plain),
    ];
    if pool.passive {
        routes.push(passive_grant(pool));
    } else {
        routes.push(web_ticket(pool, WEB_TICKET, Kind::LyncWebTicket));
        routes.push(web_ticket(pool, AUTH, Kind::LyncAuth));
        routes.push(web_ticket(pool, OAUTHTOKEN, Kind::LyncOauthtoken));
    }
    if pool.guests {
        routes.push(web_ticket(pool, ANON, Kind::LyncAnon));
    }
    if pool.certificate_sign_in {
        routes.push(by_certificate(pool));
    }
    routes.extend(METADATA.map(|path| metadata(pool, path)));
    routes.extend(SOAP.map(|path| soap(pool, path)));
    routes.extend(PAGES.map(|path| page(pool, path)));
    routes.extend(OBSERVED.map(|path| observed(pool, path)));
    routes
}

fn root(pool: &LyncPool, path: &str, over_plain: OverPlain) -> Arc<Route> {
    Arc::new(Route {
        methods: vec![Method::GET, Method::HEAD],
        auth: Auth::Anonymous,
        kind: Kind::LyncDiscover,
        over_plain,
        ..route(pool, exact(path))
    })
}

/// INTEROP: some clients ask for metadata by WS-Transfer, with POST.
fn metadata(pool: &LyncPool, path: &str) -> Arc<Route> {
    Arc::new(Route {
        methods: vec![Method::GET, Method::HEAD, Method::POST],
        auth: Auth::Anonymous,
        kind: Kind::LyncMex,
        ..route(pool, exact(path))
    })
}

/// Whatever is asked for a ticket, the pool is asked by the way that takes our word.
fn web_ticket(pool: &LyncPool, path: &'static str, kind: Kind) -> Arc<Route> {
    let (schemes, onward_path) = match kind {
        Kind::LyncAuth => (vec![Scheme::UsernameToken], Some(WEB_TICKET)),
        Kind::LyncAnon => (Vec::new(), None),
        Kind::LyncOauthtoken => (vec![Scheme::Negotiate, Scheme::Ntlm, Scheme::Grant], None),
        _ => (vec![Scheme::Negotiate, Scheme::Ntlm], None),
    };
    let is_anonymous = schemes.is_empty();
    Arc::new(Route {
        methods: vec![Method::POST],
        auth: if is_anonymous {
            Auth::Anonymous
        } else {
            Auth::Schemes(schemes)
        },
        takes_guests: pool.guests && matches!(kind, Kind::LyncAnon | Kind::LyncOauthtoken),
        onward: if is_anonymous {
            Onward::None
        } else {
            pool.onward.clone()
        },
        onward_path: onward_path.map(PathAndQuery::from_static),
        kind,
        ..route(pool, exact(path))
    })
}

/// A pool in passive mode has no Windows logon (S67), so that nobody is told who it is but by its own session.
fn passive_grant(pool: &LyncPool) -> Arc<Route> {
    let route = web_ticket(pool, OAUTHTOKEN, Kind::LyncOauthtoken);
    Arc::new(Route {
        auth: Auth::Schemes(vec![Scheme::Passive]),
        onward: Onward::None,
        // Its session may be on the front end that began it.
        affinity: true,
        ..(*route).clone()
    })
}

fn by_ticket(pool: &LyncPool, path: PathPattern, wanted: TicketWanted, kind: Kind) -> Arc<Route> {
    let methods = match kind {
        Kind::LyncUserLink => vec![Method::GET],
        _ => Vec::new(),
    };
    Arc::new(Route {
        methods,
        ticket: Some(TicketRule {
            place: TicketPlace::Header,
            wanted,
            tracking: Tracking::Require,
        }),
        kind,
        ..route(pool, path)
    })
}

fn ucwa(pool: &LyncPool) -> Arc<Route> {
    let route = by_ticket(pool, below("/ucwa"), TicketWanted::MsRtcOauth, Kind::Plain);
    Arc::new(Route {
        open_methods: vec![Method::OPTIONS],
        ..(*route).clone()
    })
}

/// Where certificates are good for nothing here, what provisioning answers is not read.
fn soap(pool: &LyncPool, path: &str) -> Arc<Route> {
    let is_tracked = pool.certificate_sign_in && path == CERT_PROV;
    Arc::new(Route {
        kind: if is_tracked {
            Kind::LyncCertProv
        } else {
            Kind::Plain
        },
        ..in_message(pool, below(path), TicketPlace::SecurityHeader)
    })
}

/// SECURITY: the pool is not told who it is. It judges the signature, and would take our word for it.
fn by_certificate(pool: &LyncPool) -> Arc<Route> {
    Arc::new(Route {
        kind: Kind::LyncCert,
        ..in_message(pool, exact(CERT), TicketPlace::Certificate)
    })
}

/// SECURITY: the pool answers the same under each of its names, and whoever gets a ticket there gets it past
/// every check of the gate.
fn closed(pool: &LyncPool) -> Arc<Route> {
    shut(&pool.farm, WEB_TICKETS)
}

/// What is [`GUARDED`], shut on a host of the operator's own whose routes lead to a pool: there a domain password could
/// be tried that no header gives away, and a revoked ticket buy a certificate.
#[must_use]
pub fn shut(farm: &str, path: &str) -> Arc<Route> {
    let path = below(path);
    Arc::new(Route {
        made_by: MadeBy::Preset,
        ..Route::new(path, Auth::Closed, Service::LYNC, farm.to_owned())
    })
}

/// Whether anybody may pass as nobody on a path of this preset.
#[must_use]
pub fn is_open(path: &PathPattern) -> bool {
    let known = ["/", ROOT, ANON].into_iter().chain(METADATA);
    match path {
        PathPattern::Exact(path) => known.into_iter().any(|it| it == path),
        PathPattern::Below(path) => PAGES.contains(&path.as_str()),
        PathPattern::BelowWith { .. } => false,
    }
}

/// Whether whoever brings no ticket passes as nobody on a path of this preset.
#[must_use]
pub fn is_observed(path: &PathPattern) -> bool {
    matches!(path, PathPattern::Below(path) if OBSERVED.contains(&path.as_str()))
}

/// Paths of a pool that sell tickets for what stands in a message, and are closed; `/cert` is not among them, as an
/// operator may open it.
pub const CLOSED: [&str; 4] = [
    "/WebTicket/WebTicketService.svc/pin",
    "/WebTicket/WebTicketService.svc/WsFed_bearer",
    "/WebTicket/WebTicketAdvancedService.svc",
    "/WebTicket/x",
];

fn in_message(pool: &LyncPool, path: PathPattern, place: TicketPlace) -> Route {
    Route {
        methods: vec![Method::POST],
        ticket: Some(TicketRule {
            place,
            wanted: TicketWanted::Fault,
            tracking: Tracking::Require,
        }),
        ..route(pool, path)
    }
}

/// Their sessions are on the front end that began them. UCWA and the rest of Lync 2013 need no cookie:
/// there a client's connection stays with its member.
fn page(pool: &LyncPool, path: &str) -> Arc<Route> {
    let is_passive = pool.passive && path == PASSIVE;
    let (methods, kind) = match is_passive {
        true => (
            vec![Method::GET, Method::HEAD, Method::POST],
            Kind::LyncPassive,
        ),
        false => (Vec::new(), Kind::Plain),
    };
    Arc::new(Route {
        methods,
        kind,
        auth: Auth::Anonymous,
        over_plain: match TYPED.contains(&path) {
            true => OverPlain::Redirect,
            false => OverPlain::Nothing,
        },
        affinity: true,
        ..route(pool, below(path))
    })
}

fn observed(pool: &LyncPool, path: &str) -> Arc<Route> {
    Arc::new(Route {
        ticket: Some(TicketRule {
            place: TicketPlace::Header,
            wanted: TicketWanted::Url,
            tracking: Tracking::Observe,
        }),
        ..route(pool, below(path))
    })
}

fn route(pool: &LyncPool, path: PathPattern) -> Route {
    let auth = Auth::Schemes(vec![Scheme::Ticket]);
    Route {
        name: format!("lync {path}"),
        made_by: MadeBy::Preset,
        pass_headers: HEADERS.map(HeaderName::from_static).to_vec(),
        leads_to_passive: pool.passive,
        ..Route::new(path, auth, Service::LYNC, pool.farm.clone())
    }
}

fn exact(path: &str) -> PathPattern {
    PathPattern::Exact(path.to_owned())
}

fn below(path: &str) -> PathPattern {
    PathPattern::Below(path.to_owned())
}

fn url(pool: &LyncPool, path: &str) -> String {
    format!("{}{path}", origin(pool, &pool.web_host))
}

/// Scheme, name and port of a host as clients write them.
fn origin(pool: &LyncPool, host: &str) -> String {
    match pool.public_port {
        443 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }
}

/// Request headers of Lync's clients and of the web SDK (UCWA).
pub(crate) const HEADERS: [&str; 4] = [
    "x-ms-correlation-id",
    "x-ms-requiresminresourceversion",
    "x-ms-sdk-instance",
    "x-ms-sdk-session",
];
