//! What a settlement does about one-time codes and the grants that they buy, in memory.

use std::cmp::Reverse;

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::grant::{CodeSettlement, Grant, GrantKey, MAX_PER_ACCOUNT, Spends};
use authn::revocation::Revoked;
use authn::ticket::RelayedTicket;
use jiff::Timestamp;

use super::State;

/// A grant, and whether what was typed came again in vain.
#[derive(Clone, Debug)]
pub(super) struct KnownGrant {
    pub(super) grant: Grant,
    is_counted: bool,
}

/// What would become of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SettledCode {
    /// All that was asked for.
    Written,
    /// It is spent, or its grant is good no more.
    Spent,
    /// What was typed came before and was counted then.
    CountedBefore,
}

impl State {
    /// Looks whether what a settlement asks for can be done.
    pub(super) fn can_settle(&self, code: &CodeSettlement, now: Timestamp) -> SettledCode {
        let is_done = match code {
            CodeSettlement::None | CodeSettlement::OfNobody | CodeSettlement::Remembers(_) => true,
            CodeSettlement::Buys(bought) => {
                let known = self.grants.get(&bought.grant.key);
                let is_free = known.is_none_or(|known| known.grant.token.is_none());
                let can_spend = match &bought.spends {
                    Spends::OfToken(acceptance) => self.can_accept(acceptance),
                    Spends::Sent(code, _) => self.can_spend(code, now),
                };
                can_spend && is_free
            }
            CodeSettlement::Uses(used) => {
                let wanted = &used.0;
                let known = self.grants.get(&wanted.key).map(|known| &known.grant);
                known.is_some_and(|known| {
                    known.client == wanted.client
                        && known.lasts(now)
                        && self.token_stands(known.token.as_ref(), &known.account)
                })
            }
            CodeSettlement::Again(key, _) => return self.counted(key),
            CodeSettlement::Sends(order) => {
                return match &order.remembers {
                    Some(grant) if self.grants.contains_key(&grant.key) => self.counted(&grant.key),
                    Some(_) | None => SettledCode::Written,
                };
            }
        };
        match is_done {
            true => SettledCode::Written,
            false => SettledCode::Spent,
        }
    }

    /// Whether what was typed came again for the first time.
    fn counted(&self, key: &GrantKey) -> SettledCode {
        let known = self.grants.get(key);
        match known.is_some_and(|known| !known.is_counted) {
            true => SettledCode::Written,
            false => SettledCode::CountedBefore,
        }
    }

    /// Does what can be done.
    pub(super) fn settle_code(&mut self, code: CodeSettlement, now: Timestamp) {
        match code {
            CodeSettlement::None | CodeSettlement::OfNobody => {}
            CodeSettlement::Buys(bought) => {
                match &bought.spends {
                    Spends::OfToken(acceptance) => {
                        self.accept(acceptance);
                        self.forgive_row(&acceptance.token);
                    }
                    Spends::Sent(code, reservation) => {
                        self.spend(code, now);
                        self.give_codes_back(reservation);
                    }
                }
                self.grants.remove(&bought.grant.key);
                self.add_grant(bought.grant);
            }
            CodeSettlement::Uses(used) => {
                let (wanted, reservation) = *used;
                if let Some(known) = self.grants.get_mut(&wanted.key) {
                    known.grant.used = known.grant.used.max(now);
                }
                if let Some(reservation) = reservation {
                    self.give_codes_back(&reservation);
                }
            }
            CodeSettlement::Remembers(grant) => match self.grants.get_mut(&grant.key) {
                Some(known) if known.grant.is_claim(now) => known.grant.ends = now,
                Some(_) => {}
                None => self.add_grant(*grant),
            },
            CodeSettlement::Again(key, reservation) => {
                if let Some(reservation) = reservation {
                    self.give_codes_back(&reservation);
                }
                self.count(&key);
            }
            CodeSettlement::Sends(order) => match order.remembers {
                Some(grant) if self.grants.contains_key(&grant.key) => self.count(&grant.key),
                Some(grant) => self.add_grant(grant),
                None => {}
            },
        }
    }

    /// What is known of everybody.
    pub(super) fn known_grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values().map(|known| &known.grant)
    }

    fn count(&mut self, key: &GrantKey) {
        if let Some(known) = self.grants.get_mut(key) {
            known.is_counted = true;
        }
    }

    /// Ends what rests on a memorised secret, and goes on knowing what was typed.
    pub(super) fn retire_grants(&mut self, secret: &CredentialId, now: Timestamp) {
        let grants = self.grants.values_mut().map(|known| &mut known.grant);
        for grant in grants.filter(|it| it.credential == *secret) {
            grant.token = None;
            grant.credential = CredentialId(String::new());
            grant.ends = grant.ends.min(now);
        }
    }

    /// Drops what rests on a credential or a token, and notes that it was revoked.
    pub(super) fn end_credential(&mut self, id: &CredentialId) {
        let rests = |credential: &CredentialId, token: Option<&CredentialId>| {
            credential == id || token == Some(id)
        };
        self.revoke_tickets(|it| rests(&it.credential, it.token.as_ref()));
        self.grants
            .retain(|_, it| !rests(&it.grant.credential, it.grant.token.as_ref()));
        self.revoke(Revoked::Credential(id.clone()));
    }

    /// Drops what tokens of a sign-in to a page bought, and notes that it was revoked.
    pub(super) fn end_sign_in(&mut self, account: &AccountId, sign_in: &CredentialId) {
        self.revoke_tickets(|it| it.account == *account && it.sign_in().as_ref() == Some(sign_in));
        self.revoke(Revoked::Credential(sign_in.clone()));
    }

    /// Drops what rests on an account.
    pub(super) fn end_account(&mut self, id: &AccountId) {
        self.revoke_tickets(|it| it.account == *id);
        self.grants.retain(|_, known| known.grant.account != *id);
        self.pages
            .sessions
            .retain(|_, session| session.account != *id);
    }

    fn revoke_tickets(&mut self, is_over: impl Fn(&RelayedTicket) -> bool) {
        let over = self.tickets.extract_if(.., |_, it| is_over(it));
        self.revoked_tickets.extend(over.map(|(key, _)| key));
    }

    /// Adds a grant, unless what was typed is known, and drops those of its account that are too many.
    pub(super) fn add_grant(&mut self, grant: Grant) {
        let account = grant.account.clone();
        let is_counted = false;
        let known = KnownGrant { grant, is_counted };
        self.grants.entry(known.grant.key.clone()).or_insert(known);
        let of_it = self
            .grants
            .values()
            .filter(|it| it.grant.account == account);
        let mut of_it: Vec<(Reverse<Timestamp>, GrantKey)> = of_it
            .map(|it| (Reverse(it.grant.made), it.grant.key.clone()))
            .collect();
        of_it.sort();
        let kept = usize::try_from(MAX_PER_ACCOUNT).unwrap_or(usize::MAX);
        for (_, key) in of_it.into_iter().skip(kept) {
            self.grants.remove(&key);
        }
    }
}
