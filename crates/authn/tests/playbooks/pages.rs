//! Sign-in by a page: what is proved in which order, what a guess costs, and what nobody learns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use authn::account::{Account, AccountState};
use authn::admin::secrets::{self, SecretRandomness};
use authn::admin::tokens::{self, TokenRandomness};
use authn::attempt::Ports as Attempt;
use authn::audit::{Kind, Reason};
use authn::credential::memorised_secret::{Cost, MAX_IN_WINDOW, SecretHash, Typed};
use authn::handle::Handle;
use authn::lockout::Queue;
use authn::name::NameKey;
use authn::place::{ActivityId, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::{PasswordHasher, Revocations, Unavailable};
use authn::revocation::Revoked;
use authn::session::Session;
use authn::sign_in::{self, Answer, Answered, At, Outcome, Ports, Requirement, SignIn, Stage};
use jiff::Timestamp;
use proto::otp::{Algorithm, Digits, Generator, Period, Seed};
use proto::secret::Secret;

use crate::watched::Fault;
use crate::world::{HOME, World, at, by_hand};

pub(crate) const SECRET: &str = "four horses in a field";
const SEED: [u8; 20] = [5; 20];
const CHEAP: Cost = Cost {
    memory: 64,
    passes: 1,
};

/// Hashes at once, and counts.
#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl PasswordHasher for Counting {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        typed.hashed(CHEAP, salt)
    }

    async fn proves(
        &self,
        typed: Typed,
        hash: SecretHash,
        _queue: Queue,
    ) -> Result<bool, Unavailable> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let cheap = SecretHash {
            cost: CHEAP,
            ..hash
        };
        typed.is_of(&cheap)
    }
}

/// A company with pages, and the handles that were drawn.
pub(crate) struct Pages {
    pub(crate) world: World,
    pub(crate) ports: Ports,
    hasher: Arc<Counting>,
    handles: AtomicU32,
}

impl Pages {
    /// Whose a session is, where it stands for a service.
    pub(crate) async fn resumed(
        &self,
        handle: &Handle,
        place: (&Service, &At),
    ) -> Option<(Session, Account)> {
        let by = (&self.ports, &self.world.rules);
        sign_in::resume(by, handle, place).await.unwrap()
    }

    pub(crate) fn new() -> Self {
        let mut world = World::new();
        let both = "memorised-secret + one-time-code".parse().unwrap();
        world.rules.policy = Policy {
            rules: vec![Rule {
                services: [Service::PORTAL].into(),
                methods: vec![both],
                ..Rule::default()
            }],
        };
        let memory = Arc::new(world.watched.memory().clone());
        let hasher = Arc::new(Counting::default());
        let ports = Ports {
            attempt: Attempt {
                hasher: hasher.clone(),
                ..world.ports.clone()
            },
            sign_ins: memory.clone(),
            sessions: memory.clone(),
            invitations: memory.clone(),
            passkeys: memory.clone(),
            spare_codes: memory,
        };
        Self {
            world,
            ports,
            hasher,
            handles: AtomicU32::new(1),
        }
    }

    /// Somebody with a secret and a token that was confirmed.
    pub(crate) async fn person(&self, sam: &str) -> Account {
        let account = self.world.person(sam).await.account;
        let random = SecretRandomness {
            id: self.world.draw(),
            salt: [1; 16],
        };
        let secret = Secret::new(SECRET.to_owned());
        secrets::set(&self.ports, &account, &secret, &by_hand(0), random)
            .await
            .unwrap();
        let random = TokenRandomness {
            id: self.world.draw(),
            seed: SEED,
        };
        let order = tokens::of_a_phone("phone".to_owned(), "Wicketgate".to_owned());
        let ports = &self.ports.attempt;
        let enrolled = tokens::enrol(ports, &account, order, &by_hand(0), random).await;
        let (token, _) = enrolled.unwrap();
        let confirmed = tokens::confirm(ports, &token.id.0, &code(-60), &by_hand(-60)).await;
        confirmed.unwrap();
        account
    }

    pub(crate) fn fresh(&self) -> [u8; 32] {
        let number = self.handles.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [7; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    pub(crate) async fn begin(&self) -> Handle {
        let handle = Handle::made_from(self.fresh());
        let (portal, both) = (Service::PORTAL, Requirement::SecretAndCode);
        let sign_in = SignIn::begin(portal, both, "/".to_owned(), at(0));
        self.ports
            .sign_ins
            .begin_sign_in(handle.key(), &sign_in)
            .await
            .unwrap();
        handle
    }

    async fn answers(&self, handle: &Handle, typed: &str, from: [u8; 4]) -> Outcome {
        self.answers_at(handle, typed, from, at(0)).await
    }

    /// The same at another time.
    pub(crate) async fn answers_at(
        &self,
        handle: &Handle,
        typed: &str,
        from: [u8; 4],
        now: Timestamp,
    ) -> Outcome {
        let answer = Answer {
            typed: Secret::new(typed.to_owned()),
            random: self.fresh(),
            is_to_stay: false,
        };
        let from = here(from, now);
        let rules = &self.world.rules;
        sign_in::answer(&self.ports, rules, handle, answer, &from)
            .await
            .unwrap()
    }

    /// A whole sign-in, and the answer to its code.
    pub(crate) async fn signs_in(&self, name: &str, secret: &str, code: &str) -> Answered {
        let handle = self.begin().await;
        for typed in [name, secret] {
            let asks = self.answers(&handle, typed, HOME).await.answered;
            assert!(matches!(asks, Answered::Asks), "{typed}: {asks:?}");
        }
        self.answers(&handle, code, HOME).await.answered
    }

    /// How many secrets were hashed.
    pub(crate) fn hashed(&self) -> u32 {
        self.hasher.0.load(Ordering::Relaxed)
    }

    pub(crate) async fn reasons(&self) -> Vec<Reason> {
        let trail = self.world.watched.trail().await.into_iter();
        let reasons = trail.filter_map(|chained| match chained.event.kind {
            Kind::Refused { reason, .. } => Some(reason),
            _ => None,
        });
        reasons.collect()
    }
}

pub(crate) fn here(from: [u8; 4], now: Timestamp) -> At {
    At {
        zone: Zone::EXTERNAL,
        source: from.into(),
        agent: "Firefox".to_owned(),
        activity: ActivityId::from([9; 16]),
        session: None,
        now,
    }
}

/// The code that the token shows so many seconds after the playbook began.
pub(crate) fn code(second: i64) -> String {
    let seed = Seed::made_from(SEED);
    let generator = Generator::new(&seed, Algorithm::Sha1, Digits::SIX);
    let step = Period::HALF_A_MINUTE.step(at(second).as_second());
    generator.code(step).shown().expose().clone()
}

#[tokio::test]
async fn where_no_turn_came_to_hash_nobody_goes_on_and_the_audit_says_so() {
    let mut pages = Pages::new();
    pages.person("anna").await;
    pages.ports.attempt.hasher = pages.world.ports.hasher.clone();
    let handle = pages.begin().await;
    pages.answers(&handle, "anna", HOME).await;
    pages.world.watched.fail("proves", 1, Fault::Before);
    let answer = Answer {
        typed: Secret::new(SECRET.to_owned()),
        random: pages.fresh(),
        is_to_stay: false,
    };
    let (rules, from) = (&pages.world.rules, here(HOME, at(0)));
    let refused = sign_in::answer(&pages.ports, rules, &handle, answer, &from).await;
    assert!(refused.is_err());
    assert_eq!(pages.reasons().await, [Reason::NoTurn]);
}

#[tokio::test]
async fn a_secret_and_a_code_begin_a_session_that_ends_with_either() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let done = pages.signs_in("CONTOSO\\anna", SECRET, &code(0)).await;
    let Answered::Done {
        handle,
        continuation,
        stays: None,
    } = done
    else {
        panic!("{done:?}");
    };
    assert_eq!(continuation, "/");
    let (session, account) = pages
        .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
        .await
        .unwrap();
    assert_eq!(account.id, anna.id);
    assert_eq!(
        session.methods,
        [Method::OneTimeCode, Method::MemorisedSecret]
    );
    let token = session.token.unwrap();
    tokens::block(&pages.ports.attempt, &token.0, &by_hand(2))
        .await
        .unwrap();
    assert!(
        pages
            .resumed(&handle, (&Service::PORTAL, &here(HOME, at(3))))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn t_cred_8_whatever_was_wrong_is_refused_after_the_same_questions() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let nobody_s = pages
        .world
        .person_who_is("cleo", AccountState::Active)
        .await
        .account;
    let dora = pages.person("dora").await;
    let locked = AccountState::Locked;
    authn::admin::set_account_state(&pages.ports.attempt, &dora.id, locked, &by_hand(0))
        .await
        .unwrap();
    for (name, secret, typed, reason) in [
        (anna.upn.as_str(), "wrong", code(0), Reason::WrongSecret),
        (&anna.upn, SECRET, "000000".to_owned(), Reason::WrongCode),
        (&nobody_s.upn, SECRET, code(0), Reason::WrongSecret),
        (&dora.upn, SECRET, code(0), Reason::AccountLocked),
        ("nobody@contoso.com", SECRET, code(0), Reason::UnknownName),
    ] {
        let hashed = pages.hasher.0.load(Ordering::Relaxed);
        let refused = pages.signs_in(name, secret, &typed).await;
        assert!(matches!(refused, Answered::Refused), "{name}: {refused:?}");
        assert_eq!(pages.reasons().await.last(), Some(&reason), "{name}");
        assert_eq!(pages.hasher.0.load(Ordering::Relaxed), hashed + 1, "{name}");
    }
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(
        matches!(done, Answered::Done { .. }),
        "no code was spent: {done:?}"
    );
    let spent = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(matches!(spent, Answered::Refused));
    assert_eq!(pages.reasons().await.last(), Some(&Reason::CodeSpent));
}

#[tokio::test(flavor = "multi_thread")]
async fn t_cred_5_of_500_guesses_at_once_ten_are_hashed_and_the_owner_comes_in() {
    let pages = Arc::new(Pages::new());
    let anna = pages.person("anna").await;
    let done = pages.signs_in(&anna.upn, SECRET, &code(-30)).await;
    assert!(
        matches!(done, Answered::Done { .. }),
        "home is familiar: {done:?}"
    );
    let mut handles = Vec::new();
    for _ in 0..500 {
        let handle = pages.begin().await;
        pages.answers(&handle, &anna.upn, [198, 51, 100, 7]).await;
        handles.push(handle);
    }
    let before = pages.hasher.0.load(Ordering::Relaxed);
    let guesses: Vec<_> = handles
        .into_iter()
        .map(|handle| {
            let pages = Arc::clone(&pages);
            tokio::spawn(async move { pages.answers(&handle, "wrong", [198, 51, 100, 7]).await })
        })
        .collect();
    for guess in guesses {
        assert!(matches!(guess.await.unwrap().answered, Answered::Asks));
    }
    assert_eq!(
        pages.hasher.0.load(Ordering::Relaxed) - before,
        MAX_IN_WINDOW
    );
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(matches!(done, Answered::Done { .. }), "from home: {done:?}");
}

#[tokio::test]
async fn t_cred_7_a_right_secret_without_a_code_gives_nothing_back() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    for _ in 0..MAX_IN_WINDOW {
        let refused = pages.signs_in(&anna.upn, SECRET, "000000").await;
        assert!(matches!(refused, Answered::Refused));
    }
    let refused = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(matches!(refused, Answered::Refused), "{refused:?}");
    let reasons = pages.reasons().await;
    assert!(reasons.contains(&Reason::TooManyFailures), "{reasons:?}");
}

#[tokio::test]
async fn t_otp_8_what_was_proved_belongs_to_one_sign_in_and_each_step_to_one_answer() {
    let pages = Pages::new();
    let (anna, ben) = (pages.person("anna").await, pages.person("ben").await);
    let (annas, bens) = (pages.begin().await, pages.begin().await);
    for typed in [anna.upn.as_str(), SECRET] {
        pages.answers(&annas, typed, HOME).await;
    }
    for typed in [ben.upn.as_str(), "wrong"] {
        pages.answers(&bens, typed, HOME).await;
    }
    let refused = pages.answers(&bens, &code(0), HOME).await.answered;
    assert!(
        matches!(refused, Answered::Refused),
        "anna's secret is not ben's"
    );
    let sign_in = pages
        .ports
        .sign_ins
        .sign_in(annas.key(), at(0))
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(
        sign_in.stage,
        Stage::Code {
            proved: Some(_),
            ..
        }
    ));
    assert!(
        pages
            .ports
            .sign_ins
            .take_step(annas.key(), sign_in.step)
            .await
            .unwrap()
    );
    let stranger = Handle::made_from([0xee; 32]);
    let gone = pages.answers(&stranger, &code(0), HOME).await.answered;
    assert!(matches!(gone, Answered::Gone));
    let done = pages.answers(&annas, &code(0), HOME).await.answered;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    let gone = pages.answers(&annas, &code(0), HOME).await.answered;
    assert!(matches!(gone, Answered::Gone), "it is done");
}

#[tokio::test]
async fn no_order_of_answers_begins_a_session_without_both_factors() {
    let right = code(0);
    let mut done = Vec::new();
    for order in 0..4_usize.pow(4) {
        // A world of its own each, so that no counter answers in the place of the order.
        let pages = Pages::new();
        let anna = pages.person("anna").await;
        let typed = [anna.upn.as_str(), SECRET, &right, ""];
        let words = [0, 1, 2, 3].map(|place| typed[order / 4_usize.pow(place) % 4].to_owned());
        let handle = pages.begin().await;
        for (place, word) in words.iter().enumerate() {
            let answered = pages.answers(&handle, word, HOME).await.answered;
            if let Answered::Done { .. } = answered {
                done.push(words[..=place].to_vec());
                break;
            }
        }
    }
    let proved = ["anna@contoso.com", SECRET, right.as_str()];
    assert!(done.len() >= 4, "{done:?}");
    assert!(
        done.iter()
            .all(|words| words.ends_with(&proved.map(str::to_owned))),
        "{done:?}"
    );
}

#[tokio::test]
async fn a_page_asks_for_what_the_policy_says_and_an_app_password_is_never_enough() {
    let required = |methods: &[&str]| {
        let methods = methods.iter().map(|it| it.parse().unwrap()).collect();
        let rules = vec![Rule {
            methods,
            ..Rule::default()
        }];
        Requirement::of(&Policy { rules }, &Zone::EXTERNAL, &Service::PORTAL)
    };
    let both = Some(Requirement::SecretAndCode);
    assert_eq!(required(&["memorised-secret + one-time-code"]), both);
    assert_eq!(required(&["memorised-secret"]), Some(Requirement::Secret));
    for not_enough in [
        &["app-password"][..],
        &["one-time-code"],
        &["app-password + one-time-code"],
        &[],
    ] {
        assert_eq!(required(not_enough), None, "{not_enough:?}");
    }
}

#[tokio::test]
async fn everybody_is_asked_for_what_anybody_needs_and_each_is_judged_by_their_own_rule() {
    let mut pages = Pages::new();
    let (anna, ben) = (pages.person("anna").await, pages.person("ben").await);
    let for_ben = |methods: &[&str]| Rule {
        accounts: NameKey::candidates(&ben.upn, "", None)
            .into_iter()
            .collect(),
        services: [Service::PORTAL].into(),
        methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
        ..Rule::default()
    };
    let rules = &mut pages.world.rules.policy.rules;
    rules.insert(0, for_ben(&["memorised-secret"]));
    let required = Requirement::of(&pages.world.rules.policy, &Zone::EXTERNAL, &Service::PORTAL);
    assert_eq!(required, Some(Requirement::SecretAndCode));
    let done = pages.signs_in(&ben.upn, SECRET, &code(0)).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    // A rule that gives Ben nothing refuses Ben, after the same questions, and nobody else.
    pages.world.rules.policy.rules[0] = for_ben(&[]);
    let refused = pages.signs_in(&ben.upn, SECRET, &code(30)).await;
    assert!(matches!(refused, Answered::Refused), "{refused:?}");
    assert_eq!(pages.reasons().await.last(), Some(&Reason::NotAllowedHere));
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
}

#[tokio::test]
async fn a_code_on_a_page_renews_the_lease() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    let account = pages.ports.attempt.accounts.by_id(&anna.id).await.unwrap();
    let proved = account.unwrap().second_factor.unwrap();
    assert_eq!((proved.method, proved.last), (Method::OneTimeCode, at(0)));
}

#[tokio::test]
async fn t_phish_2_a_cookie_in_another_browser_and_network_ends_the_session_and_is_said() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let done = pages.signs_in("CONTOSO\\anna", SECRET, &code(0)).await;
    let Answered::Done { handle, .. } = done else {
        panic!("{done:?}");
    };
    let elsewhere = here([198, 51, 100, 7], at(2));
    let updated = At {
        agent: "Firefox 200".to_owned(),
        ..here(HOME, at(4))
    };
    for at in [&elsewhere, &here(HOME, at(3)), &updated] {
        let found = pages.resumed(&handle, (&Service::PORTAL, at)).await;
        assert!(found.is_some(), "one of both changes by itself");
    }
    let stolen = At {
        agent: "Chrome".to_owned(),
        ..elsewhere
    };
    let found = pages.resumed(&handle, (&Service::PORTAL, &stolen)).await;
    assert!(found.is_none(), "whoever it is must sign in anew");
    let found = pages.resumed(&handle, (&Service::PORTAL, &updated)).await;
    assert!(found.is_none(), "and so must its owner, who learns of it");
    let trail = pages.world.watched.trail().await;
    let said = trail.last().map(|it| &it.event).unwrap();
    assert_eq!(said.service, Some(Service::PORTAL));
    assert_eq!(said.kind, Kind::SessionElsewhere);
    assert_eq!(said.account, Some(anna.id));
    assert_eq!(said.source, Some([198, 51, 100, 7].into()));
}

#[tokio::test]
async fn t_phish_2_a_stolen_session_of_the_token_service_ends_with_what_it_bought() {
    let pages = Pages::new();
    pages.person("anna").await;
    let done = pages.signs_in("CONTOSO\\anna", SECRET, &code(0)).await;
    let Answered::Done { handle, .. } = done else {
        panic!("{done:?}");
    };
    let home = here(HOME, at(1));
    let found = pages.resumed(&handle, (&Service::STS, &home)).await;
    let (session, _) = found.unwrap();
    let memory = pages.world.watched.memory();
    let heard = memory.last().await.unwrap();
    let stolen = At {
        agent: "Chrome".to_owned(),
        ..here([198, 51, 100, 7], at(2))
    };
    let found = pages.resumed(&handle, (&Service::STS, &stolen)).await;
    assert!(found.is_none());
    let revoked = memory.since(heard, 10).await.unwrap();
    let revoked: Vec<_> = revoked.into_iter().map(|it| it.what).collect();
    assert_eq!(revoked, [Revoked::Credential(session.sign_in())]);
    let trail = pages.world.watched.trail().await;
    let said = trail.last().map(|it| &it.event).unwrap();
    assert_eq!(said.kind, Kind::SessionElsewhere);
    assert_eq!(said.service, Some(Service::STS));
}
