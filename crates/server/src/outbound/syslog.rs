//! The audit trail on its way to a collector: syslog over TLS (RFC 5424, RFC 5425), behind the sign-ins.
//!
//! INVARIANT: nobody who signs in waits for a collector. Events are read from the store, where they are already, and the
//! store remembers up to which one the collector has them.
//!
//! Syslog has no receipts, and what is written to a socket may be lost with whoever was to read it. So each part of the
//! trail goes on a connection of its own, which we close by `close_notify`; the collector must answer with its own (RFC
//! 5425 4.4), and TLS gives it ours after all that was before. Our side of the connection stays open behind that until
//! the collector's has ended: one that leaves something unread is given away by its kernel, which resets the connection.
//! Only then the part counts as taken; otherwise it is sent again: at least once, in its order. Start at [`ship`].

use std::io;
use std::sync::Arc;
use std::time::Duration;

use authn::audit::{Event, Severity};
use authn::ports::{Audit, ChainedEvent, Claim, Follower, Trail, Unavailable};
use jiff::SignedDuration;
use proto::syslog::{self, Message};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::tls::{self, TlsError};
use crate::clock;
use crate::config::settings::audit::{Receipt, Syslog};
use crate::metrics::{NotShipped, Shipped};

/// How often it is looked whether events wait.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it is waited while another process ships the trail.
const ANOTHER_SHIPS: Duration = Duration::from_secs(5);
/// How long it is waited after the first failure, and at the most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How many events go at a time. What waits behind them goes at once after them.
const PART: u32 = 1_024;
/// How long it is looked, after a collector's end, whether its kernel says that something was left unread.
const LAST_WORD: Duration = Duration::from_millis(200);
/// How long one part may take, the collector's receipt included.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a process may ship the trail alone without a word: longer than a part takes.
const CLAIMED: SignedDuration = SignedDuration::from_secs(30);
/// The name of our element: the number is the one that stands for examples, as we have none.
const ELEMENT: &str = "wicketgate@32473";

/// A collector, and how it is spoken to.
pub(crate) struct Collector {
    syslog: Syslog,
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// Why a part did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShippingError {
    /// Nobody is there, or somebody else.
    #[error("it is not reached: {0}")]
    Unreachable(io::Error),
    /// It broke off, or closed without saying so.
    #[error(
        "it did not confirm what was sent (`receipt` of [audit.syslog] says how it does: by its `close_notify`, as RFC 5425 \
         has it, unless it is said otherwise): {0}"
    )]
    Unconfirmed(io::Error),
    /// The store does not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What one look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    /// The collector has everything.
    Nothing,
    /// It took a part, and more may wait.
    Taken,
    /// Another process ships.
    Another,
}

impl Collector {
    /// Takes the settings and reads the certificates.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(syslog: &Syslog) -> Result<Self, TlsError> {
        let config = tls::client_as(&syslog.authorities, syslog.identity.as_ref())?;
        let name = ServerName::try_from(syslog.name.clone()).map_err(|_| TlsError::Name {
            name: syslog.name.clone(),
        })?;
        Ok(Self {
            syslog: syslog.clone(),
            connector: TlsConnector::from(Arc::new(config)),
            name,
        })
    }

    /// Reaches it and says nothing.
    ///
    /// # Errors
    ///
    /// It is not there, or is not who it should be.
    pub(crate) async fn greet(&self) -> io::Result<()> {
        self.connect().await?.shutdown().await
    }

    /// Sends events, and waits for the collector's word that it has them.
    async fn take(&self, events: &[ChainedEvent]) -> Result<(), ShippingError> {
        let mut stream = self.connect().await.map_err(ShippingError::Unreachable)?;
        let mut frames = Vec::new();
        for event in events {
            frames.extend_from_slice(&self.framed(event));
        }
        let sending = async {
            stream.write_all(&frames).await?;
            stream.flush().await?;
            let mut said = [0; 512];
            // SECURITY: whoever ends before we have said that this was all, ends for a reason of its own.
            let early = tokio::select! {
                biased;
                read = stream.read(&mut said) => read? == 0,
                () = std::future::ready(()) => false,
            };
            if early {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let (_, session) = stream.get_mut();
            session.send_close_notify();
            stream.flush().await?;
            // It has nothing to say to us; its end is its `close_notify`, and without one an error.
            loop {
                match stream.read(&mut said).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if self.is_receipt(&error) => break,
                    Err(error) => return Err(error),
                }
            }
            let (connection, _) = stream.get_mut();
            while connection.read(&mut said).await? > 0 {}
            nothing_was_left(connection).await?;
            connection.shutdown().await
        };
        sending.await.map_err(ShippingError::Unconfirmed)
    }

    /// Whether an end without `close_notify` is enough.
    ///
    /// SECURITY: anybody on the way can make a connection end so, and what was sent would count as received; so this is
    /// configured, for a collector that ends no other way. A reset never is: it throws away what was not read.
    fn is_receipt(&self, error: &io::Error) -> bool {
        self.syslog.receipt == Receipt::End && error.kind() == io::ErrorKind::UnexpectedEof
    }

    async fn connect(&self) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        let stream = TcpStream::connect((self.syslog.host.as_str(), self.syslog.port)).await?;
        self.connector.connect(self.name.clone(), stream).await
    }

    /// An event as it goes over the wire.
    fn framed(&self, chained: &ChainedEvent) -> Vec<u8> {
        let Event { at, kind, .. } = &chained.event;
        let severity = match chained.event.severity() {
            Severity::Alert => syslog::Severity::Alert,
            Severity::Warning => syslog::Severity::Warning,
            Severity::Notice => syslog::Severity::Notice,
            Severity::Informational => syslog::Severity::Informational,
        };
        let message = Message {
            facility: self.syslog.facility,
            severity,
            at: *at,
            host: &self.syslog.host_name,
            app: &self.syslog.app_name,
            id: &kind.word(),
            element: ELEMENT,
            parameters: &parameters(chained),
            text: &chained.text,
        };
        message.framed()
    }
}

/// Whether a collector that ended had read everything.
///
/// SECURITY: its farewell need not answer ours. Whoever closes with something unread is reset by its own kernel (RFC 9293
/// 3.6.1), also behind an orderly end, and we hear of it as long as our side is open.
async fn nothing_was_left(connection: &TcpStream) -> io::Result<()> {
    sleep(LAST_WORD).await;
    match connection.take_error()? {
        Some(reset) => Err(reset),
        None => Ok(()),
    }
}

/// What a collector may sort by: the event's place in the chain, and each of its fields that is one value.
fn parameters(chained: &ChainedEvent) -> Vec<(String, String)> {
    let hex = |bytes: &[u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut parameters = vec![
        ("number".to_owned(), chained.number.to_string()),
        ("previous".to_owned(), hex(&chained.previous)),
        ("hash".to_owned(), hex(&chained.hash)),
    ];
    let Ok(Value::Object(fields)) = serde_json::from_str(&chained.text) else {
        return parameters;
    };
    for (name, value) in fields {
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(is) => is.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        // They stand in the header, and in the place in the chain.
        if !["at", "event", "number", "previous", "hash"].contains(&name.as_str()) {
            parameters.push((name, value));
        }
    }
    parameters
}

/// Ships the trail, for as long as anybody polls it.
pub(crate) async fn ship(store: impl Audit + Trail, collector: Collector, metrics: Shipped) {
    let Ok(by) = clock::random::<16>() else {
        tracing::error!("the system gives no random bytes, so that no audit event is shipped");
        return;
    };
    let by = uuid::Builder::from_random_bytes(by).into_uuid().to_string();
    let place = format!("{}:{}", collector.syslog.host, collector.syslog.port);
    let mut failures = 0_u32;
    loop {
        match look((&store, &by), &collector, &metrics).await {
            Ok(looked) => {
                if failures > 0 {
                    tracing::info!(collector = place, "audit events are shipped again");
                }
                failures = 0;
                match looked {
                    Looked::Taken => {}
                    Looked::Nothing => sleep(LOOK_EVERY).await,
                    Looked::Another => sleep(ANOTHER_SHIPS).await,
                }
            }
            Err(error) => {
                metrics.failed(match &error {
                    ShippingError::Unreachable(_) => NotShipped::Unreachable,
                    ShippingError::Unconfirmed(_) => NotShipped::Unconfirmed,
                    ShippingError::Unavailable(_) => NotShipped::Store,
                });
                if failures == 0 {
                    tracing::error!(
                        collector = place,
                        "audit events are not shipped, and stay in the store until they are: {error}"
                    );
                }
                let (first, longest) = AGAIN;
                sleep(first.saturating_mul(1 << failures.min(5)).min(longest)).await;
                failures = failures.saturating_add(1);
            }
        }
    }
}

/// Looks once: ships a part where one waits and nobody else ships.
async fn look(
    (store, by): (&(impl Audit + Trail), &str),
    collector: &Collector,
    metrics: &Shipped,
) -> Result<Looked, ShippingError> {
    let now = clock::now();
    let shipped = store
        .reached(Follower::Collector)
        .await?
        .max(store.removed().await?);
    let waiting = store.last_event().await?.saturating_sub(shipped).max(0);
    if waiting == 0 {
        metrics.wait(0, None, now);
        return Ok(Looked::Nothing);
    }
    let oldest = store.read(shipped.saturating_add(1), 1).await?;
    let oldest = oldest.first().map(|it| it.event.at);
    metrics.wait(waiting, oldest, now);
    let claim = |until: SignedDuration| Claim {
        by: by.to_owned(),
        now,
        until: now.checked_add(until).unwrap_or(now),
    };
    let claiming = store.follow(Follower::Collector, claim(CLAIMED));
    let Some(claimed) = claiming.await? else {
        return Ok(Looked::Another);
    };
    let next = claimed.max(store.removed().await?).saturating_add(1);
    let events = store.read(next, PART).await?;
    let Some(last) = events.last() else {
        return Ok(Looked::Nothing);
    };
    let taking = timeout(PATIENCE, collector.take(&events)).await;
    let late = |_| ShippingError::Unconfirmed(io::ErrorKind::TimedOut.into());
    if let Err(error) = taking.map_err(late).flatten() {
        // Another process may reach it.
        store
            .follow(Follower::Collector, claim(SignedDuration::ZERO))
            .await?;
        return Err(error);
    }
    // Where the claim went to another meanwhile, they send it once more.
    store
        .note(Follower::Collector, (by, last.number), vec![])
        .await?;
    metrics.taken(u64::try_from(events.len()).unwrap_or_default());
    let left = waiting.saturating_sub(i64::try_from(events.len()).unwrap_or_default());
    metrics.wait(left.max(0), oldest.filter(|_| left > 0), now);
    Ok(Looked::Taken)
}

#[cfg(test)]
mod tests;
