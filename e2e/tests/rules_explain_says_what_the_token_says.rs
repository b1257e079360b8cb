//! `rules explain --account --to` says what the token of the same person for the same party says, and makes none itself. curl is
//! the browser.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use e2e::browser::{Browser, SECRET, enrolled, field};
use e2e::client::Got;
use e2e::demo::Demo;
use serde_json::Value;

use crate::a_browser_signs_in_for_a_party::signs_in;

const PARTY: &str = "Explained";
const ASKS: &str = "/adfs/ls/?wa=wsignin1.0&wtrealm=urn%3Aexplained";
/// Claims of the directory, of the request and of a store; a name; one value twice, and a type that cannot be cut.
const RULES: &str = r#"
c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(claim = c);
c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
 => issue(Type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", Value = c.Value);
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/claims/authnmethodsreferences"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/claims/authnmethodsreferences"] => issue(Type = "urn:proved", Value = "yes");
c:[Type == "http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/2012/01/requestcontext/claims/x-ms-endpoint-absolute-path"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"]
 => issue(store = "Active Directory", types = ("http://contoso.com/mail", "http://contoso.com/sid"),
          query = ";mail,objectSid;{0}", param = c.Value);
"#;

/// The claims of an assertion of SAML 1.1, each value with its type.
fn claims_of(assertion: &str) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut claims = BTreeSet::new();
    for attribute in assertion.split("<saml:Attribute ").skip(1) {
        let named = |name: &str| {
            let after = attribute.split(&format!("{name}=\"")).nth(1);
            after.and_then(|it| it.split('"').next())
        };
        let name = named("AttributeName").context("a name")?;
        let namespace = named("AttributeNamespace").context("a namespace")?;
        let claim_type = match name == namespace {
            true => name.to_owned(),
            false => format!("{namespace}/{name}"),
        };
        for value in attribute.split("<saml:AttributeValue>").skip(1) {
            let value = value.split('<').next().unwrap_or_default();
            claims.insert((claim_type.clone(), value.to_owned()));
        }
    }
    Ok(claims)
}

/// The same of what was explained.
fn explained(walked: &Value) -> anyhow::Result<BTreeSet<(String, String)>> {
    let claims = walked["token"]["claims"].as_array();
    let mut explained = BTreeSet::new();
    for claim in claims.context("a token")? {
        let claim_type = claim["type"].as_str().context("a type")?;
        for value in claim["values"].as_array().context("values")? {
            let value = value.as_str().context("a value")?;
            explained.insert((claim_type.to_owned(), value.to_owned()));
        }
    }
    Ok(explained)
}

fn count(demo: &Demo) -> anyhow::Result<usize> {
    Ok(demo.wicketgate_json(&["audit", "list"])?.len())
}

fn add(demo: &Demo) -> anyhow::Result<()> {
    let file = demo.folder().join("explained.toml");
    let permit = "=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");";
    let text = format!(
        "version = 1\n[[relying_party]]\nname = \"{PARTY}\"\nidentifiers = [\"urn:explained\"]\n\
        wsfed_endpoint = \"https://explained.contoso.localhost/\"\n\
        issuance_authorization_rules = '''{permit}'''\nissuance_transform_rules = '''{RULES}'''\n"
    );
    std::fs::write(&file, text)?;
    let file = file.display().to_string();
    demo.wicketgate_json(&["trust", "add", &file])?;
    Ok(())
}

/// The page that asks who it is, once the gate has read the trust.
fn asked(browser: &Browser<'_>) -> anyhow::Result<Got> {
    e2e::until::until("the party is not known", || {
        Ok(browser.open(ASKS)?.body.contains("name=\"UserName\""))
    })?;
    browser.open(ASKS)
}

#[test]
fn what_is_explained_is_what_the_token_says() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    add(&demo)?;
    let (_, mut app, _) = enrolled(&demo, &anna)?;
    let mut browser = Browser::new(&demo)?;
    browser.origin = demo.sts();
    let page = asked(&browser)?;
    let page = signs_in(&browser, &page, [&anna.upn, SECRET, &app.code()?])?;
    let assertion = field(&page, "wresult")?;
    let before = count(&demo)?;
    let words = [
        "rules",
        "explain",
        "--account",
        &anna.account,
        "--to",
        PARTY,
    ];
    let zone = ["--zone", "external", "--ask"];
    let walked = demo.wicketgate_json(&[words.as_slice(), &zone].concat())?;
    let walked = walked.first().context("what was walked")?;
    assert_eq!(count(&demo)?, before, "nothing is written down");
    let claims = claims_of(&assertion)?;
    ensure!(claims.len() > 7, "{assertion}");
    assert_eq!(explained(walked)?, claims);
    let name = walked["token"]["name"]["name"].as_str();
    let name = format!(">{}</saml:NameIdentifier>", name.context("a name")?);
    assert!(assertion.contains(&name), "{name} in {assertion}");
    let method = walked["token"]["method"].as_str().context("a method")?;
    let method = format!("AuthenticationMethod=\"{method}\"");
    assert!(assertion.contains(&method), "{method} in {assertion}");

    let by_less = ["--method", "app-password"];
    let refused = demo.wicketgate(&[words.as_slice(), &by_less].concat())?;
    assert_eq!(refused.status.code(), Some(1));
    Ok(())
}
