//! Codes that are sent: to whom, how many, for which sign-in, and what nobody learns by asking for one.

use std::collections::BTreeSet;

use authn::account::Account;
use authn::admin::destinations::{self, DestinationError, Hold};
use authn::admin::secrets;
use authn::admin::spare_codes::{SpareRandomness, TemporaryOrder, give_temporary_code};
use authn::audit::{Kind, NotSent, Reason};
use authn::credential::memorised_secret;
use authn::credential::sent_code::{
    Address, Carrier, Content, HOLD, LIFE, Language, MAX_GUESSES, MAX_IN_WINDOW, MAX_LIVING,
    Message,
};
use authn::credential::spare_code::LONGEST;
use authn::handle::Handle;
use authn::place::{Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::Outbox;
use authn::sign_in::{self, Answered, Asked, MAX_STEPS, Requirement, Sending};
use jiff::Timestamp;

use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand};

const PHONE: &str = "+46701234567";

fn sending() -> Sending {
    Sending {
        carriers: vec![Carrier::Sms, Carrier::Mail],
        per_prefix: 100,
        prefixes: Vec::new(),
    }
}

fn sms(number: &str) -> Address {
    Address::parse(Carrier::Sms, number).unwrap()
}

fn takes(methods: &[&str]) -> Policy {
    Policy {
        rules: vec![Rule {
            services: [Service::PORTAL].into(),
            methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
            ..Rule::default()
        }],
    }
}

/// A company that takes either kind of code.
fn either() -> Pages {
    let mut pages = Pages::new();
    pages.world.rules.policy = takes(&[
        "memorised-secret + one-time-code",
        "memorised-secret + sent-code",
    ]);
    pages
}

impl Pages {
    /// Sets a number, which gets codes at once.
    async fn phone(&self, account: &Account, number: &str) {
        self.set(account, sms(number), Hold::Waived, 0)
            .await
            .unwrap();
    }

    async fn set(
        &self,
        account: &Account,
        address: Address,
        hold: Hold,
        second: i64,
    ) -> Result<(), DestinationError> {
        let ids = [self.world.draw(), self.world.draw()];
        let (by, how) = (by_hand(second), (hold, Language::English));
        let set = destinations::set(&self.ports, (account, address), how, &by, ids).await;
        set.map(drop)
    }

    /// A sign-in up to its code.
    async fn at_the_code(&self, name: &str, secret: &str, now: Timestamp) -> Handle {
        let handle = Handle::made_from(self.fresh());
        let begun = sign_in::SignIn::begin(
            Service::PORTAL,
            Requirement::SecretAndCode,
            "/".to_owned(),
            now,
        );
        let begun = self
            .ports
            .sign_ins
            .begin_sign_in(handle.key(), &begun)
            .await;
        begun.unwrap();
        for typed in [name, secret] {
            let asks = self.answers_at(&handle, typed, HOME, now).await.answered;
            assert!(matches!(asks, Answered::Asks), "{typed}: {asks:?}");
        }
        handle
    }

    /// Asks for a code.
    async fn asks(&self, handle: &Handle, sending: &Sending, now: Timestamp) -> Answered {
        let [byte, rest @ ..] = self.fresh();
        let [_, _, _, other, ..] = rest;
        let mut id = [byte; 16];
        id.copy_from_slice(&self.fresh()[..16]);
        let asked = Asked {
            language: Language::English,
            code: [byte, other, 3, 1, 4, 1, 5, id[3]],
            id,
        };
        let rules = (&self.world.rules, sending);
        let at = here(HOME, now);
        let outcome = sign_in::send(&self.ports, rules, handle, asked, &at).await;
        outcome.unwrap().answered
    }

    /// The messages that wait, each taken once.
    async fn taken(&self, now: Timestamp) -> Vec<Message> {
        let memory = self.world.watched.memory();
        let claimed = memory.claim(now, Timestamp::MAX, 1_000).await.unwrap();
        claimed.into_iter().map(|it| it.message).collect()
    }

    /// Asks for a code that must be sent.
    async fn sent(&self, handle: &Handle, now: Timestamp) -> String {
        let asks = self.asks(handle, &sending(), now).await;
        assert!(matches!(asks, Answered::Asks), "{asks:?}");
        let messages = self.taken(now).await;
        let [message] = &messages[..] else {
            unreachable!("{messages:?}");
        };
        shown(message)
    }

    async fn not_sent(&self) -> Vec<NotSent> {
        let trail = self.world.watched.trail().await.into_iter();
        let reasons = trail.filter_map(|chained| match chained.event.kind {
            Kind::MessageNotSent { not_sent, .. } => Some(not_sent),
            _ => None,
        });
        reasons.collect()
    }
}

fn shown(message: &Message) -> String {
    match &message.content {
        Content::Code(code) => code.shown().expose().clone(),
        other => unreachable!("{other:?}"),
    }
}

fn other_than(code: &str) -> &'static str {
    match code {
        "000000" => "111111",
        _ => "000000",
    }
}

#[tokio::test]
async fn s80_a_code_that_was_sent_begins_a_session_and_is_spent_with_its_sign_in() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    let handle = pages.at_the_code(&anna.upn, SECRET, at(10)).await;
    let code = pages.sent(&handle, at(10)).await;
    let done = pages
        .answers_at(&handle, &code, HOME, at(20))
        .await
        .answered;
    let Answered::Done { handle: held, .. } = done else {
        panic!("{done:?}");
    };
    let resumed = pages
        .resumed(&held, (&Service::PORTAL, &here(HOME, at(21))))
        .await;
    let (session, account) = resumed.unwrap();
    assert_eq!(session.methods, [Method::MemorisedSecret, Method::SentCode]);
    assert_eq!(session.token, None);
    let proved = account.second_factor.unwrap();
    assert_eq!((proved.method, proved.last), (Method::SentCode, at(20)));
    let again = pages
        .answers_at(&handle, &code, HOME, at(22))
        .await
        .answered;
    assert!(matches!(again, Answered::Gone), "{again:?}");
    let trail: Vec<String> = pages
        .world
        .watched
        .trail()
        .await
        .into_iter()
        .map(|it| it.text)
        .collect();
    assert!(
        trail
            .iter()
            .any(|it| it.contains("code-queued") && it.contains("+46*******67"))
    );
    assert!(
        trail
            .iter()
            .all(|it| !it.contains(&code) && !it.contains(PHONE))
    );
}

#[tokio::test]
async fn t_otp_8_a_sent_code_is_of_one_sign_in_and_the_last_that_was_sent() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    let one = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
    let other = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
    let of_one = pages.sent(&one, at(0)).await;
    let refused = pages
        .answers_at(&other, &of_one, HOME, at(1))
        .await
        .answered;
    assert!(
        matches!(refused, Answered::Refused),
        "it asked for none: {refused:?}"
    );
    let third = pages.at_the_code(&anna.upn, SECRET, at(1)).await;
    let of_third = pages.sent(&third, at(1)).await;
    assert_ne!(of_one, of_third);
    let refused = pages
        .answers_at(&third, &of_one, HOME, at(2))
        .await
        .answered;
    assert!(
        matches!(refused, Answered::Refused),
        "it has one of its own: {refused:?}"
    );
    assert_eq!(pages.reasons().await.last(), Some(&Reason::WrongCode));
    let fresh = pages.sent(&one, at(3)).await;
    assert_ne!(fresh, of_one);
    let done = pages.answers_at(&one, &fresh, HOME, at(4)).await.answered;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
}

#[tokio::test]
async fn a_sent_code_ends_after_five_minutes() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    for (wait, is_in_time) in [(LIFE.as_secs() - 1, true), (LIFE.as_secs(), false)] {
        let handle = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
        let code = pages.sent(&handle, at(0)).await;
        let answered = pages
            .answers_at(&handle, &code, HOME, at(wait))
            .await
            .answered;
        assert_eq!(
            matches!(answered, Answered::Done { .. }),
            is_in_time,
            "{answered:?}"
        );
    }
    assert_eq!(pages.reasons().await, [Reason::CodeEnded]);
}

#[tokio::test]
async fn t_cred_8_whoever_asks_for_a_code_gets_the_same_and_nobody_but_its_owner_a_message() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    let ben = pages.person("ben").await;
    let cleo = pages.person("cleo").await;
    pages
        .set(&cleo, sms("+46709999999"), Hold::Usual, 0)
        .await
        .unwrap();
    for (name, secret) in [
        (anna.upn.as_str(), "wrong"),
        ("nobody@contoso.com", SECRET),
        (&ben.upn, SECRET),
        (&cleo.upn, SECRET),
    ] {
        let handle = pages.at_the_code(name, secret, at(0)).await;
        let asks = pages.asks(&handle, &sending(), at(0)).await;
        assert!(matches!(asks, Answered::Asks), "{name}: {asks:?}");
        assert_eq!(pages.taken(at(1)).await, [], "{name}");
        let refused = pages
            .answers_at(&handle, "123456", HOME, at(1))
            .await
            .answered;
        assert!(matches!(refused, Answered::Refused), "{name}: {refused:?}");
    }
    assert_eq!(
        pages.not_sent().await,
        [NotSent::NoDestination, NotSent::Held]
    );
    let fresh = pages.begin().await;
    let too_early = pages.asks(&fresh, &sending(), at(0)).await;
    assert!(matches!(too_early, Answered::Gone), "{too_early:?}");
    let stranger = Handle::made_from([0xee; 32]);
    let gone = pages.asks(&stranger, &sending(), at(0)).await;
    assert!(matches!(gone, Answered::Gone), "{gone:?}");
}

/// Whoever has codes sent again and again learns nothing of the secret by it, and has no more guesses at it (Vaultwarden
/// CVE-2026-43914).
#[tokio::test]
async fn t_cred_6_asking_for_a_code_anew_looks_at_no_secret_and_makes_no_guess_undone() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    for _ in 0..memorised_secret::MAX_IN_WINDOW {
        let handle = pages.at_the_code(&anna.upn, "wrong", at(0)).await;
        let before = pages.hashed();
        // The name and the secret took a step each.
        for _ in 2..MAX_STEPS {
            let asks = pages.asks(&handle, &sending(), at(0)).await;
            assert!(matches!(asks, Answered::Asks), "{asks:?}");
        }
        let gone = pages.asks(&handle, &sending(), at(0)).await;
        assert!(matches!(gone, Answered::Gone), "it has an end: {gone:?}");
        assert_eq!(pages.hashed(), before);
    }
    assert_eq!(pages.taken(at(1)).await, []);
    let before = pages.hashed();
    let handle = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
    let asks = pages.asks(&handle, &sending(), at(0)).await;
    assert!(matches!(asks, Answered::Asks), "{asks:?}");
    assert_eq!(pages.hashed(), before, "the right one comes too late");
    assert_eq!(pages.taken(at(1)).await, []);
    assert_eq!(pages.reasons().await.pop(), Some(Reason::TooManyFailures));
}

#[tokio::test]
async fn t_otp_10_of_a_hundred_requests_few_are_sent_and_the_page_is_the_same() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    let mut sent = Vec::new();
    // Each sign-in takes so many steps, and a secret has a budget of its own.
    for minute in [0, 6] {
        let now = at(minute * 60);
        for _ in 0..4 {
            let handle = pages.at_the_code(&anna.upn, SECRET, now).await;
            for _ in 0..13 {
                let asks = pages.asks(&handle, &sending(), now).await;
                assert!(matches!(asks, Answered::Asks), "{asks:?}");
            }
        }
        sent.push(pages.taken(now).await.len());
    }
    let counts = [MAX_LIVING, MAX_IN_WINDOW].map(|it| usize::try_from(it).unwrap());
    let [living, in_all] = counts;
    assert_eq!(sent, [living, in_all - living]);
    let refused = pages.not_sent().await;
    assert_eq!(refused.len(), 2 * 4 * 13 - in_all);
    assert!(refused.iter().all(|it| *it == NotSent::TooMany));
}

#[tokio::test]
async fn t_otp_10_a_number_and_numbers_that_begin_alike_have_budgets_whoever_asks() {
    let pages = either();
    let few = Sending {
        per_prefix: 4,
        ..sending()
    };
    let mut sent = 0;
    for (sam, number) in [("anna", PHONE), ("ben", PHONE), ("cleo", "+46701200000")] {
        let account = pages.person(sam).await;
        pages.phone(&account, number).await;
        let handle = pages.at_the_code(&account.upn, SECRET, at(0)).await;
        for _ in 0..2 {
            pages.asks(&handle, &few, at(0)).await;
        }
        let now = pages.taken(at(0)).await.len();
        sent += now;
        // Anna has two; ben's number is hers, and three may live; of what begins alike there are four.
        assert_eq!(
            now,
            match sam {
                "anna" => 2,
                _ => 1,
            },
            "{sam}"
        );
    }
    assert_eq!(sent, 4);
}

#[tokio::test]
async fn t_cred_9_a_fresh_code_makes_no_guess_undone() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    for guess in 0..i64::from(MAX_GUESSES) {
        // So far apart that a code may be sent, and in one window.
        let now = at(guess * 160);
        let handle = pages.at_the_code(&anna.upn, SECRET, now).await;
        let code = pages.sent(&handle, now).await;
        let refused = pages
            .answers_at(&handle, other_than(&code), HOME, now)
            .await
            .answered;
        assert!(matches!(refused, Answered::Refused), "{refused:?}");
    }
    let now = at(890);
    let handle = pages.at_the_code(&anna.upn, SECRET, now).await;
    // No code is sent any more, and one of a token is refused as well: both were guessed at.
    let refused = pages
        .answers_at(&handle, &code(890), HOME, now)
        .await
        .answered;
    assert!(matches!(refused, Answered::Refused), "{refused:?}");
    assert_eq!(pages.reasons().await.last(), Some(&Reason::TooManyCodes));
    let handle = pages.at_the_code(&anna.upn, SECRET, at(901)).await;
    let code = pages.sent(&handle, at(901)).await;
    let done = pages
        .answers_at(&handle, &code, HOME, at(902))
        .await
        .answered;
    assert!(
        matches!(done, Answered::Done { .. }),
        "in the next window: {done:?}"
    );
}

#[tokio::test]
async fn t_otp_9_a_number_that_was_set_waits_for_72_hours_and_the_old_one_is_told() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    let mail = Address::parse(Carrier::Mail, "anna@example.com").unwrap();
    pages.set(&anna, mail, Hold::Waived, 0).await.unwrap();
    let told = pages.taken(at(0)).await;
    assert_eq!(told.len(), 1, "the number hears of the address");
    pages
        .set(&anna, sms("+46709999999"), Hold::Usual, 60)
        .await
        .unwrap();
    let told = pages.taken(at(60)).await;
    let told: Vec<_> = told
        .iter()
        .map(|it| (it.address.as_str(), it.content.clone()))
        .collect();
    let changed = Content::Changed {
        by: Carrier::Sms,
        to: "+46*******99".to_owned(),
    };
    assert_eq!(
        told,
        [("anna@example.com", changed.clone()), (PHONE, changed)]
    );
    // By mail meanwhile, as that is held no more; without it by nothing.
    let handle = pages.at_the_code(&anna.upn, SECRET, at(70)).await;
    pages.asks(&handle, &sending(), at(70)).await;
    let sent = pages.taken(at(70)).await;
    assert_eq!(sent[0].address.as_str(), "anna@example.com");
    let by_sms = Sending {
        carriers: vec![Carrier::Sms],
        ..sending()
    };
    let held_until = 60 + HOLD.as_secs();
    for (second, count) in [(held_until - 1, 0), (held_until, 1)] {
        let handle = pages.at_the_code(&anna.upn, SECRET, at(second)).await;
        pages.asks(&handle, &by_sms, at(second)).await;
        assert_eq!(pages.taken(at(second)).await.len(), count, "{second}");
    }
    assert_eq!(pages.not_sent().await, [NotSent::Held]);
    let again = pages
        .set(&anna, sms("+46709999999"), Hold::Usual, held_until)
        .await;
    assert_eq!(again, Err(DestinationError::Already { held_until: None }));
}

#[tokio::test]
async fn a_code_under_way_is_good_for_nothing_where_its_number_is_taken_away() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    let before = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
    let code = pages.sent(&before, at(0)).await;
    let done = pages.answers_at(&before, &code, HOME, at(1)).await.answered;
    let Answered::Done { handle: held, .. } = done else {
        panic!("{done:?}");
    };
    let handle = pages.at_the_code(&anna.upn, SECRET, at(2)).await;
    let code = pages.sent(&handle, at(2)).await;
    destinations::remove(&pages.ports, &anna, Carrier::Sms, &by_hand(3))
        .await
        .unwrap();
    let refused = pages.answers_at(&handle, &code, HOME, at(4)).await.answered;
    assert!(matches!(refused, Answered::Refused), "{refused:?}");
    let resumed = pages
        .resumed(&held, (&Service::PORTAL, &here(HOME, at(4))))
        .await;
    assert!(resumed.is_none(), "and whoever came in by it is out");
    let nothing = destinations::remove(&pages.ports, &anna, Carrier::Sms, &by_hand(5)).await;
    assert_eq!(nothing, Err(DestinationError::Nothing));
}

#[tokio::test]
async fn s80_a_policy_takes_either_code_or_refuses_the_one_that_is_sent() {
    for (methods, takes_token, takes_sent) in [
        (
            &[
                "memorised-secret + one-time-code",
                "memorised-secret + sent-code",
            ][..],
            true,
            true,
        ),
        (&["memorised-secret + one-time-code"], true, false),
        (&["memorised-secret + sent-code"], false, true),
    ] {
        let mut pages = Pages::new();
        pages.world.rules.policy = takes(methods);
        let policy = &pages.world.rules.policy;
        let portal = (&Zone::EXTERNAL, &Service::PORTAL);
        let is_offered = Requirement::takes(policy, portal, Method::SentCode);
        assert_eq!(is_offered, takes_sent, "{methods:?}");
        let required = Requirement::of(policy, &Zone::EXTERNAL, &Service::PORTAL);
        assert_eq!(required, Some(Requirement::SecretAndCode));
        let anna = pages.person("anna").await;
        pages.phone(&anna, PHONE).await;
        let handle = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
        let by_token = pages
            .answers_at(&handle, &code(0), HOME, at(0))
            .await
            .answered;
        assert_eq!(
            matches!(by_token, Answered::Done { .. }),
            takes_token,
            "{methods:?}"
        );
        let handle = pages.at_the_code(&anna.upn, SECRET, at(30)).await;
        pages.asks(&handle, &sending(), at(30)).await;
        let sent = pages.taken(at(30)).await;
        assert_eq!(sent.len(), usize::from(takes_sent), "{methods:?}");
        if let [message] = &sent[..] {
            let by_sent = pages
                .answers_at(&handle, &shown(message), HOME, at(31))
                .await
                .answered;
            assert!(matches!(by_sent, Answered::Done { .. }), "{by_sent:?}");
        }
        let reasons = pages.reasons().await;
        assert_eq!(
            reasons.contains(&Reason::NotAllowedHere),
            !takes_token,
            "{reasons:?}"
        );
    }
    for one_factor in [
        &["memorised-secret"][..],
        &["app-password + sent-code"],
        &["sent-code"],
    ] {
        let policy = takes(one_factor);
        let portal = (&Zone::EXTERNAL, &Service::PORTAL);
        assert!(!Requirement::takes(&policy, portal, Method::SentCode));
    }
}

#[tokio::test]
async fn an_invitation_leads_in_where_the_code_of_a_token_does() {
    for (methods, is_led_in) in [
        (
            &[
                "memorised-secret + one-time-code",
                "memorised-secret + sent-code",
            ][..],
            true,
        ),
        (&["memorised-secret + sent-code"], false),
    ] {
        let mut pages = Pages::new();
        pages.world.rules.policy = takes(methods);
        let anna = pages.world.person("anna").await.account;
        let lasting = HOLD;
        let invited =
            secrets::invite(&pages.ports, &anna, lasting, &by_hand(0), pages.fresh()).await;
        let (invitation, _) = invited.unwrap();
        let both = (&invitation, &Handle::made_from(pages.fresh()));
        let (rules, at) = (&pages.world.rules, here(HOME, at(1)));
        let welcome = sign_in::welcome(&pages.ports, rules, both, Service::PORTAL, &at).await;
        assert_eq!(welcome.is_ok(), is_led_in, "{methods:?}: {welcome:?}");
    }
}

#[tokio::test]
async fn a_sign_in_by_a_sent_code_counts_against_no_token() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, PHONE).await;
    for minute in 0..8 {
        let now = at(minute * 360);
        let handle = pages.at_the_code(&anna.upn, SECRET, now).await;
        let code = pages.sent(&handle, now).await;
        let done = pages.answers_at(&handle, &code, HOME, now).await.answered;
        assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    }
    let subject = authn::lockout::Subject::Account(anna.id.clone());
    let tokens = pages
        .ports
        .attempt
        .otp_tokens
        .otp_tokens_of(&subject)
        .await
        .unwrap();
    assert_eq!(tokens[0].record.failures, 0);
}

#[tokio::test]
async fn codes_go_to_numbers_that_begin_as_they_may() {
    let pages = either();
    let anna = pages.person("anna").await;
    pages.phone(&anna, "+882160000000").await;
    let swedish = Sending {
        prefixes: vec!["+46".to_owned(), "+47".to_owned()],
        ..sending()
    };
    assert!(swedish.reaches(&sms(PHONE)) && !swedish.reaches(&sms("+882160000000")));
    let handle = pages.at_the_code(&anna.upn, SECRET, at(0)).await;
    pages.asks(&handle, &swedish, at(0)).await;
    assert_eq!(pages.taken(at(0)).await, []);
    assert_eq!(pages.not_sent().await, [NotSent::NotThere]);
}

#[tokio::test]
async fn one_page_takes_each_kind_of_code_that_its_policy_names_and_no_other() {
    let kinds = [Method::OneTimeCode, Method::SentCode, Method::TemporaryCode];
    for taken in kinds {
        let mut pages = Pages::new();
        pages.world.rules.policy = takes(&[&format!("memorised-secret + {}", taken.as_str())]);
        let anna = pages.person("anna").await;
        pages.phone(&anna, PHONE).await;
        let order = TemporaryOrder {
            lasting: LONGEST,
            uses: 1,
        };
        let random = SpareRandomness {
            id: pages.world.draw(),
            code: pages.world.draw(),
        };
        let codes = &*pages.ports.spare_codes;
        let given = give_temporary_code(codes, &anna, order, &by_hand(0), random).await;
        let temporary = given.unwrap().0.expose().clone();
        for (kind, second) in kinds.into_iter().zip([30, 60, 90]) {
            let now = at(second);
            let handle = pages.at_the_code(&anna.upn, SECRET, now).await;
            pages.asks(&handle, &sending(), now).await;
            let sent = pages.taken(now).await;
            assert_eq!(sent.len(), usize::from(taken == Method::SentCode));
            let typed = match kind {
                Method::TemporaryCode => temporary.clone(),
                Method::SentCode => sent.first().map_or_else(|| "31415926".to_owned(), shown),
                _ => code(second),
            };
            let answered = pages.answers_at(&handle, &typed, HOME, now).await.answered;
            match answered {
                Answered::Done { handle, .. } => {
                    let found = pages
                        .resumed(&handle, (&Service::PORTAL, &here(HOME, now)))
                        .await;
                    let (session, _) = found.unwrap();
                    let proved: BTreeSet<Method> = session.methods.into_iter().collect();
                    assert_eq!(proved, [Method::MemorisedSecret, taken].into());
                    assert_eq!(kind, taken);
                }
                refused => assert!(kind != taken, "{kind:?}: {refused:?}"),
            }
        }
    }
}
