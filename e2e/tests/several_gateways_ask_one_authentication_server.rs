//! Two gateways that hold no secret, and the authentication server that both ask (S41, S42): what is known at one is
//! known at the other, and without it nobody is let in.

mod nothing_kept;
mod the_page;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::apart::Apart;
use e2e::demo::{Demo, Person, plain_request};
use e2e::memory;
use e2e::messages::{asks_with_token, assertion_in, opaque};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::ticket::{USER_LINK, WEB, bearer, by_grant, by_ntlm};
use e2e::until::until;
use proto::ntlm::NtHash;
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
/// Design 13: revoking reaches everything within this time, and nobody waits longer for a no.
const WITHIN: Duration = Duration::from_secs(2);
/// At how many failures in a quarter of an hour an account's alarm is raised (`authn::lockout`).
const ALARM: u64 = 100;

/// One authentication server and two gateways.
struct Scene<'a> {
    apart: Apart<'a>,
    server: Serve,
    gateways: [Serve; 2],
    tls: Arc<ClientConfig>,
}

impl<'a> Scene<'a> {
    fn beside(demo: &'a Demo) -> anyhow::Result<Self> {
        let mut apart = Apart::beside(demo);
        apart.list("dmz1")?;
        apart.list("dmz2")?;
        let server = apart.server(SocketAddr::from(ANYWHERE))?;
        let gateways = [
            apart.gateway("dmz1", server.address)?,
            apart.gateway("dmz2", server.address)?,
        ];
        Ok(Self {
            tls: tls(demo, &[])?,
            apart,
            server,
            gateways,
        })
    }

    fn connect(&self, gateway: usize, host: &str) -> anyhow::Result<Raw> {
        Raw::connect_to(self.gateways[gateway].address, &self.tls, host)
    }

    /// The status that somebody gets by NTLM at a gateway, on a connection that stays.
    fn by_ntlm(&self, gateway: usize, person: &Person) -> anyhow::Result<(Raw, u16)> {
        let mut raw = self.connect(gateway, MAIL)?;
        let signing = Ntlm::modern(person, &person.app_password, 7);
        let answer = signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
        Ok((raw, answer.status))
    }

    /// The status that a password gets by Basic.
    fn by_basic(&self, gateway: usize, (person, password): (&Person, &str)) -> anyhow::Result<u16> {
        let mut raw = self.connect(gateway, MAIL)?;
        let request = Request::new(MAIL, ECHO).header(&basic(&person.upn, password));
        Ok(raw.exchange(request.text())?.status)
    }
}

fn events(demo: &Demo, kind: &str) -> anyhow::Result<Vec<Value>> {
    let mut events = demo.wicketgate_json(&["audit", "list", "--count", "100000"])?;
    events.retain(|event| event["event"] == kind);
    Ok(events)
}

#[test]
fn s41_s42_every_way_in_works_through_either_gateway_and_a_ticket_of_one_is_known_at_the_other()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let scene = Scene::beside(&demo)?;
    let anna = demo.person(0);
    for (here, there) in [(0, 1), (1, 0)] {
        assert_eq!(scene.by_ntlm(here, &anna)?.1, 200);
        assert_eq!(scene.by_basic(here, (&anna, &anna.app_password))?, 200);
        assert_eq!(scene.by_basic(here, (&anna, &anna.domain_password))?, 401);

        let mut raw = scene.connect(here, WEB)?;
        let ticket = by_ntlm(&mut raw, WEB, &demo, (&anna, &anna.app_password))?;
        let user = Request::new(WEB, USER_LINK).header(&opaque(&ticket));
        let answer = scene.connect(there, WEB)?.exchange(user.text())?;
        assert_eq!(answer.status, 200, "{}", answer.text());

        let mut raw = scene.connect(here, WEB)?;
        let compact = by_grant(&mut raw, WEB, &anna)?;
        let path = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
        let user = Request::new(WEB, path).header(&bearer(&compact));
        let answer = scene.connect(there, WEB)?.exchange(user.text())?;
        assert_eq!(answer.status, 200, "{}", answer.text());

        let asking = e2e::client::request_for(&demo, &anna.sip);
        let asking = asks_with_token(&asking, &anna.upn, &anna.app_password);
        let auth = "/WebTicket/WebTicketService.svc/Auth";
        let asking = Request::post(WEB, auth, &asking);
        let answer = scene.connect(here, WEB)?.exchange(asking.text())?;
        assert!(assertion_in(&answer.text()).is_some(), "{}", answer.text());
    }
    Ok(())
}

#[test]
fn s42_guesses_over_two_gateways_are_counted_by_one_counter() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let scene = Scene::beside(&demo)?;
    let anna = demo.person(0);
    for gateway in [0, 1] {
        let mut raw = Raw::connect_to_from(
            scene.gateways[gateway].address,
            &scene.tls,
            MAIL,
            [127, 0, 7, 1].into(),
        )?;
        // Half of what an alarm takes, at each.
        for guess in 0..ALARM / 2 {
            let secret = format!("wrong-{gateway}-{guess}");
            let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &secret));
            assert_eq!(raw.exchange(request.text())?.status, 401);
        }
        let alarms = events(&demo, "under-attack")?.len();
        assert_eq!(alarms, gateway, "after gateway {gateway}");
    }
    let refused = u64::try_from(events(&demo, "refused")?.len())?;
    assert_eq!(refused, ALARM, "each is in the audit");
    assert_eq!(demo.requests()?.len(), 0);
    assert_eq!(scene.by_ntlm(0, &anna)?.1, 200, "and she is not locked out");
    Ok(())
}

#[test]
fn s42_revoking_ends_connections_at_every_gateway_within_two_seconds() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let scene = Scene::beside(&demo)?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    let mut open = Vec::new();
    for gateway in [0, 1] {
        let (raw, status) = scene.by_ntlm(gateway, &anna)?;
        assert_eq!(status, 200);
        open.push(raw);
    }
    let (mut bens, _) = scene.by_ntlm(1, &ben)?;
    demo.revoke(&anna)?;
    for (gateway, raw) in open.iter_mut().enumerate() {
        raw.tcp().set_read_timeout(Some(WITHIN))?;
        assert!(raw.is_closed()?, "gateway {gateway}");
    }
    for gateway in [0, 1] {
        assert_eq!(scene.by_ntlm(gateway, &anna)?.1, 401);
    }
    let answer = bens.exchange(Request::new(MAIL, ECHO).text())?;
    assert_eq!(answer.status, 200, "somebody else's stays");
    Ok(())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "what is promised, is promised for so many seconds"
)]
fn s42_while_the_authentication_server_is_away_or_silent_nobody_is_let_in_and_nobody_waits()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let scene = Scene::beside(&demo)?;
    let anna = demo.person(0);
    let before = demo.requests()?.len();
    let refused = |way: &str| -> anyhow::Result<()> {
        for gateway in [0, 1] {
            let begun = Instant::now();
            let mut raw = scene.connect(gateway, MAIL)?;
            let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &anna.app_password));
            let answer = raw.exchange(request.text())?;
            assert_eq!(answer.status, 503, "{way}: {}", answer.text());
            assert!(begun.elapsed() < WITHIN, "{way}: {:?}", begun.elapsed());
            let activity = answer.header("x-wicketgate-activity").context("no id")?;
            let line = scene.gateways[gateway].line(activity)?;
            let is_told = line.contains("ERROR") && line.contains("a sign-in was refused");
            assert!(is_told, "{way}: {line}");
        }
        assert_eq!(
            demo.requests()?.len(),
            before,
            "{way}: something went through"
        );
        Ok(())
    };
    scene.server.freeze()?;
    refused("silent")?;
    scene.gateways[0].line("the authentication server does not answer")?;
    scene.server.thaw()?;
    scene.gateways[0].line("the authentication server answers again")?;
    let is_in = || Ok(scene.by_basic(0, (&anna, &anna.app_password))? == 200);
    until("somebody is let in again", is_in)?;

    let address = scene.server.address;
    let Scene {
        server,
        apart,
        gateways,
        tls,
    } = scene;
    server.kill()?;
    let before = demo.requests()?.len();
    for gateway in &gateways {
        let begun = Instant::now();
        let mut raw = Raw::connect_to(gateway.address, &tls, MAIL)?;
        let signing = Ntlm::modern(&anna, &anna.app_password, 3);
        let answer = signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
    }
    assert_eq!(demo.requests()?.len(), before);

    let _server = apart.server(address)?;
    for gateway in &gateways {
        until("somebody is let in again", || {
            let mut raw = Raw::connect_to(gateway.address, &tls, MAIL)?;
            let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &anna.app_password));
            Ok(raw.exchange(request.text())?.status == 200)
        })?;
    }
    Ok(())
}

#[test]
fn s42_a_gateway_that_is_not_listed_is_refused_and_one_that_is_struck_off_is_answered_no_more()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut apart = Apart::beside(&demo);
    apart.list("dmz1")?;
    let stranger = apart.enrol("stranger")?;
    // It keeps its address when its configuration is read anew.
    let free = std::net::TcpListener::bind(SocketAddr::from(ANYWHERE))?.local_addr()?;
    let server = apart.server(free)?;
    let unlisted = apart.begin_gateway("stranger", server.address)?;
    let line = server.line("that no [[authn_server.gateway]] lists was refused")?;
    assert!(line.contains(&stranger), "{line}");
    unlisted.line("the gate does not open yet")?;
    assert!(!unlisted.log().contains("the gate is open"));
    drop(unlisted);

    let tls = tls(&demo, &[])?;
    let anna = demo.person(0);
    let gateway = apart.gateway("dmz1", server.address)?;
    let status = || -> anyhow::Result<u16> {
        let mut raw = Raw::connect_to(gateway.address, &tls, MAIL)?;
        let request = Request::new(MAIL, ECHO).header(&basic(&anna.upn, &anna.app_password));
        Ok(raw.exchange(request.text())?.status)
    };
    assert_eq!(status()?, 200);
    apart.strike_off("dmz1");
    apart.list("dmz3")?;
    apart.server_file(server.address)?;
    server.hang_up()?;
    server.line("gateways are answered by the configuration")?;
    // What it knows already it knows for a minute; of somebody new it learns nothing.
    let ben = demo.person(1);
    let mut raw = Raw::connect_to(gateway.address, &tls, MAIL)?;
    let request = Request::new(MAIL, ECHO).header(&basic(&ben.upn, &ben.app_password));
    assert_eq!(raw.exchange(request.text())?.status, 503);
    Ok(())
}

#[test]
fn s41_neither_the_files_nor_the_memory_of_a_gateway_hold_a_secret_of_the_store()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let scene = Scene::beside(&demo)?;
    let people = [demo.person(0), demo.person(1)];
    for person in &people {
        for gateway in [0, 1] {
            assert_eq!(scene.by_ntlm(gateway, person)?.1, 200);
            assert_eq!(
                scene.by_basic(gateway, (person, &person.app_password))?,
                200
            );
        }
    }
    let keys = std::fs::read_to_string(demo.folder().join("wicketgate.keys"))?;
    let sealing = keys.split_whitespace().nth(1).context("no key")?;
    let mut canaries = vec![sealing.as_bytes().to_vec(), STANDARD.decode(sealing)?];
    for person in &people {
        let plain = person.app_password.replace('-', "");
        for typed in [&person.app_password, &plain] {
            canaries.push(NtHash::of_password(typed).as_bytes().to_vec());
        }
    }
    for (gateway, name) in scene.gateways.iter().zip(["dmz1", "dmz2"]) {
        let regions = memory::of(gateway.process())?;
        assert!(
            memory::holds(&regions, MAIL.as_bytes()),
            "it was looked into"
        );
        for (number, canary) in canaries.iter().enumerate() {
            assert!(!memory::holds(&regions, canary), "{name}: canary {number}");
        }
        for file in files(&scene.apart.folder_of(name))? {
            for (number, canary) in canaries.iter().enumerate() {
                let is_in_it = memory::holds(std::slice::from_ref(&file), canary);
                assert!(!is_in_it, "{name}: canary {number} in a file");
            }
        }
    }
    let store = std::fs::read(demo.folder().join("wicketgate.keys"))?;
    assert!(memory::holds(&[store], &canaries[0]), "they are canaries");
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let entries = std::fs::read_dir(folder)?;
    entries
        .map(|entry| Ok(std::fs::read(entry?.path())?))
        .collect()
}

#[test]
fn s41_a_configuration_says_which_part_it_is_and_a_gateway_s_has_no_secret() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut apart = Apart::beside(&demo);
    apart.list("dmz1")?;
    let server = apart.server_file(SocketAddr::from(([127, 0, 0, 1], 7443)))?;
    let gateway = apart.gateway_file("dmz1", SocketAddr::from(([127, 0, 0, 1], 7443)))?;
    let run = |file: &Path, arguments: &[&str]| -> anyhow::Result<(bool, String)> {
        let mut command = std::process::Command::new(e2e::demo::binary()?);
        let output = command.arg("--config").arg(file).args(arguments).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8(said)?))
    };
    let (is_right, said) = run(&server, &["check"])?;
    assert!(
        is_right && said.contains("an authentication server for gateways"),
        "{said}"
    );
    let (is_right, said) = run(&gateway, &["check"])?;
    assert!(is_right && said.contains("a gateway for"), "{said}");
    let (is_right, said) = run(&gateway, &["serve", "--role", "all"])?;
    assert!(
        !is_right && said.contains("not of the role `all`, but of `gateway`"),
        "{said}"
    );
    let (is_right, said) = run(&gateway, &["user", "list"])?;
    assert!(
        !is_right && said.contains("a gateway has no store"),
        "{said}"
    );
    let (_, said) = run(&gateway, &["doctor", "prerequisites"])?;
    assert!(
        said.contains("missing      the authentication server answers"),
        "{said}"
    );
    let text = std::fs::read_to_string(&gateway)?;
    for (table, secret) in [
        (
            "[store]",
            "[store]\nfile = \"a.db\"\nkey_file = \"a.keys\"\n",
        ),
        (
            "[kerberos]",
            "[kerberos]\naccount = \"g$\"\nkeytab = \"g.keytab\"\ncontrollers = [\"dc.contoso.test\"]\n",
        ),
    ] {
        std::fs::write(&gateway, format!("{text}\n{secret}"))?;
        let (is_right, said) = run(&gateway, &["check"])?;
        assert!(!is_right && said.contains(table), "{said}");
        assert!(said.contains("keeps no secret"), "{said}");
    }
    Ok(())
}

#[test]
fn s42_either_part_says_whether_it_is_well() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut apart = Apart::beside(&demo);
    apart.list("dmz1")?;
    let server = apart.server(SocketAddr::from(ANYWHERE))?;
    let file = apart.gateway_file("dmz1", server.address)?;
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(
        &file,
        format!("{text}\n[metrics]\naddress = \"127.0.0.1:0\"\n"),
    )?;
    let mut command = std::process::Command::new(e2e::demo::binary()?);
    command.arg("--config").arg(&file).arg("serve");
    let gateway = Serve::opened_by(command)?;
    let line = gateway.line("metrics and health are told")?;
    let (_, address) = line.split_once("address=\"").context("no address")?;
    let address = address.trim_end_matches('"');
    let ready = || plain_request(&format!("http://{address}/readyz"), "GET");
    assert_eq!(ready()?, "ready\n");
    let metrics = plain_request(&format!("http://{address}/metrics"), "GET")?;
    let asks = "wicketgate_authn_asks_total{question=\"last-revocation\",outcome=\"answered\"}";
    assert!(metrics.contains(asks), "{metrics}");
    server.kill()?;
    let is_told = || Ok(ready()?.contains("the authentication server is unavailable"));
    until("the gateway says that it is not ready", is_told)?;
    Ok(())
}
