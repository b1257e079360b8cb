//! A web ticket, or a certificate that was issued for one, as proof: known, of this pool, and everything it rests on still standing.
//!
//! Nobody is named by one that is unknown. A ticket comes with every request, so that its purchase is
//! audited and its use is not; a certificate is a way to sign in, and whoever is named by one that stands
//! and refused is counted and in the audit. What it buys is audited by whoever relays it, as the pool alone
//! knows whether the key was there.

use std::sync::Arc;

use jiff::Timestamp;

use super::said::{Said, owns_what_is_claimed};
use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::account::Account;
use crate::audit::{Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::credential::app_password::AppPassword;
use crate::credential::grant::{BoundTo, CodeSettlement};
use crate::lockout::{Place, Subject};
use crate::place::Method;
use crate::policy;
use crate::ports::Unavailable;
use crate::ticket::{RelayedTicket, TicketKey};

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    key: &TicketKey,
    at: &Circumstances,
) -> Result<Result<Verified, Refusal>, Unavailable> {
    let Some(known) = Known::find(ports, key, at).await? else {
        return Ok(Err(match ports.tickets.was_relayed(key).await? {
            true => Refusal::TicketEnded,
            false => Refusal::Denied,
        }));
    };
    let is_of_this_pool = known.ticket.pool == at.pool;
    match known.judge(rules, at) {
        Ok(verified) => is_fresh(verified, at).map(Ok),
        // Whether a ticket of another pool is taken is for the pool to say, where it is asked.
        Err(Reason::UnknownTicket) if !is_of_this_pool => Ok(Err(Refusal::Denied)),
        Err(_) => Ok(Err(Refusal::TicketEnded)),
    }
}

pub(super) async fn verify_certificate(
    ports: &Ports,
    rules: &Rules,
    key: &TicketKey,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let Some(known) = Known::find(ports, key, at).await? else {
        return Ok(Outcome::plain(Err(Refusal::Denied)));
    };
    let account = known.account.clone();
    let reason = match known.judge(rules, at) {
        Ok(verified) => return Ok(Outcome::plain(Ok(is_fresh(verified, at)?))),
        Err(reason) => reason,
    };
    // A certificate is no secret: whoever has seen one is slowed as somebody who guesses.
    let place = Place::now(
        Subject::Account(account.id.clone()),
        at.source.into(),
        at.now,
    );
    let reservation = ports.attempts.reserve(place).await?;
    let name = at.sip_uri.as_ref().unwrap_or(&account.upn);
    let said = Said {
        at,
        clock_skew: None,
        account: Some(&account),
        name: Some(shown_name(name, "")),
        overtaken: reason,
        code: CodeSettlement::None,
        bound_to: BoundTo::default(),
        is_told_unread: true,
    };
    said.settle(ports, reservation, Err(reason)).await
}

/// Refuses whom the directory may have switched off since it was read last.
fn is_fresh(verified: Verified, at: &Circumstances) -> Result<Verified, Unavailable> {
    if let Some(directory) = &verified.authenticated.account().directory {
        directory.must_be_fresh(at.now)?;
    }
    Ok(verified)
}

/// What was found, and what bought it.
pub(super) struct Known {
    pub(super) ticket: RelayedTicket,
    pub(super) account: Account,
    pub(super) bought_with: Option<AppPassword>,
}

impl Known {
    pub(super) async fn find(
        ports: &Ports,
        key: &TicketKey,
        at: &Circumstances,
    ) -> Result<Option<Self>, Unavailable> {
        let Some((ticket, account)) = ports.tickets.find(key, at.now).await? else {
            return Ok(None);
        };
        let bought_with = ports.credentials.app_password(&ticket.credential).await?;
        Ok(Some(Self {
            ticket,
            account,
            bought_with,
        }))
    }

    /// Who it is, or why not.
    fn judge(self, rules: &Rules, at: &Circumstances) -> Result<Verified, Reason> {
        let Self {
            ticket,
            account,
            bought_with,
        } = self;
        account.may_sign_in()?;
        if ticket.pool != at.pool || ticket.expires <= at.now {
            return Err(Reason::UnknownTicket);
        }
        let Basis { made, ends } = Basis::of(&ticket, bought_with, at)?;
        // The policy speaks of the ways to sign in; a ticket stands for the one that bought it.
        let shown = policy::Proved {
            methods: &ticket.methods,
            made,
            second_factor: ticket.second_factor,
        };
        let asking = at.asking(ticket.channel);
        let until = rules.policy.judge(&account, &asking, &shown, at.now)?;
        owns_what_is_claimed(&account, at)?;
        // What is bought with a ticket of somebody whom no app password alone let in ends with it.
        let is_bounded = ticket.methods != [Method::AppPassword].into();
        let ends = earlier(Some(ends.min(ticket.expires)), until);
        let how = How {
            methods: ticket.methods,
            second_factor: ticket.second_factor,
            channel: at.channel,
            bought: ticket.channel,
            credential: ticket.credential,
            token: ticket.token,
            zone: at.zone.clone(),
            at: at.now,
            ends,
            bounds: ends.filter(|_| is_bounded),
            is_of_its_connection: false,
        };
        let authenticated = Authenticated::new(account, how);
        Ok(Verified {
            authenticated: Arc::new(authenticated),
            reply_token: None,
        })
    }
}

/// What a ticket rests on.
pub(super) struct Basis {
    /// When the app password was made, where it was one.
    pub(super) made: Option<Timestamp>,
    pub(super) ends: Timestamp,
}

impl Basis {
    /// What bought a ticket, or why that may not be used any more.
    pub(super) fn of(
        ticket: &RelayedTicket,
        bought_with: Option<AppPassword>,
        at: &Circumstances,
    ) -> Result<Self, Reason> {
        // A sign-in by Kerberos stands as long as its account does, and bought nothing that outlives it.
        if ticket.credential.is_kerberos_of(&ticket.account) {
            return Ok(Self {
                made: None,
                ends: ticket.expires,
            });
        }
        // So does one to a page: the store finds a ticket only while the secret or the passkey stands that it rests on.
        if !ticket.methods.contains(&Method::AppPassword) {
            return Ok(Self {
                made: None,
                ends: ticket.expires,
            });
        }
        let password = bought_with.ok_or(Reason::UnknownTicket)?;
        password.usable(&at.service, at.now)?;
        Ok(Self {
            made: Some(password.created),
            ends: password.expires.unwrap_or(ticket.expires),
        })
    }
}
