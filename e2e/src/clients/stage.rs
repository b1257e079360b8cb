//! Where a client is played: a gate, a zone, and what came of each step.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;

use super::{ACTIVESYNC, By, Client, POX, Played, SERVICE};
use crate::client::request_for;
use crate::demo::{Demo, Person};
use crate::messages::{
    asks_for_compact, asks_with_token, assertion_in, compact_in, opaque, password_form, pox,
};
use crate::raw::{Answer, Raw, tls};
use crate::sign_in::{Ntlm, basic, challenge};

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";
const XML: &str = "application/vnd.microsoft.rtc.autodiscover+xml;v=1";
const ISSUE: &str = "\"http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue\"";
/// SPNEGO around something that says it is Kerberos (RFC 4178, mechanism 1.2.840.113554.1.2.2).
const KERBEROS: [u8; 39] = [
    0x60, 0x25, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02, 0xa0, 0x1b, 0x30, 0x19, 0xa0, 0x0d,
    0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0xa2, 0x08, 0x04,
    0x06, 0x41, 0x50, 0x2d, 0x52, 0x45, 0x51,
];

/// A gate in one zone.
#[derive(Debug)]
pub struct Stage<'d> {
    demo: &'d Demo,
    gate: SocketAddr,
    tls: Arc<ClientConfig>,
    /// The first three bytes of the networks that clients come from, the third to be counted up.
    network: (u8, u8),
    connections: AtomicU16,
}

/// How a client goes through the legs of a handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legs {
    /// Whether the body comes with every leg, or with the last one only.
    pub is_body_in_each: bool,
    /// Whether it asks without credentials first.
    pub asks_first: bool,
    /// Whether it begins anew on another connection once it was challenged.
    pub begins_anew: bool,
    /// Whether it asks for leave before it sends a body.
    pub expects_leave: bool,
    /// Whether it sends message 1 twice.
    pub repeats_first: bool,
    /// By how many places the order of its headers is turned.
    pub turned_by: usize,
}

/// What came of a sign-in.
#[derive(Debug)]
pub struct Came {
    /// The last status.
    pub status: u16,
    /// What is sent with every request from then on, where there is such.
    pub ticket: Option<String>,
    /// The connection that it was made on.
    pub raw: Raw,
}

/// A request before its headers are put in order.
struct Sent<'a> {
    method: &'a str,
    host: &'a str,
    path: &'a str,
    body: &'a str,
    authorization: Option<&'a str>,
}

impl<'d> Stage<'d> {
    /// A gate, as clients from 127.FIRST.0.0/16 and above see it.
    ///
    /// # Errors
    ///
    /// The authority cannot be read.
    pub fn new(demo: &'d Demo, gate: SocketAddr, first: u8) -> anyhow::Result<Self> {
        Ok(Self {
            demo,
            gate,
            tls: tls(demo, &[])?,
            network: (127, first),
            connections: AtomicU16::new(0),
        })
    }

    /// The name of a host.
    #[must_use]
    pub fn name(&self, host: &str) -> String {
        format!("{host}.contoso.localhost")
    }

    /// Connects from a network where nobody was before, so that no client waits for another's guesses.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        let count = self.connections.fetch_add(1, Ordering::Relaxed);
        let [_, third] = count.to_be_bytes();
        let (first, second) = self.network;
        let from = Ipv4Addr::new(first, second, third, 1);
        Raw::connect_to_from(self.gate, &self.tls, &self.name(host), from)
    }

    /// What every client of Lync's does before it says who it is: discover, the user link, the metadata.
    ///
    /// # Errors
    ///
    /// A connection ends first.
    pub fn prefix(&self, client: &Client) -> anyhow::Result<Vec<Answer>> {
        let sip = format!("?sipuri={}", self.demo.person(0).upn);
        let steps = [
            ("lyncdiscover", format!("/{sip}")),
            ("lyncweb", format!("{ROOT}/user")),
            ("lyncweb", format!("{SERVICE}/mex")),
        ];
        let asked = steps.iter().map(|(host, path)| {
            let sent = Sent { host, path, ..GET };
            self.connect(host)?
                .exchange(self.text(client, &sent, Legs::default()))
        });
        asked.collect()
    }

    /// Signs somebody in as a client does, with a secret.
    ///
    /// # Errors
    ///
    /// A connection ends first, or a handshake goes otherwise than any does.
    pub fn signs_in(
        &self,
        client: &Client,
        (person, secret): (&Person, &str),
        legs: Legs,
    ) -> anyhow::Result<Came> {
        let host = client.host();
        let request = request_for(self.demo, &person.sip);
        let body = match client.by {
            By::UsernameToken => {
                asks_for_compact(&asks_with_token(&request, &person.account, secret))
            }
            By::Grant => password_form(&person.account, secret),
            _ if client.at == POX => pox(person),
            _ if client.at == ACTIVESYNC => "x".to_owned(),
            _ => request,
        };
        let sent = Sent {
            method: "POST",
            host,
            path: client.at,
            body: &body,
            authorization: None,
        };
        let mut raw = self.connect(host)?;
        let answer = match client.by {
            By::Ntlm | By::Negotiate => {
                self.shakes_hands(client, (&mut raw, &sent), (person, secret), legs)?
            }
            By::Kerberos => {
                let token = format!("Negotiate {}", STANDARD.encode(KERBEROS));
                raw.exchange(self.text(client, &sent.with(&token), legs))?
            }
            By::Basic => {
                let line = basic(&person.upn, secret);
                let (_, value) = line.split_once(": ").context("a header line")?;
                raw.exchange(self.text(client, &sent.with(value), legs))?
            }
            By::UsernameToken | By::Grant | By::Nothing | By::Pin => {
                raw.exchange(self.text(client, &sent, legs))?
            }
        };
        let text = answer.text();
        let ticket = match client.by {
            By::Grant => compact_in(&text).map(|cwt| format!("Authorization: Bearer {cwt}")),
            _ => assertion_in(&text)
                .map(opaque)
                .or_else(|| compact_in(&text).map(|cwt| format!("X-MS-WebTicket: {cwt}"))),
        };
        Ok(Came {
            status: answer.status,
            ticket: ticket.filter(|_| answer.status == 200),
            raw,
        })
    }

    /// What a client is answered that goes on with what it was given.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn goes_on(
        &self,
        client: &Client,
        came: &mut Came,
        (host, path): (&str, &str),
    ) -> anyhow::Result<Answer> {
        let sent = Sent { host, path, ..GET };
        let text = self.text(client, &sent, Legs::default());
        let (line, rest) = text.split_once("\r\n").context("a request line")?;
        let ticket = came.ticket.iter();
        let ticket: String = ticket.map(|ticket| format!("{ticket}\r\n")).collect();
        let text = format!("{line}\r\n{ticket}{rest}");
        // INTEROP: a ticket is good on any connection, and phones open one for each service.
        if came.ticket.is_some() {
            return self.connect(host)?.exchange(text);
        }
        came.raw.exchange(text)
    }

    /// The user link with what was got.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn user_link(&self, client: &Client, came: &mut Came) -> anyhow::Result<Answer> {
        let link = match client.by {
            By::Grant => format!("{ROOT}/oauth/user"),
            _ => format!("{ROOT}/user"),
        };
        self.goes_on(client, came, ("lyncweb", &link))
    }

    fn shakes_hands(
        &self,
        client: &Client,
        (raw, sent): (&mut Raw, &Sent<'_>),
        (person, secret): (&Person, &str),
        legs: Legs,
    ) -> anyhow::Result<Answer> {
        let scheme = match client.by {
            By::Negotiate => "Negotiate",
            _ => "NTLM",
        };
        let ntlm = match client.played {
            Played::Real => Ntlm::plain(person, secret, 11),
            Played::Derived => Ntlm::modern(person, secret, 11),
        };
        let value = |line: &str| line.replace("Authorization: NTLM", scheme);
        if legs.asks_first {
            let asked = raw.exchange(self.text(client, sent, legs))?;
            // Where the policy lets nobody in, nobody is asked.
            if asked.status == 404 {
                return Ok(asked);
            }
            anyhow::ensure!(asked.status == 401, "{} without credentials", asked.status);
            // Whoever asks for leave to send a body that is not wanted has to connect again.
            if asked.header("connection") == Some("close") {
                *raw = self.connect(sent.host)?;
            }
        }
        let first = value(&ntlm.first());
        let begun = sent.begun(&first, legs);
        let mut challenged = raw.exchange(self.text(client, &begun, legs))?;
        if legs.begins_anew {
            *raw = self.connect(sent.host)?;
        }
        if legs.begins_anew || legs.repeats_first {
            challenged = raw.exchange(self.text(client, &begun, legs))?;
        }
        for (name, value) in &mut challenged.headers {
            if name == "www-authenticate" {
                *value = value.replacen(scheme, "NTLM", 1);
            }
        }
        // A scheme that is not offered is not answered.
        if challenge(&challenged).is_err() {
            return Ok(challenged);
        }
        let last = value(&ntlm.last(&challenged)?);
        raw.exchange(self.text(client, &sent.with(&last), legs))
    }

    /// A request as it is written, its headers in the client's order.
    fn text(&self, client: &Client, sent: &Sent<'_>, legs: Legs) -> String {
        let mut names: Vec<&str> = client.order.to_vec();
        let turn = legs.turned_by % names.len().max(1);
        names.rotate_left(turn);
        let expect = "Expect";
        if legs.expects_leave {
            names.push(expect);
        }
        let mut text = format!("{} {} HTTP/1.1\r\n", sent.method, sent.path);
        for name in names {
            if let Some(value) = self.value(client, sent, name) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str("\r\n");
        text.push_str(sent.body);
        text
    }

    fn value(&self, client: &Client, sent: &Sent<'_>, name: &str) -> Option<String> {
        let is_post = sent.method == "POST";
        let is_soap = is_post && ![By::Grant, By::Basic].contains(&client.by);
        let published = format!("https://{}", self.name(sent.host));
        Some(match name {
            "Host" => self.name(sent.host),
            "User-Agent" => client.user_agent.to_owned(),
            "Connection" => "Keep-Alive".to_owned(),
            "Accept-Language" => "en-US".to_owned(),
            "Accept-Encoding" => "gzip, deflate".to_owned(),
            "Accept" if is_post => "*/*".to_owned(),
            "Accept" => XML.to_owned(),
            "Authorization" => sent.authorization?.to_owned(),
            "Content-Length" if is_post => sent.body.len().to_string(),
            "Content-Type" if is_soap => "text/xml; charset=utf-8".to_owned(),
            "Content-Type" if is_post && client.by == By::Grant => {
                "application/x-www-form-urlencoded;charset=UTF-8".to_owned()
            }
            "Content-Type" if is_post => "application/vnd.ms-sync.wbxml".to_owned(),
            "SOAPAction" if is_soap && client.at != POX => ISSUE.to_owned(),
            "Origin" if is_post => published,
            "Referer" if is_post => format!("{published}/lwa/"),
            "Expect" if !sent.body.is_empty() => "100-continue".to_owned(),
            _ => return None,
        })
    }
}

const GET: Sent<'static> = Sent {
    method: "GET",
    host: "",
    path: "",
    body: "",
    authorization: None,
};

impl<'a> Sent<'a> {
    fn with(&self, authorization: &'a str) -> Self {
        Self {
            authorization: Some(authorization),
            ..*self
        }
    }

    /// The leg of message 1.
    fn begun(&self, first: &'a str, legs: Legs) -> Self {
        let body = if legs.is_body_in_each { self.body } else { "" };
        Self {
            body,
            ..self.with(first)
        }
    }
}

impl Client {
    /// The first label of the host where it signs in.
    #[must_use]
    pub fn host(&self) -> &'static str {
        match self.at {
            POX => "autodiscover",
            ACTIVESYNC => "mail",
            _ => "lyncweb",
        }
    }

    /// Whether it is one of Lync's that gets a web ticket.
    #[must_use]
    pub fn asks_for_ticket(&self) -> bool {
        self.host() == "lyncweb"
    }

    /// Whether it begins with SOAP: discover, the user link and the metadata.
    #[must_use]
    pub fn reads_metadata(&self) -> bool {
        !self.port.is_empty()
    }
}
