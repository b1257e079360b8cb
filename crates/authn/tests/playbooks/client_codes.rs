//! A code that is sent to a client without a page (S37, S80): the secret alone asks for it, and nobody else does.

use authn::audit::{Event, Kind, NotSent, Reason};
use authn::credential::sent_code::{
    Address, Carrier, Content, Destination, LIFE, MAX_GUESSES, MAX_UNANSWERED, Message,
};
use authn::place::{Method, Service};
use authn::ports::Outbox;
use authn::sign_in::Sending;
use jiff::{SignedDuration, Timestamp};

use crate::codes::{Anna, tried};
use crate::memorised_and_codes::{remembers, takes};
use crate::world::{By, Person, Try, World, at, by_hand, passed};

pub(crate) const SECRET: &str = "four horses in a field";
const PHONE: &str = "+46701234567";
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

/// A company that takes sent codes, and can send them.
pub(crate) fn company() -> World {
    sending(takes(&["memorised-secret + sent-code"]))
}

pub(crate) fn sending(mut world: World) -> World {
    world.rules.sending = Some(Sending {
        carriers: vec![Carrier::Sms],
        per_prefix: 100,
        prefixes: Vec::new(),
    });
    world
}

pub(crate) async fn phone(
    world: &World,
    person: &Person,
    number: &str,
    (second, held): (i64, i64),
) {
    let destination = Destination {
        account: person.account.id.clone(),
        address: Address::parse(Carrier::Sms, number).unwrap(),
        set: at(second),
        held_until: at(held),
    };
    let kind = Kind::DestinationSet {
        by: Carrier::Sms,
        to: destination.address.masked(),
        held_until: destination.held_until,
    };
    let event = Event::by_hand(&by_hand(second), kind, Some(person.account.id.clone()));
    let codes = &world.ports.sent_codes;
    let set = codes.set_destination(&destination, Vec::new(), event).await;
    assert!(set.unwrap());
}

/// Anna, with a secret and a telephone, and with no token.
pub(crate) async fn anna(world: &World) -> Person {
    let anna = world.person("anna").await;
    remembers(world, &anna, SECRET, 0).await;
    phone(world, &anna, PHONE, (-10, -10)).await;
    anna
}

fn types(text: &str) -> Try {
    Try::new(By::Basic, "anna", text)
}

/// The messages that wait, each taken once.
pub(crate) async fn taken(world: &World, second: i64) -> Vec<Message> {
    let (now, until) = (at(second), at(second + 100_000));
    let claimed = world.watched.memory().claim(now, until, 100).await.unwrap();
    claimed.into_iter().map(|it| it.message).collect()
}

pub(crate) fn code_of(message: &Message) -> String {
    let Content::Code(code) = &message.content else {
        unreachable!("a message with a code");
    };
    code.shown().expose().clone()
}

/// Asks, and reads the telephone.
pub(crate) async fn asks(world: &World, second: i64) -> String {
    let alone = types(SECRET).after(second * 1_000);
    assert_eq!(tried(world, alone).await, Some(Reason::CodeMissing));
    let messages = taken(world, second).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages.first().map(code_of).unwrap()
}

async fn kinds(world: &World) -> Vec<Kind> {
    let trail = world.watched.trail().await.into_iter();
    trail.map(|it| it.event.kind).collect()
}

async fn not_sent(world: &World) -> Vec<NotSent> {
    let kinds = kinds(world).await.into_iter();
    let not_sent = kinds.filter_map(|kind| match kind {
        Kind::MessageNotSent { not_sent, .. } => Some(not_sent),
        _ => None,
    });
    not_sent.collect()
}

#[tokio::test]
async fn s37_s80_the_secret_alone_asks_for_a_code_and_both_open_everything_once() {
    let world = company();
    let anna = anna(&world).await;
    let code = asks(&world, 0).await;
    let typed = format!("{SECRET}{code}");
    let outcome = world.verify(types(&typed).after(30_000)).await;
    assert_eq!(passed(&outcome), Some(&anna.account));
    let who = outcome.result.unwrap().authenticated;
    assert_eq!(who.methods(), [Method::MemorisedSecret, Method::SentCode]);
    for service in [Service::LYNC, Service::EWS] {
        let again = Try {
            service,
            ..types(&typed).after(60_000)
        };
        assert_eq!(tried(&world, again).await, None);
    }
    let accepted = |kind: &&Kind| matches!(kind, Kind::SentCodeAccepted { by: Carrier::Sms });
    assert_eq!(kinds(&world).await.iter().filter(accepted).count(), 1);
    assert!(taken(&world, 60).await.is_empty(), "nothing more was sent");
}

#[tokio::test]
async fn nobody_gets_a_message_who_did_not_type_the_right_secret_alone() {
    let world = company();
    let anna = anna(&world).await;
    let ben = world.person("ben").await;
    remembers(&world, &ben, SECRET, 0).await;
    for tried in [
        types("wrong"),
        types(&format!("{SECRET}000000")),
        types(&anna.secret),
        Try::new(By::Basic, "nobody", SECRET),
        Try::new(By::Basic, "ben", SECRET),
        Try::new(By::Ntlm, "anna", SECRET),
        Try {
            sip_uri: Some("sip:ben.sip@contoso.com".to_owned()),
            ..types(SECRET)
        },
    ] {
        assert!(passed(&world.verify(tried).await).is_none());
    }
    assert!(taken(&world, 0).await.is_empty());
    assert_eq!(not_sent(&world).await, [NotSent::NoDestination], "ben's");
}

#[tokio::test]
async fn t_otp_9_a_number_that_is_held_gets_nothing_and_the_audit_says_so() {
    let world = company();
    let anna = anna(&world).await;
    phone(&world, &anna, "+46707654321", (0, 1_000)).await;
    assert!(tried(&world, types(SECRET).after(1_000)).await.is_some());
    assert!(taken(&world, 1).await.is_empty());
    assert_eq!(not_sent(&world).await, [NotSent::Held]);
}

#[tokio::test]
async fn nothing_is_sent_where_nobody_carries_it_or_no_rule_takes_it() {
    let mut silent = company();
    silent.rules.sending = None;
    anna(&silent).await;
    assert!(tried(&silent, types(SECRET)).await.is_some());
    assert_eq!(not_sent(&silent).await, [NotSent::NotTaken]);
    let by_token = sending(takes(&["memorised-secret + one-time-code"]));
    anna(&by_token).await;
    assert!(tried(&by_token, types(SECRET)).await.is_some());
    for world in [&silent, &by_token] {
        assert!(taken(world, 0).await.is_empty());
    }
}

#[tokio::test]
async fn t_cred_8_asking_costs_everybody_the_same_calls() {
    let world = company();
    let anna = anna(&world).await;
    let _without_secret = world.person("nora").await;
    let cases = [
        types(SECRET),
        types("wrong"),
        Try::new(By::Basic, "nora", SECRET),
        Try::new(By::Basic, "nobody", SECRET),
    ];
    for is_hashed in [true, false] {
        let mut all = Vec::new();
        for (number, tried) in (1_u8..).zip(&cases) {
            world.watched.calls();
            let tried = tried.clone().from([203, 0, number, 7]);
            let outcome = world.verify(tried).await;
            let seen = (outcome.result.err(), outcome.hold_back);
            all.push((world.watched.calls(), seen));
        }
        let first = all.first().unwrap().clone();
        let made = first.0.iter().any(|it| it.starts_with("proves"));
        assert_eq!(made, is_hashed);
        assert!(all.iter().all(|it| *it == first), "{all:?}");
    }
    assert_eq!(taken(&world, 0).await.len(), 1, "{}", anna.account.sam);
}

#[tokio::test]
async fn t_otp_10_a_device_that_nobody_looks_at_sends_three_messages_a_day_and_locks_nobody() {
    let world = company();
    anna(&world).await;
    let mut sent = 0;
    for minute in 0..(23 * 60) {
        let alone = types(SECRET).after(minute * 60_000);
        assert_eq!(tried(&world, alone).await, Some(Reason::CodeMissing));
        sent += taken(&world, minute * 60).await.len();
    }
    assert_eq!(sent, usize::try_from(MAX_UNANSWERED).unwrap());
    assert!(not_sent(&world).await.contains(&NotSent::TooMany));
    let tomorrow = 25 * 3_600;
    let code = asks(&world, tomorrow).await;
    let typed = types(&format!("{SECRET}{code}")).after((tomorrow + 20) * 1_000);
    assert_eq!(tried(&world, typed).await, None);
}

#[tokio::test]
async fn one_lives_of_a_client_at_a_time_and_an_answer_makes_room() {
    let world = company();
    anna(&world).await;
    let lives = LIFE.as_secs();
    for number in 0..6 {
        let second = number * (lives + 600);
        let code = asks(&world, second).await;
        let again = types(SECRET).after((second + lives - 1) * 1_000);
        assert_eq!(tried(&world, again).await, Some(Reason::CodeMissing));
        assert!(taken(&world, second + lives - 1).await.is_empty());
        let typed = types(&format!("{SECRET}{code}")).after((second + lives - 1) * 1_000);
        assert_eq!(tried(&world, typed).await, None, "{number}");
    }
}

#[tokio::test]
async fn a_code_is_of_one_client_and_five_minutes_and_one_destination() {
    let world = company();
    let anna = anna(&world).await;
    let code = asks(&world, 0).await;
    let typed = types(&format!("{SECRET}{code}"));
    let elsewhere = typed.clone().from(ELSEWHERE).after(1_000);
    assert_eq!(
        tried(&world, elsewhere.clone()).await,
        Some(Reason::WrongCode)
    );
    assert_eq!(tried(&world, elsewhere).await, Some(Reason::CodeAgain));
    let late = typed.after(LIFE.as_secs() * 1_000);
    assert_eq!(tried(&world, late).await, Some(Reason::CodeEnded));
    let code = asks(&world, 1_000).await;
    phone(&world, &anna, "+46707654321", (1_001, 1_001)).await;
    let moved = types(&format!("{SECRET}{code}")).after(1_002_000);
    assert_eq!(tried(&world, moved).await, Some(Reason::WrongCode));
}

#[tokio::test]
async fn a_code_that_came_by_another_address_first_is_still_its_clients() {
    let world = company();
    anna(&world).await;
    let typed = types(&format!("{SECRET}{}", asks(&world, 0).await));
    let by_another = typed.clone().from(ELSEWHERE).after(1_000);
    assert_eq!(tried(&world, by_another).await, Some(Reason::WrongCode));
    assert_eq!(tried(&world, typed.after(2_000)).await, None);
}

#[tokio::test]
async fn t_otp_7_what_a_code_bought_ends_with_its_number_and_with_the_secret() {
    for ending in ["number", "secret"] {
        let world = company();
        let anna = anna(&world).await;
        let typed = format!("{SECRET}{}", asks(&world, 0).await);
        assert_eq!(tried(&world, types(&typed).after(1_000)).await, None);
        match ending {
            "number" => phone(&world, &anna, "+46707654321", (2, 2)).await,
            _ => remembers(&world, &anna, "another secret of hers", 2).await,
        }
        let refused = tried(&world, types(&typed).after(3_000)).await;
        assert!(refused.is_some(), "{ending}");
        let heard = authn::ports::Revocations::last(world.watched.memory()).await;
        assert!(heard.unwrap() > 0, "{ending}: connections end");
    }
}

#[tokio::test]
async fn t_cred_9_guesses_at_a_code_are_few_and_a_fresh_code_makes_none_undone() {
    let world = company();
    anna(&world).await;
    let code = asks(&world, 0).await;
    for guess in 0..MAX_GUESSES {
        let guess = types(&format!("{SECRET}{guess:06}")).after(1_000);
        let reason = tried(&world, guess).await;
        assert_eq!(reason, Some(Reason::WrongCode));
    }
    let right = types(&format!("{SECRET}{code}"));
    let refused = tried(&world, right.after(2_000)).await;
    assert_eq!(refused, Some(Reason::TooManyCodes));
    let fresh = asks(&world, LIFE.as_secs()).await;
    let right = types(&format!("{SECRET}{fresh}")).after((LIFE.as_secs() + 1) * 1_000);
    assert_eq!(tried(&world, right).await, Some(Reason::TooManyCodes));
}

/// What was wrong for one client is a guess at the code of another, and takes a place as any guess.
#[tokio::test]
async fn t_cred_9_what_was_wrong_for_one_client_is_a_guess_at_the_code_of_another() {
    let world = company();
    anna(&world).await;
    let guesses: Vec<String> = (0..MAX_GUESSES).map(|it| format!("{it:06}")).collect();
    // In one window at a client for which nothing waits, in the next at hers.
    for guess in &guesses {
        let guess = types(&format!("{SECRET}{guess}")).from(ELSEWHERE);
        assert!(tried(&world, guess.after(1_000)).await.is_some());
    }
    let next = 901;
    let code = asks(&world, next).await;
    for guess in &guesses {
        let guess = types(&format!("{SECRET}{guess}")).after((next + 1) * 1_000);
        let reason = tried(&world, guess.clone()).await;
        assert_eq!(reason, Some(Reason::WrongCode));
        let again = tried(&world, guess.after((next + 2) * 1_000)).await;
        assert_eq!(again, Some(Reason::CodeAgain), "it is counted once");
    }
    let right = types(&format!("{SECRET}{code}")).after((next + 3) * 1_000);
    assert_eq!(tried(&world, right).await, Some(Reason::TooManyCodes));
}

#[tokio::test]
async fn a_token_and_a_sent_code_stand_beside_each_other() {
    let world = sending(takes(&[
        "memorised-secret + one-time-code",
        "memorised-secret + sent-code",
    ]));
    let anna = Anna::of(&world).await;
    remembers(&world, &anna.person, SECRET, 0).await;
    phone(&world, &anna.person, PHONE, (-10, -10)).await;
    let by_token = types(&format!("{SECRET}{}", anna.code(0)));
    assert_eq!(tried(&world, by_token).await, None);
    let code = asks(&world, 1).await;
    let by_message = types(&format!("{SECRET}{code}")).after(2_000);
    assert_eq!(tried(&world, by_message).await, None);
}

#[tokio::test]
async fn an_app_password_may_have_a_sent_code_behind_it_as_well() {
    let world = sending(takes(&["app-password + sent-code"]));
    let anna = world.person("anna").await;
    phone(&world, &anna, PHONE, (-10, -10)).await;
    let alone = types(&anna.secret);
    assert_eq!(tried(&world, alone).await, Some(Reason::CodeMissing));
    let messages = taken(&world, 0).await;
    let typed = types(&format!("{}{}", anna.secret, code_of(&messages[0])));
    assert_eq!(tried(&world, typed.after(1_000)).await, None);
}

#[tokio::test]
async fn a_code_that_was_typed_makes_the_lease_of_app_passwords_new() {
    let world = company();
    let anna = anna(&world).await;
    let code = asks(&world, 0).await;
    let typed = types(&format!("{SECRET}{code}")).after(5_000);
    assert_eq!(tried(&world, typed).await, None);
    let account = world.ports.accounts.by_id(&anna.account.id).await.unwrap();
    let factor = account.unwrap().second_factor.unwrap();
    let proved: (Method, Timestamp) = (factor.method, factor.last);
    let then = at(0) + SignedDuration::from_secs(5);
    assert_eq!(proved, (Method::SentCode, then));
}
