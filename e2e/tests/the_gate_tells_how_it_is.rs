//! `[metrics]`: what went on, for Prometheus, and whether the gate can work, for a load balancer; no
//! label has a word that a client sent.

use e2e::browser::Browser;
use e2e::demo::{Demo, plain_request};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::until::until;

const HOST: &str = "mail.contoso.localhost";

#[test]
fn sign_ins_junk_and_connections_are_counted_and_no_name_is_a_label() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let serve = Serve::start(&demo, |config| {
        format!("{config}\n[metrics]\naddress = \"127.0.0.1:0\"\n")
    })?;
    let line = serve.line("metrics and health are told")?;
    let (_, address) = line.split_once("address=\"").expect("an address");
    let told = |path: &str| {
        let url = format!("http://{}{path}", address.trim_end_matches('"'));
        plain_request(&url, "GET")
    };
    assert_eq!(told("/healthz")?, "alive\n");
    assert_eq!(told("/readyz")?, "ready\n");
    assert!(told("/secret-path")?.contains("/metrics"));

    let anna = demo.person(0);
    let mut raw = Raw::connect_to(serve.address, &tls, HOST)?;
    let echo = Request::new(HOST, "/EWS/echo");
    let signing = Ntlm::modern(&anna, &anna.app_password, 7);
    assert_eq!(signing.sign_in(&mut raw, &echo)?.status, 200);
    let wrong = echo.header(&basic(&anna.upn, "wrong")).text();
    let mut other = Raw::connect_to(serve.address, &tls, HOST)?;
    assert_eq!(other.exchange(wrong)?.status, 401);
    let unlisted = Request::new(HOST, "/secret-path").text();
    assert_eq!(other.exchange(unlisted)?.status, 404);

    let text = told("/metrics")?;
    for line in [
        r#"wicketgate_sign_ins_total{channel="ntlm",outcome="accepted"} 1"#,
        r#"wicketgate_sign_ins_total{channel="basic",outcome="refused"} 1"#,
        r#"wicketgate_junk_total{kind="path"} 1"#,
        r#"wicketgate_connections{kind="tls"} 2"#,
        r#"wicketgate_own_answers_total{status="404"} 1"#,
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
    let ends = text
        .lines()
        .filter(|line| line.starts_with("wicketgate_certificate_not_after_seconds{"));
    assert_eq!(ends.count(), 2, "{text}");
    let visitor = Browser::in_turn(&demo, vec![serve.address])?;
    visitor.signs_in(&anna.upn, &anna.app_password, "000000")?;
    let text = told("/metrics")?;
    let refused = r#"wicketgate_sign_ins_total{channel="page",outcome="refused"} 1"#;
    assert!(text.lines().any(|line| line == refused), "{text}");
    for word in ["anna", "secret-path"] {
        assert!(!text.to_lowercase().contains(word), "{word} in {text}");
    }
    Ok(())
}

#[test]
fn a_request_whose_client_leaves_is_in_the_log_with_whose_it_was() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let serve = Serve::start(&demo, |config| config)?;
    let (tls, anna) = (tls(&demo, &[])?, demo.person(0));
    let before = demo.requests()?.len();
    let mut raw = Raw::connect_to(serve.address, &tls, HOST)?;
    let stalled = Request::new(HOST, "/EWS/echo?stall=1");
    let stalled = stalled.header(&basic(&anna.upn, &anna.app_password));
    raw.send(stalled.text())?;
    until("the request is with the server behind", || {
        Ok(demo.requests()?.len() != before)
    })?;
    raw.reset()?;
    let line = serve.line("status=499")?;
    for told in ["path=\"/EWS/echo\"", "route=\"", "activity=\""] {
        assert!(line.contains(told), "{line}");
    }
    assert!(!line.contains("who=\"\""), "{line}");
    Ok(())
}
