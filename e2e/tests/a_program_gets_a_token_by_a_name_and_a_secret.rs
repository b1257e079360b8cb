//! The active way: MSAL, which nobody here wrote, finds `usernamemixed` in our description and gets a token by a name, a
//! memorised secret and a code, in both dialects of WS-Trust; xmlsec1 verifies it. Whatever is wrong gets a fault that does not
//! say what.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use e2e::browser::{App, SECRET, enrolled};
use e2e::client::Curl;
use e2e::demo::{Demo, Person, plain_request, root};
use e2e::serve::Serve;
use e2e::skip::skip;
use serde_json::{Value, json};

use crate::a_browser_signs_in_for_a_party::{certificate_of, xmlsec1};

const STORY: &str = "a_program_gets_a_token_by_a_name_and_a_secret";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:1.0:assertion:Assertion";

/// A gate whose active endpoints are on, and somebody with a secret and an app.
struct Scene {
    demo: Demo,
    gate: Serve,
    anna: Person,
    app: App,
    audience: String,
}

impl Scene {
    fn start() -> anyhow::Result<Self> {
        Self::under(|_| String::new())
    }

    /// One with these lines before all others of its policy, which may be about the party.
    fn under(lines: impl FnOnce(&str) -> String) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let anna = demo.person(0);
        let (_, app, _) = enrolled(&demo, &anna)?;
        let mex = demo.url("mex");
        let web = mex.replace("/WebTicket/WebTicketService.svc/mex", "");
        let audience = format!("{web}/passiveauth");
        let first = format!("{}[[policy]]", lines(&audience));
        let gate = Serve::start(&demo, |config| {
            let on = config.replace("\n[sts]\n", "\n[sts]\nusernamemixed = true\n");
            assert_ne!(on, config, "the demo's [sts]");
            let on = on.replacen("[[policy]]", &first, 1);
            on + "\n[metrics]\naddress = \"127.0.0.1:0\"\n"
        })?;
        Ok(Self {
            audience,
            demo,
            gate,
            anna,
            app,
        })
    }

    fn address(&self, path: &str) -> String {
        self.demo.url("sts").replace("/adfs/ls/", path)
    }

    /// What MSAL gets.
    fn asked(&self, told: &Value) -> anyhow::Result<Value> {
        let python = root().join("target/story-venv/bin/python");
        let mut all = json!({
            "mex": self.address("/adfs/services/trust/mex"),
            "port": self.gate.address.port(),
            "ca": self.demo.folder().join("ca.pem"),
            "username": self.anna.upn,
            "audience": self.audience,
            "is_old": false,
        });
        for (key, value) in told.as_object().context("an object")? {
            all[key] = value.clone();
        }
        let mut child = Command::new(python)
            .arg(root().join("e2e/clients/wstrust.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("a standard input")?;
        input.write_all(all.to_string().as_bytes())?;
        drop(input);
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn refused(&self, told: &Value) -> anyhow::Result<String> {
        let got = self.asked(told)?;
        let said = got["refused"].as_str();
        Ok(said.with_context(|| got.to_string())?.to_owned())
    }

    fn count(&self, event: &str) -> anyhow::Result<usize> {
        let events = self.demo.wicketgate_json(&["audit", "list"])?;
        Ok(events.iter().filter(|it| it["event"] == event).count())
    }
}

fn has_msal() -> anyhow::Result<bool> {
    let python = root().join("target/story-venv/bin/python");
    let imports = ["-c", "import msal"];
    if python.exists() && Command::new(&python).args(imports).status()?.success() {
        return Ok(true);
    }
    skip(STORY, "no Python with msal; `cargo xtask test` makes one")?;
    Ok(false)
}

#[test]
fn msal_gets_a_token_in_both_dialects_and_no_code_is_taken_twice() -> anyhow::Result<()> {
    if !has_msal()? {
        return Ok(());
    }
    let mut scene = Scene::start()?;
    let certificate = certificate_of(&scene.demo)?;
    let mut before = None;
    for is_old in [false, true] {
        let typed = format!("{SECRET}{}", scene.app.code()?);
        let told = json!({"password": typed, "is_old": is_old});
        let got = scene.asked(&told)?;
        let token = got["token"].as_str().with_context(|| got.to_string())?;
        assert_eq!(got["type"], "urn:oasis:names:tc:SAML:1.0:assertion");
        let file = scene.demo.folder().join("active.xml");
        std::fs::write(&file, token)?;
        xmlsec1(&certificate, ["AssertionID", ASSERTION], &file)?;
        let sid = scene.demo.text("/users/0/sid");
        assert!(
            token.contains(&format!("<saml:AttributeValue>{sid}<")),
            "{token}"
        );
        assert!(token.contains(&format!("<saml:Audience>{}<", scene.audience)));
        ensure!(
            before.replace(token.to_owned()) != Some(token.to_owned()),
            "a new one each time"
        );
        let id = token.split("AssertionID=\"").nth(1).context("an id")?;
        let id = id.split('"').next().context("its end")?;
        let found = scene.demo.wicketgate(&["ledger", "find", id])?;
        assert!(found.status.success(), "{found:?}");
    }
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

#[test]
fn whatever_is_wrong_gets_one_fault_and_no_token() -> anyhow::Result<()> {
    if !has_msal()? {
        return Ok(());
    }
    let mut scene = Scene::start()?;
    let code = scene.app.code()?;
    let anna = scene.anna.clone();
    let mut faults = Vec::new();
    for (username, password) in [
        (anna.upn.as_str(), format!("{}{code}", anna.domain_password)),
        (anna.upn.as_str(), SECRET.to_owned()),
        (anna.upn.as_str(), anna.app_password.clone()),
        (anna.upn.as_str(), format!("not the secret{code}")),
        ("nobody@contoso.localhost", format!("{SECRET}{code}")),
    ] {
        let said = scene.refused(&json!({"username": username, "password": password}))?;
        assert!(said.contains("FailedAuthentication"), "{said}");
        faults.push(
            said.split(" Activity ID")
                .next()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    faults.dedup();
    assert_eq!(faults.len(), 1, "{faults:?}");
    let typed = format!("{SECRET}{code}");
    let elsewhere = json!({"password": typed, "audience": "urn:unknown"});
    let said = scene.refused(&elsewhere)?;
    assert!(said.contains("InvalidScope"), "{said}");
    assert_eq!(scene.count("token-issued")?, 0);
    // The code was spent by none of them.
    let got = scene.asked(&json!({"password": typed}))?;
    assert!(got["token"].is_string(), "{got}");
    Ok(())
}

/// Which is enough, the policy says: outside an app password and a code, where its scope is for that.
#[test]
fn msal_gets_a_token_by_an_app_password_and_a_code() -> anyhow::Result<()> {
    if !has_msal()? {
        return Ok(());
    }
    let mut scene = Scene::start()?;
    let anna = scene.anna.clone();
    let code = scene.app.code()?;
    let made = scene.demo.wicketgate_json(&[
        "app-password",
        "create",
        &anna.upn,
        "--label",
        "mail",
        "--scope",
        "ews",
    ])?;
    let of_mail = made.first().and_then(|it| it["app_password"].as_str());
    let of_mail = format!("{}{code}", of_mail.context("an app password")?);
    for typed in [anna.app_password.clone(), of_mail] {
        let said = scene.refused(&json!({"password": typed}))?;
        assert!(said.contains("FailedAuthentication"), "{said}");
    }
    let typed = format!("{}{code}", anna.app_password);
    let got = scene.asked(&json!({"password": typed}))?;
    let token = got["token"].as_str().with_context(|| got.to_string())?;
    let sid = scene.demo.text("/users/0/sid");
    assert!(
        token.contains(&format!("<saml:AttributeValue>{sid}<")),
        "{token}"
    );
    let reasons = scene.demo.wicketgate_json(&["audit", "list"])?;
    let reasons: Vec<&str> = reasons
        .iter()
        .filter(|it| it["event"] == "refused")
        .filter_map(|it| it["reason"].as_str())
        .collect();
    assert_eq!(reasons, ["code-missing", "out-of-scope"]);
    // Programs are counted by their own channel.
    let line = scene.gate.line("metrics and health are told")?;
    let (_, metrics) = line.split_once("address=\"").context("an address")?;
    let metrics = format!("http://{}/metrics", metrics.trim_end_matches('"'));
    let counted = plain_request(&metrics, "GET")?;
    for (channel, outcome, number) in [
        ("username-token", "accepted", Some(1)),
        ("username-token", "refused", Some(2)),
        ("page", "accepted", Some(0)),
    ] {
        let name =
            format!("wicketgate_sign_ins_total{{channel=\"{channel}\",outcome=\"{outcome}\"}} ");
        let mut lines = counted.lines();
        let found = lines.find_map(|line| line.strip_prefix(&name)?.parse().ok());
        assert_eq!(found, number, "{channel} {outcome}: {counted}");
    }
    Ok(())
}

/// A line of the policy that names a party decides for whoever asks for it, and for nobody else; what names no party is told.
#[test]
fn s79_a_line_about_a_party_decides_for_its_programs_and_is_explained_and_proved()
-> anyhow::Result<()> {
    if !has_msal()? {
        return Ok(());
    }
    let line = |party: &str| {
        format!(
            "[[policy]]\nparties = [\"{party}\"]\nmethods = [\"memorised-secret + one-time-code\"]\n\n"
        )
    };
    let mut scene = Scene::under(line)?;
    let anna = scene.anna.clone();
    // Elsewhere an app password and a code are enough, and for this party they are not.
    let code = scene.app.code()?;
    let by_app_password = format!("{}{code}", anna.app_password);
    let said = scene.refused(&json!({"password": by_app_password}))?;
    assert!(said.contains("FailedAuthentication"), "{said}");
    let by_secret = format!("{SECRET}{code}");
    let got = scene.asked(&json!({"password": by_secret}))?;
    assert!(got["token"].is_string(), "{got}");

    let listed = scene.demo.wicketgate_json(&["trust", "list"])?;
    let is_it = |it: &&Value| {
        let identifiers = it["identifiers"].as_array();
        identifiers.is_some_and(|all| all.contains(&json!(scene.audience)))
    };
    let name = listed.iter().find(is_it).and_then(|it| it["name"].as_str());
    let name = name.context("the trust of the pool")?;
    let beside = scene.demo.folder().join("beside.toml");
    let config = beside.display().to_string();
    let told = |arguments: &[&str]| -> anyhow::Result<String> {
        let all = [&["--config", config.as_str()][..], arguments].concat();
        let output = scene.demo.wicketgate(&all)?;
        Ok(String::from_utf8([output.stdout, output.stderr].concat())?)
    };
    let said = told(&[
        "policy", "explain", "--user", &anna.upn, "--from", "external", "--to", name,
    ])?;
    let decided = format!("parties: {name} (the rule: {})", scene.audience);
    assert!(said.contains(&decided), "{said}");
    assert!(
        said.contains("allowed with a one-time code and a memorised secret"),
        "{said}"
    );
    let text = std::fs::read_to_string(&beside)?;
    let misspelt = text.replacen("parties = [", "parties = [\"Payrol\", ", 1);
    std::fs::write(&beside, misspelt)?;
    let proved = told(&["policy", "prove"])?;
    let nobody = "no relying party trust here is called `Payrol`";
    assert!(proved.contains(nobody), "{proved}");
    let found = told(&["doctor", "--json"])?;
    assert!(found.contains("policy.unknown-party"), "{found}");
    Ok(())
}

/// Nothing is there unless it is asked for.
#[test]
fn where_it_is_not_switched_on_nothing_is_there() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    for path in [
        "/adfs/services/trust/mex",
        "/adfs/services/trust/13/usernamemixed",
        "/adfs/services/trust/2005/usernamemixed",
    ] {
        let address = demo.url("sts").replace("/adfs/ls/", path);
        assert_eq!(Curl::new(&demo).get(&address)?.status, 404, "{path}");
    }
    Ok(())
}
