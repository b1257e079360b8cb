//! The passive way: a browser comes from Lync to `/adfs/ls/`, its person signs in by a secret and a code, and it leaves with
//! a token that xmlsec1 verifies by the certificate of our metadata. curl is the browser, and Chromium once.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::browser::{Browser, SECRET, enrolled, field};
use e2e::client::{Curl, Got};
use e2e::demo::Demo;
use e2e::skip;
use e2e::webdriver::Chromium;

const CONTEXT: &str = "rm%3D0%26id%3Dpassive%26ru%3D%252fPassiveAuth";

/// A browser that was never at the security token service, and what Lync sends it there with.
fn at_sts(demo: &Demo) -> anyhow::Result<(Browser<'_>, String)> {
    let mut browser = Browser::new(demo)?;
    browser.origin = demo.sts();
    let realm = realm(demo).replace(':', "%3A").replace('/', "%2F");
    let asks = format!("/adfs/ls/?wa=wsignin1.0&wtrealm={realm}&wctx={CONTEXT}");
    Ok((browser, asks))
}

fn web(demo: &Demo) -> String {
    let mex = demo.url("mex");
    mex.replace("/WebTicket/WebTicketService.svc/mex", "")
}

fn realm(demo: &Demo) -> String {
    format!("{}/passiveauth", web(demo))
}

/// Signs in on the pages that the browser was sent to.
pub(crate) fn signs_in(
    browser: &Browser<'_>,
    page: &Got,
    [name, secret, code]: [&str; 3],
) -> anyhow::Result<Got> {
    ensure!(page.body.contains("name=\"UserName\""), "{}", page.body);
    let asks = browser.send(page, "/sign-in", &[("UserName", name)])?;
    ensure!(asks.body.contains("name=\"Password\""), "{}", asks.body);
    let asks = browser.send(&asks, "/sign-in", &[("Password", secret)])?;
    ensure!(asks.body.contains("name=\"Code\""), "{}", asks.body);
    browser.send(&asks, "/sign-in", &[("Code", code)])
}

pub(crate) fn xmlsec1(certificate: &Path, id: [&str; 2], file: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("xmlsec1");
    command
        .args(["--verify", "--pubkey-cert-pem"])
        .arg(certificate);
    command.args([format!("--id-attr:{}", id[0]), id[1].to_owned()]);
    let output = command.arg(file).output().context("xmlsec1")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", file.display());
    Ok(())
}

/// Fetches the metadata as Lync does, looks at it, and gives the certificate that it names.
pub(crate) fn certificate_of(demo: &Demo) -> anyhow::Result<PathBuf> {
    let metadata = Curl::new(demo).get(&demo.url("metadata"))?;
    assert_eq!(metadata.status, 200, "{}", metadata.body);
    let file = demo.folder().join("metadata.xml");
    std::fs::write(&file, &metadata.body)?;
    let lint = Command::new("xmllint").arg("--noout").arg(&file).status()?;
    ensure!(lint.success(), "xmllint");
    let passive = format!("<wsa:Address>{}</wsa:Address>", demo.url("sts"));
    assert!(metadata.body.contains(&passive), "{}", metadata.body);
    let (_, key) = metadata
        .body
        .split_once("<KeyDescriptor use=\"signing\">")
        .context("a key")?;
    let (_, der) = key
        .split_once("<X509Certificate>")
        .context("a certificate")?;
    let der = der.split('<').next().unwrap_or_default();
    ensure!(STANDARD.decode(der).is_ok(), "base64");
    let lines: Vec<&str> = der
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap_or_default())
        .collect();
    let pem = demo.folder().join("signing.pem");
    let text = lines.join("\n");
    std::fs::write(
        &pem,
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"),
    )?;
    let entity = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
    xmlsec1(&pem, ["ID", entity], &file)?;
    Ok(pem)
}

/// The token of an answer, of SAML 1.1, verified by xmlsec1.
pub(crate) fn token(demo: &Demo, certificate: &Path, page: &Got) -> anyhow::Result<String> {
    let id = "urn:oasis:names:tc:SAML:1.0:assertion:Assertion";
    token_of(demo, certificate, ["AssertionID", id], page)
}

/// The same of either version, by where its id stands.
fn token_of(demo: &Demo, certificate: &Path, id: [&str; 2], page: &Got) -> anyhow::Result<String> {
    let wresult = field(page, "wresult")?;
    let begins = wresult.find("<saml:Assertion").context("an assertion")?;
    let ends = wresult.find("</saml:Assertion>").context("its end")?;
    let assertion = wresult
        .get(begins..ends + "</saml:Assertion>".len())
        .context("a token")?;
    let file = demo.folder().join("token.xml");
    std::fs::write(&file, assertion)?;
    xmlsec1(certificate, id, &file)?;
    Ok(assertion.to_owned())
}

fn count(demo: &Demo, event: &str) -> anyhow::Result<usize> {
    let events = demo.wicketgate_json(&["audit", "list"])?;
    Ok(events.iter().filter(|it| it["event"] == event).count())
}

#[test]
fn s63_s64_somebody_signs_in_by_two_factors_and_leaves_with_a_token_for_lync() -> anyhow::Result<()>
{
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let certificate = certificate_of(&demo)?;
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let (browser, asks) = at_sts(&demo)?;

    let page = browser.open(&asks)?;
    let code = app.code()?;
    let refused = signs_in(&browser, &page, [&anna.upn, &anna.domain_password, &code])?;
    assert!(
        refused.body.contains("That did not match"),
        "{}",
        refused.body
    );
    assert!(!refused.body.contains("wresult"));
    let page = browser.open("/sign-in?again=1")?;
    // A code behind a wrong secret is not spent.
    let page = signs_in(&browser, &page, [&anna.sip, SECRET, &code])?;
    assert_eq!(page.status, 200, "{}", page.body);
    let action = format!("action=\"{}/PassiveAuth/PassiveAuth.aspx\"", web(&demo));
    assert!(page.body.contains(&action), "{}", page.body);
    assert_eq!(field(&page, "wa")?, "wsignin1.0");
    assert_eq!(field(&page, "wctx")?, "rm=0&id=passive&ru=%2fPassiveAuth");
    let assertion = token(&demo, &certificate, &page)?;
    let sid = demo.text("/users/0/sid");
    assert!(
        assertion.contains(&format!("<saml:AttributeValue>{sid}<")),
        "{assertion}"
    );
    assert!(assertion.contains(&format!("<saml:Audience>{}<", realm(&demo))));

    let again = browser.open(&asks)?;
    let other = token(&demo, &certificate, &again)?;
    assert_ne!(other, assertion, "the same person, and another token");
    let fresh = browser.open(&format!("{asks}&wfresh=0"))?;
    assert!(fresh.body.contains("name=\"UserName\""), "{}", fresh.body);
    let out = browser.open("/adfs/ls/?wa=wsignout1.0")?;
    assert!(out.body.contains("wsignoutcleanup1.0"), "{}", out.body);
    let over = browser.open(&asks)?;
    assert!(over.body.contains("name=\"UserName\""), "{}", over.body);
    assert_eq!(count(&demo, "token-issued")?, 2);
    assert!(demo.wicketgate(&["audit", "verify"])?.status.success());
    Ok(())
}

#[test]
fn a_party_that_takes_saml_2_gets_it_and_xmlsec1_verifies_it() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let certificate = certificate_of(&demo)?;
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let (browser, asks) = at_sts(&demo)?;
    let trusts = demo.wicketgate_json(&["trust", "list"])?;
    let ours = serde_json::Value::from(realm(&demo));
    let trust = trusts.iter().find(|it| {
        let identifiers = it["identifiers"].as_array();
        identifiers.is_some_and(|all| all.contains(&ours))
    });
    let name = trust
        .and_then(|it| it["name"].as_str())
        .context("a trust")?;
    let identifiers = format!("identifiers=[{ours}, \"urn:second\"]");
    demo.wicketgate_json(&["trust", "set", name, "token_type=SAMLV2.0", &identifiers])?;
    // A gate reads its trusts every other second.
    e2e::until::until("the party has no second name", || {
        let page = browser.open("/adfs/ls/?wa=wsignin1.0&wtrealm=urn%3Asecond")?;
        Ok(page.body.contains("name=\"UserName\""))
    })?;
    let page = browser.open(&asks)?;
    let page = signs_in(&browser, &page, [&anna.upn, SECRET, &app.code()?])?;
    let id = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
    let assertion = token_of(&demo, &certificate, ["ID", id], &page)?;
    let sid = demo.text("/users/0/sid");
    for part in [
        format!("<saml:AttributeValue>{sid}<"),
        format!("<saml:Audience>{}<", realm(&demo)),
        "Version=\"2.0\"".to_owned(),
    ] {
        assert!(assertion.contains(&part), "{part} in {assertion}");
    }
    let file = demo.folder().join("token.xml").display().to_string();
    let found = demo.wicketgate_json(&["ledger", "find", "--token", &file])?;
    assert_eq!(found[0]["relying_party"], realm(&demo));
    Ok(())
}

#[test]
fn whoever_asks_for_another_party_or_place_gets_nothing_and_an_id() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let (browser, asks) = at_sts(&demo)?;
    let wrong = [
        "/adfs/ls/?wa=wsignin1.0&wtrealm=urn:unknown".to_owned(),
        format!("{asks}&wreply=https%3A%2F%2Fevil.example%2F"),
        format!("{asks}&wreply=https%3A%2F%2Flyncweb.contoso.localhost.evil.example%2F"),
        format!("{asks}&wauth=urn%3Afederation%3Aauthentication%3Awindows"),
    ];
    let look = |path: &str| -> anyhow::Result<()> {
        let page = browser.open(path)?;
        assert_eq!(page.status, 403, "{path}: {}", page.body);
        assert!(page.body.contains("id=\"activity\""), "{}", page.body);
        // The way back behind a choice of language is our own path, whatever its query says.
        let (before, back) = page
            .body
            .split_once("name=\"back\" value=\"")
            .context("a way back")?;
        let (back, after) = back.split_once('"').context("a way back")?;
        assert!(back.starts_with("/adfs/ls/?"), "{back}");
        assert!(
            !page.body.contains("wresult") && !before.contains("evil") && !after.contains("evil")
        );
        let activity = page.body.split("id=\"activity\">").nth(1);
        let activity = activity.and_then(|it| it.split('<').next());
        let header = activity.context("an id")?.to_ascii_lowercase();
        ensure!(
            page.heads.to_ascii_lowercase().contains(&header),
            "{}",
            page.heads
        );
        Ok(())
    };
    wrong.iter().try_for_each(|path| look(path))?;
    assert_eq!(count(&demo, "token-refused")?, 0, "nobody is known yet");
    let page = browser.open(&asks)?;
    let page = signs_in(&browser, &page, [&anna.upn, SECRET, &app.code()?])?;
    assert!(page.body.contains("wresult"), "{}", page.body);
    wrong.iter().try_for_each(|path| look(path))?;
    assert_eq!(count(&demo, "token-refused")?, wrong.len());
    assert_eq!(count(&demo, "token-issued")?, 1);
    let bad = browser.open("/adfs/ls/?wa=wsignin1.0&wtrealm=a&wtrealm=b")?;
    assert_eq!(bad.status, 400, "{}", bad.body);
    Ok(())
}

#[test]
fn a_real_browser_takes_the_token_to_its_party_by_itself() -> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        let reason = "chromium and its driver are not unpacked";
        return skip::skip("a real browser takes the token to its party", reason);
    }
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let (browser, asks) = at_sts(&demo)?;
    let chromium = Chromium::start()?;
    chromium.open(&format!("{}{asks}", browser.origin))?;
    let code = app.code()?;
    for (field, typed) in [
        ("#user-name", anna.upn.as_str()),
        ("#password", SECRET),
        ("#code", &code),
    ] {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    let there = format!("{}/PassiveAuth/PassiveAuth.aspx", web(&demo));
    e2e::until::until("the browser does not come to the party", || {
        let address = chromium.run("return location.href")?;
        Ok(address.as_str() == Some(&there))
    })?;
    assert_eq!(count(&demo, "token-issued")?, 1);
    Ok(())
}
