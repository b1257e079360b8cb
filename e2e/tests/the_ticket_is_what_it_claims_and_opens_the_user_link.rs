//! The web ticket after it was issued: its signature holds for xmlsec1, the gate knows it again, and
//! it ends with the app password that it was got with.

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::Curl;
use e2e::demo::Demo;
use e2e::skip::skip;

/// Anna's ticket: the assertion as it came.
fn ticket(demo: &Demo) -> anyhow::Result<String> {
    let anna = demo.person(0);
    let curl = Curl::new(demo).ntlm(&anna.account, &anna.app_password);
    let got = curl
        .web_ticket_request(&anna.sip)
        .get(&demo.url("web_ticket"))?;
    assert_eq!(got.status, 200, "{}", got.heads);
    let start = got.body.find("<saml:Assertion").expect("an assertion");
    let end = got.body.find("</saml:Assertion>").expect("its end") + "</saml:Assertion>".len();
    Ok(got.body.get(start..end).expect("an assertion").to_owned())
}

fn user_link(demo: &Demo, ticket: &str) -> anyhow::Result<(u16, String)> {
    let file = demo.folder().join("ticket-header");
    std::fs::write(
        &file,
        format!("X-MS-WebTicket: opaque={}", STANDARD.encode(ticket)),
    )?;
    let header = format!("@{}", file.display());
    let curl = Curl::new(demo).arguments(&["-H", &header]);
    let got = curl.get(&demo.url("user"))?;
    Ok((got.status, got.heads.to_ascii_lowercase()))
}

/// Whether a ticket that was good is refused within two seconds (design 13).
#[expect(
    clippy::disallowed_methods,
    reason = "the time in which a revocation arrives is what is looked at"
)]
fn is_out_in_time(demo: &Demo, ticket: &str) -> anyhow::Result<bool> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        // A connection that the revocation finds open is cut, and then nothing is answered on it.
        if user_link(demo, ticket).is_ok_and(|(status, _)| status == 401) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn xmlsec1_verifies_the_signature_of_the_ticket() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    if Command::new("xmlsec1").arg("--version").output().is_err() {
        return skip("xmlsec1", "it is not installed");
    }
    let assertion = demo.folder().join("ticket.xml");
    let key = demo.folder().join("ticket-key.pem");
    std::fs::write(&key, demo.ticket_key()?)?;
    let verify = |text: &str| -> anyhow::Result<bool> {
        std::fs::write(&assertion, text)?;
        let verified = Command::new("xmlsec1")
            .args(["--verify", "--pubkey-pem"])
            .arg(&key)
            .args([
                "--id-attr:AssertionID",
                "urn:oasis:names:tc:SAML:1.0:assertion:Assertion",
            ])
            .arg(&assertion)
            .output()?;
        Ok(verified.status.success())
    };
    let ticket = ticket(&demo)?;
    assert!(verify(&ticket)?);
    let forged = ticket.replace("anna", "ben");
    assert!(
        forged != ticket && !verify(&forged)?,
        "another's name under the same signature"
    );
    Ok(())
}

#[test]
fn the_ticket_opens_the_user_link_until_its_app_password_is_revoked() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let ticket = ticket(&demo)?;
    assert_eq!(user_link(&demo, &ticket)?.0, 200);

    let (before, signature) = ticket.split_once("SignatureValue>").expect("a signature");
    let forged = format!(
        "{before}SignatureValue>AAAA{}",
        signature.get(4..).unwrap_or_default()
    );
    let (status, heads) = user_link(&demo, &forged)?;
    assert_eq!(status, 401, "a ticket that nobody relayed");
    assert!(
        heads.contains("x-ms-webticketurl") && !heads.contains("www-authenticate"),
        "{heads}"
    );

    let passwords = demo.wicketgate_json(&["app-password", "list", &anna.upn])?;
    let id = passwords[0]["id"].as_str().expect("an id");
    demo.wicketgate_json(&["app-password", "revoke", id])?;
    assert!(
        is_out_in_time(&demo, &ticket)?,
        "its app password is revoked"
    );
    let before = demo.requests()?.len();
    assert_eq!(user_link(&demo, &ticket)?.0, 401);
    assert_eq!(
        demo.requests()?.len(),
        before,
        "the front end would have taken it"
    );
    Ok(())
}

#[test]
fn a_disabled_account_s_ticket_is_out() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let ticket = ticket(&demo)?;
    assert_eq!(user_link(&demo, &ticket)?.0, 200);
    demo.wicketgate_json(&["user", "disable", &demo.person(0).upn])?;
    assert!(is_out_in_time(&demo, &ticket)?);
    Ok(())
}
