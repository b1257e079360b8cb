//! An authentication server elsewhere, as a gateway asks it: one connection of HTTP/2 by mutual TLS.
//!
//! INVARIANT: nothing is asked twice of its own accord, and nothing is known without an answer: whatever goes wrong
//! is "no", within the patience of what was asked. Together those of one sign-in are shorter than two seconds. Start at
//! [`Remote::ask`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Plain, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use authn::revocation::Revocation;
use authn::ticket::Relaying;
use authn::voucher::{For, GatewayId, Opener, VoucherKey};
use authn::wire::{
    self, After, Answered, Hello, OfSession, Relayed, Standing, TokenAnswer, TokenAsked,
};
use authn::{Attempt, Authenticated, Outcome};
use bytes::Bytes;
use gateway::ports::{Delegation, KerberosToken, NoToken, Target, Verifier};
use http_body_util::Full;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::mutual::{self, MutualError};
use super::wire::{Ask, read, wiped};
use crate::clock;
use crate::config::settings::Asking;
use crate::metrics::{Metrics, OfAsk};
use crate::proxy::shown;

/// How long a question may take that the store answers at once, a new connection included.
const QUICK: Duration = Duration::from_millis(600);
/// How long a sign-in may take: counters and audit are on the disk before it is answered.
const SIGN_IN: Duration = Duration::from_millis(1_300);
/// How long a token may take: domain controllers are asked for it.
const TOKEN: Duration = Duration::from_millis(2_500);
/// How long a page may take: a secret waits for its turn to be hashed, longer than that at most, and what it does is on the disk
/// before it is answered.
const PAGE: Duration = Duration::from_secs(7);
/// How long the feed may be silent; it says every two seconds that there was nothing.
const FEED: Duration = Duration::from_secs(4);
/// How often the other side is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(1);

/// An authentication server elsewhere.
pub(crate) struct Remote {
    server: String,
    name: ServerName<'static>,
    connector: TlsConnector,
    id: GatewayId,
    pinned: Option<VoucherKey>,
    line: Mutex<Option<Line>>,
    opener: Plain<Option<Arc<Opener>>>,
    is_away: AtomicBool,
    metrics: Arc<Metrics>,
}

/// A connection on which the other side has said who it is.
#[derive(Clone)]
struct Line {
    sender: SendRequest<Full<Bytes>>,
    opener: Arc<Opener>,
}

/// Why a gateway cannot ask at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskingError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Mutual(#[from] MutualError),
    /// The name is not one.
    #[error("`{0}` is not a name that TLS can verify")]
    Name(String),
}

impl Remote {
    /// Reads what a gateway has; nobody is asked yet.
    ///
    /// # Errors
    ///
    /// A file or the name is not usable.
    pub(crate) fn new(asking: &Asking, metrics: Arc<Metrics>) -> Result<Self, AskingError> {
        let (config, id) = mutual::client(&asking.identity)?;
        let name = ServerName::try_from(asking.name.clone());
        Ok(Self {
            server: asking.server.clone(),
            name: name.map_err(|_| AskingError::Name(asking.name.clone()))?,
            connector: TlsConnector::from(config),
            id,
            pinned: asking.voucher_key,
            line: Mutex::default(),
            opener: Plain::default(),
            is_away: AtomicBool::new(false),
            metrics,
        })
    }

    /// Asks the authentication server who it is, on a connection of its own.
    ///
    /// # Errors
    ///
    /// It is not there, is somebody else, or does not know this gateway.
    pub(crate) async fn hello(&self) -> Result<Hello, Unavailable> {
        let meeting = async { self.meet().await.map(|(_, hello)| hello) };
        let met = timeout(QUICK, meeting).await;
        met.unwrap_or_else(|_| Err(away(format!("no answer within {QUICK:?}"))))
    }

    /// What is drained, and whether the directory is read.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub(crate) async fn standing(&self) -> Result<Standing, Unavailable> {
        let (answer, _) = self.ask(Ask::Standing, nothing(), QUICK).await?;
        Standing::parse(&answer).map_err(garbled)
    }

    /// The answer to what a browser asks of our pages.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) async fn page(&self, request: &web::Request) -> Result<web::Answer, Unavailable> {
        let body = web::wire::write_request(request).map_err(garbled)?;
        let (answer, _) = self.ask(Ask::Page, body, PAGE).await?;
        web::wire::read_answer(&answer).map_err(garbled)
    }

    /// Asks one thing, once.
    async fn ask(
        &self,
        ask: Ask,
        body: Zeroizing<Vec<u8>>,
        patience: Duration,
    ) -> Result<(Zeroizing<Vec<u8>>, Arc<Opener>), Unavailable> {
        let asking = async {
            let mut line = self.line().await?;
            let answer = exchange(&mut line.sender, ask, body).await?;
            Ok((answer, line.opener))
        };
        let asked = timeout(patience, asking).await;
        let asked = asked.unwrap_or_else(|_| Err(Asked::Silent(patience)));
        let outcome = match &asked {
            Ok(_) => OfAsk::Answered,
            Err(Asked::Refused(..)) => OfAsk::Refused,
            Err(Asked::Silent(_) | Asked::Away(_)) => OfAsk::Unanswered,
        };
        self.metrics.asked(ask.word(), outcome);
        // A page may wait for its turn while everything else is answered.
        if !matches!((ask, &asked), (Ask::Page, Err(Asked::Silent(_)))) {
            self.is_heard(&asked);
        }
        asked.map_err(|error| away(error.to_string()))
    }

    /// Notes whether the other side answers: a line that is silent is not asked again.
    fn is_heard<T>(&self, asked: &Result<T, Asked>) {
        match asked {
            Ok(_) | Err(Asked::Refused(..)) => {
                if self.is_away.swap(false, Ordering::Relaxed) {
                    tracing::info!(
                        server = self.server,
                        "the authentication server answers again"
                    );
                }
            }
            Err(error @ (Asked::Silent(_) | Asked::Away(_))) => {
                if let Ok(mut line) = self.line.try_lock() {
                    *line = None;
                }
                if !self.is_away.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        server = self.server,
                        "the authentication server does not answer, so that nobody new is let in: {error}"
                    );
                }
            }
        }
    }

    /// The connection that there is, or a new one.
    async fn line(&self) -> Result<Line, Asked> {
        let mut line = self.line.lock().await;
        if let Some(open) = line.as_ref().filter(|it| !it.sender.is_closed()) {
            return Ok(open.clone());
        }
        // While it is made, nobody else makes one; whoever waits does so within their patience.
        *line = None;
        let (made, _) = self
            .meet()
            .await
            .map_err(|error| Asked::Away(error.detail))?;
        Ok(line.insert(made).clone())
    }

    /// Makes a connection and asks who is there.
    async fn meet(&self) -> Result<(Line, Hello), Unavailable> {
        let unreachable = |error: std::io::Error| away(format!("{}: {error}", self.server));
        let stream = TcpStream::connect(&self.server).await;
        let stream = stream.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let stream = self.connector.connect(self.name.clone(), stream).await;
        let stream = TokioIo::new(stream.map_err(unreachable)?);
        let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .keep_alive_while_idle(true)
            .handshake(stream)
            .await
            .map_err(|error| away(shown(&error).to_string()))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(
                    "the connection to the authentication server ended: {}",
                    shown(&error)
                );
            }
        });
        let hello = exchange(&mut sender, Ask::Hello, nothing()).await;
        let hello = hello.map_err(|error| away(error.to_string()))?;
        let hello = Hello::parse(&hello).map_err(garbled)?;
        let key = hello.voucher_key();
        if self.pinned.is_some_and(|pinned| pinned != key) {
            let detail = "it signs vouchers with another key than `voucher_key` of [authn] names";
            return Err(away(detail.to_owned()));
        }
        let opener = self.opener(key);
        Ok((Line { sender, opener }, hello))
    }

    /// Whoever opens vouchers of a key; it knows what it has opened for as long as the key is the same.
    fn opener(&self, key: VoucherKey) -> Arc<Opener> {
        let mut opener = self.opener.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opener.take().filter(|it| it.key() == key);
        let known = known.unwrap_or_else(|| Arc::new(Opener::new(key)));
        Arc::clone(opener.insert(known))
    }

    async fn verified(&self, attempt: Attempt) -> Result<Outcome, Unavailable> {
        let once = clock::random().map_err(|_| away("there are no random bytes".to_owned()))?;
        let (body, digest) = wire::ask(&attempt, once).map_err(garbled)?;
        let wanted = For {
            gateway: self.id.clone(),
            connection: attempt.connection,
            attempt: digest,
        };
        drop(attempt);
        let (answer, opener) = self.ask(Ask::Verify, body, SIGN_IN).await?;
        let answered = Answered::parse(&answer).map_err(garbled)?;
        Ok(answered.open((&opener, &wanted), clock::now()))
    }

    async fn token_of(
        &self,
        who: &Authenticated,
        target: Target<'_>,
    ) -> Result<TokenAnswer, Unavailable> {
        let session = who.session().ok_or_else(no_session)?;
        let asked = TokenAsked::new(session, target.service, target.tls_server_end_point);
        let body = wire::write(&asked).map_err(garbled)?;
        let (answer, _) = self.ask(Ask::Token, body, TOKEN).await?;
        TokenAnswer::parse(&answer).map_err(garbled)
    }

    async fn forgotten(&self, who: &Authenticated) -> Result<(), Unavailable> {
        let session = who.session().ok_or_else(no_session)?;
        let body = wire::write(&OfSession::new(session)).map_err(garbled)?;
        self.ask(Ask::Forget, body, QUICK).await.map(drop)
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
enum Asked {
    /// Nothing came.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// There is nobody, or somebody else.
    #[error("{0}")]
    Away(String),
    /// It was refused.
    #[error("it answers {0}: {1}")]
    Refused(StatusCode, String),
}

async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    ask: Ask,
    body: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, Asked> {
    let broken = |error: hyper::Error| Asked::Away(shown(&error).to_string());
    let uri = format!("https://authn{}", ask.path());
    let request = Request::post(uri).body(Full::new(wiped(body)));
    let request = request.map_err(|error| Asked::Away(error.to_string()))?;
    sender.ready().await.map_err(broken)?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status();
    let body = read(answer.into_body(), ask.longest_answer()).await;
    let body = body.map_err(|error| Asked::Away(error.to_string()))?;
    match status {
        StatusCode::OK => Ok(body),
        _ => Err(Asked::Refused(status, sentence(&body))),
    }
}

/// What is said with a refusal, fit for a log.
fn sentence(body: &[u8]) -> String {
    const AT_MOST: usize = 256;
    let text = String::from_utf8_lossy(body);
    let plain = text.chars().filter(|it| !it.is_control());
    plain.take(AT_MOST).collect()
}

fn nothing() -> Zeroizing<Vec<u8>> {
    Zeroizing::default()
}

fn away(detail: String) -> Unavailable {
    Unavailable {
        what: "the authentication server",
        detail,
    }
}

fn garbled(error: wire::WireParseError) -> Unavailable {
    away(error.to_string())
}

fn no_session() -> Unavailable {
    away("it knows nobody by that session".to_owned())
}

#[async_trait]
impl Verifier for Remote {
    async fn verify(&self, attempt: Attempt) -> Outcome {
        let verified = self.verified(attempt).await;
        verified.unwrap_or_else(|error| Outcome::plain(Err(error.into())))
    }

    async fn relayed(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable> {
        let relayed = Relayed::of(relaying, heard).ok_or_else(no_session)?;
        let body = wire::write(&relayed).map_err(garbled)?;
        self.ask(Ask::Relayed, body, SIGN_IN).await.map(drop)
    }

    async fn revocations(&self, after: i64) -> Result<Vec<Revocation>, Unavailable> {
        let body = wire::write(&After { after }).map_err(garbled)?;
        let (answer, _) = self.ask(Ask::Revocations, body, FEED).await?;
        let revocations = wire::Revocations::parse(&answer).map_err(garbled)?;
        Ok(revocations.into())
    }

    async fn last_revocation(&self) -> Result<i64, Unavailable> {
        let (answer, _) = self.ask(Ask::LastRevocation, nothing(), QUICK).await?;
        After::parse(&answer).map(|it| it.after).map_err(garbled)
    }

    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        let body = wire::write(&wire::Noted { events }).map_err(garbled)?;
        self.ask(Ask::Note, body, SIGN_IN).await.map(drop)
    }
}

#[async_trait]
impl Delegation for Remote {
    async fn token(
        &self,
        who: &Authenticated,
        target: Target<'_>,
    ) -> Result<KerberosToken, NoToken> {
        let answer = self.token_of(who, target).await;
        match answer.map_err(|error| NoToken::Unavailable(error.to_string()))? {
            TokenAnswer::Token(token) => Ok(KerberosToken::new(token.expose().to_vec())),
            TokenAnswer::Denied(said) => Err(NoToken::Denied(said)),
            TokenAnswer::NotDelegable(said) => Err(NoToken::NotDelegable(said)),
            TokenAnswer::Alarm(said) => Err(NoToken::Alarm(said)),
            TokenAnswer::AnotherAccount(said) => Err(NoToken::AnotherAccount(said)),
            TokenAnswer::Unavailable(said) => Err(NoToken::Unavailable(said)),
        }
    }

    async fn forget(&self, who: &Authenticated) {
        if let Err(error) = self.forgotten(who).await {
            tracing::warn!("tickets of somebody are not dropped: {error}");
        }
    }
}
