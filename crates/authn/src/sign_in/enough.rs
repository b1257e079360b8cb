//! Whether a session that began elsewhere, or for another purpose, is enough for this one.

use super::requirement::{admits, judge};
use super::{At, Purpose};
use crate::account::Account;
use crate::place::Service;
use crate::policy::Policy;
use crate::session::Session;

/// Whether what a session rests on is enough for a service: it may have begun for another, or elsewhere.
///
/// SECURITY: a browser may bring the handle of one of our hosts to another, where more is asked.
#[must_use]
pub fn is_enough_for<'a>(
    (session, account): (&Session, &Account),
    policy: &Policy,
    (at, purpose): (&At, impl Into<Purpose<'a>>),
) -> bool {
    admits(&session.shown(), account, policy, (at, purpose.into())).is_ok()
}

/// Whether what a session rests on is enough to be somebody on pages of a service: at the security token service for any
/// relying party at all.
///
/// **Trusts** that nobody has a token before it is judged for its own party.
#[must_use]
pub fn is_enough_on_pages(
    who: (&Session, &Account),
    policy: &Policy,
    (at, service): (&At, &Service),
) -> bool {
    match *service == Service::STS {
        true => is_enough_for_some_party(who, policy, at),
        false => is_enough_for(who, policy, (at, service)),
    }
}

/// Whether what a session rests on is enough for a token for any relying party at all.
#[must_use]
pub fn is_enough_for_some_party(
    (session, account): (&Session, &Account),
    policy: &Policy,
    at: &At,
) -> bool {
    let shown = session.shown();
    policy.parties().iter().any(|party| {
        let purpose = Purpose {
            service: &Service::STS,
            party: party.as_ref(),
        };
        admits(&shown, account, policy, (at, purpose)).is_ok()
    })
}

/// The same for what is believed elsewhere for a while: what was proved must be as young as the policy wants it.
#[must_use]
pub fn is_fresh_enough_for<'a>(
    (session, account): (&Session, &Account),
    policy: &Policy,
    (at, purpose): (&At, impl Into<Purpose<'a>>),
) -> bool {
    let proved_at = session.second_factor_proved();
    judge(
        (&session.shown(), proved_at),
        account,
        policy,
        (at, purpose.into()),
    )
    .is_ok()
}
