//! SimpleSAMLphp's adfs module, an identity provider that nobody here wrote, is our claims provider over WS-Federation: its
//! person signs in there, and gets a token of ours for the party.

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::browser::{Browser, field, hidden};
use e2e::client::Got;
use e2e::demo::Demo;
use e2e::simplesamlphp::{ENTITY, HOST, PERSON, SimpleSamlPhp};
use e2e::skip;
use e2e::until::until;

use crate::a_browser_signs_in_for_a_party::token;

const RULES: &str = r#"c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"] => issue(claim = c);
c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(claim = c);"#;

/// Adds it as a claims provider by hand, as it publishes no metadata of the kind, and lets the party's people come from it.
fn trusts(demo: &Demo, idp: &SimpleSamlPhp) -> anyhow::Result<()> {
    let pem = std::fs::read_to_string(idp.certificate("idp"))?;
    let lines = pem.lines().filter(|it| !it.starts_with("-----"));
    let certificate: String = lines.collect();
    ensure!(STANDARD.decode(&certificate).is_ok(), "{pem}");
    let file = demo.folder().join("adatum.toml");
    let text = format!(
        "version = 1\n[[claims_provider]]\nname = \"Adatum\"\nidentifier = \"{ENTITY}\"\nwsfed_endpoint = \"{}\"\n\
         token_signing_certificates = [\"{certificate}\"]\nsupports_mfa = true\n\
         custom_mfa_uri = \"urn:adatum:two-factors\"\norganizational_account_suffixes = [\"adatum.localhost\"]\n\
         acceptance_transform_rules = '''\n{RULES}\n'''\n",
        idp.endpoint()
    );
    std::fs::write(&file, text)?;
    demo.wicketgate_json(&["trust", "add", &file.display().to_string()])?;
    let party = "Lync lyncweb.contoso.localhost";
    demo.wicketgate_json(&["trust", "set", party, "claims_provider_names=[\"Adatum\"]"])?;
    Ok(())
}

#[test]
fn somebody_signs_in_at_simplesamlphp_and_gets_a_token_of_ours() -> anyhow::Result<()> {
    if SimpleSamlPhp::programs().is_none() {
        let reason = "SimpleSAMLphp and PHP are not unpacked";
        return skip::skip("SimpleSAMLphp is our claims provider", reason);
    }
    let demo = Demo::start()?;
    let sts = demo.url("sts");
    let origin = sts.trim_end_matches("/adfs/ls/").to_owned();
    let own = "http://sts.contoso.localhost/adfs/services/trust";
    let idp = SimpleSamlPhp::start((own, &sts))?;
    trusts(&demo, &idp)?;
    let authorities = demo.folder().join("both.pem");
    let both = [demo.text("/ca").into(), idp.certificate("tls")];
    let both: Vec<String> = both
        .iter()
        .map(std::fs::read_to_string)
        .collect::<Result<_, _>>()?;
    std::fs::write(&authorities, both.concat())?;
    let authorities = authorities.display().to_string();
    let place = format!("{HOST}:{}:127.0.0.1", idp.port);
    let beside = ["--cacert", &authorities, "--resolve", &place];
    let mex = demo.url("mex");
    let web = mex.replace("/WebTicket/WebTicketService.svc/mex", "");
    let realm = format!("{web}/passiveauth").replace(':', "%3A");
    let realm = realm.replace('/', "%2F");
    let asks = format!("/adfs/ls/?wa=wsignin1.0&wtrealm={realm}&wctx=rm%3D0");
    // A gate reads its trusts every other second.
    until("nobody is sent to SimpleSAMLphp", || {
        let mut browser = Browser::new(&demo)?;
        browser.origin.clone_from(&origin);
        let page = browser.curl(&beside, &asks)?;
        Ok(page.body.contains("name=\"AuthState\""))
    })?;
    let mut browser = Browser::new(&demo)?;
    browser.origin.clone_from(&origin);
    let page = browser.curl(&beside, &asks)?;
    let state = hidden(&page, "AuthState").with_context(|| page.body.clone())?;
    browser.origin = format!("https://{HOST}:{}", idp.port);
    let [name, secret] = PERSON;
    let fields = [
        ("username", name),
        ("password", secret),
        ("AuthState", &state),
    ];
    let there = sends(
        &browser,
        &beside,
        ("/module.php/core/loginuserpass.php", &fields),
    )?;
    ensure!(there.body.contains("wresult"), "{}", there.body);
    ensure!(
        there.body.contains(&format!("action=\"{sts}\"")),
        "{}",
        there.body
    );
    let wresult = plain(&there, "wresult")?;
    let wctx = plain(&there, "wctx")?;
    browser.origin = origin;
    let fields = [("wa", "wsignin1.0"), ("wresult", &wresult), ("wctx", &wctx)];
    let answered = sends(&browser, &beside, ("/adfs/ls/", &fields))?;
    ensure!(answered.status == 200, "{}", answered.body);
    ensure!(field(&answered, "wctx")? == "rm=0", "{}", answered.body);
    let exported = demo.wicketgate(&["key", "export-certificate"])?;
    let certificate = demo.folder().join("signing.pem");
    std::fs::write(&certificate, exported.stdout)?;
    let assertion = token(&demo, &certificate, &answered)?;
    ensure!(assertion.contains("S-1-5-21-7-7-7-1200"), "{assertion}");
    ensure!(
        assertion.contains(&format!("OriginalIssuer=\"{ENTITY}\"")),
        "{assertion}"
    );
    let again = sends(&browser, &beside, ("/adfs/ls/", &fields))?;
    ensure!(again.status == 403, "{}", again.body);
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let came = events.iter().find(|it| it["event"] == "came-from-provider");
    ensure!(
        came.context("an event")?["name"] == "bo@adatum.localhost",
        "{came:?}"
    );
    Ok(())
}

fn sends(
    browser: &Browser<'_>,
    beside: &[&str],
    (path, fields): (&str, &[(&str, &str)]),
) -> anyhow::Result<Got> {
    let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
    let fields: Vec<String> = fields
        .flat_map(|it| ["--data-urlencode".to_owned(), it])
        .collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    browser.curl(&[beside, &fields].concat(), path)
}

/// What stands in a field of its page, as a browser sends it.
fn plain(page: &Got, name: &str) -> anyhow::Result<String> {
    let value = hidden(page, name).with_context(|| page.body.clone())?;
    let mut text = value;
    for (escaped, plain) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#039;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(escaped, plain);
    }
    Ok(text)
}
