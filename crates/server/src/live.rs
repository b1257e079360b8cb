//! Who is here and what was revoked: follows the feed of revocations and tells every connection.
//!
//! Each connection sets down who it serves *before* it asks whether that still stands, and is told
//! of each revocation afterwards, so that none can slip through between the two. Start at
//! [`Live::follow`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authn::Authenticated;
use authn::repeat::{Repeat, Repeats, Tag};
use authn::revocation::{Revocation, Revoked};
use gateway::ports::Verifier;
use gateway::presence::{BLIND_MAX, Hearing, Presence};
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, timeout};

/// How many revocations are kept for sign-ins that are under way, and wait for a slow connection.
const KEPT: usize = 1_024;
/// How long the feed waits after it could not be asked.
const RETRY: Duration = Duration::from_millis(500);

/// What all connections share about who may stay.
pub(crate) struct Live {
    /// What was proved lately.
    pub(crate) repeats: Repeats,
    told: broadcast::Sender<Told>,
    heard: Mutex<Heard>,
    revocations: Counter,
    rules: AtomicU64,
}

/// What connections are told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// This was revoked.
    Revoked(Revoked),
    /// Nobody knows what is revoked.
    Blind,
    /// Nobody knows who of the directory still stands.
    DirectoryUnread,
}

/// Who a connection serves, where its guard can look while a request is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    presence: Arc<Mutex<Presence>>,
    of_streams: bool,
}

/// A place in the feed: what was revoked after it matters to whoever began there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(i64);

impl Mark {
    /// The number of the last revocation that was heard of.
    pub(crate) fn number(self) -> i64 {
        self.0
    }

    /// The later of this and another: the last revocation that was heard of, or that the store knows of.
    pub(crate) fn or_later(self, number: i64) -> Self {
        Self(self.0.max(number))
    }
}

/// What a connection remembers of the last proof on it, and when that was last seen to stand.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    repeat: Repeat,
    stood_at: Mark,
}

/// What somebody rests on was revoked meanwhile.
pub(crate) struct Gone;

struct Heard {
    at: Instant,
    number: i64,
    lately: VecDeque<Revocation>,
}

impl Live {
    /// Begins after the last revocation there was; those that are heard of are counted.
    pub(crate) fn new(key: &[u8; 32], last: i64, revocations: Counter) -> Self {
        Self {
            repeats: Repeats::new(key),
            told: broadcast::channel(KEPT).0,
            heard: Mutex::new(Heard {
                at: Instant::now(),
                number: last,
                lately: VecDeque::new(),
            }),
            revocations,
            rules: AtomicU64::new(0),
        }
    }

    /// A number for the rules of one more configuration, so that none knows what another let in.
    pub(crate) fn number_rules(&self) -> u64 {
        self.rules.fetch_add(1, Ordering::Relaxed)
    }

    /// Follows the feed until told to stop.
    pub(crate) async fn follow(&self, verifier: &dyn Verifier, mut stop: watch::Receiver<bool>) {
        let following = async {
            let mut is_known_silent = false;
            loop {
                let after = self.lock().number;
                let asking = timeout(BLIND_MAX, verifier.revocations(after)).await;
                let failed = match asking {
                    Ok(Ok(revocations)) => {
                        is_known_silent = false;
                        self.hear(revocations);
                        continue;
                    }
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "it does not answer".to_owned(),
                };
                if !is_known_silent {
                    is_known_silent = true;
                    tracing::error!("what is revoked cannot be heard: {failed}");
                }
                self.forget_if_blind();
                sleep(RETRY).await;
            }
        };
        tokio::select! {
            () = following => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// What a connection listens to for as long as it lasts.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// How well the gate hears.
    pub(crate) fn hearing(&self) -> Hearing {
        self.lock().hearing()
    }

    /// How long ago it heard last.
    pub(crate) fn silence(&self) -> Duration {
        self.lock().at.elapsed()
    }

    /// A mark before somebody is verified.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().number)
    }

    /// Who proved this already, on the same connection or anywhere lately, and since when nothing is known of
    /// them.
    ///
    /// SECURITY: what the connection remembers is judged by all that was revoked since it was last
    /// seen to stand. Nobody ends the connection for it where it served somebody else meanwhile.
    pub(crate) fn known(
        &self,
        tag: &Tag,
        here: Option<&Remembered>,
        now: Timestamp,
    ) -> Option<(Arc<Authenticated>, Mark)> {
        let heard = self.lock();
        let stands = |here: &&Remembered| !heard.ended_since(here.stood_at, here.repeat.who());
        let here = here.filter(|here| here.repeat.is_of(tag)).filter(stands);
        // What the connection saw in the store may be later than what was heard.
        let stood_at = here.map_or(Mark(heard.number), |here| {
            here.stood_at.or_later(heard.number)
        });
        self.repeats
            .repeated(tag, here.map(|here| &here.repeat), now)
            .filter(|_| heard.hearing() != Hearing::Blind)
            .map(|who| (who, stood_at))
    }

    /// Whether nothing that somebody rests on was revoked after a mark. Whoever stands is set down as
    /// whose the request is, and known again by the tag.
    ///
    /// SECURITY: all happens before the feed is heard again: what it makes forgotten would be remembered
    /// after it, and what it revokes would find nobody here.
    pub(crate) fn stands_since(
        &self,
        mark: Mark,
        (who, seen): (&Arc<Authenticated>, &Seen),
        tag: Option<Tag>,
    ) -> Result<Option<Remembered>, Gone> {
        let heard = self.lock();
        seen.request_of(Some(Arc::clone(who)));
        if heard.hearing() == Hearing::Blind || heard.ended_since(mark, who) {
            return Err(Gone);
        }
        Ok(tag.map(|tag| Remembered {
            repeat: self.repeats.remember(tag, who),
            stood_at: mark.or_later(heard.number),
        }))
    }

    /// Puts out whoever is of the directory, which was not read for too long.
    pub(crate) fn directory_unread(&self) {
        let _heard = self.lock();
        self.repeats.forget_directory();
        // Where nobody is connected, nobody need be told.
        let _ = self.told.send(Told::DirectoryUnread);
    }

    fn forget_if_blind(&self) {
        let heard = self.lock();
        if heard.hearing() == Hearing::Blind {
            self.repeats.forget();
            // Where nobody is connected, nobody need be told.
            let _ = self.told.send(Told::Blind);
        }
    }

    fn hear(&self, revocations: Vec<Revocation>) {
        let mut heard = self.lock();
        heard.at = Instant::now();
        for revocation in revocations {
            self.revocations.inc();
            heard.number = heard.number.max(revocation.number);
            if heard.lately.len() >= KEPT {
                heard.lately.pop_front();
            }
            heard.lately.push_back(revocation.clone());
            self.repeats.revoked(&revocation.what);
            // Where nobody is connected, nobody need be told.
            let _ = self.told.send(Told::Revoked(revocation.what));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn hearing(&self) -> Hearing {
        Hearing::after(self.at.elapsed())
    }

    fn ended_since(&self, Mark(mark): Mark, who: &Authenticated) -> bool {
        let first = self.lately.front();
        let kept_from = first.map_or(self.number, |first| first.number - 1);
        let mut later = self.lately.iter().filter(|it| it.number > mark);
        mark < kept_from || later.any(|it| it.what.ends(who))
    }
}

impl Seen {
    /// The same connection as its streams see it: what one sets down, no other may take back.
    pub(crate) fn for_streams(&self) -> Self {
        Self {
            presence: Arc::clone(&self.presence),
            of_streams: true,
        }
    }

    /// Sets down whose the connection is.
    pub(crate) fn connection_of(&self, who: Option<Arc<Authenticated>>) {
        if !self.of_streams {
            self.lock().connection = who;
        }
    }

    /// Sets down whose the request is.
    pub(crate) fn request_of(&self, who: Option<Arc<Authenticated>>) {
        match who {
            Some(who) if self.of_streams => self.lock().add_stream_of(&who),
            None if self.of_streams => {}
            who => self.lock().request = who,
        }
    }

    /// Waits until what the connection rests on is revoked.
    pub(crate) async fn revoked(&self, told: &mut broadcast::Receiver<Told>) {
        loop {
            let ends = match told.recv().await {
                Ok(Told::Revoked(revoked)) => self.lock().rests_on(&revoked),
                Ok(Told::DirectoryUnread) => self.lock().is_of_directory(),
                // Whoever missed something cannot know that it was about others.
                Ok(Told::Blind) | Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.lock().is_somebody()
                }
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            };
            if ends {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
