//! What works once works once at several nodes, wherever it is typed: codes, steps of a sign-in, invitations; and tokens
//! that come by the thousand.

use authn::account::Account;
use authn::audit::TokenAct;
use authn::credential::otp_token::{CodePlace, CodesOf, OtpToken, Source, StoredOtpToken};
use authn::handle::HandleKey;
use authn::place::Service;
use authn::ports::{Adding, Invitations, OtpTokens, SignIns};
use authn::session::Invitation;
use authn::sign_in::{Requirement, SignIn};

use super::*;

/// A token of an account that all nodes know.
async fn token(node: &Store) -> OtpToken {
    let anna = conformance::account("anna");
    conformance::enrolled(node, &anna, "phone").await.unwrap();
    let token = conformance::otp_token("token", &anna);
    let added = node.add_otp_tokens(vec![token.clone()], Adding::For(Vec::new()));
    assert_eq!(added.await.unwrap(), Ok(()));
    token.record
}

fn tested(token: &OtpToken) -> Event {
    let kind = Kind::OtpToken {
        token: token.id.clone(),
        act: TokenAct::Tested,
    };
    Event::by_hand(&by_hand(), kind, token.account.clone())
}

/// SECURITY: T-OTP-1, whichever nodes are asked.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_codes_at_many_nodes_exactly_one_is_accepted() {
    let Some(world) = World::new() else { return };
    let nodes = [world.node().await, world.node().await, world.node().await];
    let token = token(&nodes[0]).await;
    for step in 100..103 {
        let mut tasks = Vec::new();
        for number in 0..48_usize {
            let (node, token) = (nodes[number % 3].clone(), token.clone());
            let spending = conformance::spending(&token, step);
            tasks.push(tokio::spawn(async move {
                node.accept_code(spending, tested(&token)).await
            }));
        }
        let mut accepted = 0;
        for task in tasks {
            accepted += u32::from(task.await.unwrap().unwrap());
        }
        assert_eq!(accepted, 1, "{step}");
    }
}

/// SECURITY: T-CRED-5, whichever nodes are asked.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_at_many_nodes_five_are_looked_at() {
    let Some(world) = World::new() else { return };
    let nodes = [world.node().await, world.node().await, world.node().await];
    let token = token(&nodes[0]).await;
    let mut tasks = Vec::new();
    for number in 0..48_usize {
        let node = nodes[number % 3].clone();
        let place = CodePlace {
            of: CodesOf::Token(token.id.clone()),
            source: Source::Unfamiliar,
            window_start: attempt("anna").window_start,
            now: now(),
            guess: None,
        };
        tasks.push(tokio::spawn(
            async move { node.reserve_code(place, None).await },
        ));
    }
    let mut looked_at = 0;
    for task in tasks {
        looked_at += task.await.unwrap().unwrap().tokens.len();
    }
    assert_eq!(looked_at, 5);
}

/// SECURITY: a step is answered once, and an invitation is used once, whichever nodes are asked.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_pages_at_many_nodes_one_takes_the_step_and_one_the_invitation() {
    let Some(world) = World::new() else { return };
    let nodes = [world.node().await, world.node().await, world.node().await];
    let anna = conformance::account("anna");
    conformance::enrolled(&nodes[0], &anna, "phone")
        .await
        .unwrap();
    let key = HandleKey([7; 32]);
    let (portal, both) = (Service::PORTAL, Requirement::SecretAndCode);
    let sign_in = SignIn::begin(portal, both, "/".to_owned(), now());
    nodes[0].begin_sign_in(key, &sign_in).await.unwrap();
    let invitation = Invitation {
        account: anna.id.clone(),
        made: now(),
        ends: now()
            .checked_add(jiff::SignedDuration::from_hours(1))
            .unwrap(),
    };
    let invited = nodes[0].invite(key, &invitation, mark(1)).await;
    invited.unwrap();
    let mut tasks = Vec::new();
    for number in 0..24_usize {
        let node = nodes[number % 3].clone();
        let secret = conformance::secret(&number.to_string(), "anna", &anna);
        tasks.push(tokio::spawn(async move {
            let taken = node.take_step(key, 0).await.unwrap();
            let redeemed = node.redeem(key, &secret, mark(2)).await.unwrap();
            (taken, redeemed)
        }));
    }
    let (mut steps, mut invitations) = (0, 0);
    for task in tasks {
        let (taken, redeemed) = task.await.unwrap();
        steps += u32::from(taken);
        invitations += u32::from(redeemed);
    }
    assert_eq!((steps, invitations), (1, 1));
}

fn many(account: &Account, count: usize) -> Vec<StoredOtpToken> {
    let tokens = (0..count).map(|number| conformance::otp_token(&format!("{number:06}"), account));
    tokens.collect()
}

#[tokio::test]
async fn tokens_come_by_the_thousand_or_not_at_all() {
    let Some(world) = World::new() else { return };
    let store = world.node().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone").await.unwrap();
    let tokens = many(&anna, 5_000);
    let events = || tokens.iter().map(|it| tested(&it.record)).collect();
    let trial = store.add_otp_tokens(tokens.clone(), Adding::OnTrial).await;
    assert_eq!(trial.unwrap(), Ok(()));
    assert_eq!(world.sql("SELECT COUNT(*) FROM otp_tokens"), "0");
    let added = store.add_otp_tokens(tokens.clone(), Adding::For(events()));
    assert_eq!(added.await.unwrap(), Ok(()));
    assert_eq!(world.sql("SELECT COUNT(*) FROM otp_tokens"), "5000");
    assert_eq!(store.verify_trail().await.unwrap().number, 5_002);
    let mut again = many(&anna, 5_001);
    for token in &mut again {
        token.record.id = CredentialId(format!("again {}", token.record.id.0));
    }
    let added = store
        .add_otp_tokens(again, Adding::For(vec![mark(1)]))
        .await;
    assert_eq!(added.unwrap().unwrap_err().serials.len(), 5_000);
    assert_eq!(world.sql("SELECT COUNT(*) FROM otp_tokens"), "5000");
    assert_eq!(store.verify_trail().await.unwrap().number, 5_002);
}
