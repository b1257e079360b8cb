//! One-time code tokens by hand: enrolled, confirmed, given away, tried, blocked, imported; each act with one event.

use authn::account::AccountId;
use authn::admin::tokens::{self, NewToken, TokenError, TokenRandomness, Trial};
use authn::audit::{Event, Kind, TokenAct};
use authn::credential::CredentialId;
use authn::credential::otp_token::{
    MAX_IN_WINDOW, MAX_PER_ACCOUNT, MAX_STEP, OtpToken, TokenKind, TokenState,
};
use authn::credential::sent_code::MAX_TRIED;
use authn::ports::SerialsTaken;
use proto::otp::{Algorithm, Code, Digits, Generator, KeyUri, Moving, Period, Seed};

use crate::world::{Person, World, at, by_hand};

/// What a token shows.
struct Shown {
    generator: Generator,
    next: u64,
}

impl Shown {
    fn of(uri: &KeyUri) -> Self {
        Self {
            generator: Generator::new(&uri.seed, uri.algorithm, uri.digits),
            next: 0,
        }
    }

    /// The code of a second.
    fn at(&self, second: i64) -> String {
        let step = Period::HALF_A_MINUTE.step(at(second).as_second());
        self.of_step(step)
    }

    fn of_step(&self, step: u64) -> String {
        let code: Code = self.generator.code(step);
        code.shown().expose().clone()
    }

    /// The button is pressed.
    fn press(&mut self) -> String {
        self.next += 1;
        self.of_step(self.next - 1)
    }
}

async fn enrolled(world: &World, person: &Person) -> (OtpToken, Shown) {
    let order = tokens::of_a_phone("phone".to_owned(), "Contoso".to_owned());
    let [id, seed] = [world.draw(), world.draw()];
    let random = TokenRandomness {
        id,
        seed: [seed[0]; 20],
    };
    let made = tokens::enrol(&world.ports, &person.account, order, &by_hand(0), random).await;
    let (record, uri) = made.unwrap();
    assert_eq!(uri.name, person.account.upn);
    assert_eq!(uri.moving, Moving::Time(Period::HALF_A_MINUTE));
    (record, Shown::of(&uri))
}

/// A HOTP token that is nobody's, and what it shows.
async fn imported(world: &World, serial: &str) -> (String, Shown) {
    let token = hardware(serial);
    let generator = Generator::new(&token.seed, token.algorithm, token.digits);
    let random = [world.draw()[0]; 32];
    let brought = tokens::import(&world.ports, vec![token], Trial::Kept, &by_hand(0), random).await;
    assert_eq!(brought, Ok(1));
    let next = 0;
    (serial.to_owned(), Shown { generator, next })
}

fn hardware(serial: &str) -> NewToken {
    NewToken {
        serial: Some(serial.to_owned()),
        account: None,
        label: "key ring".to_owned(),
        kind: TokenKind::Hotp,
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        next: 0,
        seed: Seed::of(b"12345678901234567890".to_vec()).unwrap(),
    }
}

/// What the last event says.
async fn last_event(world: &World) -> Event {
    let trail = world.watched.trail().await;
    trail.into_iter().next_back().unwrap().event
}

async fn last_act(world: &World) -> Option<TokenAct> {
    match last_event(world).await.kind {
        Kind::OtpToken { act, .. } => Some(act),
        _ => None,
    }
}

async fn test(world: &World, called: &str, code: &str, second: i64) -> Result<(), TokenError> {
    let tested = tokens::test(&world.ports, called, code, &by_hand(second)).await;
    tested.map(drop)
}

#[tokio::test]
async fn a_token_waits_for_its_first_code_and_then_works() {
    let world = World::new();
    let anna = world.person("anna").await;
    let (token, shown) = enrolled(&world, &anna).await;
    assert_eq!(token.state, TokenState::Pending);
    assert_eq!(last_act(&world).await, Some(TokenAct::Enrolled));
    let id = &token.id.0;
    assert_eq!(
        test(&world, id, &shown.at(0), 0).await,
        Err(TokenError::Pending)
    );
    let confirm = async |code: &str| {
        let confirmed = tokens::confirm(&world.ports, id, code, &by_hand(0)).await;
        confirmed.map(|token| token.state)
    };
    assert_eq!(confirm(&shown.at(3_000)).await, Err(TokenError::WrongCode));
    assert_eq!(last_act(&world).await, Some(TokenAct::TestFailed));
    assert_eq!(confirm(&shown.at(0)).await, Ok(TokenState::Active));
    assert_eq!(last_act(&world).await, Some(TokenAct::Confirmed));
    assert_eq!(
        last_event(&world).await.account,
        Some(anna.account.id.clone())
    );
    assert_eq!(
        confirm(&shown.at(30)).await,
        Err(TokenError::ConfirmedAlready)
    );
    assert_eq!(
        test(&world, id, &shown.at(0), 0).await,
        Err(TokenError::SpentCode)
    );
    assert_eq!(test(&world, id, &shown.at(30), 0).await, Ok(()));
}

#[tokio::test]
async fn t_otp_1_a_code_works_once_and_a_repeat_is_in_the_audit() {
    let world = World::new();
    let (serial, mut shown) = imported(&world, "100").await;
    let code = shown.press();
    assert_eq!(test(&world, &serial, &code, 0).await, Ok(()));
    assert_eq!(last_act(&world).await, Some(TokenAct::Tested));
    assert_eq!(
        test(&world, &serial, &code, 1).await,
        Err(TokenError::SpentCode)
    );
    assert_eq!(last_act(&world).await, Some(TokenAct::TestFailed));
    let last = last_event(&world).await;
    let actor = last.actor.as_ref().map(|actor| actor.as_str());
    assert_eq!((actor, last.account), (Some("root"), None));
}

#[tokio::test]
async fn t_otp_5_a_button_pressed_in_a_pocket_is_found_again() {
    let world = World::new();
    let (serial, mut shown) = imported(&world, "100").await;
    assert_eq!(test(&world, &serial, &shown.press(), 0).await, Ok(()));
    for _ in 0..20 {
        shown.press();
    }
    let codes = [shown.press(), shown.press(), shown.press()];
    assert_eq!(
        test(&world, &serial, &codes[0], 0).await,
        Err(TokenError::WrongCode)
    );
    let resync = async |one: &str, next: &str| {
        let by = by_hand(0);
        let found = tokens::resync(&world.ports, &serial, [one, next], &by).await;
        found.map(|token| token.next)
    };
    assert_eq!(
        resync(&codes[0], &codes[2]).await,
        Err(TokenError::WrongCodes)
    );
    assert_eq!(resync(&codes[0], &codes[1]).await, Ok(23));
    assert_eq!(last_act(&world).await, Some(TokenAct::Resynchronised));
    assert_eq!(
        test(&world, &serial, &codes[1], 0).await,
        Err(TokenError::SpentCode)
    );
    assert_eq!(test(&world, &serial, &codes[2], 0).await, Ok(()));
}

#[tokio::test]
async fn t_cred_9_after_five_wrong_codes_the_right_one_is_not_looked_at_before_the_window_ends() {
    let world = World::new();
    let (serial, shown) = imported(&world, "100").await;
    for _ in 0..MAX_IN_WINDOW {
        let wrong = test(&world, &serial, "000000", 0).await;
        assert_eq!(wrong, Err(TokenError::WrongCode));
    }
    let right = shown.of_step(0);
    assert_eq!(
        test(&world, &serial, &right, 1).await,
        Err(TokenError::TooManyFailures)
    );
    assert_eq!(last_act(&world).await, Some(TokenAct::TestFailed));
    let (codes, by) = ([&*right, &*shown.of_step(1)], by_hand(1));
    let resync = tokens::resync(&world.ports, &serial, codes, &by).await;
    assert_eq!(resync, Err(TokenError::TooManyFailures));
    assert_eq!(test(&world, &serial, &right, 901).await, Ok(()));
    for _ in 0..MAX_IN_WINDOW {
        let wrong = test(&world, &serial, "000000", 1_900).await;
        assert_eq!(wrong, Err(TokenError::WrongCode));
    }
    tokens::unblock(&world.ports, &serial, &by_hand(1_900))
        .await
        .unwrap();
    assert_eq!(
        test(&world, &serial, &shown.of_step(1), 1_900).await,
        Ok(())
    );
}

#[tokio::test]
async fn a_token_is_given_to_one_account_and_taken_from_it() {
    let world = World::new();
    let (anna, ben) = (world.person("anna").await, world.person("ben").await);
    let (serial, _) = imported(&world, "100").await;
    let assign = async |account: &AccountId| {
        let assigned = tokens::assign(&world.ports, &serial, account, &by_hand(0)).await;
        assigned.map(|token| token.account)
    };
    let (anna, ben) = (&anna.account.id, &ben.account.id);
    let nobodys = tokens::unassign(&world.ports, &serial, &by_hand(0)).await;
    assert_eq!(nobodys, Err(TokenError::Unassigned));
    assert_eq!(assign(anna).await, Ok(Some(anna.clone())));
    assert_eq!(last_event(&world).await.account.as_ref(), Some(anna));
    assert_eq!(assign(ben).await, Err(TokenError::AssignedAlready));
    tokens::unassign(&world.ports, &serial, &by_hand(0))
        .await
        .unwrap();
    assert_eq!(last_act(&world).await, Some(TokenAct::Unassigned));
    assert_eq!(
        last_event(&world).await.account.as_ref(),
        Some(anna),
        "whose it was"
    );
    assert_eq!(assign(ben).await, Ok(Some(ben.clone())));
}

#[tokio::test]
async fn no_code_of_a_blocked_token_is_taken() {
    let world = World::new();
    let (serial, mut shown) = imported(&world, "100").await;
    let by = by_hand(0);
    tokens::block(&world.ports, &serial, &by).await.unwrap();
    assert_eq!(last_act(&world).await, Some(TokenAct::Blocked));
    assert_eq!(
        test(&world, &serial, &shown.press(), 0).await,
        Err(TokenError::Blocked)
    );
    let again = tokens::block(&world.ports, &serial, &by).await;
    assert_eq!(again, Err(TokenError::Blocked));
    let codes = [&*shown.press(), &*shown.press()];
    let resync = tokens::resync(&world.ports, &serial, codes, &by).await;
    assert_eq!(resync, Err(TokenError::Blocked));
    let confirm = tokens::confirm(&world.ports, &serial, codes[0], &by).await;
    assert_eq!(confirm, Err(TokenError::Blocked));
    tokens::unblock(&world.ports, &serial, &by).await.unwrap();
    assert_eq!(last_act(&world).await, Some(TokenAct::Unblocked));
    assert_eq!(test(&world, &serial, codes[0], 0).await, Ok(()));
}

#[tokio::test]
async fn t_cred_9_whoever_tries_codes_and_unblocks_has_so_many_a_day_and_no_more() {
    let world = World::new();
    let (serial, mut shown) = imported(&world, "100").await;
    for number in 0..MAX_TRIED {
        let wrong = test(&world, &serial, "000000", 0).await;
        assert_eq!(wrong, Err(TokenError::WrongCode), "{number}");
        let by = by_hand(0);
        tokens::unblock(&world.ports, &serial, &by).await.unwrap();
    }
    let right = shown.press();
    for second in [0, 86_000] {
        let tried = test(&world, &serial, &right, second).await;
        assert_eq!(tried, Err(TokenError::TriedTooOften));
        assert_eq!(last_act(&world).await, Some(TokenAct::TestFailed));
    }
    assert_eq!(test(&world, &serial, &right, 86_401).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_was_not_confirmed_is_neither_blocked_nor_taken_away_but_removed() {
    let world = World::new();
    let anna = world.person("anna").await;
    let (token, _) = enrolled(&world, &anna).await;
    let (id, by) = (&token.id.0, by_hand(0));
    assert_eq!(
        tokens::block(&world.ports, id, &by).await,
        Err(TokenError::Pending)
    );
    assert_eq!(
        tokens::unblock(&world.ports, id, &by).await,
        Err(TokenError::Pending)
    );
    assert_eq!(
        tokens::unassign(&world.ports, id, &by).await,
        Err(TokenError::Pending)
    );
    assert_eq!(
        tokens::remove(&world.ports, id, &by).await,
        Ok(token.clone())
    );
    assert_eq!(last_act(&world).await, Some(TokenAct::Removed));
    assert_eq!(
        tokens::remove(&world.ports, id, &by).await,
        Err(TokenError::NoSuchToken)
    );
    assert_eq!(
        test(&world, id, "123456", 0).await,
        Err(TokenError::NoSuchToken)
    );
}

#[tokio::test]
async fn an_account_has_five_tokens_and_no_more() {
    let world = World::new();
    let anna = world.person("anna").await;
    for _ in 0..MAX_PER_ACCOUNT {
        enrolled(&world, &anna).await;
    }
    let order = || tokens::of_a_phone("phone".to_owned(), "Contoso".to_owned());
    let random = || TokenRandomness {
        id: [250; 16],
        seed: [1; 20],
    };
    let (ports, by) = (&world.ports, by_hand(0));
    let made = tokens::enrol(ports, &anna.account, order(), &by, random()).await;
    assert_eq!(made.map(drop), Err(TokenError::TooMany));
    let (serial, _) = imported(&world, "100").await;
    let assigned = tokens::assign(ports, &serial, &anna.account.id, &by).await;
    assert_eq!(assigned, Err(TokenError::TooMany));
    let given = NewToken {
        account: Some(anna.account.id.clone()),
        ..hardware("101")
    };
    let brought = tokens::import(ports, vec![given], Trial::Kept, &by, [3; 32]).await;
    assert_eq!(brought, Err(TokenError::TooMany));
}

#[tokio::test]
async fn an_import_is_all_or_nothing_and_on_trial_nothing() {
    let world = World::new();
    let anna = world.person("anna").await;
    let (ports, by) = (&world.ports, by_hand(7));
    let import = async |tokens: Vec<NewToken>, trial| {
        tokens::import(ports, tokens, trial, &by, [9; 32]).await
    };
    let given = || NewToken {
        account: Some(anna.account.id.clone()),
        ..hardware("2")
    };
    let good = || vec![hardware("1"), given()];
    let before = world.watched.trail().await.len();
    assert_eq!(import(good(), Trial::Dry).await, Ok(2));
    let bad: [(NewToken, TokenError); 4] = [
        (
            hardware("1"),
            TokenError::SerialsTaken(SerialsTaken {
                serials: vec!["1".to_owned()],
            }),
        ),
        (hardware("a\nb"), TokenError::UnusableLabel),
        (
            NewToken {
                next: MAX_STEP + 1,
                ..hardware("3")
            },
            TokenError::CounterTooHigh,
        ),
        (
            NewToken {
                account: Some(AccountId("nobody".to_owned())),
                ..hardware("3")
            },
            TokenError::NoSuchAccount,
        ),
    ];
    for (bad, error) in bad {
        for trial in [Trial::Dry, Trial::Kept] {
            let mut tokens = good();
            tokens.push(bad.clone());
            assert_eq!(import(tokens, trial).await, Err(error.clone()));
        }
    }
    assert!(ports.otp_tokens.otp_tokens("", 9).await.unwrap().is_empty());
    assert_eq!(world.watched.trail().await.len(), before);
    assert_eq!(import(good(), Trial::Kept).await, Ok(2));
    let trail = world.watched.trail().await;
    let said: Vec<&Kind> = trail[before..].iter().map(|it| &it.event.kind).collect();
    assert_eq!(said.len(), 2);
    assert_eq!(said[0], &Kind::OtpTokensImported { tokens: 2 });
    let Kind::OtpToken { token, act } = said[1] else {
        panic!("{said:?}");
    };
    assert_eq!(*act, TokenAct::Assigned);
    let stored = ports.otp_tokens.otp_token("2").await.unwrap().unwrap();
    assert_eq!(
        (&stored.record.id, stored.record.state),
        (token, TokenState::Active)
    );
    assert_ne!(stored.record.id, CredentialId("2".to_owned()));
}

#[tokio::test]
async fn a_token_has_a_name_and_an_issuer_that_can_be_shown() {
    let world = World::new();
    let anna = world.person("anna").await;
    let (ports, by) = (&world.ports, by_hand(0));
    for (label, issuer) in [
        ("", "Contoso"),
        ("phone", " "),
        ("a\nb", "x"),
        ("phone", "a\u{7}"),
    ] {
        let order = tokens::of_a_phone(label.to_owned(), issuer.to_owned());
        let random = TokenRandomness {
            id: [1; 16],
            seed: [1; 20],
        };
        let made = tokens::enrol(ports, &anna.account, order, &by, random).await;
        assert_eq!(
            made.map(drop),
            Err(TokenError::UnusableLabel),
            "{label:?} {issuer:?}"
        );
    }
}
