//! Hosts, paths and headers by allow-list: what is named goes to its farm, and nothing else is there
//! (S46, S52, S53, S58, S59). The list of requests that the servers behind have seen is the judge.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::{Curl, request_for};
use e2e::demo::{Demo, Person};
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const AUTODISCOVER: &str = "autodiscover.contoso.localhost";
const WEB: &str = "lyncweb.contoso.localhost";
const DISCOVER: &str = "lyncdiscover.contoso.localhost";
const TICKET: &str = "/WebTicket/WebTicketService.svc";

/// Which server saw what, in order.
fn seen(demo: &Demo) -> anyhow::Result<Vec<(String, String)>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let requests = demo.requests()?;
    Ok(requests
        .iter()
        .map(|seen| (text(&seen["server"]), text(&seen["path"])))
        .collect())
}

/// What one server saw.
fn of(server: &str, paths: &[&str]) -> Vec<(String, String)> {
    let each = paths.iter();
    each.map(|path| (server.to_owned(), (*path).to_owned()))
        .collect()
}

/// Asks for a path of a host on a connection to that host.
fn ask(demo: &Demo, request: &Request<'_>) -> anyhow::Result<Answer> {
    Raw::connect(demo, &tls(demo, &[])?, request.host)?.exchange(request.text())
}

/// A header line with a ticket that the gate relayed.
fn ticket(demo: &Demo, anna: &Person) -> anyhow::Result<String> {
    let mut raw = Raw::connect(demo, &tls(demo, &[])?, WEB)?;
    let body = request_for(demo, &anna.sip);
    let request = Request::post(WEB, TICKET, &body);
    let answer = Ntlm::modern(anna, &anna.app_password, 5).sign_in(&mut raw, &request)?;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let start = text.find("<saml:Assertion").expect("an assertion");
    let end = text.find("</saml:Assertion>").expect("its end") + "</saml:Assertion>".len();
    let assertion = text.get(start..end).expect("an assertion");
    Ok(format!(
        "X-MS-WebTicket: opaque={}",
        STANDARD.encode(assertion)
    ))
}

#[test]
fn s46_s59_a_host_is_served_by_its_name_in_tls_and_in_the_request_and_no_other_is_there()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let password = basic(&anna.upn, &anna.app_password);
    for named in [MAIL, "MAIL.contoso.localhost"] {
        let mut raw = Raw::connect(&demo, &tls(&demo, &[])?, MAIL)?;
        let request = Request::new(named, "/EWS/echo").header(&password);
        assert_eq!(raw.exchange(request.text())?.status, 200, "{named}");
    }
    let others = [
        "other.contoso.localhost",
        "contoso.localhost",
        "exch01.contoso.local",
        "127.0.0.1",
        "mail.contoso.localhost.",
        // Published, and not what TLS asked for.
        AUTODISCOVER,
        DISCOVER,
    ];
    for named in others {
        let mut raw = Raw::connect(&demo, &tls(&demo, &[])?, MAIL)?;
        let request = Request::new(named, "/EWS/echo").header(&password);
        assert_eq!(raw.exchange(request.text())?.status, 421, "{named}");
        assert!(raw.is_closed()?, "{named}: it stays open");
    }
    // A name that is not published gets no certificate, however little the client cares whose.
    let port = demo.address().port();
    let to = format!("::127.0.0.1:{port}");
    let curl = || Curl::new(&demo).arguments(&["--insecure", "--connect-to", &to]);
    let refused = curl().get("https://other.contoso.localhost/EWS/echo");
    let said = refused.expect_err("a handshake").to_string();
    assert!(said.contains("alert"), "{said}");
    // Where TLS names none, the request does.
    let host = format!("Host: {MAIL}");
    let bare = |arguments: &[&str]| {
        let got = curl()
            .arguments(arguments)
            .get("https://127.0.0.1/EWS/echo");
        got.map(|got| got.status)
    };
    assert_eq!(bare(&["-H", &host])?, 401);
    assert_eq!(bare(&[])?, 421);
    assert_eq!(seen(&demo)?, of("exchange", &["/EWS/echo"; 2]));
    Ok(())
}

#[test]
fn s52_every_part_of_lync_is_reached_by_allow_list_and_nothing_beside() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let ticket = ticket(&demo, &anna)?;
    let anonymous = [
        (DISCOVER, "/"),
        (WEB, "/Autodiscover/AutodiscoverService.svc/root"),
        (WEB, "/WebTicket/WebTicketService.svc/mex"),
        (WEB, "/meet/anna/ABCDEFGH"),
        (WEB, "/dialin/conference.aspx"),
    ];
    let ticketed = [
        (WEB, "/Autodiscover/AutodiscoverService.svc/root/user"),
        (WEB, "/Scheduler/index.aspx"),
        (WEB, "/abs/handler/D-1234.lsabs"),
    ];
    for (host, path) in anonymous {
        let request = Request::new(host, path).header("Accept: application/json");
        let got = ask(&demo, &request)?;
        assert_eq!(got.status, 200, "{host}{path}: {}", got.text());
    }
    for (host, path) in ticketed {
        let request = Request::new(host, path).header("Accept: application/json");
        assert_eq!(ask(&demo, &request.header(&ticket))?.status, 200, "{path}");
    }
    let reached = [TICKET].into_iter();
    let reached = reached.chain(anonymous.into_iter().chain(ticketed).map(|(_, path)| path));
    let expected = of("front-end", &reached.collect::<Vec<_>>());
    // One hop of the sign-in was the gate's own.
    assert_eq!(seen(&demo)?, expected);
    for (host, path) in [
        (DISCOVER, "/meet/anna/ABCDEFGH"),
        (DISCOVER, TICKET),
        (WEB, "/"),
        (WEB, "/meeting"),
        (WEB, "/absent"),
        (WEB, "/WebTicket"),
        (WEB, "/WebTicket/WebTicketService.svc/cert"),
        (WEB, "/cscp"),
        (WEB, "/OcsPowershell"),
        (WEB, "/RgsClients/Tab.aspx"),
    ] {
        for request in [
            Request::new(host, path).header(&ticket),
            Request::post(host, path, "<a/>").header(&ticket),
        ] {
            assert_eq!(ask(&demo, &request)?.status, 404, "{host}{path}");
        }
    }
    assert_eq!(seen(&demo)?, expected, "what is not listed went nowhere");
    Ok(())
}

#[test]
fn s53_autodiscover_and_ews_go_to_exchange_by_host_and_path() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let password = basic(&anna.upn, &anna.app_password);
    let pox = "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\">\
               <Request><EMailAddress>anna@contoso.localhost</EMailAddress><AcceptableResponseSchema>\
               http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
               </AcceptableResponseSchema></Request></Autodiscover>";
    let asked = |host, path| match path {
        "/EWS/echo" => Request::new(host, path).header(&password),
        _ => Request::post(host, path, pox).header(&password),
    };
    let autodiscover = "/autodiscover/autodiscover.xml";
    let here = [(AUTODISCOVER, autodiscover), (MAIL, "/EWS/echo")];
    for (host, path) in here {
        let got = ask(&demo, &asked(host, path))?;
        assert_eq!(got.status, 200, "{host}{path}: {}", got.text());
    }
    let expected = of("exchange", &here.map(|(_, path)| path));
    assert_eq!(seen(&demo)?, expected);
    for (host, path) in [
        (WEB, "/EWS/echo"),
        (WEB, autodiscover),
        (DISCOVER, "/EWS/echo"),
        (DISCOVER, autodiscover),
        (AUTODISCOVER, "/EWS/echo"),
        (MAIL, TICKET),
        (MAIL, "/owa"),
        (MAIL, "/PowerShell"),
    ] {
        assert_eq!(ask(&demo, &asked(host, path))?.status, 404, "{host}{path}");
    }
    assert_eq!(
        seen(&demo)?,
        expected,
        "the same path elsewhere is not there"
    );
    Ok(())
}

#[test]
fn s58_only_listed_headers_are_set_or_pass_and_a_client_sets_none_of_them() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let route = "[[route]]\nhost = \"lyncweb.contoso.localhost\"\npath = \"/lab/echo\"\n\
                 auth = [\"basic\"]\nservice = \"lync\"\nfarm = \"lync-front-end\"\n\
                 pass_headers = [\"X-CSRF-Token\"]\n\
                 set_headers = { \"X-Tenant\" = \"contoso\" }\n";
    let serve = Serve::start(&demo, |config| format!("{config}\n{route}"))?;
    let mut raw = Raw::connect_to(serve.address, &tls(&demo, &[])?, WEB)?;
    let mut request = Request::new(WEB, "/lab/echo").header(&basic(&anna.upn, &anna.app_password));
    for line in [
        "X-Tenant: evil",
        "x-tenant: evil",
        "X_Tenant: evil",
        "X-Environment: evil",
        "X-Request-Source: evil",
        "X-Evil: evil",
        "X-CSRF-Token: token",
    ] {
        request = request.header(line);
    }
    let got = raw.exchange(request.text())?;
    assert_eq!(got.status, 200, "{}", got.text());
    let echo: Value = serde_json::from_slice(&got.body)?;
    let headers = echo["headers"].as_array().expect("headers");
    let of = |name: &str| -> Vec<&str> {
        let is_it = |pair: &&Value| {
            pair[0]
                .as_str()
                .is_some_and(|it| it.eq_ignore_ascii_case(name))
        };
        let named = headers.iter().filter(is_it);
        named.filter_map(|pair| pair[1].as_str()).collect()
    };
    assert_eq!(of("X-Tenant"), ["contoso"]);
    assert_eq!(of("X-CSRF-Token"), ["token"]);
    assert!(!got.text().contains("evil"), "{}", got.text());

    let file = demo.folder().join("altered.toml");
    let config = std::fs::read_to_string(demo.text("/config"))?;
    for name in [
        "X-Forwarded-For",
        "Host",
        "Authorization",
        "X-Wicketgate-Identity",
        "X-Evil",
    ] {
        let other = route.replace("\"X-Tenant\"", &format!("\"{name}\""));
        std::fs::write(&file, format!("{config}\n{other}"))?;
        let checked = demo.wicketgate(&["--config", &file.display().to_string(), "check"])?;
        let said = String::from_utf8(checked.stderr)?;
        assert_eq!(checked.status.code(), Some(2), "{name}: {said}");
        assert!(said.to_lowercase().contains(&name.to_lowercase()), "{said}");
    }
    Ok(())
}
