//! Pools of front ends: which there are, who is at home in which, and where each of them listens.

use std::net::SocketAddr;

use crate::passive::StsMetadata;
use crate::people::Person;

/// The published port that no address needs to name.
const HTTPS_PORT: u16 = 443;

/// A pool of front ends. One that is home to nobody is a Director: it sends everybody on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The pool's own name, which must never be seen outside.
    pub internal_host: String,
    /// The published name of its web services.
    pub web_host: String,
    /// How many front ends it has.
    pub members: usize,
    /// The sAMAccountNames of those who are at home here.
    pub people: Vec<String>,
    /// Whom it trusts in passive mode, which has no Windows logon.
    pub passive: Option<StsMetadata>,
}

/// A pool that runs, or the Exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedPool {
    /// The pool's own name.
    pub internal_host: String,
    /// The published name of its web services; the Exchange knows of none.
    pub web_host: Option<String>,
    /// Its servers.
    pub members: Vec<Member>,
}

/// One server of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What the list of requests and the echo call it: the first label of the pool's name and a number.
    pub id: String,
    /// Where it listens (HTTPS).
    pub address: SocketAddr,
}

/// Who is at home in which pool. Whom no other names is at home in the first.
#[derive(Debug)]
pub(crate) struct Homes {
    pools: Vec<Home>,
}

#[derive(Debug)]
struct Home {
    origin: String,
    people: Vec<String>,
}

impl Homes {
    /// Takes the pools in their order.
    pub(super) fn new(pools: &[Pool], port: u16) -> Self {
        let port = match port {
            HTTPS_PORT => String::new(),
            port => format!(":{port}"),
        };
        let home = |pool: &Pool| Home {
            origin: format!("https://{}{port}", pool.web_host),
            people: pool.people.clone(),
        };
        Self {
            pools: pools.iter().map(home).collect(),
        }
    }

    /// `https://`, the published name and the port of a pool.
    pub(super) fn origin(&self, number: usize) -> &str {
        self.pools.get(number).map_or("", |home| &home.origin)
    }

    /// Where somebody is at home who is not at home in this pool.
    pub(crate) fn elsewhere(&self, person: &Person, number: usize) -> Option<&str> {
        let is_home = |home: &Home| {
            let mut people = home.people.iter();
            people.any(|sam| sam.eq_ignore_ascii_case(&person.sam))
        };
        let home = self.pools.iter().position(is_home).unwrap_or(0);
        (home != number).then(|| self.origin(home))
    }
}

/// What the members of a pool are called.
pub(super) fn member_ids(host: &str, count: usize) -> impl Iterator<Item = String> {
    let computer = host.split('.').next().unwrap_or_default().to_owned();
    (1..=count).map(move |number| format!("{computer}-{number}"))
}
