//! The keys that seal secrets in the store are rotated while people sign in: a new one is put first, everything is sealed by
//! it, the old one is taken out, and nobody is refused.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use e2e::demo::{Demo, binary};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request};
use e2e::until::until;
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const READ: &str = "the key file was read again";
const CLIENTS: u8 = 4;

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        let serve = Serve::start(&demo, |config| config)?;
        Ok(Self { demo, serve, tls })
    }

    fn tell(&self, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
        self.demo.wicketgate_json(arguments)
    }

    fn status(&self, client: u8) -> anyhow::Result<u16> {
        let anna = self.demo.person(0);
        let from = Ipv4Addr::new(127, 0, 0, client);
        let mut raw = Raw::connect_to_from(self.serve.address, &self.tls, MAIL, from)?;
        let signing = Ntlm::modern(&anna, &anna.app_password, 7);
        Ok(signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?.status)
    }

    /// The keys and how many values each of them seals.
    fn keys(&self) -> anyhow::Result<Vec<(String, i64)>> {
        let listed = self.tell(&["key-file", "status"])?;
        let key = |it: &Value| {
            let id = it["key"].as_str().context("a key that the file lacks")?;
            let sealed = it["sealed"].as_object().context("what it seals")?;
            let count = sealed.values().filter_map(Value::as_i64).sum();
            Ok((id.to_owned(), count))
        };
        listed.iter().map(key).collect()
    }
}

#[test]
fn keys_are_rotated_under_load_without_one_failed_sign_in() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (is_over, let_in) = (AtomicBool::new(false), AtomicUsize::new(0));
    let more = |what: &str| {
        let before = let_in.load(Ordering::Relaxed);
        until(what, || {
            Ok(let_in.load(Ordering::Relaxed) > before + 2 * usize::from(CLIENTS))
        })
    };
    let old = scene.keys()?[0].0.clone();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let mut clients = Vec::new();
        for client in 1..=CLIENTS {
            let (scene, is_over, let_in) = (&scene, &is_over, &let_in);
            clients.push(scope.spawn(move || -> anyhow::Result<()> {
                while !is_over.load(Ordering::Relaxed) {
                    assert_eq!(scene.status(client)?, 200, "{}", scene.serve.log());
                    let_in.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }));
        }
        let rotated = rotate(&scene, &old, &more);
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("a client")?;
        }
        rotated
    })?;
    assert_eq!(scene.status(1)?, 200);
    let _ = scene.tell(&["audit", "verify"])?;
    let log = scene.serve.log();
    assert!(!log.contains("tampered"), "{log}");
    Ok(())
}

/// As the guide says it for one gate.
fn rotate(
    scene: &Scene,
    old: &str,
    more: &dyn Fn(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    more("the clients are at it")?;
    let added = scene.tell(&["key-file", "add", "--first"])?;
    let new = added[0]["key"].as_str().context("a key")?.to_owned();
    // Whoever writes next seals by the new key, and every gate meets it.
    let made = [
        "app-password",
        "create",
        "ben@contoso.localhost",
        "--label",
        "r",
    ];
    scene.tell(&[&made[..], &["--scope", "ews"]].concat())?;
    more("with both keys")?;

    let dry = scene.tell(&["key-file", "reseal", "--dry-run"])?;
    assert!(
        dry[0]["tables"]["app_passwords"].as_i64() > Some(0),
        "{dry:?}"
    );
    let refused = scene.demo.wicketgate(&["key-file", "remove", old])?;
    assert_eq!(refused.status.code(), Some(1), "it seals something");
    scene.tell(&["key-file", "reseal"])?;
    more("sealed by the new key")?;
    let keys = scene.keys()?;
    assert_eq!(
        (keys[0].0.as_str(), &keys[1]),
        (new.as_str(), &(old.to_owned(), 0))
    );

    let before = scene.serve.log().matches(READ).count();
    scene.tell(&["key-file", "remove", old])?;
    scene.serve.nth_line(READ, before)?;
    more("without the old key")?;
    let keys = scene.keys()?;
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].0, new);
    scene.serve.hang_up()?;
    more("after the configuration was read anew")
}

/// A gate on another machine to which the newer file was not copied keeps the old key from being taken out.
#[test]
fn a_key_is_not_taken_out_while_a_gate_seals_by_it() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let old = scene.keys()?[0].0.clone();
    let folder = scene.demo.folder();
    let (here, there) = (
        folder.join("wicketgate.keys"),
        folder.join("elsewhere.keys"),
    );
    let copied = || std::fs::copy(&here, &there).map(drop);
    let new = scene.tell(&["key-file", "add"])?;
    let new = new[0]["key"].as_str().context("a key")?.to_owned();
    copied()?;
    let config = std::fs::read_to_string(folder.join("beside.toml"))?;
    let file = folder.join("elsewhere.toml");
    std::fs::write(
        &file,
        config.replace("\"wicketgate.keys\"", "\"elsewhere.keys\""),
    )?;
    let mut command = Command::new(binary()?);
    command.arg("--config").arg(file).arg("serve");
    let elsewhere = Serve::opened_by(command)?;
    scene.tell(&["key-file", "promote", &new])?;
    scene.serve.line(READ)?;
    scene.tell(&["key-file", "reseal"])?;
    let refused = scene.demo.wicketgate(&["key-file", "remove", &old])?;
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("a gate still seals by"), "{said}");
    assert_eq!(scene.keys()?.len(), 2);
    copied()?;
    elsewhere.line(READ)?;
    scene.tell(&["key-file", "remove", &old])?;
    assert_eq!(scene.keys()?.len(), 1);
    let mut acts = scene.tell(&["audit", "list", "--all"])?;
    acts.retain(|it| it["event"] == "sealing-key");
    let acts = acts
        .iter()
        .map(|it| [it["key"].as_str(), it["act"].as_str()]);
    let expected = [
        [Some(&*new), Some("added")],
        [Some(&*new), Some("promoted")],
        [Some(&*old), Some("removed")],
    ];
    assert_eq!(acts.collect::<Vec<_>>(), expected);
    Ok(())
}

/// A file that cannot be used changes nothing, and the log says so.
#[test]
fn a_key_file_that_does_not_open_the_store_is_not_taken() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let file = scene.demo.folder().join("wicketgate.keys");
    let good = std::fs::read_to_string(&file)?;
    let other = "other CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";
    std::fs::write(&file, other)?;
    scene
        .serve
        .line("the key file is not taken, and the old keys go on")?;
    assert_eq!(scene.status(1)?, 200);
    std::fs::write(&file, format!("{good}{other}"))?;
    scene.serve.line(READ)?;
    assert_eq!(scene.status(1)?, 200);
    Ok(())
}
