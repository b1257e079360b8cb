//! Service providers of SAML 2.0 that nobody here wrote, SimpleSAMLphp and mod_auth_mellon, driven by Chromium: each is
//! registered by its own metadata, knows us by ours, and takes whoever signs in on our pages with a secret and a code.

use std::path::Path;

use anyhow::{Context, ensure};
use e2e::browser::{App, SECRET, enrolled};
use e2e::client::Curl;
use e2e::demo::{Demo, Person};
use e2e::mellon::{self, Mellon};
use e2e::serve::Serve;
use e2e::service_provider::{ALL, HOST, ServiceProviders};
use e2e::simplesamlphp::SimpleSamlPhp;
use e2e::skip;
use e2e::until::until;
use e2e::webdriver::Chromium;

const IDENTITY_PROVIDER: &str = "http://sts.contoso.localhost/adfs/services/trust";
const PERMIT: &str = r#"=> issue(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");"#;
const RULES: &str = r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(claim = c);
c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(Type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", Value = c.Value, Properties["http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format"] = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient");"#;

/// A gate at which a sign-on may begin, and somebody with a secret and an app.
struct Scene {
    demo: Demo,
    gate: Serve,
    anna: Person,
    app: App,
}

impl Scene {
    fn start() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let anna = demo.person(0);
        let (_, app, _) = enrolled(&demo, &anna)?;
        let gate = Serve::start(&demo, |config| {
            let on = config.replace("\n[sts]\n", "\n[sts]\nidp_initiated_sign_on = true\n");
            assert_ne!(on, config, "the demo's [sts]");
            on
        })?;
        Ok(Self {
            demo,
            gate,
            anna,
            app,
        })
    }

    fn our_metadata(&self) -> anyhow::Result<String> {
        let metadata = Curl::new(&self.demo).get(&self.demo.url("metadata"))?;
        ensure!(metadata.status == 200, "{}", metadata.body);
        Ok(metadata.body)
    }

    /// Adds a service provider by its own metadata, with rules that tell a name and the UPN.
    fn trust(&self, name: &str, metadata: &Path) -> anyhow::Result<()> {
        let file = metadata.display().to_string();
        let adds = ["trust", "add", "--metadata", &file, "--name", name];
        self.demo.wicketgate_json(&adds)?;
        let permit = format!("issuance_authorization_rules={PERMIT}");
        let rules = format!("issuance_transform_rules={RULES}");
        self.demo
            .wicketgate_json(&["trust", "set", name, &permit, &rules])?;
        Ok(())
    }

    /// A browser that was never here.
    fn browser(&self) -> anyhow::Result<Chromium> {
        Chromium::led_there("sts.contoso.localhost", self.gate.address)
    }

    fn signs_in(&mut self, chromium: &Chromium) -> anyhow::Result<()> {
        let code = self.app.code()?;
        for (field, typed) in [
            ("#user-name", self.anna.upn.as_str()),
            ("#password", SECRET),
            ("#code", &code),
        ] {
            chromium.type_into(field, &format!("{typed}\n"))?;
        }
        Ok(())
    }

    fn count(&self, event: &str) -> anyhow::Result<usize> {
        let events = self.demo.wicketgate_json(&["audit", "list"])?;
        Ok(events.iter().filter(|it| it["event"] == event).count())
    }

    fn begins(&self, party: &str) -> String {
        let path = "/adfs/ls/idpinitiatedsignon.aspx?loginToRp=";
        self.demo.url("sts").replace("/adfs/ls/", path) + &party.replace(':', "%3A")
    }
}

/// Waits until the page of a party says something.
fn says(chromium: &Chromium, (host, word): (&str, &str)) -> anyhow::Result<String> {
    let said = until(&format!("{host} does not say {word}"), || {
        let at = chromium.run("return location.host")?;
        let is_there = at.as_str().is_some_and(|it| it.starts_with(host));
        Ok(is_there && chromium.page()?.contains(word))
    });
    said.with_context(|| chromium.page().unwrap_or_default())?;
    chromium.page()
}

#[test]
fn simplesamlphp_takes_whoever_signs_in_by_two_factors() -> anyhow::Result<()> {
    if SimpleSamlPhp::programs().is_none() || Chromium::programs().is_none() {
        let reason = "SimpleSAMLphp, PHP or Chromium is not unpacked";
        return skip::skip("SimpleSAMLphp is a service provider of ours", reason);
    }
    let mut scene = Scene::start()?;
    let known = (IDENTITY_PROVIDER, scene.our_metadata()?);
    let parties = ServiceProviders::start((known.0, &known.1))?;
    let place = format!("{HOST}:{}:127.0.0.1", parties.port);
    for name in ALL {
        let beside = ["--insecure", "--resolve", &place];
        let got = Curl::new(&scene.demo)
            .arguments(&beside)
            .get(&parties.metadata(name))?;
        ensure!(got.status == 200, "{}: {}", got.body, parties.log());
        let file = scene.demo.folder().join(format!("{name}.xml"));
        std::fs::write(&file, &got.body)?;
        scene.trust(name, &file)?;
    }
    let chromium = scene.browser()?;
    // A gate reads its trusts every other second.
    until("nobody is sent to sign in", || {
        chromium.open(&parties.page("plain"))?;
        Ok(chromium.page()?.contains("id=\"user-name\""))
    })?;
    let upn = scene.anna.upn.clone();
    let there = (HOST, upn.as_str());
    scene.signs_in(&chromium)?;
    says(&chromium, there).with_context(|| parties.log())?;
    assert_eq!(scene.count("token-issued")?, 1);
    // Signed, by a redirect and by a form; the assertion is encrypted, as their metadata has a certificate for that.
    for (name, issued) in [("signed", 2), ("posted", 3)] {
        chromium.open(&parties.page(name))?;
        says(&chromium, there).with_context(|| parties.log())?;
        assert_eq!(scene.count("token-issued")?, issued, "{name}");
    }
    chromium.open(&parties.page("passive"))?;
    says(&chromium, there).with_context(|| parties.log())?;
    chromium.open(&parties.page("forced"))?;
    chromium.shown("#user-name")?;
    assert_eq!(scene.count("token-issued")?, 4);
    scene.signs_in(&chromium)?;
    says(&chromium, there).with_context(|| parties.log())?;
    chromium.open(&scene.begins(&ServiceProviders::entity("begun")))?;
    says(&chromium, there).with_context(|| parties.log())?;
    assert_eq!(scene.count("token-issued")?, 6);

    let stranger = scene.browser()?;
    stranger.open(&parties.page("passive"))?;
    says(&stranger, (HOST, "NoPassive")).with_context(|| parties.log())?;
    assert_eq!(scene.count("token-issued")?, 6);
    Ok(())
}

#[test]
fn mod_auth_mellon_takes_whoever_signs_in_by_two_factors() -> anyhow::Result<()> {
    if Mellon::programs().is_none() || Chromium::programs().is_none() {
        let reason = "mod_auth_mellon, Apache or Chromium is not unpacked";
        return skip::skip("mod_auth_mellon is a service provider of ours", reason);
    }
    let mut scene = Scene::start()?;
    let party = Mellon::start(&scene.our_metadata()?)?;
    scene.trust("Intranet", &party.metadata())?;
    let shown = scene.demo.wicketgate_json(&["trust", "show", "Intranet"])?;
    let shown = format!("{shown:?}");
    ensure!(shown.contains("signed_saml_requests_required"), "{shown}");
    let chromium = scene.browser()?;
    until("nobody is sent to sign in", || {
        chromium.open(&party.page())?;
        Ok(chromium.page()?.contains("id=\"user-name\""))
    })
    .with_context(|| party.log())?;
    let upn = scene.anna.upn.clone();
    let there = (mellon::HOST, upn.as_str());
    scene.signs_in(&chromium)?;
    let page = says(&chromium, there).with_context(|| party.log())?;
    ensure!(page.contains(&format!("<p id=\"upn\">{upn}</p>")), "{page}");
    assert_eq!(scene.count("token-issued")?, 1);

    let other = scene.browser()?;
    other.open(&scene.begins(mellon::ENTITY))?;
    scene.signs_in(&other)?;
    says(&other, there).with_context(|| party.log())?;
    assert_eq!(scene.count("token-issued")?, 2);
    assert!(
        scene
            .demo
            .wicketgate(&["audit", "verify"])?
            .status
            .success()
    );
    Ok(())
}
