//! A PIN with a one-time code behind it, by NTLM (S37): what it opens, how often it may be guessed at, and what nobody learns.

use authn::Refusal;
use authn::account::AccountState;
use authn::admin::ntlm_pins::{self, PinError};
use authn::audit::Reason;
use authn::credential::memorised_secret::MAX_IN_WINDOW;
use authn::credential::ntlm_pin::PinFault;
use authn::place::{Method, Service};
use authn::ports::Revocations;
use authn::revocation::Revoked;
use proto::secret::Secret;

use crate::codes::{Anna, evaluations, failures, tried};
use crate::memorised_and_codes::takes;
use crate::watched::Fault;
use crate::world::{By, Person, Try, World, by_hand, passed};

const PIN: &str = "493817";
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];
const BOTH_WAYS: [By; 2] = [By::Ntlm, By::Negotiate];

fn company() -> World {
    takes(&["ntlm-pin + one-time-code"])
}

pub(crate) async fn sets(world: &World, person: &Person, text: &str) -> Result<String, PinError> {
    let (typed, id) = (Secret::new(text.to_owned()), world.draw());
    let set = ntlm_pins::set(&world.ports, &person.account, &typed, &by_hand(0), id).await;
    set.map(|record| record.id.0)
}

/// Anna with her button and her PIN.
async fn anna(world: &World) -> Anna {
    let anna = Anna::of(world).await;
    sets(world, &anna.person, PIN).await.unwrap();
    anna
}

/// What she types when her button shows the code of a counter.
fn types(by: By, anna: &Anna, counter: u64) -> Try {
    Try::new(by, "anna", &format!("{PIN}{}", anna.code(counter)))
}

fn ntlm(anna: &Anna, counter: u64) -> Try {
    types(By::Ntlm, anna, counter)
}

async fn revoked(world: &World) -> Vec<Revoked> {
    let revoked = world.watched.memory().since(0, 100).await.unwrap();
    revoked.into_iter().map(|it| it.what).collect()
}

#[tokio::test]
async fn s37_a_pin_and_a_code_are_wanted_by_ntlm_and_neither_is_enough() {
    for by in BOTH_WAYS {
        let world = company();
        let anna = anna(&world).await;
        for text in [
            PIN.to_owned(),
            anna.code(0),
            format!("493818{}", anna.code(0)),
            format!("{PIN}{}", anna.code(700)),
            format!("{}{PIN}", anna.code(0)),
        ] {
            let wrong = Try::new(by, "anna", &text);
            assert_eq!(tried(&world, wrong).await, Some(Reason::WrongSecret));
        }
        assert_eq!(failures(&world, &anna.serial).await, 0);
        let by_basic = tried(&world, types(By::Basic, &anna, 0)).await;
        assert_eq!(by_basic, Some(Reason::WrongSecret), "for NTLM alone");
        let both = world.verify(types(by, &anna, 0)).await;
        assert_eq!(passed(&both), Some(&anna.person.account));
        let who = both.result.unwrap().authenticated;
        assert_eq!(who.methods(), [Method::OneTimeCode, Method::NtlmPin]);
        assert_eq!(evaluations(&world).await, 1);
    }
}

/// A PIN is no factor, and so the code behind it is not the second.
#[tokio::test]
async fn a_code_behind_a_pin_renews_no_lease() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, ntlm(&anna, 0)).await, None);
    let account = world.ports.accounts.by_id(&anna.person.account.id).await;
    assert_eq!(account.unwrap().unwrap().second_factor, None);
}

#[tokio::test]
async fn s43_the_same_typed_text_opens_every_service_and_one_code_is_evaluated() {
    let world = company();
    let anna = anna(&world).await;
    for minute in 0..20 {
        for (by, service) in BOTH_WAYS.into_iter().zip([Service::LYNC, Service::EWS]) {
            let again = Try {
                service,
                ..types(by, &anna, 0).after(minute * 60_000)
            };
            assert_eq!(tried(&world, again).await, None, "{minute}");
        }
    }
    assert_eq!(evaluations(&world).await, 1);
    assert_eq!(failures(&world, &anna.serial).await, 0);
}

#[tokio::test]
async fn t_otp_6_a_code_behind_a_pin_is_one_client_s_and_spent() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, ntlm(&anna, 1)).await, None);
    let thief = ntlm(&anna, 1).from(ELSEWHERE).after(10_000);
    assert_eq!(tried(&world, thief).await, Some(Reason::CodeSpent));
    let older = tried(&world, ntlm(&anna, 0).after(11_000)).await;
    assert_eq!(older, Some(Reason::CodeSpent));
    assert_eq!(
        tried(&world, ntlm(&anna, 2).from(ELSEWHERE).after(20_000)).await,
        None
    );
    assert_eq!(
        tried(&world, ntlm(&anna, 1).after(30_000)).await,
        None,
        "she goes on"
    );
}

#[tokio::test]
async fn a_device_that_goes_on_sending_a_spent_code_never_shuts_its_owner_out() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, ntlm(&anna, 0)).await, None);
    for minute in 20..220 {
        let again = tried(&world, ntlm(&anna, 0).after(minute * 60_000)).await;
        assert_eq!(again, Some(Reason::CodeAgain), "{minute}");
    }
    assert_eq!(failures(&world, &anna.serial).await, 0);
    let fresh = tried(&world, ntlm(&anna, 1).after(221 * 60_000)).await;
    assert_eq!(fresh, None);
}

#[tokio::test]
async fn t_cred_5_only_so_many_are_tried_and_the_right_one_waits_with_them() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, ntlm(&anna, 0)).await, None);
    for guess in 0..MAX_IN_WINDOW {
        let guess = Try::new(By::Ntlm, "anna", &format!("guess {guess}"));
        let refused = tried(&world, guess.from(ELSEWHERE).after(1_000)).await;
        assert_eq!(refused, Some(Reason::WrongSecret));
    }
    let right = ntlm(&anna, 1).from(ELSEWHERE).after(2_000);
    assert_eq!(tried(&world, right).await, Some(Reason::TooManyFailures));
    assert_eq!(
        evaluations(&world).await,
        1,
        "nothing is tried without a place"
    );
    let familiar = tried(&world, ntlm(&anna, 1).after(3_000)).await;
    assert_eq!(familiar, None, "strangers do not spend what the owner has");
}

#[tokio::test]
async fn where_no_rule_takes_a_pin_nothing_is_looked_up_and_none_counts() {
    for methods in [
        "app-password",
        "app-password + one-time-code",
        "memorised-secret + one-time-code",
    ] {
        let world = takes(&[methods]);
        let anna = anna(&world).await;
        world.watched.calls();
        assert_eq!(
            tried(&world, ntlm(&anna, 0)).await,
            Some(Reason::WrongSecret)
        );
        let calls = world.watched.calls();
        assert!(
            calls.iter().all(|it| !it.starts_with("ntlm_pin")),
            "{calls:?}"
        );
    }
    // A rule that a configuration could not write: the PIN counts with a code alone, and by NTLM.
    for methods in [
        "ntlm-pin",
        "ntlm-pin + sent-code",
        "ntlm-pin + memorised-secret + one-time-code",
    ] {
        let world = takes(&[methods]);
        let anna = anna(&world).await;
        for text in [PIN.to_owned(), format!("{PIN}{}", anna.code(0))] {
            let refused = tried(&world, Try::new(By::Ntlm, "anna", &text)).await;
            assert_eq!(refused, Some(Reason::WrongSecret), "{methods}");
        }
    }
}

#[tokio::test]
async fn an_app_password_is_taken_beside_it_and_is_no_guess() {
    let world = takes(&["ntlm-pin + one-time-code", "app-password"]);
    let anna = anna(&world).await;
    for second in 0..i64::from(3 * MAX_IN_WINDOW) {
        let by_password = Try::new(By::Ntlm, "anna", &anna.person.secret);
        assert_eq!(tried(&world, by_password.after(second * 1_000)).await, None);
    }
    assert_eq!(tried(&world, ntlm(&anna, 0).after(60_000)).await, None);
}

#[tokio::test]
async fn t_cred_8_whatever_was_wrong_costs_the_same_calls_and_gets_the_same_answer() {
    for by in BOTH_WAYS {
        let world = takes(&["ntlm-pin + one-time-code", "app-password + one-time-code"]);
        let anna = anna(&world).await;
        let locked = world.person_who_is("lev", AccountState::Locked).await;
        sets(&world, &locked, PIN).await.unwrap();
        world.person("nora").await;
        assert_eq!(tried(&world, types(by, &anna, 0)).await, None);
        let wrong = format!("{PIN}{}", anna.code(700));
        let cases = [
            ("unknown", Try::new(by, "nobody", &wrong)),
            ("no PIN", Try::new(by, "nora", &wrong)),
            ("locked", Try::new(by, "lev", &wrong)),
            (
                "wrong PIN",
                Try::new(by, "anna", &format!("493818{}", anna.code(1))),
            ),
            ("wrong code", Try::new(by, "anna", &wrong)),
            ("spent code", types(by, &anna, 0)),
            ("no code", Try::new(by, "anna", PIN)),
            (
                "app password without a code",
                Try::new(by, "anna", &anna.person.secret),
            ),
        ];
        for round in 0..3 {
            let mut all = Vec::new();
            for (number, (name, tried)) in (1_u8..).zip(&cases) {
                world.watched.calls();
                let tried = tried.clone().from([203, 0, number, 7]).after(100_000);
                let outcome = world.verify(tried).await;
                let calls = world.watched.calls();
                all.push((name, (calls, outcome.result.err(), outcome.hold_back)));
            }
            let (_, first) = all.first().unwrap();
            assert_eq!(first.1, Some(Refusal::Denied));
            for (name, other) in &all {
                assert_eq!(other, first, "{by:?}, {name}, {round}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_let_in_where_anything_cannot_be_looked_up_or_counted() {
    for method in [
        "ntlm_pin",
        "typed_before",
        "otp_tokens_of",
        "reserve_secret",
        "reserve_code",
        "grant",
        "settle",
    ] {
        let world = company();
        let anna = anna(&world).await;
        world.watched.fail(method, 1, Fault::Before);
        let outcome = world.verify(ntlm(&anna, 0)).await;
        let refused = outcome.result.err();
        assert!(
            matches!(refused, Some(Refusal::Unavailable(_))),
            "{method}: {refused:?}"
        );
        assert!(!world.watched.is_waiting_to_fail(), "{method}");
    }
}

#[tokio::test]
async fn t_otp_7_a_pin_that_is_changed_or_removed_ends_what_it_opened() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, ntlm(&anna, 0)).await, None);
    let heard = revoked(&world).await.len();
    let second = sets(&world, &anna.person, "blue-7-boat").await.unwrap();
    assert!(revoked(&world).await.len() > heard);
    let old = tried(&world, ntlm(&anna, 0).after(1_000)).await;
    assert_eq!(old, Some(Reason::WrongSecret));
    let new = |counter: u64| {
        Try::new(
            By::Ntlm,
            "anna",
            &format!("blue-7-boat{}", anna.code(counter)),
        )
    };
    assert_eq!(tried(&world, new(1).after(2_000)).await, None);
    ntlm_pins::remove(&world.ports, &anna.person.account, &by_hand(3))
        .await
        .unwrap();
    let gone = tried(&world, new(1).after(3_000)).await;
    assert_eq!(gone, Some(Reason::WrongSecret));
    let ended = revoked(&world).await;
    let last = Revoked::Credential(authn::credential::CredentialId(second));
    assert_eq!(ended.last(), Some(&last));
    let none = ntlm_pins::remove(&world.ports, &anna.person.account, &by_hand(4)).await;
    assert_eq!(none, Err(PinError::NoPin));
}

#[tokio::test]
async fn a_pin_that_anybody_would_try_is_not_set() {
    let world = company();
    let anna = Anna::of(&world).await;
    let refused = sets(&world, &anna.person, "123456").await;
    assert_eq!(refused, Err(PinError::Fault(PinFault::Common)));
    let text = format!("123456{}", anna.code(0));
    let tried = tried(&world, Try::new(By::Ntlm, "anna", &text)).await;
    assert_eq!(tried, Some(Reason::WrongSecret));
}
