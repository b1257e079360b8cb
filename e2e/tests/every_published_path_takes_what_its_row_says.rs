//! Every row of the table of published paths (design 14): what a client writes about itself does not
//! arrive, what a back end asks for does not come out, and the table has every route of the presets.
//!
//! Start at [`ROWS`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::request_for;
use e2e::demo::{Demo, Person};
use e2e::messages::{
    asks_for_compact, asks_with_token, assertion_in, bears, compact_in, opaque, password_form,
};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use gateway::preset::{exchange, lync};
use gateway::route::{Host, Onward};
use rustls::ClientConfig;
use serde_json::Value;

use self::Takes::{
    Bearer, Closed, Grant, Guests, Logon, Message, Nobody, Observed, Ticket, UsernameToken,
};

/// One line of the table.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// The first label of the host.
    host: &'static str,
    /// The path, as the preset's route writes it.
    path: &'static str,
    /// A path of it that the stand-in servers know.
    at: &'static str,
    takes: Takes,
}

/// What a row takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Whoever comes.
    Nobody,
    /// A web ticket in its header.
    Ticket,
    /// A compact ticket as a bearer's.
    Bearer,
    /// A web ticket in a SOAP message.
    Message,
    /// What comes; a ticket is only looked at.
    Observed,
    /// A Windows logon by one of these.
    Logon(&'static [&'static str]),
    /// A UsernameToken.
    UsernameToken,
    /// A guest's request.
    Guests,
    /// The form of a grant.
    Grant,
    /// Nothing.
    Closed,
}

const WINDOWS: &[&str] = &["Negotiate", "NTLM"];
const PASSWORDS: &[&str] = &["Negotiate", "NTLM", REALM];
const BASIC: &[&str] = &[REALM];
const REALM: &str = "Basic realm=\"contoso.localhost\", charset=\"UTF-8\"";
const SERVICE: &str = "/WebTicket/WebTicketService.svc";
const DISCOVER: &str = "/Autodiscover/AutodiscoverService.svc/root";
const APPLICATION: &str = "/ucwa/oauth/v1/applications/1";

const fn row(host: &'static str, path: &'static str, takes: Takes) -> Row {
    Row {
        host,
        path,
        at: path,
        takes,
    }
}

impl Row {
    const fn at(self, at: &'static str) -> Self {
        Self { at, ..self }
    }
}

/// Design 14, row by row.
const ROWS: [Row; 36] = [
    row("lyncdiscover", "/", Nobody),
    row("lyncdiscover", DISCOVER, Nobody),
    row("lyncweb", DISCOVER, Nobody),
    row(
        "lyncweb",
        "/Autodiscover/AutodiscoverService.svc/root/user",
        Ticket,
    ),
    row(
        "lyncweb",
        "/Autodiscover/AutodiscoverService.svc/root/oauth/user",
        Bearer,
    ),
    row("lyncweb", "/WebTicket/WebTicketService.svc/mex", Nobody),
    row(
        "lyncweb",
        "/CertProv/CertProvisioningService.svc/mex",
        Nobody,
    ),
    row("lyncweb", "/groupexpansion/service.svc/mex", Nobody),
    row("lyncweb", SERVICE, Logon(WINDOWS)),
    row(
        "lyncweb",
        "/WebTicket/WebTicketService.svc/Auth",
        UsernameToken,
    ),
    row("lyncweb", "/WebTicket/WebTicketService.svc/Anon", Guests),
    row("lyncweb", "/WebTicket/oauthtoken", Grant),
    row("lyncweb", "/CertProv", Message)
        .at("/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1"),
    row("lyncweb", "/groupexpansion", Message).at("/groupexpansion/service.svc/WebTicket_Bearer"),
    row("lyncweb", "/ucwa", Bearer).at(APPLICATION),
    row("lyncweb", "/abs", Ticket).at("/abs/handler/F-1.lsabs"),
    row("lyncweb", "/Mcx", Ticket).at("/Mcx/McxService.svc"),
    row("lyncweb", "/Reach", Observed).at("/Reach/sip.svc"),
    row("lyncweb", "/Scheduler", Observed),
    row("lyncweb", "/meet", Nobody).at("/meet/anna/ABC123"),
    row("lyncweb", "/dialin", Nobody),
    row("lyncweb", "/lwa", Nobody).at("/lwa/WebPages/LwaClient.aspx"),
    row("lyncweb", "/Autodiscover/XFrame", Nobody).at("/Autodiscover/XFrame/XFrame.html"),
    row("lyncweb", "/PassiveAuth", Nobody).at("/PassiveAuth/PassiveAuth.aspx"),
    row("mail", "/EWS", Logon(PASSWORDS)).at("/EWS/echo"),
    row("mail", "/mapi", Logon(PASSWORDS)).at("/mapi/emsmdb/"),
    row("mail", "/OAB", Logon(PASSWORDS)).at("/OAB/1/oab.xml"),
    row("mail", "/Microsoft-Server-ActiveSync", Logon(BASIC)),
    row("mail", "/Autodiscover/Autodiscover.xml", Logon(PASSWORDS)),
    row("mail", "/Autodiscover/Autodiscover.svc", Logon(PASSWORDS)),
    row("mail", "/EWS/mrsproxy.svc", Closed),
    row("mail", "/EWS/../WSSecurity", Closed).at("/EWS/Exchange.asmx/WSSecurity"),
    row("mail", "/Autodiscover/../WSSecurity", Closed)
        .at("/Autodiscover/Autodiscover.svc/WSSecurity"),
    row(
        "autodiscover",
        "/Autodiscover/Autodiscover.xml",
        Logon(PASSWORDS),
    ),
    row(
        "autodiscover",
        "/Autodiscover/Autodiscover.svc",
        Logon(PASSWORDS),
    ),
    row("autodiscover", "/Autodiscover/../WSSecurity", Closed)
        .at("/Autodiscover/Autodiscover.svc/WSSecurity"),
];

/// Names by which servers are told who somebody is, in spellings that some server reads as one, and
/// every credential for a proxy. What the gate writes itself is in none of them.
const ABOUT_A_CLIENT: [&str; 60] = [
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Connection",
    "Proxy-User",
    "Proxy-Client-IP",
    "PROXY-AUTHORIZATION-INFO",
    "Proxy_Authorization",
    "Persistent-Auth",
    "Authentication-Info",
    "WWW-Authenticate",
    "X_Wicketgate_Identity",
    "X-Wicketgate_Identity",
    "X-Wicketgate-User",
    "Remote-User",
    "Remote_User",
    "REMOTE-USER",
    "X-Remote-User",
    "X-Remote_User",
    "X-RemoteUser",
    "Logon-User",
    "LOGON_USER",
    "Auth-User",
    "AUTH_USER",
    "X-Auth-User",
    "X-Authenticated-User",
    "X-Forwarded-User",
    "X_Forwarded_For",
    "X-Forwarded-Client-Cert",
    "Forwarded",
    "Via",
    "From",
    "Client-IP",
    "True-Client-IP",
    "X-Real-IP",
    "X-Client-Cert",
    "SSL-Client-Cert",
    "X-SSL-Client-S-DN",
    "X-ARR-ClientCert",
    "X-ARR-SSL",
    "X-IIS-WindowsAuthToken",
    "MS-ASPNETCORE-WINAUTHTOKEN",
    "X-MS-Client-Principal",
    "X-MS-Client-Principal-Name",
    "X-MS-Proxy",
    "X-MS-Forwarded-Client-IP",
    "X-MS-ADFS-Proxy-Client-IP",
    "X-CommonAccessToken",
    "X-IsFromCafe",
    "X-MSExchange-Original-Client-IP",
    "msExchLogonAccount",
    "msExchLogonMailbox",
    "msExchEncoding",
    "X-User-Identity",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
    "X-Consumer-Username",
    "Shib-Identity-Provider",
    "X-AnonResource-Backend",
];

/// Headers of an answer by which a client is asked for credentials.
fn asks(answer: &Answer) -> Vec<String> {
    let is_asking = |name: &str| {
        name.starts_with("proxy-")
            || name.starts_with("authentication-")
            || ["www-authenticate", "persistent-auth"].contains(&name)
            || name == "optional-www-authenticate"
    };
    let asking = answer.headers.iter().filter(|(name, _)| is_asking(name));
    asking
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

/// A gate, and somebody who may pass everywhere.
struct Gate {
    demo: Demo,
    beside: Option<Serve>,
    connections: AtomicU16,
    tls: Arc<ClientConfig>,
    anna: Person,
    assertion: String,
    compact: String,
}

/// What became of a request at the servers behind.
#[derive(Debug, PartialEq, Eq)]
struct Arrived {
    schemes: Vec<String>,
    names: BTreeSet<String>,
    identity: Option<String>,
    refused: bool,
}

impl Gate {
    fn open() -> anyhow::Result<Self> {
        Self::opened(Demo::start()?, None)
    }

    /// A gate that lets other organisations' servers in, wherever they are.
    fn hybrid() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let beside = Serve::start(&demo, |config| {
            let hybrid = "hybrid = [\"127.0.0.0/8\"]\nautodiscover_hosts";
            config.replace("autodiscover_hosts", hybrid)
        })?;
        Self::opened(demo, Some(beside))
    }

    fn opened(demo: Demo, beside: Option<Serve>) -> anyhow::Result<Self> {
        let mut gate = Self {
            tls: tls(&demo, &[])?,
            anna: demo.person(0),
            demo,
            beside,
            connections: AtomicU16::new(0),
            assertion: String::new(),
            compact: String::new(),
        };
        let bought = |request: &str| {
            let host = gate.name("lyncweb");
            let request = Request::post(&host, SERVICE, request);
            let answer = gate
                .ntlm()
                .sign_in(&mut gate.connect("lyncweb")?, &request)?;
            assert_eq!(answer.status, 200, "{}", answer.text());
            anyhow::Ok(answer.text())
        };
        let request = request_for(&gate.demo, &gate.anna.sip);
        let assertion = bought(&request)?;
        let compact = bought(&asks_for_compact(&request))?;
        gate.assertion = assertion_in(&assertion).expect("an assertion").to_owned();
        gate.compact = compact_in(&compact).expect("a compact ticket").to_owned();
        Ok(gate)
    }

    fn name(&self, host: &str) -> String {
        format!("{host}.contoso.localhost")
    }

    fn ntlm(&self) -> Ntlm {
        Ntlm::modern(&self.anna, &self.anna.app_password, 5)
    }

    fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        let name = self.name(host);
        let [.., network, host] = self
            .connections
            .fetch_add(1, Ordering::Relaxed)
            .to_be_bytes();
        // Nobody is held back here for what another row guessed.
        let from = Ipv4Addr::new(127, 1 + network, host, 1);
        let gate = self.beside.as_ref().map(|beside| beside.address);
        let gate = gate.unwrap_or_else(|| self.demo.address());
        Raw::connect_to_from(gate, &self.tls, &name, from)
    }

    /// What is asked of a row, without any credential in its head.
    fn asking(&self, row: &Row) -> (String, &'static str, String) {
        let request = request_for(&self.demo, &self.anna.sip);
        let password = &self.anna.app_password;
        let (method, body) = match row.takes {
            Logon(_) if row.path == SERVICE => ("POST", request),
            Logon(_) if row.at.starts_with("/Microsoft-Server") => ("OPTIONS", String::new()),
            Logon(_) if row.path.ends_with(".xml") => ("POST", self.pox()),
            Logon(_) if row.path.ends_with("Autodiscover.svc") => {
                ("POST", user_settings(&self.anna))
            }
            Guests => ("POST", request),
            UsernameToken => (
                "POST",
                asks_with_token(&request, &self.anna.account, password),
            ),
            Grant => ("POST", password_form(&self.anna.account, password)),
            Message => ("POST", bears(&self.assertion, &certificate_of(&self.anna))),
            Nobody | Ticket | Bearer | Observed | Logon(_) | Closed => ("GET", String::new()),
        };
        (self.name(row.host), method, body)
    }

    fn pox(&self) -> String {
        let schema = "http://schemas.microsoft.com/exchange/autodiscover/outlook";
        format!(
            "<Autodiscover xmlns=\"{schema}/requestschema/2006\"><Request><EMailAddress>{}\
             </EMailAddress><AcceptableResponseSchema>{schema}/responseschema/2006a\
             </AcceptableResponseSchema></Request></Autodiscover>",
            self.anna.upn
        )
    }

    /// A connection on which a row's request passes, and the header line that it then needs.
    fn admitted(&self, row: &Row) -> anyhow::Result<(Raw, Option<String>)> {
        let mut raw = self.connect(row.host)?;
        let line = match row.takes {
            Ticket => Some(opaque(&self.assertion)),
            Bearer => Some(format!("Authorization: Bearer {}", self.compact)),
            Logon(BASIC) => Some(basic(&self.anna.upn, &self.anna.app_password)),
            Logon(_) => {
                self.sent(row, |request| self.ntlm().sign_in(&mut raw, &request))?;
                None
            }
            Nobody | Message | Observed | UsernameToken | Guests | Grant | Closed => None,
        };
        Ok((raw, line))
    }

    /// Hands a row's request to whoever sends it.
    fn sent(
        &self,
        row: &Row,
        send: impl FnOnce(Request<'_>) -> anyhow::Result<Answer>,
    ) -> anyhow::Result<Answer> {
        let (host, method, body) = self.asking(row);
        let content_type = match row.takes {
            Grant => "Content-Type: application/x-www-form-urlencoded",
            _ => "Content-Type: text/xml; charset=utf-8",
        };
        let request = Request {
            method,
            body: &body,
            ..Request::new(&host, row.at)
        };
        let has_type = !body.is_empty();
        send(if has_type {
            request.header(content_type)
        } else {
            request
        })
    }

    /// A row's request as it passes, with lines more; from a connection of its own.
    fn passing(&self, row: &Row, lines: &[String]) -> anyhow::Result<Answer> {
        let (mut raw, line) = self.admitted(row)?;
        let lines = line.iter().chain(lines);
        self.forget()?;
        self.sent(row, |request| {
            let request = lines.fold(request, |request, line| request.header(line));
            raw.exchange(request.text())
        })
    }

    /// A row's request with nothing but these lines.
    fn bare(&self, row: &Row, lines: &[String]) -> anyhow::Result<Answer> {
        let mut raw = self.connect(row.host)?;
        self.forget()?;
        self.sent(row, |request| {
            let request = lines
                .iter()
                .fold(request, |request, line| request.header(line));
            raw.exchange(request.text())
        })
    }

    fn forget(&self) -> anyhow::Result<()> {
        self.demo.tell_lab("clear")
    }

    fn arrived(&self) -> anyhow::Result<Vec<Arrived>> {
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let seen = self.demo.requests()?;
        let arrived = seen.iter().map(|seen| Arrived {
            schemes: texts(&seen["authorization_schemes"]),
            names: texts(&seen["headers"]).into_iter().collect(),
            identity: seen["identity"].as_str().map(str::to_owned),
            refused: !seen["refused"].is_null(),
        });
        Ok(arrived.collect())
    }

    /// What came of the one request that was let through.
    fn arrived_once(&self, said: &str) -> anyhow::Result<Arrived> {
        let mut arrived = self.arrived()?;
        assert_eq!(arrived.len(), 1, "{said}: {arrived:#?}");
        Ok(arrived.remove(0))
    }

    /// What a client may write about itself in `Authorization`, by scheme.
    fn credentials(&self) -> Vec<String> {
        let Person {
            upn,
            domain_password,
            ..
        } = &self.anna;
        let first = self.ntlm().first();
        let digest =
            "Digest username=\"anna\", realm=\"x\", nonce=\"1\", uri=\"/\", response=\"2\"";
        vec![
            first.replace("NTLM", "Negotiate"),
            first,
            "Authorization: Negotiate YIIB".to_owned(),
            "Authorization: NTLM not/a/message".to_owned(),
            basic(upn, domain_password),
            basic(upn, "a guess"),
            format!("authorization: {digest}"),
            format!(
                "Authorization: Bearer cwt={}",
                STANDARD.encode("nobody's ticket")
            ),
            "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
            "Authorization: Hawk id=\"anna\"".to_owned(),
            "Authorization: anna".to_owned(),
        ]
    }
}

fn user_settings(anna: &Person) -> String {
    let schema = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:a=\"{schema}\">\
         <soap:Header><a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion></soap:Header>\
         <soap:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>{}\
         </a:Mailbox></a:User></a:Users><a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting>\
         </a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></soap:Body>\
         </soap:Envelope>",
        anna.upn
    )
}

fn certificate_of(anna: &Person) -> String {
    format!(
        "<GetAndPublishCert xmlns=\"http://schemas.microsoft.com/OCS/AuthWebServices/\" \
         DeviceId=\"{{f1f8c1de-0a8f-5b5e-8d0f-2f7e6c1b9a33}}\" Entity=\"{}\"/>",
        anna.upn
    )
}

impl Row {
    /// Whose the request is that passes, if it is anybody's.
    fn is_somebodys(&self) -> bool {
        !matches!(self.takes, Nobody | Observed | Guests | Closed)
    }

    /// What the list of the servers behind says of credentials that may arrive.
    fn may_arrive(&self, line: Option<&String>) -> Vec<String> {
        let is_bearer = line.is_some_and(|line| line.contains("Bearer"));
        match self.takes {
            Bearer => vec!["Bearer".to_owned()],
            Observed if is_bearer => vec!["Bearer".to_owned()],
            _ => Vec::new(),
        }
    }

    /// Whether it looks at `Authorization` at all.
    fn reads_authorization(&self) -> bool {
        matches!(self.takes, Logon(_) | Bearer | Grant)
    }

    /// Whether the back end is told who the user is by the gate.
    fn is_told(&self) -> bool {
        matches!(self.takes, Logon(_) | UsernameToken | Grant)
    }
}

/// Every route of the presets, as the code has it.
fn published() -> BTreeSet<(String, String)> {
    let onward = Onward::None;
    let pool = lync::LyncPool {
        web_host: "lyncweb".to_owned(),
        public_port: 443,
        discover_hosts: vec!["lyncdiscover".to_owned()],
        internal_names: BTreeMap::new(),
        farm: "pool".to_owned(),
        host_header: None,
        onward: onward.clone(),
        guests: true,
    };
    let mail = exchange::Exchange {
        host: "mail".to_owned(),
        autodiscover_hosts: vec!["autodiscover".to_owned()],
        public_port: 443,
        farm: "exchange".to_owned(),
        internal_names: BTreeMap::new(),
        host_header: None,
        onward,
        hybrid: Vec::new(),
    };
    let hosts = lync::hosts(&pool).into_iter().chain(exchange::hosts(&mail));
    let routes = |(name, host): (String, Host)| {
        let routes = host.routes.into_iter();
        routes.map(move |route| (name.clone(), route.path.to_string()))
    };
    hosts.flat_map(routes).collect()
}

#[test]
fn s52_s53_the_table_has_every_route_of_the_presets_and_no_other() {
    let told: BTreeSet<(String, String)> = ROWS
        .iter()
        .map(|row| (row.host.to_owned(), row.path.to_owned()))
        .collect();
    assert_eq!(told.len(), ROWS.len(), "no row stands twice");
    assert_eq!(told, published());
}

#[test]
fn s52_s53_every_path_asks_for_what_its_row_says_and_passes_with_it_only() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    for row in &ROWS {
        let said = format!("{}{}", row.host, row.path);
        let answer = gate.passing(row, &[])?;
        if row.takes == Closed {
            assert_eq!(answer.status, 404, "{said}");
            assert_eq!(gate.arrived()?, [], "{said}");
            continue;
        }
        let known = [200, 404].contains(&answer.status);
        assert!(known, "{said}: {} {}", answer.status, answer.text());
        let arrived = gate.arrived_once(&said)?;
        let whose = row.is_somebodys().then(|| gate.anna.account.clone());
        if row.takes != Guests {
            assert_eq!(arrived.identity, whose, "{said}");
        }
        assert!(!arrived.refused, "{said}");

        let bare = match row.takes {
            // Their bodies say who asks.
            UsernameToken | Grant | Message | Nobody | Observed | Guests | Closed => continue,
            Ticket | Bearer | Logon(_) => gate.bare(row, &[])?,
        };
        assert_eq!((bare.status, gate.arrived()?), (401, Vec::new()), "{said}");
        let offers: Vec<&str> = bare.all("www-authenticate").collect();
        match row.takes {
            Logon(expected) => assert_eq!(offers, expected, "{said}"),
            Bearer => assert!(
                matches!(offers.as_slice(), [only] if only.starts_with("MsRtcOAuth href=")),
                "{said}: {offers:?}"
            ),
            _ => {
                assert_eq!(offers, [""; 0], "{said}");
                assert!(bare.header("x-ms-webticketurl").is_some(), "{said}");
            }
        }
    }
    Ok(())
}

#[test]
fn s58_nothing_that_a_client_writes_about_itself_arrives_on_any_row() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    gate.demo.tell_lab("provoke")?;
    checked_by_row(&gate, &ROWS)
}

/// The same where other organisations' servers are let in: what was closed is there for them.
#[test]
fn s58_nothing_that_other_organisations_servers_write_about_themselves_arrives()
-> anyhow::Result<()> {
    let gate = Gate::hybrid()?;
    gate.demo.tell_lab("provoke")?;
    let opened: Vec<Row> = ROWS
        .into_iter()
        .filter(|row| row.takes == Closed)
        .map(|row| Row {
            takes: Nobody,
            ..row
        })
        .collect();
    checked_by_row(&gate, &opened)
}

fn checked_by_row(gate: &Gate, rows: &[Row]) -> anyhow::Result<()> {
    let secret = STANDARD.encode(format!("anna:{}", gate.anna.domain_password));
    let about: Vec<String> = ABOUT_A_CLIENT
        .iter()
        .map(|name| format!("{name}: Basic {secret}"))
        .collect();
    for row in rows.iter().filter(|row| row.takes != Closed) {
        let said = format!("{}{}", row.host, row.path);
        gate.passing(row, &about)?;
        let arrived = gate.arrived_once(&said)?;
        assert_eq!(arrived.schemes, row.may_arrive(None), "{said}");
        assert!(!arrived.names.is_empty(), "{said}: the names are listed");
        for name in ABOUT_A_CLIENT {
            let is_there = arrived.names.contains(&name.to_ascii_lowercase());
            assert!(!is_there, "{said}: {name} arrived");
        }
        let folded = arrived.names.iter().find(|name| name.contains('_'));
        assert_eq!(folded, None, "{said}");
        // Whoever writes the gate's own header is believed by nobody, and the gate's word goes on.
        gate.passing(row, &["X-Wicketgate-Identity: ben".to_owned()])?;
        let arrived = gate.arrived_once(&said)?;
        assert!(
            !arrived.refused || row.path.contains("WSSecurity"),
            "{said}"
        );
        let is_told = arrived.names.contains("x-wicketgate-identity");
        assert_eq!(is_told, row.is_told(), "{said}");

        for line in gate.credentials() {
            let said = format!("{said} with {line}");
            let answer = gate.passing(row, std::slice::from_ref(&line))?;
            if row.reads_authorization() {
                assert!(
                    [400, 401].contains(&answer.status),
                    "{said}: {}",
                    answer.status
                );
                assert_eq!(gate.arrived()?, [], "{said}");
            } else {
                let arrived = gate.arrived_once(&said)?;
                assert_eq!(arrived.schemes, row.may_arrive(Some(&line)), "{said}");
                let has_any = arrived.names.contains("authorization");
                assert_eq!(has_any, !arrived.schemes.is_empty(), "{said}");
            }
        }
    }
    Ok(())
}

#[test]
fn s52_a_ticket_goes_on_only_where_the_gate_knows_it() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let unknown = format!("cwt={}", STANDARD.encode("nobody's ticket"));
    let strange = gate
        .assertion
        .replacen("SignatureValue>", "SignatureValue>A", 1);
    for row in ROWS {
        let said = format!("{}{}", row.host, row.path);
        let known = match row.takes {
            Ticket => vec![
                opaque(&gate.assertion),
                format!("X-MS-WebTicket: {}", gate.compact),
            ],
            Bearer => vec![format!("Authorization: Bearer {}", gate.compact)],
            _ => continue,
        };
        for line in known {
            gate.bare(&row, &[line])?;
            let arrived = gate.arrived_once(&said)?;
            assert_eq!(
                arrived.identity.as_ref(),
                Some(&gate.anna.account),
                "{said}"
            );
        }
        for line in [
            format!("X-MS-WebTicket: {unknown}"),
            format!("Authorization: Bearer {unknown}"),
            opaque(&strange),
        ] {
            let answer = gate.bare(&row, std::slice::from_ref(&line))?;
            assert_eq!(answer.status, 401, "{said} {line}");
            assert_eq!(gate.arrived()?, [], "{said} {line}");
        }
    }
    let message = ROWS.into_iter().filter(|row| row.takes == Message);
    for row in message {
        let said = format!("{}{}", row.host, row.path);
        let mut raw = gate.connect(row.host)?;
        for (assertion, passes) in [
            (&gate.assertion, true),
            (&strange, false),
            (&String::new(), false),
        ] {
            gate.forget()?;
            let body = bears(assertion, &certificate_of(&gate.anna));
            let host = gate.name(row.host);
            let answer = raw.exchange(Request::post(&host, row.at, &body).text())?;
            assert_eq!(answer.status == 200, passes, "{said}: {}", answer.text());
            assert_eq!(gate.arrived()?.len(), usize::from(passes), "{said}");
        }
    }
    Ok(())
}

#[test]
fn s30_no_back_end_s_challenge_reaches_a_client_on_any_row() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let open = || ROWS.iter().filter(|row| row.takes != Closed);
    let said = |row: &Row| format!("{}{}", row.host, row.path);
    // Beside an answer that is good.
    gate.demo.tell_lab("provoke")?;
    for row in open() {
        let answer = gate.passing(row, &[])?;
        gate.arrived_once(&said(row))?;
        assert!([200, 404].contains(&answer.status), "{}", said(row));
        assert_eq!(asks(&answer), [""; 0], "{}", said(row));
    }
    // With a 401 of the back end's own: whoever is told who the user is has no right to ask.
    for row in open() {
        let (mut raw, line) = gate.admitted_then_provoked(row)?;
        let answer = gate.sent(row, |request| {
            let request = line
                .iter()
                .fold(request, |request, line| request.header(line));
            raw.exchange(request.text())
        })?;
        gate.demo.tell_lab("provoke")?;
        gate.arrived_once(&said(row))?;
        let expected = if row.is_told() { 503 } else { 401 };
        assert_eq!(answer.status, expected, "{}", said(row));
        assert_eq!(asks(&answer), [""; 0], "{}", said(row));
    }
    Ok(())
}

impl Gate {
    /// A connection on which a row's request passes, and servers that answer 401 from here on.
    fn admitted_then_provoked(&self, row: &Row) -> anyhow::Result<(Raw, Option<String>)> {
        let admitted = self.admitted(row)?;
        self.forget()?;
        self.demo.tell_lab("provoke?status=401")?;
        Ok(admitted)
    }
}
