//! Signing in on a raw connection, message by message, so that a story can stop between any two.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::ntlm::client::{Client, Draw};

use crate::demo::Person;
use crate::raw::{Answer, Raw};

/// Somebody who signs in by NTLM.
#[derive(Clone, Debug)]
pub struct Ntlm {
    /// What is sent; a story may change it.
    pub client: Client,
    seed: u64,
}

/// A request to be sent on a raw connection.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The Host.
    pub host: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Header lines, each with its end.
    pub headers: String,
    /// The body, whose length is told where there is one.
    pub body: &'a str,
}

impl<'a> Request<'a> {
    /// A GET.
    #[must_use]
    pub fn new(host: &'a str, path: &'a str) -> Self {
        Self {
            method: "GET",
            host,
            path,
            headers: String::new(),
            body: "",
        }
    }

    /// A POST of XML.
    #[must_use]
    pub fn post(host: &'a str, path: &'a str, body: &'a str) -> Self {
        Self {
            method: "POST",
            body,
            ..Self::new(host, path).header("Content-Type: text/xml")
        }
    }

    /// With a header line more.
    #[must_use]
    pub fn header(mut self, line: &str) -> Self {
        self.headers.push_str(line);
        self.headers.push_str("\r\n");
        self
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            method,
            host,
            path,
            headers,
            body,
        } = self;
        let length = match (*method, body.len()) {
            ("GET" | "HEAD", 0) => String::new(),
            (_, length) => format!("Content-Length: {length}\r\n"),
        };
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}{length}\r\n{body}")
    }
}

impl Ntlm {
    /// As curl does it: no MIC, no session key.
    #[must_use]
    pub fn plain(person: &Person, password: &str, seed: u64) -> Self {
        let (domain, user) = person
            .account
            .split_once('\\')
            .unwrap_or(("", &person.account));
        Self {
            client: Client::plain(user, domain, password),
            seed,
        }
    }

    /// As Windows does it: MIC and session key.
    #[must_use]
    pub fn modern(person: &Person, password: &str, seed: u64) -> Self {
        let (domain, user) = person
            .account
            .split_once('\\')
            .unwrap_or(("", &person.account));
        Self {
            client: Client::new(user, domain, password),
            seed,
        }
    }

    /// The header line of message 1.
    #[must_use]
    pub fn first(&self) -> String {
        format!(
            "Authorization: NTLM {}",
            STANDARD.encode(self.client.negotiate())
        )
    }

    /// The header line of message 3, which answers message 2.
    ///
    /// # Errors
    ///
    /// The answer carries no message 2.
    pub fn last(&self, challenged: &Answer) -> anyhow::Result<String> {
        let bytes = challenge(challenged)?;
        let [low, ..] = self.seed.to_le_bytes();
        let draw = Draw {
            client_challenge: self.seed.to_le_bytes(),
            session_key: [low; 16],
            time: None,
        };
        let (message, _) = self.client.authenticate(&bytes, draw)?;
        Ok(format!("Authorization: NTLM {}", STANDARD.encode(message)))
    }

    /// Signs in with a request: message 1 without its body, then message 3 with it; gives the last
    /// answer.
    ///
    /// # Errors
    ///
    /// The connection ends, or message 1 is not answered by message 2.
    pub fn sign_in(&self, raw: &mut Raw, request: &Request<'_>) -> anyhow::Result<Answer> {
        let asking = Request {
            body: "",
            ..request.clone()
        };
        let challenged = raw.exchange(asking.header(&self.first()).text())?;
        let last = self.last(&challenged)?;
        raw.exchange(request.clone().header(&last).text())
    }
}

/// Message 2 in an answer.
///
/// # Errors
///
/// There is none.
pub fn challenge(answer: &Answer) -> anyhow::Result<Vec<u8>> {
    let offered = answer.all("www-authenticate");
    let mut tokens = offered.filter_map(|offer| offer.strip_prefix("NTLM "));
    let token = tokens
        .next()
        .with_context(|| format!("no message 2 in {}", answer.status))?;
    Ok(STANDARD.decode(token)?)
}

/// The header line of Basic.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    format!(
        "Authorization: Basic {}",
        STANDARD.encode(format!("{user}:{password}"))
    )
}
