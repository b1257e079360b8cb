//! A gate, and somebody who may pass on every row of the table.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use serde_json::Value;

use super::Takes::{
    Bearer, Closed, Grant, Guests, Logon, Message, Nobody, Observed, Preflight, Ticket,
    UsernameToken,
};
use super::{BASIC, Row, SERVICE};
use crate::client::request_for;
use crate::demo::{Demo, Person};
use crate::messages::{
    asks_for_compact, asks_with_token, assertion_in, bears, certificate_of, compact_in, opaque,
    password_form, pox, user_settings,
};
use crate::raw::{Answer, Raw, tls};
use crate::serve::Serve;
use crate::sign_in::{Ntlm, Request, basic};

/// A gate, and somebody who may pass everywhere.
#[derive(Debug)]
pub struct Gate {
    /// The demo that it is in, or beside.
    pub demo: Demo,
    beside: Option<Serve>,
    connections: AtomicU16,
    tls: Arc<ClientConfig>,
    /// Somebody who may pass everywhere.
    pub anna: Person,
    /// Her ticket.
    pub assertion: String,
    /// Her compact ticket.
    pub compact: String,
}

/// What became of a request at the servers behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The schemes of the credentials that came.
    pub schemes: Vec<String>,
    /// The names of the headers that came, where they are listed.
    pub names: BTreeSet<String>,
    /// Whose it was to them.
    pub identity: Option<String>,
    /// Whether they did not believe something in it.
    pub refused: bool,
}

impl Gate {
    /// A demo.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn open() -> anyhow::Result<Self> {
        Self::opened(Demo::start()?, None)
    }

    /// A gate that lets other organisations' servers in, wherever they are.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn hybrid() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let beside = Serve::start(&demo, |config| {
            let hybrid = "hybrid = [\"127.0.0.0/8\"]\nautodiscover_hosts";
            config.replace("autodiscover_hosts", hybrid)
        })?;
        Self::opened(demo, Some(beside))
    }

    fn opened(demo: Demo, beside: Option<Serve>) -> anyhow::Result<Self> {
        let mut gate = Self {
            tls: tls(&demo, &[])?,
            anna: demo.person(0),
            demo,
            beside,
            connections: AtomicU16::new(0),
            assertion: String::new(),
            compact: String::new(),
        };
        let bought = |request: &str| {
            let host = gate.name("lyncweb");
            let request = Request::post(&host, SERVICE, request);
            let answer = gate
                .ntlm()
                .sign_in(&mut gate.connect("lyncweb")?, &request)?;
            anyhow::ensure!(answer.status == 200, "{}", answer.text());
            anyhow::Ok(answer.text())
        };
        let request = request_for(&gate.demo, &gate.anna.sip);
        let assertion = bought(&request)?;
        let compact = bought(&asks_for_compact(&request))?;
        gate.assertion = assertion_in(&assertion).context("no assertion")?.to_owned();
        gate.compact = compact_in(&compact)
            .context("no compact ticket")?
            .to_owned();
        Ok(gate)
    }

    /// The name of a host.
    #[must_use]
    pub fn name(&self, host: &str) -> String {
        format!("{host}.contoso.localhost")
    }

    fn ntlm(&self) -> Ntlm {
        Ntlm::modern(&self.anna, &self.anna.app_password, 5)
    }

    /// Connects to a host from an address of its own.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        let name = self.name(host);
        let [.., network, host] = self
            .connections
            .fetch_add(1, Ordering::Relaxed)
            .to_be_bytes();
        // Nobody is held back here for what another row guessed.
        let from = Ipv4Addr::new(127, 1 + network, host, 1);
        let gate = self.beside.as_ref().map(|beside| beside.address);
        let gate = gate.unwrap_or_else(|| self.demo.address());
        Raw::connect_to_from(gate, &self.tls, &name, from)
    }

    /// What is asked of a row, without any credential in its head.
    fn asking(&self, row: &Row) -> (String, &'static str, String) {
        let request = request_for(&self.demo, &self.anna.sip);
        let password = &self.anna.app_password;
        let (method, body) = match row.takes {
            Logon(_) if row.path == SERVICE => ("POST", request),
            Logon(_) if row.at.starts_with("/Microsoft-Server") => ("OPTIONS", String::new()),
            Logon(_) if row.path.ends_with(".xml") => ("POST", pox(&self.anna)),
            Logon(_) if row.path.ends_with("Autodiscover.svc") => {
                ("POST", user_settings(&self.anna))
            }
            Guests => ("POST", request),
            UsernameToken => (
                "POST",
                asks_with_token(&request, &self.anna.account, password),
            ),
            Grant => ("POST", password_form(&self.anna.account, password)),
            Message => ("POST", bears(&self.assertion, &certificate_of(&self.anna))),
            Preflight => ("OPTIONS", String::new()),
            Nobody | Ticket | Bearer | Observed | Logon(_) | Closed => ("GET", String::new()),
        };
        (self.name(row.host), method, body)
    }

    /// A connection on which a row's request passes, and the header line that it then needs.
    ///
    /// # Errors
    ///
    /// She does not get in.
    pub fn admitted(&self, row: &Row) -> anyhow::Result<(Raw, Option<String>)> {
        let mut raw = self.connect(row.host)?;
        let line = match row.takes {
            Ticket => Some(opaque(&self.assertion)),
            Bearer => Some(format!("Authorization: Bearer {}", self.compact)),
            Logon(BASIC) => Some(basic(&self.anna.upn, &self.anna.app_password)),
            Logon(_) => {
                self.sent(row, |request| self.ntlm().sign_in(&mut raw, &request))?;
                None
            }
            Nobody | Preflight | Message | Observed | UsernameToken | Guests | Grant | Closed => {
                None
            }
        };
        Ok((raw, line))
    }

    /// Hands a row's request to whoever sends it.
    ///
    /// # Errors
    ///
    /// Whoever sends it fails.
    pub fn sent(
        &self,
        row: &Row,
        send: impl FnOnce(Request<'_>) -> anyhow::Result<Answer>,
    ) -> anyhow::Result<Answer> {
        let (host, method, body) = self.asking(row);
        let content_type = match row.takes {
            Grant => "Content-Type: application/x-www-form-urlencoded",
            _ => "Content-Type: text/xml; charset=utf-8",
        };
        let request = Request {
            method,
            body: &body,
            ..Request::new(&host, row.at)
        };
        let has_type = !body.is_empty();
        send(if has_type {
            request.header(content_type)
        } else {
            request
        })
    }

    /// A row's request as it passes, with lines more; from a connection of its own.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn passing(&self, row: &Row, lines: &[String]) -> anyhow::Result<Answer> {
        let (mut raw, line) = self.admitted(row)?;
        let lines = line.iter().chain(lines);
        self.forget()?;
        self.sent(row, |request| {
            let request = lines.fold(request, |request, line| request.header(line));
            raw.exchange(request.text())
        })
    }

    /// A row's request with nothing but these lines.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn bare(&self, row: &Row, lines: &[String]) -> anyhow::Result<Answer> {
        let mut raw = self.connect(row.host)?;
        self.forget()?;
        self.sent(row, |request| {
            let request = lines
                .iter()
                .fold(request, |request, line| request.header(line));
            raw.exchange(request.text())
        })
    }

    /// Makes the servers behind forget what they saw.
    ///
    /// # Errors
    ///
    /// They cannot be told.
    pub fn forget(&self) -> anyhow::Result<()> {
        self.demo.tell_lab("clear")
    }

    /// What the servers behind saw.
    ///
    /// # Errors
    ///
    /// They cannot be asked.
    pub fn arrived(&self) -> anyhow::Result<Vec<Arrived>> {
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let seen = self.demo.requests()?;
        let arrived = seen.iter().map(|seen| Arrived {
            schemes: texts(&seen["authorization_schemes"]),
            names: texts(&seen["headers"]).into_iter().collect(),
            identity: seen["identity"].as_str().map(str::to_owned),
            refused: !seen["refused"].is_null(),
        });
        Ok(arrived.collect())
    }

    /// What came of the one request that was let through.
    ///
    /// # Errors
    ///
    /// There were none, or several.
    pub fn arrived_once(&self, said: &str) -> anyhow::Result<Arrived> {
        let mut arrived = self.arrived()?;
        anyhow::ensure!(arrived.len() == 1, "{said}: {arrived:#?}");
        arrived.pop().context("nothing arrived")
    }

    /// What a client may write about itself in `Authorization`, by scheme.
    #[must_use]
    pub fn credentials(&self) -> Vec<String> {
        let Person {
            upn,
            domain_password,
            ..
        } = &self.anna;
        let first = self.ntlm().first();
        let digest =
            "Digest username=\"anna\", realm=\"x\", nonce=\"1\", uri=\"/\", response=\"2\"";
        vec![
            first.replace("NTLM", "Negotiate"),
            first,
            "Authorization: Negotiate YIIB".to_owned(),
            "Authorization: NTLM not/a/message".to_owned(),
            basic(upn, domain_password),
            basic(upn, "a guess"),
            format!("authorization: {digest}"),
            format!(
                "Authorization: Bearer cwt={}",
                STANDARD.encode("nobody's ticket")
            ),
            "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(),
            "Authorization: Hawk id=\"anna\"".to_owned(),
            "Authorization: anna".to_owned(),
        ]
    }
}
