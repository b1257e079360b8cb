//! What memory the gate holds: with nobody there, with 10,000 TLS connections that say nothing, and
//! after each of them was answered once. nginx beside it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::ensure;
use e2e::demo::Demo;
use e2e::raw::tls;
use e2e::serve::Serve;
use e2e::sign_in::Request;
use rustls::ClientConfig;

use crate::figure::Figure;
use crate::load::Connection;
use crate::machine::{open_files, resident};
use crate::nginx::{Nginx, free, tls_lines};

/// The published name.
const HOST: &str = "mail.contoso.localhost";
/// How many connections there are.
const CONNECTIONS: usize = 10_000;
/// How many come from one address, of which the gate takes 1,024.
const OF_ONE_ADDRESS: usize = 1_000;
/// How many threads open them.
const THREADS: usize = 4;

/// Megabytes of one server.
struct Held {
    nobody: f64,
    silent: f64,
    answered: f64,
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    open_files(CONNECTIONS + 1_000)?;
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let gate = Serve::start(&demo, |config| config)?;
    let here = held(&tls, gate.address, gate.process())?;
    drop(gate);
    let address = free()?;
    let blocks = format!(
        "server {{ listen {address} ssl backlog=4096; {} location / {{ return 404; }} }}",
        tls_lines(&demo)
    );
    let nginx = Nginx::start(&[], &blocks, address)?;
    let there = held(&tls, address, nginx.process())?;
    let figure = |name: &str, of: fn(&Held) -> f64, budget| Figure {
        name: name.to_owned(),
        value: of(&here),
        unit: "MB",
        peer: Some(("nginx".to_owned(), of(&there))),
        budget,
    };
    let with_all = "bar 300 MB, goal 250 MB";
    Ok(vec![
        figure("nobody connected", |held| held.nobody, "40 MB"),
        figure(
            "10,000 silent TLS connections",
            |held| held.silent,
            with_all,
        ),
        figure(
            "10,000 TLS connections, idle after an answer each",
            |held| held.answered,
            with_all,
        ),
    ])
}

fn held(tls: &Arc<ClientConfig>, server: SocketAddr, process: u32) -> anyhow::Result<Held> {
    let nobody = resident(process)?;
    let mut connections = in_threads(|thread| {
        let own = (thread..CONNECTIONS).step_by(THREADS);
        own.map(|number| open(tls, server, number)).collect()
    })?;
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
    let [.., low] = (number / OF_ONE_ADDRESS).to_be_bytes();
    let from = Ipv4Addr::new(127, 101, low, 1);
    let mut connection = Connection::open(tls, server, HOST, from)?;
    connection.hear_tickets()?;
    Ok(connection)
}

/// What all threads give, together.
fn in_threads<T: Send>(
    work: impl Fn(usize) -> anyhow::Result<Vec<T>> + Sync,
) -> anyhow::Result<Vec<T>> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            let joined = thread.join();
            all.extend(joined.unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked")))?);
        }
        Ok(all)
    })
}
