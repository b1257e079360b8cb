//! The port [`OtpTokens`] in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::grant::{Grant, GrantKey};
use authn::credential::otp_token::{
    Acceptance, CodePlace, CodeReservation, CodesOf, MAX_IN_WINDOW, OtpToken, Source,
    StoredOtpToken, TokenState,
};
use authn::lockout::Subject;
use authn::ports::{Adding, OtpTokens, SerialsTaken, TokenChange, TokenEffect, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};

/// A token with its budgets.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) stored: StoredOtpToken,
    familiar: Budget,
    unfamiliar: Budget,
}

/// The failures in a window.
#[derive(Clone, Copy, Debug)]
struct Budget {
    since: Timestamp,
    failures: u32,
}

impl Budget {
    const NEW: Self = Self {
        since: Timestamp::UNIX_EPOCH,
        failures: 0,
    };

    fn has_room(self, place: &CodePlace) -> bool {
        self.since < place.window_start || self.failures < MAX_IN_WINDOW
    }

    fn take(&mut self, place: &CodePlace) {
        if self.since < place.window_start {
            self.since = place.now;
            self.failures = 0;
        }
        self.failures += 1;
    }

    fn give_back(&mut self, taken: Timestamp) {
        if self.since <= taken {
            self.failures = self.failures.saturating_sub(1);
        }
    }
}

impl Kept {
    fn budget(&mut self, source: Source) -> &mut Budget {
        match source {
            Source::Familiar => &mut self.familiar,
            Source::Unfamiliar => &mut self.unfamiliar,
        }
    }

    fn is_meant(&self, of: &CodesOf) -> bool {
        let record = &self.stored.record;
        match of {
            CodesOf::Subject(Subject::Account(account)) => record.is_good_for(account),
            CodesOf::Subject(Subject::Unknown(_)) => false,
            CodesOf::Token(id) => record.id == *id && record.state != TokenState::Blocked,
        }
    }
}

impl State {
    /// Whether the token behind something, where there is one, is active and an account's.
    pub(super) fn token_stands(&self, token: Option<&CredentialId>, account: &AccountId) -> bool {
        let Some(token) = token else {
            return true;
        };
        let kept = self.otp_tokens.get(token);
        let is_good = kept.is_some_and(|kept| kept.stored.record.is_good_for(account));
        is_good || self.destination_stands(token, account)
    }

    /// Forgets the failures in a row of a token.
    pub(super) fn forgive_row(&mut self, token: &CredentialId) {
        if let Some(kept) = self.otp_tokens.get_mut(token) {
            kept.stored.record.failures = 0;
        }
    }

    pub(super) fn give_codes_back(&mut self, reservation: &CodeReservation) {
        let place = &reservation.place;
        for id in reservation.tokens.iter().filter(|_| reservation.is_counted) {
            if let Some(kept) = self.otp_tokens.get_mut(id) {
                kept.budget(place.source).give_back(place.now);
                let failures = &mut kept.stored.record.failures;
                *failures = failures.saturating_sub(1);
            }
        }
        let is_taken = reservation.is_counted && reservation.may_guess;
        if let Some(guess) = place.guess.as_ref().filter(|_| is_taken) {
            self.give_sent_back(guess);
        }
    }

    /// The token of an acceptance, where its step can be spent.
    pub(super) fn can_accept(&self, acceptance: &Acceptance) -> bool {
        let kept = self.otp_tokens.get(&acceptance.token);
        kept.is_some_and(|kept| {
            let record = &kept.stored.record;
            record.state == TokenState::Active
                && record.account == acceptance.account
                && record.next <= acceptance.step.number
        })
    }

    /// Spends a step that can be spent and gives its places back.
    pub(super) fn accept(&mut self, acceptance: &Acceptance) {
        if let Some(kept) = self.otp_tokens.get_mut(&acceptance.token) {
            let record = &mut kept.stored.record;
            record.next = acceptance.step.number.saturating_add(1);
            record.drift = acceptance.step.drift;
            record.last_used = Some(acceptance.reservation.place.now);
        }
        self.give_codes_back(&acceptance.reservation);
    }
}

#[async_trait]
impl OtpTokens for Memory {
    async fn otp_tokens_of(&self, subject: &Subject) -> Result<Vec<StoredOtpToken>, Unavailable> {
        let state = self.open()?;
        let Subject::Account(id) = subject else {
            return Ok(Vec::new());
        };
        let stored = state.otp_tokens.values().map(|kept| &kept.stored);
        let of_account = stored.filter(|stored| stored.record.account.as_ref() == Some(id));
        let mut found: Vec<StoredOtpToken> = of_account.cloned().collect();
        found.sort_by(|a, b| {
            (a.record.created, &a.record.id).cmp(&(b.record.created, &b.record.id))
        });
        Ok(found)
    }

    async fn otp_token(&self, called: &str) -> Result<Option<StoredOtpToken>, Unavailable> {
        let state = self.open()?;
        let mut stored = state.otp_tokens.values().map(|kept| &kept.stored);
        let found = stored.find(|stored| {
            let record = &stored.record;
            record.id.0 == called || record.serial.as_deref() == Some(called)
        });
        Ok(found.cloned())
    }

    async fn otp_tokens(&self, after: &str, count: u32) -> Result<Vec<OtpToken>, Unavailable> {
        let state = self.open()?;
        let records = state.otp_tokens.values().map(|kept| &kept.stored.record);
        let later = records.filter(|record| record.id.0.as_str() > after);
        Ok(later
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }

    async fn add_otp_tokens(
        &self,
        tokens: Vec<StoredOtpToken>,
        adding: Adding,
    ) -> Result<Result<(), SerialsTaken>, Unavailable> {
        let mut state = self.open()?;
        let known = state.otp_tokens.values().map(|kept| &kept.stored.record);
        let mut known: BTreeSet<String> = known.filter_map(|it| it.serial.clone()).collect();
        let serials = tokens.iter().filter_map(|it| it.record.serial.clone());
        let taken = serials.filter(|serial| !known.insert(serial.clone()));
        let serials: Vec<String> = taken.collect();
        if !serials.is_empty() {
            return Ok(Err(SerialsTaken { serials }));
        }
        let is_orphan = |token: &StoredOtpToken| {
            let account = token.record.account.as_ref();
            account.is_some_and(|account| !state.accounts.contains_key(account))
        };
        if tokens.iter().any(is_orphan) {
            return Err(crate::unavailable("there is no account for that token"));
        }
        let Adding::For(events) = adding else {
            return Ok(Ok(()));
        };
        state.append(events)?;
        for stored in tokens {
            let id = stored.record.id.clone();
            let (familiar, unfamiliar) = (Budget::NEW, Budget::NEW);
            let kept = Kept {
                stored,
                familiar,
                unfamiliar,
            };
            state.otp_tokens.insert(id, kept);
        }
        Ok(Ok(()))
    }

    async fn change_otp_token(&self, change: TokenChange) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let (before, after) = (&change.before, &change.after);
        let Some(mut kept) = state.otp_tokens.get(&before.id).cloned() else {
            return Ok(false);
        };
        let record = &mut kept.stored.record;
        let spends = matches!(change.effect, TokenEffect::Spends(_));
        let is_as_before = record.account == before.account && record.state == before.state;
        if !is_as_before || (spends && record.next >= after.next) {
            return Ok(false);
        }
        state.append(vec![change.event.clone()])?;
        let was_good = record.state == TokenState::Active && record.account.is_some();
        let is_good = after.state == TokenState::Active && after.account == record.account;
        record.account.clone_from(&after.account);
        record.state = after.state;
        record.offset = after.offset;
        record.next = record.next.max(after.next);
        if spends {
            record.drift = after.drift;
            record.last_used = after.last_used;
        }
        if change.effect == TokenEffect::Forgives {
            record.failures = 0;
            kept.familiar.failures = 0;
            kept.unfamiliar.failures = 0;
        }
        let id = before.id.clone();
        state.otp_tokens.insert(id.clone(), kept);
        if let TokenEffect::Spends(reservation) = &change.effect {
            state.give_codes_back(reservation);
        }
        if was_good && !is_good {
            state.end_credential(&id);
        }
        Ok(true)
    }

    async fn remove_otp_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        if !state.otp_tokens.contains_key(id) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.otp_tokens.remove(id);
        state.end_credential(id);
        Ok(true)
    }

    async fn reserve_code(
        &self,
        place: CodePlace,
        claim: Option<Grant>,
    ) -> Result<CodeReservation, Unavailable> {
        let mut state = self.open()?;
        let known = claim.as_ref().map(|claim| &claim.key);
        let is_counted = known.is_none_or(|key| !state.grants.contains_key(key));
        let mut tokens = BTreeSet::new();
        for (id, kept) in &mut state.otp_tokens {
            if !kept.is_meant(&place.of) {
                continue;
            }
            if !is_counted {
                tokens.insert(id.clone());
                continue;
            }
            let has_room =
                !kept.stored.record.is_exhausted() && kept.budget(place.source).has_room(&place);
            if has_room {
                kept.budget(place.source).take(&place);
                kept.stored.record.failures += 1;
                tokens.insert(id.clone());
            }
        }
        let may_guess = match (&place.guess, is_counted) {
            (Some(guess), true) => state.reserve_sent(guess),
            (_, is_counted) => !is_counted,
        };
        let has_room = !tokens.is_empty() || may_guess;
        if let Some(claim) = claim.filter(|_| is_counted && has_room) {
            state.add_grant(claim);
        }
        Ok(CodeReservation {
            place,
            tokens,
            may_guess,
            is_counted,
        })
    }

    async fn accept_code(&self, acceptance: Acceptance, event: Event) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        if !state.can_accept(&acceptance) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.accept(&acceptance);
        Ok(true)
    }

    async fn grant(&self, key: &GrantKey) -> Result<Option<Grant>, Unavailable> {
        let state = self.open()?;
        Ok(state.grants.get(key).map(|known| known.grant.clone()))
    }
}
