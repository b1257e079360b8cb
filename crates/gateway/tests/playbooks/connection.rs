//! What a door does with a [`Conversation`]: it reads, asks, records and moves, and decides nothing.

use authn::audit::Event;
use authn::ticket::RelayedTicket;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use gateway::conversation::{AnswerBody, Pass};
use gateway::{Conversation, Forward, Peer, Reply, Verdict};
use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::response::Parts;
use proto::ntlm::client::{Client, Draw};

use crate::documents::{WEB_TICKET, answered, rst};
use crate::request::{Request, post};
use crate::scene::{Person, Scene};

/// One client's connection.
pub(crate) struct Connection<'s> {
    pub(crate) conversation: Conversation,
    /// How often somebody's proof was checked.
    pub(crate) verified: usize,
    scene: &'s Scene,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Said {
    /// It goes on.
    Passes(Box<Forward>),
    /// It was answered here.
    Replies(Box<Replied>),
}

/// An answer of our own.
#[derive(Debug)]
pub(crate) struct Replied {
    pub(crate) reply: Reply,
    pub(crate) closes: bool,
    pub(crate) events: Vec<Event>,
}

/// An answer of the back end as the client gets it.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) tickets: Vec<RelayedTicket>,
    pub(crate) is_unread: bool,
}

impl<'s> Connection<'s> {
    pub(crate) fn new(scene: &'s Scene, peer: Peer) -> Self {
        Self {
            conversation: Conversation::new(scene.publication.clone(), peer),
            verified: 0,
            scene,
        }
    }

    /// Sends a request and does what the verdicts say until one is the last.
    pub(crate) fn sends(&mut self, request: &Request) -> Said {
        let mut verdict = self
            .conversation
            .request(&request.head, self.scene.moment());
        loop {
            let (reply, closes, events) = match verdict {
                Verdict::ReadBody { at_most } => {
                    assert!(request.body.len() <= at_most, "the door refuses it");
                    let body = request.body.clone();
                    verdict = self.conversation.body(body, self.scene.moment());
                    continue;
                }
                Verdict::Verify(attempt) => {
                    self.verified += 1;
                    let outcome = self.scene.verifies(*attempt);
                    verdict = self.conversation.verified(outcome, self.scene.moment());
                    continue;
                }
                Verdict::Forward(forward) => return Said::Passes(forward),
                Verdict::Page(page) => panic!("{page:?} is no back end's"),
                Verdict::Challenge(reply) => (reply, false, Vec::new()),
                Verdict::Refuse {
                    reply,
                    close,
                    events,
                } => (reply, close, events),
            };
            if !events.is_empty() {
                self.scene.notes(events.clone());
            }
            return Said::Replies(Box::new(Replied {
                reply,
                closes,
                events,
            }));
        }
    }

    /// Sends a type 1 message; gives the type 2.
    pub(crate) fn begins_ntlm(&mut self, client: &Client, request: &Request) -> Vec<u8> {
        let request = request.clone().token("NTLM", &client.negotiate());
        self.sends(&request).token("NTLM")
    }

    /// Answers a type 2 message.
    pub(crate) fn ends_ntlm(
        &mut self,
        client: &Client,
        challenge: &[u8],
        request: &Request,
    ) -> Said {
        let answer = type_3(client, challenge);
        self.sends(&request.clone().token("NTLM", &answer))
    }

    /// Both steps.
    pub(crate) fn signs_in(&mut self, client: &Client, request: &Request) -> Said {
        let challenge = self.begins_ntlm(client, request);
        self.ends_ntlm(client, &challenge, request)
    }

    /// Signs somebody in at a pool's web ticket service, which answers this.
    pub(crate) fn buys(&mut self, person: &Person, pool: &str, answer: &str) -> Passed {
        let request = post(pool, WEB_TICKET, rst(person.sip_uri()));
        let forward = self.signs_in(&person.client(), &request).forward();
        let answer = answered(200, &[("content-type", "text/xml")], answer);
        self.answers(&forward, answer).unwrap()
    }

    /// Gives the back end's answer to a request that passed; `Err` is an answer of ours in its place.
    pub(crate) fn answers(
        &mut self,
        forward: &Forward,
        answer: http::Response<&str>,
    ) -> Result<Passed, Box<Reply>> {
        let (mut head, body) = answer.into_parts();
        let body = Bytes::copy_from_slice(body.as_bytes());
        if let Some(reply) = self.conversation.answer(&mut head) {
            return Err(Box::new(reply));
        }
        let AnswerBody::Read { at_most } = forward.answer else {
            let tickets = Vec::new();
            return Ok(Passed {
                head,
                body,
                tickets,
                is_unread: false,
            });
        };
        assert!(body.len() <= at_most, "the door refuses it");
        let moment = self.scene.moment();
        let answered = self.conversation.answer_body(&mut head, body, moment)?;
        for relaying in answered.tickets.clone() {
            self.scene.records(relaying);
        }
        let tickets = answered.tickets.into_iter();
        Ok(Passed {
            head,
            body: answered.body,
            tickets: tickets.map(|relaying| relaying.ticket).collect(),
            is_unread: answered.unread.is_some(),
        })
    }
}

impl Said {
    /// Whose it goes on as, or the status of our answer: `anna`, `nobody`, `401`, `400 and close`.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Passes(forward) => match &forward.pass {
                Pass::Anonymous => "nobody".to_owned(),
                Pass::As(who) => who.account().sam.clone(),
            },
            Self::Replies(replied) => {
                let end = if replied.closes { " and close" } else { "" };
                format!("{}{end}", replied.reply.status.as_u16())
            }
        }
    }

    pub(crate) fn forward(self) -> Forward {
        match self {
            Self::Passes(forward) => *forward,
            Self::Replies(replied) => panic!("it did not pass: {replied:?}"),
        }
    }

    pub(crate) fn replied(self) -> Replied {
        match self {
            Self::Replies(replied) => *replied,
            Self::Passes(forward) => panic!("it passed: {forward:?}"),
        }
    }

    /// The schemes of our answer's challenges, with no more than their names.
    pub(crate) fn offers(&self) -> Vec<String> {
        let Self::Replies(replied) = self else {
            return Vec::new();
        };
        let challenges = replied.reply.headers.get_all(WWW_AUTHENTICATE).iter();
        challenges
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    /// The token in our answer's challenge of a scheme.
    pub(crate) fn token(&self, scheme: &str) -> Vec<u8> {
        let offers = self.offers();
        let [only] = offers.as_slice() else {
            panic!("no single challenge: {offers:?}");
        };
        let token = only.strip_prefix(scheme).unwrap().trim();
        BASE64_STANDARD.decode(token).unwrap()
    }
}

impl Replied {
    /// Everything that a client sees, without the id that each request has of its own.
    pub(crate) fn seen(mut self) -> (u16, HeaderMap<HeaderValue>, Bytes, bool) {
        let status = self.reply.status.as_u16();
        assert!(
            self.reply
                .headers
                .remove(gateway::headers::ACTIVITY)
                .is_some()
        );
        (status, self.reply.headers, self.reply.body, self.closes)
    }
}

/// A client's answer to a type 2 message.
pub(crate) fn type_3(client: &Client, challenge: &[u8]) -> Vec<u8> {
    let draw = Draw {
        client_challenge: [1; 8],
        session_key: [2; 16],
        time: None,
    };
    client.authenticate(challenge, draw).unwrap().0
}
