//! A web ticket, or a certificate that was issued for one, as proof: known, of this pool, and everything it rests on still standing.
//!
//! Tickets are not counted and not audited: nobody is named by one that is unknown.

use std::sync::Arc;

use super::{Circumstances, Ports, Refusal, Rules, Verified};
use crate::authenticated::{Authenticated, How};
use crate::place::Method;
use crate::ports::Unavailable;
use crate::ticket::TicketKey;

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    key: &TicketKey,
    at: &Circumstances,
) -> Result<Result<Verified, Refusal>, Unavailable> {
    let Some((ticket, account)) = ports.tickets.find(key, at.now).await? else {
        return Ok(Err(Refusal::Denied));
    };
    let bought_with = ports.credentials.app_password(&ticket.credential).await?;
    // The policy speaks of the ways to sign in; a ticket stands for the one that bought it.
    let methods = rules.policy.methods(&at.zone, &at.service, ticket.channel);
    let usable = bought_with.filter(|password| password.usable(&at.service, at.now).is_ok());
    let stands = ticket.pool == at.pool
        && ticket.expires > at.now
        && account.may_sign_in().is_ok()
        && at
            .sip_uri
            .as_ref()
            .is_none_or(|uri| account.owns_sip_uri(uri))
        && methods.contains(&Method::AppPassword);
    let Some(password) = usable.filter(|_| stands) else {
        return Ok(Err(Refusal::Denied));
    };
    if let Some(directory) = &account.directory {
        directory.must_be_fresh(at.now)?;
    }
    let ends = password
        .expires
        .unwrap_or(ticket.expires)
        .min(ticket.expires);
    let how = How {
        method: Method::AppPassword,
        channel: at.channel,
        bought: ticket.channel,
        credential: ticket.credential,
        zone: at.zone.clone(),
        at: at.now,
        ends: Some(ends),
    };
    let authenticated = Authenticated::new(account, how);
    Ok(Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token: None,
    }))
}
