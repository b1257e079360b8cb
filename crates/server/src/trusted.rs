//! The trusts, in memory: read when they change, on whichever node, so that they cost a sign-in nothing.
//!
//! What cannot be read of them is left out and told; nobody gets a token by it. Start at [`Trusted`].

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use sts::ports::{KeptTrusts, Trusts, Unavailable};
use sts::trust::TrustBook;
use tokio::time::{Instant, sleep};

/// How often it is looked whether trusts changed.
const LOOKED_AT: Duration = Duration::from_secs(2);
/// For how long trusts are believed that nobody could look at.
const BELIEVED: Duration = Duration::from_secs(60);

/// The trusts of what is kept.
pub(crate) struct Trusted<K> {
    kept: K,
    book: RwLock<Option<(Instant, Arc<TrustBook>)>>,
}

impl<K: KeptTrusts> Trusted<K> {
    /// Nothing yet.
    pub(crate) fn new(kept: K) -> Self {
        Self {
            kept,
            book: RwLock::new(None),
        }
    }

    /// Keeps the trusts in step with what is kept, for as long as anybody polls it.
    pub(crate) async fn follow(&self) {
        let mut complained = None;
        loop {
            let looked = self.look().await;
            let complaint = looked.err().map(|error| error.to_string());
            if complaint != complained
                && let Some(complaint) = &complaint
            {
                tracing::error!("the trusts cannot be read: {complaint}");
            }
            complained = complaint;
            sleep(LOOKED_AT).await;
        }
    }

    /// Looks whether trusts changed, and reads them where they did.
    ///
    /// # Errors
    ///
    /// They cannot be read; what was read before is believed for a while.
    pub(crate) async fn look(&self) -> Result<(), Unavailable> {
        let known = self.known(Instant::now());
        let revision = self.kept.revision().await?;
        let book = match known.filter(|it| it.revision() == revision) {
            Some(known) => known,
            None => {
                let kept = self.kept.kept().await?;
                let read = tokio::task::spawn_blocking(move || TrustBook::of_kept(&kept)).await;
                let (book, errors) = read.map_err(|error| unavailable(error.to_string()))?;
                for error in errors {
                    tracing::error!("a trust cannot be read, and gets no tokens: {error}");
                }
                Arc::new(book)
            }
        };
        let mut held = self.book.write().unwrap_or_else(PoisonError::into_inner);
        *held = Some((Instant::now(), book));
        Ok(())
    }

    fn known(&self, now: Instant) -> Option<Arc<TrustBook>> {
        let held = self.book.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = held.as_ref();
        let fresh = fresh.filter(|(at, _)| now.duration_since(*at) < BELIEVED);
        fresh.map(|(_, book)| Arc::clone(book))
    }
}

#[async_trait]
impl<K: KeptTrusts> Trusts for Trusted<K> {
    async fn current(&self) -> Result<Arc<TrustBook>, Unavailable> {
        let known = self.known(Instant::now());
        known.ok_or_else(|| unavailable("they were not read, or too long ago".to_owned()))
    }
}

fn unavailable(detail: String) -> Unavailable {
    Unavailable {
        what: "the trusts",
        detail,
    }
}

#[cfg(test)]
mod tests {
    use authn::audit::{Actor, ByHand};
    use jiff::Timestamp;
    use store::memory::Memory;
    use sts::admin::trusts;
    use sts::trust::Identifier;
    use sts::trust::preset::{Places, Preset};

    use super::*;

    fn by_hand() -> ByHand {
        ByHand {
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::named("root"),
            origin: None,
        }
    }

    fn lync() -> Identifier {
        Identifier::parse("https://lyncweb.contoso.com/passiveauth").unwrap()
    }

    async fn added(store: &Memory) {
        let places = Places {
            host: "lyncweb.contoso.com",
            internal_host: None,
        };
        let lync = Preset::Lync.trusts(&places).unwrap();
        trusts::add(store, &lync, &by_hand()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_is_seen_and_what_does_not_is_not_read_again() {
        let store = Memory::new();
        let trusted = Trusted::new(store.clone());
        assert!(trusted.current().await.is_err());
        trusted.look().await.unwrap();
        assert!(
            trusted
                .current()
                .await
                .unwrap()
                .relying_party(&lync())
                .is_none()
        );
        added(&store).await;
        trusted.look().await.unwrap();
        let first = trusted.current().await.unwrap();
        assert!(first.relying_party(&lync()).is_some());
        trusted.look().await.unwrap();
        assert!(Arc::ptr_eq(&first, &trusted.current().await.unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn trusts_that_nobody_can_look_at_are_believed_for_a_minute_and_no_longer() {
        let store = Memory::new();
        added(&store).await;
        let trusted = Trusted::new(store.clone());
        trusted.look().await.unwrap();
        store.break_down();
        tokio::time::advance(BELIEVED - Duration::from_secs(1)).await;
        assert!(trusted.look().await.is_err());
        assert!(trusted.current().await.is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(trusted.current().await.is_err());
        store.mend();
        trusted.look().await.unwrap();
        assert!(trusted.current().await.is_ok());
    }
}
