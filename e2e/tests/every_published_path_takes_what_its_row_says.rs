//! Every row of the table of published paths (design 14): what a client writes about itself does not
//! arrive, what a back end asks for does not come out, and the table has every route of the presets.
//!
//! Start at [`ROWS`] in `published`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::messages::{bears, certificate_of, opaque};
use e2e::published::Takes::{
    Bearer, Closed, Grant, Guests, Logon, Message, Nobody, Observed, Preflight, Ticket,
    UsernameToken,
};
use e2e::published::{BY_CERTIFICATE, Gate, PREFLIGHT, ROWS, Row};
use e2e::raw::{Answer, Raw};
use e2e::sign_in::Request;
use gateway::preset::{exchange, lync};
use gateway::route::{Host, Onward};

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

/// What comes out of all that the lab asks for: tickets and tokens, each told apart from what stood beside it on its line.
const OF_TOKENS: [&str; 3] = [
    "www-authenticate: Bearer realm=\"lab\"",
    "www-authenticate: Bearer",
    "www-authenticate: MsRtcOAuth grant_type=\"password\"",
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

/// Every route of the presets, as the code has it; those by certificate only where they are open.
fn published(certificate_sign_in: bool) -> BTreeSet<(String, String)> {
    let onward = Onward::None;
    let pool = lync::LyncPool {
        web_host: "lyncweb".to_owned(),
        public_port: 443,
        discover_hosts: vec!["lyncdiscover".to_owned()],
        internal_names: BTreeMap::new(),
        farm: "pool".to_owned(),
        onward: onward.clone(),
        guests: true,
        certificate_sign_in,
        passive: false,
        passive_adfs: None,
    };
    let mail = exchange::Exchange {
        host: "mail".to_owned(),
        autodiscover_hosts: vec!["autodiscover".to_owned()],
        public_port: 443,
        farm: "exchange".to_owned(),
        internal_names: BTreeMap::new(),
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
    assert_eq!(told, published(false));
    let opened = published(true);
    let (host, path) = BY_CERTIFICATE;
    let more: Vec<_> = opened.difference(&told).collect();
    assert_eq!(more, [&(host.to_owned(), path.to_owned())]);
}

#[test]
fn s52_s53_every_path_asks_for_what_its_row_says_and_passes_with_it_only() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    for row in ROWS.iter().chain([&PREFLIGHT]) {
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
            UsernameToken | Grant | Message | Nobody | Preflight | Observed | Guests | Closed => {
                continue;
            }
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
    checked_by_row(&gate, &ROWS)?;
    checked_by_row(&gate, &[PREFLIGHT])
}

/// The same where other organisations' servers are let in: what was closed is there for them.
#[test]
fn s58_nothing_that_other_organisations_servers_write_about_themselves_arrives()
-> anyhow::Result<()> {
    let gate = Gate::hybrid()?;
    gate.demo.tell_lab("provoke")?;
    let opened: Vec<Row> = ROWS
        .into_iter()
        .filter(|row| row.takes == Closed && !row.host.starts_with("lync"))
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
fn s30_no_back_end_s_challenge_for_a_password_reaches_a_client_on_any_row() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let open = || {
        let rows = ROWS.iter().chain([&PREFLIGHT]);
        rows.filter(|row| row.takes != Closed)
    };
    let said = |row: &Row| format!("{}{}", row.host, row.path);
    // Beside an answer that is good.
    gate.demo.tell_lab("provoke")?;
    for row in open() {
        let answer = gate.passing(row, &[])?;
        gate.arrived_once(&said(row))?;
        assert!([200, 404].contains(&answer.status), "{}", said(row));
        assert_eq!(asks(&answer), OF_TOKENS, "{}", said(row));
    }
    // With a 401 of the back end's own: whoever is told who the user is has no right to ask.
    for row in open() {
        let (mut raw, line) = admitted_then_provoked(&gate, row)?;
        let answer = gate.sent(row, |request| {
            let request = line
                .iter()
                .fold(request, |request, line| request.header(line));
            raw.exchange(request.text())
        })?;
        gate.demo.tell_lab("provoke")?;
        gate.arrived_once(&said(row))?;
        let (expected, asking) = match row.is_told() {
            true => (503, &[][..]),
            false => (401, &OF_TOKENS[..]),
        };
        assert_eq!(answer.status, expected, "{}", said(row));
        assert_eq!(asks(&answer), asking, "{}", said(row));
    }
    Ok(())
}

/// A connection on which a row's request passes, and servers that answer 401 from here on.
fn admitted_then_provoked(gate: &Gate, row: &Row) -> anyhow::Result<(Raw, Option<String>)> {
    let admitted = gate.admitted(row)?;
    gate.forget()?;
    gate.demo.tell_lab("provoke?status=401")?;
    Ok(admitted)
}
