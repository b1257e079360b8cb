//! Connections to back ends: each belongs to one downstream connection and to one identity.
//!
//! INVARIANT: a connection that carried one user never carries another, nor a request of nobody's
//! (I3); there is no pool that two clients share.

use authn::account::AccountId;
use authn::credential::CredentialId;
use gateway::conversation::Pass;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::body::{Passing, Pulse};
use super::limits;
use crate::outbound::farm::{ConnectError, Farm};

/// The connections to back ends of one downstream connection.
#[derive(Default)]
pub(crate) struct Upstreams(Vec<Upstream>);

/// A connection to a back end.
struct Upstream {
    farm: String,
    class: Class,
    sender: SendRequest<Passing>,
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

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// The back end cannot be reached.
    #[error(transparent)]
    Unreachable(#[from] ConnectError),
    /// It took too long to connect or to answer.
    #[error("the back end did not {0} in time")]
    TooSlow(&'static str),
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

    /// Sends a request on the connection of its farm and identity and waits for the answer's head.
    ///
    /// A request of which a byte was sent is never sent again; one that was given back unsent goes
    /// on a fresh connection, once.
    ///
    /// # Errors
    ///
    /// The back end cannot be reached, is too slow or answers garbage; the connection is gone then.
    pub(crate) async fn send(
        &mut self,
        (name, farm): (&str, &Farm),
        pass: &Pass,
        mut request: Request<Passing>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let class = class(pass);
        let known = self
            .0
            .iter()
            .position(|it| it.farm == name && it.class == class);
        if let Some(mut upstream) = known.map(|at| self.0.swap_remove(at))
            && upstream.sender.ready().await.is_ok()
        {
            match upstream.attempt(request).await? {
                Sent::Answered(answer) => {
                    self.0.push(upstream);
                    return Ok(answer);
                }
                Sent::GivenBack(unsent) => request = unsent,
            }
        }
        let mut upstream = Upstream::connect(name, farm, class).await?;
        match upstream.attempt(request).await? {
            Sent::Answered(answer) => {
                self.0.push(upstream);
                Ok(answer)
            }
            Sent::GivenBack(_) => Err(UpstreamError::TooSlow("take the request")),
        }
    }
}

enum Sent {
    Answered(Response<Incoming>),
    GivenBack(Request<Passing>),
}

impl Upstream {
    async fn connect(name: &str, farm: &Farm, class: Class) -> Result<Self, UpstreamError> {
        let connecting = timeout(limits::CONNECT, farm.connect()).await;
        let transport = connecting.map_err(|_| UpstreamError::TooSlow("take a connection"))??;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(limits::BUFFER_BYTES)
            .handshake(TokioIo::new(transport))
            .await
            .map_err(UpstreamError::Garbage)?;
        let task = tokio::spawn(async move {
            // How a connection ends is told to whoever waits for an answer on it.
            let _ = connection.with_upgrades().await;
        });
        Ok(Self {
            farm: name.to_owned(),
            class,
            sender,
            _connection: AbortOnDrop(task),
        })
    }

    async fn attempt(&mut self, request: Request<Passing>) -> Result<Sent, UpstreamError> {
        let pulse = request.body().pulse();
        let sending = self.sender.try_send_request(request);
        tokio::pin!(sending);
        let answered = loop {
            match timeout_at(deadline(&pulse), &mut sending).await {
                Ok(answered) => break answered,
                Err(_) if deadline(&pulse) > Instant::now() => {}
                Err(_) => return Err(UpstreamError::TooSlow("answer")),
            }
        };
        match answered {
            Ok(answer) => Ok(Sent::Answered(answer)),
            Err(mut error) => match error.take_message() {
                Some(unsent) => Ok(Sent::GivenBack(unsent)),
                None => Err(failure(error.into_error())),
            },
        }
    }
}

/// Until when the answer must begin: as long as the client sends, time stands still.
fn deadline(pulse: &Pulse) -> Instant {
    pulse.last() + limits::ANSWER_HEAD
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
