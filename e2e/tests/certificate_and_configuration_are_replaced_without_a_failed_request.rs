//! The configuration and the certificate are replaced under load: no request fails, new connections
//! see what is new, and what is wrong changes nothing and is named in the log.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use rustls::ClientConfig;

const HOST: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const TAKEN: &str = "new connections are served by the configuration";
const REFUSED: &str = "the old one goes on";

/// How often both are replaced.
const TIMES: usize = 10;

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
}

impl Scene {
    /// A gate whose only certificate is `live.pem`.
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        let scene = |kind| copy_pair(&demo, kind);
        scene("ecdsa")?;
        let serve = Serve::start(&demo, |config| {
            config.replace("gate-ecdsa", "live").replace(
                "  { chain = \"gate-rsa.pem\", key = \"gate-rsa.key\" },\n",
                "",
            )
        })?;
        Ok(Self { demo, serve, tls })
    }

    fn config(&self) -> PathBuf {
        self.demo.folder().join("beside.toml")
    }

    fn written(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.config())?)
    }

    /// Replaces the file in one step, as an editor does.
    fn write(&self, config: &str) -> anyhow::Result<()> {
        let new = self.config().with_extension("new");
        fs::write(&new, config)?;
        Ok(fs::rename(new, self.config())?)
    }

    fn connect(&self) -> anyhow::Result<Raw> {
        self.connect_to(self.serve.address)
    }

    fn connect_to(&self, address: SocketAddr) -> anyhow::Result<Raw> {
        Raw::connect_to(address, &self.tls, HOST)
    }

    fn status(&self, path: &str) -> anyhow::Result<u16> {
        let request = Request::new(HOST, path).text();
        Ok(self.connect()?.exchange(request)?.status)
    }
}

fn copy_pair(demo: &Demo, kind: &str) -> anyhow::Result<()> {
    for end in ["key", "pem"] {
        let live = demo.folder().join(format!("live.{end}"));
        fs::copy(demo.folder().join(format!("gate-{kind}.{end}")), live)?;
    }
    Ok(())
}

fn with_password(person: &Person) -> String {
    let line = basic(&person.upn, &person.app_password);
    Request::new(HOST, ECHO).header(&line).text()
}

/// Asks again and again, on connections that stay and on new ones, until it is over.
fn load(
    (gate, tls): (SocketAddr, &Arc<ClientConfig>),
    person: &Person,
    over: &AtomicBool,
    answered: &AtomicUsize,
) -> anyhow::Result<()> {
    let connect = || Raw::connect_to(gate, tls, HOST);
    let mut by_ntlm = connect()?;
    let signing = Ntlm::modern(person, &person.app_password, 7);
    let request = Request::new(HOST, ECHO);
    assert_eq!(signing.sign_in(&mut by_ntlm, &request)?.status, 200);
    let mut by_password = connect()?;
    while !over.load(Ordering::Relaxed) {
        let mut fresh = connect()?;
        let answers = [
            by_ntlm.exchange(request.text())?,
            by_password.exchange(with_password(person))?,
            fresh.exchange(with_password(person))?,
        ];
        for answer in answers {
            anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn probe(number: usize) -> String {
    format!(
        "\n[[route]]\nhost = \"{HOST}\"\npath = \"/probe{number}\"\nauth = [\"basic\"]\n\
         service = \"ews\"\nfarm = \"exchange\"\n"
    )
}

#[test]
fn no_request_fails_while_certificate_and_configuration_are_replaced_ten_times()
-> anyhow::Result<()> {
    let scene = Scene::new()?;
    let first = scene.written()?;
    let mut shown = vec![scene.connect()?.certificate()?];
    let (over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let people = [scene.demo.person(0), scene.demo.person(1)];
    let gate = (scene.serve.address, &scene.tls);
    let counts = std::thread::scope(|scope| -> anyhow::Result<Vec<usize>> {
        let loads: Vec<_> = people
            .iter()
            .map(|person| scope.spawn(|| load(gate, person, &over, &answered)))
            .collect();
        let mut replacing = || -> anyhow::Result<Vec<usize>> {
            let mut counts = Vec::new();
            for time in 0..TIMES {
                let kind = ["rsa", "ecdsa"][time % 2];
                copy_pair(&scene.demo, kind)?;
                scene.write(&format!("{first}{}", probe(time)))?;
                scene.serve.hang_up()?;
                scene.serve.nth_line(TAKEN, time)?;
                shown.push(scene.connect()?.certificate()?);
                // A panic here would leave the load running for ever.
                let published = scene.status(&format!("/probe{time}"))?;
                let other = scene.status(&format!("/probe{}", time + 1))?;
                anyhow::ensure!((published, other) == (401, 404), "{published} {other}");
                counts.push(answered.load(Ordering::Relaxed));
            }
            Ok(counts)
        };
        let replaced = replacing();
        over.store(true, Ordering::Relaxed);
        for load in loads {
            load.join().expect("the load ran")?;
        }
        replaced
    })?;
    for pair in shown.windows(2) {
        assert_ne!(pair[0], pair[1], "a new connection saw the old certificate");
    }
    assert_eq!(shown[0], shown[2]);
    assert!(
        counts[0] < counts[TIMES - 1],
        "requests were answered meanwhile: {counts:?}"
    );
    Ok(())
}

#[test]
fn what_is_wrong_changes_nothing_and_is_named_in_the_log() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let first = scene.written()?;
    let mut open = scene.connect()?;
    let anna = scene.demo.person(0);
    assert_eq!(open.exchange(with_password(&anna))?.status, 200);

    scene.write(&first.replace("[[policy]]", "[[polici]]"))?;
    scene.serve.hang_up()?;
    let line = scene.serve.nth_line(REFUSED, 0)?;
    assert!(line.contains("ERROR"), "{line}");
    let at = first.lines().position(|line| line == "[[policy]]");
    let place = format!("beside.toml:{}:", at.expect("a policy") + 1);
    assert!(line.contains(&place) && line.contains("policy"), "{line}");

    scene.write(&first.replace("wicketgate.db", "other.db"))?;
    scene.serve.hang_up()?;
    let line = scene.serve.nth_line(REFUSED, 1)?;
    assert!(line.contains("needs a restart"), "{line}");

    scene.write(&first)?;
    fs::copy(
        scene.demo.folder().join("gate-rsa.key"),
        scene.demo.folder().join("live.key"),
    )?;
    scene.serve.hang_up()?;
    let line = scene.serve.nth_line(REFUSED, 2)?;
    assert!(
        line.contains("live.key") && line.contains("does not fit"),
        "{line}"
    );

    assert_eq!(open.exchange(with_password(&anna))?.status, 200);
    let answer = scene.connect()?.exchange(with_password(&anna))?;
    assert_eq!(answer.status, 200, "the old one goes on");
    Ok(())
}

/// The key of a certificate that only the new configuration names, not there at first and then another's: nobody
/// touches the configuration again.
#[test]
fn what_was_refused_is_taken_once_its_files_are_put_right() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let folder = scene.demo.folder();
    let before = scene.connect()?.certificate()?;
    fs::copy(folder.join("gate-rsa.pem"), folder.join("next.pem"))?;
    let next = scene.written()?;
    assert!(next.contains("live.pem") && next.contains("live.key"));
    let next = next.replace("live.pem", "next.pem");
    scene.write(&next.replace("live.key", "next.key"))?;
    let line = scene.serve.nth_line(REFUSED, 0)?;
    assert!(line.contains("next.key` cannot be read"), "{line}");
    fs::copy(folder.join("gate-ecdsa.key"), folder.join("next.key"))?;
    let line = scene.serve.nth_line(REFUSED, 1)?;
    assert!(line.contains("does not fit"), "{line}");
    fs::copy(folder.join("gate-rsa.key"), folder.join("next.key"))?;
    scene.serve.line(TAKEN)?;
    assert_ne!(scene.connect()?.certificate()?, before);
    Ok(())
}

/// A certificate that somebody renews is taken without a word to the gate.
#[test]
fn a_certificate_that_is_replaced_is_seen_without_a_signal() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let before = scene.connect()?.certificate()?;
    copy_pair(&scene.demo, "rsa")?;
    scene.serve.line(TAKEN)?;
    assert_ne!(scene.connect()?.certificate()?, before);
    Ok(())
}

#[test]
fn a_listener_comes_and_goes_and_what_is_open_on_it_stays() -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let first = scene.written()?;
    let mut beside = scene.serve.address;
    beside.set_ip([127, 0, 0, 2].into());
    let listener = format!(
        "\n[[listener]]\naddress = \"{beside}\"\n\
         certificate = [{{ chain = \"gate-rsa.pem\", key = \"gate-rsa.key\" }}]\n"
    );
    scene.write(&format!("{first}{listener}"))?;
    scene.serve.hang_up()?;
    scene.serve.nth_line(TAKEN, 0)?;
    let mut open = scene.connect_to(beside)?;
    let anna = scene.demo.person(0);
    assert_eq!(open.exchange(with_password(&anna))?.status, 200);

    scene.write(&first)?;
    scene.serve.hang_up()?;
    scene.serve.nth_line(TAKEN, 1)?;
    // The socket is closed by a task of its own, a moment later.
    while scene.connect_to(beside).is_ok() {}
    assert_eq!(open.exchange(with_password(&anna))?.status, 200);
    assert_eq!(scene.connect()?.exchange(with_password(&anna))?.status, 200);
    Ok(())
}
