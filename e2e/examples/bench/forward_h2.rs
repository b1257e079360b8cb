//! Forwarding over HTTP/2 beside nginx as a plain proxy: the same back end, the same client (h2load
//! of nghttp2), the same processor, in turn within one run.
//!
//! At the gate each stream brings its user's name and app password, which are known again after the
//! first, and the back end is told who it is by a signed assertion in each request; one case asks
//! nobody. nginx asks nobody who they are.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, ensure};
use e2e::demo::Demo;
use e2e::serve::Serve;
use e2e::sign_in::basic;

use crate::figure::Figure;
use crate::machine::{Apart, used};
use crate::nginx::{Nginx, free, tls_lines};
use crate::stopwatch::median;

/// A host where nothing is proved by a connection.
const HOST: &str = "autodiscover.contoso.localhost";
/// How many connections ask at the same time, and how many streams each has open.
const CONNECTIONS: usize = 16;
const STREAMS: usize = 4;
/// How many requests a round has.
const REQUESTS: usize = 20_000;
/// How often each side is measured; the middle one counts.
const ROUNDS: usize = 5;
/// Lets the gate say that it is open, and nothing of requests.
const QUIET: [&str; 2] = ["env", "RUST_LOG=info,access=off"];

/// A path, how it is called, and what the design allows.
const CASES: [(&str, &str, &str); 2] = [
    (
        "/bench/basic",
        "with a password in each and a signed assertion",
        "bar 0.75 of nginx, goal 0.85",
    ),
    ("/bench/anonymous", "for nobody, without an assertion", ""),
];

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let apart = Apart::new()?;
    let demo = Demo::start()?;
    let (back_end, address) = (free()?, free()?);
    let block = format!(
        "server {{ listen {back_end}; location / {{ return 200 {}; }} }}",
        "x".repeat(256)
    );
    let _back_end = Nginx::start(&[], &block, back_end)?;
    let launcher = apart.launcher();
    let gate = Serve::start_under(&[&QUIET[..], &launcher].concat(), &demo, |config| {
        published(&config, back_end)
    })?;
    let nginx = Nginx::start(&launcher, &proxied(&demo, back_end, address), address)?;
    let person = demo.person(0);
    let authorization = basic(&person.upn, &person.app_password);
    let mut figures = Vec::new();
    for (path, what, budget) in CASES {
        let side = |process, address| Side {
            process,
            address,
            path,
            authorization: authorization.clone(),
            rounds: Vec::new(),
        };
        let gate = side(gate.process(), gate.address);
        let nginx = side(nginx.process(), address);
        figures.extend(compare((what, budget), gate, nginx)?);
    }
    Ok(figures)
}

fn published(config: &str, back_end: SocketAddr) -> String {
    let config = config.replace(&format!("autodiscover_hosts = [\"{HOST}\"]\n"), "");
    let farm = |name: &str, told: &str| {
        format!("\n[[farm]]\nname = \"{name}\"\naddress = \"http://{back_end}\"\n{told}")
    };
    let route = |name: &str, auth: &str| {
        format!(
            "\n[[route]]\nhost = \"{HOST}\"\npath = \"/bench/{name}\"\nauth = {auth}\n\
             service = \"ews\"\nfarm = \"{name}\"\n"
        )
    };
    [
        config,
        farm("basic", "identity_header = \"x-wicketgate-identity\"\n"),
        farm("anonymous", ""),
        route("basic", "[\"basic\"]"),
        route("anonymous", "\"anonymous\""),
    ]
    .concat()
}

fn proxied(demo: &Demo, back_end: SocketAddr, address: SocketAddr) -> String {
    format!(
        "upstream plain {{ server {back_end}; keepalive 64; keepalive_requests 1000000000; \
         keepalive_timeout 600; }}\n\
         server {{ listen {address} ssl http2; {} location / {{ proxy_pass http://plain; \
         proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; \
         proxy_set_header X-Forwarded-For $remote_addr; }} }}\n",
        tls_lines(demo)
    )
}

/// One of the two that are compared.
struct Side {
    process: u32,
    address: SocketAddr,
    path: &'static str,
    authorization: String,
    rounds: Vec<Round>,
}

/// What one round gave: answers a second, and for each second of the server's processor.
struct Round {
    per_second: f64,
    by_processor: f64,
}

impl Side {
    fn round(&mut self) -> anyhow::Result<()> {
        let before = used(self.process)?;
        let ran = Command::new("h2load")
            .args(["--requests", &REQUESTS.to_string()])
            .args(["--clients", &CONNECTIONS.to_string()])
            .args(["--max-concurrent-streams", &STREAMS.to_string()])
            .args(["--connect-to", &self.address.to_string()])
            .args(["--header", &self.authorization])
            .arg(format!("https://{HOST}{}", self.path))
            .output()
            .context("h2load; `cargo xtask bench` as root on Debian brings it")?;
        let used = used(self.process)?.saturating_sub(before).as_secs_f64();
        let said = String::from_utf8(ran.stdout)?;
        let all = format!("status codes: {REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx");
        ensure!(said.contains(&all), "{}: {said}", self.path);
        self.rounds.push(Round {
            per_second: per_second(&said).with_context(|| said.clone())?,
            by_processor: REQUESTS as f64 / used,
        });
        Ok(())
    }

    fn middle(&self, of: fn(&Round) -> f64) -> f64 {
        median(&self.rounds.iter().map(of).collect::<Vec<f64>>())
    }
}

/// The rate in `finished in 1.21s, 16528.92 req/s, 5.01MB/s`.
fn per_second(said: &str) -> Option<f64> {
    let finished = said.lines().find(|line| line.starts_with("finished in"))?;
    let rate = finished.split(", ").nth(1)?;
    rate.strip_suffix(" req/s")?.parse().ok()
}

fn compare(
    (what, budget): (&str, &'static str),
    mut gate: Side,
    mut nginx: Side,
) -> anyhow::Result<Vec<Figure>> {
    for _ in 0..ROUNDS {
        gate.round()?;
        nginx.round()?;
    }
    let figure = |name: String, of: fn(&Round) -> f64, budget| Figure {
        name,
        value: gate.middle(of),
        unit: "/s",
        peer: Some(("nginx".to_owned(), nginx.middle(of))),
        budget,
    };
    let how = format!("requests forwarded over h2 {what}");
    Ok(vec![
        figure(
            format!("{how}, {CONNECTIONS} connections of {STREAMS} streams"),
            |round| round.per_second,
            budget,
        ),
        figure(
            format!("{how}, by the processor"),
            |round| round.by_processor,
            "",
        ),
    ])
}
