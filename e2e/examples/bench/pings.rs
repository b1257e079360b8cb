//! What memory a phone costs that waits for mail: a Ping of ActiveSync that Exchange holds is a TLS
//! connection here and another one there. nginx beside it, which asks nobody who it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::demo::{Demo, Person};
use e2e::raw::tls;
use e2e::serve::Serve;
use e2e::sign_in::{Request, basic};
use rustls::ClientConfig;

use crate::figure::Figure;
use crate::load::{Connection, in_threads, one_of_ten};
use crate::machine::{open_files, resident};
use crate::nginx::{Nginx, free, tls_lines};
use crate::stopwatch::Stopwatch;

/// The published name.
const HOST: &str = "mail.contoso.localhost";
/// How many are held, where the system allows enough open files.
const PINGS: usize = 10_000;
/// What is reckoned from them.
const MANY: f64 = 100_000.0;
/// How many people they are of: as many as a demo has.
const PEOPLE: usize = 1_000;
/// How many files are left for everything else.
const OTHER_FILES: usize = 512;
/// How long the last of them may take until it is held.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Megabytes of one server.
struct Held {
    nobody: f64,
    all: f64,
}

impl Held {
    /// Kilobytes of one.
    fn one(&self, count: usize) -> f64 {
        (self.all - self.nobody) * 1_000.0 / count as f64
    }

    /// Megabytes of [`MANY`].
    fn many(&self, count: usize) -> f64 {
        self.nobody + self.one(count) * MANY / 1_000.0
    }
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    // Whoever passes a Ping on has two files open for it.
    let count = PINGS.min(open_files()?.saturating_sub(OTHER_FILES) / 2);
    let here = by_the_gate(count)?;
    let there = by_nginx(count)?;
    let figure = |name: String, value: f64, unit, peer: f64| Figure {
        name,
        value,
        unit,
        peer: Some(("nginx".to_owned(), peer)),
        budget: "",
    };
    Ok(vec![
        figure(
            format!("one held Ping, of {count}"),
            here.one(count),
            "KB",
            there.one(count),
        ),
        figure(
            "100,000 held Pings, reckoned from that".to_owned(),
            here.many(count),
            "MB",
            there.many(count),
        ),
    ])
}

fn by_the_gate(count: usize) -> anyhow::Result<Held> {
    let demo = Demo::start_with(&["--people", &PEOPLE.to_string()])?;
    let gate = Serve::start(&demo, |config| config)?;
    held(&demo, count, (gate.address, gate.process()), |person| {
        basic(&person.upn, &person.app_password)
    })
}

/// The stand-in Exchange takes the domain password from whoever brings it.
fn by_nginx(count: usize) -> anyhow::Result<Held> {
    let demo = Demo::start_with(&["--people", &PEOPLE.to_string()])?;
    let address = free()?;
    let blocks = format!(
        "server {{ listen {address} ssl backlog=4096; {} location / {{ proxy_pass {}; \
         proxy_http_version 1.1; proxy_set_header Host $http_host; \
         proxy_set_header Connection \"\"; proxy_read_timeout 1000; }} }}",
        tls_lines(&demo),
        exchange(&demo)?
    );
    // A sixteenth must stay free, or nginx ends connections that wait for a request.
    let nginx = Nginx::start_with(&[], &blocks, address, 3 * count)?;
    held(&demo, count, (address, nginx.process()), |person| {
        basic(&person.upn, &person.domain_password)
    })
}

/// Where the stand-in Exchange listens.
fn exchange(demo: &Demo) -> anyhow::Result<String> {
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let (_, farm) = config
        .split_once("name = \"exchange\"\naddress = \"")
        .context("no farm of Exchange")?;
    let (address, _) = farm.split_once('"').context("no address")?;
    Ok(address.to_owned())
}

fn held(
    demo: &Demo,
    count: usize,
    (server, process): (SocketAddr, u32),
    proof: impl Fn(&Person) -> String,
) -> anyhow::Result<Held> {
    let tls = tls(demo, &[])?;
    let asked: Vec<Asked> = (0..PEOPLE)
        .map(|it| Asked::by(&proof(&demo.person(it))))
        .collect();
    let nobody = resident(process)?;
    let pings = in_threads(count, |number| {
        let asked = asked.get(number % PEOPLE).context("a person")?;
        hold(&tls, server, number, asked)
    })?;
    let waiting = Stopwatch::begin();
    loop {
        let reached = demo.requests()?.len().saturating_sub(count);
        if reached >= count {
            break;
        }
        ensure!(
            waiting.elapsed() < PATIENCE,
            "{reached} of {count} are held"
        );
        std::thread::sleep(LOOK_EVERY);
    }
    let all = resident(process)?;
    pings.into_iter().try_for_each(Connection::reset)?;
    Ok(Held { nobody, all })
}

/// What a phone asks: what is spoken here, and then for mail that comes.
struct Asked {
    options: String,
    ping: String,
}

impl Asked {
    fn by(proof: &str) -> Self {
        let path = "/Microsoft-Server-ActiveSync?Cmd=Ping&User=a&DeviceId=APPL7&DeviceType=iPhone";
        let options = Request {
            method: "OPTIONS",
            ..Request::new(HOST, "/Microsoft-Server-ActiveSync")
        };
        Self {
            options: options.header(proof).text(),
            ping: Request::post(HOST, path, "x").header(proof).text(),
        }
    }
}

/// Whoever is answered before asking for more does not come faster than sign-ins can be written down.
fn hold(
    tls: &Arc<ClientConfig>,
    server: SocketAddr,
    number: usize,
    asked: &Asked,
) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(tls, server, HOST, one_of_ten(number))?;
    connection.hear_tickets()?;
    let answer = connection.exchange(asked.options.as_bytes())?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
    connection.send(asked.ping.as_bytes())?;
    Ok(connection)
}
