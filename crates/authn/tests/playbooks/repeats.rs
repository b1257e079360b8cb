//! A repeat is no new sign-in: what was proved is known again for a while, and no longer than it stands.

use authn::account::AccountState;
use authn::credential::grant::BoundTo;
use authn::place::{Channel, Service, Zone};
use authn::repeat::{MAX_REPEATS, REPEAT, Repeat, Repeats};
use authn::revocation::Revoked;
use authn::{Attempt, Outcome};
use jiff::SignedDuration;

use crate::codes::{Anna, company};
use crate::world::{By, Person, Try, World, at, for_lync};

/// The configuration that judges.
const RULES: u64 = 0;

struct Scene {
    world: World,
    anna: Person,
    repeats: Repeats,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new();
        Self {
            anna: world.person("anna").await,
            world,
            repeats: Repeats::new(&[7; 32]),
        }
    }

    fn right(&self) -> Try {
        Try::new(By::Basic, &self.anna.account.upn, &self.anna.secret)
    }

    /// Signs in and is remembered.
    async fn proves(&self) -> Repeat {
        let attempt: Attempt = self.right().into();
        let tag = self.repeats.tag(&attempt, RULES).unwrap();
        let Outcome { result, .. } = self.world.attempt(attempt).await;
        self.repeats.remember(tag, &result.unwrap().authenticated)
    }

    /// Whether an attempt is known again after so many seconds, on a connection that remembers.
    fn is_known(&self, tried: Try, here: Option<&Repeat>, seconds: i64) -> bool {
        let tag = self.repeats.tag(&tried.into(), RULES);
        tag.and_then(|tag| self.repeats.repeated(&tag, here, at(seconds)))
            .is_some()
    }
}

#[tokio::test]
async fn a_repeat_within_sixty_seconds_is_known_anywhere_and_costs_nothing() {
    let scene = Scene::new().await;
    assert!(!scene.is_known(scene.right(), None, 0));
    scene.proves().await;
    scene.world.watched.calls();
    for (seconds, known) in [(0, true), (59, true), (60, false), (61, false), (-1, false)] {
        assert_eq!(
            scene.is_known(scene.right(), None, seconds),
            known,
            "{seconds}"
        );
    }
    assert_eq!(scene.world.watched.calls(), Vec::<String>::new());
    assert_eq!(REPEAT, SignedDuration::from_secs(60));
}

#[tokio::test]
async fn on_the_connection_where_it_was_proved_it_is_known_for_longer() {
    let scene = Scene::new().await;
    let here = scene.proves().await;
    assert!(scene.is_known(scene.right(), Some(&here), 3_600));
    let wrong = Try {
        secret: "wrong".to_owned(),
        ..scene.right()
    };
    assert!(!scene.is_known(wrong, Some(&here), 1));
}

#[tokio::test]
async fn whatever_it_was_judged_by_must_be_the_same() {
    let scene = Scene::new().await;
    let here = scene.proves().await;
    let right = scene.right();
    let others = [
        Try {
            secret: scene.anna.secret.replace('-', ""),
            ..right.clone()
        },
        Try {
            user: right.user.to_uppercase(),
            ..right.clone()
        },
        Try {
            service: Service::EWS,
            ..right.clone()
        },
        Try {
            zone: Zone::INTERNAL,
            ..right.clone()
        },
        Try {
            sip_uri: Some("sip:anna.sip@contoso.com".to_owned()),
            ..right.clone()
        },
        right.clone().by_tls(Some(1)),
        Try {
            by: By::Ntlm,
            ..right.clone()
        },
        Try {
            by: By::Negotiate,
            ..right.clone()
        },
    ];
    for other in others {
        assert!(!scene.is_known(other.clone(), Some(&here), 1), "{other:?}");
    }
    let of_another_pool = Attempt {
        pool: "pool02".to_owned(),
        ..right.clone().into()
    };
    let by_another_channel = Attempt {
        channel: Channel::Grant,
        ..right.clone().into()
    };
    let of_other_rules = (right.into(), RULES + 1);
    for (attempt, rules) in [
        (of_another_pool, RULES),
        (by_another_channel, RULES),
        of_other_rules,
    ] {
        let tag = scene.repeats.tag(&attempt, rules).unwrap();
        assert!(scene.repeats.repeated(&tag, Some(&here), at(1)).is_none());
    }
}

#[tokio::test]
async fn a_name_and_a_password_are_not_one_text() {
    let scene = Scene::new().await;
    let tag = |user: &str, secret: &str| {
        let tried = Try::new(By::Basic, user, secret);
        scene.repeats.tag(&tried.into(), RULES).unwrap()
    };
    assert_ne!(tag("ab", "c"), tag("a", "bc"));
    assert_ne!(tag("", "abc"), tag("abc", ""));
    let other = Repeats::new(&[8; 32]);
    let tried = Try::new(By::Basic, "ab", "c");
    assert_ne!(tag("ab", "c"), other.tag(&tried.into(), RULES).unwrap());
}

#[tokio::test]
async fn t_dev_1_what_was_revoked_is_forgotten() {
    for what in ["credential", "account", "everything"] {
        let scene = Scene::new().await;
        scene.proves().await;
        let other = Revoked::Account(authn::account::AccountId("another".to_owned()));
        scene.repeats.revoked(&other);
        assert!(scene.is_known(scene.right(), None, 1));
        match what {
            "credential" => {
                let credential = scene.anna.record.id.clone();
                scene.repeats.revoked(&Revoked::Credential(credential));
            }
            "account" => {
                let account = scene.anna.account.id.clone();
                scene.repeats.revoked(&Revoked::Account(account));
            }
            _ => scene.repeats.forget(),
        }
        assert!(!scene.is_known(scene.right(), None, 1), "{what}");
    }
}

#[tokio::test]
async fn a_repeat_ends_with_its_app_password_to_the_second() {
    let mut scene = Scene::new().await;
    let mut short = for_lync("guest room");
    short.expires = Some(at(30));
    let (_, secret) = scene.world.app_password(&scene.anna.account, short).await;
    scene.anna.secret = secret;
    let here = scene.proves().await;
    assert!(scene.is_known(scene.right(), Some(&here), 29));
    assert!(!scene.is_known(scene.right(), Some(&here), 30));
}

/// A code lets somebody in on the connection that it was typed on; on another it is spent, as no grant is bound to a client that
/// cannot be known again.
#[tokio::test]
async fn t_otp_6_whose_fingerprint_is_not_known_is_remembered_on_their_connection_alone() {
    let (address, tls, both) = (BoundTo::Address, BoundTo::TlsFingerprint, BoundTo::Both);
    for (bound_to, fingerprint, is_known_anywhere) in [
        (address, None, true),
        (address, Some(1), true),
        (tls, None, false),
        (tls, Some(1), true),
        (both, None, false),
        (both, Some(1), true),
    ] {
        let mut world = company();
        world.rules.policy.rules[0].grant_bound_to = bound_to;
        let anna = Anna::of(&world).await;
        let repeats = Repeats::new(&[7; 32]);
        let attempt = || Attempt::from(anna.tries(0).by_tls(fingerprint));
        let tag = repeats.tag(&attempt(), RULES).unwrap();
        let who = world.attempt(attempt()).await.result.unwrap();
        let here = repeats.remember(tag, &who.authenticated);
        assert!(repeats.repeated(&tag, Some(&here), at(1)).is_some());
        let elsewhere = repeats.repeated(&tag, None, at(1));
        let about = format!("{bound_to:?} {fingerprint:?}");
        assert_eq!(elsewhere.is_some(), is_known_anywhere, "{about}");
    }
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let scene = Scene::new().await;
    let here = scene.proves().await;
    let attempt: Attempt = scene.right().into();
    let tag = scene.repeats.tag(&attempt, RULES).unwrap();
    let who = scene.repeats.repeated(&tag, Some(&here), at(0)).unwrap();
    for number in 0..MAX_REPEATS {
        let tried = Try::new(By::Basic, &format!("user{number}"), "x");
        scene
            .repeats
            .remember(scene.repeats.tag(&tried.into(), RULES).unwrap(), &who);
    }
    let last = Try::new(By::Basic, &format!("user{}", MAX_REPEATS - 1), "x");
    assert!(!scene.is_known(last, None, 1), "there was no room for it");
    assert!(scene.is_known(scene.right(), None, 1));
}

#[tokio::test]
async fn whoever_is_revoked_while_the_secret_is_checked_is_not_let_in() {
    for way in ["revoked", "disabled"] {
        let scene = Scene::new().await;
        scene.world.watched.overtake(match way {
            "revoked" => Revoked::Credential(scene.anna.record.id.clone()),
            _ => Revoked::Account(scene.anna.account.id.clone()),
        });
        for by in [By::Basic, By::Ntlm, By::Negotiate] {
            let tried = Try {
                by,
                ..scene.right()
            };
            let outcome = scene.world.verify(tried).await;
            assert!(outcome.result.is_err(), "{way} {by:?}");
            let trail = scene.world.watched.trail().await;
            let is_in = |chained: &&authn::ports::ChainedEvent| {
                matches!(chained.event.kind, authn::audit::Kind::SignedIn { .. })
            };
            assert!(!trail.iter().any(|chained| is_in(&chained)), "{way} {by:?}");
        }
        scene
            .world
            .set_state(&scene.anna, AccountState::Active)
            .await;
    }
}
