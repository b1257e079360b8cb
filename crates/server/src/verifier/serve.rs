//! The authentication server's door: gateways ask here by mutual TLS, and nobody else is heard.
//!
//! It decides nothing: who a gateway is, the list says; what it may, [`authn::remote`]. Start at [`Answerer::accept`].

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};

use authn::Authenticated;
use authn::ports::{Drains as _, Unavailable};
use authn::remote::{Answering, Caller, RemoteError};
use authn::voucher::{Session, SessionError};
use authn::wire::{
    self, After, Hello, OfSession, Revocations, Standing, TokenAnswer, TokenAsked, Wiped,
};
use bytes::Bytes;
use gateway::ports::{Delegation, NoToken, Target, Verifier as _};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use proto::secret::Secret;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::local::Local;
use super::mutual::Gateways;
use super::pages::Brought;
use super::wire::{Ask, Unread, read, wiped};
use crate::clock;
use crate::followed;
use crate::metrics::{Handshake, Metrics, OfAsk};
use crate::proxy::{limits, shown};

/// Connections of all gateways together; each has one, and makes a new one where that is silent.
const MAX_CONNECTIONS: usize = 256;
/// Questions of one connection at a time.
const MAX_ASKS: u32 = 1_024;
/// The largest head of a question.
const MAX_HEAD: u32 = 16 * 1024;

/// Whoever answers gateways.
pub(crate) struct Answerer {
    /// What they may, and the key that signs vouchers.
    pub(crate) answering: Answering,
    /// Who they are.
    pub(crate) gateways: Arc<Gateways>,
    /// The store.
    pub(crate) store: Store,
    /// The key of the cookies that name a member of a farm.
    pub(crate) cookies: Secret<[u8; 32]>,
    /// Who makes Kerberos tokens, where the configuration has what it takes.
    pub(crate) delegation: Option<Arc<dyn Delegation>>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// What only a configuration says.
    pub(crate) current: RwLock<Current>,
}

/// What a configuration says.
#[derive(Clone)]
pub(crate) struct Current {
    /// Who answers who somebody is.
    pub(crate) local: Arc<Local>,
    /// The pages that gateways bring requests for, where there are any.
    pub(crate) pages: Option<Arc<Brought>>,
    /// The services that tokens are made for.
    pub(crate) spns: Arc<BTreeSet<String>>,
    /// The TLS of new connections.
    pub(crate) tls: Arc<ServerConfig>,
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    /// It is none.
    #[error("there is no such question")]
    Unknown,
    /// Its body was not read.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// It is not for this gateway, or our own world is broken.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl Answerer {
    /// Accepts gateways until told to stop, and ends with what is under way.
    pub(crate) async fn accept(self: Arc<Self>, socket: TcpListener, stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut stopped = stop.clone();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = stopped.wait_for(|stop| *stop) => break,
                Some(_) = connections.join_next() => continue,
            };
            let Ok((stream, _)) = accepted else {
                sleep(limits::ACCEPT_PAUSE).await;
                continue;
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                self.metrics.refused_connection(KIND);
                continue;
            };
            let (answerer, stop) = (Arc::clone(&self), stop.clone());
            connections.spawn(async move {
                answerer.connection(stream, stop).await;
                drop(place);
            });
        }
        drop(socket);
        while connections.join_next().await.is_some() {}
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, mut stop: watch::Receiver<bool>) {
        let _open = self.metrics.opened(KIND);
        let tls = TlsAcceptor::from(self.current().tls);
        let shaken = match timeout(limits::HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                self.metrics.handshake_failed(Handshake::Failed);
                tracing::debug!(
                    "no TLS was agreed on with who wanted to ask: {}",
                    shown(&error)
                );
                return;
            }
            Err(_) => return self.metrics.handshake_failed(Handshake::Slow),
        };
        let shown_by_it = shaken.get_ref().1.peer_certificates();
        let Some(leaf) = shown_by_it.and_then(<[_]>::first) else {
            return;
        };
        let leaf = leaf.clone().into_owned();
        let service = service_fn(move |request| {
            let (answerer, leaf) = (Arc::clone(&self), leaf.clone());
            async move { Ok::<_, Infallible>(answerer.answered(&leaf, request).await) }
        });
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_ASKS)
            .max_header_list_size(MAX_HEAD)
            .keep_alive_interval(limits::PING)
            .keep_alive_timeout(limits::PONG);
        let connection = builder.serve_connection(TokioIo::new(shaken), service);
        tokio::pin!(connection);
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!("a gateway's connection ended: {}", shown(&error));
                }
                return;
            }
            _ = stop.wait_for(|stop| *stop) => {}
        }
        connection.as_mut().graceful_shutdown();
        // Whoever waits for revocations is told within two seconds that there are none.
        let _ = timeout(limits::DRAIN_ON_STOP, connection).await;
    }

    /// Answers a question of whoever showed a certificate.
    ///
    /// SECURITY: the list is asked for each, so that who is struck off is answered no more.
    async fn answered(
        self: &Arc<Self>,
        certificate: &CertificateDer<'_>,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let Some(caller) = self.gateways.caller(certificate) else {
            return refused(StatusCode::FORBIDDEN, "this gateway is not listed");
        };
        let ask = Ask::of_path(request.uri().path()).filter(|_| request.method() == Method::POST);
        let answered = match ask {
            Some(ask) => self.answer(&caller, ask, request.into_body()).await,
            None => Err(NoAnswer::Unknown),
        };
        let word = ask.map_or("unknown", Ask::word);
        match answered {
            Ok(body) => {
                self.metrics.asked(word, OfAsk::Answered);
                Response::new(Full::new(wiped(body)))
            }
            Err(error) => {
                let status = status(&error);
                let outcome = match status.is_server_error() {
                    true => OfAsk::Unanswered,
                    false => OfAsk::Refused,
                };
                self.metrics.asked(word, outcome);
                tracing::warn!(
                    gateway = caller.name,
                    question = word,
                    "a gateway's question is not answered: {error}"
                );
                refused(status, &error.to_string())
            }
        }
    }

    async fn answer(
        self: &Arc<Self>,
        caller: &Caller,
        ask: Ask,
        body: Incoming,
    ) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
        let body = read(body, ask.longest()).await?;
        let now = clock::now();
        let local = self.current().local;
        let told = match ask {
            Ask::Hello => {
                let (key, cookies) = (self.answering.key(), self.cookies.expose());
                write(&Hello::new(&caller.name, key, cookies, now))?
            }
            Ask::Verify => self.verify(caller.clone(), body).await?,
            Ask::LastRevocation => {
                let last = local.last_revocation().await;
                let after = last.map_err(RemoteError::from)?;
                write(&After { after })?
            }
            Ask::Revocations => {
                let After { after } = After::parse(&body).map_err(RemoteError::from)?;
                let revocations = local.revocations(after).await;
                write(&Revocations::from(revocations.map_err(RemoteError::from)?))?
            }
            Ask::Relayed => {
                let (relaying, heard) = self.answering.relayed(caller, &body, now)?;
                let recorded = local.relayed(relaying, heard).await;
                recorded.map_err(RemoteError::from)?;
                Zeroizing::default()
            }
            Ask::Note => {
                let noted = local.note(self.answering.noted(&body)?).await;
                noted.map_err(RemoteError::from)?;
                Zeroizing::default()
            }
            Ask::Standing => write(&self.standing().await.map_err(RemoteError::from)?)?,
            Ask::Token => {
                let asked = TokenAsked::parse(&body).map_err(RemoteError::from)?;
                write(&self.token(caller, &asked).await?)?
            }
            Ask::Page => match &self.current().pages {
                Some(pages) => pages.answer(caller, &body).await?,
                None => Err(RemoteError::NotAllowed(
                    "brings a request for pages, and the authentication server has neither a [portal] nor an [sts]",
                ))?,
            },
            Ask::Forget => {
                let asked = OfSession::parse(&body).map_err(RemoteError::from)?;
                let who = self.resumed(caller, &asked.session()).await?;
                if let Some(delegation) = &self.delegation {
                    delegation.forget(&who).await;
                }
                Zeroizing::default()
            }
        };
        Ok(told)
    }

    /// Verifies an attempt, to its end even where the gateway leaves meanwhile, so that nobody gets a guess that is
    /// not written down.
    async fn verify(
        self: &Arc<Self>,
        caller: Caller,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, RemoteError> {
        let answerer = Arc::clone(self);
        let verifying = tokio::spawn(async move {
            let local = answerer.current().local;
            let fresh = (local.asked()?, clock::now());
            let (judges, answering) = (local.judges(), &answerer.answering);
            answering.verify(judges, &caller, &body, fresh).await
        });
        verifying.await.unwrap_or_else(|error| {
            Err(RemoteError::Unavailable(Unavailable {
                what: "the verifier",
                detail: error.to_string(),
            }))
        })
    }

    async fn standing(&self) -> Result<Standing, Unavailable> {
        let drained = self.store.drained().await?;
        let is_unread = followed::is_too_old(&self.store).await;
        Ok(Standing::new(drained, is_unread))
    }

    async fn resumed(
        &self,
        caller: &Caller,
        session: &Session,
    ) -> Result<Authenticated, RemoteError> {
        let local = self.current().local;
        let (ports, _) = local.judges();
        let at = (session, clock::now());
        self.answering.resume(ports, caller, at).await
    }

    async fn token(&self, caller: &Caller, asked: &TokenAsked) -> Result<TokenAnswer, RemoteError> {
        if !self.current().spns.contains(&asked.service) {
            return Err(RemoteError::NotAllowed(
                "asks for a token of a service that neither `spns` of [authn_server] nor a [[farm]] names",
            ));
        }
        let who = match self.resumed(caller, &asked.session()).await {
            Ok(who) => who,
            // It ends while requests are under way, and is nobody's fault.
            Err(RemoteError::Session(error @ SessionError::Ended)) => {
                return Ok(TokenAnswer::Unavailable(format!("the session: {error}")));
            }
            Err(error) => return Err(error),
        };
        let Some(delegation) = &self.delegation else {
            let said = "the authentication server has no [kerberos]".to_owned();
            return Ok(TokenAnswer::Unavailable(said));
        };
        let target = Target {
            service: &asked.service,
            tls_server_end_point: asked.tls_server_end_point(),
        };
        Ok(match delegation.token(&who, target).await {
            Ok(token) => TokenAnswer::Token(Wiped::new(token.bytes())),
            Err(NoToken::Denied(said)) => TokenAnswer::Denied(said),
            Err(NoToken::NotDelegable(said)) => TokenAnswer::NotDelegable(said),
            Err(NoToken::Alarm(said)) => TokenAnswer::Alarm(said),
            Err(NoToken::AnotherAccount(said)) => TokenAnswer::AnotherAccount(said),
            Err(NoToken::Unavailable(said)) => TokenAnswer::Unavailable(said),
        })
    }

    /// What the configuration says that is current.
    pub(crate) fn current(&self) -> Current {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

/// What a metric calls connections of gateways.
const KIND: &str = "gateway";

fn write(body: &impl serde::Serialize) -> Result<Zeroizing<Vec<u8>>, RemoteError> {
    Ok(wire::write(body)?)
}

fn status(error: &NoAnswer) -> StatusCode {
    match error {
        NoAnswer::Unknown => StatusCode::NOT_FOUND,
        NoAnswer::Unread(_) | NoAnswer::Remote(RemoteError::Form(_)) => StatusCode::BAD_REQUEST,
        NoAnswer::Remote(RemoteError::NotAllowed(_)) => StatusCode::FORBIDDEN,
        NoAnswer::Remote(RemoteError::Session(_)) => StatusCode::GONE,
        NoAnswer::Remote(RemoteError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn refused(status: StatusCode, sentence: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(sentence.to_owned())));
    *response.status_mut() = status;
    response
}
