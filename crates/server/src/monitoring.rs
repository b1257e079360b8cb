//! Reads the metadata of partners whose trusts are monitored, one process of a store each; what it means is decided in `sts`.
//!
//! Sign-ins wait for nothing here. Start at [`monitor`].

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use authn::ports::{Claim, Unavailable};
use jiff::{SignedDuration, Timestamp};
use sts::admin::trusts::{self, TrustError};
use sts::monitor::{self, Judged, Look, Monitored};
use sts::ports::{KeptTrusts, Outcome, PartnerReading, PartnerReadings};
use sts::trust::Url;
use tokio::time::sleep;

use crate::clock;
use crate::config::settings::monitoring::Monitoring;
use crate::metrics::Partners;
use crate::outbound::metadata::{Asking, FetchError, fetch};

/// How often it is looked whether a trust is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a process may take for a trust: longer than fetching, reading and writing down.
const CLAIMED: SignedDuration = SignedDuration::from_mins(3);

/// How many are read at once, so that a few partners who do not answer keep nobody waiting.
const AT_ONCE: usize = 8;

/// From where metadata comes.
#[async_trait]
trait Fetching: Send + Sync {
    /// The document at an address.
    async fn fetched(&self, url: &Url) -> Result<String, FetchError>;
}

#[async_trait]
impl Fetching for Asking {
    async fn fetched(&self, url: &Url) -> Result<String, FetchError> {
        fetch(url, self).await
    }
}

/// A process that reads.
struct Reader<S, F> {
    store: S,
    from: F,
    interval: SignedDuration,
    by: String,
    metrics: Partners,
    /// The trusts that are monitored, as of a change.
    trusts: Option<(i64, Arc<[Monitored]>)>,
}

/// Reads, for as long as anybody polls it.
pub(crate) async fn monitor(
    store: impl KeptTrusts + PartnerReadings,
    monitoring: Monitoring,
    metrics: Partners,
) {
    let Ok(by) = clock::random::<16>() else {
        tracing::error!(
            "the system gives no random bytes, so that nobody reads partners' metadata"
        );
        return;
    };
    let asking = Asking {
        allows_private: monitoring.allows_private,
        authorities: monitoring.authorities,
        allowed_by: "`monitoring_private_networks` of [sts]",
    };
    let mut reader = Reader {
        store,
        from: asking,
        interval: monitoring.interval,
        by: uuid::Builder::from_random_bytes(by).into_uuid().to_string(),
        metrics,
        trusts: None,
    };
    let mut is_away = false;
    loop {
        let looked = reader.look().await;
        if let Err(error) = &looked
            && !is_away
        {
            tracing::error!("nobody reads partners' metadata: {error}");
        }
        is_away = looked.is_err();
        sleep(LOOK_EVERY).await;
    }
}

impl<S, F> Reader<S, F>
where
    S: KeptTrusts + PartnerReadings,
    F: Fetching,
{
    /// Reads each trust that is due, and that no other process reads.
    async fn look(&mut self) -> Result<(), Unavailable> {
        let trusts = self.monitored().await?;
        let readings = self.store.partner_readings().await?;
        let now = clock::now();
        let due = trusts.iter().filter(|it| it.is_due(&readings, now));
        let due: Vec<&Monitored> = due.collect();
        self.read_all(&due, &readings).await?;
        let readings = self.store.partner_readings().await?;
        let known: BTreeSet<i64> = trusts.iter().map(|it| it.found.revision).collect();
        let last = readings.iter().filter(|it| known.contains(&it.trust));
        let last: Vec<Outcome> = last.map(|it| it.outcome).collect();
        self.metrics.stand(&last);
        Ok(())
    }

    /// The trusts that are monitored, which are read from the store when they change.
    async fn monitored(&mut self) -> Result<Arc<[Monitored]>, Unavailable> {
        let revision = self.store.revision().await?;
        if let Some((known, trusts)) = &self.trusts
            && *known == revision
        {
            return Ok(Arc::clone(trusts));
        }
        let all = trusts::all(&self.store).await.map_err(unreadable)?;
        let trusts: Arc<[Monitored]> = monitor::monitored(all).into();
        self.trusts = Some((revision, Arc::clone(&trusts)));
        Ok(trusts)
    }

    /// Reads all of these, some at a time; gives the first failure.
    async fn read_all(
        &self,
        due: &[&Monitored],
        readings: &[PartnerReading],
    ) -> Result<(), Unavailable> {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let one_by_one = async || {
            while let Some(trust) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.read(trust, trust.reading(readings)).await {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert(error);
                    break;
                }
            }
        };
        let mut readers: Vec<_> = (0..AT_ONCE).map(|_| Box::pin(one_by_one())).collect();
        poll_fn(|context| {
            readers.retain_mut(|it| it.as_mut().poll(context).is_pending());
            match readers.is_empty() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        drop(readers);
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(()), Err)
    }

    async fn read(
        &self,
        trust: &Monitored,
        before: Option<&PartnerReading>,
    ) -> Result<(), Unavailable> {
        let (now, number) = (clock::now(), trust.found.revision);
        let claim = Claim {
            by: self.by.clone(),
            now,
            until: now.checked_add(CLAIMED).unwrap_or(now),
        };
        if !self.store.claim_reading(number, &claim).await? {
            return Ok(());
        }
        let judged = match self.from.fetched(&trust.url).await {
            Ok(text) => judged(trust.clone(), text, clock::now()).await,
            Err(error) => Err(error.to_string()),
        };
        let why = judged.as_ref().err().cloned();
        let [random] = clock::random().map_err(|_| Unavailable {
            what: "the system's generator",
            detail: "it gives no random bytes".to_owned(),
        })?;
        let look = Look {
            by: &self.by,
            now: clock::now(),
            interval: self.interval,
            random,
        };
        let settled = monitor::settle(&self.store, trust, before, judged, look).await?;
        let Some(outcome) = settled else {
            return Ok(());
        };
        self.metrics.read(outcome);
        let name = &trust.found.trust.name;
        match outcome {
            Outcome::Taken => tracing::info!(
                trust.name = name,
                "the trust `{name}` says what its partner's metadata says by now"
            ),
            Outcome::Unread if before.is_none_or(|it| it.failures == 0) => tracing::warn!(
                trust.name = name,
                "the metadata of the trust `{name}` is not taken: {}",
                why.unwrap_or_default()
            ),
            Outcome::Unread | Outcome::Current | Outcome::Waiting => {}
        }
        Ok(())
    }
}

/// What a document means, found out where it keeps nobody waiting: it may be large.
async fn judged(trust: Monitored, text: String, now: Timestamp) -> Result<Judged, String> {
    let judging = tokio::task::spawn_blocking(move || trust.judged(&text, now));
    judging.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn unreadable(error: TrustError) -> Unavailable {
    match error {
        TrustError::Unavailable(error) => error,
        other => Unavailable {
            what: "the trusts",
            detail: other.to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
