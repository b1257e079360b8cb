//! How a ticket is recorded, alone or with the token that it stands for: what may be is asked before anything is changed.

use authn::ports::Unavailable;
use authn::revocation::Revoked;
use authn::ticket::{RelayedTicket, Relaying};

use super::State;
use crate::rows;

impl State {
    /// Whether a ticket may be recorded for whoever had heard so much of what was revoked.
    pub(super) fn may_record(&self, ticket: &RelayedTicket, heard: i64) -> Result<(), Unavailable> {
        let owner = |known: &RelayedTicket| {
            (
                known.account.clone(),
                known.credential.clone(),
                known.token.clone(),
                known.pool.clone(),
            )
        };
        let known = self.tickets.get(&ticket.key);
        let is_its_own = known.is_none_or(|known| owner(known) == owner(ticket));
        let account = Revoked::Account(ticket.account.clone());
        let credential = Revoked::Credential(ticket.credential.clone());
        let mut later = self.revocations.iter().filter(|it| it.number > heard);
        let token = ticket.token.clone().map(Revoked::Credential);
        let sign_in = ticket.sign_in().map(Revoked::Credential);
        let further = [token, sign_in];
        let is_over = later.any(|it| {
            let mut further = further.iter().flatten();
            it.what == account || it.what == credential || further.any(|what| *what == it.what)
        });
        let stands = self.stands_for(&ticket.credential, &ticket.account)
            && self.token_stands(ticket.token.as_ref(), &ticket.account);
        match is_its_own && !is_over && stands {
            true => Ok(()),
            false => Err(crate::unavailable(rows::tickets::NOT_RECORDED)),
        }
    }

    /// Records a ticket that may be.
    pub(super) fn record_ticket(&mut self, relaying: Relaying) {
        let ticket = relaying.ticket;
        if let Some(stored) = self.passwords.get_mut(&ticket.credential) {
            stored.record.last_used = relaying.used.or(stored.record.last_used);
        }
        let (credential, pool) = (ticket.credential.clone(), ticket.pool.clone());
        self.revoked_tickets.remove(&ticket.key);
        self.tickets.insert(ticket.key.clone(), ticket);
        self.drop_beyond(&credential, &pool);
    }
}
