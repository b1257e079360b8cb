//! The active way (`usernamemixed`): what a program sends, which party it may be for, what lets it in, and that a refusal tells
//! nothing but that it is one.

use authn::audit::{Reason, TokenRefusal};
use authn::lockout::{HoldBack, LONGEST_HOLD_BACK};
use authn::place::{Service as Published, Zone};
use authn::policy::Rule;
use authn::sign_in::At;
use jiff::SignedDuration;
use proto::wstrust::active::Dialect;
use sts::flow::active::Answered;
use sts::trust::{Authorization, Identifier, ProtocolProfile, RelyingPartyTrust, Rules};

use crate::programs::{BOTH, SECRET, code, rule, scene};
use crate::world::{LYNC, SID, at, at_door, lync};

/// What is told, without what is new in every answer.
fn told(answered: &Answered) -> String {
    let message = &answered.message;
    let text = message.split("Reason").nth(1).unwrap_or(message);
    text.split("Activity").next().unwrap().to_owned()
}

fn in_the_office(second: i64) -> At {
    At {
        zone: Zone::INTERNAL,
        ..at_door(at(second))
    }
}

#[tokio::test]
async fn an_app_password_gets_a_token_where_the_policy_says_so_and_with_a_code_outside() {
    let inside = Rule {
        zones: [Zone::INTERNAL].into(),
        ..rule(&["app-password"])
    };
    let scene = scene(vec![lync()], vec![inside, rule(&BOTH)]);
    let (anna, typed) = scene.person("anna", 1, Published::STS).await;
    let (_, of_lync) = scene.person("ben", 2, Published::LYNC).await;
    let plain = typed.replace('-', "");
    for dialect in Dialect::ALL {
        for (second, typed) in [(0, &typed), (1, &plain)] {
            let told = [anna.upn.as_str(), typed, LYNC];
            let answered = scene.asks_at(told, &in_the_office(second), dialect).await;
            assert!(answered.is_issued, "{answered:?}");
            assert!(answered.message.contains(SID), "{}", answered.message);
        }
    }
    assert_eq!(scene.world.kept.entries.lock().unwrap().len(), 4);
    assert_eq!(
        *scene.world.kept.recorded.lock().unwrap(),
        [],
        "nobody's session at a pool"
    );

    // Outside the same is not enough, and a code behind it is.
    let with_code = format!("{typed}{}", code(0));
    for (typed, is_issued) in [(&typed, false), (&with_code, true)] {
        let answered = scene.asks([&anna.upn, typed, LYNC]).await;
        assert_eq!(answered.is_issued, is_issued, "{answered:?}");
        assert_eq!(answered.signed_in, Some(is_issued));
    }
    assert_eq!(scene.reasons().await, [Reason::CodeMissing]);
    // One whose scope is another's opens nothing, inside or outside.
    let with_code = format!("{of_lync}{}", code(0));
    let told = ["ben@contoso.com", of_lync.as_str(), LYNC];
    let answered = scene.asks_at(told, &in_the_office(2), Dialect::V13).await;
    assert!(!answered.is_issued);
    assert!(
        !scene
            .asks(["ben@contoso.com", &with_code, LYNC])
            .await
            .is_issued
    );
    assert_eq!(scene.reasons().await[1..], [Reason::OutOfScope; 2]);
}

#[tokio::test]
async fn a_leased_app_password_gets_a_token_until_its_lease_has_lapsed() {
    let leased = Rule {
        lease: Some(SignedDuration::from_hours(1)),
        ..rule(&["app-password", BOTH[0]])
    };
    let scene = scene(vec![lync()], vec![leased]);
    let (anna, before) = scene.person("anna", 1, Published::STS).await;
    let coded = format!("{SECRET}{}", code(0));
    assert!(scene.asks([&anna.upn, &coded, LYNC]).await.is_issued);
    let after = scene.app_password(&anna, (2, Published::STS), 1).await;
    for (typed, second, is_issued) in [
        // Made before a second factor was ever proved.
        (&before, 2, false),
        (&after, 3_599, true),
        (&after, 3_600, false),
    ] {
        let told = [anna.upn.as_str(), typed.as_str(), LYNC];
        let door = at_door(at(second));
        let answered = scene.asks_at(told, &door, Dialect::V13).await;
        assert_eq!(answered.is_issued, is_issued, "{answered:?}");
    }
    assert_eq!(scene.reasons().await, [Reason::LeaseLapsed; 2]);
}

/// SECURITY: a party is looked at before anybody is: no guess at a secret, no hash, no line in the audit.
#[tokio::test]
async fn a_party_that_is_unknown_off_or_no_party_of_this_way_gets_invalid_scope_and_nobody_is_tried()
 {
    let named = |name: &str, identifier: &str| RelyingPartyTrust {
        name: name.to_owned(),
        identifiers: vec![Identifier::parse(identifier).unwrap()],
        ..lync()
    };
    let off = RelyingPartyTrust {
        is_enabled: false,
        ..named("off", "urn:off")
    };
    let saml = RelyingPartyTrust {
        protocol_profile: ProtocolProfile::Saml,
        ..named("saml", "urn:saml")
    };
    let of_others = RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        ..named("of others", "urn:of-others")
    };
    let scene = scene(vec![lync(), off, saml, of_others], vec![rule(&BOTH)]);
    let (anna, _) = scene.person("anna", 1, Published::STS).await;
    let typed = format!("{SECRET}{}", code(0));
    let mut seen = Vec::new();
    for party in [
        "urn:nobody",
        "urn:off",
        "urn:saml",
        "urn:of-others",
        // An identifier is compared letter by letter.
        "https://lync.contoso.com/passiveauth/",
        "https://LYNC.contoso.com/passiveauth",
        "https://lync.contoso.com/PassiveAuth",
        "https://lync.contoso.com:443/passiveauth",
        "http://lync.contoso.com/passiveauth",
        "https://lync.contoso.com/passiveauth?",
        "https://lync.contoso.com/passiveaut%68",
        "https://lync.contoso.com/x/../passiveauth",
        "lync.contoso.com",
    ] {
        let answered = scene.asks([&anna.upn, &typed, party]).await;
        assert!(
            !answered.is_issued && answered.signed_in.is_none(),
            "{party}"
        );
        assert!(
            answered.message.contains("InvalidScope"),
            "{}",
            answered.message
        );
        assert_eq!(answered.hold_back, HoldBack::default());
        seen.push(told(&answered));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(scene.hashed(), 0);
    assert_eq!(scene.reasons().await, []);
    assert_eq!(*scene.world.signed.lock().unwrap(), 0);
    // The code was spent by none of them.
    let answered = scene.asks([&anna.upn, &typed, LYNC]).await;
    assert!(answered.is_issued, "{answered:?}");
}

#[tokio::test]
async fn t_cred_8_whatever_is_wrong_of_somebody_is_one_fault_and_costs_one_hash() {
    let refusing = RelyingPartyTrust {
        name: "nobody".to_owned(),
        identifiers: vec![Identifier::parse("urn:refusing").unwrap()],
        authorization: Authorization::Rules(Rules::default()),
        ..lync()
    };
    let scene = scene(vec![lync(), refusing], vec![rule(&BOTH)]);
    let (anna, app_password) = scene.person("anna", 1, Published::STS).await;
    let (_, of_lync) = scene.person("ben", 2, Published::LYNC).await;
    let right = code(0);
    let mut seen = Vec::new();
    let (anna, ben) = (anna.upn.as_str(), "ben@contoso.com");
    for (name, typed) in [
        (anna, format!("a guess{right}")),
        (anna, "the domain password".to_owned()),
        (anna, SECRET.to_owned()),
        (anna, format!("{SECRET}000000")),
        (anna, app_password.clone()),
        (anna, format!("{app_password}000000")),
        (ben, format!("{of_lync}{right}")),
        ("nobody@contoso.com", format!("{SECRET}{right}")),
    ] {
        let answered = scene.asks([name, &typed, LYNC]).await;
        assert!(!answered.is_issued, "{name}");
        assert!(answered.message.contains("FailedAuthentication"));
        let cost = (answered.hold_back, answered.signed_in, scene.hashed());
        assert_eq!(
            cost,
            (HoldBack::default(), Some(false), 1),
            "{name} {:?}",
            answered.said
        );
        seen.push(told(&answered));
    }
    // A party that permits nobody answers whoever is right as it answers whoever is wrong.
    let right = format!("{SECRET}{right}");
    let answered = scene.asks([anna, &right, "urn:refusing"]).await;
    assert!(!answered.is_issued);
    assert_eq!(
        (answered.hold_back, scene.hashed()),
        (HoldBack::default(), 1)
    );
    seen.push(told(&answered));
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(
        scene.world.audited(),
        [("urn:refusing".to_owned(), TokenRefusal::NotPermitted)]
    );
}

/// A message of a program is no way beside the counters (T-CRED-6).
#[tokio::test]
async fn t_cred_6_whatever_is_wrong_in_a_message_raises_the_counter_of_every_way_in() {
    let scene = scene(vec![lync()], vec![rule(&BOTH)]);
    for (dialect, number) in Dialect::ALL.into_iter().zip(1..) {
        // Somebody each: a text that was refused once is known, and counts no second time.
        let name = format!("person{number}");
        let (person, app_password) = scene.person(&name, number, Published::STS).await;
        let mut before = scene.counted(&person).await;
        for typed in [
            format!("a guess{}", code(0)),
            format!("{SECRET}000000"),
            SECRET.to_owned(),
            app_password.clone(),
        ] {
            let told = [person.upn.as_str(), typed.as_str(), LYNC];
            let answered = scene.asks_at(told, &at_door(at(0)), dialect).await;
            assert!(!answered.is_issued);
            let after = scene.counted(&person).await;
            assert_eq!(after, before + 2, "{dialect:?} {:?}", answered.said);
            before = after;
        }
    }
}

/// T-CRED-8: a network that is slowed is slowed as much by the right secret at a party that permits nobody.
#[tokio::test]
async fn t_cred_8_how_long_a_refusal_is_held_back_does_not_tell_a_right_secret() {
    let refusing = RelyingPartyTrust {
        authorization: Authorization::Rules(Rules::default()),
        ..lync()
    };
    let scene = scene(vec![refusing], vec![rule(&BOTH)]);
    let (anna, app_password) = scene.person("anna", 1, Published::STS).await;
    let of_secret = format!("{SECRET}{}", code(0));
    let first = scene.asks([&anna.upn, &of_secret, LYNC]).await;
    assert_eq!(
        first.signed_in,
        Some(true),
        "home is familiar: {:?}",
        first.said
    );
    let of_app_password = format!("{app_password}{}", code(30));
    // Guesses at others, until the network is slowed.
    for number in 0..100 {
        let nobody = format!("nobody{number}@contoso.com");
        scene.asks([&nobody, "a guess000000", LYNC]).await;
    }
    for (typed, is_right) in [
        ("a guess000000", false),
        (&of_app_password, true),
        (&of_secret, true),
    ] {
        let told = [anna.upn.as_str(), typed, LYNC];
        let answered = scene.asks_at(told, &at_door(at(30)), Dialect::V13).await;
        assert_eq!(answered.signed_in, Some(is_right), "{:?}", answered.said);
        assert_eq!(answered.hold_back, HoldBack(LONGEST_HOLD_BACK), "{typed}");
    }
}
