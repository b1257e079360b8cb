//! Revoking an app password or disabling an account reaches what is open: idle connections, uploads
//! under way, passwords that are sent with each request (T-DEV-1, T-CONN-10).

use std::sync::Arc;
use std::time::Duration;

use e2e::demo::{Demo, Person};
use e2e::messages::opaque;
use e2e::published::Gate;
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use rustls::ClientConfig;

const HOST: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);

struct Scene {
    demo: Demo,
    tls: Arc<ClientConfig>,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        Ok(Self { demo, tls })
    }

    fn connect(&self) -> anyhow::Result<Raw> {
        Raw::connect(&self.demo, &self.tls, HOST)
    }

    /// A connection that is somebody's by NTLM.
    fn signed_in(&self, person: &Person) -> anyhow::Result<Raw> {
        Self::signs_in(self.connect()?, person)
    }

    fn signs_in(mut raw: Raw, person: &Person) -> anyhow::Result<Raw> {
        let signing = Ntlm::modern(person, &person.app_password, 7);
        let answer = signing.sign_in(&mut raw, &Request::new(HOST, ECHO))?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ok(raw)
    }

    /// A connection on which a password was sent with a request.
    fn by_password(&self, person: &Person) -> anyhow::Result<Raw> {
        let mut raw = self.connect()?;
        let answer = raw.exchange(with_password(person))?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ok(raw)
    }

    /// A connection with a signed-in upload on its way, half of which was sent.
    fn uploading(&self, person: &Person) -> anyhow::Result<Raw> {
        Self::uploads(self.signed_in(person)?)
    }

    fn uploads(mut raw: Raw) -> anyhow::Result<Raw> {
        raw.send(format!(
            "POST {ECHO} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2000\r\n\r\n{}",
            "x".repeat(1_000)
        ))?;
        Ok(raw)
    }

    /// A connection on which a ticket opened its page and then anybody's page was asked for, and the
    /// request with the ticket.
    fn with_ticket(&self, person: &Person) -> anyhow::Result<(Raw, String)> {
        let user = self.demo.url("user");
        let host = user.split(['/', ':']).nth(3).unwrap_or_default();
        let mut raw = Raw::connect(&self.demo, &self.tls, host)?;
        let grant = format!(
            "grant_type=password&username={}&password={}",
            person.upn, person.app_password
        );
        let form = Request {
            method: "POST",
            body: &grant,
            ..Request::new(host, "/WebTicket/oauthtoken")
        };
        let form = form.header("Content-Type: application/x-www-form-urlencoded");
        let bought = raw.exchange(form.text())?;
        let answer: serde_json::Value = serde_json::from_str(&bought.text())?;
        let token = answer["access_token"].as_str().expect("a token");
        let path = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
        let with_ticket = Request::new(host, path)
            .header(&format!("Authorization: Bearer {token}"))
            .text();
        for request in [with_ticket.clone(), Request::new(host, "/meet/x").text()] {
            let answer = raw.exchange(request)?;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        Ok((raw, with_ticket))
    }
}

/// What tickets open that the pool judges, too: a revoked one is refused there by the gate, in either form and
/// however it ended; a ticket that the gate never saw is the pool's to judge.
#[test]
fn t_dev_1_a_revoked_ticket_opens_no_path_where_tickets_are_observed() -> anyhow::Result<()> {
    let host = "lyncweb.contoso.localhost";
    for way in ["revoke", "disable"] {
        let gate = Gate::open()?;
        let bearer = format!("Authorization: Bearer {}", gate.compact);
        let shown = |line: &str| -> anyhow::Result<Vec<(u16, bool)>> {
            let paths = ["/Reach/sip.svc", "/Scheduler/x"];
            let asked = paths.map(|path| {
                let request = Request::new(host, path).header(line).text();
                let answer = gate.connect("lyncweb")?.exchange(request)?;
                let url = answer.header("x-ms-webticketurl");
                Ok((answer.status, url.is_some()))
            });
            asked.into_iter().collect()
        };
        let respelled = gate.compact.replace('-', "+").replace('_', "/");
        let padded = "=".repeat((4 - (respelled.len() - "cwt=".len()) % 4) % 4);
        let lines = [
            bearer,
            format!("Authorization: Bearer {respelled}{padded}"),
            opaque(&gate.assertion),
        ];
        for line in &lines {
            assert_eq!(shown(line)?, [(200, false); 2], "{way}: {line}");
        }
        let mut heard = Scene::signs_in(gate.connect("mail")?, &gate.anna)?;
        match way {
            "revoke" => gate.demo.revoke(&gate.anna)?,
            _ => drop(
                gate.demo
                    .wicketgate_json(&["user", "disable", &gate.anna.upn])?,
            ),
        }
        heard.tcp().set_read_timeout(Some(WITHIN))?;
        assert!(heard.is_closed()?, "the gate has heard of it");
        gate.forget()?;
        for line in &lines {
            assert_eq!(shown(line)?, [(401, true); 2], "{way}: {line}");
        }
        assert_eq!(gate.arrived()?, [], "{way}: nothing of it reached the pool");
        shown("Authorization: Bearer cwt=AAEBHAEFAAAA")?;
        assert_eq!(gate.arrived()?.len(), 2, "the pool judges what is unknown");
    }
    Ok(())
}

fn with_password(person: &Person) -> String {
    let line = basic(&person.upn, &person.app_password);
    Request::new(HOST, ECHO).header(&line).text()
}

#[test]
fn t_dev_1_s23_revoking_ends_connections_uploads_and_repeats_and_nobody_elses() -> anyhow::Result<()>
{
    for way in ["revoked", "disabled"] {
        let scene = Scene::new()?;
        let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
        let mut open = [
            ("idle, by NTLM", scene.signed_in(&anna)?),
            ("idle, by password", scene.by_password(&anna)?),
            ("uploading", scene.uploading(&anna)?),
        ];
        let mut bens = scene.signed_in(&ben)?;
        if way == "revoked" {
            scene.demo.revoke(&anna)?;
        } else {
            scene
                .demo
                .wicketgate_json(&["user", "disable", &anna.upn])?;
        }
        for (name, raw) in &mut open {
            raw.tcp().set_read_timeout(Some(WITHIN))?;
            assert!(raw.is_closed()?, "{way}: {name}");
        }
        let answer = scene.connect()?.exchange(with_password(&anna))?;
        assert_eq!(answer.status, 401, "{way}: a repeat");
        let answer = bens.exchange(Request::new(HOST, ECHO).text())?;
        assert_eq!(answer.status, 200, "{way}: somebody else");
    }
    Ok(())
}

#[test]
fn t_dev_1_a_connection_does_not_know_what_was_revoked_while_it_served_anybody()
-> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
    let annas = scene.with_ticket(&anna)?;
    let bens = scene.with_ticket(&ben)?;
    let mut heard = scene.signed_in(&anna)?;
    scene.demo.revoke(&anna)?;
    heard.tcp().set_read_timeout(Some(WITHIN))?;
    assert!(heard.is_closed()?, "the gate has heard of it");
    for (name, (mut raw, request), status) in [("revoked", annas, 401), ("another's", bens, 200)] {
        assert_eq!(raw.exchange(request)?.status, status, "{name}");
    }
    Ok(())
}

#[test]
fn t_dev_1_revoking_ends_what_a_gate_still_finishes_that_is_told_to_stop() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
    let gate = Serve::start(&scene.demo, |config| config)?;
    let uploading = |person| {
        let raw = Raw::connect_to(gate.address, &scene.tls, HOST)?;
        Scene::uploads(Scene::signs_in(raw, person)?)
    };
    let (mut annas, mut bens) = (uploading(&anna)?, uploading(&ben)?);
    gate.terminate()?;
    gate.line("the gate closes")?;
    scene.demo.revoke(&anna)?;
    annas.tcp().set_read_timeout(Some(WITHIN))?;
    assert!(annas.is_closed()?, "it ran on");
    let answer = bens.exchange("x".repeat(1_000))?;
    assert_eq!(answer.status, 200, "somebody else's is finished");
    Ok(())
}

#[test]
fn a_password_that_is_sent_again_and_again_is_one_sign_in() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let anna = scene.demo.person(0);
    let sign_ins = || -> anyhow::Result<usize> {
        let trail = scene.demo.wicketgate_json(&["audit", "list"])?;
        let is_sign_in = |line: &&serde_json::Value| line.to_string().contains("signed-in");
        Ok(trail.iter().filter(is_sign_in).count())
    };
    let mut raw = scene.by_password(&anna)?;
    for _ in 0..9 {
        assert_eq!(raw.exchange(with_password(&anna))?.status, 200);
    }
    scene.by_password(&anna)?;
    assert_eq!(sign_ins()?, 1, "ten on one connection, one on another");

    let wrong = Person {
        app_password: anna.app_password.replace('-', "_"),
        ..anna
    };
    assert_eq!(raw.exchange(with_password(&wrong))?.status, 401);
    Ok(())
}
