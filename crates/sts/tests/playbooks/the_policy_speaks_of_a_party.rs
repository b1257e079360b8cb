//! A rule of the policy may be about one party: by each protocol it decides for that party, and for no other.

use authn::audit::{Reason, TokenRefusal};
use authn::handle::Handle;
use authn::name::NameKey;
use authn::party::PartyName;
use authn::place::{Method, Service as Published};
use authn::policy::{Policy, Rule};
use authn::session::Session;
use authn::sign_in::Requirement;
use jiff::SignedDuration;
use sts::flow::saml;
use sts::trust::{Identifier, RelyingPartyTrust};

use crate::partner::{forced, of_bo};
use crate::programs::{SECRET, code, rule, scene};
use crate::provider::{asks, sp};
use crate::world::{ASKS, LYNC, at, issued, lync, must_sign_in, refused, session, world};

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
    // Whoever is not signed in is told no less, and writes nothing down.
    let shut = refused(world.ask(ASKS, None).await);
    assert_eq!(shut.party.as_deref(), Some("Lync-Ext"));
    assert_eq!(shut.reason, TokenRefusal::NoWayIn);
    assert_eq!(world.audited(), []);
    let shut = refused(world.ask_as_anna(ASKS).await);
    assert_eq!(shut.party.as_deref(), Some("Lync-Ext"));
    assert_eq!(world.audited(), [(LYNC.to_owned(), TokenRefusal::NoWayIn)]);
}

#[tokio::test]
async fn where_the_rule_about_a_service_provider_refuses_it_and_the_audit_are_told() {
    let nothing = Rule {
        methods: Vec::new(),
        ..about(&[], LONG)
    };
    for (attributes, is_told) in [("", false), ("IsPassive=\"true\"", true)] {
        let mut world = world(vec![sp()]);
        world.policy = Policy {
            rules: vec![nothing.clone()],
        };
        for session in [None, Some(by_secret())] {
            let answered = world.asked(&asks(attributes, ""), session.as_ref()).await;
            match answered {
                saml::Answered::Answer(answer) => assert!(is_told && answer.visited.is_none()),
                saml::Answered::Refused(refused) => {
                    assert!(!is_told);
                    assert_eq!(refused.party.as_deref(), Some("Intranet"));
                    assert_eq!(refused.reason, TokenRefusal::NoWayIn);
                }
                other => panic!("{other:?}"),
            }
        }
        let audited = [(crate::provider::SP.to_owned(), TokenRefusal::NoWayIn)];
        assert_eq!(world.audited(), audited, "once, of whom somebody knows");
    }
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

/// The lines in front of which nobody of a partner may come, whoever of ours may: what is for certain people is for nobody else.
fn refusing_strangers() -> Vec<Vec<Rule>> {
    let anna = Rule {
        accounts: NameKey::candidates("anna", "", Some("CONTOSO"))
            .into_iter()
            .collect(),
        ..about(&[LYNC], LONG)
    };
    let finance = Rule {
        groups: ["S-1-5-21-1-2-3-513".to_owned()].into(),
        ..about(&[LYNC], LONG)
    };
    let nobody = Rule {
        methods: Vec::new(),
        ..about(&[LYNC], LONG)
    };
    vec![
        vec![anna.clone(), nobody.clone(), about(&[], SHORT)],
        vec![finance.clone(), nobody, about(&[], SHORT)],
        vec![anna, finance],
    ]
}

#[tokio::test]
async fn s79_a_party_that_is_for_certain_people_of_ours_is_for_nobody_of_a_partner() {
    for (number, rules) in (1..).zip(refusing_strangers()) {
        let mut federation = forced();
        let out = federation.sent_out(ASKS, number).await;
        federation.world.policy = Policy { rules };
        let answer = federation.answer(&of_bo(at(70)));
        // What nobody signed is written down by nobody.
        let forged = answer.replacen("bo@fabrikam.com", "eva@fabrikam.com", 1);
        let refusal = refused(federation.bring(&forged, &out).await);
        assert_eq!(refusal.reason, TokenRefusal::NotBelieved, "{number}");
        assert_eq!(federation.world.audited(), []);
        let shut = refused(federation.bring(&answer, &out).await);
        assert_eq!(shut.reason, TokenRefusal::NoWayIn, "{number}");
        assert_eq!(shut.party.as_deref(), Some("Lync-Ext"));
        let audited = [(LYNC.to_owned(), TokenRefusal::NoWayIn)];
        assert_eq!(federation.world.audited(), audited, "{number}");
        assert!(federation.gave_nothing());
        let handle = Handle::made_from([number; 32]);
        let shut = refused(federation.ask_with(ASKS, &handle, |_| ()).await);
        assert_eq!(
            shut.reason,
            TokenRefusal::NoWayIn,
            "nobody is led around: {number}"
        );
        assert_eq!(federation.world.audited(), audited, "{number}");
    }
}

#[tokio::test]
async fn what_is_for_certain_people_of_ours_asks_nothing_of_a_partner_s() {
    let mut federation = forced();
    let anna = Rule {
        accounts: NameKey::candidates("anna", "", Some("CONTOSO"))
            .into_iter()
            .collect(),
        ..about(&[LYNC], LONG)
    };
    federation.world.policy = Policy {
        rules: vec![anna, about(&[LYNC], SHORT)],
    };
    let out = federation.sent_out(ASKS, 1).await;
    assert_eq!(out.request.wauth, None);
    let mut one = of_bo(at(70));
    one.attributes.truncate(1);
    issued(federation.bring(&federation.answer(&one), &out).await);
}

#[tokio::test]
async fn s79_a_partner_s_sign_in_is_as_young_as_the_line_about_the_party_wants() {
    let mut federation = forced();
    let hourly = Rule {
        fresh: Some(SignedDuration::from_hours(1)),
        ..about(&[LYNC], LONG)
    };
    federation.world.policy = Policy {
        rules: vec![hourly, about(&[], SHORT)],
    };
    // The partner's clock may be three minutes off; what is brought is brought at 90.
    let oldest = 90 - 3_600 - 180;
    for (number, asks, told) in [
        (1, String::new(), 60),
        (3, "&wfresh=5".to_owned(), 5),
        (5, "&wfresh=90".to_owned(), 60),
    ] {
        let out = federation.sent_out(&format!("{ASKS}{asks}"), number).await;
        assert_eq!(out.request.wfresh, Some(told), "{asks}");
    }
    for (number, instant, is_taken) in [(6, oldest, true), (7, oldest - 1, false)] {
        let out = federation.sent_out(ASKS, number).await;
        let mut assertion = of_bo(at(70));
        assertion.id = format!("_{number}");
        assertion.authentication.instant = at(instant);
        let answered = federation.bring(&federation.answer(&assertion), &out).await;
        match is_taken {
            true => drop(issued(answered)),
            false => assert_eq!(refused(answered).reason, TokenRefusal::NotBelieved),
        }
    }
}
