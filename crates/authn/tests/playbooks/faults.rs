//! The store fails at each call in turn: nobody is let in, nobody is told that they may not, and
//! afterwards everything works again. Nothing fails open.

use authn::account::AccountState;
use authn::admin::{self, AdminError};
use authn::attempt;
use authn::place::{Channel, Method};
use authn::ports::Unavailable;
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Outcome, Proof, Refusal};

use crate::watched::Fault;
use crate::world::{By, EVERY_WAY, POOL, Person, Try, World, at, by_hand, for_lync, named, passed};

const KEY: TicketKey = TicketKey([7; 32]);
const FAULTS: [Fault; 2] = [Fault::Before, Fault::After];

/// The calls of an attempt, as method and its how-manieth call.
fn numbered(calls: &[String]) -> Vec<(&'static str, usize)> {
    const METHODS: [&str; 8] = [
        "by_names",
        "reserve",
        "app_passwords",
        "settle",
        "append",
        "find",
        "was_relayed",
        "app_password",
    ];
    let mut numbered: Vec<(&str, usize)> = Vec::new();
    for call in calls {
        let (method, _) = call.split_once('(').unwrap();
        let method = METHODS.into_iter().find(|known| *known == method);
        let method = method.expect("a method that the table has");
        let earlier = numbered.iter().filter(|(other, _)| *other == method);
        let number = earlier.count() + 1;
        numbered.push((method, number));
    }
    numbered
}

fn unavailable(outcome: &Outcome) -> bool {
    matches!(
        outcome.result,
        Err(Refusal::Unavailable(Unavailable {
            what: "the store",
            ..
        }))
    )
}

/// Anna, with a relayed ticket; Lev, who is locked.
async fn world() -> (World, Person) {
    let world = World::new();
    let anna = world.person("anna").await;
    world.person_who_is("lev", AccountState::Locked).await;
    let ticket = RelayedTicket {
        key: KEY,
        account: anna.account.id.clone(),
        credential: anna.record.id.clone(),
        token: None,
        channel: Channel::Ntlm,
        methods: [Method::AppPassword].into(),
        second_factor: None,
        pool: POOL.to_owned(),
        relayed: at(0),
        expires: at(3_600),
    };
    world
        .ports
        .tickets
        .record(Relaying::of(ticket), i64::MAX)
        .await
        .unwrap();
    world.watched.calls();
    (world, anna)
}

fn by_ticket(anna: &Person) -> Attempt {
    Attempt {
        proof: Proof::Ticket(KEY),
        channel: Channel::Ticket,
        ..Try::new(By::Basic, &anna.account.upn, "").into()
    }
}

#[tokio::test]
async fn a_fault_at_any_call_of_the_right_secret_is_unavailable_and_never_a_way_in() {
    for by in EVERY_WAY {
        let (world, anna) = world().await;
        let right = Try::new(by, &anna.account.upn, &anna.secret);
        assert!(passed(&world.verify(right.clone()).await).is_some());
        let calls = numbered(&world.watched.calls());
        assert_eq!(calls.len(), 4, "{calls:?}");
        for (method, number) in calls {
            for fault in FAULTS {
                world.watched.fail(method, number, fault);
                let outcome = world.verify(right.clone()).await;
                assert!(
                    unavailable(&outcome),
                    "{by:?} {method} {fault:?} {outcome:?}"
                );
                assert!(!world.watched.is_waiting_to_fail());
                let again = world.verify(right.clone()).await;
                assert_eq!(passed(&again), Some(&anna.account), "{method} {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_fault_at_any_call_of_a_wrong_secret_is_unavailable_and_not_a_refusal() {
    for by in EVERY_WAY {
        for user in [
            "anna@contoso.com",
            "nobody@contoso.com",
            "lev@contoso.com",
            "@",
        ] {
            let (world, _) = world().await;
            let wrong = Try::new(by, user, "wrong");
            let outcome = world.verify(wrong.clone()).await;
            assert_eq!(outcome.result.unwrap_err(), Refusal::Denied);
            for (method, number) in numbered(&world.watched.calls()) {
                for fault in FAULTS {
                    world.watched.fail(method, number, fault);
                    let outcome = world.verify(wrong.clone()).await;
                    assert!(unavailable(&outcome), "{by:?} {user} {method} {fault:?}");
                    assert!(!world.watched.is_waiting_to_fail());
                }
            }
        }
    }
}

#[tokio::test]
async fn a_fault_where_no_place_is_left_is_unavailable_too() {
    let (world, anna) = world().await;
    world.watched.limit(0);
    let right = Try::new(By::Ntlm, &anna.account.upn, &anna.secret);
    world.verify(right.clone()).await;
    let calls = numbered(&world.watched.calls());
    assert!(calls.contains(&("append", 1)));
    for (method, number) in calls {
        for fault in FAULTS {
            world.watched.fail(method, number, fault);
            let outcome = world.verify(right.clone()).await;
            assert!(unavailable(&outcome), "{method} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_fault_at_any_call_of_a_ticket_is_unavailable_and_never_a_way_in() {
    let (world, anna) = world().await;
    let verify = async |attempt| {
        attempt::verify(&world.ports, &world.rules, attempt, (world.asked(), at(1))).await
    };
    assert!(passed(&verify(by_ticket(&anna)).await).is_some());
    let calls = numbered(&world.watched.calls());
    assert!(!calls.is_empty());
    for (method, number) in calls {
        for fault in FAULTS {
            world.watched.fail(method, number, fault);
            assert!(unavailable(&verify(by_ticket(&anna)).await), "{method}");
            assert!(passed(&verify(by_ticket(&anna)).await).is_some());
        }
    }
}

#[tokio::test]
async fn a_sign_in_that_could_not_be_written_down_leaves_no_trace_of_success() {
    let (world, anna) = world().await;
    let right = Try::new(By::Ntlm, &anna.account.upn, &anna.secret);
    let before = world.watched.trail().await.len();
    world.watched.fail("settle", 1, Fault::Before);
    assert!(unavailable(&world.verify(right).await));
    assert_eq!(world.watched.trail().await.len(), before);
    let record = world.ports.credentials.app_password(&anna.record.id).await;
    assert_eq!(record.unwrap().unwrap().last_used, None);
    // Its place is kept: a guesser cannot have it back by breaking the store.
    world.watched.reserved();
    world
        .verify(Try::new(By::Ntlm, &anna.account.upn, "wrong"))
        .await;
    let [(_, counts)] = world.watched.reserved().try_into().unwrap();
    assert_eq!(counts.subject, 2);
}

#[tokio::test]
async fn a_fault_is_said_without_a_secret_or_a_name() {
    let (world, anna) = world().await;
    for by in EVERY_WAY {
        world.watched.fail("settle", 1, Fault::Before);
        let right = Try::new(by, &anna.account.upn, &anna.secret);
        let outcome = world.verify(right).await;
        let said = format!("{outcome:?} {}", outcome.result.as_ref().unwrap_err());
        for hidden in [anna.secret.as_str(), "anna"] {
            assert!(!said.contains(hidden));
        }
    }
}

#[tokio::test]
async fn a_change_that_the_store_did_not_make_is_unavailable_and_not_made() {
    let (world, anna) = world().await;
    let ports = &world.ports;
    let (account, credential) = (&anna.account.id, &anna.record.id);
    let before = world.watched.trail().await;
    for method in [
        "add",
        "set_state",
        "add_app_password",
        "app_password",
        "revoke_app_password",
    ] {
        world.watched.fail(method, 1, Fault::Before);
        let error = match method {
            "add" => admin::add_account(ports, named("eve"), &by_hand(1), world.draw())
                .await
                .unwrap_err(),
            "set_state" => {
                admin::set_account_state(ports, account, AccountState::Locked, &by_hand(1))
                    .await
                    .unwrap_err()
            }
            "add_app_password" => {
                let random = admin::Randomness {
                    id: world.draw(),
                    secret: [7; 64],
                };
                admin::issue_app_password(ports, account, for_lync("tablet"), &by_hand(1), random)
                    .await
                    .map(|(record, _)| record)
                    .unwrap_err()
            }
            _ => admin::revoke_app_password(ports, credential, &by_hand(1))
                .await
                .unwrap_err(),
        };
        assert!(matches!(error, AdminError::Unavailable(_)), "{method}");
        assert!(!world.watched.is_waiting_to_fail(), "{method}");
        assert_eq!(world.watched.trail().await, before, "{method}");
    }
    let right = Try::new(By::Ntlm, &anna.account.upn, &anna.secret);
    assert!(passed(&world.verify(right).await).is_some());
}
