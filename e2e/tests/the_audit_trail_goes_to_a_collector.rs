//! `[audit.syslog]`: every event reaches rsyslog over TLS, also those that happened while it was dead, and nobody who signs
//! in waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use e2e::demo::{Demo, plain_request};
use e2e::raw::{Raw, tls};
use e2e::rsyslog::{Driver, Received, Rsyslog};
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use e2e::skip::skip;
use e2e::until::until;
use rustls::ClientConfig;

const MAIL: &str = "mail.contoso.localhost";
/// A name that would end its value, its element and its message.
const ODD: &str = r#"CONTOSO\an]na" x="1" <14>1"#;
/// How many sign in while the collector is dead.
const MEANWHILE: usize = 30;
/// How many before each time that it is killed: whoever guesses is held back, and a story need not wait for that.
const A_FEW: usize = 5;

/// A demo with a gate beside it that ships the trail.
struct Scene {
    demo: Demo,
    tls: Arc<ClientConfig>,
    table: String,
}

impl Scene {
    fn new(table: String) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        Ok(Self { demo, tls, table })
    }

    fn gate(&self) -> anyhow::Result<Serve> {
        Serve::start(&self.demo, |config| {
            format!(
                "{config}\n[metrics]\naddress = \"127.0.0.1:0\"\n{}",
                self.table
            )
        })
    }

    /// What the gate answers to a name and a secret.
    fn status(&self, gate: &Serve, name: &str, secret: &str) -> anyhow::Result<u16> {
        let mut raw = Raw::connect_to(gate.address, &self.tls, MAIL)?;
        let request = Request::new(MAIL, "/EWS/echo").header(&basic(name, secret));
        Ok(raw.exchange(request.text())?.status)
    }

    /// Runs a verb on the configuration of that gate.
    fn tell(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        let file = self.demo.folder().join("beside.toml");
        let file = file.to_str().expect("a folder's name");
        self.demo
            .wicketgate(&[&["--config", file], arguments].concat())
    }

    /// The events of the store by their numbers, each as it was written.
    fn events(&self) -> anyhow::Result<BTreeMap<i64, serde_json::Value>> {
        let listed = self.demo.wicketgate_json(&["audit", "list", "--all"])?;
        let numbered = |mut event: serde_json::Value| {
            let number = event.as_object_mut()?.remove("number")?.as_i64()?;
            Some((number, event))
        };
        Ok(listed.into_iter().filter_map(numbered).collect())
    }
}

/// What a gate counts, by a metric's name.
fn counted(gate: &Serve, metric: &str) -> anyhow::Result<String> {
    let line = gate.line("metrics and health are told")?;
    let (_, address) = line.split_once("address=\"").expect("an address");
    let url = format!("http://{}/metrics", address.trim_end_matches('"'));
    let text = plain_request(&url, "GET")?;
    let mut values = text
        .lines()
        .filter_map(|it| it.strip_prefix(metric)?.strip_prefix(' '));
    Ok(values.next().unwrap_or_default().to_owned())
}

/// The messages by the numbers of their events; one that came twice is the same twice.
fn by_number(received: Vec<Received>) -> BTreeMap<i64, Received> {
    let mut by_number = BTreeMap::new();
    for message in received {
        let number = message.data["number"].parse().expect("a number");
        if let Some(before) = by_number.insert(number, message.clone()) {
            assert_eq!(before, message);
        }
    }
    by_number
}

/// Waits until the collector has every event of the store, and compares them.
fn everything_arrives(scene: &Scene, collector: &Rsyslog) -> anyhow::Result<()> {
    let last = scene
        .events()?
        .keys()
        .next_back()
        .copied()
        .unwrap_or_default();
    until("the collector has everything", || {
        Ok(i64::try_from(by_number(collector.received()?).len())? >= last)
    })?;
    let (events, received) = (scene.events()?, by_number(collector.received()?));
    for (number, event) in events.range(..=last) {
        let message = &received[number];
        let text: serde_json::Value = serde_json::from_str(&message.text)?;
        assert_eq!(text, *event, "{number}");
        assert_eq!(event["event"], message.id.as_str());
    }
    let (first, second) = (&received[&1], &received[&2]);
    assert_eq!(
        first.data["hash"], second.data["previous"],
        "the chain goes along"
    );
    Ok(())
}

#[test]
fn every_event_reaches_rsyslog_also_those_of_while_it_was_dead() -> anyhow::Result<()> {
    if !Rsyslog::is_here() {
        return skip("the audit trail to rsyslog", "rsyslog is not here");
    }
    let mut collector = Rsyslog::start(Driver::OpenSsl)?;
    let scene = Scene::new(collector.table())?;
    let gate = scene.gate()?;
    let anna = scene.demo.person(0);
    assert_eq!(scene.status(&gate, &anna.upn, &anna.app_password)?, 200);
    assert_eq!(scene.status(&gate, ODD, "wrong-secret-canary")?, 401);
    everything_arrives(&scene, &collector)?;
    let received = collector.received()?;
    let mut odd = received
        .iter()
        .filter(|it| it.data.get("name").is_some_and(|name| name == ODD));
    let odd = odd.next_back().expect("who was refused");
    assert_eq!((odd.priority, odd.id.as_str()), (10 * 8 + 4, "refused"));
    assert_eq!(
        (odd.host.as_str(), odd.app.as_str()),
        ("gate1.contoso.com", "wicketgate")
    );
    assert_eq!(odd.data["reason"], "unknown-name");
    until("nothing waits", || {
        Ok(counted(&gate, "wicketgate_audit_unshipped_events")? == "0")
    })?;

    collector.kill()?;
    for _ in 0..MEANWHILE {
        let wrong = scene.status(&gate, &anna.upn, "wrong-secret-canary")?;
        assert_eq!(wrong, 401, "nobody waits for a collector");
    }
    until("what waits is counted", || {
        let waiting = counted(&gate, "wicketgate_audit_unshipped_events")?;
        Ok(waiting.parse::<usize>()? >= MEANWHILE)
    })?;
    gate.line("audit events are not shipped")?;
    let doctor = scene.tell(&["doctor", "--json"])?;
    let found = String::from_utf8(doctor.stdout)?;
    assert!(found.contains(r#""id":"collector-away""#), "{found}");
    let pruned = scene.tell(&["audit", "prune", "--before", "0 minutes"])?;
    assert_eq!(pruned.status.code(), Some(1));
    let said = String::from_utf8(pruned.stderr)?;
    assert!(said.contains("has the trail up to event"), "{said}");
    // The gate dies as well; the store remembers what the collector has.
    gate.kill()?;
    let gate = scene.gate()?;
    collector.run()?;
    everything_arrives(&scene, &collector)?;
    until("nothing waits", || {
        Ok(counted(&gate, "wicketgate_audit_unshipped_events")? == "0")
    })?;
    let written = collector.written();
    for secret in [
        "wrong-secret-canary",
        &anna.app_password,
        &anna.domain_password,
    ] {
        assert!(!written.contains(secret), "{secret} is in a message");
    }
    let pruned = scene.tell(&["audit", "prune", "--before", "0 minutes"])?;
    let said = String::from_utf8(pruned.stderr)?;
    assert!(pruned.status.success(), "{said}");
    let verified = scene.tell(&["audit", "verify"])?;
    assert!(String::from_utf8(verified.stdout)?.contains("which is sealed"));
    Ok(())
}

#[test]
fn a_collector_that_is_killed_while_it_receives_gets_it_all_in_the_end() -> anyhow::Result<()> {
    if !Rsyslog::is_here() {
        return skip("a collector that is killed", "rsyslog is not here");
    }
    let mut collector = Rsyslog::start(Driver::OpenSsl)?;
    let scene = Scene::new(collector.table())?;
    let gate = scene.gate()?;
    let anna = scene.demo.person(0);
    for _ in 0..5 {
        for _ in 0..A_FEW {
            assert_eq!(scene.status(&gate, &anna.upn, "wrong")?, 401);
        }
        until("something arrives", || Ok(!collector.written().is_empty()))?;
        collector.kill()?;
        assert_eq!(scene.status(&gate, &anna.upn, "wrong")?, 401);
        collector.run()?;
    }
    everything_arrives(&scene, &collector)
}

#[test]
fn a_collector_that_only_closes_is_one_where_that_is_configured() -> anyhow::Result<()> {
    if !Rsyslog::is_here() {
        return skip("rsyslog with gtls", "rsyslog is not here");
    }
    let collector = Rsyslog::start(Driver::GnuTls)?;
    let scene = Scene::new(format!("{}receipt = \"end\"\n", collector.table()))?;
    let gate = scene.gate()?;
    everything_arrives(&scene, &collector)?;
    until("nothing waits", || {
        Ok(counted(&gate, "wicketgate_audit_unshipped_events")? == "0")
    })
}
