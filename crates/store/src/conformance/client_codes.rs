//! Conformance of what clients without a page open by a memorised secret: codes that are sent to them, and grants and tickets
//! that end with the secret and with where the code went.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::{Kind, NotSent};
use ::authn::credential::CredentialId;
use ::authn::credential::grant::{
    Bought, Client, CodeSettlement, Grant, GrantKey, LONGEST, Spends,
};
use ::authn::credential::otp_token::{CodePlace, CodeReservation, CodesOf, Source};
use ::authn::credential::sent_code::{
    Address, BudgetPlace, Carrier, ClientCode, Code, CodeOrder, Content, Destination, LIFE,
    Language, MAX_GUESSES, MAX_UNANSWERED, Message,
};
use ::authn::lockout::Subject;
use ::authn::place::{Channel, Method};
use ::authn::ports::{Settled, Settlement, Unavailable};
use ::authn::ticket::{RelayedTicket, Relaying};
use proto::secret::Secret;
use proto::sending::PhoneNumber;

use super::pages::with_secret;
use super::sent_codes::set as set_destination;
use super::tickets::ticket;
use super::{Conforming, all_at_once, at, event, from_home, of_account, taken};

const NUMBER: &str = "+46701234567";
const WRITTEN: Settled = Settled::Written { is_alarmed: false };

fn client() -> Client {
    Client("192.0.2.7/32".to_owned())
}

fn secret_of(account: &Account) -> CredentialId {
    CredentialId(format!("secret-of-{}", account.sam))
}

/// Anna with a secret and a telephone.
async fn anna<S: Conforming>(store: &S) -> Result<(Account, Destination), Unavailable> {
    let anna = with_secret(store, "anna").await?;
    let destination = set_destination(store, &anna, NUMBER, 2).await?;
    Ok((anna, destination))
}

fn code_to(to: &Destination, seconds: i64) -> ClientCode {
    let key = Secret::new(vec![7; 32]);
    ClientCode::of(&Code::made_from([9; 8]), &key, &client(), to, at(seconds))
}

fn order(to: Option<&Destination>, id: &str, account: &Account, seconds: i64) -> CodeOrder {
    let key = Secret::new(vec![7; 32]);
    let places = |to: Option<&Destination>| {
        let account = to.map(|to| &to.account);
        let mut places = vec![BudgetPlace::of_unanswered(account, at(seconds))];
        places.extend(BudgetPlace::of_code(to, (1_000, &key), at(seconds)));
        places
    };
    let queued = Kind::CodeQueued {
        by: Carrier::Sms,
        to: "masked".to_owned(),
    };
    let refused = Kind::MessageNotSent {
        not_sent: NotSent::TooMany,
        to: None,
    };
    let nobodys = || Address::Sms(PhoneNumber::of_nobody());
    let address = to.map_or_else(nobodys, |to| to.address.clone());
    CodeOrder {
        code: to.map(|to| code_to(to, seconds)),
        remembers: None,
        places: places(to),
        places_of_nobody: places(None),
        message: Message {
            id: id.to_owned(),
            account: to.map(|to| to.account.clone()),
            address,
            content: Content::Code(Code::made_from([9; 8])),
            language: Language::English,
            queued: at(seconds),
            ends: at(seconds).checked_add(LIFE).unwrap_or(at(seconds)),
        },
        events: [queued, refused].map(|kind| Some(event(seconds, kind, account))),
    }
}

async fn settle<S: Conforming>(
    store: &S,
    account: &Account,
    code: CodeSettlement,
    (is_right, seconds): (bool, i64),
) -> Result<Settled, Unavailable> {
    let reservation = taken(store, of_account(account, seconds)).await?;
    let settlement = Settlement {
        reservation,
        succeeded: is_right.then(|| from_home(account, &secret_of(account))),
        code,
        events: Vec::new(),
        alarm: None,
    };
    store.settle(settlement).await
}

async fn asks<S: Conforming>(
    store: &S,
    (account, to): (&Account, Option<&Destination>),
    id: &str,
    seconds: i64,
) -> Result<Settled, Unavailable> {
    let order = Box::new(order(to, id, account, seconds));
    settle(
        store,
        account,
        CodeSettlement::Sends(order),
        (false, seconds),
    )
    .await
}

async fn waiting<S: Conforming>(
    store: &S,
    account: &Account,
) -> Result<Option<ClientCode>, Unavailable> {
    let subject = Subject::Account(account.id.clone());
    store.client_code(&subject, &client()).await
}

async fn due<S: Conforming>(store: &S, seconds: i64) -> Result<usize, Unavailable> {
    let until = at(seconds + 1_000_000);
    Ok(store.claim(at(seconds), until, 100).await?.len())
}

fn grant(account: &Account, token: &CredentialId, seconds: i64) -> Grant {
    Grant {
        key: GrantKey([1; 32]),
        account: account.id.clone(),
        credential: secret_of(account),
        token: Some(token.clone()),
        client: client(),
        made: at(seconds),
        used: at(seconds),
        ends: at(seconds).checked_add(LONGEST).unwrap_or(at(seconds)),
    }
}

fn nothing_taken() -> CodeReservation {
    CodeReservation {
        place: CodePlace::now(
            CodesOf::Subject(Subject::Unknown(0)),
            Source::Familiar,
            at(3),
        ),
        tokens: [].into(),
        may_guess: false,
        is_counted: true,
    }
}

/// A code that is spent and what it buys.
fn buys(account: &Account, code: &ClientCode, seconds: i64) -> CodeSettlement {
    CodeSettlement::Buys(Box::new(Bought {
        spends: Spends::Sent(code.clone(), nothing_taken()),
        grant: grant(account, &code.destination(), seconds),
    }))
}

/// Whoever asks at once gets one code, which is read as it was kept; it is asked for again when it has ended.
pub async fn of_64_parallel_requests_of_a_client_one_code_is_sent<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, to) = anna(&*store).await?;
    let settled = all_at_once(&store, 64, |store, number| {
        let (anna, to) = (anna.clone(), to.clone());
        async move { asks(&*store, (&anna, Some(&to)), &format!("m{number}"), 10).await }
    })
    .await?;
    assert!(settled.iter().all(|it| *it == WRITTEN));
    assert_eq!(waiting(&*store, &anna).await?, Some(code_to(&to, 10)));
    assert_eq!(
        store.client_code(&Subject::Unknown(0), &client()).await?,
        None
    );
    assert_eq!(due(&*store, 10).await?, 1);
    let lives = LIFE.as_secs();
    asks(&*store, (&anna, Some(&to)), "again", 10 + lives - 1).await?;
    assert_eq!(due(&*store, 10 + lives - 1).await?, 0, "one lives");
    asks(&*store, (&anna, Some(&to)), "later", 10 + lives).await?;
    assert_eq!(due(&*store, 10 + lives).await?, 1);
    assert_eq!(
        waiting(&*store, &anna).await?,
        Some(code_to(&to, 10 + lives))
    );
    Ok(())
}

/// A request of nobody's leaves nothing that is sent or taken.
pub async fn a_request_of_nobody_sends_nothing<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, _) = anna(&*store).await?;
    for number in 0..8 {
        let id = format!("m{number}");
        assert_eq!(asks(&*store, (&anna, None), &id, 10).await?, WRITTEN);
    }
    assert_eq!(
        (due(&*store, 10).await?, waiting(&*store, &anna).await?),
        (0, None)
    );
    Ok(())
}

/// Where a budget has no room nothing is kept; what was typed makes room again.
pub async fn codes_that_nobody_types_are_few_and_one_that_is_typed_makes_room<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, to) = anna(&*store).await?;
    let times = |number: i64| 10 + number * 1_000;
    for number in 0..i64::from(MAX_UNANSWERED) {
        asks(
            &*store,
            (&anna, Some(&to)),
            &format!("m{number}"),
            times(number),
        )
        .await?;
        assert_eq!(due(&*store, times(number)).await?, 1, "{number}");
    }
    let last = code_to(&to, times(i64::from(MAX_UNANSWERED) - 1));
    let beyond = times(i64::from(MAX_UNANSWERED));
    asks(&*store, (&anna, Some(&to)), "beyond", beyond).await?;
    assert_eq!(
        (due(&*store, beyond).await?, waiting(&*store, &anna).await?),
        (0, None)
    );
    let spent = buys(&anna, &last, beyond);
    let spent = settle(&*store, &anna, spent, (true, beyond)).await?;
    assert_eq!(spent, Settled::Spent, "it is not there any more");
    let tomorrow = 10 + 25 * 3_600;
    asks(&*store, (&anna, Some(&to)), "tomorrow", tomorrow).await?;
    let code = code_to(&to, tomorrow);
    let typed = settle(
        &*store,
        &anna,
        buys(&anna, &code, tomorrow + 9),
        (true, tomorrow + 9),
    );
    assert_eq!(typed.await?, WRITTEN);
    for number in 1..=i64::from(MAX_UNANSWERED) {
        let second = tomorrow + number * 1_000;
        asks(&*store, (&anna, Some(&to)), &format!("n{number}"), second).await?;
        assert!(waiting(&*store, &anna).await?.is_some(), "{number}");
    }
    Ok(())
}

/// Whoever types it at once: one buys a grant, and the destination must be what it was.
pub async fn of_64_parallel_sign_ins_with_a_sent_code_one_buys_a_grant<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, to) = anna(&*store).await?;
    asks(&*store, (&anna, Some(&to)), "m", 10).await?;
    let code = code_to(&to, 10);
    let late = 10 + LIFE.as_secs();
    let late = settle(&*store, &anna, buys(&anna, &code, late), (true, late));
    assert_eq!(late.await?, Settled::Spent, "it has ended");
    let settled = all_at_once(&store, 64, |store, _| {
        let (anna, code) = (anna.clone(), code.clone());
        async move { settle(&*store, &anna, buys(&anna, &code, 20), (true, 20)).await }
    })
    .await?;
    let written = settled.iter().filter(|it| **it == WRITTEN).count();
    let spent = settled.iter().filter(|it| **it == Settled::Spent).count();
    assert_eq!((written, spent), (1, 63));
    assert_eq!(waiting(&*store, &anna).await?, None);
    let known = store.grant(&GrantKey([1; 32])).await?;
    assert_eq!(known, Some(grant(&anna, &code.destination(), 20)));
    Ok(())
}

async fn is_used<S: Conforming>(
    store: &S,
    grant: &Grant,
    account: &Account,
    seconds: i64,
) -> Result<bool, Unavailable> {
    let uses = CodeSettlement::Uses(Box::new((grant.clone(), None)));
    let used = settle(store, account, uses, (true, seconds)).await?;
    Ok(used == WRITTEN)
}

/// A ticket that a secret and a sent code bought.
fn bought(account: &Account, token: &CredentialId) -> RelayedTicket {
    RelayedTicket {
        channel: Channel::UsernameToken,
        methods: [Method::MemorisedSecret, Method::SentCode].into(),
        token: Some(token.clone()),
        expires: at(100_000),
        second_factor: Some(at(20)),
        ..ticket(1, account, &secret_of(account).0)
    }
}

/// A grant and a ticket end with where the code went.
pub async fn what_a_sent_code_bought_ends_with_its_destination<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    for (number, ends_by_removal) in [(0, true), (1, false)] {
        let sam = format!("anna{number}");
        let anna = with_secret(&*store, &sam).await?;
        let to = set_destination(&*store, &anna, NUMBER, 2).await?;
        asks(&*store, (&anna, Some(&to)), &sam, 10).await?;
        let code = code_to(&to, 10);
        let mut grant = grant(&anna, &code.destination(), 20);
        grant.key = GrantKey([number; 32]);
        let buys = CodeSettlement::Buys(Box::new(Bought {
            spends: Spends::Sent(code.clone(), nothing_taken()),
            grant: grant.clone(),
        }));
        assert_eq!(settle(&*store, &anna, buys, (true, 20)).await?, WRITTEN);
        let mut ticket = bought(&anna, &code.destination());
        ticket.key.0 = [number; 32];
        let heard = store.last().await?;
        store.record(Relaying::of(ticket.clone()), heard).await?;
        assert!(is_used(&*store, &grant, &anna, 21).await?);
        assert!(store.find(&ticket.key, at(21)).await?.is_some());
        match ends_by_removal {
            true => {
                let kind = Kind::DestinationRemoved { by: Carrier::Sms };
                let event = event(30, kind, &anna);
                let removed = store.remove_destination((&anna.id, Carrier::Sms), None, event);
                assert!(removed.await?);
            }
            false => drop(set_destination(&*store, &anna, "+46709999999", 30).await?),
        }
        assert!(!is_used(&*store, &grant, &anna, 31).await?);
        assert!(store.find(&ticket.key, at(31)).await?.is_none());
        assert!(store.last().await? > heard, "connections end");
        let again = store.record(Relaying::of(ticket), i64::MAX).await;
        assert!(again.is_err(), "nothing it rests on stands");
    }
    Ok(())
}

/// A grant and a ticket end with the secret, whichever way it ends; what was typed is known on, and counted once.
pub async fn what_a_secret_opened_ends_with_it_and_is_known_on<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    for (number, ending) in (0_u8..).zip(["set", "remove", "sessions"]) {
        let sam = format!("anna{number}");
        let anna = with_secret(&*store, &sam).await?;
        let to = set_destination(&*store, &anna, NUMBER, 2).await?;
        asks(&*store, (&anna, Some(&to)), &sam, 10).await?;
        let code = code_to(&to, 10);
        let mut grant = grant(&anna, &code.destination(), 20);
        grant.key = GrantKey([number; 32]);
        let buys = CodeSettlement::Buys(Box::new(Bought {
            spends: Spends::Sent(code.clone(), nothing_taken()),
            grant: grant.clone(),
        }));
        assert_eq!(settle(&*store, &anna, buys, (true, 20)).await?, WRITTEN);
        let mut ticket = bought(&anna, &code.destination());
        ticket.key.0 = [number; 32];
        let heard = store.last().await?;
        store.record(Relaying::of(ticket.clone()), heard).await?;
        assert!(store.find(&ticket.key, at(21)).await?.is_some());
        let removed = event(30, Kind::MemorisedSecretRemoved, &anna);
        match ending {
            "set" => super::pages::set(&*store, "another", &anna, 30).await?,
            "remove" => assert!(store.remove_memorised_secret(&anna.id, removed).await?),
            _ => {
                let ended = event(30, Kind::SessionsEnded, &anna);
                store.end_sessions_of(&anna.id, None, ended).await?;
            }
        }
        assert!(store.find(&ticket.key, at(31)).await?.is_none(), "{ending}");
        assert!(store.last().await? > heard, "{ending}");
        let known = store.grant(&grant.key).await?;
        let known = known.ok_or_else(|| crate::unavailable("it is not known"))?;
        assert!(known.token.is_none() && !known.is_claim(at(31)), "{ending}");
        let kept = known.credential != secret_of(&anna);
        assert!(kept, "{ending}: it is of no secret");
    }
    Ok(())
}

/// A guess at a sent code takes its place with those of tokens, and is given back with them.
pub async fn a_guess_at_a_code_of_a_client_takes_a_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, to) = anna(&*store).await?;
    let subject = Subject::Account(anna.id.clone());
    let guess = BudgetPlace::of_guess(&subject, Source::Unfamiliar, at(20));
    let place = || CodePlace {
        guess: Some(guess.clone()),
        ..CodePlace::now(
            CodesOf::Subject(subject.clone()),
            Source::Unfamiliar,
            at(20),
        )
    };
    let claim = Grant {
        token: None,
        ..grant(&anna, &secret_of(&anna), 20)
    };
    let first = store.reserve_code(place(), Some(claim.clone())).await?;
    assert!(first.may_guess && first.is_counted && first.tokens.is_empty());
    let second = store.reserve_code(place(), Some(claim)).await?;
    assert!(second.may_guess && !second.is_counted, "one is under way");
    for guess in 1..MAX_GUESSES {
        assert!(
            store.reserve_code(place(), None).await?.may_guess,
            "{guess}"
        );
    }
    assert!(!store.reserve_code(place(), None).await?.may_guess);
    asks(&*store, (&anna, Some(&to)), "m", 20).await?;
    let code = code_to(&to, 20);
    let buys = CodeSettlement::Buys(Box::new(Bought {
        spends: Spends::Sent(code.clone(), first),
        grant: grant(&anna, &code.destination(), 21),
    }));
    assert_eq!(settle(&*store, &anna, buys, (true, 21)).await?, WRITTEN);
    assert!(store.reserve_code(place(), None).await?.may_guess);
    assert!(!store.reserve_code(place(), None).await?.may_guess);
    Ok(())
}
