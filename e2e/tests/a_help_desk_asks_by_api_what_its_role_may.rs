//! Help desks and scripts act for others by the HTTP API: each token has one role, each act its event. curl is the script,
//! and a validator that nobody here wrote reads the document.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use e2e::client::{Curl, Got};
use e2e::demo::{Demo, Person, root};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request};
use e2e::skip::skip;
use e2e::until::until;
use serde_json::{Value, json};

const HOST: &str = "api.contoso.localhost";
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);

/// A gate beside a demo's with an API: one of its listeners is inside, the other outside.
struct Scene {
    demo: Demo,
    gate: Serve,
}

/// What the API answered.
struct Told {
    status: u16,
    body: Value,
}

impl Scene {
    fn open() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let gate = Serve::start(&demo, |config| {
            let inside = "internal_networks = [\"127.0.0.0/8\"]\ncertificate = [";
            let config = config.replacen("certificate = [", inside, 1);
            let outside = "[[listener]]\naddress = \"127.0.0.1:0\"\n\
                certificate = [{ chain = \"gate-ecdsa.pem\", key = \"gate-ecdsa.key\" }]\n";
            format!("{config}\n{outside}\n[api]\nhost = \"{HOST}\"\n")
        })?;
        Ok(Self { demo, gate })
    }

    /// Makes a token; gives its id and itself.
    fn token(&self, role: &str) -> anyhow::Result<(String, String)> {
        let label = format!("the script of the {role}");
        let made = ["api-token", "create", "--role", role, "--expires", "1h"];
        let made = [&made[..], &["--label", &label]].concat();
        named(&self.demo.wicketgate_json(&made)?)
    }

    fn asks(&self, token: &str, what: (&str, &str), body: &Value) -> anyhow::Result<Told> {
        self.asks_at(self.gate.address, token, what, body)
    }

    fn asks_at(
        &self,
        address: SocketAddr,
        token: &str,
        (method, path): (&str, &str),
        body: &Value,
    ) -> anyhow::Result<Told> {
        let port = address.port();
        let authorization = format!("Authorization: Bearer {token}");
        let text = body.to_string();
        let mut curl = Curl::new(&self.demo).arguments(&[
            "--resolve",
            &format!("{HOST}:{port}:127.0.0.1"),
            "--request",
            method,
            "--header",
            &authorization,
        ]);
        if !body.is_null() {
            let kind = "Content-Type: application/json";
            curl = curl.arguments(&["--header", kind, "--data-binary", &text]);
        }
        let url = format!("https://{HOST}:{port}/api/v1{path}");
        let Got { status, body, .. } = curl.get(&url)?;
        let body = serde_json::from_str(&body).unwrap_or_default();
        Ok(Told { status, body })
    }

    fn account(&self, person: &Person) -> String {
        format!("/accounts/{}", person.upn)
    }
}

fn named(made: &[Value]) -> anyhow::Result<(String, String)> {
    let text = |name: &str| made[0][name].as_str().map(str::to_owned);
    let id = text("id").context("an id")?;
    Ok((id, text("api_token").context("a token")?))
}

#[test]
fn s73_each_role_does_what_it_may_and_is_refused_the_rest() -> anyhow::Result<()> {
    let scene = Scene::open()?;
    let anna = scene.account(&scene.demo.person(0));
    let farm = scene.demo.members("exchange");
    let (drain, undrain) = ("/farms/exchange/drain", "/farms/exchange/undrain");
    let none = Value::Null;
    let force = json!({ "force": true });
    let (disable, enable) = (format!("{anna}/disable"), format!("{anna}/enable"));
    let (passwords, code) = (
        format!("{anna}/app-passwords"),
        format!("{anna}/temporary-code"),
    );
    let (passkeys, destinations) = (format!("{anna}/passkeys"), format!("{anna}/destinations"));
    let number = json!({ "by": "sms", "to": "+46701234567" });
    let new = json!({ "label": "by the script", "scope": ["ews"] });
    let invitation = format!("{anna}/invitation");
    // What is asked for, by which roles it may be, and what those get. A token that nobody has is not found.
    let rows: [(&str, &str, &Value, &str, u16); 20] = [
        ("GET", "/self", &none, "htagf", 200),
        ("GET", "/accounts", &none, "hta", 200),
        ("GET", &anna, &none, "hta", 200),
        ("POST", &disable, &none, "h", 200),
        ("POST", &enable, &none, "h", 200),
        ("GET", &passwords, &none, "ha", 200),
        ("POST", &passwords, &new, "h", 201),
        ("POST", &code, &none, "h", 201),
        ("DELETE", &code, &none, "h", 204),
        ("POST", &invitation, &none, "h", 201),
        ("GET", &passkeys, &none, "hta", 200),
        ("PUT", &destinations, &number, "h", 200),
        ("GET", &destinations, &none, "ha", 200),
        ("GET", "/tokens", &none, "hta", 200),
        ("POST", "/tokens/none/block", &none, "ht", 404),
        ("POST", "/tokens/none/unassign", &none, "t", 404),
        ("GET", "/audit", &none, "a", 200),
        ("GET", "/farms", &none, "ga", 200),
        ("POST", drain, &force, "g", 200),
        ("POST", undrain, &none, "g", 200),
    ];
    assert!(!farm.is_empty(), "there is a farm");
    let mut refused = 0;
    for (mark, role) in [
        ('h', "help-desk"),
        ('t', "token-administrator"),
        ('a', "auditor"),
        ('g', "gateway-administrator"),
        ('f', "federation-administrator"),
    ] {
        let (_, token) = scene.token(role)?;
        for (method, path, body, roles, status) in &rows {
            let expected = if roles.contains(mark) { *status } else { 403 };
            let told = scene.asks(&token, (method, path), body)?;
            assert_eq!(
                told.status, expected,
                "{role} {method} {path} {}",
                told.body
            );
            refused += usize::from(expected == 403);
        }
    }
    let events = scene.demo.wicketgate_json(&["audit", "list"])?;
    let of_kind = |kind: &str| {
        let events = events.iter().filter(|it| it["event"] == kind);
        events.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(of_kind("api-act-refused").len(), refused);
    for (kind, role) in [
        ("account-state-changed", "help-desk"),
        ("temporary-code-made", "help-desk"),
        ("invited", "help-desk"),
        ("destination-set", "help-desk"),
        ("member-drained", "gateway-administrator"),
    ] {
        let found = of_kind(kind);
        let actor = format!("api {role} ");
        assert!(!found.is_empty(), "{kind}");
        assert!(found.iter().all(|it| it.contains(&actor)), "{found:?}");
    }
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
fn s73_an_app_password_of_the_api_signs_in_and_its_revocation_ends_what_is_open()
-> anyhow::Result<()> {
    let scene = Scene::open()?;
    let anna = scene.demo.person(0);
    let (_, token) = scene.token("help-desk")?;
    let all = format!("{}/app-passwords", scene.account(&anna));
    let order = json!({ "label": "Pixel 9", "scope": ["ews"], "device": "phone" });
    let made = scene.asks(&token, ("POST", &all), &order)?;
    assert_eq!(made.status, 201, "{}", made.body);
    let app_password = made.body["app_password"].as_str().context("shown once")?;
    let id = made.body["id"].as_str().context("an id")?;
    let config = tls(&scene.demo, &[])?;
    let mail = "mail.contoso.localhost";
    let mut open = Raw::connect(&scene.demo, &config, mail)?;
    let signing = Ntlm::modern(&anna, app_password, 7);
    let request = Request::new(mail, "/EWS/echo");
    let answer = signing.sign_in(&mut open, &request)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let gone = scene.asks(&token, ("DELETE", &format!("{all}/{id}")), &Value::Null)?;
    assert_eq!(gone.status, 204);
    open.tcp().set_read_timeout(Some(WITHIN))?;
    assert!(open.is_closed()?, "what it had open");
    let mut again = Raw::connect(&scene.demo, &config, mail)?;
    assert_eq!(signing.sign_in(&mut again, &request)?.status, 401);
    let events = scene.demo.wicketgate_json(&["audit", "list"])?;
    for kind in ["app-password-created", "app-password-revoked"] {
        let mut found = events.iter().filter(|it| it["event"] == kind);
        let event = found
            .find(|it| it["credential"] == id)
            .context("an event")?;
        let actor = event["actor"].as_str().context("an actor")?;
        assert!(actor.ends_with(" the script of the help-desk"), "{actor}");
    }
    assert!(!format!("{events:?}").contains(app_password));
    Ok(())
}

#[test]
fn s73_a_token_that_is_wrong_revoked_ended_or_from_outside_opens_nothing() -> anyhow::Result<()> {
    let scene = Scene::open()?;
    let (id, token) = scene.token("auditor")?;
    let own = ("GET", "/self");
    let asks = |token: &str| scene.asks(token, own, &Value::Null);
    let told = asks(&token)?;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["role"], "auditor");
    assert_eq!(asks("")?.status, 401);
    assert_eq!(asks(&format!("{token}0"))?.status, 401);
    let outside = scene.gate.others[0];
    let told = scene.asks_at(outside, &token, own, &Value::Null)?;
    assert_eq!(told.status, 404, "{}", told.body);
    let listed = scene.demo.wicketgate_json(&["api-token", "list"])?;
    assert_eq!(listed[0]["id"], id.as_str());
    let (_, secret) = token.rsplit_once('-').context("its form")?;
    assert!(!format!("{listed:?}").contains(secret), "shown once");
    let revoked = scene.demo.wicketgate(&["api-token", "revoke", &id])?;
    assert!(revoked.status.success());
    assert_eq!(asks(&token)?.status, 401, "with the next request");
    let again = scene.demo.wicketgate(&["api-token", "revoke", &id])?;
    assert_eq!(again.status.code(), Some(1));
    for (wrong, status) in [
        (["--role", "root", "--expires", "1h"], 2),
        (["--role", "auditor", "--expires", "367d"], 1),
        (["--role", "auditor", "--expires", "0m"], 1),
    ] {
        let order = [&["api-token", "create", "--label", "x"][..], &wrong].concat();
        let refused = scene.demo.wicketgate(&order)?;
        assert_eq!(refused.status.code(), Some(status), "{wrong:?}");
    }
    assert!(!scene.gate.log().contains(secret), "the log has none");
    Ok(())
}

#[test]
fn s73_a_token_ends_by_itself() -> anyhow::Result<()> {
    const STORY: &str = "an API token ends by itself";
    let libraries = root().join("target/lab-packages/usr/lib");
    let Some(library) = faketime(&libraries) else {
        return skip(STORY, "no libfaketime; `cargo xtask packages` unpacks it");
    };
    let scene = Scene::open()?;
    let order = [
        "api-token",
        "create",
        "--role",
        "auditor",
        "--label",
        "x",
        "--expires",
        "1d",
        "--json",
    ];
    let make = |offset: &str| -> anyhow::Result<String> {
        let mut command = scene.demo.command(&order)?;
        command.env("LD_PRELOAD", &library).env("FAKETIME", offset);
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let made = command.output()?;
        let said = String::from_utf8_lossy(&made.stderr);
        anyhow::ensure!(made.status.success(), "{said}");
        let made: Value = serde_json::from_slice(&made.stdout)?;
        Ok(named(&[made])?.1)
    };
    let (ended, stands) = (make("-25h")?, make("-23h")?);
    let asks = |token: &str| scene.asks(token, ("GET", "/self"), &Value::Null);
    assert_eq!(asks(&ended)?.status, 401);
    assert_eq!(asks(&stands)?.status, 200);
    Ok(())
}

fn faketime(libraries: &std::path::Path) -> Option<PathBuf> {
    let folders = std::fs::read_dir(libraries).ok()?.flatten();
    let mut known = folders.map(|it| it.path().join("faketime/libfaketimeMT.so.1"));
    known.find(|it| it.exists())
}

#[test]
fn s73_a_validator_reads_the_document_and_takes_it() -> anyhow::Result<()> {
    const STORY: &str = "a validator reads the OpenAPI document";
    let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(PathBuf::from);
    let python = root().join(named.unwrap_or_else(|| "target/story-venv/bin/python".into()));
    let imports = ["-c", "import openapi_spec_validator"];
    if !python.exists() || !Command::new(&python).args(imports).status()?.success() {
        let reason = "no Python with openapi-spec-validator; `cargo xtask packages` makes one";
        return skip(STORY, reason);
    }
    let scene = Scene::open()?;
    let (_, token) = scene.token("federation-administrator")?;
    let document = scene.asks(&token, ("GET", "/openapi.json"), &Value::Null)?;
    assert_eq!(document.status, 200);
    let folder = tempfile::tempdir()?;
    let validated = |document: &Value| -> anyhow::Result<bool> {
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, document.to_string())?;
        let validator = ["-m", "openapi_spec_validator"];
        let output = Command::new(&python).args(validator).arg(&file).output()?;
        Ok(output.status.success())
    };
    assert!(validated(&document.body)?);
    let mut broken = document.body.clone();
    broken["paths"]["/api/v1/accounts/{account}"]["get"]["parameters"] = json!([]);
    assert!(!validated(&broken)?, "it would have seen a fault");
    Ok(())
}

#[test]
fn s73_an_api_that_is_not_asked_for_is_not_there() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let gate = Serve::start(&demo, |config| config)?;
    let port = gate.address.port();
    let resolved = format!("{HOST}:{port}:127.0.0.1");
    let curl = Curl::new(&demo).arguments(&["--resolve", &resolved]);
    let got = curl.get(&format!("https://{HOST}:{port}/api/v1/self"))?;
    assert_eq!(got.status, 421, "{}", got.body);
    until("the gate serves what is published", || {
        let mail = format!("mail.contoso.localhost:{port}:127.0.0.1");
        let curl = Curl::new(&demo).arguments(&["--resolve", &mail]);
        let got = curl.get(&format!("https://mail.contoso.localhost:{port}/EWS/"))?;
        Ok(got.status == 401)
    })
}
