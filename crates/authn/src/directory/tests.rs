//! What follows from a reading: who is put out, who is called what, and who may be passed on.

use super::*;
use crate::audit::Kind;
use crate::credential::kerberos::Initiator;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn person(sam: &str) -> Person {
    Person {
        id: AccountId(format!("guid-of-{sam}")),
        domain: "CONTOSO".to_owned(),
        sam: sam.to_owned(),
        upn: format!("{sam}@contoso.com"),
        realm: "CONTOSO.COM".to_owned(),
        sid: "S-1-5-21-1-2-3-1104".to_owned(),
        sip_addresses: vec![format!("sip:{sam}@contoso.com")],
        mail: vec![format!("{sam}@mail.example")],
        standing: Standing::Active,
        not_delegable: None,
        groups: Some(vec!["S-1-5-21-1-2-3-513".to_owned()]),
        attributes: BTreeMap::from([("sn".to_owned(), vec![sam.to_owned()])]),
        group_names: Some(BTreeMap::from([(
            "S-1-5-21-1-2-3-513".to_owned(),
            called("Domain Users"),
        )])),
    }
}

fn called(sam: &str) -> GroupName {
    GroupName {
        domain: "CONTOSO".to_owned(),
        dns: "contoso.com".to_owned(),
        sam: sam.to_owned(),
    }
}

fn account(person: &Person) -> Account {
    person.account(&RefusedGroups::default())
}

fn reading(people: &[Person]) -> Reading {
    Reading {
        people: people.to_vec(),
        refused_groups: RefusedGroups(BTreeMap::from([(
            "S-1-5-21-1-2-3-2000".to_owned(),
            "Organization Management".to_owned(),
        )])),
    }
}

fn one_step(before: &Person, after: &Person) -> Step {
    let mut in_step = in_step(
        &[account(before)],
        &reading(std::slice::from_ref(after)),
        at(0),
    );
    assert_eq!(in_step.steps.len(), 1, "{in_step:?}");
    in_step.steps.remove(0)
}

fn kinds(step: &Step) -> Vec<&Kind> {
    step.events.iter().map(|event| &event.kind).collect()
}

#[test]
fn what_did_not_change_needs_no_step() {
    let alice = person("alice");
    let unasked = Person {
        groups: None,
        ..alice.clone()
    };
    for seen in [alice.clone(), unasked] {
        let in_step = in_step(&[account(&alice)], &reading(&[seen]), at(0));
        assert_eq!(in_step, InStep::default());
    }
}

#[test]
fn whoever_stands_no_more_is_put_out_and_comes_back() {
    for standing in [Standing::Disabled, Standing::Expired] {
        let alice = person("alice");
        let shut = Person {
            standing,
            ..alice.clone()
        };
        let step = one_step(&alice, &shut);
        assert!(step.ends);
        assert_eq!(kinds(&step), [&Kind::StandingChanged { standing }]);
        assert!(step.account.may_sign_in().is_err());
        let back = one_step(&shut, &alice);
        assert!(!back.ends);
        assert_eq!(back.account.may_sign_in(), Ok(()));
    }
    let gone = in_step(&[account(&person("alice"))], &reading(&[]), at(0));
    let [step] = gone.steps.as_slice() else {
        panic!("{gone:?}");
    };
    assert!(step.ends && !step.is_renamed);
    assert_eq!(step.account.may_sign_in(), Err(Reason::GoneFromDirectory));
}

#[test]
fn a_lockout_is_shown_and_ends_nothing() {
    let alice = person("alice");
    let locked = Person {
        standing: Standing::LockedOut,
        ..alice.clone()
    };
    let step = one_step(&alice, &locked);
    assert!(!step.ends);
    assert_eq!(step.account.may_sign_in(), Ok(()));
}

#[test]
fn what_an_operator_switched_off_stays_off() {
    let alice = person("alice");
    let disabled = Account {
        state: AccountState::Disabled,
        ..account(&Person {
            standing: Standing::Disabled,
            ..alice.clone()
        })
    };
    let in_step = in_step(&[disabled], &reading(&[alice]), at(0));
    let step = in_step.steps.first().unwrap();
    assert_eq!(step.account.state, AccountState::Disabled);
    assert_eq!(step.account.may_sign_in(), Err(Reason::AccountDisabled));
}

#[test]
fn whoever_is_renamed_comes_again_under_the_new_name() {
    let alice = person("alice");
    let renamed = Person {
        id: alice.id.clone(),
        ..person("alina")
    };
    let step = one_step(&alice, &renamed);
    assert!(step.ends && step.is_renamed);
    assert_eq!(step.account.upn, "alina@contoso.com");
    assert!(matches!(kinds(&step)[..], [Kind::NamesChanged { .. }]));
}

#[test]
fn two_people_may_change_names() {
    let (alice, bob) = (person("alice"), person("bob"));
    let swapped = [
        Person {
            id: alice.id.clone(),
            ..person("bob")
        },
        Person {
            id: bob.id.clone(),
            ..person("alice")
        },
    ];
    let in_step = in_step(&[account(&alice), account(&bob)], &reading(&swapped), at(0));
    assert_eq!(in_step.problems, Vec::<String>::new());
    let upns: Vec<&str> = in_step
        .steps
        .iter()
        .map(|it| it.account.upn.as_str())
        .collect();
    assert_eq!(upns, ["bob@contoso.com", "alice@contoso.com"]);
}

#[test]
fn a_name_of_another_account_is_not_taken_over() {
    let (alice, bob) = (person("alice"), person("bob"));
    let local = Account {
        id: AccountId("local".to_owned()),
        directory: None,
        ..account(&person("anna"))
    };
    // Alice would be anna, whom there is; bob would be alice, who stays; and both go on otherwise.
    let seen = [
        Person {
            id: alice.id.clone(),
            standing: Standing::Disabled,
            ..person("anna")
        },
        Person {
            id: bob.id.clone(),
            ..person("alice")
        },
    ];
    let accounts = [account(&alice), account(&bob), local.clone()];
    let result = in_step(&accounts, &reading(&seen), at(0));
    assert_eq!(result.problems.len(), 2, "{result:?}");
    let [one, other] = result.steps.as_slice() else {
        panic!("{result:?}");
    };
    for (step, upn) in [(one, "alice@contoso.com"), (other, "bob@contoso.com")] {
        assert!(!step.is_renamed && step.ends);
        assert_eq!(step.account.upn, upn);
        // SECURITY: alice's ticket would be bob's by now.
        let directory = step.account.directory.as_ref().unwrap();
        assert_eq!(directory.not_delegable, Some(NotDelegable::NamesNotTaken));
        let initiator = Initiator::of("alice@CONTOSO.COM").unwrap();
        assert!(!initiator.is(&step.account), "{upn}");
    }

    let shared = Person {
        mail: vec![
            "anna@mail.example".to_owned(),
            "own@mail.example".to_owned(),
        ],
        ..bob.clone()
    };
    let result = in_step(&[account(&bob), local], &reading(&[shared]), at(0));
    let step = result.steps.first().unwrap();
    assert_eq!(step.account.mail, ["own@mail.example"]);
    assert_eq!(result.problems.len(), 1);
}

#[test]
fn names_that_are_none_are_not_taken_and_the_rest_is() {
    let alice = person("alice");
    let odd = Person {
        upn: "no address".to_owned(),
        standing: Standing::Expired,
        ..alice.clone()
    };
    let step = one_step(&alice, &odd);
    assert_eq!(step.account.upn, "alice@contoso.com");
    assert!(step.ends);
}

#[test]
fn who_may_be_passed_on_is_decided_by_flags_and_groups() {
    let alice = person("alice");
    let refused = reading(&[]).refused_groups;
    let why = |not_delegable, group: &str| {
        let person = Person {
            not_delegable,
            groups: Some(vec![group.to_owned()]),
            ..alice.clone()
        };
        person.account(&refused).directory.unwrap().not_delegable
    };
    let sensitive = NotDelegable::Sensitive;
    assert_eq!(why(None, "S-1-5-21-1-2-3-513"), None);
    assert_eq!(why(Some(sensitive.clone()), "S-1-1-0"), Some(sensitive));
    assert_eq!(
        why(None, "S-1-5-21-1-2-3-525"),
        Some(NotDelegable::ProtectedUser)
    );
    assert_eq!(why(None, "S-1-5-21-9-9-9-525"), None, "of another domain");
    let member = NotDelegable::MemberOf("Organization Management".to_owned());
    assert_eq!(why(None, "S-1-5-21-1-2-3-2000"), Some(member));
    for group in [
        "S-1-5-21-1-2-3-512",
        "S-1-5-21-9-9-9-519",
        "S-1-5-32-544",
        "S-1-5-32-551",
    ] {
        let administrator = Some(NotDelegable::Administrator);
        assert_eq!(why(None, group), administrator, "{group}");
    }
    assert_eq!(why(None, "S-1-5-32-545"), None, "users");
}

#[test]
fn groups_are_bounded_and_judged_before_they_are_cut() {
    let mut groups: Vec<String> = (0..2 * MAX_GROUPS)
        .map(|it| format!("S-1-5-21-0-0-0-{}", 10_000 + it))
        .collect();
    groups.push("S-1-5-21-1-2-3-525".to_owned());
    let person = Person {
        groups: Some(groups),
        ..person("alice")
    };
    let directory = account(&person).directory.unwrap();
    assert_eq!(directory.groups.len(), MAX_GROUPS);
    assert_eq!(directory.not_delegable, Some(NotDelegable::ProtectedUser));
}

#[test]
fn an_account_is_believed_for_ten_minutes() {
    let mut directory = account(&person("alice")).directory.unwrap();
    assert!(directory.must_be_fresh(at(0)).is_err(), "never read");
    directory.read = Some(at(0));
    assert!(directory.must_be_fresh(at(599)).is_ok());
    assert!(directory.must_be_fresh(at(600)).is_err());
    assert!(
        directory.must_be_fresh(at(-600)).is_err(),
        "from the future"
    );
}

#[test]
fn a_name_leads_to_one_person_or_to_nobody() {
    let (alice, bob) = (person("alice"), person("bob"));
    assert_eq!(reading(&[]).only(), Err(NotOne::Nobody));
    assert_eq!(reading(std::slice::from_ref(&alice)).only(), Ok(&alice));
    assert_eq!(reading(&[alice, bob]).only(), Err(NotOne::Several));
}

#[test]
fn every_event_of_a_step_is_the_same_after_it_was_read_back() {
    let alice = person("alice");
    let other = Person {
        id: alice.id.clone(),
        standing: Standing::Expired,
        not_delegable: Some(NotDelegable::MemberOf("Kings".to_owned())),
        ..person("alina")
    };
    let step = one_step(&alice, &other);
    assert_eq!(step.events.len(), 3);
    for event in step.events {
        let text = serde_json::to_string(&event).unwrap();
        let read: crate::audit::Event = serde_json::from_str(&text).unwrap();
        assert_eq!(read, event, "{text}");
    }
}

#[test]
fn what_rules_may_ask_follows_and_ends_nothing() {
    let alice = person("alice");
    let married = Person {
        attributes: BTreeMap::from([("sn".to_owned(), vec!["Vronskaya".to_owned()])]),
        ..alice.clone()
    };
    let renamed = Person {
        group_names: Some(BTreeMap::from([(
            "S-1-5-21-1-2-3-513".to_owned(),
            called("People"),
        )])),
        ..alice.clone()
    };
    for other in [married, renamed] {
        let step = one_step(&alice, &other);
        assert!(!step.ends && !step.is_renamed && step.events.is_empty());
        assert_eq!(step.account, account(&other));
    }
}

#[test]
fn names_of_groups_that_could_not_be_read_stay_and_those_of_others_go() {
    let alice = person("alice");
    let unnamed = Person {
        group_names: None,
        ..alice.clone()
    };
    let steps = in_step(
        &[account(&alice)],
        &reading(std::slice::from_ref(&unnamed)),
        at(0),
    )
    .steps;
    assert_eq!(steps, []);
    let elsewhere = Person {
        groups: Some(vec!["S-1-5-21-1-2-3-514".to_owned()]),
        ..unnamed
    };
    let step = one_step(&alice, &elsewhere);
    assert!(step.ends, "with other groups");
    let directory = step.account.directory.unwrap();
    assert!(directory.attributes.groups.is_empty());
}
