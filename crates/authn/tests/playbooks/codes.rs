//! Active two-factor: an app password with a one-time code behind it, where the policy asks for both (S37, S43, T-OTP-6).

use std::net::IpAddr;

use authn::admin::tokens::{self, NewToken, Trial};
use authn::audit::{Kind, Reason};
use authn::credential::CredentialId;
use authn::credential::grant::BoundTo;
use authn::credential::otp_token::{MAX_IN_WINDOW, TokenKind};
use authn::place::{Method, Service, Zone};
use authn::policy::{Combination, Rule};
use authn::revocation::Revoked;
use authn::{Attempt, Outcome};
use proto::otp::{Algorithm, Digits, Generator, Seed};

use crate::world::{By, HOME, Person, Try, World, by_hand, for_lync, passed};

/// Another house of the same street, whose network is another.
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];
/// The next house: another address of the same network.
const NEXT_DOOR: [u8; 4] = [192, 0, 2, 11];

/// A company that wants both, for Lync and for EWS.
pub(crate) fn company() -> World {
    let mut world = World::new();
    let both = Combination::from(Method::AppPassword).and(Method::OneTimeCode);
    world.rules.policy.rules = vec![Rule {
        zones: [Zone::EXTERNAL].into(),
        services: [Service::LYNC, Service::EWS].into(),
        methods: vec![both],
        ..Rule::default()
    }];
    world
}

/// Anna, her button, and an app password for both services.
pub(crate) struct Anna {
    pub(crate) person: Person,
    generator: Generator,
    pub(crate) serial: String,
}

impl Anna {
    pub(crate) async fn of(world: &World) -> Self {
        let mut person = world.person("anna").await;
        let mut new = for_lync("laptop");
        new.scope.insert(Service::EWS);
        let (record, secret) = world.app_password(&person.account, new).await;
        (person.record, person.secret) = (record, secret);
        let serial = "100".to_owned();
        let generator = button(world, &serial, &person).await;
        Self {
            person,
            generator,
            serial,
        }
    }

    /// What she types when her button shows the code of a counter.
    fn typed(&self, counter: u64) -> String {
        format!("{}{}", self.person.secret, self.code(counter))
    }

    /// What her button shows.
    pub(crate) fn code(&self, counter: u64) -> String {
        self.generator.code(counter).shown().expose().clone()
    }

    pub(crate) fn tries(&self, counter: u64) -> Try {
        Try::new(By::Basic, "anna", &self.typed(counter))
    }
}

/// A HOTP token of somebody.
async fn button(world: &World, serial: &str, person: &Person) -> Generator {
    let seed = Seed::of([world.draw(), world.draw()].concat()).unwrap();
    let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
    let token = NewToken {
        serial: Some(serial.to_owned()),
        account: Some(person.account.id.clone()),
        label: "key ring".to_owned(),
        kind: TokenKind::Hotp,
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        next: 0,
        seed,
    };
    let random = [world.draw()[0]; 32];
    let brought = tokens::import(&world.ports, vec![token], Trial::Kept, &by_hand(0), random).await;
    assert_eq!(brought, Ok(1));
    generator
}

/// The reason of a refusal; nothing of who passed.
async fn reason(world: &World, outcome: &Outcome) -> Option<Reason> {
    match outcome.result {
        Ok(_) => None,
        Err(_) => world.reason().await,
    }
}

pub(crate) async fn tried(world: &World, tried: Try) -> Option<Reason> {
    let outcome = world.verify(tried).await;
    reason(world, &outcome).await
}

/// How many codes were evaluated, as the audit says it.
pub(crate) async fn evaluations(world: &World) -> usize {
    let trail = world.watched.trail().await;
    let accepted = trail
        .iter()
        .filter(|it| matches!(it.event.kind, Kind::CodeAccepted { .. }));
    accepted.count()
}

pub(crate) async fn failures(world: &World, serial: &str) -> u32 {
    let token = world.ports.otp_tokens.otp_token(serial).await.unwrap();
    token.unwrap().record.failures
}

#[tokio::test]
async fn s37_an_app_password_and_a_code_are_wanted_and_neither_is_enough() {
    let world = company();
    let anna = Anna::of(&world).await;
    let secret = anna.person.secret.clone();
    let alone = Try::new(By::Basic, "anna", &secret);
    assert_eq!(tried(&world, alone).await, Some(Reason::CodeMissing));
    let code = anna.generator.code(0).shown().expose().clone();
    let only = Try::new(By::Basic, "anna", &code);
    assert_eq!(tried(&world, only).await, Some(Reason::WrongSecret));
    let wrong = Try::new(By::Basic, "anna", &format!("x{secret}{code}"));
    assert_eq!(tried(&world, wrong).await, Some(Reason::WrongSecret));
    let both = world.verify(anna.tries(0)).await;
    assert_eq!(passed(&both), Some(&anna.person.account));
    let who = both.result.unwrap().authenticated;
    assert_eq!(who.methods(), [Method::AppPassword, Method::OneTimeCode]);
    assert_eq!(who.credential(), &anna.person.record.id);
    assert!(who.token().is_some());
    let plain = anna.typed(1).replace('-', "");
    let plain = Try::new(By::Basic, "anna", &plain);
    assert_eq!(tried(&world, plain).await, None, "without its dashes, too");
}

#[tokio::test]
async fn s37_ntlm_cannot_carry_a_code_and_the_audit_says_so() {
    let world = company();
    let anna = Anna::of(&world).await;
    for by in [By::Ntlm, By::Negotiate] {
        let secret = Try::new(by, "anna", &anna.person.secret);
        assert_eq!(tried(&world, secret).await, Some(Reason::CodeNotByNtlm));
        let both = Try::new(by, "anna", &anna.typed(0));
        assert_eq!(tried(&world, both).await, Some(Reason::WrongSecret));
    }
    assert_eq!(
        failures(&world, &anna.serial).await,
        0,
        "no code was looked at"
    );
}

#[tokio::test]
async fn s43_the_same_typed_secret_opens_every_service_and_one_code_is_evaluated() {
    let world = company();
    let anna = Anna::of(&world).await;
    for second in 0..20 {
        for service in [Service::LYNC, Service::EWS] {
            let again = Try {
                service,
                ..anna.tries(0).after(second * 60_000)
            };
            let outcome = world.verify(again).await;
            let who = passed(&outcome).map(|it| &it.id);
            assert_eq!(who, Some(&anna.person.account.id), "{second}");
        }
    }
    assert_eq!(evaluations(&world).await, 1);
    assert_eq!(failures(&world, &anna.serial).await, 0);
}

#[tokio::test]
async fn t_otp_6_a_grant_is_one_clients_and_the_code_stays_spent() {
    let world = company();
    let anna = Anna::of(&world).await;
    assert_eq!(tried(&world, anna.tries(0)).await, None);
    for address in [ELSEWHERE, NEXT_DOOR] {
        let thief = anna.tries(0).from(address);
        assert_eq!(tried(&world, thief).await, Some(Reason::CodeSpent));
    }
    assert_eq!(tried(&world, anna.tries(0)).await, None, "she goes on");
    let (other, _) = world
        .app_password(&anna.person.account, for_lync("tablet"))
        .await;
    assert_ne!(other.id, anna.person.record.id);
    assert_eq!(evaluations(&world).await, 1);
    assert_eq!(failures(&world, &anna.serial).await, 0);
}

/// The phone that got the grant at home, and others: from where, by which TLS, and whether its grant is bound to that.
type Came = ([u8; 4], Option<u8>, [bool; 3]);

#[tokio::test]
async fn t_otp_6_a_grant_is_bound_to_its_client_as_the_rule_says_and_never_to_tls_that_is_not_known()
 {
    let bound = [BoundTo::Address, BoundTo::TlsFingerprint, BoundTo::Both];
    let came: [Came; 5] = [
        (HOME, Some(1), [true, true, true]),
        (ELSEWHERE, Some(1), [false, true, false]),
        (HOME, Some(2), [true, false, false]),
        (HOME, None, [true, false, false]),
        (ELSEWHERE, Some(2), [false, false, false]),
    ];
    for (number, bound_to) in bound.into_iter().enumerate() {
        for (source, tls, is_let_in) in came {
            let mut world = company();
            world.rules.policy.rules[0].grant_bound_to = bound_to;
            let anna = Anna::of(&world).await;
            let phone = anna.tries(0).by_tls(Some(1));
            assert_eq!(tried(&world, phone.clone()).await, None);
            let other = Try {
                service: Service::EWS,
                ..anna.tries(0).from(source).by_tls(tls).after(1_000)
            };
            let expected = (!is_let_in[number]).then_some(Reason::CodeSpent);
            let about = format!("{bound_to:?} {source:?} {tls:?}");
            assert_eq!(tried(&world, other).await, expected, "{about}");
            assert_eq!(evaluations(&world).await, 1, "{about}");
            assert_eq!(failures(&world, &anna.serial).await, 0, "{about}");
            let again = phone.after(2_000);
            assert_eq!(tried(&world, again).await, None, "{about}");
        }
    }
}

#[tokio::test]
async fn t_otp_6_whose_tls_is_not_known_comes_in_once_by_a_code_and_has_no_grant_bound_to_it() {
    for bound_to in [BoundTo::TlsFingerprint, BoundTo::Both] {
        let mut world = company();
        world.rules.policy.rules[0].grant_bound_to = bound_to;
        let anna = Anna::of(&world).await;
        assert_eq!(tried(&world, anna.tries(0)).await, None);
        for (tls, second) in [(None, 1), (Some(1), 2), (None, 3)] {
            let again = anna.tries(0).by_tls(tls).after(second * 1_000);
            assert_eq!(tried(&world, again).await, Some(Reason::CodeSpent));
        }
        assert_eq!(evaluations(&world).await, 1);
        assert_eq!(failures(&world, &anna.serial).await, 0);
        let next = anna.tries(1).by_tls(Some(1)).after(4_000);
        assert_eq!(tried(&world, next.clone()).await, None);
        assert_eq!(tried(&world, next.after(5_000)).await, None);
        assert_eq!(evaluations(&world).await, 2);
    }
}

/// What was bought under one rule is used under another as that says.
#[tokio::test]
async fn t_otp_6_the_rule_where_a_grant_is_used_says_what_of_its_client_must_be_the_same() {
    let mut world = company();
    let lync = Rule {
        services: [Service::LYNC].into(),
        grant_bound_to: BoundTo::TlsFingerprint,
        ..world.rules.policy.rules[0].clone()
    };
    world.rules.policy.rules.insert(0, lync);
    let anna = Anna::of(&world).await;
    let phone = |source: [u8; 4]| anna.tries(0).from(source).by_tls(Some(1));
    assert_eq!(tried(&world, phone(HOME)).await, None);
    let lync = phone(ELSEWHERE).after(1_000);
    assert_eq!(tried(&world, lync).await, None);
    let mail = |source| Try {
        service: Service::EWS,
        ..phone(source).after(2_000)
    };
    assert_eq!(
        tried(&world, mail(ELSEWHERE)).await,
        Some(Reason::CodeSpent)
    );
    assert_eq!(tried(&world, mail(HOME)).await, None);
    assert_eq!(evaluations(&world).await, 1);
}

#[tokio::test]
async fn t_otp_6_a_household_of_ipv6_is_one_client() {
    let world = company();
    let anna = Anna::of(&world).await;
    let from = |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        anna.tries(0).from(address)
    };
    assert_eq!(tried(&world, from("2001:db8:1:2::7")).await, None);
    assert_eq!(tried(&world, from("2001:db8:1:2:9::9")).await, None);
    let next_door = tried(&world, from("2001:db8:1:3::7")).await;
    assert_eq!(next_door, Some(Reason::CodeSpent));
}

#[tokio::test]
async fn t_otp_6_a_grant_ends_after_ten_idle_minutes_and_after_ten_hours() {
    let world = company();
    let anna = Anna::of(&world).await;
    let minutes = |minutes: i64| minutes * 60_000;
    assert_eq!(tried(&world, anna.tries(0)).await, None);
    assert_eq!(tried(&world, anna.tries(0).after(minutes(9))).await, None);
    assert_eq!(tried(&world, anna.tries(0).after(minutes(18))).await, None);
    let idle = tried(&world, anna.tries(0).after(minutes(28))).await;
    assert_eq!(idle, Some(Reason::CodeAgain));
    let mut at = minutes(30);
    assert_eq!(tried(&world, anna.tries(1).after(at)).await, None);
    let end = at + minutes(600);
    while at + minutes(9) < end {
        at += minutes(9);
        assert_eq!(tried(&world, anna.tries(1).after(at)).await, None, "{at}");
    }
    let over = tried(&world, anna.tries(1).after(end)).await;
    assert_eq!(over, Some(Reason::CodeAgain));
}

#[tokio::test]
async fn a_device_that_goes_on_sending_a_spent_code_is_counted_once_and_locks_nobody() {
    let world = company();
    let anna = Anna::of(&world).await;
    assert_eq!(tried(&world, anna.tries(0)).await, None);
    let later = |minutes: i64| minutes * 60_000;
    world.watched.reserved();
    for minute in 20..220 {
        let again = tried(&world, anna.tries(0).after(later(minute))).await;
        assert_eq!(again, Some(Reason::CodeAgain));
    }
    let counts = world.watched.reserved();
    let most = counts.iter().map(|(_, counts)| counts.subject).max();
    assert_eq!(most, Some(2), "the first and the one that is under way");
    assert_eq!(failures(&world, &anna.serial).await, 0);
    let fresh = tried(&world, anna.tries(1).after(later(221))).await;
    assert_eq!(fresh, None);
}

#[tokio::test]
async fn a_device_that_goes_on_sending_a_wrong_code_is_counted_once() {
    let world = company();
    let anna = Anna::of(&world).await;
    assert_eq!(
        tried(&world, anna.tries(500)).await,
        Some(Reason::WrongCode)
    );
    for second in 1..50 {
        let again = anna.tries(500).after(second * 1_000);
        assert_eq!(tried(&world, again).await, Some(Reason::CodeAgain));
    }
    assert_eq!(failures(&world, &anna.serial).await, 1);
    assert_eq!(tried(&world, anna.tries(0).after(60_000)).await, None);
    assert_eq!(
        failures(&world, &anna.serial).await,
        0,
        "a whole sign-in resets it"
    );
}

#[tokio::test]
async fn t_cred_3_strangers_with_the_app_password_do_not_spend_what_the_owner_has() {
    let world = company();
    let anna = Anna::of(&world).await;
    assert_eq!(tried(&world, anna.tries(0)).await, None, "home is familiar");
    for guess in 0..u64::from(MAX_IN_WINDOW) {
        let guess = anna.tries(500 + guess).from(ELSEWHERE).after(1_000);
        assert_eq!(tried(&world, guess).await, Some(Reason::WrongCode));
    }
    let right = anna.tries(1).from(ELSEWHERE).after(2_000);
    assert_eq!(tried(&world, right).await, Some(Reason::TooManyCodes));
    assert_eq!(tried(&world, anna.tries(1).after(3_000)).await, None);
}

#[tokio::test]
async fn t_cred_7_whoever_lacks_the_app_password_spends_nothing_of_the_tokens() {
    let world = company();
    let anna = Anna::of(&world).await;
    for guess in 0..50 {
        let guess = Try::new(By::Basic, "anna", &format!("wrong{guess:06}"));
        assert_eq!(tried(&world, guess).await, Some(Reason::WrongSecret));
    }
    assert_eq!(failures(&world, &anna.serial).await, 0);
    assert_eq!(tried(&world, anna.tries(0)).await, None);
}

#[tokio::test]
async fn without_a_token_no_code_is_right() {
    let world = company();
    let ben = world.person("ben").await;
    let typed = format!("{}123456", ben.secret);
    let by_basic = Try::new(By::Basic, "ben", &typed);
    assert_eq!(tried(&world, by_basic.clone()).await, Some(Reason::NoToken));
    button(&world, "200", &ben).await;
    let by = by_hand(0);
    tokens::block(&world.ports, "200", &by).await.unwrap();
    assert_eq!(tried(&world, by_basic).await, Some(Reason::NoToken));
}

#[tokio::test]
async fn t_otp_8_the_code_of_another_is_wrong() {
    let world = company();
    let anna = Anna::of(&world).await;
    let ben = world.person("ben").await;
    button(&world, "200", &ben).await;
    let code = anna.generator.code(0).shown().expose().clone();
    let of_anna = Try::new(By::Basic, "ben", &format!("{}{code}", ben.secret));
    assert_eq!(tried(&world, of_anna).await, Some(Reason::WrongCode));
    assert_eq!(tried(&world, anna.tries(0)).await, None, "it is not spent");
}

#[tokio::test]
async fn t_otp_7_revoking_the_app_password_the_token_or_the_account_ends_the_grant() {
    for what in ["app password", "token", "account"] {
        let world = company();
        let anna = Anna::of(&world).await;
        let who = world.verify(anna.tries(0)).await.result.unwrap();
        let who = who.authenticated;
        let (ports, by) = (&world.ports, by_hand(1));
        let (revoked, reason) = match what {
            "app password" => {
                let id = &anna.person.record.id;
                let revoked = authn::admin::revoke_app_password(ports, id, &by).await;
                (Revoked::Credential(revoked.unwrap().id), Reason::Revoked)
            }
            "token" => {
                let token = tokens::block(ports, &anna.serial, &by).await.unwrap();
                (Revoked::Credential(token.id), Reason::NoToken)
            }
            _ => {
                let state = authn::account::AccountState::Disabled;
                world.set_state(&anna.person, state).await;
                let id = anna.person.account.id.clone();
                (Revoked::Account(id), Reason::AccountDisabled)
            }
        };
        assert!(revoked.ends(&who), "{what} ends what is open");
        let other = Revoked::Credential(CredentialId("another".to_owned()));
        assert!(!other.ends(&who));
        let refused = tried(&world, anna.tries(0).after(1_000)).await;
        assert_eq!(refused, Some(reason), "{what}");
    }
}

#[tokio::test]
async fn t_otp_7_a_grant_that_is_revoked_while_it_is_used_lets_nobody_in() {
    let world = company();
    let anna = Anna::of(&world).await;
    assert_eq!(tried(&world, anna.tries(0)).await, None);
    let id = anna.person.record.id.clone();
    world.watched.overtake(Revoked::Credential(id));
    let outcome = world.verify(anna.tries(0).after(1_000)).await;
    assert_eq!(passed(&outcome), None);
}

#[tokio::test]
async fn the_same_typed_secret_on_two_connections_at_once_is_one_code() {
    let world = company();
    let anna = Anna::of(&world).await;
    let (one, other) = tokio::join!(world.verify(anna.tries(0)), world.verify(anna.tries(0)));
    for outcome in [one, other] {
        let who = passed(&outcome).map(|it| &it.id);
        assert_eq!(who, Some(&anna.person.account.id));
    }
    assert_eq!(evaluations(&world).await, 1);
    assert_eq!(failures(&world, &anna.serial).await, 0);
}

#[tokio::test]
async fn t_otp_6_of_two_clients_at_once_by_what_was_typed_one_is_in_where_the_rule_binds_to_both() {
    let mut world = company();
    world.rules.policy.rules[0].grant_bound_to = BoundTo::Both;
    let anna = Anna::of(&world).await;
    let by = |tls| world.verify(anna.tries(0).by_tls(Some(tls)));
    let (one, other) = tokio::join!(by(1), by(2));
    let is_in = [one, other]
        .iter()
        .filter(|it| passed(it).is_some())
        .count();
    assert_eq!(is_in, 1);
    assert_eq!(evaluations(&world).await, 1);
}

/// Whoever is slower with a right code has guessed nothing: the place is given back, or five such moments would keep
/// the owner out for a quarter of an hour.
#[tokio::test]
async fn t_otp_2_whoever_is_outrun_with_a_right_code_loses_no_place() {
    let world = company();
    let anna = Anna::of(&world).await;
    let faster: IpAddr = "203.0.113.9".parse().unwrap();
    let rounds = u64::from(4 * MAX_IN_WINDOW);
    for counter in 0..rounds {
        world.watched.outrun(faster.into());
        let slower = tried(&world, anna.tries(counter)).await;
        assert_eq!(slower, Some(Reason::CodeSpent), "{counter}");
    }
    assert_eq!(tried(&world, anna.tries(rounds)).await, None);
}

#[tokio::test]
async fn what_a_code_bought_is_proved_anew_before_it_is_idle_and_bounds_what_it_buys() {
    let world = company();
    let anna = Anna::of(&world).await;
    let who = world.verify(anna.tries(0)).await.result.unwrap();
    let who = who.authenticated;
    let at = crate::world::at;
    assert!(who.stands(at(299)) && !who.stands(at(300)));
    assert_eq!(who.bounds(at(100_000)), at(36_000));
    assert_eq!(who.bounds(at(100)), at(100));
}

#[tokio::test]
async fn t_cred_8_where_codes_count_everybody_makes_the_same_calls() {
    let world = company();
    let anna = Anna::of(&world).await;
    let ben = world.person("ben").await;
    let attempts = [
        Try::new(By::Basic, "nobody", "wrong123456"),
        Try::new(By::Basic, "anna", "wrong123456"),
        Try::new(By::Basic, "anna", "wrong"),
        Try::new(By::Basic, "anna", &anna.person.secret),
        Try::new(By::Basic, "ben", &format!("{}123456", ben.secret)),
        anna.tries(500),
        anna.tries(500),
    ];
    let mut seen = Vec::new();
    for tried in attempts {
        world.watched.calls();
        let outcome = world.verify(tried).await;
        assert_eq!(passed(&outcome), None);
        seen.push(world.watched.calls());
    }
    let first = seen.first().unwrap().clone();
    assert_eq!(first.len(), 7, "{first:?}");
    assert!(seen.iter().all(|calls| *calls == first), "{seen:#?}");
}

#[tokio::test]
async fn where_no_code_is_asked_for_digits_behind_an_app_password_are_a_wrong_one() {
    let world = World::new();
    let anna = Anna::of(&world).await;
    assert_eq!(
        tried(&world, anna.tries(0)).await,
        Some(Reason::WrongSecret)
    );
    let attempt: Attempt = Try::new(By::Basic, "anna", &anna.person.secret).into();
    world.watched.calls();
    assert!(passed(&world.attempt(attempt).await).is_some());
    assert_eq!(world.watched.calls().len(), 4);
}
