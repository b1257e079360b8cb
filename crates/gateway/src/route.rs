//! Routes: host and path to what must be proved, by which schemes, and where it then goes.
//!
//! A route without an explicit `auth` cannot be written; a path without a route is 404.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use authn::place::{Channel, RouteName, Service};
use authn::policy::Policy;
use http::Method;

use crate::path::CleanPath;
use crate::rewrite::host_of_url;

/// How a client may prove who it is on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// `Authorization: NTLM`.
    Ntlm,
    /// `Authorization: Negotiate` with NTLM inside.
    Negotiate,
    /// `Authorization: Basic`.
    Basic,
    /// A UsernameToken in a SOAP header.
    UsernameToken,
    /// A grant of `/WebTicket/oauthtoken`.
    Grant,
    /// A web ticket that was relayed by this gate.
    Ticket,
    /// The session of a passive sign-in, which a token of our own security token service began.
    Passive,
}

impl Scheme {
    /// What the policy calls it.
    #[must_use]
    pub fn channel(self) -> Channel {
        match self {
            Self::Ntlm => Channel::Ntlm,
            Self::Negotiate => Channel::Negotiate,
            Self::Basic => Channel::Basic,
            Self::UsernameToken => Channel::UsernameToken,
            Self::Grant => Channel::Grant,
            Self::Ticket => Channel::Ticket,
            Self::Passive => Channel::Page,
        }
    }
}

/// Where a route's tickets are, and what becomes of whoever brings none that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketRule {
    /// Where the ticket is.
    pub place: TicketPlace,
    /// What whoever brings none is answered.
    pub wanted: TicketWanted,
    /// Whether one must be known.
    pub tracking: Tracking,
}

/// Where a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketPlace {
    /// In `X-MS-WebTicket`, or as `Authorization: Bearer cwt=`.
    Header,
    /// In the security header of a SOAP message.
    SecurityHeader,
    /// In its place stands the certificate that signed a request for a ticket.
    Certificate,
}

/// The server's own answer to a ticket that is not one (design 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketWanted {
    /// 401 with `X-MS-WebTicketURL`.
    Url,
    /// A SOAP fault with 28032.
    Fault,
    /// 401 with the challenge `MsRtcOAuth`.
    MsRtcOauth,
}

/// Whether a ticket must be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// It must.
    Require,
    /// Where the ticket is UNCONFIRMED: whoever brings none that is known passes as nobody.
    Observe,
}

/// What a route asks before anything passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Nothing: the request passes without an identity, on an upstream connection of its own class.
    Anonymous,
    /// One of these, offered in this order as far as the policy allows them from where the client is.
    Schemes(Vec<Scheme>),
    /// Nothing opens it: it is 404, although what is around it is published.
    Closed,
}

/// Which paths a route takes; compared without regard to ASCII case, as IIS does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// Exactly this path.
    Exact(String),
    /// This path and everything below it (`/EWS` takes `/EWS` and `/EWS/Exchange.asmx`).
    Below(String),
    /// Everything below a path that has a segment of this name in it.
    BelowWith {
        /// The path.
        below: String,
        /// The segment.
        segment: String,
    },
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) | Self::Below(path) => f.write_str(path),
            Self::BelowWith { below, segment } => write!(f, "{below}/../{segment}"),
        }
    }
}

/// What a request on this route is, so that the gate can read what it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is read; bodies stream.
    Plain,
    /// Lync discover: the answer is read, internal links are dropped, hosts rewritten.
    LyncDiscover,
    /// Lync MEX: the answer is read, logons that are not offered to this client are dropped, hosts
    /// rewritten.
    LyncMex,
    /// Lync web ticket: the RST is read before anything is forwarded, the ticket in the answer is
    /// recorded before it is passed on.
    LyncWebTicket,
    /// The user link: the answer is read as discover's is.
    LyncUserLink,
    /// Lync web ticket by UsernameToken: the token is read and goes no further.
    LyncAuth,
    /// Lync web ticket for a meeting's guests.
    LyncAnon,
    /// Lync web ticket by the certificate that the pool issued: it is read, and goes on as it came.
    LyncCert,
    /// Certificate provisioning: the certificate in the answer is recorded before it is passed on.
    LyncCertProv,
    /// `/WebTicket/oauthtoken`: the form says by what the ticket is asked for.
    LyncOauthtoken,
    /// The pages of a passive sign-in: the token that a browser brings is read, the session that the pool makes of it
    /// is recorded before it is passed on.
    LyncPassive,
    /// ActiveSync: the address says which device asks.
    ActiveSync,
    /// Exchange Autodiscover by plain XML: the answer's addresses are put right.
    AutodiscoverPox,
    /// Exchange Autodiscover by SOAP: the same.
    AutodiscoverSoap,
}

impl Kind {
    /// Whether an answer is a document that leads clients on, by the addresses in it.
    pub(crate) fn is_document(self) -> bool {
        matches!(
            self,
            Self::LyncDiscover
                | Self::LyncUserLink
                | Self::LyncMex
                | Self::AutodiscoverPox
                | Self::AutodiscoverSoap
        )
    }
}

/// What whoever comes to a path over plain HTTP is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverPlain {
    /// Nothing: it is not there.
    Nothing,
    /// Where discover is, by 200 and a `Redirect` link (SIPE and older phones follow no 3xx there).
    Discover,
    /// The same path of the same host over https, by 302.
    Redirect,
}

/// How the back end learns who the user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Onward {
    /// It does not (anonymous routes, and routes whose ticket names the user).
    None,
    /// A signed, short-lived assertion in a header, for back ends of the operator's own.
    Header {
        /// The header's name.
        name: http::HeaderName,
        /// The audience that the assertion names.
        audience: String,
    },
    /// A Kerberos token of the user's own, by constrained delegation ([MS-SFU]); for which service, the
    /// member that it goes to says.
    Kerberos,
}

/// Who says what a route takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MadeBy {
    /// A preset (design 14).
    Preset,
    /// The operator, by a route of their own.
    #[default]
    Operator,
}

/// One published path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// A name for logs and metrics.
    pub name: String,
    /// Who says what it takes.
    pub made_by: MadeBy,
    /// The paths.
    pub path: PathPattern,
    /// The methods that pass; empty means any of GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH.
    pub methods: Vec<Method>,
    /// What must be proved.
    pub auth: Auth,
    /// Where its tickets are, where it takes any.
    pub ticket: Option<TicketRule>,
    /// Whether a meeting's guests are let in here beside those who prove who they are.
    pub takes_guests: bool,
    /// The networks that it is there for; for all where the list is empty.
    pub sources: Vec<ipnet::IpNet>,
    /// Methods that pass as nobody's whatever must be proved otherwise: a browser's CORS preflight.
    pub open_methods: Vec<Method>,
    /// The path that the back end is asked for; `None` keeps the client's.
    pub onward_path: Option<http::uri::PathAndQuery>,
    /// What a request is.
    pub kind: Kind,
    /// What is said of it over plain HTTP, on a host that has an `origin`.
    pub over_plain: OverPlain,
    /// The service, for policy and scope.
    pub service: Service,
    /// The farm that it goes to.
    pub farm: String,
    /// The names of the back ends of this route's own rule and what they are called outside; the host's
    /// are known beside them.
    pub names: Arc<BTreeMap<String, String>>,
    /// How the back end learns who it is.
    pub onward: Onward,
    /// Request headers that pass beside those that any route lets pass.
    pub pass_headers: Vec<http::HeaderName>,
    /// Request headers that an operator's rule sets (only names on the allow-list reach this).
    pub set_headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Whether a connection may be given over to WebSocket here.
    pub websocket: bool,
    /// Whether a browser comes back to the member that answered it, by a cookie.
    pub affinity: bool,
    /// Whether it leads to a pool in passive mode, by whatever name: a pool that finds a session's cookies looks at no ticket.
    pub leads_to_passive: bool,
}

/// Everything published under one host name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The routes; the longest match decides, `Exact` before `Below`.
    pub routes: Vec<Arc<Route>>,
    /// All its back ends' own names and what they are called outside, for rewriting answers.
    pub names: BTreeMap<String, String>,
    /// Whether pages of ours answer for all of it, and no back end does.
    pub is_ours: bool,
    /// Whether it is of ours and for programs: they prove what they are by tokens of their own, and no policy is asked.
    pub is_api: bool,
    /// Whether it is of ours and people sign in there for other parties.
    pub is_sts: bool,
    /// Whether programs are told of somebody there by a UsernameToken, beside people by pages.
    pub takes_username_tokens: bool,
    /// The port that clients see; `None` is 443.
    pub public_port: Option<u16>,
    /// The address of the web ticket service, for `X-MS-WebTicketURL`.
    pub web_ticket_url: Option<String>,
    /// Scheme, name and port as clients write them, for those that come over plain HTTP; `None` where
    /// nothing is told to them.
    pub origin: Option<String>,
    /// The address where UCWA clients get tickets, for the challenge `MsRtcOAuth`.
    pub oauthtoken_url: Option<String>,
    /// Scheme, name and port of the AD FS whose tokens begin passive sessions on it, where they are not ours (decision 0026).
    pub passive_adfs: Option<String>,
}

/// Everything that one gate publishes, by host name (lower case, without port).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// The hosts.
    pub hosts: BTreeMap<String, Host>,
    /// The services that the policy lets the office into by Kerberos, where the gate has keys for it. Elsewhere a
    /// client that offers Kerberos is told to use NTLM.
    pub kerberos: BTreeSet<Service>,
    /// The names that NTLM's challenge gives out.
    pub ntlm_target: proto::ntlm::Target,
    /// The realm that Basic names.
    pub basic_realm: String,
    /// Hosts of others that documents may name beside the published ones, lower case.
    pub foreign_hosts: BTreeSet<String>,
    /// From where what may be proved: what is offered follows it; whoever verifies decides by it.
    pub policy: Policy,
    /// Every header (lower case) by which any back end is told who the user is; no client's passes.
    pub identity_headers: BTreeSet<String>,
}

impl Publication {
    /// Whether a document that goes out may name a host.
    #[must_use]
    pub fn may_be_named(&self, host: &str) -> bool {
        self.hosts.contains_key(host) || self.foreign_hosts.contains(host)
    }

    /// Whether a published host is called by one label more than `above`, as a certificate for `*.above` says.
    pub(crate) fn names_below(&self, above: &str) -> bool {
        let mut hosts = self.hosts.keys();
        hosts.any(|host| host.split_once('.').is_some_and(|(_, rest)| rest == above))
    }

    /// The address of a published host by https, where it is written by http: a server behind that is reached without TLS
    /// writes what it hears, and whoever follows would say in clear what they prove.
    pub(crate) fn secured(&self, url: &str) -> Option<String> {
        let (scheme, rest) = url.split_once("://")?;
        let name = host_of_url(url).filter(|_| scheme.eq_ignore_ascii_case("http"))?;
        let host = self.hosts.get(&name)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (_, path) = rest.split_at_checked(end)?;
        let port = host
            .public_port
            .map_or(String::new(), |port| format!(":{port}"));
        Some(format!("https://{name}{port}{path}"))
    }

    /// Whether a connection that asked for a name may carry several requests at once.
    ///
    /// SECURITY: whoever names no host, or one that is not here, gets no more than HTTP/1.1.
    #[must_use]
    pub fn may_multiplex(&self, name: Option<&str>) -> bool {
        let host = name.and_then(|name| self.hosts.get(name));
        host.is_some_and(Host::may_be_multiplexed)
    }
}

impl Host {
    /// Whether nothing on it is proved by a connection: NTLM and Negotiate are, and HTTP/2 has no
    /// connection that is one client's request after the other (I5, T-CONN-4).
    ///
    /// SECURITY: the policy does not count here, as it may allow in one zone what it forbids in another.
    #[must_use]
    pub fn may_be_multiplexed(&self) -> bool {
        let of_a_connection = [Scheme::Ntlm, Scheme::Negotiate];
        let mut offered = self.routes.iter().flat_map(|route| route.schemes());
        !offered.any(|scheme| of_a_connection.contains(scheme))
    }

    /// Scheme, name and port of it, as browsers write them.
    #[must_use]
    pub(crate) fn origin_of(&self, name: &str) -> String {
        let port = self.public_port;
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        format!("https://{name}{port}")
    }

    /// Whether people sign in to it passively.
    #[must_use]
    pub fn is_passive(&self) -> bool {
        self.routes
            .iter()
            .any(|route| route.kind == Kind::LyncPassive)
    }

    /// The route of a path: exact ones first, then the longest.
    #[must_use]
    pub fn route(&self, path: &CleanPath) -> Option<&Arc<Route>> {
        let weight = |route: &Route| match &route.path {
            PathPattern::Exact(published) => path.is(published).then_some(usize::MAX),
            PathPattern::Below(published) => path.is_below(published).then_some(published.len()),
            PathPattern::BelowWith { below, segment } => {
                (path.is_below(below) && path.has_segment(segment)).then_some(usize::MAX - 1)
            }
        };
        self.routes
            .iter()
            .filter_map(|route| Some((weight(route)?, route)))
            .max_by_key(|(weight, _)| *weight)
            .map(|(_, route)| route)
    }
}

impl Route {
    /// A route that has nothing beside what every route must say, and is named by its path.
    #[must_use]
    pub fn new(path: PathPattern, auth: Auth, service: Service, farm: String) -> Self {
        Self {
            name: path.to_string(),
            made_by: MadeBy::Operator,
            path,
            methods: Vec::new(),
            auth,
            ticket: None,
            takes_guests: false,
            sources: Vec::new(),
            open_methods: Vec::new(),
            onward_path: None,
            kind: Kind::Plain,
            over_plain: OverPlain::Nothing,
            service,
            farm,
            names: Arc::default(),
            onward: Onward::None,
            pass_headers: Vec::new(),
            set_headers: Vec::new(),
            websocket: false,
            affinity: false,
            leads_to_passive: false,
        }
    }

    /// What the policy calls it under a host, where it speaks of paths at all.
    #[must_use]
    pub fn name_in(&self, policy: &Policy, host: &str) -> Option<RouteName> {
        let is_wanted = policy.speaks_of_routes();
        is_wanted.then(|| RouteName::of(host, &self.path.to_string()))
    }

    /// Whether a method passes.
    #[must_use]
    pub fn takes(&self, method: &Method) -> bool {
        let is_listed = self.methods.is_empty() || self.methods.contains(method);
        let is_known = crate::headers::known_methods().contains(method);
        is_known && (is_listed || self.open_methods.contains(method))
    }

    /// Whether it is there for a client.
    #[must_use]
    pub fn is_there_for(&self, client: std::net::IpAddr) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|network| network.contains(&client))
    }

    /// Whether a method passes as nobody's.
    #[must_use]
    pub fn is_open_to(&self, method: &Method) -> bool {
        self.auth == Auth::Anonymous || self.open_methods.contains(method)
    }

    /// Whether its requests ask for a ticket, and are read before they go on.
    #[must_use]
    pub fn asks_for_ticket(&self) -> bool {
        match self.kind {
            Kind::LyncWebTicket
            | Kind::LyncAuth
            | Kind::LyncAnon
            | Kind::LyncCert
            | Kind::LyncOauthtoken => true,
            Kind::Plain
            | Kind::LyncPassive
            | Kind::LyncCertProv
            | Kind::LyncDiscover
            | Kind::LyncMex
            | Kind::LyncUserLink
            | Kind::ActiveSync
            | Kind::AutodiscoverPox
            | Kind::AutodiscoverSoap => false,
        }
    }

    /// The methods that pass, as `Allow` lists them.
    #[must_use]
    pub fn allow(&self) -> String {
        let known = crate::headers::known_methods();
        let taken = known.iter().filter(|method| self.takes(method));
        taken.map(Method::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The schemes it knows, in the order in which they are offered.
    #[must_use]
    pub fn schemes(&self) -> &[Scheme] {
        match &self.auth {
            Auth::Anonymous | Auth::Closed => &[],
            Auth::Schemes(schemes) => schemes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: PathPattern) -> Arc<Route> {
        Arc::new(Route {
            name: format!("{path:?}"),
            methods: vec![Method::GET],
            ..Route::new(path, Auth::Anonymous, Service::LYNC, "farm".to_owned())
        })
    }

    #[test]
    fn the_longest_path_decides_and_an_exact_one_before_it() {
        let host = Host {
            routes: vec![
                route(PathPattern::Below("/".to_owned())),
                route(PathPattern::Below("/EWS".to_owned())),
                route(PathPattern::Exact("/EWS/mrsproxy.svc".to_owned())),
            ],
            ..Host::default()
        };
        let found = |path: &str| {
            let path = CleanPath::parse(path).unwrap();
            host.route(&path)
                .map(|route| route.name.clone())
                .unwrap_or_default()
        };
        assert_eq!(found("/x"), "Below(\"/\")");
        assert_eq!(found("/ews/Exchange.asmx"), "Below(\"/EWS\")");
        assert_eq!(found("/EWS/MRSProxy.svc"), "Exact(\"/EWS/mrsproxy.svc\")");
        assert_eq!(found("/EWSX"), "Below(\"/\")");
    }

    #[test]
    fn only_methods_that_are_named_pass() {
        let route = route(PathPattern::Below("/".to_owned()));
        assert!(route.takes(&Method::GET));
        assert!(!route.takes(&Method::POST) && !route.takes(&Method::CONNECT));
        let any = Route {
            methods: Vec::new(),
            ..(*route).clone()
        };
        assert!(any.takes(&Method::POST) && !any.takes(&Method::TRACE));
    }
}
