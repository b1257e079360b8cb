//! Bodies: large ones within a handshake, ones that a client asks leave for, and ones that never come
//! (T-CONN-7, T-DOS-1).

use e2e::demo::Demo;
use e2e::raw::{Raw, tls};
use e2e::sign_in::{Ntlm, Request};

const MAIL: &str = "mail.contoso.localhost";
const DISCOVER: &str = "lyncdiscover.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const EXPECT: &str = "Expect: 100-continue";

/// SIPE and .NET send the whole body with every message.
#[test]
fn a_handshake_ends_although_the_whole_body_comes_with_every_message() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let tls = tls(&demo, &[])?;
    let body = "x".repeat(1_000_000);
    for line in ["X-A: b", EXPECT] {
        let mut raw = Raw::connect(&demo, &tls, MAIL)?;
        let ntlm = Ntlm::modern(&anna, &anna.app_password, 7);
        let request = Request::post(MAIL, ECHO, &body).header(line);
        let challenged = raw.exchange(request.clone().header(&ntlm.first()).text())?;
        assert_eq!(challenged.status, 401);
        assert_eq!(challenged.header("connection"), None, "{line}");
        let answer = raw.exchange(request.header(&ntlm.last(&challenged)?).text())?;
        assert_eq!(answer.status, 200, "{line}");
    }
    let endless = "x".repeat(5_000_000);
    let mut raw = Raw::connect(&demo, &tls, MAIL)?;
    let ntlm = Ntlm::modern(&anna, &anna.app_password, 7);
    let head = Request::post(MAIL, ECHO, &endless).header(&ntlm.first());
    let text = head.text();
    raw.send(text.get(..2_000).unwrap_or_default())?;
    let refused = raw.answer()?.expect("an answer");
    assert_eq!(refused.header("connection"), Some("close"), "not for ever");
    Ok(())
}

#[test]
fn nobody_is_asked_for_a_body_that_is_not_wanted() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let head = |method: &str, length: usize| {
        format!(
            "{method} {ECHO} HTTP/1.1\r\nHost: {MAIL}\r\n{EXPECT}\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut raw = Raw::connect(&demo, &tls, MAIL)?;
    let answer = raw.exchange(head("POST", 1_000))?;
    assert_eq!((answer.status, answer.continued), (401, false));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(raw.is_closed()?);
    let mut raw = Raw::connect(&demo, &tls, MAIL)?;
    let answer = raw.exchange(head("POST", 0))?;
    assert_eq!((answer.status, answer.continued), (401, false));
    assert_eq!(
        answer.header("connection"),
        None,
        "there is no body to come"
    );
    Ok(())
}

#[test]
fn t_dos_1_a_document_for_everybody_waits_for_no_body() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    for line in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut raw = Raw::connect(&demo, &tls, DISCOVER)?;
        let answer = raw.exchange(Request::new(DISCOVER, "/").header(line).text())?;
        assert_eq!(answer.status, 400, "{line}");
        assert!(raw.is_closed()?, "{line}");
    }
    assert!(demo.requests()?.is_empty());
    Ok(())
}

/// The gate ends it after its grace, long before a pause would.
#[test]
fn t_dos_1_an_upload_that_trickles_ends() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let mut raw = Raw::connect(&demo, &tls(&demo, &[])?, MAIL)?;
    raw.tcp()
        .set_read_timeout(Some(std::time::Duration::from_secs(30)))?;
    let signed_in =
        Ntlm::modern(&anna, &anna.app_password, 7).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    assert_eq!(signed_in.status, 200);
    raw.send(format!(
        "POST {ECHO} HTTP/1.1\r\nHost: {MAIL}\r\nContent-Length: 1000\r\n\r\nx"
    ))?;
    let answer = raw.answer()?.expect("an answer");
    assert_eq!(answer.status, 408);
    assert!(raw.is_closed()?);
    Ok(())
}
