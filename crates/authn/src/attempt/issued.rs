//! A token of our own security token service as proof: it left here, has not ended, and is for an account that stands.
//!
//! Whether it is genuine the pool says that takes it: what is bought with it is recorded only once the pool has taken it,
//! and not where what it rests on was revoked (decision 0015). Whoever is named by one and refused is in the audit.

use std::sync::Arc;

use super::said::is_fresh;
use super::{Circumstances, Outcome, Ports, Refusal, Rules, Verified};
use crate::account::Account;
use crate::audit::{Kind, Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::directory;
use crate::issued::{IssuedToken, TokenId};
use crate::place::Channel;
use crate::policy;
use crate::ports::Unavailable;

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    id: &TokenId,
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let denied = || Ok(Outcome::plain(Err(Refusal::Denied)));
    let Some(issued) = &ports.issued else {
        return denied();
    };
    let Some(token) = issued.issued(id).await? else {
        return denied();
    };
    let Some(account) = ports.accounts.by_id(&token.account).await? else {
        return denied();
    };
    let upn = account.upn.clone();
    let reason = match judge(rules, token, account.clone(), at) {
        Ok(verified) => return Ok(Outcome::plain(Ok(verified))),
        Err(Reason::DirectoryUnread) => return Err(directory::unread()),
        Err(reason) => reason,
    };
    let name = shown_name(&upn, "");
    let event = at.event(Kind::Refused { reason, name }, Some(account.id));
    ports.audit.append(vec![event]).await?;
    denied()
}

/// Who it is, or why not.
fn judge(
    rules: &Rules,
    token: IssuedToken,
    account: Account,
    at: &Circumstances,
) -> Result<Verified, Reason> {
    account.may_sign_in()?;
    if token.expires <= at.now {
        return Err(Reason::Expired);
    }
    // It was proved to a page, and the policy of what is behind the gate speaks of that.
    let shown = policy::Proved {
        methods: &token.methods,
        made: None,
        second_factor: token.second_factor,
    };
    let until = rules
        .policy
        .judge(&account, &at.asking(Channel::Page), &shown, at.now)?;
    is_fresh(&account, at)?;
    let how = How {
        methods: token.methods,
        second_factor: token.second_factor,
        channel: Channel::Page,
        bought: Channel::Page,
        credential: token.credential,
        token: token.token,
        zone: at.zone.clone(),
        at: at.now,
        ends: earlier(Some(token.expires), until),
        bounds: until,
    };
    Ok(Verified {
        authenticated: Arc::new(Authenticated::new(account, how)),
        reply_token: None,
    })
}
