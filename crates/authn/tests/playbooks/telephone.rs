//! One's own telephone: who may set the number that codes go to, what it waits for, and who is told.

use authn::account::Account;
use authn::admin::destinations::{self, DestinationError, Hold};
use authn::audit::{Actor, Kind};
use authn::credential::sent_code::{Address, Carrier, Content, HOLD, Language};
use authn::handle::Handle;
use authn::place::{Method, Service};
use authn::portal::{FRESH, Owner, PortalError};
use authn::ports::Outbox;
use authn::session::Session;
use authn::sign_in::{Answered, At, Sending};
use jiff::{SignedDuration, Timestamp};

use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand};

const OLD: &str = "+46701234567";
const NEW: &str = "+46 70-765 43 21";

/// Somebody who is signed in by a secret and a code of a token, where codes are sent too.
struct Scene {
    pages: Pages,
    handle: Handle,
    session: Session,
    account: Account,
    at: At,
    sending: Sending,
}

impl Scene {
    async fn new() -> Self {
        let mut pages = Pages::new();
        let rule = pages.world.rules.policy.rules.first_mut().unwrap();
        rule.methods
            .push("memorised-secret + sent-code".parse().unwrap());
        let account = pages.person("anna").await;
        let done = pages.signs_in(&account.upn, SECRET, &code(0)).await;
        let handle = match done {
            Answered::Done { handle, .. } => Some(handle),
            _ => None,
        };
        let handle = handle.unwrap();
        let found = pages
            .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
            .await;
        let (session, account) = found.unwrap();
        Self {
            pages,
            handle,
            session,
            account,
            at: here(HOME, at(1)),
            sending: Sending {
                carriers: vec![Carrier::Sms, Carrier::Mail],
                per_prefix: 100,
                prefixes: vec!["+46".to_owned()],
            },
        }
    }

    fn owner(&self) -> Owner<'_> {
        Owner {
            ports: &self.pages.ports,
            account: &self.account,
            session: &self.session,
            key: self.handle.key(),
            at: &self.at,
        }
    }

    async fn sets(&self, typed: &str) -> Result<(), PortalError> {
        let policy = &self.pages.world.rules.policy;
        let ids = [self.pages.world.draw(), self.pages.world.draw()];
        let what = (typed, Language::Swedish);
        let by = (policy, &self.sending);
        let set = self.owner().set_telephone(by, what, ids).await;
        set.map(drop)
    }

    async fn removes(&self) -> Result<(), PortalError> {
        let policy = &self.pages.world.rules.policy;
        self.owner().remove_telephone(policy).await
    }

    /// The help desk set one, which gets codes at once.
    async fn has(&self, number: &str, carrier: Carrier) {
        let address = Address::parse(carrier, number).unwrap();
        let ids = [self.pages.world.draw(), self.pages.world.draw()];
        let how = (Hold::Waived, Language::English);
        let what = (&self.account, address);
        let set = destinations::set(&self.pages.ports, what, how, &by_hand(0), ids).await;
        set.unwrap();
    }

    async fn is_out(&self) -> bool {
        let found = self
            .pages
            .resumed(&self.handle, (&Service::PORTAL, &here(HOME, at(2))))
            .await;
        found.is_none()
    }

    async fn kinds(&self) -> Vec<(Kind, Option<Actor>)> {
        let trail = self.pages.world.watched.trail().await.into_iter();
        trail.map(|it| (it.event.kind, it.event.actor)).collect()
    }
}

#[tokio::test]
async fn t_otp_9_a_number_of_ones_own_waits_and_the_one_before_is_told() {
    let scene = Scene::new().await;
    scene.has(OLD, Carrier::Sms).await;
    let done = scene
        .pages
        .signs_in(&scene.account.upn, SECRET, &code(30))
        .await;
    let Answered::Done { handle, .. } = done else {
        panic!("{done:?}");
    };
    let scene = Scene { handle, ..scene };
    scene.sets(NEW).await.unwrap();
    let known = scene.owner().telephone().await.unwrap().unwrap();
    assert_eq!(known.address.as_str(), "+46707654321");
    assert_eq!(known.held_until, at(1) + HOLD);
    assert!(scene.is_out().await, "every session ends");

    let memory = scene.pages.world.watched.memory();
    let told = memory.claim(at(2), Timestamp::MAX, 10).await.unwrap();
    let [told] = &*told else {
        panic!("{told:?}");
    };
    assert_eq!(told.message.address.as_str(), OLD);
    assert_eq!(told.message.language, Language::Swedish);
    assert!(matches!(told.message.content, Content::Changed { .. }));
    let kinds = scene.kinds().await;
    let is_said = kinds.iter().any(|(kind, actor)| {
        let is_hers = *actor == Some(Actor::named(&scene.account.upn));
        is_hers && matches!(kind, Kind::DestinationSet { held_until, .. } if *held_until == at(1) + HOLD)
    });
    assert!(is_said, "{kinds:?}");
}

#[tokio::test]
async fn a_number_is_set_by_whoever_proved_two_factors_not_long_ago() {
    let mut scene = Scene::new().await;
    scene.at.now = at(1) + FRESH + SignedDuration::from_secs(1);
    assert_eq!(scene.sets(NEW).await, Err(PortalError::NotFresh));
    assert_eq!(scene.removes().await, Err(PortalError::NotFresh));
    scene.at.now = at(1);
    scene.session.methods = vec![Method::MemorisedSecret];
    assert_eq!(scene.sets(NEW).await, Err(PortalError::NotFresh));
    assert_eq!(scene.owner().telephone().await.unwrap(), None);
    assert!(!scene.is_out().await);
}

#[tokio::test]
async fn what_is_no_number_or_is_reached_by_nobody_changes_nothing() {
    let scene = Scene::new().await;
    for none in ["", "0701234567", "+46", "+46 70 x", "+46701234567890123456"] {
        assert_eq!(scene.sets(none).await, Err(PortalError::NoNumber), "{none}");
    }
    let elsewhere = scene.sets("+882161234567").await;
    assert_eq!(elsewhere, Err(PortalError::NotReached));
    assert_eq!(scene.owner().telephone().await.unwrap(), None);
    scene.has(OLD, Carrier::Sms).await;
    let already = DestinationError::Already { held_until: None };
    let again = scene.sets(OLD).await;
    assert_eq!(again, Err(PortalError::Destination(already)));
}

#[tokio::test]
async fn the_number_that_a_session_rests_on_is_removed_where_something_else_is_left() {
    let mut scene = Scene::new().await;
    scene.has(OLD, Carrier::Sms).await;
    scene.session.methods = vec![Method::MemorisedSecret, Method::SentCode];
    let tokens = scene.owner().tokens().await.unwrap();
    for token in &tokens {
        let ports = &scene.pages.ports.attempt;
        let removed = authn::admin::tokens::remove(ports, &token.id.0, &by_hand(1)).await;
        removed.unwrap();
    }
    assert_eq!(scene.removes().await, Err(PortalError::LastWay));
    assert!(scene.owner().telephone().await.unwrap().is_some());
    scene.has("anna@example.com", Carrier::Mail).await;
    scene.removes().await.unwrap();
    assert_eq!(scene.owner().telephone().await.unwrap(), None);
    let nothing = PortalError::Destination(DestinationError::Nothing);
    assert_eq!(scene.removes().await, Err(nothing));
}
