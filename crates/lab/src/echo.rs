//! `/lab/echo` and `/EWS/echo`: what arrived and whose it was, for tests that weave many users'
//! requests; and the faults that those tests ask for.
//!
//! Parameters: `nonce` (or the header `x-lab-nonce`) comes back; `status` is answered; `body=1` sends
//! the request's body back as it comes; `close=1` breaks the answer off; `challenge=1` asks for a
//! Windows logon in spite of who it is; `stall=1` never answers; `garbage=1` answers what is no HTTP.
//! Never shows a credential.

use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::identity::{Caller, How, Reception, WEB_TICKET};
use crate::serve::body;
use crate::serve::http::{Asked, Connection, Head};
use crate::serve::reply::Reply;

const NONCE: HeaderName = HeaderName::from_static("x-lab-nonce");
const IDENTITY: HeaderName = HeaderName::from_static("x-lab-identity");
const MEMBER: HeaderName = HeaderName::from_static("x-lab-member");
const CONNECTION: HeaderName = HeaderName::from_static("x-lab-connection");

/// What is answered.
#[derive(Serialize)]
struct Echo<'a> {
    identity: Option<&'a str>,
    how: Option<How>,
    connection: u64,
    member: &'a str,
    nonce: Option<String>,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    body_length: u64,
    headers: Vec<(String, String)>,
}

/// Answers somebody who is known.
pub(crate) async fn answer(
    asked: Asked,
    caller: &Caller,
    connection: &Connection,
    reception: &Reception,
) -> Reply {
    let Asked { head, body } = asked;
    let is_on = |name| head.parameter(name) == Some("1");
    if is_on("stall") {
        // Only the end of the connection ends this, which drops the whole answer.
        std::future::pending::<()>().await;
    }
    if is_on("garbage") {
        connection.garbage.begin();
    }
    if is_on("challenge") {
        return match body::drain(body).await {
            Ok(_) => reception.challenge(&Caller::Nobody),
            Err(_) => Reply::new(StatusCode::BAD_REQUEST),
        };
    }
    let reply = if is_on("body") {
        Reply::with_stream(body)
    } else {
        let Ok(body_length) = body::drain(body).await else {
            return Reply::new(StatusCode::BAD_REQUEST);
        };
        let echo = Echo {
            identity: identity(caller),
            how: caller.how(),
            connection: connection.number,
            member: &reception.member,
            nonce: nonce(&head),
            method: head.method.as_str(),
            host: &head.host,
            path: &head.path,
            query: &head.query,
            body_length,
            headers: shown(&head.headers, reception.assertions.header()),
        };
        let Ok(json) = serde_json::to_string(&echo) else {
            return Reply::new(StatusCode::INTERNAL_SERVER_ERROR);
        };
        Reply::with_body(StatusCode::OK, "application/json", json)
    };
    finished(reply, &head, identity(caller), connection).header(MEMBER, &reception.member)
}

fn finished(reply: Reply, head: &Head, identity: Option<&str>, connection: &Connection) -> Reply {
    let mut reply = reply.header(CONNECTION, &connection.number.to_string());
    if let Some(identity) = identity {
        reply = reply.header(IDENTITY, identity);
    }
    if let Some(nonce) = nonce(head) {
        reply = reply.header(NONCE, &nonce);
    }
    let status = head
        .parameter("status")
        .and_then(|status| status.parse().ok());
    // Informational answers are hyper's to send.
    let status = status.filter(|status: &StatusCode| !status.is_informational());
    if let Some(status) = status {
        reply = reply.status(status);
    }
    if head.parameter("close") == Some("1") {
        reply.cut_short()
    } else {
        reply
    }
}

fn identity(caller: &Caller) -> Option<&str> {
    caller.person().map(|person| person.account.as_str())
}

fn nonce(head: &Head) -> Option<String> {
    let header = head
        .headers
        .get(NONCE)
        .and_then(|value| value.to_str().ok());
    header
        .or_else(|| head.parameter("nonce"))
        .map(str::to_owned)
}

/// Names and values, but of credentials only that they were there.
fn shown(headers: &HeaderMap, assertion_header: &HeaderName) -> Vec<(String, String)> {
    let secret = [
        &AUTHORIZATION,
        &PROXY_AUTHORIZATION,
        &COOKIE,
        &WEB_TICKET,
        assertion_header,
    ];
    let shown = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let value = if secret.contains(&name) {
            "(not shown)".to_owned()
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        (name.as_str().to_owned(), value)
    };
    headers.iter().map(shown).collect()
}
