//! What no single event says: one secret tried at many accounts, and one code from two places.
//!
//! It reads the audit trail behind the sign-ins, so that they do not wait for it, and all gates of a store are seen as one.
//! What it says are events of the trail. Nothing is refused by it. Start at [`Watch::see`].

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::account::AccountId;
use crate::audit::{Event, Kind, Reason};
use crate::lockout::WINDOW;
use crate::place::{Channel, SourceNetwork};

/// From how many accounts on, which were refused within a window from networks that are not theirs, an alarm is raised.
pub const SPRAYED: usize = 100;
/// For how long a code that was right is looked for elsewhere: a step, and what clocks may differ.
pub const TWO_PLACES: SignedDuration = SignedDuration::from_secs(90);
/// How many refusals are remembered at the most; the oldest are forgotten first.
const MAX_REFUSALS: usize = 16_384;
/// How many sign-ins are remembered at the most, for the same reason.
const MAX_SIGN_INS: usize = 16_384;

/// What was seen of the trail lately.
#[derive(Debug, Default)]
pub struct Watch {
    refusals: VecDeque<(Timestamp, String)>,
    names: BTreeMap<String, u32>,
    alarmed: Option<Timestamp>,
    familiar: Lately<(AccountId, SourceNetwork)>,
    codes: Lately<AccountId, SourceNetwork>,
}

/// The latest of each key, and no more than [`MAX_SIGN_INS`].
#[derive(Debug)]
struct Lately<K, V = ()> {
    order: VecDeque<(Timestamp, K)>,
    latest: BTreeMap<K, (Timestamp, V)>,
}

impl Watch {
    /// Looks at the next event; gives what is to be said of it.
    #[must_use]
    pub fn see(&mut self, event: &Event) -> Option<Event> {
        let said = match &event.kind {
            Kind::Refused { reason, name } => {
                let said = self.two_places(event, *reason);
                self.refused(event, *reason, name);
                said.or_else(|| self.sprayed(event.at))
            }
            Kind::SignedIn { .. } => {
                self.signed_in(event);
                None
            }
            Kind::CodeAccepted { .. } => {
                self.accepted(event);
                None
            }
            Kind::Sprayed { .. } => {
                self.alarmed = Some(event.at);
                None
            }
            _ => None,
        };
        self.alarmed = match &said {
            Some(said) if matches!(said.kind, Kind::Sprayed { .. }) => Some(said.at),
            Some(_) | None => self.alarmed,
        };
        said
    }

    fn signed_in(&mut self, event: &Event) {
        let (Some(account), Some(source)) = (&event.account, event.source) else {
            return;
        };
        let key = (account.clone(), SourceNetwork::from(source));
        self.familiar.note(event.at, key, ());
        // On a page the code is part of the sign-in.
        if event.channel == Some(Channel::Page) {
            self.accepted(event);
        }
    }

    fn accepted(&mut self, event: &Event) {
        if let (Some(account), Some(source)) = (&event.account, event.source) {
            let network = SourceNetwork::from(source);
            self.codes.note(event.at, account.clone(), network);
        }
    }

    /// Remembers who was refused, unless the network is one that they sign in from.
    fn refused(&mut self, event: &Event, reason: Reason, name: &str) {
        let Some(source) = event.source.filter(|_| is_a_guess(reason)) else {
            return;
        };
        let network = SourceNetwork::from(source);
        let who = match &event.account {
            Some(account) if self.familiar.latest(&(account.clone(), network)).is_some() => return,
            Some(account) => account.0.clone(),
            None => name.to_lowercase(),
        };
        let since = event.at.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        while self.refusals.len() >= MAX_REFUSALS
            || self.refusals.front().is_some_and(|(at, _)| *at < since)
        {
            let Some((_, who)) = self.refusals.pop_front() else {
                break;
            };
            if let Some(count) = self.names.get_mut(&who) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.names.remove(&who);
                }
            }
        }
        let count = self.names.entry(who.clone()).or_default();
        *count = count.saturating_add(1);
        self.refusals.push_back((event.at, who));
    }

    /// The alarm, where it is due and none was raised since the window began.
    fn sprayed(&self, at: Timestamp) -> Option<Event> {
        let since = at.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let is_due = self.alarmed.is_none_or(|alarmed| alarmed < since);
        let names = self.names.len();
        (is_due && names >= SPRAYED).then(|| {
            let names = u32::try_from(names).unwrap_or(u32::MAX);
            Event::observed(at, Kind::Sprayed { names }, None)
        })
    }

    /// Whether a code that was spent was right a moment ago, elsewhere.
    fn two_places(&mut self, event: &Event, reason: Reason) -> Option<Event> {
        let (Some(account), Some(source)) = (&event.account, event.source) else {
            return None;
        };
        let (at, first) = self.codes.latest(account)?;
        let since = event.at.checked_sub(TWO_PLACES).unwrap_or(Timestamp::MIN);
        let is_elsewhere = *first != SourceNetwork::from(source);
        let is_alarming = reason == Reason::CodeSpent && *at >= since && is_elsewhere;
        is_alarming.then(|| Event {
            kind: Kind::CodeFromTwoNetworks {
                first: first.clone(),
            },
            actor: None,
            ..event.clone()
        })
    }
}

/// Whether a refusal may be a guess at a secret.
fn is_a_guess(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::UnknownName
            | Reason::WrongSecret
            | Reason::WrongCode
            | Reason::AccountDisabled
            | Reason::AccountLocked
            | Reason::TooManyFailures
    )
}

impl<K, V> Default for Lately<K, V> {
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            latest: BTreeMap::new(),
        }
    }
}

impl<K: Clone + Ord, V> Lately<K, V> {
    fn note(&mut self, at: Timestamp, key: K, value: V) {
        if self.order.len() >= MAX_SIGN_INS
            && let Some((at, key)) = self.order.pop_front()
            && self
                .latest
                .get(&key)
                .is_some_and(|(latest, _)| *latest <= at)
        {
            self.latest.remove(&key);
        }
        self.order.push_back((at, key.clone()));
        self.latest.insert(key, (at, value));
    }

    fn latest(&self, key: &K) -> Option<&(Timestamp, V)> {
        self.latest.get(key)
    }
}

#[cfg(test)]
mod tests;
