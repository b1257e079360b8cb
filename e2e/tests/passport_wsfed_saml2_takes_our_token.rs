//! passport-wsfed-saml2, a relying party that nobody here wrote, takes our tokens over WS-Federation: Chromium goes from it to our
//! page, its person signs in by a secret and a code, or by an app password and a code, and comes back; and the party refuses what
//! was changed on its way, is for another, or comes too late for it.

use anyhow::{Context, ensure};
use e2e::browser::{App, Browser, SECRET, enrolled, field};
use e2e::client::Got;
use e2e::demo::Demo;
use e2e::party::{CONTEXT, Party, REALM};
use e2e::skip;
use e2e::until::until;
use e2e::webdriver::Chromium;

use crate::a_browser_signs_in_for_a_party::{certificate_of, signs_in};

const STORY: &str = "passport_wsfed_saml2_takes_our_token";
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";

/// Lets the party in, with whose names it wants.
fn trusts(demo: &Demo, party: &Party) -> anyhow::Result<()> {
    let file = demo.folder().join("party.toml");
    let text = format!(
        "version = 1\n[[relying_party]]\nname = \"The party\"\nidentifiers = [\"{REALM}\", \"{REALM}:other\"]\n\
         wsfed_endpoint = \"{}\"\nissuance_authorization_rules = '''\n=> issue(Type = \
         \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");\n'''\n\
         issuance_transform_rules = '''\nc:[Type == \"{CLAIMS}/upn\"] => issue(claim = c);\n\
         c:[Type == \"{CLAIMS}/upn\"] => issue(Type = \"{CLAIMS}/nameidentifier\", Value = c.Value);\n\
         c:[Type == \"http://schemas.microsoft.com/claims/authnmethodsreferences\"] => issue(claim = c);\n'''\n",
        party.endpoint()
    );
    std::fs::write(&file, text)?;
    demo.wicketgate_json(&["trust", "add", &file.display().to_string()])?;
    Ok(())
}

/// A demo, the party that trusts it, and somebody with a secret, an app password and an app.
fn begun() -> anyhow::Result<Option<(Demo, Party, App)>> {
    if Party::modules().is_none() {
        skip::skip(
            STORY,
            "no Node with passport-wsfed-saml2; `cargo xtask test` brings it",
        )?;
        return Ok(None);
    }
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let (_, app, _) = enrolled(&demo, &anna)?;
    let pem = std::fs::read_to_string(certificate_of(&demo)?)?;
    let certificate: String = pem.lines().filter(|it| !it.starts_with("-----")).collect();
    let party = Party::start(&demo, &certificate)?;
    trusts(&demo, &party)?;
    // A gate reads its trusts every other second.
    until("the party is not known", || {
        let mut browser = at_sts(&demo)?;
        let page = asks(&mut browser, REALM)?;
        Ok(page.body.contains("name=\"UserName\""))
    })?;
    Ok(Some((demo, party, app)))
}

fn at_sts(demo: &Demo) -> anyhow::Result<Browser<'_>> {
    let mut browser = Browser::new(demo)?;
    browser.origin = demo.sts();
    Ok(browser)
}

fn asks(browser: &mut Browser<'_>, realm: &str) -> anyhow::Result<Got> {
    browser.open(&format!(
        "/adfs/ls/?wa=wsignin1.0&wtrealm={}",
        realm.replace(':', "%3A")
    ))
}

/// Brings an answer to the party, as the form of our page does.
fn brings(browser: &mut Browser<'_>, party: &Party, wresult: &str) -> anyhow::Result<Got> {
    let origin = std::mem::replace(&mut browser.origin, party.origin.clone());
    let authority = party.certificate().display().to_string();
    let answer = format!("wresult={wresult}");
    let form = ["wa=wsignin1.0", &answer].map(|it| ["--data-urlencode", it]);
    let arguments = [&["--cacert", &authority][..], form.as_flattened()].concat();
    let got = browser.curl(&arguments, "/callback");
    browser.origin = origin;
    got
}

/// Goes from the party to our page and back in Chromium, with what is typed there.
fn by_chromium(party: &Party, typed: [&str; 3]) -> anyhow::Result<()> {
    let chromium = Chromium::start()?;
    chromium.open(&party.origin)?;
    for (field, typed) in ["#user-name", "#password", "#code"].into_iter().zip(typed) {
        chromium.type_into(field, &format!("{typed}\n"))?;
    }
    chromium.shown("#signed-in")?;
    let address = chromium.run("return location.href")?;
    ensure!(address == party.home().as_str(), "{address}");
    Ok(())
}

#[test]
fn chromium_goes_from_the_party_to_our_page_and_back_by_each_secret_and_a_code()
-> anyhow::Result<()> {
    if Chromium::programs().is_none() {
        let reason = "chromium and its driver are not unpacked";
        return skip::skip(STORY, reason);
    }
    let Some((demo, mut party, mut app)) = begun()? else {
        return Ok(());
    };
    let anna = demo.person(0);
    for (name, secret) in [(&anna.upn, SECRET), (&anna.sip, anna.app_password.as_str())] {
        by_chromium(&party, [name, secret, &app.code()?])?;
        let user = party.says("user")?;
        let claim = |name: &str| user[format!("{CLAIMS}/{name}")].clone();
        assert_eq!(claim("upn"), anna.upn.as_str(), "{user}");
        assert_eq!(
            user["issuer"],
            "http://sts.contoso.localhost/adfs/services/trust"
        );
        let methods = user["http://schemas.microsoft.com/claims/authnmethodsreferences"].clone();
        assert!(methods.to_string().contains("multipleauthn"), "{user}");
        assert_eq!(party.says("context")?, CONTEXT);
    }
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let issued = events.iter().filter(|it| it["event"] == "token-issued");
    assert_eq!(issued.count(), 2);
    Ok(())
}

#[test]
fn the_party_refuses_what_was_changed_or_is_for_another_and_takes_the_rest() -> anyhow::Result<()> {
    let Some((demo, mut party, mut app)) = begun()? else {
        return Ok(());
    };
    let anna = demo.person(0);
    let mut browser = at_sts(&demo)?;
    let page = asks(&mut browser, REALM)?;
    let page = signs_in(&browser, &page, [&anna.upn, SECRET, &app.code()?])?;
    let wresult = field(&page, "wresult")?;
    let ours = format!(">{}<", anna.upn);
    ensure!(wresult.contains(&ours), "{wresult}");
    let of_ben = wresult.replace(&ours, &format!(">{}<", demo.person(1).upn));
    let elsewhere = asks(&mut browser, &format!("{REALM}:other"))?;
    let of_another = field(&elsewhere, "wresult")?;
    for (wresult, said) in [(&of_ben, "ignature"), (&of_another, "Audience")] {
        let got = brings(&mut browser, &party, wresult)?;
        assert_eq!(got.status, 401, "{}", got.body);
        let refused = party.says("refused")?;
        let refused = refused.as_str().context("a sentence")?;
        assert!(refused.contains(said), "{refused}");
        party.says("context")?;
    }
    let got = brings(&mut browser, &party, &wresult)?;
    assert_eq!(got.status, 200, "{}", got.body);
    let user = party.says("user")?;
    assert_eq!(user[format!("{CLAIMS}/upn")], anna.upn.as_str(), "{user}");
    Ok(())
}

#[test]
fn the_party_takes_a_token_of_saml_2_where_its_trust_says_so() -> anyhow::Result<()> {
    let Some((demo, mut party, mut app)) = begun()? else {
        return Ok(());
    };
    let anna = demo.person(0);
    let identifiers = format!("identifiers=[\"{REALM}\", \"{REALM}:second\"]");
    let settings = ["token_type=SAMLV2.0", &identifiers];
    demo.wicketgate_json(&[&["trust", "set", "The party"][..], &settings].concat())?;
    // A gate reads its trusts every other second.
    until("the party has no second name", || {
        let page = asks(&mut at_sts(&demo)?, &format!("{REALM}:second"))?;
        Ok(page.body.contains("name=\"UserName\""))
    })?;
    let mut browser = at_sts(&demo)?;
    let page = asks(&mut browser, REALM)?;
    let page = signs_in(&browser, &page, [&anna.upn, SECRET, &app.code()?])?;
    let wresult = field(&page, "wresult")?;
    ensure!(
        wresult.contains(">urn:oasis:names:tc:SAML:2.0:assertion<"),
        "{wresult}"
    );
    let ours = format!(">{}<", anna.upn);
    let of_ben = wresult.replace(&ours, &format!(">{}<", demo.person(1).upn));
    ensure!(of_ben != wresult, "{wresult}");
    let got = brings(&mut browser, &party, &of_ben)?;
    assert_eq!(got.status, 401, "{}", got.body);
    party.says("refused")?;
    party.says("context")?;
    let got = brings(&mut browser, &party, &wresult)?;
    assert_eq!(got.status, 200, "{}", got.body);
    let user = party.says("user")?;
    assert_eq!(user[format!("{CLAIMS}/upn")], anna.upn.as_str(), "{user}");
    Ok(())
}
