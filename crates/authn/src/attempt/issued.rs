//! A token of our own security token service as proof, or one of an AD FS that carries the id of one of ours: ours left here,
//! has not ended, what is brought comes once, and all that it rests on still stands.
//!
//! Whether it is genuine the pool says that takes it: what is bought with it is recorded only once the pool has taken it,
//! and not where what it rests on was revoked (decision 0015). Whoever is named by one and refused is in the audit.

use std::sync::Arc;

use jiff::Timestamp;

use super::said::is_fresh;
use super::ticket::{Basis, Known};
use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::audit::{Kind, Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::directory;
use crate::issued::{Carried, TokenId};
use crate::policy;
use crate::ports::Unavailable;
use crate::ticket::TicketKey;

/// A token of ours.
pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    id: &TokenId,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let brought = Brought::Ours(id.key());
    brought.verify((ports, rules), at).await
}

/// A token of an AD FS that carries the id of one of ours (decision 0026).
pub(super) async fn verify_carried(
    ports: &Ports,
    rules: &Rules,
    carried: &Carried,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let brought = Brought::Theirs {
        rests_on: carried.sign_in.carried_key(),
        token: carried.token.taken_key(),
        issuer: carried.issuer.clone(),
    };
    brought.verify((ports, rules), at).await
}

/// What was brought, by what the store knows it by.
enum Brought {
    /// A token of ours.
    Ours(TicketKey),
    /// A token of an AD FS, and what it rests on, which other tokens of the AD FS may rest on as well.
    Theirs {
        rests_on: TicketKey,
        token: TicketKey,
        issuer: String,
    },
}

impl Brought {
    async fn verify(
        self,
        (ports, rules): (&Ports, &Rules),
        at: &Circumstances,
    ) -> Result<Outcome, Unavailable> {
        let denied = || Ok(Outcome::plain(Err(Refusal::Denied)));
        let Some(known) = Known::find(ports, self.rests_on(), at).await? else {
            return denied();
        };
        // SECURITY: ours went to one party, and what another says of it is not that party's word.
        if matches!(&self, Self::Theirs { issuer, .. } if *issuer != known.ticket.pool) {
            return denied();
        }
        let account = (known.account.id.clone(), known.account.upn.clone());
        let ends = known.ticket.expires;
        let reason = match judge(known, rules, at) {
            // SECURITY: it begins one session, whoever brings it again; the pool may look at that, or not.
            Ok(verified) => match self.take(ports, (at.now, ends)).await? {
                true => return Ok(Outcome::plain(Ok(verified))),
                false => Reason::UnknownTicket,
            },
            Err(Reason::DirectoryUnread) => return Err(directory::unread()),
            Err(reason) => reason,
        };
        let (id, upn) = account;
        let name = shown_name(&upn, "");
        let event = at.event(Kind::Refused { reason, name }, Some(id));
        ports.audit.append(vec![event]).await?;
        denied()
    }

    fn rests_on(&self) -> &TicketKey {
        match self {
            Self::Ours(key) | Self::Theirs { rests_on: key, .. } => key,
        }
    }

    /// Takes it, once on all nodes. One of an AD FS is remembered for as long as what it rests on is good.
    async fn take(
        &self,
        ports: &Ports,
        times: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        match self {
            Self::Ours(key) => ports.tickets.spend_token(key).await,
            Self::Theirs { token, .. } => ports.tickets.take_token(token, times).await,
        }
    }
}

/// Who it is, or why not. A session that it begins outlives it, as far as the policy lets it.
fn judge(known: Known, rules: &Rules, at: &Circumstances) -> Result<Verified, Reason> {
    let Known {
        ticket,
        account,
        bought_with,
    } = known;
    account.may_sign_in()?;
    let Basis { made, ends } = Basis::of(&ticket, bought_with, at)?;
    // It was proved to a page, and the policy of what is behind the gate speaks of that.
    let shown = policy::Proved {
        methods: &ticket.methods,
        made,
        second_factor: ticket.second_factor,
    };
    let asking = at.asking(ticket.channel);
    let until = rules.policy.judge(&account, &asking, &shown, at.now)?;
    is_fresh(&account, at)?;
    let how = How {
        methods: ticket.methods,
        second_factor: ticket.second_factor,
        channel: at.channel,
        bought: ticket.channel,
        credential: ticket.credential,
        token: ticket.token,
        zone: at.zone.clone(),
        at: at.now,
        ends: earlier(Some(ends.min(ticket.expires)), until),
        bounds: until,
        is_of_its_connection: false,
    };
    Ok(Verified {
        authenticated: Arc::new(Authenticated::new(account, how)),
        reply_token: None,
    })
}
