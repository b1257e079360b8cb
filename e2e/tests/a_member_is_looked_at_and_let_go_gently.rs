//! Active checks of a member, and what a drain leaves to it: the request under way, and nothing after
//! that. The servers are of these stories, so that they can be ill, slow and watched.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use e2e::demo::Demo;
use e2e::raw::{Answer, Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::Request;

const MAIL: &str = "mail.contoso.localhost";

/// A server that answers its checks as it is told, and everything else with 200 and its name.
struct Server {
    address: SocketAddr,
    checks: Arc<AtomicU16>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(name: &'static str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self {
            address: listener.local_addr()?,
            checks: Arc::new(AtomicU16::new(204)),
            heads: Arc::default(),
        };
        let (checks, heads) = (Arc::clone(&server.checks), Arc::clone(&server.heads));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (checks, heads) = (Arc::clone(&checks), Arc::clone(&heads));
                // Whoever leaves in mid-request ends its own connection.
                std::thread::spawn(move || serve(stream, name, (&checks, &heads)));
            }
        });
        Ok(server)
    }

    fn heads(&self) -> Vec<String> {
        self.heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn serve(
    mut stream: TcpStream,
    name: &str,
    (checks, heads): (&AtomicU16, &Mutex<Vec<String>>),
) -> std::io::Result<()> {
    loop {
        let head = head(&mut stream)?;
        let status = match head.starts_with("GET /ping?from=gate ") {
            true => checks.load(Ordering::Relaxed),
            false => 200,
        };
        heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(head);
        let body = if status == 204 { "" } else { name };
        let length = match status {
            204 => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        write!(stream, "HTTP/1.1 {status} So\r\n{length}\r\n{body}")?;
    }
}

fn head(stream: &mut impl Read) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A farm of two such servers behind an open path.
fn farm(addresses: [SocketAddr; 2], health: &str) -> String {
    let [one, two] = addresses.map(|address| {
        format!(
            "[[farm.member]]\naddress = \"http://{address}\"\nhost_header = \"app.contoso.local\"\n"
        )
    });
    format!(
        "\n[[farm]]\nname = \"app\"\n{one}{two}[farm.health]\n{health}\n\
         [[route]]\nhost = \"{MAIL}\"\npath = \"/app\"\nauth = \"anonymous\"\nservice = \"app\"\n\
         farm = \"app\"\n"
    )
}

#[test]
fn a_member_that_is_ill_gets_nothing_until_its_checks_pass_again() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let [ill, well] = [Server::start("ill")?, Server::start("well")?];
    ill.checks.store(401, Ordering::Relaxed);
    let health = "path = \"/ping?from=gate\"\nstatus = [204]\ninterval = 1";
    let serve = Serve::start(&demo, |config| {
        config + &farm([ill.address, well.address], health)
    })?;
    let tls = tls(&demo, &[])?;
    let ask = || -> anyhow::Result<Answer> {
        let mut raw = Raw::connect_to(serve.address, &tls, MAIL)?;
        raw.exchange(Request::new(MAIL, "/app").text())
    };
    let line = serve.line("a member of a farm is down")?;
    assert!(line.contains(&ill.address.to_string()), "{line}");
    assert!(line.contains("it answered 401 to its check"), "{line}");
    for _ in 0..4 {
        assert_eq!(ask()?.text(), "well");
    }
    let checked = ill.heads().remove(0).to_lowercase();
    assert!(
        checked.contains("\r\nhost: app.contoso.local\r\n"),
        "{checked}"
    );
    assert!(
        ill.heads().iter().all(|head| head.contains("/ping")),
        "only checks"
    );

    ill.checks.store(204, Ordering::Relaxed);
    let line = serve.line("a member of a farm is up")?;
    assert!(
        line.contains("INFO") && line.contains(&ill.address.to_string()),
        "{line}"
    );
    let answers = [ask()?, ask()?].map(|answer| answer.text());
    assert!(answers.contains(&"ill".to_owned()), "{answers:?}");
    Ok(())
}

/// Takes one connection after the other; says what came on it, and when it was closed.
fn watched() -> anyhow::Result<(SocketAddr, Receiver<(TcpStream, String)>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // What should end and does not is a failure, no wait for ever.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
            let tell = tell.clone();
            std::thread::spawn(move || {
                // A check connects and says nothing.
                if let Ok(head) = head(&mut stream) {
                    // The story may be over.
                    let _ = tell.send((stream, head));
                }
            });
        }
    });
    Ok((address, told))
}

#[test]
fn a_drained_member_finishes_what_is_under_way_and_its_connections_are_then_closed()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (drained, asked) = watched()?;
    let other = Server::start("other")?;
    let serve = Serve::start(&demo, |config| {
        config + &farm([drained, other.address], "interval = 300")
    })?;
    let tls = tls(&demo, &[])?;
    let request = Request::new(MAIL, "/app").text();
    let [mut idle, mut busy] = [
        Raw::connect_to(serve.address, &tls, MAIL)?,
        Raw::connect_to(serve.address, &tls, MAIL)?,
    ];
    idle.send(&request)?;
    let (mut idle_behind, _) = asked.recv()?;
    idle_behind.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1\n")?;
    assert_eq!(idle.answer()?.expect("an answer").text(), "1\n");
    // The turns are taken: the next one but one is the first member's again.
    let mut between = Raw::connect_to(serve.address, &tls, MAIL)?;
    assert_eq!(between.exchange(&request)?.text(), "other");
    busy.send(&request)?;
    let (mut busy_behind, _) = asked.recv()?;
    busy_behind.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n2")?;

    let config = demo.folder().join("beside.toml");
    let config = config.to_string_lossy();
    let member = drained.to_string();
    let drain = ["--config", &config, "farm", "drain", "app", &member];
    let said = demo.wicketgate(&drain)?;
    assert!(said.status.success(), "{said:?}");
    // Nobody asks anything any more on the idle one: it ends by itself.
    assert_eq!(idle_behind.read(&mut [0; 16])?, 0);
    busy_behind.write_all(b"\n")?;
    assert_eq!(busy.answer()?.expect("an answer").text(), "2\n");
    assert_eq!(busy_behind.read(&mut [0; 16])?, 0);
    for raw in [&mut idle, &mut busy] {
        assert_eq!(raw.exchange(&request)?.text(), "other", "its client stays");
    }
    Ok(())
}
