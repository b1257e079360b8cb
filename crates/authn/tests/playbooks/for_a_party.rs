//! Signing in for another party: it may want more than the policy, and a session is looked at anew where it is used.

use authn::place::Service;
use authn::sign_in::{self, Answered, Requirement};

use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at};

/// A session that rests on a secret and a code, under a policy that wants a secret alone.
async fn signed_in(pages: &mut Pages) -> Answered {
    pages.person("anna").await;
    let rule = pages.world.rules.policy.rules.first_mut().unwrap();
    rule.methods = vec!["memorised-secret".parse().unwrap()];
    pages.signs_in("anna@contoso.com", SECRET, &code(0)).await
}

#[tokio::test]
async fn more_may_be_asked_for_than_the_policy_wants_and_never_less() {
    let mut pages = Pages::new();
    let done = signed_in(&mut pages).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    let (secret, both) = (Requirement::Secret, Requirement::SecretAndCode);
    assert!(both.covers(secret) && both.covers(both) && secret.covers(secret));
    assert!(!secret.covers(both));
    assert!(!Requirement::Passkey.covers(both) && !both.covers(Requirement::Passkey));
}

#[tokio::test]
async fn a_session_is_enough_where_the_policy_says_so_by_what_was_proved_and_when() {
    let mut pages = Pages::new();
    let Answered::Done { handle, .. } = signed_in(&mut pages).await else {
        panic!("nobody is signed in");
    };
    let found = sign_in::resume(
        (&pages.ports, &pages.world.rules),
        &handle,
        (&Service::PORTAL, &here(HOME, at(1))),
    )
    .await;
    let (session, account) = found.unwrap().unwrap();
    let (who, portal, sts) = ((&session, &account), Service::PORTAL, Service::STS);
    let policy = &mut pages.world.rules.policy;
    let later = here(HOME, at(601));
    assert!(sign_in::is_enough_for(who, policy, (&later, &portal)));
    assert!(
        !sign_in::is_enough_for(who, policy, (&later, &sts)),
        "of another service"
    );

    policy.rules[0].services = [Service::PORTAL, Service::STS].into();
    policy.rules[0].methods = vec!["memorised-secret + one-time-code".parse().unwrap()];
    policy.rules[0].fresh = Some(jiff::SignedDuration::from_mins(10));
    assert!(sign_in::is_enough_for(who, policy, (&later, &sts)));
    assert!(!sign_in::is_fresh_enough_for(who, policy, (&later, &sts)));
    let soon = here(HOME, at(599));
    assert!(sign_in::is_fresh_enough_for(who, policy, (&soon, &sts)));

    policy.rules[0].methods = vec!["passkey".parse().unwrap()];
    assert!(!sign_in::is_enough_for(who, policy, (&soon, &sts)));
}
