//! A request that may pass, on its way: the member is chosen, its Host is written, and only then is it
//! signed who the user is, as the signature names the Host.
//!
//! Where a member takes no connection, all of this is done anew for the next. Start at
//! [`Connection::send`].

use std::error::Error as _;
use std::sync::Arc;

use authn::audit::PassReason;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gateway::conversation::{Failure, Pass, RequestBody};
use gateway::ports::NoToken;
use gateway::{Forward, route};
use http::header::{self, HeaderValue};
use http::{StatusCode, request};
use hyper::body::Incoming;
use proto::spnego::Rejection;
use tokio::time::Instant;

use super::Proxy;
use super::body::{BodyError, Passing};
use super::exchange::{Connection, Own};
use super::heads::frame;
use super::passes;
use super::upstream::{Answered, Delegated, Onward, UpstreamError};
use crate::clock;
use crate::outbound::assertion::About;
use crate::outbound::farm::Member;

/// A request that was answered, and the cookie that binds its client to the member, where it needs one.
pub(super) struct Sent {
    pub(super) answered: Answered,
    pub(super) set_cookie: Option<HeaderValue>,
}

impl Connection {
    /// Sends a request on, and waits for the answer's head.
    ///
    /// # Errors
    ///
    /// Nobody answered; what the client is told.
    pub(super) async fn send(
        &mut self,
        mut forward: Forward,
        (asked, body): (&request::Parts, &mut Option<Incoming>),
    ) -> Result<Sent, Own> {
        self.note_pass(&forward);
        let proxy = Arc::clone(&self.proxy);
        let Some(farm) = proxy.farms.get(&forward.farm) else {
            let cause = "no such farm".to_owned();
            let reply = self.conversation.failed(Failure::Unreachable, cause);
            return Err(Own::keeping(reply));
        };
        let is_stream = self.behind.is_stream();
        let body = match std::mem::replace(&mut forward.body, RequestBody::AsSent) {
            RequestBody::Keep(body) | RequestBody::Replace(body) => Passing::whole(body),
            RequestBody::AsSent => body.take().map_or_else(
                || Passing::whole(Bytes::new()),
                |body| Passing::request(body, is_stream),
            ),
        };
        frame(&mut forward.head, &body);
        let by_cookie = match forward.affinity {
            true => farm.affinity.named(&asked.headers),
            false => None,
        };
        let onward = Onward {
            farm,
            pass: &forward.pass,
            by_cookie,
            patience: forward.patience,
            head: &|member| head_for(member, &forward, &proxy),
            delegated: delegated(&forward, &proxy),
        };
        let answered = match onward.delegated {
            None => self.behind.send(&onward, body).await,
            Some(delegated) => self.send_as(&onward, delegated, body).await,
        };
        let answered = match answered {
            Ok(answered) => answered,
            Err(error) => {
                if let Some(reason) = passes::reason(&error) {
                    self.note_refusal(&farm.name, reason, &error).await;
                }
                return Err(self.unanswered(&farm.name, &error));
            }
        };
        if onward.delegated.is_some() && answered.response.status() == StatusCode::UNAUTHORIZED {
            let cause = not_taken(&answered);
            let cause = format!("the back end answered 401 to our Kerberos token: {cause}");
            self.note_refusal(&farm.name, PassReason::NotTaken, &cause)
                .await;
        }
        let is_bound = !forward.affinity || by_cookie == Some(answered.member);
        let set_cookie = match is_bound {
            true => None,
            false => farm.affinity.set_cookie(answered.member),
        };
        Ok(Sent {
            answered,
            set_cookie,
        })
    }

    /// The same with a Kerberos token of the user's: where the back end does not take it, once more with a
    /// fresh ticket, unless that was in vain just now.
    ///
    /// INVARIANT: nothing else that was sent is sent again; a 401 says that nothing was done.
    async fn send_as(
        &mut self,
        onward: &Onward<'_>,
        delegated: Delegated<'_>,
        body: Passing,
    ) -> Result<Answered, UpstreamError> {
        let (body, copy) = body.copied();
        let answered = self.behind.send(onward, body).await?;
        if answered.response.status() != StatusCode::UNAUTHORIZED {
            return Ok(answered);
        }
        let (account, farm) = (delegated.who.account_id(), &onward.farm.name);
        if self.proxy.vain.is_in_vain(account, farm, Instant::now()) {
            return Ok(answered);
        }
        // Also where it cannot be sent again: the next request is not to fail for the same ticket.
        delegated.by.forget(delegated.who).await;
        let Some(again) = copy.whole() else {
            return Ok(answered);
        };
        drop(answered);
        let answered = self.behind.send(onward, Passing::whole(again)).await?;
        if answered.response.status() == StatusCode::UNAUTHORIZED {
            self.proxy.vain.note(account, farm, Instant::now());
        }
        Ok(answered)
    }

    /// Sets down whose the request is, before it goes on.
    fn note_pass(&mut self, forward: &Forward) {
        self.behind.keep_only(&forward.pass);
        if let Some(record) = &mut self.record {
            record.goes_on(forward);
        }
        self.seen.request_of(match &forward.pass {
            Pass::Anonymous => None,
            Pass::As(who) => Some(Arc::clone(who)),
        });
    }

    fn unanswered(&self, farm: &str, error: &UpstreamError) -> Own {
        self.proxy.metrics.upstream_failed(farm, error);
        let failure = match error {
            UpstreamError::NoneUp { .. } | UpstreamError::Unreachable { .. } => Failure::NoMember,
            UpstreamError::NoIdentity(_) | UpstreamError::NoToken(NoToken::Unavailable(_)) => {
                Failure::NoIdentity
            }
            UpstreamError::NoToken(NoToken::Denied(_)) => Failure::NoTicket,
            UpstreamError::NoToken(NoToken::NotDelegable(_)) => Failure::NotDelegable,
            UpstreamError::NoToken(NoToken::Alarm(_) | NoToken::AnotherAccount(_)) => {
                self.proxy.metrics.alarmed();
                tracing::error!("a Kerberos token was thrown away: {error}");
                Failure::NoIdentity
            }
            UpstreamError::Garbage(_) => Failure::Unreachable,
            UpstreamError::TooSlow => Failure::TooSlow,
            UpstreamError::Client(error) if has_stalled(error) => Failure::RequestTooSlow,
            UpstreamError::Client(_) => Failure::Framing,
        };
        // Nobody knows how much of the client's body is still to come.
        Own::closing(self.failed(failure, error))
    }
}

/// Whether a client's body that came to no good end did so because the client paused.
fn has_stalled(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|it| it.downcast_ref());
    matches!(cause, Some(BodyError::Stalled))
}

/// What a back end says of a Kerberos token that it did not take; IIS says it where its Negotiate does.
fn not_taken(answered: &Answered) -> String {
    let challenges = answered
        .response
        .headers()
        .get_all(header::WWW_AUTHENTICATE);
    let rejection = challenges.iter().find_map(|challenge| {
        let token = challenge.to_str().ok()?.strip_prefix("Negotiate ")?;
        Rejection::parse(&STANDARD.decode(token).ok()?).ok()?
    });
    match rejection {
        Some(rejection) => rejection.to_string(),
        None => "it does not say why; look for Extended Protection without our binding \
                 (0xC000035B in its Security log), an SPN on another account, and its clock"
            .to_owned(),
    }
}

/// Whose Kerberos token goes with a request, where its back end is told by one.
fn delegated<'a>(forward: &'a Forward, proxy: &'a Proxy) -> Option<Delegated<'a>> {
    match (&forward.onward, &forward.pass, &proxy.delegation) {
        (route::Onward::Kerberos, Pass::As(who), Some(by)) => Some(Delegated { by: &**by, who }),
        _ => None,
    }
}

/// The head as a member is to see it.
///
/// SECURITY: the Host is a member's own before the assertion is made, which is good for that Host alone.
fn head_for(
    member: &Member,
    forward: &Forward,
    proxy: &Proxy,
) -> Result<request::Parts, UpstreamError> {
    let mut head = forward.head.clone();
    if let Some(host) = &member.host {
        head.headers.insert(header::HOST, host.clone());
    }
    let (name, audience, who) = match (&forward.onward, &forward.pass) {
        (route::Onward::Header { name, audience }, Pass::As(who)) => (name, audience, who),
        (route::Onward::Kerberos, Pass::As(_)) if proxy.delegation.is_none() => {
            let cause =
                "the gate has no account of its own; it needs the table [kerberos]".to_owned();
            return Err(UpstreamError::NoIdentity(cause));
        }
        _ => return Ok(head),
    };
    who.may_be_named()
        .map_err(|why| NoToken::NotDelegable(why.to_string()))?;
    let Some(signer) = &proxy.signer else {
        let cause = "the configuration names no key for onward assertions".to_owned();
        return Err(UpstreamError::NoIdentity(cause));
    };
    let about = About {
        who,
        audience,
        head: &head,
        activity: &forward.activity,
        now: clock::now(),
    };
    let assertion = signer.assert(&about);
    let assertion = assertion.map_err(|error| UpstreamError::NoIdentity(error.to_string()))?;
    head.headers.insert(name, assertion);
    Ok(head)
}
