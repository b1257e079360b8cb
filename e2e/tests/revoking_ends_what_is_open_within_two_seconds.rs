//! Revoking an app password or disabling an account reaches what is open: idle connections, uploads
//! under way, passwords that are sent with each request (T-DEV-1, T-CONN-10).

use std::sync::Arc;
use std::time::Duration;

use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
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
        let mut raw = self.connect()?;
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
        let mut raw = self.signed_in(person)?;
        raw.send(format!(
            "POST {ECHO} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 2000\r\n\r\n{}",
            "x".repeat(1_000)
        ))?;
        Ok(raw)
    }
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
            let list = ["app-password", "list", &anna.upn];
            let passwords = scene.demo.wicketgate_json(&list)?;
            let id = passwords[0]["id"].as_str().expect("an id");
            scene
                .demo
                .wicketgate_json(&["app-password", "revoke", id])?;
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
