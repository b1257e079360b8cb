//! Several gates on one PostgreSQL: what one counts or revokes holds at all of them, and a server that goes away
//! lets nobody in and takes nothing with it that was answered.

mod killed;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::Context;
use e2e::apart::Apart;
use e2e::browser::{App, Browser, hidden};
use e2e::client::Got;
use e2e::demo::{Demo, plain_request};
use e2e::postgres::{self, Postgres};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::until::until;
use proto::otp::{Generator, KeyUri};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ClientConfig;

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const CLIENTS: u8 = 8;
const GUESSES: u64 = 10;
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);

/// A demo whose store was moved to a server.
struct Scene<'a> {
    demo: Demo,
    tls: Arc<ClientConfig>,
    server: &'a Postgres,
    address: String,
}

impl<'a> Scene<'a> {
    /// Moves a demo's store as an operator does: a backup is copied into an empty database.
    fn moved_to(server: &'a Postgres) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let backup = demo.folder().join("moved.db");
        let backup = backup.to_str().context("a folder's name")?;
        demo.wicketgate_json(&["db", "backup", backup])?;
        let address = server.database()?;
        let copied = demo.wicketgate_json(&["db", "copy", "--from", backup, "--to", &address])?;
        let copied = copied.first().context("what was copied")?;
        assert_eq!(copied["tables"]["accounts"], 2);
        assert!(copied["trail"].as_i64() > Some(0), "{copied}");
        let tls = tls(&demo, &[])?;
        Ok(Self {
            demo,
            tls,
            server,
            address,
        })
    }

    /// Starts a gate on the server.
    fn gate(&self) -> anyhow::Result<Serve> {
        Serve::start(&self.demo, |config| self.configured(&config))
    }

    fn configured(&self, config: &str) -> String {
        let lines = config
            .lines()
            .map(|line| match line.starts_with("file = ") {
                true => format!("postgres = \"{}\"", self.address),
                false => line.to_owned(),
            });
        let lines: Vec<_> = lines.collect();
        format!(
            "{}\n[metrics]\naddress = \"127.0.0.1:0\"\n",
            lines.join("\n")
        )
    }

    /// Runs a verb on the configuration of the gates.
    fn tell(&self, arguments: &[&str]) -> anyhow::Result<Vec<serde_json::Value>> {
        let file: PathBuf = self.demo.folder().join("beside.toml");
        let file = file.to_str().context("a folder's name")?;
        let config = ["--config", file];
        self.demo.wicketgate_json(&[&config, arguments].concat())
    }

    fn sql(&self, text: &str) -> anyhow::Result<String> {
        let (_, name) = self.address.rsplit_once("@/").context("an address")?;
        let (name, _) = name.split_once('?').context("an address")?;
        Ok(self.server.sql(name, text)?)
    }

    fn connect(&self, gate: SocketAddr, from: Ipv4Addr) -> anyhow::Result<Raw> {
        Raw::connect_to_from(gate, &self.tls, MAIL, from)
    }

    /// What Anna is answered at a gate.
    fn status(&self, gate: SocketAddr) -> anyhow::Result<u16> {
        let anna = self.demo.person(0);
        let mut raw = self.connect(gate, Ipv4Addr::LOCALHOST)?;
        let signing = Ntlm::modern(&anna, &anna.app_password, 7);
        Ok(signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?.status)
    }
}

/// Where a gate tells how it is.
fn told(gate: &Serve) -> anyhow::Result<String> {
    let line = gate.line("metrics and health are told")?;
    let (_, address) = line.split_once("address=\"").context("an address")?;
    let url = format!("http://{}/readyz", address.trim_end_matches('"'));
    plain_request(&url, "GET")
}

#[test]
fn s42_guesses_split_over_three_gates_are_one_counter() -> anyhow::Result<()> {
    let Some(server) = postgres::shared("several gates on PostgreSQL") else {
        return Ok(());
    };
    let scene = Scene::moved_to(server)?;
    let gates = [scene.gate()?, scene.gate()?, scene.gate()?];
    let anna = scene.demo.person(0);
    let refused: u64 = std::thread::scope(|scope| {
        let mut guessers = Vec::new();
        for (number, gate) in (1..).zip(&gates) {
            for client in 1..=CLIENTS {
                let (scene, anna) = (&scene, &anna);
                guessers.push(scope.spawn(move || {
                    let from = Ipv4Addr::new(127, number, client, 1);
                    let mut raw = scene.connect(gate.address, from)?;
                    let mut refused = 0;
                    for guess in 0..GUESSES {
                        let secret = format!("wrong-{number}-{client}-{guess}");
                        let request = Request::new(MAIL, ECHO);
                        let request = request.header(&basic(&anna.upn, &secret));
                        refused += u64::from(raw.exchange(request.text())?.status == 401);
                    }
                    anyhow::Ok(refused)
                }));
            }
        }
        let joined = guessers.into_iter();
        joined
            .map(|guesser| guesser.join().expect("a guesser"))
            .sum::<anyhow::Result<u64>>()
    })?;
    assert_eq!(refused, 3 * u64::from(CLIENTS) * GUESSES);
    let counted = scene.sql(
        "SELECT c.running + c.ended FROM counters c JOIN accounts a ON a.id = c.name
        WHERE c.kind = 'account' AND a.sam = 'anna'",
    )?;
    assert_eq!(counted, refused.to_string(), "one counter for all gates");
    let events = scene.tell(&["audit", "list", "--count", "100000"])?;
    let guesses = events.iter().filter(|event| event["event"] == "refused");
    assert_eq!(guesses.count(), usize::try_from(refused)?);
    let _ = scene.tell(&["audit", "verify"])?;
    for gate in &gates {
        assert_eq!(scene.status(gate.address)?, 200, "Anna notices nothing");
        assert_eq!(told(gate)?, "ready\n");
    }
    Ok(())
}

#[test]
fn s42_what_is_revoked_ends_at_every_gate_within_two_seconds() -> anyhow::Result<()> {
    let Some(server) = postgres::shared("several gates on PostgreSQL") else {
        return Ok(());
    };
    let scene = Scene::moved_to(server)?;
    let gates = [scene.gate()?, scene.gate()?];
    let anna = scene.demo.person(0);
    let mut open = Vec::new();
    for gate in &gates {
        let mut raw = scene.connect(gate.address, Ipv4Addr::LOCALHOST)?;
        let signing = Ntlm::modern(&anna, &anna.app_password, 7);
        let answer = signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
        assert_eq!(answer.status, 200);
        open.push(raw);
    }
    let passwords = scene.tell(&["app-password", "list", &anna.upn])?;
    let id = passwords.first().and_then(|it| it["id"].as_str());
    scene.tell(&["app-password", "revoke", id.context("an app password")?])?;
    for mut raw in open {
        assert!(!raw.is_open(WITHIN)?, "it is open still");
    }
    for gate in &gates {
        assert_eq!(scene.status(gate.address)?, 401);
    }
    Ok(())
}

/// A balancer leads each request of a browser to another gate: what one asks, another takes the answer to, once.
#[test]
fn s42_a_browser_is_signed_in_at_every_gate_whichever_asked() -> anyhow::Result<()> {
    let Some(server) = postgres::shared("pages of several gates on PostgreSQL") else {
        return Ok(());
    };
    let scene = Scene::moved_to(server)?;
    let gates = [scene.gate()?, scene.gate()?, scene.gate()?];
    let addresses = || gates.iter().map(|gate| gate.address).collect();
    let anna = scene.demo.person(0);
    let invited = scene.tell(&["user", "invite", &anna.upn])?;
    let link = invited.first().and_then(|it| it["link"].as_str());
    let browser = Browser::in_turn(&scene.demo, addresses())?;
    let path = link.and_then(|link| link.strip_prefix(&browser.origin));
    let welcome = browser.open(path.context("a link to the portal")?)?;
    let invitation = hidden(&welcome, "invitation").context("an invitation")?;
    let choose = browser.send(&welcome, "/invitation", &[("invitation", &invitation)])?;
    let secret = "fyra hästar i hagen";
    let both = [("Password", secret), ("Again", secret)];
    let connect = browser.send(&choose, "/sign-in", &both)?;
    let mut app = App::of(&connect)?;
    let portal = browser.send(&connect, "/sign-in", &[("Code", &app.code()?)])?;
    let is_in = |page: &Got| page.body.contains("My devices and tokens");
    assert!(is_in(&portal), "{}", portal.body);
    for _ in &gates {
        assert!(is_in(&browser.open("/")?), "at every gate");
    }

    let other = Browser::in_turn(&scene.demo, addresses())?;
    let code = app.code()?;
    let portal = other.signs_in(&anna.upn, secret, &code)?;
    assert!(is_in(&portal), "{}", portal.body);
    let third = Browser::in_turn(&scene.demo, addresses())?;
    let spent = third.signs_in(&anna.upn, secret, &code)?;
    assert!(spent.body.contains("That did not match"), "{}", spent.body);
    let out = browser.send(&browser.open("/")?, "/sign-out", &[])?;
    assert!(out.body.contains("You are signed out"), "{}", out.body);
    for _ in &gates {
        assert!(!is_in(&browser.open("/")?), "and out of every gate");
        assert!(is_in(&other.open("/")?), "the other one goes on");
    }
    scene.tell(&["secret", "remove", &anna.upn])?;
    for _ in &gates {
        assert!(!is_in(&other.open("/")?), "its secret is gone");
    }
    let _ = scene.tell(&["audit", "verify"])?;
    Ok(())
}

/// What is typed is an app password and the code of a button: one code, one place, whichever gateway is asked and
/// whatever keeps the store.
#[test]
fn s42_a_code_is_used_once_where_the_authentication_server_has_a_database() -> anyhow::Result<()> {
    let Some(server) = postgres::shared("an authentication server on PostgreSQL") else {
        return Ok(());
    };
    let scene = Scene::moved_to(server)?;
    let mut apart = Apart::beside(&scene.demo);
    apart.keep_in(&scene.address);
    apart.ask_for("app-password + one-time-code");
    apart.list("dmz1")?;
    apart.list("dmz2")?;
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let authn = apart.server(anywhere)?;
    let gates = [
        apart.gateway("dmz1", authn.address)?,
        apart.gateway("dmz2", authn.address)?,
    ];
    let file = scene.demo.folder().join("authn.toml");
    let file = file.to_str().context("a folder's name")?;
    let tell = |arguments: &[&str]| {
        let config = ["--config", file];
        scene.demo.wicketgate_json(&[&config, arguments].concat())
    };
    let anna = scene.demo.person(0);
    let made = tell(&["token", "enrol", &anna.upn, "--counter"])?;
    let uri = made.first().and_then(|made| made["uri"].as_str());
    let uri = KeyUri::parse(uri.context("a URI")?)?;
    let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
    let code = |counter| generator.code(counter).shown().expose().clone();
    tell(&["token", "confirm", &anna.upn, &code(0)])?;
    let status = |gate: &Serve, typed: &str, from: u8| -> anyhow::Result<u16> {
        let mut raw = scene.connect(gate.address, Ipv4Addr::new(127, 0, 0, from))?;
        let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, typed));
        Ok(raw.exchange(request.text())?.status)
    };
    for (counter, [here, there]) in (1..).zip([[0, 1], [1, 0]]) {
        assert_eq!(status(&gates[here], &anna.app_password, 1)?, 401, "no code");
        let typed = format!("{}{}", anna.app_password, code(counter));
        assert_eq!(status(&gates[here], &typed, 1)?, 200);
        assert_eq!(status(&gates[there], &typed, 1)?, 200, "the same client");
        assert_eq!(status(&gates[there], &typed, 2)?, 401, "another client");
    }
    let events = tell(&["audit", "list", "--count", "100000"])?;
    let evaluated = events.iter().filter(|it| it["event"] == "code-accepted");
    assert_eq!(evaluated.count(), 2, "each once");
    let spent = scene.sql("SELECT next_step FROM otp_tokens")?;
    assert_eq!(spent, "3");
    assert_eq!(scene.sql("SELECT COUNT(*) FROM second_factors")?, "1");
    let _ = tell(&["audit", "verify"])?;
    Ok(())
}

/// A certificate for an address of this machine or for a name, by an authority: both as PEM, and the key.
fn certified(name: &str) -> anyhow::Result<(String, String, String)> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, authority_key)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &issuer)?;
    Ok((issuer.pem(), certificate.pem(), key.serialize_pem()))
}

#[test]
fn a_database_that_does_not_prove_its_name_is_not_spoken_to() -> anyhow::Result<()> {
    if postgres::shared("a database by TLS").is_none() {
        return Ok(());
    }
    let demo = Demo::start()?;
    let backup = demo.folder().join("moved.db");
    let backup = backup.to_str().context("a folder's name")?;
    demo.wicketgate_json(&["db", "backup", backup])?;
    for (number, name) in ["127.0.0.1", "another.contoso.com"].into_iter().enumerate() {
        let (authority, certificate, key) = certified(name)?;
        let (other, ..) = certified(name)?;
        let (ours, theirs) = (
            demo.folder().join(format!("ca-{number}.pem")),
            demo.folder().join(format!("other-{number}.pem")),
        );
        std::fs::write(&ours, authority)?;
        std::fs::write(&theirs, other)?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let server = Postgres::start_with_tls(port, &certificate, &key)?;
        let copy = |authorities: &std::path::Path, mode: &str| -> anyhow::Result<String> {
            server.database()?;
            let name = server.sql(
                "postgres",
                "SELECT MAX(datname) FROM pg_database WHERE datname LIKE 'test%'",
            )?;
            let keys = format!("sslmode={mode}&sslrootcert={}", authorities.display());
            let to = format!("postgres://wicketgate@127.0.0.1:{port}/{name}?{keys}");
            let output = demo.wicketgate(&["db", "copy", "--from", backup, "--to", &to])?;
            Ok(match output.status.success() {
                true => "copied".to_owned(),
                false => String::from_utf8(output.stderr)?,
            })
        };
        let is_its_name = number == 0;
        let said = copy(&ours, "verify-full")?;
        assert_eq!(said == "copied", is_its_name, "{said}");
        assert_eq!(copy(&ours, "verify-ca")?, "copied");
        for mode in ["verify-full", "verify-ca"] {
            let said = copy(&theirs, mode)?;
            assert!(said.contains("certificate"), "{said}");
        }
        assert_eq!(copy(&theirs, "require")?, "copied");
        let said = copy(&theirs, "disable")?;
        assert!(
            said.contains("no pg_hba.conf entry"),
            "the server takes nobody in clear: {said}"
        );
    }
    Ok(())
}

/// An answer that a client held in its hands is in the trail, by the id that the answer bore.
#[test]
fn s42_a_database_that_is_killed_lets_nobody_in_and_loses_nothing() -> anyhow::Result<()> {
    if postgres::shared("a database that is killed").is_none() {
        return Ok(());
    }
    let server = Postgres::start()?;
    let scene = Scene::moved_to(&server)?;
    let gates = [scene.gate()?, scene.gate()?];
    let anna = scene.demo.person(0);
    let (sender, told_to_clients) = channel();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let mut clients = Vec::new();
        for (number, gate) in (1..).zip(&gates) {
            for client in 1..=4 {
                let (scene, anna, sender) = (&scene, &anna, sender.clone());
                clients.push(scope.spawn(move || -> anyhow::Result<()> {
                    loop {
                        let from = Ipv4Addr::new(127, number, client, 1);
                        let mut raw = scene.connect(gate.address, from)?;
                        let signing = Ntlm::plain(anna, &anna.app_password, 7);
                        let answer = signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
                        if answer.status == 503 {
                            return Ok(());
                        }
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        let activity = answer.header("x-wicketgate-activity");
                        sender.send(activity.context("an activity id")?.to_owned())?;
                    }
                }));
            }
        }
        drop(sender);
        let mut seen = BTreeSet::new();
        for activity in told_to_clients.iter().take(40) {
            seen.insert(activity);
        }
        server.kill()?;
        for client in clients {
            client.join().expect("a client")?;
        }
        seen.extend(told_to_clients.iter());
        for gate in &gates {
            assert_eq!(scene.status(gate.address)?, 503, "nobody is let in");
            assert!(
                told(gate)?.contains("the store"),
                "and the balancer hears of it"
            );
        }
        server.start_again()?;
        for gate in &gates {
            until("the gate comes back by itself", || {
                Ok(scene.status(gate.address)? == 200 && told(gate)? == "ready\n")
            })?;
        }
        let events = scene.tell(&["audit", "list", "--count", "100000"])?;
        let kept: BTreeSet<_> = events
            .iter()
            .filter_map(|event| event["activity"].as_str())
            .map(str::to_owned)
            .collect();
        let lost: Vec<_> = seen.difference(&kept).collect();
        assert!(lost.is_empty(), "{lost:?}");
        Ok(())
    })?;
    let _ = scene.tell(&["audit", "verify"])?;
    Ok(())
}
