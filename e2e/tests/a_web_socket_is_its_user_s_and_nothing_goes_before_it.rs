//! WebSocket, where a route says so: authenticated like any request, not a byte before the back end agreed,
//! and over within two seconds of a revocation (T-CONN-8, T-CONN-10).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context;
use e2e::demo::{Demo, Person, root};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::skip::{is_night, skip};
use rustls::ClientConfig;
use serde_json::Value;

/// A host of nothing but routes of the operator's own.
const HOST: &str = "autodiscover.contoso.localhost";
/// What a client asks for that wants to speak WebSocket.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(30);
/// Design 13: revoking reaches everything within this time.
const WITHIN: Duration = Duration::from_secs(2);

struct Scene {
    demo: Demo,
    serve: Serve,
    tls: Arc<ClientConfig>,
}

impl Scene {
    /// A gate before a back end on loopback: `/ws` may be given over, what else there is may not.
    fn before(port: u16) -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let route = |path: &str, auth: &str, rest: &str| {
            format!(
                "\n[[route]]\nhost = \"{HOST}\"\npath = \"{path}\"\nauth = [{auth}]\n\
                 service = \"ews\"\nfarm = \"echo\"\n{rest}\n"
            )
        };
        let serve = Serve::start(&demo, |config| {
            let config = config.replace(&format!("autodiscover_hosts = [\"{HOST}\"]\n"), "");
            let farm = format!(
                "\n[[farm]]\nname = \"echo\"\naddress = \"http://127.0.0.1:{port}\"\n\
                 identity_header = \"x-wicketgate-identity\"\n"
            );
            let routes = [
                route("/ws", "\"ntlm\", \"basic\"", "websocket = true"),
                route("/plain", "\"basic\"", ""),
            ];
            format!("{config}{farm}{}", routes.concat())
        })?;
        let tls = tls(&demo, &[])?;
        Ok(Self { demo, serve, tls })
    }

    fn connect(&self) -> anyhow::Result<Raw> {
        Raw::connect_to(self.serve.address, &self.tls, HOST)
    }

    /// Revokes somebody's app password.
    fn revoke(&self, person: &Person) -> anyhow::Result<()> {
        let passwords = self
            .demo
            .wicketgate_json(&["app-password", "list", &person.upn])?;
        let id = passwords[0]["id"].as_str().context("an id")?;
        self.demo.wicketgate_json(&["app-password", "revoke", id])?;
        Ok(())
    }

    fn talk(&self, path: &str, person: &Person, password: &str) -> anyhow::Result<Talk> {
        let port = self.serve.address.port().to_string();
        let arguments = [
            "talk",
            &self.demo.text("/ca"),
            &port,
            HOST,
            path,
            &person.upn,
        ];
        let mut talk = Talk::run(&arguments)?;
        let mut input = talk.child.stdin.take().context("its input is piped")?;
        writeln!(input, "{password}")?;
        Ok(talk)
    }
}

/// The client or the server of WebSocket that nobody here wrote.
struct Talk {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Talk {
    fn run(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(python())
            .arg(root().join("e2e/clients/websocket.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = BufReader::new(child.stdout.take().context("its output is piped")?);
        Ok(Self { child, said })
    }

    /// What it says next.
    fn says(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        serde_json::from_str(&line).with_context(|| format!("it said `{line}`"))
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // One that ended already needs no killing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn python() -> PathBuf {
    let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(PathBuf::from);
    root().join(named.unwrap_or_else(|| root().join("target/story-venv/bin/python")))
}

/// The server, and a gate before it; `None` where it cannot run here.
fn scene() -> anyhow::Result<Option<(Scene, Talk)>> {
    if !python().exists() {
        skip(
            "websockets",
            "no Python with h2 and websockets; `cargo xtask test` makes one",
        )?;
        return Ok(None);
    }
    let mut server = Talk::run(&["serve"])?;
    let port = server.says()?["port"].as_u64().context("a port")?;
    Ok(Some((Scene::before(u16::try_from(port)?)?, server)))
}

/// A request for WebSocket on a path, with a password.
fn asking(path: &str, person: &Person) -> String {
    let line = basic(&person.upn, &person.app_password);
    let request = Request::new(HOST, path).header(&line);
    request.header(UPGRADE).text()
}

#[test]
fn a_web_socket_is_open_where_its_route_says_so_to_whoever_may() -> anyhow::Result<()> {
    let Some((scene, mut server)) = scene()? else {
        return Ok(());
    };
    let anna = scene.demo.person(0);
    for (path, password, status) in [
        ("/ws", "not-it", 401),
        ("/ws", "", 401),
        ("/ws", anna.domain_password.as_str(), 401),
        ("/other", anna.app_password.as_str(), 404),
    ] {
        let said = scene.talk(path, &anna, password)?.says()?;
        assert_eq!(said["status"], status, "{path}: {said}");
    }
    let mut talk = scene.talk("/ws?a=b", &anna, &anna.app_password)?;
    let said = talk.says()?;
    assert_eq!(said["status"], 101, "{said}");
    assert_eq!(said["echoed"], true, "{said}");
    let seen = server.says()?;
    assert_eq!(seen["path"], "/ws?a=b", "nobody came before: {seen}");
    let headers = seen["headers"].as_object().expect("headers");
    assert!(headers.contains_key("x-wicketgate-identity"), "{seen}");
    assert!(!headers.contains_key("authorization"), "{seen}");
    Ok(())
}

#[test]
fn t_conn_10_revoking_ends_an_open_web_socket_and_nobody_elses() -> anyhow::Result<()> {
    let Some((scene, _server)) = scene()? else {
        return Ok(());
    };
    let (anna, ben) = (scene.demo.person(0), scene.demo.person(1));
    let mut annas = scene.talk("/ws", &anna, &anna.app_password)?;
    assert_eq!(annas.says()?["echoed"], true);
    let mut by_ntlm = scene.connect()?;
    let signing = Ntlm::modern(&anna, &anna.app_password, 7);
    let request = Request::new(HOST, "/ws").header(UPGRADE);
    let challenged = by_ntlm.exchange(request.clone().header(&signing.first()).text())?;
    let last = request.header(&signing.last(&challenged)?).text();
    by_ntlm.send(last)?;
    assert_eq!(switched(&mut by_ntlm)?, 101);
    let mut bens = scene.connect()?;
    bens.send(asking("/ws", &ben))?;
    assert_eq!(switched(&mut bens)?, 101);

    scene.revoke(&anna)?;
    by_ntlm.tcp().set_read_timeout(Some(WITHIN))?;
    assert!(by_ntlm.is_closed()?);
    // 1006: it ended without a word of the other side's.
    let (said, code) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| said.send(annas.says().map(|last| last["code"].clone())));
        assert_eq!(code.recv_timeout(WITHIN)??, 1006);
        anyhow::Ok(())
    })?;

    // A ping, masked with zeros, gets its pong.
    bens.send([0x89, 0x80, 0, 0, 0, 0])?;
    assert_eq!(bens.bytes(2)?, [0x8a, 0]);
    Ok(())
}

/// The status of an answer that has no body.
fn switched(raw: &mut Raw) -> anyhow::Result<u16> {
    Ok(raw.interim()?.status)
}

/// A back end of one connection: reads a head, says what came with it, and answers when it is told to.
struct BackEnd {
    listener: TcpListener,
}

impl BackEnd {
    fn new() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        Ok(Self { listener })
    }

    /// The next connection on which anything is said, and everything up to the end of its first head: a
    /// check of the gate's connects and says nothing.
    fn head(&self) -> anyhow::Result<(TcpStream, String)> {
        loop {
            let (mut stream, _) = self.listener.accept()?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? > 0 {
                head.extend(byte);
            }
            if !head.is_empty() {
                return Ok((stream, String::from_utf8(head)?));
            }
        }
    }
}

/// Everything that comes until the other side is done.
fn rest(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest)?;
    Ok(String::from_utf8(rest)?)
}

#[test]
fn t_conn_8_nothing_behind_the_request_goes_on_before_the_back_end_agreed() -> anyhow::Result<()> {
    let smuggled = "GET /plain HTTP/1.1\r\nHost: autodiscover.contoso.localhost\r\n\r\n";
    for (upgrade, answer) in [
        (UPGRADE, "200 OK"),
        (UPGRADE, "403 Forbidden"),
        ("Connection: Upgrade\r\nUpgrade: x", "200 OK"),
        ("Connection: Upgrade\r\nUpgrade: h2c", "200 OK"),
        (
            "Connection: Upgrade\r\nUpgrade: websocket, x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a",
            "200 OK",
        ),
    ] {
        let back_end = BackEnd::new()?;
        let scene = Scene::before(back_end.listener.local_addr()?.port())?;
        let anna = scene.demo.person(0);
        let mut raw = scene.connect()?;
        let line = basic(&anna.upn, &anna.app_password);
        let request = Request::new(HOST, "/ws").header(&line).header(upgrade);
        raw.send(format!("{}{smuggled}", request.text()))?;
        let (mut stream, head) = back_end.head()?;
        assert_eq!(head.contains("pgrade: websocket\r\n"), upgrade == UPGRADE);
        write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\nno")?;
        let got = raw.answer()?.context("an answer")?;
        assert!(answer.starts_with(&got.status.to_string()), "{upgrade}");
        assert_eq!(got.text(), "no", "{upgrade}");
        let next = raw.answer()?.context("an answer to what was behind")?;
        assert_eq!(next.status, 401, "{upgrade}: it is a request of its own");
        drop(raw);
        assert_eq!(rest(&mut stream)?, "", "{upgrade}: something was smuggled");
    }
    Ok(())
}

#[test]
fn t_conn_8_a_back_end_that_agrees_to_nothing_asked_is_not_believed() -> anyhow::Result<()> {
    let agreed = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n";
    for (path, upgrade, agreed) in [
        ("/plain", UPGRADE, agreed),
        ("/ws", "X-A: b", agreed),
        ("/ws", UPGRADE, "Connection: Upgrade\r\nUpgrade: x\r\n"),
        (
            "/ws",
            UPGRADE,
            "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        ),
    ] {
        let back_end = BackEnd::new()?;
        let scene = Scene::before(back_end.listener.local_addr()?.port())?;
        let anna = scene.demo.person(0);
        let line = basic(&anna.upn, &anna.app_password);
        let request = Request::new(HOST, path).header(&line).header(upgrade);
        let mut raw = scene.connect()?;
        raw.send(request.text())?;
        let (mut stream, _) = back_end.head()?;
        write!(stream, "HTTP/1.1 101 Switching Protocols\r\n{agreed}\r\n")?;
        assert_eq!(raw.interim()?.status, 502, "{path} {upgrade} {agreed}");
    }
    Ok(())
}

/// Longer than a request's head may take, which `cargo xtask night` has.
#[test]
fn a_web_socket_that_is_quiet_is_not_taken_for_a_slow_head() -> anyhow::Result<()> {
    if !is_night() {
        return Ok(());
    }
    let back_end = BackEnd::new()?;
    let scene = Scene::before(back_end.listener.local_addr()?.port())?;
    let mut raw = scene.connect()?;
    raw.send(asking("/ws", &scene.demo.person(0)))?;
    let (mut stream, _) = back_end.head()?;
    stream.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Accept: a\r\n\r\n",
    )?;
    assert_eq!(switched(&mut raw)?, 101);
    raw.send("GET ")?;
    raw.tcp()
        .set_read_timeout(Some(HEAD + Duration::from_secs(5)))?;
    let quiet = raw.is_closed();
    assert!(quiet.is_err(), "it was closed: {quiet:?}");
    stream.write_all(b"still")?;
    assert_eq!(raw.bytes(5)?, b"still");
    Ok(())
}
