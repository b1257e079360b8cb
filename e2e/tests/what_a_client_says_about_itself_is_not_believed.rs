//! Headers, cookies and routes as an attacker would have them: T-HTTP-6, 7, 10 and 11.

use e2e::demo::{Demo, Person};
use e2e::raw::{Answer, Raw, tls};
use e2e::sign_in::{Ntlm, Request};
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const DISCOVER: &str = "lyncdiscover.contoso.localhost";

/// A connection that is Anna's.
fn annas(demo: &Demo, anna: &Person) -> anyhow::Result<Raw> {
    let mut raw = Raw::connect(demo, &tls(demo, &[])?, MAIL)?;
    let signed_in = Ntlm::modern(anna, &anna.app_password, 3)
        .sign_in(&mut raw, &Request::new(MAIL, "/EWS/echo"))?;
    assert_eq!(signed_in.status, 200);
    Ok(raw)
}

/// The headers that the back end saw, by lower-case name.
fn seen(answer: &Answer) -> Vec<(String, String)> {
    let echo: Value = serde_json::from_slice(&answer.body).expect("an echo");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = echo["headers"].as_array().expect("headers");
    headers
        .iter()
        .map(|pair| (text(&pair[0]).to_ascii_lowercase(), text(&pair[1])))
        .collect()
}

fn values<'h>(headers: &'h [(String, String)], name: &str) -> Vec<&'h str> {
    let named = headers.iter().filter(|(known, _)| known == name);
    named.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn t_http_6_identity_headers_of_a_client_never_pass_in_any_spelling() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let mut raw = annas(&demo, &anna)?;
    let names = [
        "X-Wicketgate-Identity",
        "x-wicketgate-identity",
        "X_Wicketgate_Identity",
        "X-Wicketgate_Identity",
        "X-Forwarded-For",
        "X_Forwarded_For",
        "X-Forwarded-User",
        "Forwarded",
        "X-Remote-User",
        "Remote_User",
        "X-MS-Proxy",
        "X-MS-Forwarded-Client-IP",
        "X-Real-IP",
        "True-Client-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Proxy-Authorization",
        "Front-End-Https",
    ];
    for name in names {
        for lines in [
            format!("{name}: ben"),
            format!("{name}: ben\r\n{name}: CONTOSO\\ben"),
        ] {
            let request = Request::new(MAIL, "/EWS/echo").header(&lines);
            let answer = raw.exchange(request.text())?;
            assert_eq!(answer.status, 200, "{name}");
            let headers = seen(&answer);
            assert!(
                headers.iter().all(|(_, value)| !value.contains("ben")),
                "{name}: {headers:?}"
            );
            let underscored = headers.iter().any(|(name, _)| name.contains('_'));
            assert!(!underscored, "{name}: {headers:?}");
            assert_eq!(values(&headers, "x-forwarded-for"), ["127.0.0.1"]);
            assert_eq!(values(&headers, "x-wicketgate-identity").len(), 1);
        }
    }
    Ok(())
}

#[test]
fn t_http_6_a_trailer_names_nobody() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let mut raw = annas(&demo, &anna)?;
    let text = format!(
        "POST /EWS/echo HTTP/1.1\r\nHost: {MAIL}\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-Wicketgate-Identity\r\n\r\n3\r\nabc\r\n0\r\nX-Wicketgate-Identity: ben\r\n\r\n"
    );
    let answer = raw.exchange(text)?;
    let headers = seen(&answer);
    assert_eq!(answer.header("x-lab-identity"), Some(anna.account.as_str()));
    assert!(values(&headers, "trailer").is_empty(), "{headers:?}");
    assert_eq!(
        raw.exchange(Request::new(MAIL, "/EWS/echo").text())?.status,
        200
    );
    Ok(())
}

#[test]
fn t_http_7_a_connection_header_takes_none_of_ours_away() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let mut raw = annas(&demo, &anna)?;
    let line = "Connection: X-Wicketgate-Identity, X-Forwarded-For, X-Wicketgate-Activity, X-Mine";
    let request = Request::new(MAIL, "/EWS/echo")
        .header(line)
        .header("X-Mine: 1");
    let answer = raw.exchange(request.text())?;
    assert_eq!(answer.header("x-lab-identity"), Some(anna.account.as_str()));
    let headers = seen(&answer);
    assert_eq!(values(&headers, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(values(&headers, "x-wicketgate-activity").len(), 1);
    assert!(values(&headers, "x-mine").is_empty());
    Ok(())
}

#[test]
fn t_http_10_no_cookie_header_or_url_chooses_the_back_end() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let mut raw = annas(&demo, &anna)?;
    let request = Request::new(MAIL, "/EWS/echo?backend=127.0.0.1:1&X-BEResource=localhost")
        .header("Cookie: a=1; X-BEResource=localhost~1942062522; X-AnonResource=true; b=2")
        .header("Cookie: X-AnonResource-Backend=localhost/ecp/default.flt?~3")
        .header("X-BEResource: localhost~1")
        .header("X-Forwarded-Host: evil.example")
        .header("X-Host: evil.example");
    let answer = raw.exchange(request.text())?;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-lab-identity"), Some(anna.account.as_str()));
    let headers = seen(&answer);
    let all = format!("{headers:?}").to_ascii_lowercase();
    assert!(
        !all.contains("evil.example") && !all.contains("localhost~1"),
        "{all}"
    );
    let requests = demo.requests()?;
    assert!(
        requests.iter().all(|seen| seen["server"] == "exchange"),
        "{requests:?}"
    );
    let absolute = "GET http://evil.example/EWS/echo HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(raw.exchange(absolute)?.status, 421);
    assert_eq!(demo.requests()?.len(), requests.len());
    Ok(())
}

#[test]
fn t_http_11_an_anonymous_route_carries_nobody() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    // TLS names one host; the same connection may ask for no other.
    let mut raw = annas(&demo, &anna)?;
    assert_eq!(
        raw.exchange(Request::new(DISCOVER, "/").text())?.status,
        421
    );
    // Whoever sends a proof to an anonymous route is nobody there all the same.
    let mut raw = Raw::connect(&demo, &tls(&demo, &[])?, DISCOVER)?;
    let ntlm = Ntlm::modern(&anna, &anna.app_password, 3);
    let request = Request::new(DISCOVER, "/")
        .header(&ntlm.first())
        .header("Cookie: SecurityToken=1; X-AnonResource=true");
    let answer = raw.exchange(request.text())?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let last = demo.requests()?.into_iter().next_back().expect("a request");
    assert_eq!(
        (&last["identity"], &last["how"]),
        (&Value::Null, &Value::Null),
        "{last}"
    );
    assert_eq!(
        last["authorization_schemes"],
        Value::Array(Vec::new()),
        "{last}"
    );
    Ok(())
}

#[test]
fn t_http_11_a_route_without_auth_is_a_configuration_error() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let route = "\n[[route]]\nhost = \"app.contoso.localhost\"\npath = \"/\"\nservice = \"app\"\n\
                 farm = \"exchange\"\n";
    let file = demo.folder().join("without-auth.toml");
    std::fs::write(&file, format!("{config}{route}"))?;
    let name = file.display().to_string();
    let checked = demo.wicketgate(&["--config", &name, "check"])?;
    let said = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(2), "{said}");
    let line = config.lines().count() + 2;
    assert!(
        said.contains(&format!("without-auth.toml:{line}:")),
        "{said}"
    );
    assert!(said.contains("auth"), "{said}");
    Ok(())
}
