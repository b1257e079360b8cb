//! Answering: REGISTER with 200, what ends a dialogue with 200, a call or message with 480.
//!
//! INTEROP: SIPE 1.25 is online once `Expires` is more than 0, and subscribes only to what
//! `Allow-Events` names, so that there is none.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::message::{Event, Framer, Request};
use crate::clock;
use crate::people::People;
use crate::requests::{Requests, Seen, Server};

/// How long a registration lasts where the client does not say.
const DEFAULT_EXPIRES: u32 = 600;
/// How long it lasts at most.
const MAX_EXPIRES: u32 = 7200;
/// How long a connection may rest.
const REST: Duration = Duration::from_secs(600);
/// How much is read at once.
const READ_BYTES: usize = 4096;

/// The registrar.
#[derive(Debug)]
pub(crate) struct Registrar {
    pub(crate) people: Arc<People>,
    pub(crate) requests: Arc<Requests>,
}

impl Registrar {
    /// Serves a connection until it ends.
    pub(crate) async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Send + Unpin,
        connection: u64,
    ) {
        let mut framer = Framer::default();
        let mut bytes = [0; READ_BYTES];
        loop {
            let (answer, goes_on) = self.answers(&mut framer, connection);
            if stream.write_all(answer.as_bytes()).await.is_err() || !goes_on {
                break;
            }
            match tokio::time::timeout(REST, stream.read(&mut bytes)).await {
                Ok(Ok(length)) if length > 0 => {
                    framer.push(bytes.get(..length).unwrap_or_default());
                }
                _ => break,
            }
        }
        // The peer may be gone already, which is as good.
        let _ = stream.shutdown().await;
    }

    /// Answers everything that is complete; gives whether the connection goes on.
    fn answers(&self, framer: &mut Framer, connection: u64) -> (String, bool) {
        let mut answers = String::new();
        loop {
            match framer.next() {
                Ok(None) => return (answers, true),
                Ok(Some(Event::Response)) => {}
                Ok(Some(Event::KeepAlive)) => answers.push_str("\r\n"),
                Ok(Some(Event::Request(request))) => {
                    self.note(&request, connection);
                    let Ok(tag) = clock::random() else {
                        return (answers, false);
                    };
                    answers.push_str(&self.answer(&request, u64::from_le_bytes(tag)));
                }
                Err(error) => {
                    tracing::debug!(connection.number = connection, %error, "no SIP");
                    answers.push_str("SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                    return (answers, false);
                }
            }
        }
    }

    fn note(&self, request: &Request, connection: u64) {
        let (_, host) = request.uri.split_once(':').unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        self.requests.add(Seen {
            server: Server::Sip,
            member: Server::Sip.to_string(),
            host: host
                .split([';', '?'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase(),
            method: request.method.clone(),
            path: request.uri.clone(),
            identity: None,
            how: None,
            refused: None,
            connection,
            authorization_schemes: Vec::new(),
            ticket: false,
            headers: None,
            at: clock::now(),
        });
    }

    fn answer(&self, request: &Request, tag: u64) -> String {
        let answer = |status| Answer::new(status, request, tag);
        match request.method.as_str() {
            "REGISTER" => self.register(request, tag),
            "OPTIONS" | "BYE" | "CANCEL" => answer("200 OK").written(),
            "INVITE" | "MESSAGE" => answer("480 Temporarily Unavailable").written(),
            // An ACK is never answered.
            "ACK" => String::new(),
            _ => answer("405 Method Not Allowed")
                .header(
                    "Allow",
                    "REGISTER, OPTIONS, INVITE, ACK, BYE, CANCEL, MESSAGE",
                )
                .written(),
        }
    }

    fn register(&self, request: &Request, tag: u64) -> String {
        let to = request.header("to").unwrap_or_default();
        if uri(to).and_then(|uri| self.people.by_sip(uri)).is_none() {
            return Answer::new("404 Not Found", request, tag).written();
        }
        let contact = request.header("contact");
        let expires = expires(request, contact);
        let answer = Answer::new("200 OK", request, tag)
            .header(
                "ms-keep-alive",
                "UAS; tcp=no; hop-hop=yes; end-end=no; timeout=300",
            )
            .header("Expires", &expires.to_string());
        let Some(address) = contact.and_then(uri).filter(|_| expires > 0) else {
            return answer.written();
        };
        let instance = contact.and_then(|contact| quoted(contact, "+sip.instance="));
        let instance = instance
            .map(|id| format!(";+sip.instance=\"{id}\""))
            .unwrap_or_default();
        let contact = format!("<{address}>;expires={expires}{instance}");
        answer.header("Contact", &contact).written()
    }
}

/// An answer in the making.
struct Answer(String);

impl Answer {
    fn new(status: &str, request: &Request, tag: u64) -> Self {
        let mut answer = Self(format!("SIP/2.0 {status}\r\n"));
        for via in request.headers("via") {
            answer = answer.header("Via", via);
        }
        for (name, key) in [("From", "from"), ("Call-ID", "call-id"), ("CSeq", "cseq")] {
            answer = answer.header(name, request.header(key).unwrap_or_default());
        }
        let to = request.header("to").unwrap_or_default();
        let to = if to.contains(";tag=") {
            to.to_owned()
        } else {
            format!("{to};tag={tag:016x}")
        };
        answer.header("To", &to).header("Server", "RTC/5.0")
    }

    /// Adds a header; values come from parsed headers and constants, so that they hold no line end.
    fn header(mut self, name: &str, value: &str) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{name}: {value}\r\n");
        self
    }

    fn written(self) -> String {
        self.header("Content-Length", "0").0 + "\r\n"
    }
}

/// What stands in angle brackets, else what stands before the first parameter.
fn uri(value: &str) -> Option<&str> {
    match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>').map(|(uri, _)| uri),
        None => value
            .split(';')
            .next()
            .map(str::trim)
            .filter(|uri| !uri.is_empty()),
    }
}

fn quoted<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = value.split_once(name)?;
    rest.strip_prefix('"')?
        .split_once('"')
        .map(|(text, _)| text)
}

/// The contact's own word stands before the header's (RFC 3261 10.3).
fn expires(request: &Request, contact: Option<&str>) -> u32 {
    let parameter = contact.and_then(|contact| {
        let (_, parameters) = contact.rsplit_once('>')?;
        let (_, rest) = parameters.split_once(";expires=")?;
        rest.split(';').next()?.trim().parse().ok()
    });
    let header = request
        .header("expires")
        .and_then(|value| value.parse().ok());
    parameter
        .or(header)
        .unwrap_or(DEFAULT_EXPIRES)
        .min(MAX_EXPIRES)
}
