//! The list of requests over plain HTTP on loopback: `GET /requests`, `POST /clear`, `POST /provoke`
//! (`?status=401`, or `?off=1`), and `GET /ticket-key.pem`, the public key of the first pool's tickets,
//! or of the one that `?pool=` names. `POST /members?id=ID&up=0` takes a member down, `up=1` puts it up.

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, Method, StatusCode};

use super::body;
use super::http::{Application, Asked, Connection, Head};
use super::reply::Reply;
use super::switches::Switches;
use crate::provocation::Provocation;
use crate::requests::Requests;
use crate::ticket::Mint;

/// The header that says how many requests were forgotten.
const FORGOTTEN: HeaderName = HeaderName::from_static("x-lab-forgotten");

/// What answers with the list.
#[derive(Debug)]
pub(crate) struct RequestList {
    pub(crate) requests: Arc<Requests>,
    pub(crate) provocation: Arc<Provocation>,
    /// Each pool's own name, and what issues its tickets.
    pub(crate) mints: Vec<(String, Arc<Mint>)>,
    /// What takes members down.
    pub(crate) switches: Arc<Switches>,
}

impl RequestList {
    fn list(&self) -> Reply {
        match serde_json::to_string(&self.requests.all()) {
            Ok(list) => Reply::with_body(StatusCode::OK, "application/json", list)
                .header(FORGOTTEN, &self.requests.forgotten().to_string()),
            Err(_) => Reply::new(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn provoke(&self, head: &Head) -> Reply {
        let status = head.parameter("status");
        match status.map(str::parse) {
            _ if head.parameter("off") == Some("1") => self.provocation.end(),
            None => self.provocation.begin(None),
            Some(Ok(status)) => self.provocation.begin(Some(status)),
            Some(Err(_)) => return Reply::new(StatusCode::BAD_REQUEST),
        }
        Reply::new(StatusCode::NO_CONTENT)
    }

    fn switch(&self, id: Option<&str>, is_up: Option<&str>) -> Reply {
        let is_up = match is_up {
            Some("0") => false,
            Some("1") => true,
            _ => return Reply::new(StatusCode::BAD_REQUEST),
        };
        match id.is_some_and(|id| self.switches.set(id, is_up)) {
            true => Reply::new(StatusCode::NO_CONTENT),
            false => Reply::new(StatusCode::NOT_FOUND),
        }
    }

    fn ticket_key(&self, pool: Option<&str>) -> Reply {
        let mut mints = self.mints.iter();
        let mint = mints.find(|(host, _)| pool.is_none_or(|pool| pool == host));
        match mint {
            Some((_, mint)) => Reply::with_body(
                StatusCode::OK,
                "application/x-pem-file",
                pem("PUBLIC KEY", mint.public_key()),
            ),
            None => Reply::new(StatusCode::NOT_FOUND),
        }
    }
}

impl Application for RequestList {
    async fn answer(&self, asked: Asked, _: &Connection) -> Reply {
        if body::drain(asked.body).await.is_err() {
            return Reply::new(StatusCode::BAD_REQUEST);
        }
        let clears = asked.head.parameter("clear") == Some("1");
        match (&asked.head.method, asked.head.path.as_str()) {
            (&Method::GET, "/requests") => self.list(),
            (&Method::POST, "/clear") => {
                self.requests.clear();
                Reply::new(StatusCode::NO_CONTENT)
            }
            (&Method::POST, "/requests") if clears => {
                self.requests.clear();
                Reply::new(StatusCode::NO_CONTENT)
            }
            (&Method::POST, "/provoke") => self.provoke(&asked.head),
            (&Method::GET, "/ticket-key.pem") => self.ticket_key(asked.head.parameter("pool")),
            (&Method::POST, "/members") => {
                let parameter = |name| asked.head.parameter(name);
                self.switch(parameter("id"), parameter("up"))
            }
            (_, "/requests" | "/clear" | "/provoke" | "/ticket-key.pem" | "/members") => {
                Reply::new(StatusCode::METHOD_NOT_ALLOWED)
            }
            _ => Reply::new(StatusCode::NOT_FOUND),
        }
    }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        pem.push_str(&STANDARD.encode(line));
        pem.push('\n');
    }
    // Writing to a String cannot fail.
    let _ = writeln!(pem, "-----END {label}-----");
    pem
}
