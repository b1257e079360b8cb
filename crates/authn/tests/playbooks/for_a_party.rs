//! Signing in for another party: it may want more than the policy, and a session is looked at anew where it is used.

use authn::party::{Party, PartyName};
use authn::place::{Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::sign_in::{self, Answered, Purpose, Requirement};

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
    let found = pages
        .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
        .await;
    let (session, account) = found.unwrap();
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

fn party(name: &str, identifiers: &[&str]) -> Party {
    Party {
        name: name.to_owned(),
        identifiers: identifiers.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn for_parties(parties: &[&str], methods: &str) -> Rule {
    let parties = parties.iter().map(|it| PartyName((*it).to_owned()));
    Rule {
        parties: parties.collect(),
        methods: vec![methods.parse().unwrap()],
        ..Rule::default()
    }
}

#[test]
fn a_rule_about_a_party_decides_for_it_by_whichever_name_it_asks_and_for_nobody_else() {
    let policy = Policy {
        rules: vec![
            for_parties(&["Payroll", "urn:hr"], "memorised-secret + one-time-code"),
            for_parties(&[], "memorised-secret"),
        ],
    };
    let required = |purpose: Purpose<'_>| Requirement::of(&policy, &Zone::EXTERNAL, purpose);
    let (secret, both) = (Some(Requirement::Secret), Some(Requirement::SecretAndCode));
    for (party, expected) in [
        (party("payroll", &["urn:a", "urn:b"]), both),
        (party("People", &["urn:other", "urn:hr"]), both),
        (party("Wiki", &["urn:wiki"]), secret),
        (party("People", &["urn:HR"]), secret),
    ] {
        assert_eq!(required(Purpose::token_for(&party)), expected, "{party:?}");
    }
    // What is for no party is not what the rule speaks of.
    for service in [Service::STS, Service::PORTAL] {
        assert_eq!(required((&service).into()), secret);
    }
}

#[tokio::test]
async fn a_session_stands_where_it_is_enough_for_some_party_and_each_party_judges_it_anew() {
    let mut pages = Pages::new();
    let Answered::Done { handle, .. } = signed_in(&mut pages).await else {
        panic!("nobody is signed in");
    };
    let here = here(HOME, at(1));
    let found = pages.resumed(&handle, (&Service::PORTAL, &here)).await;
    let (mut session, account) = found.unwrap();
    session.methods = vec![Method::MemorisedSecret];
    let who = (&session, &account);
    let (wiki, other) = (party("Wiki", &["urn:wiki"]), party("Other", &["urn:other"]));
    let is_enough = |policy: &Policy, party: &Party| {
        sign_in::is_enough_for(who, policy, (&here, Purpose::token_for(party)))
    };
    let easier = Policy {
        rules: vec![
            for_parties(&["urn:wiki"], "memorised-secret"),
            for_parties(&[], "memorised-secret + one-time-code"),
        ],
    };
    assert!(sign_in::is_enough_for_some_party(who, &easier, &here));
    assert!(is_enough(&easier, &wiki) && !is_enough(&easier, &other));
    let harder = Policy {
        rules: vec![
            for_parties(&["Wiki"], "memorised-secret + one-time-code"),
            for_parties(&[], "memorised-secret"),
        ],
    };
    assert!(sign_in::is_enough_for_some_party(who, &harder, &here));
    assert!(!is_enough(&harder, &wiki) && is_enough(&harder, &other));
    let nobody = Policy {
        rules: vec![for_parties(&[], "memorised-secret + one-time-code")],
    };
    assert!(!sign_in::is_enough_for_some_party(who, &nobody, &here));
}
