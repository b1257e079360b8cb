//! A web ticket as proof: known, of this pool, and everything it rests on still standing.
//!
//! Tickets are not counted and not audited: nobody is named by one that is unknown.

use std::sync::Arc;

use super::{Circumstances, Ports, Refusal, Rules, Verified};
use crate::account::AccountState;
use crate::authenticated::Authenticated;
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
    let methods = rules.policy.methods(&at.zone, &at.service, at.channel);
    let stands = ticket.pool == at.pool
        && ticket.expires > at.now
        && account.state == AccountState::Active
        && bought_with.is_some_and(|password| password.usable(&at.service, at.now).is_ok())
        && at
            .sip_uri
            .as_ref()
            .is_none_or(|uri| account.owns_sip_uri(uri))
        && methods.contains(&Method::AppPassword);
    if !stands {
        return Ok(Err(Refusal::Denied));
    }
    let authenticated = Authenticated::new(
        account,
        Method::AppPassword,
        (at.channel, ticket.credential),
        at.zone.clone(),
        at.now,
    );
    Ok(Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token: None,
    }))
}
