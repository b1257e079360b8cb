//! One request and its answer: what the conversation says is done, in that order, and nothing else.

use std::net::IpAddr;
use std::sync::Arc;

use authn::attempt::{Attempt, Outcome, Refusal, Verified};
use authn::lockout::HoldBack;
use authn::place::{ActivityId, Channel};
use authn::ports::Unavailable;
use bytes::Bytes;
use gateway::conversation::{AnswerBody, Failure, Pass};
use gateway::headers::keep_nowhere;
use gateway::presence::Hearing;
use gateway::{Conversation, Forward, Reply, Verdict};
use http::header;
use http::{Method, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::access::Record;
use super::body::{self, BodyError, Passing};
use super::framing::FramingDoubt;
use super::heads::{self, response};
use super::lines::{Behind, Leased, Lines};
use super::onward::Sent;
use super::tunnel::Tunnel;
use super::upstream::{Answered, Upstreams};
use super::{Proxy, limits, shown};
use crate::clock;
use crate::live::{Gone, Mark, Remembered, Seen};
use crate::metrics::{self, SignIn};

/// One client's connection: who it belongs to, and its own connections to back ends.
pub(super) struct Connection {
    pub(super) proxy: Arc<Proxy>,
    pub(super) conversation: Conversation,
    pub(super) behind: Behind,
    pub(super) seen: Seen,
    repeat: Option<Remembered>,
    asked_at: Mark,
    client: IpAddr,
    pub(super) record: Option<Record>,
    upgrade: Option<OnUpgrade>,
    tunnel: Option<Tunnel>,
}

/// An answer of our own, and whether the connection ends with it.
pub(super) struct Own {
    reply: Box<Reply>,
    close: bool,
}

impl Own {
    pub(super) fn closing(reply: Reply) -> Self {
        Self {
            reply: Box::new(reply),
            close: true,
        }
    }

    pub(super) fn keeping(reply: Reply) -> Self {
        Self {
            reply: Box::new(reply),
            close: false,
        }
    }
}

impl Connection {
    /// Begins with nobody.
    pub(super) fn new(
        proxy: Arc<Proxy>,
        conversation: Conversation,
        seen: Seen,
        client: IpAddr,
    ) -> Self {
        let asked_at = proxy.live.mark();
        Self {
            proxy,
            conversation,
            behind: Behind::Own(Upstreams::default()),
            seen,
            repeat: None,
            asked_at,
            client,
            record: None,
            upgrade: None,
            tunnel: None,
        }
    }

    /// The same for one stream of a connection, to which it does not belong.
    pub(super) fn of_stream(self, lines: &Arc<Lines>, turn: &Arc<OwnedSemaphorePermit>) -> Self {
        let behind = Behind::Shared {
            lines: Arc::clone(lines),
            leased: None,
            turn: Arc::clone(turn),
        };
        Self { behind, ..self }
    }

    /// What the connection was given over to with the last answer.
    pub(super) fn tunnel(&mut self) -> Option<Tunnel> {
        self.tunnel.take()
    }

    /// The line that the last answer still comes on.
    pub(super) fn leased(&mut self) -> Option<Leased> {
        self.behind.leased()
    }

    /// Answers a request.
    pub(super) async fn serve(
        &mut self,
        mut request: Request<Incoming>,
        judgement: Result<(), FramingDoubt>,
    ) -> Response<Passing> {
        // SECURITY: marked before it is known who asks: what is revoked after that ends what they buy.
        self.asked_at = self.proxy.live.mark();
        self.record = Some(Record::new(&request, self.client, &self.proxy.metrics));
        let asks = request.headers().contains_key(header::UPGRADE);
        self.upgrade = asks.then(|| hyper::upgrade::on(&mut request));
        let (head, body) = request.into_parts();
        let mut body = Some(body);
        let answered = match judgement {
            Ok(()) => self.exchange(&head, &mut body).await,
            Err(doubt) => Err(Own::closing(self.failed(Failure::Framing, &doubt))),
        };
        let who = self.conversation.identity().map(Arc::clone);
        self.seen.connection_of(who);
        let answer = match answered {
            Ok(answer) => answer,
            Err(own) => {
                // What is left of the body must not be taken for the next request (T-CONN-7).
                // A stream's ends with it, and the connection goes on; but clients lose the answer
                // (INTEROP: curl 7.88) where their stream is reset before they have sent a small body.
                let is_own = self.behind.is_own();
                let is_clean = match body.take() {
                    Some(rest) if !own.close => self.is_drained(&head, rest).await,
                    Some(_) | None => true,
                };
                log(&own.reply);
                let junk = &self.proxy.junk;
                junk.count(own.reply.status, self.client, Instant::now());
                let kind = junk.kind(own.reply.status);
                self.proxy.metrics.answered_itself(own.reply.status, kind);
                let answer = response(*own.reply, is_own && (own.close || !is_clean));
                heads::to((&head.method, head.version), answer)
            }
        };
        // What it is written from would keep the head's buffer for as long as the connection is idle.
        if let Some(mut record) = self.record.take() {
            record.is_answered(&answer);
        }
        answer
    }

    /// Reads and throws away what a refused request still brings; `false` where the connection ends.
    ///
    /// INTEROP: SIPE and .NET send the whole body with every message of a handshake, and the handshake
    /// is the connection's: there more is read, and whoever expects "100 Continue" gets it. Elsewhere
    /// nobody is asked for a body that will not be used (RFC 9110 10.1.1).
    async fn is_drained(&self, head: &http::request::Parts, rest: Incoming) -> bool {
        let is_handshake = self.conversation.awaits_proof();
        let waits = head.headers.contains_key(header::EXPECT) && !rest.is_end_stream();
        match (is_handshake, waits) {
            (true, _) => body::drain(rest, limits::DRAIN_IN_HANDSHAKE_BYTES).await,
            (false, true) => false,
            (false, false) => body::drain(rest, limits::DRAIN_BYTES).await,
        }
    }

    async fn exchange(
        &mut self,
        head: &http::request::Parts,
        body: &mut Option<Incoming>,
    ) -> Result<Response<Passing>, Own> {
        let moment = self.moment()?;
        let mut verdict = self.conversation.request(head, moment);
        loop {
            verdict = match verdict {
                Verdict::Page(page) => return self.page(*page, body).await,
                Verdict::Challenge(reply) => {
                    self.behind.forget_people();
                    return Err(Own::keeping(reply));
                }
                Verdict::ReadBody { at_most } => {
                    let read = self.read(body, at_most).await?;
                    let moment = self.moment()?;
                    self.conversation.body(read, moment)
                }
                Verdict::Verify(attempt) => {
                    let outcome = self.verify(*attempt).await;
                    let moment = self.moment()?;
                    self.conversation.verified(outcome, moment)
                }
                Verdict::Refuse {
                    reply,
                    close,
                    events,
                } => {
                    if !events.is_empty()
                        && let Err(error) = self.proxy.verifier.note(events).await
                    {
                        let reply = reply.instead(Failure::Unrecorded, error.to_string());
                        return Err(Own::closing(reply));
                    }
                    return Err(Own {
                        reply: Box::new(reply),
                        close,
                    });
                }
                Verdict::Forward(forward) => return self.forward(*forward, (head, body)).await,
            }
        }
    }

    pub(super) async fn read(
        &self,
        body: &mut Option<Incoming>,
        at_most: usize,
    ) -> Result<Bytes, Own> {
        let Some(body) = body.take() else {
            return Ok(Bytes::new());
        };
        body::read(
            body,
            self.behind.is_stream(),
            (at_most, limits::READ_REQUEST),
        )
        .await
        .map_err(|error| {
            let failure = match error {
                BodyError::TooLarge => Failure::RequestTooLarge,
                BodyError::Stalled => Failure::RequestTooSlow,
                BodyError::Broken(_) | BodyError::Reset => Failure::Framing,
            };
            Own::closing(self.failed(failure, &error))
        })
    }

    /// Asks who it is. The question is put to its end even where the client leaves meanwhile, so
    /// that nobody gets a guess that is not written down.
    async fn verify(&mut self, attempt: Attempt) -> Outcome {
        let live = Arc::clone(&self.proxy.live);
        let channel = attempt.channel;
        let tag = live.repeats.tag(&attempt, self.proxy.rules);
        // SECURITY: marked before anybody is known again, or what is revoked between the two is missed.
        let mut mark = live.mark();
        let known = tag.and_then(|tag| {
            let here = self.repeat.as_ref();
            live.known(&tag, here, clock::now())
        });
        let is_known = known.is_some();
        let mut outcome = match known {
            Some((authenticated, stood_at)) => {
                mark = stood_at;
                self.asked_at = mark;
                Outcome::plain(Ok(Verified {
                    authenticated,
                    reply_token: None,
                }))
            }
            None if live.hearing() != Hearing::Hears => unasked(deaf(), &attempt.activity),
            // Who was shut out and is back is judged by the store as it is now, whatever the feed has
            // yet to say of before.
            None => match self.proxy.verifier.last_revocation().await {
                Ok(number) => {
                    mark = mark.or_later(number);
                    self.asked_at = mark;
                    self.ask(attempt).await
                }
                Err(error) => unasked(error, &attempt.activity),
            },
        };
        if let Ok(verified) = &outcome.result {
            let who = &verified.authenticated;
            match live.stands_since(mark, (who, &self.seen), tag) {
                Ok(repeat) => self.repeat = repeat,
                Err(Gone) => {
                    outcome.result = Err(match channel {
                        Channel::Ticket => Refusal::TicketEnded,
                        _ => Refusal::Denied,
                    });
                }
            }
        }
        let counted = match metrics::outcome(&outcome.result) {
            SignIn::Accepted if is_known => SignIn::Repeated,
            counted => counted,
        };
        self.proxy.metrics.signed_in(channel, counted);
        outcome
    }

    /// Asks the verifier, and holds the answer back as it says.
    ///
    /// SECURITY: what follows from an outcome follows where the client leaves meanwhile, too: the alarm
    /// is raised once in a window, and a turn is held as long as its answer.
    async fn ask(&self, attempt: Attempt) -> Outcome {
        let proxy = Arc::clone(&self.proxy);
        let activity = attempt.activity.clone();
        let turn = self.behind.turn();
        let asking = tokio::spawn(async move {
            let outcome = proxy.verifier.verify(attempt).await;
            proxy.follow_up(&outcome, &activity).await;
            drop(turn);
            outcome
        });
        asking.await.unwrap_or_else(|error| {
            let detail = error.to_string();
            let unavailable = Unavailable {
                what: "the verifier",
                detail,
            };
            tracing::error!("a sign-in was refused: {unavailable}");
            Outcome::plain(Err(unavailable.into()))
        })
    }

    async fn forward(
        &mut self,
        forward: Forward,
        asked: (&http::request::Parts, &mut Option<Incoming>),
    ) -> Result<Response<Passing>, Own> {
        let answer = forward.answer;
        let is_head = forward.head.method == Method::HEAD;
        let whose = match &forward.pass {
            Pass::Anonymous => None,
            Pass::As(who) => Some(Arc::clone(who)),
        };
        let Sent {
            answered,
            set_cookie,
        } = self.send(forward, asked).await?;
        let Answered {
            mut response,
            using,
            ..
        } = answered;
        let back_end = hyper::upgrade::on(&mut response);
        let (mut head, body) = response.into_parts();
        head.version = http::Version::HTTP_11;
        head.extensions.clear();
        if let Some(reply) = self.conversation.answer(&mut head) {
            return Err(Own::keeping(reply));
        }
        if let Some(cookie) = set_cookie {
            head.headers.append(header::SET_COOKIE, cookie);
            // One visitor's member is no cache's to give to others.
            keep_nowhere(&mut head.headers);
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let client = self.upgrade.take();
            self.tunnel = client.map(|client| Tunnel {
                client,
                back_end,
                whose,
            });
            return Ok(Response::from_parts(head, Passing::whole(Bytes::new())));
        }
        match answer {
            AnswerBody::Stream if is_head => {
                Ok(Response::from_parts(head, Passing::whole(Bytes::new())))
            }
            AnswerBody::Stream => Ok(Response::from_parts(head, Passing::answer(body, using))),
            AnswerBody::Read { at_most } => {
                let read = body::read(body, false, (at_most, limits::READ_ANSWER)).await;
                if let Err(BodyError::Broken(_)) = &read {
                    using.broke_off();
                }
                let read = read.map_err(|error| self.answer_failed(&error))?;
                let moment = self.moment()?;
                let edited = self.conversation.answer_body(&mut head, read, moment);
                let edited = edited.map_err(|reply| Own::keeping(*reply))?;
                if let Some(error) = &edited.unread {
                    self.proxy.unread.count(error, Instant::now());
                }
                for ticket in edited.tickets {
                    let recorded = self
                        .proxy
                        .verifier
                        .relayed(ticket, self.asked_at.number())
                        .await;
                    recorded
                        .map_err(|error| Own::keeping(self.failed(Failure::Unrecorded, &error)))?;
                }
                Ok(Response::from_parts(head, Passing::whole(edited.body)))
            }
        }
    }

    pub(super) fn moment(&self) -> Result<gateway::Moment, Own> {
        clock::moment().map_err(|error| Own::closing(self.failed(Failure::NoRandomness, &error)))
    }

    fn answer_failed(&self, error: &BodyError) -> Own {
        let failure = match error {
            BodyError::Stalled => Failure::TooSlow,
            BodyError::TooLarge | BodyError::Broken(_) | BodyError::Reset => Failure::Garbage,
        };
        Own::keeping(self.failed(failure, error))
    }

    pub(super) fn failed(&self, failure: Failure, error: &dyn std::error::Error) -> Reply {
        self.conversation.failed(failure, shown(error).to_string())
    }
}

impl Proxy {
    /// Says what an outcome means for whoever watches, and holds it back.
    async fn follow_up(&self, outcome: &Outcome, activity: &ActivityId) {
        if let Err(Refusal::Unavailable(error)) = &outcome.result {
            tracing::error!(activity = activity.0, "a sign-in was refused: {error}");
        }
        if outcome.is_alarmed {
            self.metrics.alarmed();
            tracing::warn!(
                activity = activity.0,
                "an account is under attack; `wicketgate audit list` names it"
            );
        }
        let HoldBack(held_back) = outcome.hold_back;
        if !held_back.is_zero() {
            self.metrics.held_back(held_back);
            tokio::time::sleep(held_back).await;
        }
    }
}

/// What becomes of an attempt about which nobody can be asked.
fn unasked(error: Unavailable, activity: &ActivityId) -> Outcome {
    tracing::error!(activity = activity.0, "a sign-in was refused: {error}");
    Outcome::plain(Err(error.into()))
}

/// Why nobody new is let in while nobody knows what is revoked.
fn deaf() -> Unavailable {
    Unavailable {
        what: "the feed of revocations",
        detail: "nothing was heard from it for a while".to_owned(),
    }
}

/// Says why: of our own world and the one behind us aloud, of clients only to whoever asks.
fn log(reply: &Reply) {
    let Some(cause) = &reply.cause else { return };
    let (activity, status) = (reply.activity(), reply.status.as_u16());
    if reply.status.is_server_error() {
        tracing::warn!(activity, status, "{cause}");
    } else {
        tracing::debug!(activity, status, "{cause}");
    }
}
