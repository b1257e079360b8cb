//! Everything that somebody can have open at once, and somebody else the same: revoking the app password,
//! revoking the device or disabling the account ends all of the one's within two seconds and nothing of the other's
//! (T-DEV-1, T-CONN-10).

mod channels;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use channels::{CHANNELS, Channel, Open};
use e2e::demo::{Demo, Person};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::until::until;
use rustls::ClientConfig;

/// A host of nothing but routes of the operator's own.
const APP: &str = "autodiscover.contoso.localhost";
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);
const UPGRADED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                        Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// When the operator began to say it, and when it was said.
#[derive(Clone, Copy)]
struct Told {
    beginning: Instant,
    said: Instant,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time in which a revocation arrives is what is looked at"
)]
impl Told {
    fn by(saying: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let beginning = Instant::now();
        saying()?;
        let said = Instant::now();
        Ok(Self { beginning, said })
    }

    fn is_over(self) -> bool {
        self.said.elapsed() > WITHIN
    }

    /// How long ago it was begun.
    fn began(self) -> Duration {
        self.beginning.elapsed()
    }
}

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let port = echoing_back_end()?;
        let serve = Serve::start(&demo, |config| {
            let config = config.replace(&format!("autodiscover_hosts = [\"{APP}\"]\n"), "");
            let route = |path: &str, rest: &str| {
                format!(
                    "\n[[route]]\nhost = \"{APP}\"\npath = \"{path}\"\nauth = [\"basic\"]\n\
                     service = \"ews\"\n{rest}\n"
                )
            };
            let farm = format!(
                "\n[[farm]]\nname = \"echo\"\naddress = \"http://127.0.0.1:{port}\"\n\
                 identity_header = \"x-wicketgate-identity\"\n"
            );
            let web_socket = route("/ws", "farm = \"echo\"\nwebsocket = true");
            let streams = route("/EWS", "farm = \"exchange\"\nbelow = true");
            format!("{config}{farm}{web_socket}{streams}")
        })?;
        let tls = tls(&demo, &[])?;
        Ok(Self { demo, serve, tls })
    }

    fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        Raw::connect_to(self.serve.address, &self.tls, host)
    }

    /// Sends what is not answered at once, and waits until it is with the servers behind.
    fn sends(&self, raw: &mut Raw, request: &str) -> anyhow::Result<()> {
        let before = self.demo.requests()?.len();
        raw.send(request)?;
        self.arrives(before)
    }

    fn arrives(&self, before: usize) -> anyhow::Result<()> {
        until("the request is with the servers behind", || {
            Ok(self.demo.requests()?.len() != before)
        })
    }
}

/// A server that agrees to every WebSocket and sends back what it gets.
fn echoing_back_end() -> anyhow::Result<u16> {
    fn echoes(mut stream: TcpStream) -> std::io::Result<u64> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        stream.write_all(UPGRADED.as_bytes())?;
        std::io::copy(&mut stream.try_clone()?, &mut stream)
    }
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(|| echoes(stream));
        }
    });
    Ok(port)
}

/// Everything, opened by somebody, each with its name.
fn opened(scene: &Scene, person: &Person) -> anyhow::Result<Vec<(&'static str, Open)>> {
    let open = CHANNELS.into_iter().map(|Channel { name, opens }| {
        let mut opened = opens(scene, person).context(name)?;
        opened.lives(scene).context(name)?;
        Ok((name, opened))
    });
    open.collect()
}

/// Waits for the end of all of them; gives how long each took.
fn ended(
    scene: &Scene,
    channels: &mut [(&'static str, Open)],
    told: Told,
) -> anyhow::Result<Vec<String>> {
    thread::scope(|scope| {
        let waiting = channels
            .iter_mut()
            .map(|(name, open)| (*name, scope.spawn(|| open.ends(scene, told))));
        let waiting: Vec<_> = waiting.collect();
        let ended = waiting.into_iter().map(|(name, waiting)| {
            let after = waiting.join().expect("it does not panic").context(name)?;
            let after = after.with_context(|| format!("{name}: it goes on"))?;
            Ok(format!("{name} {} ms", after.as_millis()))
        });
        ended.collect()
    })
}

fn all_of_one_end_and_none_of_the_other(
    way: &str,
    says: impl FnOnce(&Demo, &Person) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let scene = Scene::new()?;
    let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
    let mut annas = opened(&scene, &anna)?;
    let mut bens = opened(&scene, &ben)?;
    for (name, open) in &mut annas {
        open.lives(&scene).context(*name)?;
    }
    let told = Told::by(|| says(&scene.demo, &anna))?;
    let after = ended(&scene, &mut annas, told).context(way.to_owned())?;
    let said = told.said - told.beginning;
    writeln!(
        std::io::stderr(),
        "{way}, which took {} ms, ended {}",
        said.as_millis(),
        after.join(", ")
    )?;
    for (name, open) in &mut bens {
        open.lives(&scene).context(*name)?;
        open.finishes().context(*name)?;
    }
    Ok(())
}

#[test]
fn t_dev_1_s23_revoking_an_app_password_ends_every_channel_and_nobody_elses() -> anyhow::Result<()>
{
    all_of_one_end_and_none_of_the_other("revoking", Demo::revoke)
}

#[test]
fn t_dev_1_s23_disabling_an_account_ends_every_channel_and_nobody_elses() -> anyhow::Result<()> {
    all_of_one_end_and_none_of_the_other("disabling", |demo, person| {
        demo.wicketgate_json(&["user", "disable", &person.upn])?;
        Ok(())
    })
}

#[test]
fn t_dev_1_s23_revoking_a_device_ends_every_channel_and_nobody_elses() -> anyhow::Result<()> {
    all_of_one_end_and_none_of_the_other("revoking the device", |demo, person| {
        let device = ["--account", &person.upn, "--device", "Demo Phone"];
        demo.wicketgate_json(&[&["app-password", "revoke"], &device[..]].concat())?;
        Ok(())
    })
}
