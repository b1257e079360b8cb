//! Partners' metadata, read by itself (AD FS's MonitoringEnabled, AutoUpdateEnabled and MonitoringInterval): which trusts are due,
//! what a document means for one, and what is done about it.
//!
//! SECURITY: nobody sits in front of it. A trust that is followed takes what `trust refresh` would take without a flag, and never
//! another name of its partner: whoever may write the metadata of one party must not become another by it. Whatever else it
//! would mean waits for an administrator. Start at [`Monitored::judged`] and [`settle`].

use authn::audit::{Event, Kind as EventKind, MAX_SAID, MetadataAct, shown_name};
use jiff::{SignedDuration, Timestamp};
use proto::unseen::is_unseen;

use crate::admin::trusts::{self, Found, TrustError};
use crate::ports::{
    ChangeRefused, KeptTrusts, Outcome, PartnerReading, PartnerReadings, Unavailable,
};
use crate::trust::Url;
use crate::trust::partner::{self, FieldChange, Known};
use crate::trust::written::Written;

/// How long it is waited after the first time that metadata could not be read; twice as long each time.
const RETRY: SignedDuration = SignedDuration::from_mins(5);
/// Doublings beyond which every interval is reached.
const MOST_DOUBLINGS: u32 = 16;
/// The part of a wait by which it is shortened at most, so that trusts are not all read at once.
const JITTER: i32 = 10;

/// A trust whose partner's metadata is read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitored {
    /// The trust.
    pub found: Found,
    /// Where the metadata is.
    pub url: Url,
    /// Whether changes apply by themselves.
    pub is_followed: bool,
}

/// What a document means for a trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Nothing.
    Same,
    /// It would say something else.
    Changed {
        /// What it would be.
        refreshed: Box<Written>,
        /// What changes, in words.
        said: String,
        /// Whether an administrator must look, also where the trust is followed.
        waits: bool,
    },
}

/// Who looks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// By whose claim.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
    /// How long it is until the next time.
    pub interval: SignedDuration,
    /// Something random.
    pub random: u8,
}

/// Those of all trusts that are read by themselves: each that is on, and monitored.
#[must_use]
pub fn monitored(all: Vec<Found>) -> Vec<Monitored> {
    let of = |found: Found| {
        let parties = found.written.relying_party.iter();
        let parties = parties.map(|it| (it.is_enabled, it.metadata.as_ref()));
        let providers = found.written.claims_provider.iter();
        let providers = providers.map(|it| (it.is_enabled, it.metadata.as_ref()));
        let (is_enabled, metadata) = parties.chain(providers).next()?;
        let metadata = metadata.filter(|it| is_enabled && it.is_monitored)?;
        Some(Monitored {
            url: Url::parse(&metadata.url).ok()?,
            is_followed: metadata.is_followed,
            found,
        })
    };
    all.into_iter().filter_map(of).collect()
}

impl Monitored {
    /// What was seen of it last, as its last change left it.
    #[must_use]
    pub fn reading<'r>(&self, readings: &'r [PartnerReading]) -> Option<&'r PartnerReading> {
        readings.iter().find(|it| it.trust == self.found.revision)
    }

    /// Whether it is to be read.
    #[must_use]
    pub fn is_due(&self, readings: &[PartnerReading], now: Timestamp) -> bool {
        self.reading(readings).is_none_or(|it| it.next_at <= now)
    }

    /// What its partner's metadata means for it.
    ///
    /// # Errors
    ///
    /// It is none, has ended, got worse, or is signed by nobody who is known; the sentence says which.
    pub fn judged(&self, text: &str, now: Timestamp) -> Result<Judged, String> {
        let written = &self.found.written;
        let known = Known::of(self.found.trust.kind, written).map_err(|error| error.to_string())?;
        let read = known.read(text, now).map_err(|error| error.to_string())?;
        if let Some(doubt) = known.doubt(read.signed_by) {
            return Err(doubt.to_string());
        }
        let refreshed = partner::refreshed(written, &read.entity, now);
        let mut refreshed = refreshed.map_err(|error| error.to_string())?;
        partner::keep(&mut refreshed, &read.certificates);
        let changes = partner::changes(written, &refreshed);
        let changes = changes.map_err(|error| error.to_string())?;
        if changes.is_empty() {
            return Ok(Judged::Same);
        }
        let is_name = |it: &FieldChange| ["identifiers", "identifier", "name"].contains(&&*it.key);
        let brings_back = partner::brings_back(written, &refreshed);
        let brings_back = brings_back.map_err(|error| error.to_string())?;
        let why = match brings_back {
            true => "a certificate comes back that is older than those that are known; ",
            false => "",
        };
        Ok(Judged::Changed {
            waits: brings_back || changes.iter().any(is_name),
            said: shown(&format!("{why}{}", in_words(&changes))),
            refreshed: Box::new(refreshed),
        })
    }
}

/// Does what is to be done about what was seen, and writes it down; gives what came of it, nothing where somebody else was first.
///
/// # Errors
///
/// The store is unavailable; the trust is read again when the claim ends.
pub async fn settle(
    store: &(impl KeptTrusts + PartnerReadings),
    monitored: &Monitored,
    before: Option<&PartnerReading>,
    judged: Result<Judged, String>,
    look: Look<'_>,
) -> Result<Option<Outcome>, Unavailable> {
    let was = monitored.found.revision;
    let failed = before.map_or(0, |it| it.failures);
    let mut reading = PartnerReading {
        trust: was,
        at: look.now,
        good_at: Some(look.now),
        next_at: look.next(0),
        failures: 0,
        outcome: Outcome::Current,
        said: String::new(),
    };
    let mut events = Vec::new();
    let judged = match judged {
        Ok(Judged::Changed {
            refreshed,
            said,
            waits: false,
        }) if monitored.is_followed => {
            let taken = event(monitored, (MetadataAct::Taken, &said), look.now);
            match trusts::follow(store, &monitored.found, *refreshed, taken).await {
                Ok(revision) => {
                    reading.trust = revision;
                    reading.outcome = Outcome::Taken;
                    reading.said = said;
                    None
                }
                Err(TrustError::Unavailable(error)) => return Err(error),
                Err(TrustError::Refused(ChangeRefused::Overtaken { .. })) => return Ok(None),
                Err(error) => Some(Err(error.to_string())),
            }
        }
        other => Some(other),
    };
    match judged {
        None => {}
        Some(Ok(Judged::Same)) if failed > 0 => {
            events.push(event(monitored, (MetadataAct::ReadAgain, ""), look.now));
        }
        Some(Ok(Judged::Same)) => {}
        Some(Ok(Judged::Changed { said, .. })) => {
            let was_said =
                before.is_some_and(|it| it.outcome == Outcome::Waiting && it.said == said);
            if !was_said {
                events.push(event(monitored, (MetadataAct::Waiting, &said), look.now));
            }
            reading.outcome = Outcome::Waiting;
            reading.said = said;
        }
        Some(Err(why)) => {
            reading.failures = failed.saturating_add(1);
            reading.next_at = look.next(reading.failures);
            reading.good_at = before.and_then(|it| it.good_at);
            reading.outcome = Outcome::Unread;
            reading.said = shown(&why);
            // A lapse is one event, however long it lasts and whatever else goes wrong meanwhile.
            if failed == 0 {
                let said = (MetadataAct::Unread, &*reading.said);
                events.push(event(monitored, said, look.now));
            }
        }
    }
    let outcome = reading.outcome;
    let noted = store.note_reading((was, look.by), &reading, events).await?;
    // What a trust took, it took, whoever reads it next.
    Ok((noted || outcome == Outcome::Taken).then_some(outcome))
}

impl Look<'_> {
    /// When it is read again after so many failures in a row.
    fn next(&self, failures: u32) -> Timestamp {
        let wait = match failures.checked_sub(1) {
            None => self.interval,
            Some(before) => {
                let doubled = RETRY.saturating_mul(1 << before.min(MOST_DOUBLINGS));
                doubled.min(self.interval)
            }
        };
        let less = wait / JITTER * i32::from(self.random) / i32::from(u8::MAX);
        let next = self.now.checked_add(wait.saturating_sub(less));
        next.unwrap_or(Timestamp::MAX)
    }
}

fn event(monitored: &Monitored, (act, said): (MetadataAct, &str), now: Timestamp) -> Event {
    let trust = &monitored.found.trust;
    let kind = EventKind::PartnerMetadata {
        kind: trust.kind.as_str().to_owned(),
        name: shown_name(&trust.name, ""),
        act,
        said: said.to_owned(),
    };
    Event::observed(now, kind, None)
}

/// What changes, what somebody must look at first before what may be cut off.
fn in_words(changes: &[FieldChange]) -> String {
    let counts = |it: &&FieldChange| {
        let key = &it.key;
        key.contains("certificate") || key.contains("endpoint") || key.contains("identifier")
    };
    let (first, others): (Vec<_>, Vec<_>) = changes.iter().partition(counts);
    let value = |it: &Option<String>| it.clone().unwrap_or_else(|| "(nothing)".to_owned());
    let changes = first.into_iter().chain(others).map(|it| {
        let (before, after) = (value(&it.before), value(&it.after));
        format!("{}: {before} -> {after}", it.key)
    });
    changes.collect::<Vec<_>>().join("; ")
}

/// A partner's words fit for the audit and a terminal: cut, and without characters that nobody sees.
fn shown(text: &str) -> String {
    let shown = |it: char| if is_unseen(it) { '\u{fffd}' } else { it };
    text.chars().take(MAX_SAID).map(shown).collect()
}
