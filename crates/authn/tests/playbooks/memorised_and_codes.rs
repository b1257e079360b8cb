//! Active two-factor by a memorised secret with a one-time code behind it (S37, S43): what it opens, what each refusal costs,
//! and whom no device locks out.

use authn::Refusal;
use authn::account::AccountState;
use authn::audit::{Event, Kind, Reason};
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{
    MAX_IN_WINDOW, MemorisedSecret, StoredMemorisedSecret, Typed,
};
use authn::lockout::LONGEST_HOLD_BACK;
use authn::place::{Method, Service, Zone};
use authn::policy::Rule;
use authn::revocation::Revoked;
use proto::secret::Secret;

use crate::codes::{Anna, evaluations, failures, tried};
use crate::watched::Fault;
use crate::world::{By, Person, Try, World, at, by_hand, passed};

const SECRET: &str = "four horses in a field";
/// Another network.
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

/// A company that takes these, for Lync and for EWS.
pub(crate) fn takes(methods: &[&str]) -> World {
    let mut world = World::new();
    world.rules.policy.rules = vec![Rule {
        zones: [Zone::EXTERNAL].into(),
        services: [Service::LYNC, Service::EWS].into(),
        methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
        ..Rule::default()
    }];
    world
}

fn company() -> World {
    takes(&["memorised-secret + one-time-code"])
}

/// Gives somebody a memorised secret.
pub(crate) async fn remembers(world: &World, person: &Person, text: &str, second: i64) {
    let typed = Typed::to_sign_in(&Secret::new(text.to_owned()));
    let hash = world.ports.hasher.make(typed, [1; 16]).await.unwrap();
    let id = CredentialId(format!("secret-of-{}-{second}", person.account.sam));
    let record = MemorisedSecret {
        id: id.clone(),
        account: person.account.id.clone(),
        set: at(second),
        last_used: None,
        disowned: None,
    };
    let kind = Kind::MemorisedSecretSet { credential: id };
    let event = Event::by_hand(&by_hand(second), kind, Some(person.account.id.clone()));
    let stored = StoredMemorisedSecret { record, hash };
    let secrets = &world.ports.secrets;
    secrets.set_memorised_secret(&stored, event).await.unwrap();
}

/// Anna with her button and her secret.
async fn anna(world: &World) -> Anna {
    let anna = Anna::of(world).await;
    remembers(world, &anna.person, SECRET, 0).await;
    anna
}

fn types(name: &str, text: &str) -> Try {
    Try::new(By::Basic, name, text)
}

/// What she types when her button shows the code of a counter.
fn with_code(anna: &Anna, counter: u64) -> Try {
    types("anna", &format!("{SECRET}{}", anna.code(counter)))
}

/// How many hashes were made since the calls were asked for last.
fn hashes(world: &World) -> usize {
    let calls = world.watched.calls();
    calls.iter().filter(|it| it.starts_with("proves")).count()
}

#[tokio::test]
async fn s37_a_memorised_secret_and_a_code_are_wanted_and_neither_is_enough() {
    let world = company();
    let anna = anna(&world).await;
    let code = anna.code(0);
    for (text, reason) in [
        (SECRET.to_owned(), Reason::CodeMissing),
        (code.clone(), Reason::WrongSecret),
        (format!("x{SECRET}{code}"), Reason::WrongSecret),
        (format!("{SECRET}{}", anna.code(500)), Reason::WrongCode),
        (format!("{SECRET} {code}"), Reason::WrongSecret),
        (anna.person.secret.clone(), Reason::NotAllowedHere),
        (format!("{}{code}", anna.person.secret), Reason::WrongSecret),
    ] {
        let refused = tried(&world, types("anna", &text)).await;
        assert_eq!(refused, Some(reason), "{reason:?}");
    }
    let both = world.verify(with_code(&anna, 0)).await;
    assert_eq!(passed(&both), Some(&anna.person.account));
    let who = both.result.unwrap().authenticated;
    assert_eq!(
        who.methods(),
        [Method::OneTimeCode, Method::MemorisedSecret]
    );
    assert_eq!(who.credential().0, "secret-of-anna-0");
    assert!(who.token().is_some() && who.second_factor() == Some(at(0)));
}

#[tokio::test]
async fn s37_a_secret_that_was_disowned_opens_nothing_with_whichever_code() {
    let world = company();
    let anna = anna(&world).await;
    for counter in [0, 0] {
        let outcome = world.verify(with_code(&anna, counter)).await;
        assert!(passed(&outcome).is_some(), "and as often as it comes");
    }
    let account = &anna.person.account.id;
    let event = Event::by_hand(&by_hand(1), Kind::SessionsEnded, Some(account.clone()));
    let secrets = &world.ports.secrets;
    secrets
        .disown_memorised_secret(account, None, event)
        .await
        .unwrap();
    assert!(tried(&world, with_code(&anna, 0)).await.is_some());
    let refused = tried(&world, with_code(&anna, 1)).await;
    assert_eq!(refused, Some(Reason::WrongSecret));
}

#[tokio::test]
async fn s37_ntlm_is_never_proved_by_a_memorised_secret_and_costs_no_hash() {
    let world = company();
    let anna = anna(&world).await;
    hashes(&world);
    for by in [By::Ntlm, By::Negotiate] {
        for text in [SECRET.to_owned(), format!("{SECRET}{}", anna.code(0))] {
            let refused = tried(&world, Try::new(by, "anna", &text)).await;
            assert_eq!(refused, Some(Reason::WrongSecret));
        }
    }
    assert_eq!(hashes(&world), 0);
    assert_eq!(failures(&world, &anna.serial).await, 0);
}

#[tokio::test]
async fn s43_the_same_typed_secret_opens_every_service_by_one_code_and_one_hash() {
    let world = company();
    let anna = anna(&world).await;
    hashes(&world);
    for minute in 0..20 {
        for service in [Service::LYNC, Service::EWS] {
            let again = Try {
                service,
                ..with_code(&anna, 0).after(minute * 60_000)
            };
            assert_eq!(tried(&world, again).await, None, "{minute}");
        }
    }
    assert_eq!((evaluations(&world).await, hashes(&world)), (1, 1));
    assert_eq!(failures(&world, &anna.serial).await, 0);
    let thief = with_code(&anna, 0).from(ELSEWHERE).after(1_200_000);
    assert_eq!(tried(&world, thief).await, Some(Reason::CodeAgain));
    assert_eq!(hashes(&world), 1, "whoever is refused costs one");
}

#[tokio::test]
async fn t_otp_7_a_secret_that_is_changed_ends_what_it_opened() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, with_code(&anna, 0)).await, None);
    remembers(&world, &anna.person, "another secret of hers", 60).await;
    let refused = tried(&world, with_code(&anna, 0).after(61_000)).await;
    assert_eq!(refused, Some(Reason::WrongSecret));
    let revoked = authn::ports::Revocations::since(world.watched.memory(), 0, 10).await;
    let revoked: Vec<Revoked> = revoked.unwrap().into_iter().map(|it| it.what).collect();
    let id = CredentialId("secret-of-anna-0".to_owned());
    assert_eq!(revoked, [Revoked::Credential(id)]);
}

#[tokio::test]
async fn t_cred_8_whatever_was_wrong_costs_the_same_calls_and_gets_the_same_answer() {
    let methods = [
        "memorised-secret + one-time-code",
        "memorised-secret + sent-code",
    ];
    for methods in [&methods[..1], &methods[..]] {
        let world = takes(methods);
        let anna = anna(&world).await;
        let locked = world.person_who_is("lev", AccountState::Locked).await;
        remembers(&world, &locked, SECRET, 0).await;
        let _without_secret = world.person("nora").await;
        assert_eq!(tried(&world, with_code(&anna, 0)).await, None);
        let code = anna.code(700);
        let wrong_code = format!("{SECRET}{code}");
        let cases = [
            ("unknown", types("nobody", &wrong_code)),
            ("no secret", types("nora", &wrong_code)),
            ("locked, wrong secret", types("lev", &format!("x{code}"))),
            ("locked, right secret", types("lev", &wrong_code)),
            ("wrong secret", types("anna", &format!("x{code}"))),
            ("wrong code", types("anna", &wrong_code)),
            ("spent code", with_code(&anna, 0)),
            ("no code", types("anna", SECRET)),
            ("no code, wrong secret", types("anna", "x")),
        ];
        // What comes for the first time is hashed, and what comes again is known.
        for (round, hashes) in [(0, 1), (1, 0), (2, 0)] {
            let mut all = Vec::new();
            for (number, (name, tried)) in (1_u8..).zip(&cases) {
                world.watched.calls();
                // A network each, so that one does not slow the other; what came from it is known there.
                let tried = tried.clone().from([203, 0, number, 7]);
                let outcome = world.verify(tried).await;
                let calls = world.watched.calls();
                all.push((name, (calls, outcome.result.err(), outcome.hold_back)));
            }
            let (_, first) = all.first().unwrap();
            assert_eq!(first.1, Some(Refusal::Denied));
            let made = first.0.iter().filter(|it| it.starts_with("proves"));
            assert_eq!(made.count(), hashes, "{round}");
            for (name, other) in &all {
                assert_eq!(other, first, "{name}, {round}");
            }
        }
    }
}

#[tokio::test]
async fn t_cred_8_a_refused_app_password_costs_the_hash_that_a_wrong_secret_costs() {
    let world = takes(&[
        "memorised-secret + one-time-code",
        "app-password + one-time-code",
    ]);
    let anna = anna(&world).await;
    let calls_of = async |tried: Try| {
        world.watched.calls();
        let outcome = world.verify(tried).await;
        let mut calls = world.watched.calls();
        calls.sort();
        (calls, outcome.result.is_ok())
    };
    let code = anna.code(700);
    let wrong = calls_of(types("anna", &format!("x{code}"))).await;
    let known = format!("{}{code}", anna.person.secret);
    let refused = calls_of(types("anna", &known).from(ELSEWHERE)).await;
    assert_eq!(refused, wrong);
    let (calls, is_in) = calls_of(anna.tries(0)).await;
    assert!(is_in && calls.iter().all(|it| !it.starts_with("proves")));
}

#[tokio::test]
async fn t_cred_5_only_so_many_are_hashed_and_the_right_one_waits_with_them() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, with_code(&anna, 0)).await, None);
    hashes(&world);
    for guess in 0..50 {
        let guess = types("anna", &format!("guess {guess} 000000"));
        world.verify(guess.from(ELSEWHERE)).await;
    }
    assert_eq!(hashes(&world), usize::try_from(MAX_IN_WINDOW).unwrap());
    let right = world.verify(with_code(&anna, 1).from(ELSEWHERE)).await;
    assert_eq!(right.hold_back.0, LONGEST_HOLD_BACK);
    assert_eq!(world.reason().await, Some(Reason::TooManyFailures));
    assert_eq!(hashes(&world), 0, "nothing is hashed without a place");
    let familiar = tried(&world, with_code(&anna, 1).after(1_000)).await;
    assert_eq!(familiar, None, "strangers do not spend what the owner has");
    assert_eq!(failures(&world, &anna.serial).await, 0);
}

#[tokio::test]
async fn a_shut_budget_looks_the_same_for_names_that_are_none() {
    let world = company();
    for (number, name) in (1_u8..).zip(["anna", "nobody"]) {
        if name == "anna" {
            anna(&world).await;
        }
        let mut seen = Vec::new();
        for guess in 0..15 {
            world.watched.calls();
            let guess = types(name, &format!("guess {guess} 000000"));
            let outcome = world.verify(guess.from([203, 0, number, 7])).await;
            let calls = world.watched.calls().len();
            seen.push((calls, outcome.result.err(), outcome.hold_back));
        }
        let hashed = seen.iter().filter(|it| it.0 == seen[0].0).count();
        assert_eq!(hashed, usize::try_from(MAX_IN_WINDOW).unwrap(), "{name}");
        assert_eq!(seen[14].2.0, LONGEST_HOLD_BACK, "{name}");
    }
}

#[tokio::test]
async fn a_device_that_goes_on_sending_a_spent_code_never_locks_its_owner() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, with_code(&anna, 0)).await, None);
    let later = |minute: i64| minute * 60_000;
    for minute in 20..220 {
        let again = tried(&world, with_code(&anna, 0).after(later(minute))).await;
        assert_eq!(again, Some(Reason::CodeAgain), "{minute}");
    }
    assert_eq!(failures(&world, &anna.serial).await, 0);
    let fresh = with_code(&anna, 1).after(later(220));
    assert_eq!(tried(&world, fresh).await, None);
}

#[tokio::test]
async fn a_device_that_goes_on_sending_an_old_secret_never_locks_its_owner() {
    let world = company();
    let anna = anna(&world).await;
    assert_eq!(tried(&world, with_code(&anna, 0)).await, None);
    let new = "another secret of hers";
    remembers(&world, &anna.person, new, 60).await;
    for second in 61..261 {
        let old = tried(&world, with_code(&anna, 0).after(second * 1_000)).await;
        assert_eq!(old, Some(Reason::WrongSecret), "{second}");
    }
    let typed = format!("{new}{}", anna.code(1));
    let fresh = types("anna", &typed).after(300_000);
    assert_eq!(tried(&world, fresh).await, None);
}

#[tokio::test]
async fn a_device_that_goes_on_sending_the_secret_alone_never_locks_its_owner() {
    let world = company();
    let anna = anna(&world).await;
    for second in 0..200 {
        let alone = types("anna", SECRET).after(second * 1_000);
        assert_eq!(tried(&world, alone).await, Some(Reason::CodeMissing));
    }
    let fresh = with_code(&anna, 0).after(201_000);
    assert_eq!(tried(&world, fresh).await, None);
}

#[tokio::test]
async fn t_cred_7_a_right_secret_with_wrong_codes_gives_no_place_back() {
    let world = company();
    let anna = anna(&world).await;
    hashes(&world);
    for guess in 0..30 {
        let guess = with_code(&anna, 500 + guess);
        assert!(tried(&world, guess).await.is_some());
    }
    assert_eq!(hashes(&world), usize::try_from(MAX_IN_WINDOW).unwrap());
    let right = tried(&world, with_code(&anna, 0)).await;
    assert_eq!(right, Some(Reason::TooManyFailures));
}

#[tokio::test]
async fn whoever_lacks_the_secret_spends_nothing_of_the_tokens() {
    let world = company();
    let anna = anna(&world).await;
    for guess in 0..8 {
        let guess = types("anna", &format!("wrong{guess:06}"));
        assert_eq!(tried(&world, guess).await, Some(Reason::WrongSecret));
    }
    assert_eq!(failures(&world, &anna.serial).await, 0);
    assert_eq!(tried(&world, with_code(&anna, 0)).await, None);
}

#[tokio::test]
async fn one_attempt_is_one_hash_however_many_digits_stand_at_the_end() {
    let world = company();
    let _anna = anna(&world).await;
    hashes(&world);
    for digits in 0..8 {
        let text = format!("x{}", "1".repeat(digits));
        tried(&world, types("anna", &text)).await;
        assert_eq!(hashes(&world), 1, "{digits}");
    }
}

#[tokio::test]
async fn a_secret_that_ends_in_digits_is_taken_apart_before_its_code() {
    let world = company();
    let anna = Anna::of(&world).await;
    remembers(&world, &anna.person, "sommaren1987", 0).await;
    let typed = format!("sommaren1987{}", anna.code(0));
    assert_eq!(tried(&world, types("anna", &typed)).await, None);
}

#[tokio::test]
async fn s19_a_memorised_secret_alone_opens_where_a_rule_says_so_and_is_one_factor() {
    let world = takes(&["memorised-secret"]);
    let anna = anna(&world).await;
    let who = world.verify(types("anna", SECRET)).await;
    let who = who.result.unwrap().authenticated;
    assert_eq!(who.methods(), [Method::MemorisedSecret]);
    assert_eq!((who.token(), who.second_factor()), (None, None));
    assert_eq!(
        tried(&world, with_code(&anna, 0)).await,
        Some(Reason::WrongSecret)
    );
}

#[tokio::test]
async fn nobody_is_let_in_where_nothing_can_be_hashed_or_looked_up() {
    for method in [
        "memorised_secret",
        "reserve_secret",
        "proves",
        "reserve_code",
        "settle",
    ] {
        let world = company();
        let anna = anna(&world).await;
        world.watched.fail(method, 1, Fault::Before);
        let outcome = world.verify(with_code(&anna, 0)).await;
        let refusal = outcome.result.unwrap_err();
        assert!(matches!(refusal, Refusal::Unavailable(_)), "{method}");
        assert_eq!(tried(&world, with_code(&anna, 0)).await, None, "{method}");
    }
}

#[tokio::test]
async fn where_no_turn_came_to_hash_the_audit_says_so_of_a_right_secret_and_of_a_wrong_one() {
    let world = company();
    let anna = anna(&world).await;
    for tried in [
        with_code(&anna, 0),
        types("anna", "a guess492039"),
        types("nobody", "a guess492039"),
    ] {
        world.watched.fail("proves", 1, Fault::Before);
        let outcome = world.verify(tried).await;
        let refusal = outcome.result.unwrap_err();
        assert!(matches!(refusal, Refusal::Unavailable(_)));
        assert_eq!(world.reason().await, Some(Reason::NoTurn));
    }
}

#[tokio::test]
async fn a_secret_that_is_changed_while_it_is_hashed_lets_nobody_in() {
    let world = company();
    let anna = anna(&world).await;
    world
        .watched
        .overtake(Revoked::Account(anna.person.account.id.clone()));
    let refused = tried(&world, with_code(&anna, 0)).await;
    assert_eq!(refused, Some(Reason::Revoked));
}
