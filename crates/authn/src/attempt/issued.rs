//! A token of our own security token service as proof: it left here, has not ended, comes once, and all that it rests on still
//! stands.
//!
//! Whether it is genuine the pool says that takes it: what is bought with it is recorded only once the pool has taken it,
//! and not where what it rests on was revoked (decision 0015). Whoever is named by one and refused is in the audit.

use std::sync::Arc;

use super::said::is_fresh;
use super::ticket::{Basis, Known};
use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::audit::{Kind, Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::directory;
use crate::issued::TokenId;
use crate::policy;
use crate::ports::Unavailable;

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    id: &TokenId,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let denied = || Ok(Outcome::plain(Err(Refusal::Denied)));
    let Some(known) = Known::find(ports, &id.key(), at).await? else {
        return denied();
    };
    let account = (known.account.id.clone(), known.account.upn.clone());
    let reason = match judge(known, rules, at) {
        // SECURITY: it begins one session, whoever brings it again; the pool may look at that, or not.
        Ok(verified) => match ports.tickets.spend_token(&id.key()).await? {
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
    };
    Ok(Verified {
        authenticated: Arc::new(Authenticated::new(account, how)),
        reply_token: None,
    })
}
