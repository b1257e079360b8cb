//! Connections to back ends: each belongs to one downstream connection and to one identity.
//!
//! INVARIANT: a connection that carried one user never carries another, nor a request of nobody's
//! (I3); there is no pool that two clients share.

use std::collections::BTreeSet;
use std::sync::Arc;

use authn::Authenticated;
use authn::account::AccountId;
use authn::credential::CredentialId;
use aws_lc_rs::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::conversation::{Pass, Patience};
use gateway::farm::health::Heard;
use gateway::farm::{Bound, Standing};
use gateway::ports::{Delegation, NoToken, Target};
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode, request};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::body::{Passing, Pulse};
use super::{limits, shown};
use crate::config::settings::KerberosToken;
use crate::metrics::Failed;
use crate::outbound::farm::{ConnectError, Farm, Member};
use crate::outbound::line::Beside;
use crate::outbound::members::Tracked;

/// The connections to back ends of one downstream connection.
#[derive(Default)]
pub(crate) struct Upstreams(Vec<Upstream>);

/// A connection to a member of a farm.
struct Upstream {
    farm: String,
    member: usize,
    class: Class,
    sender: SendRequest<Passing>,
    /// The digest of the certificate that its server showed.
    tls_server_end_point: Option<Digest>,
    /// Whether its server took a Kerberos token on it.
    is_proved: bool,
    /// Whether its server answered on it before.
    has_answered: bool,
    beside: Beside,
    in_use: Arc<Semaphore>,
    _connection: AbortOnDrop,
}

/// Whose a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Nobody,
    Somebody(AccountId, CredentialId),
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A request on its way: to which farm, whose it is, and how its head is written for a member.
pub(super) struct Onward<'a> {
    /// The farm.
    pub(super) farm: &'a Farm,
    /// Whose it is.
    pub(super) pass: &'a Pass,
    /// The member that the client's cookie names.
    pub(super) by_cookie: Option<usize>,
    /// How long its answer may take to begin.
    pub(super) patience: Patience,
    /// Writes and signs the head as a member is to see it, its Host first.
    pub(super) head: &'a (dyn Fn(&Member) -> Result<request::Parts, UpstreamError> + Sync),
    /// Whose Kerberos token goes with it.
    pub(super) delegated: Option<Delegated<'a>>,
}

/// A request whose back end is told by Kerberos who the user is.
#[derive(Clone, Copy)]
pub(super) struct Delegated<'a> {
    /// Who makes tokens.
    pub(super) by: &'a dyn Delegation,
    /// The user.
    pub(super) who: &'a Authenticated,
}

/// The head of an answer, and the member that gave it.
pub(super) struct Answered {
    pub(super) response: Response<Incoming>,
    pub(super) member: usize,
    pub(super) using: Using,
}

/// A request is under way on a connection for as long as this is kept; a drained member's is closed
/// after it.
pub(crate) struct Using {
    member: Arc<Tracked>,
    _turn: OwnedSemaphorePermit,
}

impl Using {
    /// The answer's body broke off.
    pub(crate) fn broke_off(&self) {
        self.member.failed(Failed::BrokeOff);
    }
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// Every member is down or drained.
    #[error("no member of the farm `{farm}` is up")]
    NoneUp {
        /// The farm.
        farm: String,
    },
    /// None of those that may be up took a connection.
    #[error("no member of the farm `{farm}` took a connection")]
    Unreachable {
        /// The farm.
        farm: String,
        /// Why the last did not.
        #[source]
        last: ConnectError,
    },
    /// The back end cannot be told who it is.
    #[error("{0}")]
    NoIdentity(String),
    /// There is no Kerberos token for the user.
    #[error(transparent)]
    NoToken(#[from] NoToken),
    /// It took too long to answer.
    #[error("the back end did not answer in time")]
    TooSlow,
    /// The client's body broke off on its way.
    #[error("the client's body broke off")]
    Client(#[source] hyper::Error),
    /// It broke off or answered garbage.
    #[error("the back end broke off, or its answer cannot be understood")]
    Garbage(#[source] hyper::Error),
}

impl Upstreams {
    /// Ends the connections of everybody else, before a request of somebody goes on.
    pub(crate) fn keep_only(&mut self, pass: &Pass) {
        let class = class(pass);
        let is_nobodys = class == Class::Nobody;
        self.0
            .retain(|it| is_nobodys || it.class == Class::Nobody || it.class == class);
    }

    /// Ends the connections of everybody: whoever comes next must prove who it is (T-CONN-5).
    pub(crate) fn forget_people(&mut self) {
        self.0.retain(|upstream| upstream.class == Class::Nobody);
    }

    /// Sends a request to a member of its farm, on the connection of its identity, and waits for the
    /// answer's head.
    ///
    /// INVARIANT: a request of which a byte was sent is never sent again. Where a member takes no
    /// connection, or gives the request back unsent on a fresh one, the next is tried, each once.
    ///
    /// # Errors
    ///
    /// No member is left, or the one that got it is too slow, breaks off or answers garbage; its
    /// connection is gone then.
    pub(super) async fn send(
        &mut self,
        onward: &Onward<'_>,
        mut body: Passing,
    ) -> Result<Answered, UpstreamError> {
        let class = class(onward.pass);
        let known = self.take(&onward.farm.name, &class);
        let mut bound = Bound {
            by_cookie: onward.by_cookie,
            by_connection: known.as_ref().map(|it| it.member),
        };
        if let Some((place, member)) = onward.farm.choose(bound, &BTreeSet::new()) {
            let known = known.filter(|it| it.member == place);
            if let Some((mut upstream, using)) = usable(known, member).await {
                match upstream.attempt(member, onward, body).await? {
                    Sent::Answered(response) => return Ok(self.keep(upstream, response, using)),
                    Sent::GivenBack(unsent) => body = unsent,
                }
            }
            // Whose turn it was stays so for a fresh connection.
            bound.by_cookie = Some(place);
        }
        self.send_afresh(onward, (bound, &class), body).await
    }

    /// Sends a request on a fresh connection, to one member after the other as long as nothing is sent.
    async fn send_afresh(
        &mut self,
        onward: &Onward<'_>,
        (bound, class): (Bound, &Class),
        mut body: Passing,
    ) -> Result<Answered, UpstreamError> {
        let farm = onward.farm;
        let mut tried = BTreeSet::new();
        let mut last = None;
        let latest = Instant::now() + limits::CONNECT_IN_ALL;
        while let Some((place, member)) = farm.choose(bound, &tried) {
            let began = Instant::now();
            let until = latest.min(began + limits::CONNECT);
            let failed = match Upstream::connect(farm, (place, member), (class, until)).await {
                Ok((mut upstream, using)) => match upstream.attempt(member, onward, body).await? {
                    Sent::Answered(response) => {
                        farm.heard(member, Heard::Connected, &"");
                        return Ok(self.keep(upstream, response, using));
                    }
                    Sent::GivenBack(unsent) => {
                        body = unsent;
                        ConnectError::closed(member)
                    }
                },
                Err(error) => error,
            };
            // Who had less than its time is blamed for nothing.
            let is_cut = Instant::now() >= latest && until < began + limits::CONNECT;
            if !is_cut {
                farm.heard(member, Heard::Refused, &shown(&failed));
                member.tracked.failed(Failed::Unconnected);
            }
            tried.insert(place);
            last = Some(failed);
            if Instant::now() >= latest {
                break;
            }
        }
        let farm = farm.name.clone();
        Err(match last {
            None => UpstreamError::NoneUp { farm },
            Some(last) => UpstreamError::Unreachable { farm, last },
        })
    }

    /// The connection of a farm and an identity; there is one at most.
    fn take(&mut self, farm: &str, class: &Class) -> Option<Upstream> {
        let is_it = |it: &Upstream| it.farm == farm && it.class == *class;
        let place = self.0.iter().position(is_it)?;
        Some(self.0.swap_remove(place))
    }

    fn keep(&mut self, upstream: Upstream, response: Response<Incoming>, using: Using) -> Answered {
        let member = upstream.member;
        self.0.push(upstream);
        Answered {
            response,
            member,
            using,
        }
    }
}

/// A connection that takes another request, held for it; nothing where it was closed meanwhile.
async fn usable(upstream: Option<Upstream>, member: &Member) -> Option<(Upstream, Using)> {
    let mut upstream = upstream?;
    // What is left of the request before may keep it busy for as long as its client likes.
    let is_ready = timeout(limits::LINE_READY, upstream.sender.ready()).await;
    is_ready.ok()?.ok()?;
    let using = upstream.using(member)?;
    Some((upstream, using))
}

enum Sent {
    Answered(Response<Incoming>),
    /// Nothing of it was sent: its body as it was.
    GivenBack(Passing),
}

impl Upstream {
    /// Connects to a member, and holds the connection for a request.
    async fn connect(
        farm: &Farm,
        (place, member): (usize, &Member),
        (class, until): (&Class, Instant),
    ) -> Result<(Self, Using), ConnectError> {
        let connecting = timeout_at(until, member.connect()).await;
        let connected = connecting.unwrap_or_else(|_| {
            let address = member.tracked.address().to_owned();
            Err(ConnectError::TooSlow { address })
        })?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(limits::BUFFER_BYTES)
            .handshake(TokioIo::new(connected.transport))
            .await
            .map_err(|_| ConnectError::closed(member))?;
        let in_use = Arc::new(Semaphore::new(1));
        let (turns, tracked) = (Arc::clone(&in_use), Arc::clone(&member.tracked));
        let task = tokio::spawn(async move {
            tokio::select! {
                // How a connection ends is told to whoever waits for an answer on it.
                _ = connection.with_upgrades() => {}
                () = drained_and_idle(&tracked, &turns) => {}
            }
        });
        let upstream = Self {
            farm: farm.name.clone(),
            member: place,
            class: class.clone(),
            sender,
            tls_server_end_point: connected.tls_server_end_point,
            is_proved: false,
            has_answered: false,
            beside: connected.beside,
            in_use,
            _connection: AbortOnDrop(task),
        };
        // Where its member was drained meanwhile, it is being closed already.
        let using = upstream.using(member);
        let using = using.ok_or_else(|| ConnectError::closed(member))?;
        Ok((upstream, using))
    }

    /// Holds it for a request; nothing where another has it still, or it is being closed.
    fn using(&self, member: &Member) -> Option<Using> {
        let turn = Arc::clone(&self.in_use).try_acquire_owned().ok()?;
        Some(Using {
            member: Arc::clone(&member.tracked),
            _turn: turn,
        })
    }

    /// Sends a request and waits for the answer's head.
    async fn attempt(
        &mut self,
        member: &Member,
        onward: &Onward<'_>,
        body: Passing,
    ) -> Result<Sent, UpstreamError> {
        let mut head = (onward.head)(member)?;
        let delegated = onward.delegated.filter(|_| {
            let is_once = onward.farm.kerberos_token == KerberosToken::PerConnection;
            !(is_once && self.is_proved)
        });
        if let Some(delegated) = delegated {
            let proof = self.proof(member, delegated).await?;
            head.headers.insert(header::AUTHORIZATION, proof);
        }
        // The last moment before anything is sent; a fresh TLS connection may hold tickets of TLS still.
        if self.has_answered && !self.beside.is_quiet() {
            return Ok(Sent::GivenBack(body));
        }
        let request = Request::from_parts(head, body);
        let pulse = request.body().pulse();
        let sending = self.sender.try_send_request(request);
        tokio::pin!(sending);
        let answered = loop {
            match timeout_at(deadline(&pulse, onward.patience), &mut sending).await {
                Ok(answered) => break answered,
                Err(_) if deadline(&pulse, onward.patience) > Instant::now() => {}
                Err(_) => {
                    member.tracked.requested();
                    member.tracked.failed(Failed::Slow);
                    return Err(UpstreamError::TooSlow);
                }
            }
        };
        let error = match answered {
            Ok(answer) => {
                member.tracked.requested();
                self.has_answered = true;
                self.is_proved = answer.status() != StatusCode::UNAUTHORIZED;
                return Ok(Sent::Answered(answer));
            }
            Err(mut error) => match error.take_message() {
                Some(unsent) => return Ok(Sent::GivenBack(unsent.into_body())),
                None => failure(error.into_error()),
            },
        };
        member.tracked.requested();
        if let UpstreamError::Garbage(_) = error {
            member.tracked.failed(Failed::BrokeOff);
        }
        Err(error)
    }
}

impl Upstream {
    /// A fresh Kerberos token for this very connection, as `Authorization` carries it (RFC 4559 4.2).
    ///
    /// SECURITY: it is asked for once there is a connection, as it is bound to the certificate that the
    /// server showed on it; a token for another is good for nothing here.
    async fn proof(
        &self,
        member: &Member,
        Delegated { by, who }: Delegated<'_>,
    ) -> Result<HeaderValue, UpstreamError> {
        let no_service = || {
            let cause = format!("the member `{}` has no `spn`", member.tracked.address());
            UpstreamError::NoIdentity(cause)
        };
        let target = Target {
            service: member.spn.as_deref().ok_or_else(no_service)?,
            tls_server_end_point: self.tls_server_end_point.as_ref().map(Digest::as_ref),
        };
        let token = by.token(who, target).await?;
        let text = Zeroizing::new(format!("Negotiate {}", STANDARD.encode(token.bytes())));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|error| UpstreamError::NoIdentity(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Waits until a connection's member is drained and no request is under way on it; from then on it takes
/// none.
async fn drained_and_idle(member: &Tracked, in_use: &Semaphore) {
    loop {
        member.until_drained().await;
        let Ok(turn) = in_use.acquire().await else {
            return;
        };
        if member.standing() == Standing::Drained {
            in_use.close();
            return;
        }
        drop(turn);
    }
}

/// Until when the answer must begin: as long as the client sends, time stands still.
fn deadline(pulse: &Pulse, patience: Patience) -> Instant {
    pulse.last()
        + match patience {
            Patience::Ordinary => limits::ANSWER_HEAD,
            Patience::Heartbeat => limits::ANSWER_HEAD_OF_HEARTBEAT,
        }
}

fn failure(error: hyper::Error) -> UpstreamError {
    if error.is_user() {
        UpstreamError::Client(error)
    } else {
        UpstreamError::Garbage(error)
    }
}

pub(super) fn class(pass: &Pass) -> Class {
    match pass {
        Pass::Anonymous => Class::Nobody,
        Pass::As(who) => Class::Somebody(who.account_id().clone(), who.credential().clone()),
    }
}

#[cfg(test)]
mod tests;
