//! Codes that are sent: where they go, what is counted, and the messages that wait.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::{Event, Kind, NotSent};
use ::authn::credential::otp_token::Source;
use ::authn::credential::sent_code::{
    Address, Became, BudgetPlace, Carrier, Claimed, Code, Content, Delivery, Destination, Guessed,
    HOLD, Language, MAX_GUESSES, MAX_GUESSES_IN_A_ROW, MAX_LIVING, Message, MessageRecord,
    MessageState, Queued, Queueing, SentCode,
};
use ::authn::handle::Handle;
use ::authn::lockout::Subject;
use ::authn::ports::Unavailable;
use ::authn::sign_in::{Completed, SignIn, Stage};
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use super::pages::{begun, completion, key, signed_in, with_secret};
use super::{Conforming, account, all_at_once, at, event};

fn destination(account: &Account, address: &str, seconds: i64) -> Option<Destination> {
    let carrier = match address.starts_with('+') {
        true => Carrier::Sms,
        false => Carrier::Mail,
    };
    Some(Destination {
        account: account.id.clone(),
        address: Address::parse(carrier, address)?,
        set: at(seconds),
        held_until: at(seconds).checked_add(HOLD).unwrap_or(at(seconds)),
    })
}

const NUMBER: &str = "+46701234567";

pub(super) async fn set<S: Conforming>(
    store: &S,
    account: &Account,
    address: &str,
    seconds: i64,
) -> Result<Destination, Unavailable> {
    let Some(destination) = destination(account, address, seconds) else {
        return Err(crate::unavailable("that is no address"));
    };
    let kind = Kind::DestinationSet {
        by: destination.address.carrier(),
        to: destination.address.masked(),
        held_until: destination.held_until,
    };
    let event = event(seconds, kind, account);
    assert!(
        store
            .set_destination(&destination, Vec::new(), event)
            .await?
    );
    Ok(destination)
}

async fn of<S: Conforming>(store: &S, account: &Account) -> Result<Vec<Destination>, Unavailable> {
    store
        .destinations(&Subject::Account(account.id.clone()))
        .await
}

/// A destination is read as it was set; of each carrier an account has one, and no other account has it.
pub async fn a_destination_keeps_all_its_fields_and_is_the_only_one_of_its_kind<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, ben) = (
        with_secret(&*store, "anna").await?,
        with_secret(&*store, "ben").await?,
    );
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    let mail = set(&*store, &anna, "anna@example.com", 20).await?;
    assert_eq!(of(&*store, &anna).await?, [mail.clone(), phone]);
    assert_eq!(of(&*store, &ben).await?, []);
    let other = set(&*store, &anna, "+46709999999", 30).await?;
    assert_eq!(of(&*store, &anna).await?, [mail.clone(), other]);
    let removed = event(40, Kind::DestinationRemoved { by: Carrier::Sms }, &anna);
    let remove = || store.remove_destination((&anna.id, Carrier::Sms), None, removed.clone());
    assert!(remove().await?);
    assert!(!remove().await?, "there is none");
    assert_eq!(of(&*store, &anna).await?, [mail]);
    let nobody = account("nobody");
    let nowhere = destination(&nobody, NUMBER, 10);
    let nowhere = nowhere.ok_or_else(|| crate::unavailable("a number"))?;
    let event = event(40, Kind::DestinationRemoved { by: Carrier::Sms }, &nobody);
    assert!(!store.set_destination(&nowhere, Vec::new(), event).await?);
    Ok(())
}

/// Whoever is unknown has no destination, whatever its bucket is called.
pub async fn an_unknown_subject_has_no_destinations<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    set(&*store, &anna, NUMBER, 10).await?;
    assert_eq!(store.destinations(&Subject::Unknown(0)).await?, []);
    Ok(())
}

/// Who is signed in when a destination is set or removed is put out.
pub async fn a_destination_that_is_set_or_removed_ends_the_sessions<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, ben) = (
        with_secret(&*store, "anna").await?,
        with_secret(&*store, "ben").await?,
    );
    let is_in = |handle: u8| {
        let store = &store;
        async move { Ok::<_, Unavailable>(store.session(key(handle), at(60)).await?.is_some()) }
    };
    signed_in(&*store, &ben, 9, 20).await?;
    signed_in(&*store, &anna, 2, 20).await?;
    set(&*store, &anna, NUMBER, 30).await?;
    assert!(!is_in(2).await?);
    signed_in(&*store, &anna, 4, 40).await?;
    let removed = event(50, Kind::DestinationRemoved { by: Carrier::Sms }, &anna);
    assert!(
        store
            .remove_destination((&anna.id, Carrier::Sms), None, removed)
            .await?
    );
    assert!(!is_in(4).await?);
    assert!(is_in(9).await?, "another's goes on");
    Ok(())
}

/// A sign-in that asks for a code, of a handle made of one byte.
fn asks_for_a_code(step: u32) -> SignIn {
    let name = "anna".to_owned();
    SignIn {
        step,
        stage: Stage::Code {
            name,
            proved: None,
            sent: None,
        },
        ends: at(1_000_000),
        ..begun()
    }
}

/// What is queued when a code is asked for in a sign-in whose step was taken.
fn queueing(to: Option<&Destination>, account: &Account, number: u8, seconds: i64) -> Queueing {
    let refused = asks_for_a_code(1);
    let code = Code::made_from([number, 2, 3, 4, 5, 6, 7, 8]);
    let sent = to.map(|to| SentCode::of(&code, &Handle::made_from([number; 32]), to, at(seconds)));
    let stage = Stage::Code {
        name: "anna".to_owned(),
        proved: None,
        sent,
    };
    let kinds = [
        Kind::CodeQueued {
            by: Carrier::Sms,
            to: "+46*******67".to_owned(),
        },
        Kind::MessageNotSent {
            not_sent: NotSent::TooMany,
            to: None,
        },
    ];
    Queueing {
        key: key(number),
        queued: SignIn {
            stage,
            ..refused.clone()
        },
        refused,
        places: BudgetPlace::of_code(to, (100, &Secret::new(vec![9; 32])), at(seconds)),
        message: message(to, &format!("message-{number:03}"), code, seconds),
        events: kinds.map(|kind| to.map(|_| event(seconds, kind, account))),
    }
}

fn message(to: Option<&Destination>, id: &str, code: Code, seconds: i64) -> Message {
    let nowhere = || Address::Sms(proto::sending::PhoneNumber::of_nobody());
    Message {
        id: id.to_owned(),
        account: to.map(|to| to.account.clone()),
        address: to.map_or_else(nowhere, |to| to.address.clone()),
        content: Content::Code(code),
        language: Language::Swedish,
        queued: at(seconds),
        ends: at(seconds.saturating_add(300)),
    }
}

async fn queue<S: Conforming>(store: &S, queueing: Queueing) -> Result<Queued, Unavailable> {
    let begun = asks_for_a_code(0);
    store.begin_sign_in(queueing.key, &begun).await?;
    assert!(store.take_step(queueing.key, 0).await?);
    store.queue_code(queueing).await
}

async fn claimed<S: Conforming>(store: &S, now: Timestamp) -> Result<Vec<Claimed>, Unavailable> {
    let until = now.checked_add(SignedDuration::from_secs(40));
    store.claim(now, until.unwrap_or(now), 100).await
}

/// However many ask at once, so many codes are queued as may live.
pub async fn of_64_parallel_requests_so_many_codes_are_queued_as_a_budget_has_room_for<
    S: Conforming,
>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    let queued = all_at_once(&store, 64, |store, number| {
        let (anna, phone) = (anna.clone(), phone.clone());
        async move {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            queue(&*store, queueing(Some(&phone), &anna, number, 20)).await
        }
    });
    let queued = queued.await?;
    let written = queued.iter().filter(|it| **it == Queued::Written).count();
    assert_eq!(u32::try_from(written), Ok(MAX_LIVING));
    assert_eq!(claimed(&*store, at(20)).await?.len(), written);
    let events = store.read(1, 1_000).await?;
    let of_kind =
        |is_one: fn(&Kind) -> bool| events.iter().filter(|it| is_one(&it.event.kind)).count();
    assert_eq!(of_kind(|it| matches!(it, Kind::CodeQueued { .. })), written);
    let refused = of_kind(|it| matches!(it, Kind::MessageNotSent { .. }));
    assert_eq!(refused, queued.len().saturating_sub(written));
    let later = queueing(Some(&phone), &anna, 200, 320);
    assert_eq!(
        queue(&*store, later).await?,
        Queued::Written,
        "those live no more"
    );
    Ok(())
}

/// Whether a code is queued or not, the sign-in goes on, with the code or as it was.
pub async fn a_code_without_room_moves_its_sign_in_on_all_the_same<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    let with_room = queueing(Some(&phone), &anna, 1, 20);
    assert_eq!(queue(&*store, with_room.clone()).await?, Queued::Written);
    assert_eq!(store.sign_in(key(1), at(20)).await?, Some(with_room.queued));
    let mut without = queueing(Some(&phone), &anna, 2, 20);
    for place in &mut without.places {
        place.at_most = 1;
    }
    assert_eq!(queue(&*store, without.clone()).await?, Queued::NoRoom);
    assert_eq!(store.sign_in(key(2), at(20)).await?, Some(without.refused));
    // What it took before it came to a budget without room was taken back: another five minutes, another three.
    let later = [3, 4, 5, 6].map(|number| queueing(Some(&phone), &anna, number, 320));
    let mut queued = Vec::new();
    for later in later {
        queued.push(queue(&*store, later).await?);
    }
    let three = [
        Queued::Written,
        Queued::Written,
        Queued::Written,
        Queued::NoRoom,
    ];
    assert_eq!(queued, three);
    assert_eq!(claimed(&*store, at(20)).await?.len(), 1);
    Ok(())
}

/// Nothing is queued for a sign-in that is gone, or at another step.
pub async fn a_code_is_queued_for_a_sign_in_that_is_there<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    let asked = queueing(Some(&phone), &anna, 1, 20);
    assert_eq!(store.queue_code(asked.clone()).await?, Queued::Gone);
    store.begin_sign_in(key(1), &asks_for_a_code(0)).await?;
    assert_eq!(
        store.queue_code(asked.clone()).await?,
        Queued::Gone,
        "its step was not taken"
    );
    assert!(store.take_step(key(1), 0).await?);
    assert_eq!(claimed(&*store, at(20)).await?, []);
    assert_eq!(store.queue_code(asked).await?, Queued::Written);
    Ok(())
}

/// A code for nobody moves the sign-in on, is sent to nobody, and is told to nobody.
pub async fn a_code_of_nobody_is_nobodys_message<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let length = store.read(1, 1_000).await?.len();
    for number in 0..20 {
        let of_nobody = queueing(None, &anna, number, 20);
        assert_eq!(
            queue(&*store, of_nobody).await?,
            Queued::Written,
            "it always has room"
        );
    }
    assert!(!store.is_due(at(1_000)).await?);
    assert_eq!(claimed(&*store, at(1_000)).await?, []);
    assert_eq!(store.messages(None, 100).await?, []);
    assert_eq!(store.read(1, 1_000).await?.len(), length);
    Ok(())
}

fn guess(account: &Account, source: Source, seconds: i64) -> BudgetPlace {
    let subject = Subject::Account(account.id.clone());
    BudgetPlace::of_guess(&subject, source, at(seconds))
}

/// However many guess at once, five are looked at in a window; familiar sources have a budget of their own.
pub async fn of_64_parallel_guesses_at_sent_codes_five_are_looked_at<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let looked = |source: Source, seconds: i64| {
        let place = guess(&anna, source, seconds);
        all_at_once(&store, 64, move |store, _| {
            let place = place.clone();
            async move { store.reserve_guess(place).await }
        })
    };
    for (source, seconds) in [
        (Source::Unfamiliar, 20),
        (Source::Familiar, 20),
        (Source::Unfamiliar, 20 + 900),
    ] {
        let places = looked(source, seconds).await?;
        let given = places.into_iter().filter(|it| *it).count();
        assert_eq!(
            u32::try_from(given),
            Ok(MAX_GUESSES),
            "{source:?} {seconds}"
        );
    }
    Ok(())
}

/// A hundred in a row, over however many windows, end it until somebody looks.
pub async fn after_a_hundred_guesses_in_a_row_none_is_looked_at_until_a_number_is_set<
    S: Conforming,
>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let mut looked = 0;
    for window in 0..40_i64 {
        for _ in 0..MAX_GUESSES {
            let place = guess(&anna, Source::Familiar, window.saturating_mul(900));
            looked = u32::from(store.reserve_guess(place).await?).saturating_add(looked);
        }
    }
    assert_eq!(looked, MAX_GUESSES_IN_A_ROW);
    set(&*store, &anna, NUMBER, 40_000).await?;
    assert!(
        store
            .reserve_guess(guess(&anna, Source::Familiar, 40_000))
            .await?
    );
    Ok(())
}

/// A sign-in that was completed with a code gives its guess back, and ends those in a row.
pub async fn a_sign_in_with_a_sent_code_gives_its_guess_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let place = guess(&anna, Source::Familiar, 20);
    for _ in 0..MAX_GUESSES {
        assert!(store.reserve_guess(place.clone()).await?);
    }
    assert!(!store.reserve_guess(place.clone()).await?);
    store.begin_sign_in(key(1), &begun()).await?;
    let mut done = completion(&anna, (1, 2), 21);
    done.guessed = Some(Guessed {
        place: place.clone(),
        tokens: None,
    });
    assert_eq!(store.complete(done).await?, Completed::Written);
    assert!(store.reserve_guess(place.clone()).await?);
    assert!(!store.reserve_guess(place).await?);
    Ok(())
}

/// A message goes to one sender, whole; to another where that one was not heard of in time.
pub async fn of_16_parallel_senders_one_gets_a_message<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    let asked = queueing(Some(&phone), &anna, 1, 20);
    assert_eq!(queue(&*store, asked.clone()).await?, Queued::Written);
    assert!(!store.is_due(at(19)).await? && store.is_due(at(20)).await?);
    let got = all_at_once(&store, 16, |store, _| async move {
        claimed(&*store, at(20)).await
    });
    let got: Vec<Claimed> = got.await?.into_iter().flatten().collect();
    let all = [Claimed {
        message: asked.message,
        until: at(60),
    }];
    assert_eq!(got, all);
    assert!(!store.is_due(at(59)).await?);
    assert_eq!(
        claimed(&*store, at(60)).await?.len(),
        1,
        "nobody heard of it again"
    );
    Ok(())
}

fn delivery(id: &str, until: Timestamp, seconds: i64, became: Became) -> Delivery {
    Delivery {
        id: id.to_owned(),
        until,
        at: at(seconds),
        became,
        said: "first: HTTP 202".to_owned(),
    }
}

fn sent(account: &Account, seconds: i64) -> Became {
    let kind = Kind::MessageSent {
        by: Carrier::Sms,
        to: "+46*******67".to_owned(),
        provider: "first".to_owned(),
    };
    let event = Event::observed(at(seconds), kind, Some(account.id.clone()));
    let provider = "first".to_owned();
    Became::Sent { provider, event }
}

/// What became of a message is written once, under the claim it was sent by, with its event; nobody gets it again.
pub async fn a_message_that_was_sent_says_nothing_any_more<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    queue(&*store, queueing(Some(&phone), &anna, 1, 20)).await?;
    claimed(&*store, at(20)).await?;
    let other = delivery("message-001", at(61), 22, sent(&anna, 22));
    assert!(!store.delivered(other).await?, "of another claim");
    let ours = delivery("message-001", at(60), 22, sent(&anna, 22));
    assert!(store.delivered(ours.clone()).await?);
    let length = store.read(1, 1_000).await?.len();
    assert!(!store.delivered(ours).await?, "it is over");
    assert_eq!(store.read(1, 1_000).await?.len(), length);
    assert!(!store.is_due(at(1_000_000)).await?);
    let listed = store.messages(Some(&anna.id), 10).await?;
    let record = MessageRecord {
        id: "message-001".to_owned(),
        account: anna.id.clone(),
        carrier: Carrier::Sms,
        to: "+46*******67".to_owned(),
        state: MessageState::Sent,
        queued: at(20),
        ended: Some(at(22)),
        provider: Some("first".to_owned()),
        said: Some("first: HTTP 202".to_owned()),
    };
    assert_eq!(listed, [record]);
    Ok(())
}

/// A message that nobody took waits for its time, and says what it said.
pub async fn a_message_is_tried_again_when_its_time_has_come<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let phone = set(&*store, &anna, NUMBER, 10).await?;
    let asked = queueing(Some(&phone), &anna, 1, 20);
    queue(&*store, asked.clone()).await?;
    claimed(&*store, at(20)).await?;
    let again = Became::Again { at: at(27) };
    assert!(
        store
            .delivered(delivery("message-001", at(60), 22, again))
            .await?
    );
    assert_eq!(claimed(&*store, at(26)).await?, []);
    let got = claimed(&*store, at(27)).await?;
    assert_eq!(got.first().map(|it| &it.message), Some(&asked.message));
    let kind = Kind::MessageNotSent {
        not_sent: NotSent::NotTaken,
        to: Some("+46*******67".to_owned()),
    };
    let event = Event::observed(at(30), kind, Some(anna.id.clone()));
    let failed = Became::Failed { event };
    assert!(
        store
            .delivered(delivery("message-001", at(67), 30, failed))
            .await?
    );
    let listed = store.messages(None, 10).await?;
    let states: BTreeSet<_> = listed.iter().map(|it| it.state.as_str()).collect();
    assert_eq!(states, BTreeSet::from(["failed"]));
    Ok(())
}

/// The last come first, of one account or of all, and so many as are asked for.
pub async fn the_latest_messages_are_listed_without_those_of_nobody<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, ben) = (
        with_secret(&*store, "anna").await?,
        with_secret(&*store, "ben").await?,
    );
    let annas = set(&*store, &anna, NUMBER, 10).await?;
    let bens = set(&*store, &ben, "+46709999999", 10).await?;
    for (to, account, number, seconds) in [
        (Some(&annas), &anna, 1, 20),
        (Some(&bens), &ben, 2, 30),
        (Some(&annas), &anna, 3, 40),
        (None, &anna, 4, 50),
    ] {
        queue(&*store, queueing(to, account, number, seconds)).await?;
    }
    let ids = |records: Vec<MessageRecord>| {
        let ids = records.into_iter().map(|it| it.id);
        ids.collect::<Vec<_>>()
    };
    let all = ["message-003", "message-002", "message-001"];
    assert_eq!(ids(store.messages(None, 10).await?), all);
    assert_eq!(ids(store.messages(None, 2).await?), all[..2]);
    assert_eq!(
        ids(store.messages(Some(&ben.id), 10).await?),
        ["message-002"]
    );
    Ok(())
}
