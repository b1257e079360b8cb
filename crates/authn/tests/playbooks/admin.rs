//! What an administrator does: each change made once, with one event, or refused with its reason.

use std::collections::BTreeSet;

use authn::Attempt;
use authn::account::{AccountId, AccountParseError, AccountState};
use authn::admin::{self, AdminError, NewAccount, NewAppPassword, Randomness};
use authn::audit::{Event, Kind};
use authn::credential::CredentialId;
use authn::lockout::Subject;
use authn::place::Service;
use authn::ports::NameTaken;

use crate::watched::Fault;
use crate::world::{By, Person, Try, World, at, by_hand, for_lync, named, passed};

/// The events since the first `before` ones.
async fn events_after(world: &World, before: usize) -> Vec<Event> {
    let trail = world.watched.trail().await;
    let later = trail.into_iter().skip(before);
    later.map(|chained| chained.event).collect()
}

async fn add(world: &World, new: NewAccount) -> Result<AccountId, AdminError> {
    let added = admin::add_account(&world.ports, new, &by_hand(1), world.draw()).await;
    added.map(|account| account.id)
}

#[tokio::test]
async fn an_account_is_made_active_with_one_event_and_found_in_the_list() {
    let world = World::new();
    let ben = add(&world, named("ben")).await.unwrap();
    let anna = add(&world, named("anna")).await.unwrap();
    let events =
        [&ben, &anna].map(|id| Event::by_hand(&by_hand(1), Kind::AccountCreated, Some(id.clone())));
    assert_eq!(events_after(&world, 0).await, events);
    let listed = world.ports.accounts.list().await.unwrap();
    let ids: Vec<&AccountId> = listed.iter().map(|account| &account.id).collect();
    assert_eq!(ids, [&anna, &ben], "by UPN");
    assert!(listed.iter().all(|it| it.state == AccountState::Active));
}

#[tokio::test]
async fn a_name_that_leads_to_another_account_is_refused_in_every_spelling_and_leaves_no_trace() {
    let world = World::new();
    let anna = world.person("anna").await;
    let before = world.watched.trail().await.len();
    let eve = || named("eve");
    let text = str::to_owned;
    #[rustfmt::skip]
    let taken = [
        ("contoso.com\\anna", NewAccount { sam: text("ANNA"), ..eve() }),
        ("contoso.com\\anna", NewAccount { sam: text("anna. "), ..eve() }),
        ("contoso\\anna", NewAccount { sam: text("anna"), realm: text("FABRIKAM.COM"), ..eve() }),
        ("contoso.com\\anna", NewAccount { sam: text("anna"), domain: text("FABRIKAM"), ..eve() }),
        ("anna@contoso.com", NewAccount { upn: text("Anna@Contoso.com."), ..eve() }),
        ("anna.mail@contoso.com", NewAccount { upn: text("anna.mail@contoso.com"), ..eve() }),
        ("anna@contoso.com", NewAccount { mail: vec![text("anna@contoso.com")], ..eve() }),
        ("anna.sip@contoso.com", NewAccount { sip_addresses: vec![text("sip:ＡＮＮＡ.sip@contoso.com")], ..eve() }),
    ];
    for (name, new) in taken {
        let name = name.to_owned();
        let refused = add(&world, new).await.unwrap_err();
        assert_eq!(refused, AdminError::NameTaken(NameTaken { name }));
    }
    assert_eq!(events_after(&world, before).await, []);
    let listed = world.ports.accounts.list().await.unwrap();
    assert_eq!(listed, [anna.account]);
    add(&world, named("eve"))
        .await
        .expect("no name of hers was taken");
}

#[tokio::test]
async fn an_account_that_is_not_of_its_form_is_refused() {
    let world = World::new();
    let new = NewAccount {
        upn: "anna".to_owned(),
        ..named("anna")
    };
    let refused = add(&world, new).await.unwrap_err();
    let expected = AccountParseError::NotAnAddress("anna".to_owned());
    assert_eq!(refused, AdminError::Malformed(expected));
    assert_eq!(world.watched.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_change_of_state_is_one_event_and_one_of_nobody_is_refused() {
    let world = World::new();
    let anna = world.person("anna").await;
    let id = &anna.account.id;
    let before = world.watched.trail().await.len();
    let states = [
        AccountState::Locked,
        AccountState::Disabled,
        AccountState::Active,
    ];
    for state in states {
        world.set_state(&anna, state).await;
        let found = world.ports.accounts.by_id(id).await.unwrap().unwrap();
        assert_eq!(found.state, state);
    }
    let nobody = AccountId("nobody".to_owned());
    let refused = admin::set_account_state(&world.ports, &nobody, states[0], &by_hand(0)).await;
    assert_eq!(refused, Err(AdminError::NoSuchAccount));
    let expected = states.map(|state| {
        let kind = Kind::AccountStateChanged { state };
        Event::by_hand(&by_hand(0), kind, Some(id.clone()))
    });
    assert_eq!(events_after(&world, before).await, expected);
}

#[tokio::test]
async fn s36_an_app_password_is_issued_as_asked_shown_once_and_listed() {
    let world = World::new();
    let anna = world.person("anna").await;
    let before = world.watched.trail().await.len();
    let new = NewAppPassword {
        label: "Anna's phone".to_owned(),
        device: Some("Nokia 8".to_owned()),
        scope: [Service::LYNC, Service::EWS].into(),
        expires: Some(at(1_000)),
    };
    let random = Randomness {
        id: [5; 16],
        secret: [6; 64],
    };
    let id = &anna.account.id;
    let issued =
        admin::issue_app_password(&world.ports, id, new.clone(), &by_hand(2), random).await;
    let (record, secret) = issued.unwrap();
    assert_eq!((&record.label, &record.device), (&new.label, &new.device));
    assert_eq!((&record.scope, record.expires), (&new.scope, new.expires));
    assert_eq!((record.created, record.last_used), (at(2), None));
    assert_eq!((&record.account, record.revoked), (id, None));
    assert_eq!(secret.expose().len(), 29);
    let credential = record.id.clone();
    let kind = Kind::AppPasswordCreated { credential };
    let expected = [Event::by_hand(&by_hand(2), kind, Some(id.clone()))];
    assert_eq!(events_after(&world, before).await, expected);
    let subject = Subject::Account(id.clone());
    let listed = world.ports.credentials.app_passwords(&subject).await;
    let listed: Vec<_> = listed.unwrap().into_iter().map(|it| it.record).collect();
    assert_eq!(listed, [anna.record, record]);
}

#[tokio::test]
async fn s36_each_app_password_is_another_and_none_shows_itself() {
    let world = World::new();
    let anna = world.person("anna").await;
    let mut texts = BTreeSet::from([anna.secret.clone()]);
    for _ in 1..admin::MAX_APP_PASSWORDS {
        let (record, text) = world
            .app_password(&anna.account, for_lync("one more"))
            .await;
        assert!(!format!("{record:?}").contains(&text));
        texts.insert(text);
    }
    assert_eq!(texts.len(), admin::MAX_APP_PASSWORDS);
    let subject = Subject::Account(anna.account.id.clone());
    let stored = world.ports.credentials.app_passwords(&subject).await;
    let stored = format!("{:?}", stored.unwrap());
    assert!(texts.iter().all(|text| !stored.contains(text)));
}

#[tokio::test]
async fn an_app_password_that_would_open_nothing_or_that_nobody_could_name_is_refused() {
    let world = World::new();
    let anna = world.person("anna").await;
    world.watched.calls();
    let good = || for_lync("a phone");
    let refused = [
        (
            NewAppPassword {
                scope: BTreeSet::new(),
                ..good()
            },
            AdminError::EmptyScope,
        ),
        (for_lync(""), AdminError::UnusableLabel),
        (for_lync(" \t "), AdminError::UnusableLabel),
        (for_lync("two\nlines"), AdminError::UnusableLabel),
        (for_lync(&"x".repeat(101)), AdminError::UnusableLabel),
        (
            NewAppPassword {
                device: Some(String::new()),
                ..good()
            },
            AdminError::UnusableLabel,
        ),
        (
            NewAppPassword {
                expires: Some(at(0)),
                ..good()
            },
            AdminError::EndsInThePast,
        ),
    ];
    for (new, why) in refused {
        let random = Randomness {
            id: [5; 16],
            secret: [6; 64],
        };
        let id = &anna.account.id;
        let refused = admin::issue_app_password(&world.ports, id, new, &by_hand(0), random).await;
        let refused = refused.map(|(record, _)| record);
        assert_eq!(refused, Err(why));
    }
    assert_eq!(world.watched.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn an_account_has_so_many_app_passwords_and_no_more_until_one_is_revoked() {
    let world = World::new();
    let anna = world.person("anna").await;
    for _ in 1..admin::MAX_APP_PASSWORDS {
        world
            .app_password(&anna.account, for_lync("one more"))
            .await;
    }
    let by = by_hand(0);
    let issue = || {
        let random = Randomness {
            id: [200; 16],
            secret: [200; 64],
        };
        let id = &anna.account.id;
        admin::issue_app_password(&world.ports, id, for_lync("too many"), &by, random)
    };
    let refused = issue().await.map(|(record, _)| record);
    assert_eq!(refused, Err(AdminError::TooMany));
    let revoked = admin::revoke_app_password(&world.ports, &anna.record.id, &by_hand(0)).await;
    assert!(revoked.is_ok());
    assert!(issue().await.is_ok());
}

#[tokio::test]
async fn s23_revoking_is_one_event_and_happens_once() {
    let world = World::new();
    let anna = world.person("anna").await;
    let before = world.watched.trail().await.len();
    let id = &anna.record.id;
    let revoked = admin::revoke_app_password(&world.ports, id, &by_hand(7)).await;
    assert_eq!(revoked.unwrap().revoked, Some(at(7)));
    let again = admin::revoke_app_password(&world.ports, id, &by_hand(8)).await;
    assert_eq!(again, Err(AdminError::RevokedAlready));
    let nothing = CredentialId("nothing".to_owned());
    let none = admin::revoke_app_password(&world.ports, &nothing, &by_hand(8)).await;
    assert_eq!(none, Err(AdminError::NoSuchAppPassword));
    let found = world.ports.credentials.app_password(id).await;
    assert_eq!(found.unwrap().unwrap().revoked, Some(at(7)));
    let kind = Kind::AppPasswordRevoked {
        credential: id.clone(),
    };
    let expected = [Event::by_hand(
        &by_hand(7),
        kind,
        Some(anna.account.id.clone()),
    )];
    assert_eq!(events_after(&world, before).await, expected);
}

#[tokio::test]
async fn s23_revoking_a_device_revokes_what_it_holds_and_nothing_of_another() {
    let world = World::new();
    let (anna, ben) = (world.person("anna").await, world.person("ben").await);
    let made = async |person: &Person, label: &str, device: Option<&str>| {
        let order = NewAppPassword {
            device: device.map(str::to_owned),
            ..for_lync(label)
        };
        let (record, secret) = world.app_password(&person.account, order).await;
        (record.id, secret)
    };
    let (named, _) = made(&anna, "one", Some("Pixel 9")).await;
    let (again, _) = made(&anna, "two", Some("pixel 9")).await;
    let (seen, secret) = made(&anna, "three", None).await;
    let (other, _) = made(&anna, "four", Some("Pixel 90")).await;
    let (bens, _) = made(&ben, "five", Some("Pixel 9")).await;
    let before = world.watched.trail().await.len();
    let revoke = async |device: &str, second: i64| {
        let by = by_hand(second);
        let revoked = admin::revoke_device(&world.ports, &anna.account.id, device, &by).await;
        revoked.map(|revoked| revoked.into_iter().map(|it| it.id).collect::<BTreeSet<_>>())
    };
    let both: BTreeSet<_> = [named.clone(), again.clone()].into();
    assert_eq!(revoke("Pixel 9", 7).await, Ok(both.clone()));
    // The same again loses nothing that is yet to be done about them, and revokes nothing twice.
    assert_eq!(revoke("pixel 9", 8).await, Ok(both));
    let nobodys = |device: &str| AdminError::NoSuchDevice {
        device: device.to_owned(),
    };
    for device in ["Pixel", "", "APPLABCD"] {
        assert_eq!(revoke(device, 8).await, Err(nobodys(device)), "{device}");
    }
    assert_eq!(events_after(&world, before).await.len(), 2);
    // What called itself so when it was last used is that device's.
    let mut attempt = Attempt::from(Try::new(By::Basic, &anna.account.upn, &secret));
    attempt.device = Some("ApplABCD".to_owned());
    assert!(passed(&world.attempt(attempt).await).is_some());
    assert_eq!(revoke("APPLABCD", 9).await, Ok([seen].into()));
    let revoked = async |id: &CredentialId| {
        let found = world.ports.credentials.app_password(id).await;
        found.unwrap().unwrap().revoked
    };
    for id in [&named, &again] {
        assert_eq!(revoked(id).await, Some(at(7)));
    }
    for id in [&other, &bens, &anna.record.id] {
        assert_eq!(revoked(id).await, None);
    }
}

#[tokio::test]
async fn a_device_that_was_revoked_in_part_is_revoked_whole_by_the_same_again() {
    for fault in [Fault::Before, Fault::After] {
        let world = World::new();
        let anna = world.person("anna").await;
        let mut all = BTreeSet::new();
        for label in ["one", "two", "three"] {
            let order = NewAppPassword {
                device: Some("Pixel 9".to_owned()),
                ..for_lync(label)
            };
            all.insert(world.app_password(&anna.account, order).await.0.id);
        }
        let revoke = async |second: i64| {
            let by = by_hand(second);
            admin::revoke_device(&world.ports, &anna.account.id, "Pixel 9", &by).await
        };
        world.watched.fail("revoke_app_password", 2, fault);
        assert!(revoke(7).await.is_err(), "the second was not answered");
        let revoked = revoke(8).await.unwrap();
        let ids: BTreeSet<_> = revoked.iter().map(|it| it.id.clone()).collect();
        assert_eq!(ids, all, "{fault:?}");
        let at_first = revoked.iter().filter(|it| it.revoked == Some(at(7)));
        let expected = match fault {
            Fault::Before => 1,
            Fault::After => 2,
        };
        assert_eq!(at_first.count(), expected, "{fault:?}");
    }
}

#[tokio::test]
async fn an_account_is_ready_to_sign_in_as_soon_as_it_has_an_app_password() {
    let world = World::new();
    let anna = world.person("anna").await;
    let right = Try::new(By::Ntlm, &anna.account.upn, &anna.secret);
    let outcome = world.verify(right).await;
    assert_eq!(passed(&outcome), Some(&anna.account));
}

#[tokio::test]
async fn t_log_2_a_label_has_nothing_that_nobody_sees() {
    let world = World::new();
    let anna = world.person("anna").await;
    for label in ["a\u{202e}b", "a\u{200b}", "\u{feff}", "a\nb", "a\u{2028}b"] {
        for new in [
            for_lync(label),
            NewAppPassword {
                device: Some(label.to_owned()),
                ..for_lync("phone")
            },
        ] {
            let random = Randomness {
                id: world.draw(),
                secret: [9; 64],
            };
            let (ports, by) = (&world.ports, by_hand(0));
            let made = admin::issue_app_password(ports, &anna.account.id, new, &by, random).await;
            assert_eq!(made.map(drop), Err(AdminError::UnusableLabel), "{label:?}");
        }
    }
    world
        .app_password(&anna.account, for_lync("Åsas telefon, שלום"))
        .await;
}
