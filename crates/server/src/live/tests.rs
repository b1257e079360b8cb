//! Who is known again and who is gone, with what was revoked in every place between.

use std::collections::BTreeMap;

use authn::account::AccountId;
use authn::admin::{self, NewAccount, NewAppPassword, Randomness};
use authn::attempt::{self, Attempt, Ports, Proof, Rules};
use authn::audit::{Actor, ByHand};
use authn::credential::sent_code::Language;
use authn::directory::{Person, RefusedGroups, Standing};
use authn::place::{ActivityId, Channel, ConnectionId, Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::DirectoryCopy as _;
use authn::sign_in::Asked;
use proto::secret::Secret;
use store::memory::{AtOnce, Memory};
use tokio::time::advance;

use super::*;

/// A gate that hears nothing but what a test says, and somebody who signed in at it.
struct Scene {
    live: Live,
    tag: Tag,
    who: Arc<Authenticated>,
}

impl Scene {
    async fn new() -> Self {
        let live = Live::new(&[1; 32], 0, Counter::default());
        let (tag, who) = signed_in(&live, None).await;
        Self { live, tag, who }
    }

    fn revokes(&self, number: i64, account: &AccountId) {
        let what = Revoked::Account(account.clone());
        self.live.hear(vec![Revocation { number, what }]);
    }

    fn stands(&self, mark: Mark) -> Option<Remembered> {
        let here = (&self.who, &Seen::default());
        let standing = self.live.stands_since(mark, here, Some(self.tag));
        standing.ok().flatten()
    }

    fn is_known(&self, here: Option<&Remembered>, seconds: i64) -> bool {
        let now = self.who.at() + jiff::SignedDuration::from_secs(seconds);
        self.live.known(&self.tag, here, now).is_some()
    }
}

/// Where somebody's account came from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Here,
    Directory,
}

/// Somebody who signed in on a morning, with an app password that ends then.
pub(crate) async fn signed_in(
    live: &Live,
    expires: Option<Timestamp>,
) -> (Tag, Arc<Authenticated>) {
    signed_in_from(live, expires, Origin::Here).await
}

async fn signed_in_from(
    live: &Live,
    expires: Option<Timestamp>,
    origin: Origin,
) -> (Tag, Arc<Authenticated>) {
    let store = Arc::new(Memory::new());
    let memory = Arc::clone(&store);
    let ports = Ports {
        accounts: store.clone(),
        credentials: store.clone(),
        otp_tokens: store.clone(),
        secrets: store.clone(),
        pins: store.clone(),
        hasher: Arc::new(AtOnce),
        sent_codes: store.clone(),
        attempts: store.clone(),
        tickets: store.clone(),
        audit: store,
        kerberos: None,
    };
    let now: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
    let by = ByHand {
        at: now,
        actor: Actor::named("root"),
        origin: None,
    };
    let anna = NewAccount {
        domain: "CONTOSO".to_owned(),
        sam: "anna".to_owned(),
        upn: "anna@contoso.com".to_owned(),
        realm: "CONTOSO.COM".to_owned(),
        sid: None,
        sip_addresses: Vec::new(),
        mail: Vec::new(),
    };
    let anna = match origin {
        Origin::Here => admin::add_account(&ports, anna, &by, [1; 16]).await,
        Origin::Directory => {
            memory.was_read(now).await.unwrap();
            admin::add_person(&ports, &person(anna), &RefusedGroups::default(), &by).await
        }
    };
    let anna = anna.unwrap();
    let asked = NewAppPassword {
        label: "phone".to_owned(),
        device: None,
        scope: [Service::EWS].into(),
        expires,
    };
    let random = Randomness {
        id: [2; 16],
        secret: [3; 64],
    };
    let issuing = admin::issue_app_password(&ports, &anna.id, asked, &by, random);
    let (_, password) = issuing.await.unwrap();
    let attempt = Attempt {
        proof: Proof::Password {
            username: "anna".to_owned(),
            password,
        },
        channel: Channel::Basic,
        service: Service::EWS,
        route: None,
        party: None,
        pool: "exchange".to_owned(),
        zone: Zone::EXTERNAL,
        source: "192.0.2.7".parse().unwrap(),
        tls: None,
        sip_uri: None,
        device: None,
        activity: ActivityId::from([4; 16]),
        connection: ConnectionId::default(),
    };
    let anywhere = Rule {
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    let rules = Rules {
        policy: Policy {
            rules: vec![anywhere],
        },
        default_domain: Some("CONTOSO".to_owned()),
        unknown_names_key: Secret::new(vec![7; 32]),
        grants_key: Secret::new(vec![5; 32]),
        sending: None,
        keep_me_signed_in: None,
    };
    let tag = live.repeats.tag(&attempt, 0).unwrap();
    let asked = Asked {
        language: Language::English,
        code: [0; 8],
        id: [0; 16],
    };
    let outcome = attempt::verify(&ports, &rules, attempt, (asked, now)).await;
    (tag, outcome.result.unwrap().authenticated)
}

fn person(account: NewAccount) -> Person {
    Person {
        id: AccountId("3f79048f-42cd-4c77-8426-835cd9f8a3ad".to_owned()),
        domain: account.domain,
        sam: account.sam,
        upn: account.upn,
        realm: account.realm,
        sid: "S-1-5-21-1-2-3-1104".to_owned(),
        sip_addresses: account.sip_addresses,
        mail: account.mail,
        standing: Standing::Active,
        not_delegable: None,
        groups: Some(Vec::new()),
        attributes: BTreeMap::new(),
        group_names: None,
    }
}

#[tokio::test]
async fn with_the_directory_unread_for_too_long_its_people_are_put_out_and_no_others() {
    for origin in [Origin::Here, Origin::Directory] {
        let live = Live::new(&[1; 32], 0, Counter::default());
        let (tag, who) = signed_in_from(&live, None, origin).await;
        let (mut told, seen) = (live.listen(), Seen::default());
        assert!(
            live.stands_since(live.mark(), (&who, &seen), Some(tag))
                .is_ok()
        );
        live.directory_unread();
        let is_out = {
            let mut revoked = std::pin::pin!(seen.revoked(&mut told));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            revoked.as_mut().poll(&mut context).is_ready()
        };
        assert_eq!(is_out, origin == Origin::Directory);
        let is_known = live.known(&tag, None, who.at()).is_some();
        assert_eq!(is_known, origin == Origin::Here);
    }
}

#[tokio::test]
async fn t_dev_1_whoever_was_revoked_since_the_mark_is_gone_and_nobody_else() {
    let scene = Scene::new().await;
    let mark = scene.live.mark();
    scene.revokes(1, &AccountId("another".to_owned()));
    assert!(scene.stands(mark).is_some());
    scene.revokes(2, scene.who.account_id());
    assert!(scene.stands(mark).is_none(), "revoked since");
    assert!(!scene.is_known(None, 1), "not remembered over it");
    let later = scene.live.mark();
    assert!(scene.stands(later).is_some(), "proved anew after it");
}

#[tokio::test]
async fn what_a_connection_saw_in_the_store_is_not_forgotten_by_its_repeats() {
    let scene = Scene::new().await;
    let later = scene.live.mark().or_later(7);
    let first = scene.stands(later).unwrap();
    let known = |here| scene.live.known(&scene.tag, here, scene.who.at()).unwrap();
    let (_, stood_at) = known(Some(&first));
    assert_eq!(stood_at.number(), 7, "it was seen to stand after that");
    let again = scene.stands(stood_at).unwrap();
    assert_eq!(known(Some(&again)).1.number(), 7);
    // Whoever is known from elsewhere, or by another proof, was not seen by this connection.
    assert_eq!(known(None).1.number(), 0);
    let (other, _) = signed_in(&Live::new(&[2; 32], 0, Counter::default()), None).await;
    let of_another = Remembered {
        repeat: scene.live.repeats.remember(other, &scene.who),
        stood_at: later,
    };
    assert_eq!(known(Some(&of_another)).1.number(), 0);
}

#[tokio::test]
async fn t_dev_1_whoever_stands_is_told_of_what_is_revoked_from_then_on() {
    let scene = Scene::new().await;
    for seen in [Seen::default(), Seen::default().for_streams()] {
        let mut told = scene.live.told.subscribe();
        let standing = scene
            .live
            .stands_since(scene.live.mark(), (&scene.who, &seen), None);
        assert!(standing.is_ok());
        let after = scene.live.mark().0 + 1;
        scene.revokes(after, scene.who.account_id());
        // All that was told is there: whoever is not ended by it would wait for more.
        let ended = timeout(Duration::ZERO, seen.revoked(&mut told)).await;
        assert!(
            ended.is_ok(),
            "nothing was asked for yet, and it ends all the same"
        );
    }
}

#[tokio::test]
async fn whoever_came_back_is_not_taken_for_gone_by_what_is_heard_of_before() {
    let scene = Scene::new().await;
    let mark = scene.live.mark();
    // The store knows of two revocations that nobody has heard of here yet.
    let asked = mark.or_later(2);
    scene.revokes(1, scene.who.account_id());
    scene.revokes(2, scene.who.account_id());
    assert!(scene.stands(asked).is_some());
    assert!(scene.stands(mark).is_none());
    scene.revokes(3, scene.who.account_id());
    assert!(scene.stands(asked).is_none());
}

#[tokio::test]
async fn t_dev_1_whoever_began_before_what_is_kept_is_taken_for_gone() {
    let scene = Scene::new().await;
    let mark = scene.live.mark();
    for number in 1..=i64::try_from(KEPT).unwrap() {
        scene.revokes(number, &AccountId("another".to_owned()));
    }
    assert!(scene.stands(mark).is_some(), "all since is kept");
    scene.revokes(5_000, &AccountId("another".to_owned()));
    assert!(scene.stands(mark).is_none());
}

#[tokio::test]
async fn t_dev_1_a_connection_forgets_what_was_revoked_since_it_stood() {
    let scene = Scene::new().await;
    let here = scene.stands(scene.live.mark());
    assert!(
        scene.is_known(here.as_ref(), 3_600),
        "for as long as it lasts"
    );
    assert!(!scene.is_known(None, 3_600), "elsewhere not for long");
    scene.revokes(1, &AccountId("another".to_owned()));
    assert!(scene.is_known(here.as_ref(), 3_600));
    scene.revokes(2, scene.who.account_id());
    assert!(!scene.is_known(here.as_ref(), 1));
}

#[tokio::test(start_paused = true)]
async fn a_blind_gate_knows_nobody_again() {
    let scene = Scene::new().await;
    let mark = scene.live.mark();
    let here = scene.stands(mark);
    advance(BLIND_MAX - Duration::from_millis(1)).await;
    assert!(scene.is_known(here.as_ref(), 1));
    advance(Duration::from_millis(1)).await;
    assert!(!scene.is_known(here.as_ref(), 1) && !scene.is_known(None, 1));
    assert!(scene.stands(mark).is_none(), "nor is anybody let in");
    scene.live.forget_if_blind();
    scene.live.hear(Vec::new());
    assert!(!scene.is_known(None, 1), "it forgot, though it hears");
}
