//! A rule of the policy may be about one party: by each protocol it decides for that party, and for no other.

use authn::audit::Reason;
use authn::party::PartyName;
use authn::place::{Method, Service as Published};
use authn::policy::{Policy, Rule};
use authn::session::Session;
use authn::sign_in::Requirement;
use sts::flow::saml;
use sts::trust::{Identifier, RelyingPartyTrust};

use crate::programs::{SECRET, code, rule, scene};
use crate::provider::{asks, sp};
use crate::world::{ASKS, LYNC, at, issued, lync, must_sign_in, session, world};

fn about(parties: &[&str], methods: &str) -> Rule {
    let parties = parties.iter().map(|it| PartyName((*it).to_owned()));
    Rule {
        services: [Published::STS].into(),
        parties: parties.collect(),
        ..rule(&[methods])
    }
}

const SHORT: &str = "memorised-secret";
const LONG: &str = "memorised-secret + one-time-code";

fn by_secret() -> Session {
    session(at(0), &[Method::MemorisedSecret])
}

#[tokio::test]
async fn s79_a_party_of_ws_federation_may_be_asked_more_and_one_that_no_rule_names_is_not() {
    for (named, wants_more) in [(LYNC, true), ("LYNC-ext", true), ("urn:of-another", false)] {
        let trust = RelyingPartyTrust {
            name: "Lync-Ext".to_owned(),
            ..lync()
        };
        let mut world = world(vec![trust]);
        world.policy = Policy {
            rules: vec![about(&[named], LONG), about(&[], SHORT)],
        };
        let answered = world.ask(ASKS, Some(&by_secret())).await;
        if wants_more {
            assert_eq!(
                must_sign_in(answered).0,
                Requirement::SecretAndCode,
                "{named}"
            );
            issued(world.ask_as_anna(ASKS).await);
        } else {
            issued(answered);
        }
    }
}

#[tokio::test]
async fn a_party_that_asks_by_its_other_name_is_the_same_party() {
    let other = "urn:lync:by-another-name";
    let mut trust = lync();
    trust.identifiers.push(Identifier::parse(other).unwrap());
    let mut world = world(vec![trust]);
    world.policy = Policy {
        rules: vec![about(&[LYNC], LONG), about(&[], SHORT)],
    };
    let asks = format!("wa=wsignin1.0&wtrealm={other}");
    let answered = world.ask(&asks, Some(&by_secret())).await;
    assert_eq!(must_sign_in(answered).0, Requirement::SecretAndCode);
}

#[tokio::test]
async fn where_the_rule_about_a_party_refuses_nobody_signs_in_for_it() {
    let mut world = world(vec![lync()]);
    let nothing = Rule {
        methods: Vec::new(),
        ..about(&[LYNC], LONG)
    };
    world.policy = Policy {
        rules: vec![nothing, about(&[], SHORT)],
    };
    let answered = world.ask_as_anna(ASKS).await;
    assert!(
        matches!(answered, sts::flow::wsfed::Answered::Shut),
        "{answered:?}"
    );
}

#[tokio::test]
async fn s79_a_service_provider_of_saml_may_be_asked_more() {
    for (named, wants_more) in [("Intranet", true), ("Extranet", false)] {
        let mut world = world(vec![sp()]);
        world.policy = Policy {
            rules: vec![about(&[named], LONG), about(&[], SHORT)],
        };
        match world.asked(&asks("", ""), Some(&by_secret())).await {
            saml::Answered::MustSignIn {
                requirement, party, ..
            } => {
                assert_eq!(
                    (requirement, wants_more),
                    (Requirement::SecretAndCode, true)
                );
                assert_eq!(party.name, "Intranet");
            }
            saml::Answered::Answer(_) => assert!(!wants_more, "{named}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn s79_a_program_is_asked_for_as_much_as_its_party_wants() {
    for (named, is_issued) in [(LYNC, [false, true]), ("urn:of-another", [true, false])] {
        let rules = vec![about(&[named], LONG), about(&[], SHORT)];
        let scene = scene(vec![lync()], rules);
        let (anna, _) = scene.person("anna", 1, Published::STS).await;
        let with_code = format!("{SECRET}{}", code(0));
        for (typed, is_issued) in [SECRET, &with_code].into_iter().zip(is_issued) {
            let answered = scene.asks([&anna.upn, typed, LYNC]).await;
            assert_eq!(answered.is_issued, is_issued, "{named}: {answered:?}");
        }
        if named == LYNC {
            assert_eq!(scene.reasons().await, [Reason::CodeMissing]);
        }
    }
}
