//! Codes that clients without a page asked for: kept and queued by the settlement that refuses them, and spent by another.

use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::grant::Client;
use authn::credential::sent_code::{BudgetPlace, Carrier, ClientCode, CodeOrder};
use jiff::Timestamp;

use super::sent_budgets;
use super::sent_codes::Waiting;
use crate::engine::query;
use crate::rows;
use crate::writer::{WriteError, Writing};

/// Keeps and queues a code, where none lives of that account and client and every budget has room; what is audited of it.
///
/// SECURITY: where nothing is sent, as many statements are run, up to a budget that has no room.
pub(super) async fn order(
    writing: &mut Writing<'_>,
    order: &CodeOrder,
    message: &Waiting,
) -> Result<Option<Event>, WriteError> {
    let now = order.message.queued;
    let [event, refused] = order.events.clone();
    let is_kept = keep(writing, order.code.as_ref(), now).await?;
    let Some(code) = order.code.as_ref().filter(|_| is_kept) else {
        sent_budgets::take_all(writing, &order.places_of_nobody).await?;
        message.add_of_nobody(writing).await?;
        // One that lives is enough, and was audited when it was sent.
        return Ok(event.filter(|_| order.code.is_none()));
    };
    if !sent_budgets::take_all(writing, &order.places).await? {
        query(rows::client_codes::TAKE_BACK)
            .bind(&code.account.0)
            .bind(&code.client.0)
            .execute(&mut *writing.connection)
            .await?;
        return Ok(refused);
    }
    message.add(writing).await?;
    Ok(event)
}

/// Keeps a code, or one of nobody's that has ended; `false` where one lives.
async fn keep(
    writing: &mut Writing<'_>,
    code: Option<&ClientCode>,
    now: Timestamp,
) -> Result<bool, WriteError> {
    let nobodys = ClientCode {
        account: AccountId(String::new()),
        client: Client(String::new()),
        mac: [0; 32],
        carrier: Carrier::Sms,
        destination_set: now,
        ends: now,
    };
    let code = code.unwrap_or(&nobodys);
    let kept = query(rows::client_codes::KEEP)
        .bind(&code.account.0)
        .bind(&code.client.0)
        .bind(code.mac.to_vec())
        .bind(code.carrier.as_str())
        .bind(code.destination_set.as_microsecond())
        .bind(code.ends.as_microsecond())
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(kept.rows_affected() > 0)
}

/// Spends a code; `false` where it is spent, has ended, or its destination is another.
pub(super) async fn spend(
    writing: &mut Writing<'_>,
    code: &ClientCode,
    now: Timestamp,
) -> Result<bool, WriteError> {
    let spent = query(rows::client_codes::SPEND)
        .bind(&code.account.0)
        .bind(&code.client.0)
        .bind(code.mac.to_vec())
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    if spent.rows_affected() == 0 {
        return Ok(false);
    }
    let answered = BudgetPlace::of_unanswered(Some(&code.account), now);
    sent_budgets::give_back(writing, &answered).await?;
    Ok(true)
}
