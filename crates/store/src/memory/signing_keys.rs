//! The ports [`SigningKeys`] and [`Ledger`] in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use jiff::Timestamp;
use proto::secret::Secret;
use sts::key_ring::{KeyId, KeyState, TokenSigningCertificate};
use sts::ledger::{LedgerEntry, SignedDigest, TokenId};
use sts::ports::{KeptKeys, KeysChanged, Ledger, RestsOn, SigningKeys};

use super::Memory;

/// The keys, in the order in which they were made, and the tokens.
#[derive(Debug, Default)]
pub(super) struct Signing {
    revision: i64,
    keys: Vec<(TokenSigningCertificate, Option<Secret<Vec<u8>>>)>,
    ledger: BTreeMap<TokenId, LedgerEntry>,
}

impl Signing {
    fn primary(&self) -> Option<usize> {
        self.position(|it| matches!(it, KeyState::Primary { .. }))
    }

    fn next(&self) -> Option<usize> {
        self.position(|it| matches!(it, KeyState::Next { .. }))
    }

    fn next_called(&self, id: &KeyId) -> Option<usize> {
        let next = self.next()?;
        self.keys
            .get(next)
            .is_some_and(|(key, _)| key.id == *id)
            .then_some(next)
    }

    fn position(&self, is: fn(&KeyState) -> bool) -> Option<usize> {
        self.keys.iter().position(|(key, _)| is(&key.state))
    }
}

#[async_trait]
impl SigningKeys for Memory {
    async fn keys_revision(&self) -> Result<i64, Unavailable> {
        Ok(self.open()?.signing.revision)
    }

    async fn kept_keys(&self) -> Result<KeptKeys, Unavailable> {
        let state = self.open()?;
        Ok(KeptKeys {
            revision: state.signing.revision,
            keys: state.signing.keys.clone(),
        })
    }

    async fn add_key(
        &self,
        key: &TokenSigningCertificate,
        private: &Secret<Vec<u8>>,
        event: Event,
    ) -> Result<KeysChanged, Unavailable> {
        let mut state = self.open()?;
        let has = (
            state.signing.primary().is_some(),
            state.signing.next().is_some(),
        );
        let may = match key.state {
            KeyState::Primary { .. } => !has.0,
            KeyState::Next { .. } => has.0 && !has.1,
            KeyState::Retired { .. } => false,
        };
        if !may {
            return Ok(KeysChanged::Overtaken);
        }
        state.append(vec![event])?;
        state.signing.revision += 1;
        let private = Some(private.clone());
        state.signing.keys.push((key.clone(), private));
        let sorted = &mut state.signing.keys;
        sorted.sort_by(|(a, _), (b, _)| (a.made, &a.id).cmp(&(b.made, &b.id)));
        Ok(KeysChanged::Done)
    }

    async fn promote_key(
        &self,
        next: &KeyId,
        at: Timestamp,
        event: Event,
    ) -> Result<KeysChanged, Unavailable> {
        let mut state = self.open()?;
        let (Some(primary), Some(next)) =
            (state.signing.primary(), state.signing.next_called(next))
        else {
            return Ok(KeysChanged::Overtaken);
        };
        state.append(vec![event])?;
        state.signing.revision += 1;
        if let Some((key, private)) = state.signing.keys.get_mut(primary)
            && let KeyState::Primary { since } = key.state
        {
            key.state = KeyState::Retired { since, until: at };
            *private = None;
        }
        if let Some((key, _)) = state.signing.keys.get_mut(next) {
            key.state = KeyState::Primary { since: at };
        }
        Ok(KeysChanged::Done)
    }

    async fn give_up_key(&self, next: &KeyId, event: Event) -> Result<KeysChanged, Unavailable> {
        let mut state = self.open()?;
        let Some(next) = state.signing.next_called(next) else {
            return Ok(KeysChanged::Overtaken);
        };
        state.append(vec![event])?;
        state.signing.revision += 1;
        state.signing.keys.remove(next);
        Ok(KeysChanged::Done)
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn record_token(
        &self,
        entry: &LedgerEntry,
        event: Event,
        rests_on: RestsOn,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        let mut known = state.signing.ledger.values();
        if known.any(|it| it.token == entry.token || it.digest == entry.digest) {
            return Err(crate::unavailable("a token of that id was signed before"));
        }
        for relaying in &rests_on.tickets {
            state.may_record(&relaying.ticket, rests_on.heard)?;
        }
        let tickets = rests_on.tickets.into_iter();
        let events = tickets.clone().flat_map(|it| it.events);
        state.append(std::iter::once(event).chain(events).collect())?;
        tickets.for_each(|it| state.record_ticket(it));
        let entry = entry.clone();
        state.signing.ledger.insert(entry.token.clone(), entry);
        Ok(())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<LedgerEntry>, Unavailable> {
        Ok(self.open()?.signing.ledger.get(id).cloned())
    }

    async fn token_signed(
        &self,
        digest: &SignedDigest,
    ) -> Result<Option<LedgerEntry>, Unavailable> {
        let state = self.open()?;
        let mut known = state.signing.ledger.values();
        Ok(known.find(|it| it.digest == *digest).cloned())
    }
}
