//! Forwarding over a pinned authenticated connection beside nginx as a plain proxy: the same back
//! end, the same client, the same processor, in turn within one run.
//!
//! Each connection signs in by NTLM once and then asks for 256 bytes again and again; nginx asks
//! nobody who they are. The gate tells the back end who it is in each request, by an assertion that
//! it signs, as it must on every path that asks for a proof; one case shows it without. Neither logs
//! its requests, but in the last case, where both do as they are installed: nginx to a file, the
//! gate to the pipe of a service manager.
//!
//! Whoever else uses the machine shifts both rates, but hardly the time of the processor that a
//! request takes, so both are told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use e2e::demo::Demo;
use e2e::raw::tls;
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request};
use rustls::ClientConfig;

use crate::figure::Figure;
use crate::load::{Connection, Load};
use crate::machine::{Apart, used};
use crate::nginx::{Nginx, free, tls_lines};
use crate::stopwatch::{median, rate};

/// The published name.
const HOST: &str = "mail.contoso.localhost";
/// How many connections ask at the same time.
const CONNECTIONS: usize = 16;
/// How often each side is measured; the middle one counts.
const ROUNDS: usize = 5;
/// How long a round is.
const ROUND: Duration = Duration::from_millis(1_000);
/// How long one connection asks alone, to tell how long an answer takes.
const ALONE: Duration = Duration::from_millis(300);

/// Lets the gate say that it is open, and nothing of requests.
const QUIET: [&str; 2] = ["env", "RUST_LOG=info,access=off"];

/// What is forwarded to, as path and farm are called, and what the design allows.
struct Case {
    path: &'static str,
    what: &'static str,
    budget: &'static str,
    gate: Gate,
}

/// What the gate does beside forwarding.
enum Gate {
    /// It knows who asks, tells the back end by a signed assertion in each request, and logs none.
    Quiet,
    /// It does not ask who asks, and logs nothing.
    AskingNobody,
    /// It does as it is installed.
    Logging,
}

const CASES: [Case; 4] = [
    Case {
        path: "/bench/plain",
        what: "to plain HTTP",
        budget: "at least 0.9 of nginx",
        gate: Gate::Quiet,
    },
    Case {
        path: "/bench/tls",
        what: "to TLS",
        budget: "bar 0.75 of nginx, goal 0.85",
        gate: Gate::Quiet,
    },
    Case {
        path: "/bench/anonymous",
        what: "to plain HTTP for nobody, without an assertion",
        budget: "",
        gate: Gate::AskingNobody,
    },
    Case {
        path: "/bench/logged",
        what: "to plain HTTP, with a line in the log each",
        budget: "",
        gate: Gate::Logging,
    },
];

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let apart = Apart::new()?;
    let demo = Demo::start()?;
    let back_end = BackEnd::start(&demo)?;
    let launcher = apart.launcher();
    let published = |config: String| config + &back_end.farms_and_routes();
    let quiet = Serve::start_under(&[&QUIET[..], &launcher].concat(), &demo, published)?;
    let logging = Serve::start_under(&launcher, &demo, published)?;
    let address = free()?;
    let blocks = back_end.proxied(&demo, address);
    let nginx = Nginx::start(&launcher, &blocks, address)?;
    let tls = tls(&demo, &[])?;
    let mut figures = Vec::new();
    for case in CASES {
        let gate = match case.gate {
            Gate::Quiet => Side::signed_in(&demo, &tls, &quiet, case.path)?,
            Gate::Logging => Side::signed_in(&demo, &tls, &logging, case.path)?,
            Gate::AskingNobody => {
                Side::anonymous(&tls, (quiet.process(), quiet.address), case.path)?
            }
        };
        let nginx = Side::anonymous(&tls, (nginx.process(), address), case.path)?;
        figures.extend(compare(&case, gate, nginx)?);
    }
    Ok(figures)
}

/// The back end of both sides: nginx that answers from memory, plain and by TLS.
struct BackEnd {
    plain: SocketAddr,
    tls: SocketAddr,
    _nginx: Nginx,
}

impl BackEnd {
    fn start(demo: &Demo) -> anyhow::Result<Self> {
        let (plain, tls) = (free()?, free()?);
        let (lines, body) = (tls_lines(demo), "x".repeat(256));
        let blocks = format!(
            "server {{ listen {plain}; listen {tls} ssl; {lines} location / {{ return 200 {body}; }} }}"
        );
        let _nginx = Nginx::start(&[], &blocks, plain)?;
        Ok(Self { plain, tls, _nginx })
    }

    fn farms_and_routes(&self) -> String {
        let Self { plain, tls, .. } = self;
        let told = "identity_header = \"x-wicketgate-identity\"";
        let plain = format!("address = \"http://{plain}\"");
        let farms = [
            format!("name = \"plain\"\n{plain}\n{told}"),
            format!("name = \"anonymous\"\n{plain}"),
            format!(
                "name = \"tls\"\naddress = \"https://{tls}\"\ntls_name = \"{HOST}\"\n\
                 authorities = \"ca.pem\"\n{told}"
            ),
        ];
        let farms = farms.map(|farm| format!("\n[[farm]]\n{farm}\n"));
        let ntlm = "[\"ntlm\"]";
        let routes = [
            ("plain", "plain", ntlm),
            ("tls", "tls", ntlm),
            ("anonymous", "anonymous", "\"anonymous\""),
            ("logged", "plain", ntlm),
        ];
        let routes = routes.map(|(path, farm, auth)| {
            format!(
                "\n[[route]]\nhost = \"{HOST}\"\npath = \"/bench/{path}\"\nauth = {auth}\n\
                 service = \"ews\"\nfarm = \"{farm}\"\n"
            )
        });
        farms.concat() + &routes.concat()
    }

    /// What nginx is told as a proxy; connections to the back end stay, as the gate's do.
    fn proxied(&self, demo: &Demo, address: SocketAddr) -> String {
        let Self { plain, tls, .. } = self;
        let upstream = |name: &str, server: &SocketAddr| {
            format!(
                "upstream {name} {{ server {server}; keepalive 64; keepalive_requests 1000000000; \
                 keepalive_timeout 600; }}\n"
            )
        };
        let log = demo.folder().join("nginx-access.log").display().to_string();
        let location = |path: &str, log: &str, to: &str| {
            format!(
                "location {path} {{ access_log {log}; proxy_pass {to}; proxy_http_version 1.1; \
                 proxy_set_header Connection \"\"; proxy_set_header Host $host; \
                 proxy_set_header X-Forwarded-For $remote_addr; proxy_ssl_protocols TLSv1.3; \
                 proxy_ssl_server_name on; proxy_ssl_name {HOST}; proxy_ssl_verify on; \
                 proxy_ssl_trusted_certificate {}; }}\n",
                demo.text("/ca")
            )
        };
        [
            upstream("plain", plain),
            upstream("tls", tls),
            format!("server {{ listen {address} ssl; {}\n", tls_lines(demo)),
            location("/bench/plain", "off", "http://plain"),
            location("/bench/anonymous", "off", "http://plain"),
            location("/bench/tls", "off", "https://tls"),
            location("/bench/logged", &log, "http://plain"),
            "}\n".to_owned(),
        ]
        .concat()
    }
}

/// One of the two that are compared.
struct Side {
    process: u32,
    load: Load,
    rounds: Vec<Round>,
    alone: Vec<f64>,
}

/// What one round gave.
struct Round {
    per_second: f64,
    /// The same for each second that the server used of its processor.
    by_processor: f64,
    /// The part of the time in which the server had its processor.
    busy: f64,
}

impl Side {
    fn signed_in(
        demo: &Demo,
        tls: &Arc<ClientConfig>,
        gate: &Serve,
        path: &str,
    ) -> anyhow::Result<Self> {
        let person = demo.person(0);
        let request = Request::new(HOST, path);
        let mut connections = Vec::new();
        for seed in 0..CONNECTIONS {
            let ntlm = Ntlm::plain(&person, &person.app_password, u64::try_from(seed)?);
            let mut connection = Connection::open(tls, gate.address, HOST, Ipv4Addr::LOCALHOST)?;
            let first = request.clone().header(&ntlm.first()).text();
            let challenged = connection.exchange(first.as_bytes())?;
            let last = request.clone().header(&ntlm.last(&challenged)?).text();
            let answer = connection.exchange(last.as_bytes())?;
            ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
            connections.push(connection);
        }
        Ok(Self::of(gate.process(), connections, &request))
    }

    fn anonymous(
        tls: &Arc<ClientConfig>,
        (process, address): (u32, SocketAddr),
        path: &str,
    ) -> anyhow::Result<Self> {
        let open = |_| Connection::open(tls, address, HOST, Ipv4Addr::LOCALHOST);
        let connections = (0..CONNECTIONS).map(open).collect::<Result<_, _>>()?;
        let request = Request::new(HOST, path);
        Ok(Self::of(process, connections, &request))
    }

    fn of(process: u32, connections: Vec<Connection>, request: &Request<'_>) -> Self {
        Self {
            process,
            load: Load::new(connections, &request.text()),
            rounds: Vec::new(),
            alone: Vec::new(),
        }
    }

    fn round(&mut self) -> anyhow::Result<()> {
        let before = used(self.process)?;
        let (answers, took) = self.load.ask_all(ROUND)?;
        let used = used(self.process)?.saturating_sub(before).as_secs_f64();
        self.rounds.push(Round {
            per_second: rate(answers, took),
            by_processor: answers as f64 / used,
            busy: used / took.as_secs_f64(),
        });
        self.alone.extend(self.load.ask_one(ALONE)?);
        Ok(())
    }

    fn middle(&self, of: fn(&Round) -> f64) -> f64 {
        median(&self.rounds.iter().map(of).collect::<Vec<f64>>())
    }
}

fn compare(case: &Case, mut gate: Side, mut nginx: Side) -> anyhow::Result<Vec<Figure>> {
    for _ in 0..ROUNDS {
        gate.round()?;
        nginx.round()?;
    }
    let figure = |name: String, unit, here, there, budget| Figure {
        name,
        value: here,
        unit,
        peer: Some(("nginx".to_owned(), there)),
        budget,
    };
    let of = |what: fn(&Round) -> f64| (gate.middle(what), nginx.middle(what));
    let ((here, there), busy) = (of(|round| round.per_second), of(|round| round.busy));
    let by_processor = of(|round| round.by_processor);
    let (what, budget) = (case.what, case.budget);
    let rates = format!(
        "requests forwarded {what}, {CONNECTIONS} connections (processor busy: {:.2}, nginx {:.2})",
        busy.0, busy.1
    );
    let used = format!("requests forwarded {what}, by the processor");
    let alone = format!("median answer {what}, one connection");
    Ok(vec![
        figure(rates, "/s", here, there, budget),
        figure(used, "/s", by_processor.0, by_processor.1, budget),
        figure(alone, "us", median(&gate.alone), median(&nginx.alone), ""),
    ])
}
