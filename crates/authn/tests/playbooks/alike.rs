//! What was typed once and refused looks the same however often it comes, whether its secret is right or wrong (T-CRED-8):
//! a device that goes on sending a spent code locks nobody, and whoever guesses learns nothing by sending a guess again.

use std::net::IpAddr;

use authn::Refusal;
use authn::account::AccountState;
use authn::credential::memorised_secret::MAX_IN_WINDOW;
use authn::lockout::{HoldBack, LONGEST_HOLD_BACK};

use crate::codes::{Anna, tried};
use crate::memorised_and_codes::{remembers, takes};
use crate::world::{By, HOME, Try, World};

const SECRET: &str = "four horses in a field";
const OLD_SECRET: &str = "three cows on the ice";

/// Policies under which a secret is typed with a code behind it.
const POLICIES: [&[&str]; 3] = [
    &["memorised-secret + one-time-code"],
    &[
        "memorised-secret + one-time-code",
        "memorised-secret + sent-code",
    ],
    &[
        "memorised-secret + one-time-code",
        "app-password + one-time-code",
    ],
];

/// What a client sees of a refusal: the answer, how long it is held back, and whether it took as long as a hash.
type Seen = (Option<Refusal>, HoldBack, usize);

/// What is sent again and again, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    WrongSecret,
    WrongSecretAlone,
    NobodysName,
    WrongCode,
    SpentCode,
    SecretAlone,
    OldSecret,
    OfSomebodyLocked,
    AppPassword,
}

const ALL: [Sent; 9] = [
    Sent::WrongSecret,
    Sent::WrongSecretAlone,
    Sent::NobodysName,
    Sent::WrongCode,
    Sent::SpentCode,
    Sent::SecretAlone,
    Sent::OldSecret,
    Sent::OfSomebodyLocked,
    Sent::AppPassword,
];

/// A company, and what is sent there.
async fn company(methods: &[&str], sent: Sent) -> (World, Anna, Try) {
    let world = takes(methods);
    let anna = Anna::of(&world).await;
    remembers(&world, &anna.person, OLD_SECRET, 0).await;
    let with_old = format!("{OLD_SECRET}{}", anna.code(0));
    assert_eq!(tried(&world, types("anna", &with_old)).await, None);
    remembers(&world, &anna.person, SECRET, 60).await;
    let spent = format!("{SECRET}{}", anna.code(1));
    let signed_in = tried(&world, types("anna", &spent).after(61_000)).await;
    assert_eq!(signed_in, None);
    let wrong_code = anna.code(700);
    let typed = match sent {
        Sent::WrongSecret => types("anna", &format!("a guess{wrong_code}")),
        Sent::WrongSecretAlone => types("anna", "a guess"),
        Sent::NobodysName => types("nobody", &format!("a guess{wrong_code}")),
        Sent::WrongCode => types("anna", &format!("{SECRET}{wrong_code}")),
        Sent::SpentCode => types("anna", &spent),
        Sent::SecretAlone => types("anna", SECRET),
        Sent::OldSecret => types("anna", &with_old),
        Sent::OfSomebodyLocked => {
            world.set_state(&anna.person, AccountState::Locked).await;
            types("anna", &format!("{SECRET}{wrong_code}"))
        }
        Sent::AppPassword => types("anna", &format!("{}{wrong_code}", anna.person.secret)),
    };
    (world, anna, typed)
}

fn types(name: &str, text: &str) -> Try {
    Try::new(By::Basic, name, text)
}

async fn seen(world: &World, tried: Try) -> Seen {
    world.watched.calls();
    let outcome = world.verify(tried).await;
    let hashes = world.watched.calls();
    let hashes = hashes.iter().filter(|it| it.starts_with("proves")).count();
    (outcome.result.err(), outcome.hold_back, hashes)
}

/// Everything that whoever sends it sees: from several networks and addresses, between guesses at other secrets, in this
/// window, in the next, and two days later.
async fn everything_seen(world: &World, sent: &Try, sources: &[IpAddr]) -> Vec<Seen> {
    let mut all = Vec::new();
    let (window, two_days) = (1_000_000, 172_800_000);
    for begins in [1_200_000, 1_200_000 + window, 1_200_000 + two_days] {
        let mut now = begins;
        for (number, source) in (0_u32..180).zip(sources.iter().cycle()) {
            now += 1_000;
            let again = sent.clone().from(*source).after(now);
            all.push(seen(world, again).await);
            if number % 9 == 8 {
                let guess = format!("guess {begins} {number} 000000");
                let guess = Try {
                    secret: guess,
                    ..sent.clone().from(*source).after(now)
                };
                all.push(seen(world, guess).await);
            }
        }
    }
    all
}

#[tokio::test]
async fn t_cred_8_what_comes_again_and_again_looks_the_same_be_it_right_or_wrong() {
    let strange: [IpAddr; 3] = [
        [198, 51, 100, 9].into(),
        [203, 0, 113, 7].into(),
        "2001:db8:1:2::7".parse().unwrap(),
    ];
    let with_home = [HOME.into(), strange[0], strange[1]];
    for methods in POLICIES {
        for sources in [strange, with_home] {
            let mut first: Option<Vec<Seen>> = None;
            for sent in ALL {
                // Nobody's name is at home nowhere; and nobody guesses an app password, whose looks are counted apart.
                let is_strange = sent == Sent::NobodysName && sources == with_home;
                if is_strange || sent == Sent::AppPassword {
                    continue;
                }
                let (world, _anna, typed) = company(methods, sent).await;
                let seen = everything_seen(&world, &typed, &sources).await;
                let expected = first.get_or_insert_with(|| seen.clone());
                for (number, (seen, expected)) in seen.iter().zip(&*expected).enumerate() {
                    assert_eq!(seen, expected, "{methods:?}, {sent:?}, {number}");
                }
                assert_eq!(seen.len(), expected.len());
            }
            let first = first.unwrap();
            let is_held = |seen: &&Seen| seen.1.0 == LONGEST_HOLD_BACK;
            assert!(first.iter().filter(is_held).count() > 100, "{methods:?}");
            assert!(first.iter().all(|it| it.0 == Some(Refusal::Denied)));
        }
    }
}

#[tokio::test]
async fn t_cred_8_ever_new_codes_look_the_same_behind_a_right_secret_and_a_wrong_one() {
    for methods in POLICIES {
        let mut all = Vec::new();
        for secret in ["a guess", SECRET, "app password"] {
            let (world, anna, _) = company(methods, Sent::WrongSecret).await;
            let secret = match secret {
                "app password" => anna.person.secret.clone(),
                secret => secret.to_owned(),
            };
            let mut sequence = Vec::new();
            for code in 500..560 {
                let typed = types("anna", &format!("{secret}{}", anna.code(code)));
                let typed = typed.from([198, 51, 100, 9]).after(1_200_000);
                sequence.push(seen(&world, typed).await);
            }
            all.push(sequence);
        }
        let [wrong, right, app_password] = all.as_slice() else {
            unreachable!("three secrets");
        };
        assert_eq!(right, wrong, "{methods:?}");
        assert_eq!(app_password, wrong, "{methods:?}");
        let hashes: usize = wrong.iter().map(|it| it.2).sum();
        assert_eq!(hashes, usize::try_from(MAX_IN_WINDOW).unwrap());
    }
}

#[tokio::test]
async fn whoever_knows_a_secret_makes_no_more_hashes_than_whoever_guesses() {
    for sent in ALL {
        let (world, _anna, typed) = company(POLICIES[0], sent).await;
        let mut hashes = 0;
        for number in 0..500 {
            let again = typed.clone().from([198, 51, 100, 9]);
            hashes += seen(&world, again.after(1_200_000 + number)).await.2;
        }
        assert_eq!(hashes, 1, "{sent:?}");
    }
}

#[tokio::test]
async fn what_was_refused_for_something_else_is_right_when_that_is_mended() {
    let world = takes(POLICIES[0]);
    let anna = Anna::of(&world).await;
    remembers(&world, &anna.person, SECRET, 0).await;
    let typed = types("anna", &format!("{SECRET}{}", anna.code(0)));
    world.set_state(&anna.person, AccountState::Locked).await;
    for _ in 0..30 {
        assert!(tried(&world, typed.clone()).await.is_some());
    }
    world.set_state(&anna.person, AccountState::Active).await;
    world.watched.calls();
    assert_eq!(
        tried(&world, typed).await,
        None,
        "the same text, the same code"
    );
    let calls = world.watched.calls();
    assert!(
        calls.iter().all(|it| !it.starts_with("proves")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn a_text_that_was_wrong_is_right_once_it_is_the_secret() {
    let world = takes(&["memorised-secret"]);
    let anna = Anna::of(&world).await;
    remembers(&world, &anna.person, OLD_SECRET, 0).await;
    for _ in 0..5 {
        assert!(tried(&world, types("anna", SECRET)).await.is_some());
    }
    remembers(&world, &anna.person, SECRET, 1).await;
    let right = tried(&world, types("anna", SECRET).after(2_000)).await;
    assert_eq!(right, None);
}

#[tokio::test]
async fn t_cred_8_what_comes_again_asks_the_store_for_the_same_be_it_right_or_wrong() {
    for methods in POLICIES {
        let mut first: Option<Vec<String>> = None;
        for sent in ALL {
            // Nobody guesses an app password, whose looks are counted apart.
            if sent == Sent::AppPassword {
                continue;
            }
            let (world, _anna, typed) = company(methods, sent).await;
            for number in 0..3 {
                let again = typed.clone().from([198, 51, 100, 9]);
                world.watched.calls();
                world.verify(again.after(1_200_000 + number)).await;
            }
            let calls = world.watched.calls();
            let expected = first.get_or_insert_with(|| calls.clone());
            assert_eq!(calls, *expected, "{methods:?}, {sent:?}");
            let mut settled = calls.iter().filter(|it| it.starts_with("settle"));
            assert!(settled.next_back().unwrap().contains("a text"), "{calls:?}");
        }
    }
}
