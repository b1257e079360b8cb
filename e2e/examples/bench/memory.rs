//! What memory the gate holds: with nobody there, with 10,000 TLS connections that say nothing, and
//! after each of them was answered once. nginx beside it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::ensure;
use e2e::demo::Demo;
use e2e::raw::tls;
use e2e::serve::Serve;
use e2e::sign_in::Request;
use rustls::ClientConfig;

use crate::figure::Figure;
use crate::load::{Connection, in_threads, one_of_ten};
use crate::machine::{open_files, resident};
use crate::nginx::{Nginx, free, tls_lines};

/// The published name.
const HOST: &str = "mail.contoso.localhost";
/// How many connections there are, where the system allows enough open files.
const CONNECTIONS: usize = 10_000;
/// How many files are left for everything else.
const OTHER_FILES: usize = 512;

/// Megabytes of one server.
struct Held {
    nobody: f64,
    silent: f64,
    answered: f64,
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    // The gate takes no more connections than it could also reach back ends for, with a file each.
    let count = CONNECTIONS.min(open_files()?.saturating_sub(OTHER_FILES) / 2);
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let gate = Serve::start(&demo, |config| config)?;
    let here = held(&tls, count, (gate.address, gate.process()))?;
    drop(gate);
    let address = free()?;
    let blocks = format!(
        "server {{ listen {address} ssl backlog=4096; {} location / {{ return 404; }} }}",
        tls_lines(&demo)
    );
    let nginx = Nginx::start(&[], &blocks, address)?;
    let there = held(&tls, count, (address, nginx.process()))?;
    let figure = |name: String, of: fn(&Held) -> f64, budget| Figure {
        name,
        value: of(&here),
        unit: "MB",
        peer: Some(("nginx".to_owned(), of(&there))),
        budget,
    };
    let with_all = "with 10,000: bar 300 MB, goal 250 MB";
    let silent = format!("{count} silent TLS connections");
    let answered = format!("{count} TLS connections, idle after an answer each");
    let nobody = "nobody connected".to_owned();
    Ok(vec![
        figure(nobody, |held| held.nobody, "40 MB"),
        figure(silent, |held| held.silent, with_all),
        figure(answered, |held| held.answered, with_all),
    ])
}

fn held(
    tls: &Arc<ClientConfig>,
    count: usize,
    (server, process): (SocketAddr, u32),
) -> anyhow::Result<Held> {
    let nobody = resident(process)?;
    let mut connections = in_threads(count, |number| open(tls, server, number))?;
    let silent = resident(process)?;
    let asked = Request::new(HOST, "/nowhere").text();
    for connection in &mut connections {
        let answer = connection.exchange(asked.as_bytes())?;
        ensure!(answer.status == 404, "{}: {}", answer.status, answer.text());
    }
    let answered = resident(process)?;
    Ok(Held {
        nobody,
        silent,
        answered,
    })
}

fn open(tls: &Arc<ClientConfig>, server: SocketAddr, number: usize) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(tls, server, HOST, one_of_ten(number))?;
    connection.hear_tickets()?;
    Ok(connection)
}
