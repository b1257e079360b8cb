//! What a settlement does about one-time codes and the grants that they buy.

use authn::account::AccountId;
use authn::credential::grant::{CodeSettlement, Grant, GrantKey, IDLE, MAX_PER_ACCOUNT, Spends};
use jiff::Timestamp;

use super::{client_codes, otp_tokens};
use crate::engine::query;
use crate::rows;
use crate::writer::{WriteError, Writing};

/// What became of a code.
pub(super) enum Settled {
    /// All that was asked for.
    Written,
    /// It is spent, or its grant is good no more: nobody is let in by it.
    Spent,
    /// What was typed came before and was counted then.
    CountedBefore,
    /// Nothing, at the cost of that.
    OfNobody,
}

/// What nothing is known by.
const NOBODYS: GrantKey = GrantKey([0; 32]);

/// Does what a settlement asks for.
pub(super) async fn settle(
    writing: &mut Writing<'_>,
    code: &CodeSettlement,
    now: Timestamp,
) -> Result<Settled, WriteError> {
    match code {
        CodeSettlement::None => Ok(Settled::Written),
        CodeSettlement::OfNobody => {
            again(writing, &NOBODYS, now).await?;
            Ok(Settled::OfNobody)
        }
        CodeSettlement::Buys(bought) => {
            let grant = &bought.grant;
            let is_bought = is_spent(writing, &bought.spends, now).await?
                && write(writing, rows::session_grants::BUY, grant).await?;
            if !is_bought {
                return Ok(Settled::Spent);
            }
            drop_beyond(writing, &grant.account).await?;
            Ok(Settled::Written)
        }
        CodeSettlement::Uses(used) => {
            let (grant, reservation) = &**used;
            if !is_used(writing, grant, now).await? {
                return Ok(Settled::Spent);
            }
            if let Some(reservation) = reservation {
                otp_tokens::give_back(writing, reservation).await?;
            }
            Ok(Settled::Written)
        }
        CodeSettlement::Remembers(grant) => {
            if !claim(writing, grant).await? {
                query(rows::session_grants::END_CLAIM)
                    .bind(grant.key.0.to_vec())
                    .bind(now.as_microsecond())
                    .execute(&mut *writing.connection)
                    .await?;
            }
            Ok(Settled::Written)
        }
        CodeSettlement::Again(key, reservation) => {
            if let Some(reservation) = reservation {
                otp_tokens::give_back(writing, reservation).await?;
            }
            again(writing, key, now).await
        }
        CodeSettlement::Sends(order) => match &order.remembers {
            Some(grant) if claim(writing, grant).await? => Ok(Settled::Written),
            Some(grant) => again(writing, &grant.key, now).await,
            None => {
                // What is nobody's costs as much as what is known: it is looked for, and is not there.
                again(writing, &NOBODYS, now).await?;
                drop_beyond(writing, &AccountId(String::new())).await?;
                again(writing, &NOBODYS, now).await?;
                Ok(Settled::OfNobody)
            }
        },
    }
}

/// Spends a code and gives its places back; `false` where it is spent already.
async fn is_spent(
    writing: &mut Writing<'_>,
    spends: &Spends,
    now: Timestamp,
) -> Result<bool, WriteError> {
    match spends {
        Spends::OfToken(acceptance) => {
            if !otp_tokens::accept(writing, acceptance).await? {
                return Ok(false);
            }
            query(rows::otp_tokens::SUCCEEDED)
                .bind(&acceptance.token.0)
                .execute(&mut *writing.connection)
                .await?;
            Ok(true)
        }
        Spends::Sent(code, reservation) => {
            if !client_codes::spend(writing, code, now).await? {
                return Ok(false);
            }
            otp_tokens::give_back(writing, reservation).await?;
            Ok(true)
        }
    }
}

/// Claims a typed secret whose code is about to be looked at; `false` where it is known.
pub(super) async fn claim(writing: &mut Writing<'_>, claim: &Grant) -> Result<bool, WriteError> {
    let is_claimed = write(writing, rows::session_grants::ADD, claim).await?;
    drop_beyond(writing, &claim.account).await?;
    Ok(is_claimed)
}

async fn write(
    writing: &mut Writing<'_>,
    statement: &'static str,
    grant: &Grant,
) -> Result<bool, WriteError> {
    let written = query(statement)
        .bind(grant.key.0.to_vec())
        .bind(&grant.account.0)
        .bind(&grant.credential.0)
        .bind(grant.token.as_ref().map(|token| &token.0))
        .bind(&grant.client.0)
        .bind(grant.made.as_microsecond())
        .bind(grant.used.as_microsecond())
        .bind(grant.ends.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(written.rows_affected() > 0)
}

async fn drop_beyond(writing: &mut Writing<'_>, account: &AccountId) -> Result<(), WriteError> {
    query(rows::session_grants::DROP_BEYOND)
        .bind(&account.0)
        .bind(i64::from(MAX_PER_ACCOUNT))
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

async fn is_used(
    writing: &mut Writing<'_>,
    grant: &Grant,
    now: Timestamp,
) -> Result<bool, WriteError> {
    let since = now.checked_sub(IDLE).unwrap_or(Timestamp::MIN);
    let used = query(rows::session_grants::USE)
        .bind(grant.key.0.to_vec())
        .bind(&grant.client.0)
        .bind(now.as_microsecond())
        .bind(since.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(used.rows_affected() > 0)
}

async fn again(
    writing: &mut Writing<'_>,
    key: &GrantKey,
    now: Timestamp,
) -> Result<Settled, WriteError> {
    let noted = query(rows::session_grants::AGAIN)
        .bind(key.0.to_vec())
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(match noted.rows_affected() {
        0 => Settled::CountedBefore,
        _ => Settled::Written,
    })
}
