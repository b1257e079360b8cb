//! "That was not me": whoever was in is out, with all that may be theirs, and the owner goes on.

use authn::account::Account;
use authn::admin::secrets::{self, SecretError};
use authn::admin::spare_codes::SpareRandomness;
use authn::admin::tokens::{TokenRandomness, block};
use authn::admin::{NewAppPassword, Randomness, destinations, ntlm_pins};
use authn::audit::{Event, Kind, Reason};
use authn::credential::memorised_secret::SecretFault;
use authn::credential::otp_token::TokenState;
use authn::credential::sent_code::{Address, Carrier, Language};
use authn::credential::spare_code::LIST;
use authn::handle::Handle;
use authn::place::{Method, Service};
use authn::portal::{Disowned, Owner, PortalError};
use authn::ports::ChainedEvent;
use authn::session::Session;
use authn::sign_in::{self, Answered, At, Choosing, FirstError};
use jiff::SignedDuration;
use proto::otp::{Algorithm, Digits, Generator, Period, Seed};
use proto::secret::Secret;

use crate::pages::{Pages, SECRET, code, here};
use crate::watched::Fault;
use crate::world::{By, HOME, Try, at, by_hand, passed};

const NEW_SECRET: &str = "five cows on the moon";
/// Where the thief is.
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];
/// The seed of the token that the thief adds.
const STOLEN: [u8; 20] = [6; 20];

/// Pages that passkeys and recovery codes open as well.
fn pages() -> Pages {
    let mut pages = Pages::new();
    let rule = pages.world.rules.policy.rules.first_mut().unwrap();
    rule.methods.push(Method::Passkey.into());
    rule.methods
        .push("memorised-secret + recovery-code".parse().unwrap());
    pages
}

/// Somebody who is signed in.
pub(crate) struct SignedIn {
    pub(crate) handle: Handle,
    pub(crate) session: Session,
    account: Account,
    pub(crate) at: At,
}

impl SignedIn {
    pub(crate) fn owner<'a>(&'a self, pages: &'a Pages) -> Owner<'a> {
        Owner {
            ports: &pages.ports,
            account: &self.account,
            session: &self.session,
            key: self.handle.key(),
            at: &self.at,
        }
    }

    async fn is_in(&self, pages: &Pages) -> bool {
        let found = pages.resumed(&self.handle, (&Service::PORTAL, &self.at));
        found.await.is_some()
    }
}

/// The code that the thief's token shows.
fn stolen_code(second: i64) -> String {
    let seed = Seed::made_from(STOLEN);
    let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
    let step = Period::HALF_A_MINUTE.step(at(second).as_second());
    generator.code(step).shown().expose().clone()
}

pub(crate) async fn tries(
    pages: &Pages,
    account: &Account,
    [secret, code]: [&str; 2],
    (from, second): ([u8; 4], i64),
) -> Answered {
    let handle = pages.begin().await;
    for typed in [&*account.upn, secret] {
        pages.answers_at(&handle, typed, from, at(second)).await;
    }
    let done = pages.answers_at(&handle, code, from, at(second)).await;
    done.answered
}

pub(crate) async fn signs_in(
    pages: &Pages,
    account: &Account,
    typed: [&str; 2],
    (from, second): ([u8; 4], i64),
) -> SignedIn {
    let handle = match tries(pages, account, typed, (from, second)).await {
        Answered::Done { handle, .. } => Some(handle),
        _ => None,
    };
    let handle = handle.unwrap();
    let at = here(from, at(second + 1));
    let found = pages.resumed(&handle, (&Service::PORTAL, &at)).await;
    let (session, account) = found.unwrap();
    SignedIn {
        handle,
        session,
        account,
        at,
    }
}

/// Adds what somebody adds who means to stay.
async fn settles_in(pages: &Pages, thief: &SignedIn) {
    let (owner, policy) = (thief.owner(pages), &pages.world.rules.policy);
    let random = Randomness {
        id: pages.world.draw(),
        secret: [7; 64],
    };
    let device = ("his phone".to_owned(), [Service::LYNC].into());
    owner
        .make_app_password(policy, device, random)
        .await
        .unwrap();
    let random = TokenRandomness {
        id: pages.world.draw(),
        seed: STOLEN,
    };
    let token = owner.enrol(policy, "his token".to_owned(), random).await;
    let token = token.unwrap();
    let second = thief.at.now.duration_since(at(0)).as_secs();
    let shown = stolen_code(second);
    owner.confirm(policy, &token.id.0, &shown).await.unwrap();
    let fresh: [SpareRandomness; LIST] = std::array::from_fn(|_| SpareRandomness {
        id: pages.world.draw(),
        code: pages.world.draw(),
    });
    owner.make_recovery_codes(policy, fresh).await.unwrap();
    let pin = Secret::new("482915".to_owned());
    let by = by_hand(second);
    let (ports, account) = (&pages.ports.attempt, &thief.account);
    ntlm_pins::set(ports, account, &pin, &by, pages.world.draw())
        .await
        .unwrap();
}

/// The number of the last sign-in.
async fn last_sign_in(pages: &Pages) -> i64 {
    let trail = pages.world.watched.trail().await;
    let mut last = trail.iter().rev();
    let last = last.find(|it| matches!(it.event.kind, Kind::SignedIn { .. }));
    last.unwrap().number
}

#[tokio::test]
async fn whoever_came_in_by_secret_and_code_is_out_with_all_that_they_added() {
    let pages = pages();
    let anna = pages.person("anna").await;
    let thief = signs_in(&pages, &anna, [SECRET, &code(100)], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    settles_in(&pages, &thief).await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(160)], (HOME, 160)).await;
    let owner = hers.owner(&pages);

    let done = owner.was_not_me(number).await.unwrap();
    let expected = Disowned {
        app_passwords: vec!["his phone".to_owned()],
        tokens: vec!["his token".to_owned()],
        recovery_codes: true,
        ntlm_pin: true,
        secret: true,
        ..Disowned::default()
    };
    assert_eq!(done, expected);
    assert!(!thief.is_in(&pages).await && hers.is_in(&pages).await);
    let password = Secret::new(SECRET.to_owned());
    for (typed, second) in [(stolen_code(220), 220), (code(250), 250)] {
        let answered = tries(&pages, &anna, [SECRET, &typed], (ELSEWHERE, second)).await;
        assert!(matches!(answered, Answered::Refused), "{answered:?}");
        assert_eq!(pages.reasons().await.last(), Some(&Reason::WrongSecret));
    }
    let tokens = owner.tokens().await.unwrap();
    let states: Vec<_> = tokens.iter().map(|it| (&*it.label, it.state)).collect();
    let expected = [
        ("phone", TokenState::Active),
        ("his token", TokenState::Blocked),
    ];
    assert_eq!(states, expected, "her own token stays");
    let trail = pages.world.watched.trail().await;
    let said = trail.iter().any(|it| {
        matches!(&it.event.kind, Kind::NotMe { number: of, secret_disowned: true, .. } if *of == number)
    });
    assert!(said);

    // She chooses another on the spot, by the old one, and comes in with her own token.
    assert!(owner.is_secret_disowned().await.unwrap());
    let random = secrets::SecretRandomness {
        id: pages.world.draw(),
        salt: [2; 16],
    };
    let again = owner.change_secret([&password, &password], random).await;
    let disowned = PortalError::Secret(SecretError::Fault(SecretFault::Disowned));
    assert_eq!(again, Err(disowned), "the thief knows it");
    assert!(owner.is_secret_disowned().await.unwrap());
    let new = Secret::new(NEW_SECRET.to_owned());
    owner
        .change_secret([&password, &new], random)
        .await
        .unwrap();
    assert!(!owner.is_secret_disowned().await.unwrap());
    signs_in(&pages, &anna, [NEW_SECRET, &code(310)], (HOME, 310)).await;
}

/// Neither guesses nor what a thief does push the sign-in out of sight that its owner may disown.
#[tokio::test]
async fn a_sign_in_is_shown_however_much_came_after_it() {
    let pages = pages();
    let anna = pages.person("anna").await;
    signs_in(&pages, &anna, [SECRET, &code(100)], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    let account = Some(anna.id.clone());
    let refused = |second: i64| {
        let kind = Kind::Refused {
            reason: Reason::WrongSecret,
            name: anna.upn.clone(),
        };
        Event::observed(at(second), kind, account.clone())
    };
    let made = |second: i64| Event::observed(at(second), Kind::SignedOut, account.clone());
    let events = (0..60).flat_map(|number| [refused(200 + number), made(200 + number)]);
    pages
        .ports
        .attempt
        .audit
        .append(events.collect())
        .await
        .unwrap();
    let hers = signs_in(&pages, &anna, [SECRET, &code(400)], (HOME, 400)).await;
    let latest = hers.owner(&pages).latest().await.unwrap();
    assert!(latest.iter().any(|it| it.number == number));
    let is_other = |it: &&ChainedEvent| !matches!(it.event.kind, Kind::SignedIn { .. });
    assert_eq!(latest.iter().filter(is_other).count(), 30);
    assert!(latest.is_sorted_by(|one, next| one.number > next.number));
}

#[tokio::test]
async fn a_secret_that_was_proved_before_it_was_disowned_ends_in_nothing() {
    let pages = pages();
    let anna = pages.person("anna").await;
    signs_in(&pages, &anna, [SECRET, &code(100)], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(130)], (HOME, 130)).await;
    let under_way = pages.begin().await;
    for typed in [&*anna.upn, SECRET] {
        pages
            .answers_at(&under_way, typed, ELSEWHERE, at(160))
            .await;
    }
    hers.owner(&pages).was_not_me(number).await.unwrap();
    let last = code(160);
    let last = pages.answers_at(&under_way, &last, ELSEWHERE, at(161));
    let answered = last.await.answered;
    assert!(!matches!(answered, Answered::Done { .. }), "{answered:?}");
}

#[tokio::test]
async fn a_sign_in_by_an_app_password_takes_that_and_what_came_since_and_leaves_the_secret() {
    let mut pages = pages();
    pages.world.rules.policy.rules.push(authn::policy::Rule {
        methods: vec![Method::AppPassword.into()],
        ..Default::default()
    });
    let anna = pages.person("anna").await;
    let order = NewAppPassword {
        label: "tablet".to_owned(),
        device: None,
        scope: [Service::LYNC].into(),
        expires: None,
    };
    let (stolen, typed) = pages.world.app_password(&anna, order).await;
    let tried = || Try {
        now: at(100),
        ..Try::new(By::Basic, &anna.upn, &typed)
    };
    assert!(passed(&pages.world.verify(tried()).await).is_some());
    let number = last_sign_in(&pages).await;
    let order = NewAppPassword {
        label: "later".to_owned(),
        device: None,
        scope: [Service::LYNC].into(),
        expires: None,
    };
    let random = Randomness {
        id: pages.world.draw(),
        secret: [9; 64],
    };
    let ports = &pages.ports.attempt;
    authn::admin::issue_app_password(ports, &anna.id, order, &by_hand(120), random)
        .await
        .unwrap();
    let hers = signs_in(&pages, &anna, [SECRET, &code(130)], (HOME, 130)).await;
    let owner = hers.owner(&pages);
    let done = owner.was_not_me(number).await.unwrap();
    assert_eq!(done.app_passwords, ["later", "tablet"]);
    assert!(!done.secret && !done.is_out && done.tokens.is_empty());
    assert!(passed(&pages.world.verify(tried()).await).is_none());
    let found = owner.app_passwords().await.unwrap();
    let revoked: Vec<_> = found.iter().filter(|it| it.revoked.is_some()).collect();
    assert!(revoked.iter().any(|it| it.id == stolen.id) && revoked.len() == 2);
    assert_eq!(found.len(), 3, "and the one from before stands");
    signs_in(&pages, &anna, [SECRET, &code(160)], (HOME, 160)).await;
}

#[tokio::test]
async fn a_token_that_waited_shows_its_seed_to_whoever_is_in_and_goes_whenever_it_was_made() {
    let pages = pages();
    let anna = pages.person("anna").await;
    let policy = &pages.world.rules.policy;
    let before = signs_in(&pages, &anna, [SECRET, &code(30)], (HOME, 30)).await;
    let waiting = |label: &str, seed| {
        let random = TokenRandomness {
            id: pages.world.draw(),
            seed,
        };
        let (owner, label) = (before.owner(&pages), label.to_owned());
        async move { owner.enrol(policy, label, random).await.unwrap() }
    };
    let taken = waiting("taken over", STOLEN).await;
    waiting("waits", [8; 20]).await;
    let thief = signs_in(&pages, &anna, [SECRET, &code(100)], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    let his = thief.owner(&pages);
    his.confirm(policy, &taken.id.0, &stolen_code(101))
        .await
        .unwrap();
    let hers = signs_in(&pages, &anna, [SECRET, &code(160)], (HOME, 160)).await;
    let owner = hers.owner(&pages);
    let done = owner.was_not_me(number).await.unwrap();
    let mut gone = done.tokens;
    gone.sort();
    assert_eq!(gone, ["taken over", "waits"]);
    let tokens = owner.tokens().await.unwrap();
    let good = tokens.iter().filter(|it| it.state == TokenState::Active);
    assert_eq!(good.count(), 1, "{tokens:?}");
}

#[tokio::test]
async fn where_more_happened_than_is_looked_through_only_the_token_of_this_session_stays() {
    let pages = pages();
    let anna = pages.person("anna").await;
    signs_in(&pages, &anna, [SECRET, &code(100)], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    let noise = Event::observed(at(101), Kind::SignedOut, Some(anna.id.clone()));
    let many = usize::try_from(authn::portal::LOOKED_BACK).unwrap();
    let audit = &pages.ports.attempt.audit;
    audit.append(vec![noise; many]).await.unwrap();
    let hers = signs_in(&pages, &anna, [SECRET, &code(160)], (HOME, 160)).await;
    let owner = hers.owner(&pages);
    assert_eq!(owner.was_not_me(number).await.unwrap().tokens, [""; 0]);
    // The same by somebody whose session rests on no token.
    let session = Session {
        token: None,
        ..hers.session.clone()
    };
    let owner = Owner {
        session: &session,
        ..hers.owner(&pages)
    };
    assert_eq!(owner.was_not_me(number).await.unwrap().tokens, ["phone"]);
}

#[tokio::test]
async fn a_number_that_was_set_since_and_a_list_of_codes_that_was_used_there_are_no_more() {
    let pages = pages();
    let anna = pages.person("anna").await;
    let policy = &pages.world.rules.policy;
    let first = signs_in(&pages, &anna, [SECRET, &code(30)], (HOME, 30)).await;
    let fresh: [SpareRandomness; LIST] = std::array::from_fn(|_| SpareRandomness {
        id: pages.world.draw(),
        code: pages.world.draw(),
    });
    let codes = first.owner(&pages).make_recovery_codes(policy, fresh).await;
    let codes = codes.unwrap();
    let found = codes[0].expose();
    signs_in(&pages, &anna, [SECRET, found], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    let address = Address::parse(Carrier::Sms, "+46701234567").unwrap();
    let ids = [pages.world.draw(), pages.world.draw()];
    let how = (destinations::Hold::Usual, Language::English);
    destinations::set(&pages.ports, (&anna, address), how, &by_hand(110), ids)
        .await
        .unwrap();
    let hers = signs_in(&pages, &anna, [SECRET, &code(130)], (HOME, 130)).await;
    let owner = hers.owner(&pages);
    let done = owner.was_not_me(number).await.unwrap();
    assert!(done.recovery_codes && done.secret && !done.is_out);
    assert_eq!(done.destinations, ["+46*******67"]);
    assert_eq!(owner.telephone().await.unwrap(), None);
    assert_eq!(owner.recovery_codes().await.unwrap(), (0, 0));
    assert!(hers.is_in(&pages).await, "she goes on");
}

#[tokio::test]
async fn what_is_no_sign_in_of_ones_own_ends_nothing_and_a_store_that_is_away_says_so() {
    let pages = pages();
    let (anna, ben) = (pages.person("anna").await, pages.person("ben").await);
    let bens = signs_in(&pages, &ben, [SECRET, &code(40)], (ELSEWHERE, 40)).await;
    let number = last_sign_in(&pages).await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(40)], (HOME, 40)).await;
    let owner = hers.owner(&pages);
    for wrong in [number, 1, -1, i64::MAX] {
        let refused = owner.was_not_me(wrong).await;
        assert_eq!(refused, Err(PortalError::NotYours), "{wrong}");
    }
    assert!(bens.is_in(&pages).await && hers.is_in(&pages).await);
    let own = last_sign_in(&pages).await;
    let watched = &pages.world.watched;
    watched.fail("disown_memorised_secret", 1, Fault::Before);
    let refused = owner.was_not_me(own).await;
    assert!(matches!(refused, Err(PortalError::Unavailable(_))));
    let done = owner.was_not_me(own).await.unwrap();
    assert!(done.secret, "the same again does it");
}

#[tokio::test]
async fn the_token_of_this_session_stays_though_it_came_since() {
    let pages = pages();
    let anna = pages.person("anna").await;
    let policy = &pages.world.rules.policy;
    let first = signs_in(&pages, &anna, [SECRET, &code(30)], (HOME, 30)).await;
    let number = last_sign_in(&pages).await;
    let random = TokenRandomness {
        id: pages.world.draw(),
        seed: STOLEN,
    };
    let owner = first.owner(&pages);
    let token = owner.enrol(policy, "new phone".to_owned(), random).await;
    let token = token.unwrap();
    owner
        .confirm(policy, &token.id.0, &stolen_code(31))
        .await
        .unwrap();
    let hers = signs_in(&pages, &anna, [SECRET, &stolen_code(100)], (HOME, 100)).await;
    assert_eq!(hers.session.token, Some(token.id.clone()));
    let owner = hers.owner(&pages);
    let done = owner.was_not_me(number).await.unwrap();
    assert!(done.tokens.is_empty() && !done.is_out, "{done:?}");
    block(&pages.ports.attempt, &token.id.0, &by_hand(200))
        .await
        .unwrap();
    assert!(!hers.is_in(&pages).await, "it rests on it");
}

#[tokio::test]
async fn what_opens_an_account_anew_is_made_and_shown_by_whoever_proved_two_factors_not_long_ago() {
    let mut pages = pages();
    let anna = pages.person("anna").await;
    let mut hers = signs_in(&pages, &anna, [SECRET, &code(30)], (HOME, 30)).await;
    let scope = || ("left open".to_owned(), [Service::LYNC].into());
    let seed = TokenRandomness {
        id: pages.world.draw(),
        seed: STOLEN,
    };
    let policy = &pages.world.rules.policy;
    let owner = hers.owner(&pages);
    let waits = owner.enrol(policy, "waits".to_owned(), seed).await.unwrap();
    let id = &waits.id.0;
    let alone = Session {
        methods: vec![Method::MemorisedSecret],
        ..hers.session.clone()
    };
    let (both, begun) = (hers.session.clone(), hers.session.begun);
    let half_an_hour = authn::portal::FRESH + SignedDuration::from_secs(1);
    let ten_minutes = SignedDuration::from_mins(10);
    for (session, passed, fresh) in [
        (both.clone(), half_an_hour, None),
        (both, ten_minutes, Some(ten_minutes)),
        (alone, SignedDuration::from_secs(1), None),
    ] {
        pages.world.rules.policy.rules[0].fresh = fresh;
        hers.session = session;
        hers.at.now = begun + passed;
        let (owner, policy) = (hers.owner(&pages), &pages.world.rules.policy);
        let not_fresh = PortalError::NotFresh;
        let random = Randomness {
            id: pages.world.draw(),
            secret: [3; 64],
        };
        let made = owner.make_app_password(policy, scope(), random).await;
        assert_eq!(made.map(drop).unwrap_err(), not_fresh);
        let seed = TokenRandomness {
            id: pages.world.draw(),
            seed: STOLEN,
        };
        let enrolled = owner.enrol(policy, "left open".to_owned(), seed).await;
        assert_eq!(enrolled.unwrap_err(), not_fresh);
        let confirmed = owner.confirm(policy, id, &stolen_code(31)).await;
        assert_eq!(confirmed.unwrap_err(), not_fresh);
        let shown = owner.to_confirm(policy, id).await;
        assert_eq!(shown.map(drop).unwrap_err(), not_fresh);
        assert_eq!(owner.tokens().await.unwrap().len(), 2);
    }
}

/// The help desk's way back is none for the secret that the thief knows.
#[tokio::test]
async fn an_invitation_takes_another_secret_than_the_disowned_one() {
    let pages = pages();
    let (ports, rules) = (&pages.ports, &pages.world.rules);
    let anna = pages.person("anna").await;
    signs_in(&pages, &anna, [SECRET, &code(100)], (ELSEWHERE, 100)).await;
    let number = last_sign_in(&pages).await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(160)], (HOME, 160)).await;
    hers.owner(&pages).was_not_me(number).await.unwrap();
    let lasting = SignedDuration::from_hours(1);
    let by = by_hand(200);
    let invited = secrets::invite(ports, &anna, lasting, &by, pages.fresh()).await;
    let (invitation, _) = invited.unwrap();
    let (handle, from) = (Handle::made_from(pages.fresh()), here(HOME, at(210)));
    let both = (&invitation, &handle);
    let welcome = sign_in::welcome(ports, rules, both, Service::PORTAL, &from).await;
    welcome.unwrap();
    let chooses = async |typed: &str| {
        let choosing = Choosing {
            salt: [1; 16],
            id: pages.world.draw(),
            token: TokenRandomness {
                id: pages.world.draw(),
                seed: [5; 20],
            },
            told: pages.world.draw(),
            language: Language::English,
        };
        let typed = Secret::new(typed.to_owned());
        sign_in::choose((ports, rules), &handle, [&typed, &typed], &from, choosing).await
    };
    let disowned = FirstError::Secret(SecretFault::Disowned);
    assert_eq!(chooses(SECRET).await, Err(disowned));
    chooses(NEW_SECRET).await.unwrap();
}
