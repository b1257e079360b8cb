//! A code that is sent to whoever typed a right secret alone: a client without a page has no other way to ask for one.
//!
//! SECURITY: it is queued by the settlement that refuses the attempt, and only where nothing but the code was wanting; so
//! nobody makes us send a message who does not know the secret, and the answer is the same for everybody. Start at
//! [`order`].

use super::field::{Field, Known};
use super::first::First;
use super::said::{is_fresh, owns_what_is_claimed};
use crate::account::Account;
use crate::audit::{Event, Kind, NotSent};
use crate::credential::grant::{Client, Grant};
use crate::credential::sent_code::{
    BudgetPlace, ClientCode, Code, CodeOrder, Content, Destination, LIFE, MAX_PER_PREFIX, Message,
};
use crate::place::{ActivityId, Method};
use crate::sign_in::{Asked, Refused, not_sent, nowhere};

/// What the settlement sends: a code, or nothing to nobody with the same statements.
pub(super) fn order(
    field: &Field<'_>,
    known: &Known,
    (first, remembers): (Option<&First>, Option<Grant>),
    asked: Asked,
) -> CodeOrder {
    let asks = first.and_then(|first| Some((field.account?, first)));
    let asks = asks.filter(|(account, first)| wants_it(field, account, first));
    let asks = asks.map(|(account, _)| account);
    let chosen = match &field.rules.sending {
        Some(sending) => sending.choose(&known.destinations, field.at.now),
        None => Err(Refused(NotSent::NotTaken, None)),
    };
    CodeOrder {
        remembers,
        ..ordered(field, (asks, chosen), asked)
    }
}

/// Whether nothing but a code that we send is wanting.
fn wants_it(field: &Field<'_>, account: &Account, first: &First) -> bool {
    let at = field.at;
    let with_code = Some((Method::SentCode, at.now));
    first.code.is_none()
        && account.may_sign_in().is_ok()
        && first.usable(at).is_ok()
        && first
            .is_enough((account, with_code), field.rules, at)
            .is_ok()
        && owns_what_is_claimed(account, at).is_ok()
        && is_fresh(account, at).is_ok()
}

fn ordered(
    field: &Field<'_>,
    (asks, chosen): (Option<&Account>, Result<&Destination, Refused>),
    asked: Asked,
) -> CodeOrder {
    let (now, key) = (field.at.now, &field.rules.grants_key);
    let code = Code::made_from(asked.code);
    let client = Client::from(field.at.source);
    let to = asks.and(chosen.as_ref().ok().copied());
    let sending = field.rules.sending.as_ref();
    let limit = (sending.map_or(MAX_PER_PREFIX, |it| it.per_prefix), key);
    let places = |to: Option<&Destination>| {
        let unanswered = BudgetPlace::of_unanswered(to.map(|to| &to.account), now);
        let mut places = vec![unanswered];
        places.extend(BudgetPlace::of_code(to, limit, now));
        places
    };
    CodeOrder {
        code: to.map(|to| ClientCode::of(&code, key, &client, to, now)),
        remembers: None,
        places: places(to),
        places_of_nobody: places(None),
        message: Message {
            id: ActivityId::from(asked.id).0,
            account: to.map(|to| to.account.clone()),
            address: to.map_or_else(nowhere, |to| to.address.clone()),
            content: Content::Code(code),
            language: asked.language,
            queued: now,
            ends: now.checked_add(LIFE).unwrap_or(now),
        },
        events: events(field, asks, &chosen),
    }
}

/// What is audited where it is queued, and where it is not.
fn events(
    field: &Field<'_>,
    asks: Option<&Account>,
    chosen: &Result<&Destination, Refused>,
) -> [Option<Event>; 2] {
    let Some(account) = asks else {
        return [None, None];
    };
    let event = |kind| Some(field.at.event(kind, Some(account.id.clone())));
    match chosen {
        Ok(to) => {
            let masked = to.address.masked();
            let queued = Kind::CodeQueued {
                by: to.address.carrier(),
                to: masked.clone(),
            };
            let refused = not_sent(Refused(NotSent::TooMany, Some(masked)));
            [event(queued), event(refused)]
        }
        Err(refused) => [event(not_sent(refused.clone())), None],
    }
}
