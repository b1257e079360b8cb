//! The list of every request that the stand-in servers have seen, so that anybody can prove that
//! something never reached them (design 9, `lab.requests`).
//!
//! SECURITY: names of schemes and people are kept; never a header's value, a query or a body.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::identity::How;

/// Most requests that are remembered; beyond it the oldest are forgotten and counted.
pub const MAX_SEEN: usize = 65_536;
/// Longest host, method or path that is kept, in bytes.
const MAX_NAME_BYTES: usize = 512;

/// One request that a stand-in server has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The server.
    pub server: Server,
    /// Which of the servers behind one name it was.
    pub member: String,
    /// The host that was asked for.
    pub host: String,
    /// The method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The account that the server took it for, `DOMAIN\sam`.
    pub identity: Option<String>,
    /// How the server learned it.
    pub how: Option<How>,
    /// Why what was presented was not believed.
    pub refused: Option<String>,
    /// The connection's number, over all servers.
    pub connection: u64,
    /// Names of the schemes of the credential headers that arrived.
    pub authorization_schemes: Vec<&'static str>,
    /// Whether a web ticket came, good or not.
    pub ticket: bool,
    /// The names of the headers that came, where `POST /provoke` asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<String>>,
    /// When the head was read.
    pub at: Timestamp,
}

/// The stand-in servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Server {
    /// The Lync front end.
    FrontEnd,
    /// The Exchange.
    Exchange,
    /// The SIP registrar.
    Sip,
    /// The list of requests; it lists no requests of its own.
    Requests,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FrontEnd => "front end",
            Self::Exchange => "Exchange",
            Self::Sip => "SIP registrar",
            Self::Requests => "list of requests",
        })
    }
}

/// The list.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    seen: VecDeque<(u64, Seen)>,
    forgotten: u64,
    next: u64,
}

impl Requests {
    /// Adds a request at the end and gives the number by which it can be completed.
    pub(crate) fn add(&self, mut seen: Seen) -> u64 {
        for name in [&mut seen.host, &mut seen.method, &mut seen.path] {
            shorten(name);
        }
        let mut list = self.lock();
        if list.seen.len() >= MAX_SEEN {
            list.seen.pop_front();
            list.forgotten = list.forgotten.saturating_add(1);
        }
        let number = list.next;
        list.next = list.next.saturating_add(1);
        list.seen.push_back((number, seen));
        number
    }

    /// Completes a request by what its body said; one that is forgotten stays so.
    pub(crate) fn complete(&self, number: u64, with: impl FnOnce(&mut Seen)) {
        let mut list = self.lock();
        if let Ok(place) = list
            .seen
            .binary_search_by_key(&number, |(number, _)| *number)
            && let Some((_, seen)) = list.seen.get_mut(place)
        {
            with(seen);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut list = self.lock();
        // The numbers go on, so that a request under way completes no later one.
        *list = List {
            next: list.next,
            ..List::default()
        };
    }

    /// What is remembered, the oldest first.
    pub(crate) fn all(&self) -> Vec<Seen> {
        let list = self.lock();
        list.seen.iter().map(|(_, seen)| seen.clone()).collect()
    }

    /// How many were forgotten for want of room.
    pub(crate) fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, List> {
        // No code that holds the lock can panic, so that the list is whole even then.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shorten(name: &mut String) {
    if name.len() > MAX_NAME_BYTES {
        let end = (0..=MAX_NAME_BYTES)
            .rev()
            .find(|end| name.is_char_boundary(*end));
        name.truncate(end.unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str) -> Seen {
        Seen {
            server: Server::FrontEnd,
            member: String::new(),
            host: String::new(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            identity: None,
            how: None,
            refused: None,
            connection: 1,
            authorization_schemes: Vec::new(),
            ticket: false,
            headers: None,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_oldest_are_forgotten_and_counted() {
        let requests = Requests::default();
        for number in 0..=MAX_SEEN {
            requests.add(seen(&number.to_string()));
        }
        let all = requests.all();
        assert_eq!((all.len(), requests.forgotten()), (MAX_SEEN, 1));
        assert_eq!(all[0].path, "1");
        requests.clear();
        assert_eq!((requests.all().len(), requests.forgotten()), (0, 0));
    }

    #[test]
    fn a_request_is_completed_by_its_number_and_no_other() {
        let requests = Requests::default();
        let numbers = ["a", "b", "c"].map(|path| requests.add(seen(path)));
        requests.complete(numbers[1], |seen| seen.ticket = true);
        let tickets = |requests: &Requests| -> Vec<bool> {
            requests.all().iter().map(|seen| seen.ticket).collect()
        };
        assert_eq!(tickets(&requests), [false, true, false]);
        requests.clear();
        requests.add(seen("d"));
        requests.complete(numbers[0], |seen| seen.ticket = true);
        assert_eq!(tickets(&requests), [false]);
    }

    #[test]
    fn a_long_name_is_shortened_between_characters() {
        let requests = Requests::default();
        requests.add(seen(&"é".repeat(MAX_NAME_BYTES)));
        assert_eq!(requests.all()[0].path, "é".repeat(MAX_NAME_BYTES / 2));
    }
}
