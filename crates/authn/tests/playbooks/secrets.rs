//! Only an app password of one's own opens anything; a domain password is like any wrong secret
//! (S18, S23, S36).

use std::net::IpAddr;

use authn::audit::{Kind, Reason};
use authn::place::{Channel, Method, Zone};
use authn::{Attempt, Proof, Refusal};
use proto::ntlm::FileTime;
use proto::ntlm::client::Client;

use crate::world::{
    By, EVERY_WAY, Exchange, HOME, Person, Try, World, at, by_hand, for_lync, passed, refusal,
};

/// Secrets that are not Anna's app password, though some come close.
fn wrong_secrets(anna: &Person, ben: &Person) -> Vec<String> {
    let shown = &anna.secret;
    let plain = shown.replace('-', "");
    let (first_group, _) = shown.split_once('-').unwrap();
    vec![
        "Summer2026!".to_owned(),
        String::new(),
        " ".to_owned(),
        // INTEROP: NTLM hashes what was typed; capitals and other dashes are another secret.
        shown.to_uppercase(),
        shown.replace('-', " "),
        shown.replace('-', "\u{2013}"),
        shown.replacen('-', "", 1),
        format!("{shown} "),
        format!(" {plain}"),
        format!("{plain}\0"),
        format!("{plain}{plain}"),
        plain.chars().skip(1).collect(),
        first_group.to_owned(),
        ben.secret.clone(),
        anna.record.id.0.clone(),
        anna.record.label.clone(),
        anna.account.upn.clone(),
        // What stands in for the hashes that an account does not have.
        "\u{fffd}nobody\u{fffd}".to_owned(),
        "a".repeat(10_000),
    ]
}

#[tokio::test]
async fn s18_the_domain_password_and_everything_else_that_is_no_app_password_is_refused() {
    let world = World::new();
    let anna = world.person("anna").await;
    let ben = world.person("ben").await;
    for by in EVERY_WAY {
        for (number, secret) in wrong_secrets(&anna, &ben).iter().enumerate() {
            let tried = Try::new(by, &anna.account.upn, secret);
            let outcome = world.verify(tried).await;
            let refused = refusal(&outcome);
            assert_eq!(refused, Some(&Refusal::Denied), "{by:?}, number {number}");
            assert_eq!(world.reason().await, Some(Reason::WrongSecret));
        }
    }
}

#[tokio::test]
async fn s18_somebody_without_an_app_password_cannot_sign_in_with_anything() {
    let world = World::new();
    let anna = world.person("anna").await;
    let new = crate::world::named("eve");
    let eve = authn::admin::add_account(&world.ports, new, &by_hand(0), world.draw()).await;
    let eve = eve.unwrap();
    for by in EVERY_WAY {
        for secret in ["", "Summer2026!", "\u{fffd}nobody\u{fffd}", &anna.secret] {
            let outcome = world.verify(Try::new(by, &eve.upn, secret)).await;
            assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{by:?}");
            assert_eq!(world.reason().await, Some(Reason::WrongSecret));
        }
    }
}

#[tokio::test]
async fn s18_a_secret_that_was_offered_is_written_down_nowhere() {
    let world = World::new();
    let anna = world.person("anna").await;
    for by in EVERY_WAY {
        for secret in ["Summer2026!", &anna.secret] {
            world.verify(Try::new(by, &anna.account.upn, secret)).await;
        }
    }
    let record = world.ports.credentials.app_password(&anna.record.id).await;
    let kept = format!("{:?} {:?}", world.watched.trail().await, record.unwrap());
    for hidden in ["Summer2026!", &anna.secret, &anna.secret.replace('-', "")] {
        assert!(!kept.contains(hidden));
    }
}

#[tokio::test]
async fn s36_an_app_password_passes_typed_with_its_groups_and_without() {
    let world = World::new();
    let anna = world.person("anna").await;
    for by in EVERY_WAY {
        for secret in [anna.secret.clone(), anna.secret.replace('-', "")] {
            let tried = Try::new(by, &anna.account.upn, &secret);
            let verified = world.verify(tried).await.result.unwrap();
            let who = &verified.authenticated;
            assert_eq!(who.account(), &anna.account);
            assert_eq!(who.credential(), &anna.record.id);
            assert_eq!(who.methods(), [Method::AppPassword]);
            assert_eq!((who.zone(), who.at()), (&Zone::EXTERNAL, at(0)));
            let channel = match by {
                By::Ntlm => Channel::Ntlm,
                By::Negotiate => Channel::Negotiate,
                By::Basic => Channel::Basic,
            };
            assert_eq!(who.channel(), channel);
        }
    }
}

#[tokio::test]
async fn s36_each_of_many_app_passwords_passes_and_is_the_one_that_is_noted() {
    let world = World::new();
    let anna = world.person("anna").await;
    let mut all = vec![(anna.record.clone(), anna.secret.clone())];
    for label in ["tablet", "laptop", "desk", "car", "watch", "kiosk"] {
        all.push(world.app_password(&anna.account, for_lync(label)).await);
    }
    for (second, (record, secret)) in (1..).zip(&all) {
        for by in EVERY_WAY {
            let tried = Try {
                now: at(second),
                ..Try::new(by, &anna.account.upn, secret)
            };
            let verified = world.verify(tried).await.result.unwrap();
            assert_eq!(verified.authenticated.credential(), &record.id);
            let credential = record.id.clone();
            let trail = world.watched.trail().await;
            let last = trail.last().unwrap();
            let noted = &last.event.kind;
            assert!(
                matches!(noted, Kind::SignedIn { credential: noted, .. } if *noted == credential)
            );
            assert_eq!(last.event.account.as_ref(), Some(&anna.account.id));
        }
        let found = world.ports.credentials.app_password(&record.id).await;
        let last_used = found.unwrap().unwrap().last_used;
        assert_eq!(last_used, Some((at(second), IpAddr::from(HOME))));
    }
}

#[tokio::test]
async fn an_app_password_opens_its_owners_account_only() {
    let world = World::new();
    let anna = world.person("anna").await;
    let ben = world.person("ben").await;
    for by in EVERY_WAY {
        let crossed = Try::new(by, &ben.account.upn, &anna.secret);
        assert_eq!(
            refusal(&world.verify(crossed).await),
            Some(&Refusal::Denied)
        );
        assert_eq!(world.reason().await, Some(Reason::WrongSecret));
        let own = Try::new(by, &ben.account.upn, &ben.secret);
        assert_eq!(passed(&world.verify(own).await), Some(&ben.account));
    }
}

#[tokio::test]
async fn t_ntlm_6_a_clock_that_is_far_off_is_noted_and_not_judged() {
    let world = World::new();
    let anna = world.person("anna").await;
    for (skew, noted) in [
        (0, None),
        (300, None),
        (-300, None),
        (301, Some(301)),
        (-3_600, Some(-3_600)),
    ] {
        let client = Client::plain("anna", "CONTOSO", &anna.secret);
        let time = FileTime::from_unix_micros(at(skew).as_microsecond());
        let proof = Proof::Ntlm {
            response: Box::new(Exchange::with_clock(&client, Some(time)).response),
            negotiation: None,
        };
        let attempt = Attempt {
            proof,
            ..Try::new(By::Ntlm, "anna", "").into()
        };
        let outcome = world.attempt(attempt).await;
        assert_eq!(passed(&outcome), Some(&anna.account), "{skew}");
        let trail = world.watched.trail().await;
        let Kind::SignedIn { clock_skew, .. } = trail.last().unwrap().event.kind else {
            unreachable!("a sign-in");
        };
        assert_eq!(clock_skew, noted, "{skew}");
    }
}
