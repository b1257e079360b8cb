//! A party that wants a new sign-in gets one, once, and nobody's older session stands in for it.

use authn::place::Method;
use sts::trust::RelyingPartyTrust;

use crate::world::{ASKS, World, at, issued, lync, minutes, must_sign_in, session, world};

const OTHER: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const BOTH: [Method; 2] = [Method::MemorisedSecret, Method::OneTimeCode];

async fn is_asked_anew(world: &World, query: &str) {
    let old = session(at(0), &BOTH);
    let asked = world.try_ask(query, Some(&old), at(30)).await.unwrap();
    let (_, continuation) = must_sign_in(asked);
    let back = continuation.strip_prefix("/adfs/ls/?").unwrap();

    let same = world.try_ask(back, Some(&old), at(31)).await.unwrap();
    must_sign_in(same);
    let new = session(at(40), &BOTH);
    let without = world.try_ask(query, Some(&new), at(41)).await.unwrap();
    must_sign_in(without);
    let elsewhere = world.try_ask_by(OTHER, back, Some(&new), at(41)).await;
    must_sign_in(elsewhere.unwrap());
    issued(world.try_ask(back, Some(&new), at(41)).await.unwrap());
    let again = world.try_ask(back, Some(&new), at(42)).await.unwrap();
    must_sign_in(again);
    let newer = session(at(645), &BOTH);
    issued(world.try_ask(back, Some(&newer), at(650)).await.unwrap());
    let ended = session(at(730), &BOTH);
    must_sign_in(world.try_ask(back, Some(&ended), at(731)).await.unwrap());
    let later = world.try_ask(back, Some(&new), at(140)).await.unwrap();
    must_sign_in(later);
}

#[tokio::test]
async fn a_new_sign_in_is_wanted_by_request_or_by_trust() {
    for wants in ["wfresh=0", "prompt=login"] {
        is_asked_anew(&world(vec![lync()]), &format!("{ASKS}&{wants}")).await;
    }
    let always = RelyingPartyTrust {
        always_require_authentication: true,
        ..lync()
    };
    is_asked_anew(&world(vec![always]), ASKS).await;
}

#[tokio::test]
async fn an_age_in_minutes_is_an_age() {
    let world = world(vec![lync()]);
    let query = format!("{ASKS}&wfresh=10");
    let old = session(at(0), &BOTH);
    issued(world.try_ask(&query, Some(&old), at(600)).await.unwrap());
    must_sign_in(world.try_ask(&query, Some(&old), at(601)).await.unwrap());
}

#[tokio::test]
async fn what_the_policy_wants_of_a_session_is_asked_for_every_token() {
    let mut world = world(vec![lync()]);
    world.policy.rules[0].fresh = Some(minutes(10));
    let old = session(at(0), &BOTH);
    issued(world.try_ask(ASKS, Some(&old), at(599)).await.unwrap());
    must_sign_in(world.try_ask(ASKS, Some(&old), at(601)).await.unwrap());
    let one = session(at(0), &[Method::MemorisedSecret]);
    must_sign_in(world.try_ask(ASKS, Some(&one), at(1)).await.unwrap());
}

#[tokio::test]
async fn a_mark_of_another_request_is_none() {
    let world = world(vec![lync()]);
    let query = format!("{ASKS}&wfresh=0");
    let asked = world.try_ask(&query, None, at(30)).await.unwrap();
    let (_, continuation) = must_sign_in(asked);
    let mark = continuation.split("wicketgate-asked=").nth(1).unwrap();
    let other = format!("{ASKS}&wctx=other&wfresh=0&wicketgate-asked={mark}");
    let new = session(at(40), &BOTH);
    must_sign_in(world.try_ask(&other, Some(&new), at(41)).await.unwrap());
}
