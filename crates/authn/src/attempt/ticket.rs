//! A web ticket, or a certificate that was issued for one, as proof: known, of this pool, and everything it rests on still standing.
//!
//! Tickets are not counted and not audited: nobody is named by one that is unknown.

use std::sync::Arc;

use jiff::Timestamp;

use super::said::{is_active, owns_what_is_claimed};
use super::{Circumstances, Ports, Refusal, Rules, Verified};
use crate::authenticated::{Authenticated, How};
use crate::place::Method;
use crate::ports::Unavailable;
use crate::ticket::{RelayedTicket, TicketKey};

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    key: &TicketKey,
    at: &Circumstances,
) -> Result<Result<Verified, Refusal>, Unavailable> {
    let Some((ticket, account)) = ports.tickets.find(key, at.now).await? else {
        return Ok(Err(Refusal::Denied));
    };
    // The policy speaks of the ways to sign in; a ticket stands for the one that bought it.
    let methods = rules.policy.methods(&at.zone, &at.service, ticket.channel);
    let stands = ticket.pool == at.pool
        && ticket.expires > at.now
        && is_active(&account).is_ok()
        && owns_what_is_claimed(&account, at).is_ok();
    let basis = basis(ports, &ticket, at).await?;
    let allowed = basis.filter(|basis| stands && methods.contains(&basis.method));
    let Some(Basis { method, ends }) = allowed else {
        return Ok(Err(Refusal::Denied));
    };
    let how = How {
        method,
        channel: at.channel,
        bought: ticket.channel,
        credential: ticket.credential,
        zone: at.zone.clone(),
        at: at.now,
        ends: Some(ends.unwrap_or(ticket.expires).min(ticket.expires)),
    };
    let authenticated = Authenticated::new(account, how);
    Ok(Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token: None,
    }))
}

/// What a ticket rests on.
struct Basis {
    method: Method,
    ends: Option<Timestamp>,
}

/// What bought a ticket, where that may still be used.
async fn basis(
    ports: &Ports,
    ticket: &RelayedTicket,
    at: &Circumstances,
) -> Result<Option<Basis>, Unavailable> {
    // A sign-in by Kerberos stands as long as its account does, and bought nothing that outlives it.
    if ticket.credential.is_kerberos_of(&ticket.account) {
        let method = Method::Kerberos;
        return Ok(Some(Basis { method, ends: None }));
    }
    let bought_with = ports.credentials.app_password(&ticket.credential).await?;
    let usable = bought_with.filter(|it| it.usable(&at.service, at.now).is_ok());
    Ok(usable.map(|password| Basis {
        method: Method::AppPassword,
        ends: password.expires,
    }))
}
