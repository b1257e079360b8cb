//! Looking at a deployment from where the gate stands: reads, asks, and changes nothing.
//!
//! Each look has a limit of its own, and all of them run at the same time, so that the whole takes about as long as the
//! slowest. What is seen is judged by [`crate::doctor::wire`]. Start at [`look`].

mod anyone;
mod clock;
mod collector;
mod database;
mod directory;
mod http;
mod kerberos;
mod names;
mod partners;
mod places;
mod policy;
mod reach;
mod shape;
mod sign_in;
mod sip;
mod trusts;
mod web;

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::config::Settings;
use crate::doctor::wire::Seen;

pub(crate) use directory::accounts;
pub(crate) use kerberos::Folder;
pub(crate) use policy::unknown_parties;
pub(crate) use shape::{apart, shape, stays};
pub(crate) use sign_in::{SignIn, sign_in};
pub(crate) use trusts::trusts;

/// How many looks are under way at the same time at most.
const MAX_AT_ONCE: usize = 64;

/// What is to be looked at beside what the configuration names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    /// A resolver of the LAN.
    pub(crate) inside: Option<SocketAddr>,
    /// One of the Internet.
    pub(crate) outside: Option<SocketAddr>,
    /// SIP edges, each a host and a port.
    pub(crate) sip: Vec<String>,
    /// Addresses that may answer beside the gate, each a host and a port.
    pub(crate) around: Vec<String>,
}

/// One look, or a few that belong together.
type Look = Pin<Box<dyn Future<Output = Vec<Seen>> + Send>>;

/// Looks at everything that the configuration names, and at what stands beside it.
pub(crate) async fn look(
    settings: &Settings,
    beside: &Beside,
    process: Option<&gss::Process>,
) -> Vec<Seen> {
    let mut looks: Vec<Look> = Vec::new();
    looks.push(one(reach::certificates(settings.clone())));
    looks.extend(names::looks(settings, beside));
    looks.extend(reach::looks(settings));
    looks.extend(web::looks(settings));
    looks.extend(web::looks_around(settings, beside));
    looks.extend(beside.sip.iter().map(|edge| one(sip::look(edge.clone()))));
    looks.extend(clock::looks(settings));
    looks.extend(database::look(settings));
    looks.extend(collector::look(settings));
    looks.extend(partners::look(settings));
    looks.extend(kerberos::look(settings, process));
    all(looks).await
}

/// A look that sees one thing.
fn one(look: impl Future<Output = Seen> + Send + 'static) -> Look {
    Box::pin(async move { vec![look.await] })
}

/// Has all of them look at the same time, and gives what they saw in their order; says how far it is where somebody
/// sits before a terminal.
async fn all(looks: Vec<Look>) -> Vec<Seen> {
    let count = looks.len();
    let room = Arc::new(Semaphore::new(MAX_AT_ONCE));
    let mut looking = JoinSet::new();
    for (at, look) in looks.into_iter().enumerate() {
        let room = Arc::clone(&room);
        looking.spawn(async move {
            let _place = room.acquire().await;
            (at, look.await)
        });
    }
    let mut seen = Vec::new();
    while let Some(looked) = looking.join_next().await {
        seen.extend(looked);
        say(&format!("\r{} of {count} looks", seen.len()));
    }
    say("\r\u{1b}[K");
    seen.sort_by_key(|(at, _)| *at);
    seen.into_iter().flat_map(|(_, seen)| seen).collect()
}

fn say(text: &str) {
    let mut terminal = std::io::stderr().lock();
    if terminal.is_terminal() {
        // Nothing depends on it.
        let _ = write!(terminal, "{text}").and_then(|()| terminal.flush());
    }
}

/// Why a look saw nothing: its time was over.
fn too_slow(patience: Duration) -> String {
    format!("it took longer than {} s", patience.as_secs())
}

/// Does something, but no longer than that.
async fn within<T>(
    patience: Duration,
    doing: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let done = tokio::time::timeout(patience, doing).await;
    done.unwrap_or_else(|_| Err(too_slow(patience)))
}

/// An error in words.
fn words(error: &dyn std::error::Error) -> String {
    crate::proxy::shown(error).to_string()
}

#[cfg(test)]
mod tests;
