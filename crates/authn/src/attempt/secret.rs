//! A secret as proof, by NTLM or in clear: counted before it is checked, audited after.
//!
//! INVARIANT: every path makes the same four port calls in the same order, whoever is named and
//! whatever is offered, and more where a code or a memorised secret counts (`field.rs`); only the audit knows why somebody was
//! refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::code::Second;
use super::field::{self, Field, Looked, Takes};
use super::first::First;
use super::offered::Offered;
use super::said::{Said, is_fresh, owns_what_is_claimed};
use super::{Circumstances, Outcome, Ports, Rules, Verified, lapse, memorised, pin};
use crate::account::Account;
use crate::audit::{Reason, shown_name};
use crate::authenticated::{Authenticated, How, earlier};
use crate::credential::grant::PROVED_ANEW;
use crate::lockout::{HoldBack, LONGEST_HOLD_BACK, Place, Subject};
use crate::name::NameKey;
use crate::ports::Unavailable;
use crate::sign_in::Asked;

pub(super) async fn verify(
    ports: &Ports,
    rules: &Rules,
    (offered, asked): (Offered, Asked),
    at: &Circumstances,
) -> Result<Outcome, Unavailable> {
    let Named {
        shown,
        name,
        account,
        subject,
    } = named(ports, rules, &offered).await?;
    let place = Place::now(subject.clone(), at.source.into(), at.now);
    let mut reservation = ports.attempts.reserve(place).await?;
    let stored = ports.credentials.app_passwords(&subject).await?;
    let clock_skew = offered.clock_skew(at);
    let mut whole = offered.typed();
    let mut takes = whole
        .as_ref()
        .map_or(Takes::default(), |_| Takes::there(rules, at));
    let mut proved = offered.prove(stored, takes.codes);
    let by_pin = pin::is_taken(rules, &offered, at);
    if by_pin {
        let (by, who) = ((ports, rules), (&subject, &*name));
        let (first, text) = pin::prove(by, (&offered, proved), who, &mut reservation, at).await?;
        (proved, whole, takes) = (first, Some(text), Takes::PIN);
    }
    let proved = proved.and_then(|first| first.taken_of(account.as_ref(), rules, at));
    let field = whole.as_ref().filter(|_| takes != Takes::default());
    let field = field.map(|whole| Field {
        ports,
        rules,
        takes,
        subject: &subject,
        account: account.as_ref(),
        name: &name,
        shown: &shown,
        whole,
        counts: reservation.as_ref().map(|it| it.counts),
        at,
    });
    let looked = match &field {
        Some(field) => field::look(field, proved, asked, &mut reservation).await?,
        None => Looked::at_nothing_more(proved),
    };
    let (settles, mut is_shut) = (looked.settles(), field::is_shut(&looked.first));
    let is_paid = looked.is_paid || !takes.secrets;
    let made = looked.first.as_ref().ok().and_then(First::made);
    let judged = judge(rules, account.clone(), (looked.first, looked.second), at);
    if let Some(field) = field.filter(|_| judged.is_err() && !is_paid) {
        is_shut = !memorised::as_of_nobody(&field, &mut reservation).await?;
    }
    let has_lapsed = matches!(judged, Err(Reason::LeaseLapsed));
    let said = Said {
        at,
        clock_skew,
        account: account.as_ref(),
        // Junk that names nobody is counted and not audited.
        name: Some(shown).filter(|name| name.contains(char::is_alphanumeric)),
        overtaken: Reason::Revoked,
        bound_to: field::bound_to(rules, account.as_ref(), at),
        code: settles,
        is_told_unread: !takes.secrets && !by_pin,
    };
    let mut outcome = said.settle(ports, reservation, judged).await?;
    if is_shut {
        outcome.hold_back = HoldBack(LONGEST_HOLD_BACK);
    }
    if let (true, Some(account), Some(made)) = (has_lapsed, &account, made) {
        lapse::tell((ports, rules), (account, made), asked, at).await?;
    }
    Ok(outcome)
}

/// Whoever a name leads to.
struct Named {
    shown: String,
    /// In one spelling.
    name: String,
    account: Option<Account>,
    subject: Subject,
}

async fn named(ports: &Ports, rules: &Rules, offered: &Offered) -> Result<Named, Unavailable> {
    let (user, domain) = offered.name();
    let names = NameKey::candidates(user, domain, rules.default_domain.as_deref());
    let account = ports.accounts.by_names(&names).await?;
    let subject = match &account {
        Some(account) => Subject::Account(account.id.clone()),
        None => Subject::unknown(&names, &rules.unknown_names_key),
    };
    let name = names.first().map(NameKey::as_str).unwrap_or_default();
    Ok(Named {
        shown: shown_name(user, domain),
        name: name.to_owned(),
        account,
        subject,
    })
}

/// Who it is, or why not. The person is judged first, then the proof, then the place.
fn judge(
    rules: &Rules,
    account: Option<Account>,
    (proved, second): (Result<First, Reason>, Second),
    at: &Circumstances,
) -> Result<Verified, Reason> {
    let account = account.ok_or(Reason::UnknownName)?;
    account.may_sign_in()?;
    let mut first = proved?;
    let reply_token = std::mem::replace(&mut first.reply_token, Ok(None))?;
    first.usable(at)?;
    let mut methods = BTreeSet::from([first.method()]);
    let (token, code, lasts) = match second {
        Second::Absent => (None, None, None),
        Second::Wrong { reason, .. } => return Err(reason),
        Second::Right {
            method,
            token,
            proved,
            lasts,
            ..
        } => {
            methods.insert(method);
            (Some(token), Some((method, proved)), Some(lasts))
        }
    };
    let until = match first.is_enough((&account, code), rules, at) {
        Ok(until) => until,
        Err(reason) => {
            if first.code.is_some() {
                // Nothing but these kept the code from being looked at, where it was typed.
                owns_what_is_claimed(&account, at)?;
                is_fresh(&account, at)?;
            }
            return Err(not_enough(rules, (&account, &first), reason, at));
        }
    };
    owns_what_is_claimed(&account, at)?;
    is_fresh(&account, at)?;
    let how = How {
        methods,
        second_factor: code.map(|(_, proved)| proved),
        channel: at.channel,
        bought: at.channel,
        credential: first.credential().clone(),
        zone: at.zone.clone(),
        at: at.now,
        ends: earlier(
            earlier(first.expires(), until),
            lasts.map(|lasts| proved_anew(lasts, at.now)),
        ),
        token,
        bounds: lasts,
        is_of_its_connection: code.is_some()
            && !field::bound_to(rules, Some(&account), at).knows(&at.client()),
    };
    let authenticated = Authenticated::new(account, how);
    Ok(Verified {
        authenticated: Arc::new(authenticated),
        reply_token,
    })
}

/// Why a secret is not enough.
fn not_enough(
    rules: &Rules,
    (account, first): (&Account, &First),
    reason: Reason,
    at: &Circumstances,
) -> Reason {
    if reason != Reason::NotAllowedHere {
        return reason;
    }
    let asking = at.asking(at.channel);
    let wants_codes = rules.policy.wants_codes(account, &asking, first.method());
    match (wants_codes, at.channel.has_room_for_codes()) {
        (true, true) if first.code.is_none() => Reason::CodeMissing,
        (true, false) => Reason::CodeNotByNtlm,
        (true | false, _) => Reason::NotAllowedHere,
    }
}

/// When somebody who came by a grant proves themself anew, which uses it: before it is idle for too long.
fn proved_anew(lasts: Timestamp, now: Timestamp) -> Timestamp {
    let anew = now.checked_add(PROVED_ANEW).unwrap_or(now);
    anew.min(lasts)
}
