//! SimpleSAMLphp's adfs module, an identity provider that nobody here wrote, is our claims provider over WS-Federation: its
//! person signs in there, gets a token of ours for the party, and signs out of both.

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
    let story = (&beside[..], (origin.as_str(), asks.as_str()));
    let (answered, fields) = comes(&mut browser, story, &idp)?;
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
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let again = sends(&browser, &beside, ("/adfs/ls/", &fields))?;
    ensure!(again.status == 403, "{}", again.body);
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let came = events.iter().find(|it| it["event"] == "came-from-provider");
    ensure!(
        came.context("an event")?["name"] == "bo@adatum.localhost",
        "{came:?}"
    );
    signs_out_here(&mut browser, story, &idp)?;
    signs_out_there(&mut browser, story, &idp)
}

/// Comes from SimpleSAMLphp, by its page for name and password; with what its form brought to us.
fn comes(
    browser: &mut Browser<'_>,
    (beside, (origin, asks)): (&[&str], (&str, &str)),
    idp: &SimpleSamlPhp,
) -> anyhow::Result<(Got, [(&'static str, String); 3])> {
    browser.origin = origin.to_owned();
    let page = browser.curl(beside, asks)?;
    let state = hidden(&page, "AuthState").with_context(|| page.body.clone())?;
    browser.origin = format!("https://{HOST}:{}", idp.port);
    let [name, secret] = PERSON;
    let fields = [
        ("username", name),
        ("password", secret),
        ("AuthState", &state),
    ];
    let there = sends(
        browser,
        beside,
        ("/module.php/core/loginuserpass.php", &fields),
    )?;
    browser.origin = origin.to_owned();
    ensure!(there.body.contains("wresult"), "{}", there.body);
    ensure!(
        there
            .body
            .contains(&format!("action=\"{origin}/adfs/ls/\"")),
        "{}",
        there.body
    );
    let fields = [
        ("wa", "wsignin1.0".to_owned()),
        ("wresult", plain(&there, "wresult")?),
        ("wctx", plain(&there, "wctx")?),
    ];
    let brought = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answered = sends(browser, beside, ("/adfs/ls/", &brought))?;
    Ok((answered, fields))
}

/// Signs out here, and goes on to SimpleSAMLphp, which tells us in turn and has the browser back; whoever comes again must sign
/// in there.
fn signs_out_here(
    browser: &mut Browser<'_>,
    (beside, (_, asks)): (&[&str], (&str, &str)),
    idp: &SimpleSamlPhp,
) -> anyhow::Result<()> {
    let still = browser.curl(beside, asks)?;
    ensure!(still.body.contains("wresult"), "{}", still.body);
    let out = browser.curl(beside, "/adfs/ls/?wa=wsignout1.0")?;
    let told = "/PassiveAuth/PassiveAuth.aspx?wa=wsignoutcleanup1.0\"";
    let onward = format!("<a href=\"{}?wa=wsignout1.0\">Adatum</a>", idp.endpoint());
    for part in [told, &onward] {
        ensure!(out.body.contains(part), "{part}: {}", out.body);
    }
    let gone = at_idp(browser, beside, (idp, "?wa=wsignout1.0"))?;
    for part in ["wa=wsignoutcleanup1.0&wreply=", "prp.php?assocId="] {
        ensure!(gone.heads.contains(part), "{part}: {}", gone.heads);
    }
    is_signed_out_there(browser, beside, asks)
}

/// Signs out at SimpleSAMLphp, which sends the browser here: the party is told, and the browser goes back.
fn signs_out_there(
    browser: &mut Browser<'_>,
    story: (&[&str], (&str, &str)),
    idp: &SimpleSamlPhp,
) -> anyhow::Result<()> {
    let (beside, (_, asks)) = story;
    let (answered, _) = comes(browser, story, idp)?;
    ensure!(answered.body.contains("wresult"), "{}", answered.body);
    let here = at_idp(browser, beside, (idp, "?wa=wsignout1.0"))?;
    let told = "/PassiveAuth/PassiveAuth.aspx?wa=wsignoutcleanup1.0\"";
    ensure!(here.body.contains(told), "{}", here.body);
    let back = format!("content=\"2;url={}", idp.endpoint());
    let (_, back) = here
        .body
        .split_once(&back)
        .with_context(|| here.body.clone())?;
    let (back, _) = back.split_once('"').context("the end of an address")?;
    at_idp(browser, beside, (idp, &back.replace("&#38;", "&")))?;
    is_signed_out_there(browser, beside, asks)
}

fn at_idp(
    browser: &mut Browser<'_>,
    beside: &[&str],
    (idp, query): (&SimpleSamlPhp, &str),
) -> anyhow::Result<Got> {
    let own = format!("https://{HOST}:{}", idp.port);
    let ours = std::mem::replace(&mut browser.origin, own);
    let got = browser.curl(beside, &format!("/module.php/adfs/idp/prp.php{query}"));
    browser.origin = ours;
    got
}

fn is_signed_out_there(browser: &Browser<'_>, beside: &[&str], asks: &str) -> anyhow::Result<()> {
    let again = browser.curl(beside, asks)?;
    ensure!(again.body.contains("name=\"AuthState\""), "{}", again.body);
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
