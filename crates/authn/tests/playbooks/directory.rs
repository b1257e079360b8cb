//! Somebody of the directory signs in like anybody: while it lets them, and while it is read.

use std::collections::BTreeMap;

use authn::account::{Account, AccountId, AccountState};
use authn::admin::{self, AdminError};
use authn::audit::Reason;
use authn::credential::CredentialId;
use authn::directory::{NotDelegable, Person, Reading, RefusedGroups, Standing, in_step};
use authn::lockout::HoldBack;
use authn::place::{Channel, Method};
use authn::ports::DirectoryCopy;
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Proof, Refusal, attempt};
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use crate::memorised_and_codes::remembers;
use crate::world::{By, EVERY_WAY, POOL, Try, World, at, by_hand, for_lync, passed, refusal};

pub(crate) fn anna() -> Person {
    Person {
        id: AccountId("3f79048f-42cd-4c77-8426-835cd9f8a3ad".to_owned()),
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: "S-1-5-21-1-2-3-1104".to_owned(),
        sip_addresses: vec!["sip:anna.sip@contoso.com".to_owned()],
        mail: vec!["anna.mail@contoso.com".to_owned()],
        standing: Standing::Active,
        not_delegable: None,
        groups: Some(Vec::new()),
        attributes: BTreeMap::new(),
        group_names: None,
    }
}

/// A world with Anna of the directory, who has an app password; the directory was read just then.
async fn world() -> (World, Account, String) {
    let world = World::new();
    world.watched.memory().was_read(at(0)).await.unwrap();
    let refused = RefusedGroups::default();
    let added = admin::add_person(&world.ports, &anna(), &refused, &by_hand(0)).await;
    let account = added.unwrap();
    let (_, secret) = world.app_password(&account, for_lync("phone")).await;
    (world, account, secret)
}

/// The directory is read, and says this of Anna.
pub(crate) async fn is_seen(world: &World, people: &[Person]) {
    let accounts = world.ports.accounts.list().await.unwrap();
    let reading = Reading {
        people: people.to_vec(),
        refused_groups: RefusedGroups::default(),
    };
    let steps = in_step(&accounts, &reading, at(0)).steps;
    world.watched.memory().keep(steps).await.unwrap().unwrap();
}

pub(crate) fn later(minutes: i64) -> Timestamp {
    at(0) + SignedDuration::from_mins(minutes)
}

#[tokio::test]
async fn whoever_was_added_from_the_directory_signs_in_by_every_name() {
    let (world, account, secret) = world().await;
    assert_eq!(account.id, anna().id);
    for by in EVERY_WAY {
        for name in [
            "CONTOSO\\anna",
            "anna@contoso.com",
            "anna.mail@contoso.com",
            "anna",
        ] {
            let outcome = world.verify(Try::new(by, name, &secret)).await;
            assert_eq!(
                passed(&outcome).map(|it| &it.id),
                Some(&account.id),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_person_of_the_directory_is_added_once() {
    let (world, _, _) = world().await;
    let refused = RefusedGroups::default();
    let again = admin::add_person(&world.ports, &anna(), &refused, &by_hand(1)).await;
    assert_eq!(again, Err(AdminError::KnownAlready));
    let other = Person {
        id: AccountId("other".to_owned()),
        ..anna()
    };
    let taken = admin::add_person(&world.ports, &other, &refused, &by_hand(1)).await;
    assert!(matches!(taken, Err(AdminError::NameTaken(_))), "{taken:?}");
}

#[tokio::test]
async fn whom_the_directory_shuts_out_is_denied_with_the_right_secret_and_the_audit_knows_why() {
    let (world, _, secret) = world().await;
    let seen = |standing| Person { standing, ..anna() };
    for (people, reason) in [
        (
            vec![seen(Standing::Disabled)],
            Some(Reason::DisabledInDirectory),
        ),
        (
            vec![seen(Standing::Expired)],
            Some(Reason::ExpiredInDirectory),
        ),
        (vec![], Some(Reason::GoneFromDirectory)),
        (vec![seen(Standing::LockedOut)], None),
        (vec![seen(Standing::Active)], None),
    ] {
        is_seen(&world, &people).await;
        for by in EVERY_WAY {
            let outcome = world
                .verify(Try::new(by, "anna@contoso.com", &secret))
                .await;
            let denied = reason.map(|_| &Refusal::Denied);
            assert_eq!(refusal(&outcome), denied, "{people:?}");
            assert_eq!(world.reason().await, reason);
        }
    }
}

#[tokio::test]
async fn what_we_switched_off_no_directory_switches_on() {
    let (world, account, secret) = world().await;
    let id = &account.id;
    let set = admin::set_account_state(&world.ports, id, AccountState::Disabled, &by_hand(0)).await;
    set.unwrap();
    for standing in [Standing::Disabled, Standing::Active] {
        let seen = Person { standing, ..anna() };
        is_seen(&world, &[seen]).await;
        let outcome = world.verify(Try::new(By::Ntlm, "anna", &secret)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
        assert_eq!(world.reason().await, Some(Reason::AccountDisabled));
    }
}

#[tokio::test]
async fn with_the_directory_unread_for_ten_minutes_its_people_are_refused_and_no_others() {
    let (world, _, secret) = world().await;
    let ben = world.person("ben").await;
    let tried = |name: &str, secret: &str, now| Try {
        now,
        ..Try::new(By::Basic, name, secret)
    };
    let last = later(10) - SignedDuration::from_secs(1);
    let outcome = world.verify(tried("anna", &secret, last)).await;
    assert!(passed(&outcome).is_some());
    let outcome = world.verify(tried("anna", &secret, later(10))).await;
    assert!(
        matches!(refusal(&outcome), Some(Refusal::Unavailable(_))),
        "{outcome:?}"
    );
    assert_eq!(world.reason().await, Some(Reason::DirectoryUnread));
    let wrong = world.verify(tried("anna", "wrong", later(10))).await;
    assert_eq!(
        refusal(&wrong),
        Some(&Refusal::Denied),
        "guessers learn nothing"
    );
    let outcome = world.verify(tried("ben", &ben.secret, later(10))).await;
    assert!(passed(&outcome).is_some());
    world.watched.memory().was_read(later(10)).await.unwrap();
    let outcome = world.verify(tried("anna", &secret, later(11))).await;
    assert!(passed(&outcome).is_some());
}

/// Where a memorised secret may stand in the field, or an answer of its own would tell which guess is right; the audit knows.
#[tokio::test]
async fn t_cred_8_with_the_directory_unread_a_right_secret_looks_as_a_wrong_one() {
    const SECRET: &str = "four horses in a field";
    let (mut world, account, app_password) = world().await;
    let methods = ["memorised-secret + one-time-code", "app-password"];
    world.rules.policy.rules[0].methods = methods.map(|it| it.parse().unwrap()).to_vec();
    let person = crate::world::Person {
        record: world.app_password(&account, for_lync("tablet")).await.0,
        secret: app_password.clone(),
        account,
    };
    remembers(&world, &person, SECRET, 0).await;
    let tried = |text: &str, now| Try {
        now,
        ..Try::new(By::Basic, "anna", text)
    };
    for minutes in [9, 10] {
        let mut seen = Vec::new();
        for text in [
            "a guess",
            SECRET,
            "a guess492039",
            &format!("{SECRET}492039"),
        ] {
            let outcome = world.verify(tried(text, later(minutes))).await;
            assert!(world.reason().await.is_some());
            seen.push((outcome.result.err(), outcome.hold_back));
        }
        let denied = (Some(Refusal::Denied), HoldBack::default());
        assert_eq!(seen, vec![denied; 4], "{minutes}");
    }
    let right = world.verify(tried(&app_password, later(10))).await;
    assert_eq!(refusal(&right), Some(&Refusal::Denied));
    assert_eq!(world.reason().await, Some(Reason::DirectoryUnread));
    let by_ntlm = Try {
        now: later(10),
        ..Try::new(By::Ntlm, "anna", &app_password)
    };
    let told = world.verify(by_ntlm).await;
    assert!(matches!(refusal(&told), Some(Refusal::Unavailable(_))));
}

#[tokio::test]
async fn a_ticket_is_believed_as_long_as_its_owner() {
    let (world, account, _) = world().await;
    let (record, _) = world.app_password(&account, for_lync("tablet")).await;
    let key = TicketKey::of(&Secret::new(b"a ticket".to_vec()));
    let relayed = |credential: CredentialId| RelayedTicket {
        key: key.clone(),
        account: account.id.clone(),
        credential,
        token: None,
        channel: Channel::Ntlm,
        methods: [Method::AppPassword].into(),
        second_factor: None,
        pool: POOL.to_owned(),
        relayed: at(0),
        expires: later(60),
    };
    world
        .ports
        .tickets
        .record(Relaying::of(relayed(record.id)), 0)
        .await
        .unwrap();
    let verified = async |now| {
        let attempt = Attempt {
            proof: Proof::Ticket(key.clone()),
            channel: Channel::Ticket,
            ..Try::new(By::Basic, "", "").into()
        };
        attempt::verify(&world.ports, &world.rules, attempt, (world.asked(), now)).await
    };
    assert!(passed(&verified(later(9)).await).is_some());
    let outcome = verified(later(10)).await;
    assert!(
        matches!(refusal(&outcome), Some(Refusal::Unavailable(_))),
        "{outcome:?}"
    );
    let disabled = Person {
        standing: Standing::Disabled,
        ..anna()
    };
    is_seen(&world, &[disabled]).await;
    let outcome = verified(later(1)).await;
    assert_eq!(refusal(&outcome), Some(&Refusal::TicketEnded));
}

#[tokio::test]
async fn whoever_passed_says_why_no_back_end_may_see_them() {
    let (world, _, secret) = world().await;
    let why = async || {
        let outcome = world.verify(Try::new(By::Ntlm, "anna", &secret)).await;
        let who = outcome.result.unwrap().authenticated;
        assert!(who.is_of_directory());
        who.may_be_passed_on(true).err()
    };
    assert_eq!(why().await, None);
    let sensitive = Person {
        not_delegable: Some(NotDelegable::Sensitive),
        ..anna()
    };
    is_seen(&world, &[sensitive]).await;
    assert_eq!(why().await, Some(NotDelegable::Sensitive));
}

#[tokio::test]
async fn a_local_account_is_nobody_to_back_ends_that_a_directory_speaks_for() {
    let world = World::new();
    let person = world.person("administrator").await;
    let (_, secret) = world
        .app_password(&person.account, for_lync("laptop"))
        .await;
    let outcome = world.verify(Try::new(By::Ntlm, "administrator", &secret));
    let who = outcome.await.result.unwrap().authenticated;
    assert_eq!(who.may_be_passed_on(false), Ok(()));
    assert_eq!(who.may_be_passed_on(true), Err(NotDelegable::OfNoDirectory));
}
