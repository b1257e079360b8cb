//! Pages of ours as ways in: what is too little there, and what a rule must not say of them.

use authn::party::{Party, PartyName};
use authn::sign_in::{Purpose, Requirement};

use super::*;

#[test]
fn s19_a_page_of_ours_is_a_way_in_like_any_other() {
    let with_fresh = |methods: &str, fresh: Option<SignedDuration>| {
        let on_pages = Rule {
            services: [Service::PORTAL].into(),
            methods: vec![combination(methods)],
            fresh,
            ..Rule::default()
        };
        let mut publication = rules(vec![on_pages, rule()]);
        let host = publication.hosts.entry("my.contoso.com".to_owned());
        host.or_default().is_ours = true;
        found(&publication)
    };
    let with = |methods: &str| with_fresh(methods, None);
    assert_eq!(with("memorised-secret + one-time-code"), []);
    // The help desk's code, without an end.
    let by_help_desk = "memorised-secret + temporary-code";
    let endless = (
        "my.contoso.com/".to_owned(),
        Channel::Page,
        Factors::Endless,
    );
    assert_eq!(too_little(&with(by_help_desk)), [endless]);
    let hour = Some(SignedDuration::from_hours(1));
    assert_eq!(with_fresh(by_help_desk, hour), []);
    let short = with("memorised-secret");
    let way = ("my.contoso.com/".to_owned(), Channel::Page, Factors::One);
    assert_eq!(too_little(&short), [way]);
    assert_eq!(short.first().and_then(|it| it.rule), Some(0));
    // Whoever found an app password on a device gets nothing by the portal, whatever is written.
    assert_eq!(with("app-password"), []);
}

#[test]
fn s79_an_app_password_alone_on_the_page_for_parties_is_a_counter_example_and_opens_nothing() {
    let with = |methods: &[&str], zones: &[Zone]| {
        let on_pages = Rule {
            zones: zones.iter().cloned().collect(),
            services: [Service::STS].into(),
            methods: methods.iter().map(|it| combination(it)).collect(),
            lease: Some(SignedDuration::from_hours(24)),
            ..Rule::default()
        };
        let mut publication = rules(vec![on_pages, rule()]);
        let host = publication.hosts.entry("sts.contoso.com".to_owned());
        let host = host.or_default();
        (host.is_ours, host.is_sts) = (true, true);
        publication
    };
    let outside = Zone::EXTERNAL;
    let both = "app-password + one-time-code";
    assert_eq!(found(&with(&[both], &[])), []);
    assert_eq!(
        found(&with(&["app-password"], &[Zone::INTERNAL])).len(),
        1,
        "the rule behind"
    );
    for methods in [&["app-password"][..], &[both, "app-password"]] {
        let publication = with(methods, &[]);
        let alone = found(&publication);
        let zone = outside.clone();
        assert_eq!(whats(alone.clone()), [What::AloneOnPage { zone }]);
        assert_eq!(alone[0].host.as_deref(), Some("sts.contoso.com"));
        assert_eq!(alone[0].rule, Some(0));
        let required = Requirement::of(&publication.policy, &outside, &Service::STS);
        let taken = methods
            .contains(&both)
            .then_some(Requirement::SecretAndCode);
        assert_eq!(required, taken);
    }
}

/// A token service whose parties ask for as much as rules about them say.
fn for_parties(about: &[(&[&str], &str)]) -> Publication {
    let of = |(parties, methods): &(&[&str], &str)| Rule {
        services: [Service::STS].into(),
        parties: parties
            .iter()
            .map(|it| PartyName((*it).to_owned()))
            .collect(),
        methods: vec![combination(methods)],
        ..Rule::default()
    };
    let mut all: Vec<Rule> = about.iter().map(of).collect();
    all.push(rule());
    let mut publication = rules(all);
    let host = publication.hosts.entry("sts.contoso.com".to_owned());
    let host = host.or_default();
    (host.is_ours, host.is_sts, host.takes_username_tokens) = (true, true, true);
    publication
}

const LONG: &str = "memorised-secret + one-time-code";

#[test]
fn s79_a_party_for_which_one_factor_is_enough_is_found_on_its_page_and_by_its_messages() {
    let general: (&[&str], &str) = (&[], LONG);
    assert_eq!(found(&for_parties(&[(&["Payroll"], LONG), general])), []);
    let short = for_parties(&[(&["Payroll", "urn:hr"], "memorised-secret"), general]);
    let ways = found(&short);
    let one = |path: &str, channel| (format!("sts.contoso.com{path}"), channel, Factors::One);
    let (page, message) = (
        one("/", Channel::Page),
        one("/adfs/services/trust", Channel::UsernameToken),
    );
    assert_eq!(
        too_little(&ways),
        [message.clone(), message, page.clone(), page]
    );
    let named = |name: &str| Some(PartyName(name.to_owned()));
    let parties: Vec<_> = ways.iter().map(|it| it.party.clone()).collect();
    let both = [named("Payroll"), named("urn:hr")];
    assert_eq!(parties, [&both[..], &both[..]].concat());
    assert!(ways.iter().all(|it| it.rule == Some(0)));
    // A party that no rule names falls under the general rules.
    let general: (&[&str], &str) = (&[], "memorised-secret");
    let ways = found(&for_parties(&[(&["Payroll"], LONG), general]));
    assert_eq!(too_little(&ways).len(), 2);
    assert!(
        ways.iter()
            .all(|it| it.party.is_none() && it.rule == Some(1))
    );
}

/// A trust is called in any case, and calls itself so to the letter alone.
#[test]
fn s79_a_party_that_another_line_names_in_other_case_is_asked_about_by_what_it_calls_itself() {
    let general: (&[&str], &str) = (&[], LONG);
    for (first, second) in [("urn:app", "urn:App"), ("urn:App", "urn:app")] {
        let short: (&[&str], &str) = (&[second], "memorised-secret");
        let ways = found(&for_parties(&[(&[first], LONG), short, general]));
        assert_eq!(too_little(&ways).len(), 2, "{ways:?}");
        let named = Some(PartyName(second.to_owned()));
        let is_it = |it: &CounterExample| it.party == named && it.rule == Some(1);
        assert!(ways.iter().all(is_it), "{ways:?}");
    }
}

#[test]
fn s79_a_rule_about_parties_that_is_hidden_or_about_no_trust_is_found() {
    let general: (&[&str], &str) = (&[], LONG);
    let hidden = found(&for_parties(&[general, (&["Payroll"], LONG)]));
    assert_eq!(whats(hidden), [What::Hidden { by: [0].into() }]);
    let twice = found(&for_parties(&[
        (&["Payroll"], LONG),
        (&["Payroll"], LONG),
        general,
    ]));
    assert_eq!(whats(twice), [What::Hidden { by: [0].into() }]);
    let publication = for_parties(&[(&["Payroll", "urn:wiki"], LONG), general]);
    let held_to = |parties: &[Party]| {
        let grounds = Grounds {
            parties: Some(parties.to_vec()),
            ..Grounds::default()
        };
        whats(counter_examples(&publication, &grounds))
    };
    let party = |name: &str, identifier: &str| Party {
        name: name.to_owned(),
        identifiers: [identifier.to_owned()].into(),
    };
    let nobody = |name: &str| What::NoSuchParty {
        name: PartyName(name.to_owned()),
    };
    assert_eq!(held_to(&[]), [nobody("Payroll"), nobody("urn:wiki")]);
    let payroll = party("payroll", "urn:payroll");
    assert_eq!(held_to(from_ref(&payroll)), [nobody("urn:wiki")]);
    assert_eq!(held_to(&[payroll, party("Wiki", "urn:wiki")]), []);
}

/// Each single step away from a policy about parties: what the proof says of a party's page is what its page asks.
#[test]
fn s79_every_step_from_a_policy_about_parties_is_refuted_or_asks_each_of_them_for_two_factors() {
    let names = ["Payroll", "Wiki", "wiki", "Other"].map(|name| PartyName(name.to_owned()));
    let parties: Vec<Party> = names.iter().flat_map(PartyName::parties).collect();
    let policy = for_parties(&[
        (&["Payroll"], LONG),
        (&["Payroll", "Wiki"], "app-password + one-time-code"),
        (&[], LONG),
    ])
    .policy;
    let short = |policy: &Policy| {
        parties.iter().any(|party| {
            let purpose = Purpose::token_for(party);
            Requirement::of(policy, &Zone::EXTERNAL, purpose) == Some(Requirement::Secret)
        })
    };
    let proved = |policy: &Policy| {
        let publication = Publication {
            policy: policy.clone(),
            ..for_parties(&[])
        };
        let found = found(&publication).into_iter();
        let mut on_page = found.filter(|it| it.host.as_deref() == Some("sts.contoso.com"));
        on_page.any(|it| {
            let secret = Method::MemorisedSecret.into();
            let is_secret = |what: &What| matches!(what, What::TooLittle { channel: Channel::Page, enough, .. } if *enough == secret);
            is_secret(&it.what)
        })
    };
    assert!(!short(&policy) && !proved(&policy));
    let (mut refuted, mut harmless) = (0, 0);
    for index in 0..policy.rules.len() {
        for step in 0..4 {
            for methods in ["memorised-secret", "passkey", LONG] {
                let mut changed = policy.clone();
                let rule = &mut changed.rules[index];
                match step {
                    0 => rule.parties.clear(),
                    1 => rule.parties = [PartyName("wiki".to_owned())].into(),
                    2 => rule.services.clear(),
                    _ => {}
                }
                rule.methods = vec![combination(methods)];
                assert_eq!(proved(&changed), short(&changed), "{changed:?}");
                match proved(&changed) {
                    true => refuted += 1,
                    false => harmless += 1,
                }
            }
        }
    }
    assert!(
        refuted > 0 && harmless > 0,
        "{refuted} refuted, {harmless} harmless"
    );
}
