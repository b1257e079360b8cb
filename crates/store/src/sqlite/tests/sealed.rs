//! Whoever can write to the file but lacks the key changes no app password unnoticed.

use authn::account::Account;
use authn::admin::role::Role;
use authn::handle::HandleKey;
use authn::ports::{ApiTokens, Unavailable};

use super::*;

/// Anna and Ben, each with a phone; Ben's has a year to go.
async fn two_people(store: &Store) -> [Account; 2] {
    let people = ["anna", "ben"].map(conformance::account);
    for person in &people {
        conformance::enrolled(store, person, &format!("phone of {}", person.sam))
            .await
            .unwrap();
    }
    people
}

/// What the app passwords of the owner of a changed row, and that row itself, are answered with.
async fn answers(store: &Store, owner: &Account, id: &str) -> [Result<(), Unavailable>; 2] {
    let listed = store
        .app_passwords(&Subject::Account(owner.id.clone()))
        .await;
    let shown = store.app_password(&CredentialId(id.to_owned())).await;
    [listed.map(drop), shown.map(drop)]
}

#[tokio::test]
async fn a_column_that_decides_is_not_changed_without_the_key() {
    let changes: [(&'static str, &str, usize); 7] = [
        (
            "UPDATE app_passwords SET account = 'id-of-anna' WHERE id = 'phone of ben'",
            "phone of ben",
            0,
        ),
        (
            "UPDATE app_passwords SET scope = '[\"ews\",\"lync\",\"owa\"]' WHERE id = 'phone of ben'",
            "phone of ben",
            1,
        ),
        (
            "UPDATE app_passwords SET created = created + 1 WHERE id = 'phone of ben'",
            "phone of ben",
            1,
        ),
        (
            "UPDATE app_passwords SET expires = expires + 1 WHERE id = 'phone of ben'",
            "phone of ben",
            1,
        ),
        (
            "UPDATE app_passwords SET expires = NULL WHERE id = 'phone of ben'",
            "phone of ben",
            1,
        ),
        (
            "UPDATE app_passwords SET revoked = 1700000000000000 WHERE id = 'phone of ben'",
            "phone of ben",
            1,
        ),
        (
            "UPDATE app_passwords SET id = 'tablet' WHERE id = 'phone of ben'",
            "tablet",
            1,
        ),
    ];
    for (change, id, owner) in changes {
        let world = World::new();
        let store = world.migrated().await;
        let people = two_people(&store).await;
        assert_eq!(
            answers(&store, &people[1], "phone of ben").await,
            [Ok(()), Ok(())]
        );
        world.execute(change).await;
        for answer in answers(&store, &people[owner], id).await {
            let refused = answer.expect_err(change);
            assert_eq!(refused.what, "a sealed secret", "{change}");
            assert!(
                refused.detail.contains("a row that was changed"),
                "{refused}"
            );
        }
        let id = CredentialId(id.to_owned());
        let revoked = store
            .revoke_app_password(&id, now(), mark(1))
            .await
            .expect_err(change);
        assert_eq!(revoked.what, "a sealed secret", "{change}");
    }
}

#[tokio::test]
async fn a_revocation_is_not_taken_back_without_the_key() {
    let world = World::new();
    let store = world.migrated().await;
    let [_, ben] = two_people(&store).await;
    let phone = CredentialId("phone of ben".to_owned());
    assert!(
        store
            .revoke_app_password(&phone, now(), mark(1))
            .await
            .unwrap()
    );
    let subject = Subject::Account(ben.id.clone());
    let found = store.app_passwords(&subject).await.unwrap().remove(0);
    assert_eq!(found.record.revoked, Some(now()));
    assert_eq!(
        found.hashes.plain,
        conformance::app_password("phone of ben", &ben).hashes.plain
    );

    world
        .execute("UPDATE app_passwords SET revoked = NULL WHERE id = 'phone of ben'")
        .await;
    for answer in answers(&store, &ben, "phone of ben").await {
        assert_eq!(answer.unwrap_err().what, "a sealed secret");
    }
    let moved = "UPDATE app_passwords SET revoked = revoked + 1 WHERE id = 'phone of ben'";
    world
        .execute("UPDATE app_passwords SET revoked = 1700000000000000 WHERE id = 'phone of ben'")
        .await;
    assert_eq!(
        answers(&store, &ben, "phone of ben").await,
        [Ok(()), Ok(())]
    );
    world.execute(moved).await;
    for answer in answers(&store, &ben, "phone of ben").await {
        assert_eq!(answer.unwrap_err().what, "a sealed secret");
    }
}

#[tokio::test]
async fn what_decides_nothing_may_change_and_the_row_still_opens() {
    let world = World::new();
    let store = world.migrated().await;
    let [_, ben] = two_people(&store).await;
    world
        .execute("UPDATE app_passwords SET label = 'another', device = NULL, last_used = 1, last_used_from = '192.0.2.1'")
        .await;
    assert_eq!(
        answers(&store, &ben, "phone of ben").await,
        [Ok(()), Ok(())]
    );
}

#[tokio::test]
async fn no_column_that_decides_of_a_token_is_changed_without_the_key() {
    for (change, id) in [
        ("account = 'id-of-ben'", "phone"),
        ("account = NULL", "phone"),
        ("serial = '100'", "phone"),
        ("kind = 'hotp', period = NULL", "phone"),
        ("period = 60", "phone"),
        ("algorithm = 'SHA512'", "phone"),
        ("digits = 8", "phone"),
        ("state = 'blocked'", "phone"),
        ("created = created + 1", "phone"),
        ("clock_offset = 20", "phone"),
        ("id = 'tablet'", "tablet"),
    ] {
        let world = World::new();
        let store = world.migrated().await;
        let [anna, ben] = two_people(&store).await;
        let token = conformance::otp_token("phone", &anna);
        let added = store
            .add_otp_tokens(vec![token], Adding::For(Vec::new()))
            .await;
        assert_eq!(added, Ok(Ok(())));
        assert!(store.otp_token("phone").await.unwrap().is_some());
        let statement = format!("UPDATE otp_tokens SET {change}");
        world.execute(&statement).await;
        let found = store.otp_token(id).await.map(drop);
        let owner = if change.contains("ben") { ben } else { anna };
        let subject = Subject::Account(owner.id);
        let listed = store.otp_tokens_of(&subject).await.map(drop);
        let all = store.otp_tokens("", 9).await.map(drop);
        let answers = match change {
            "account = NULL" => vec![found, all],
            _ => vec![found, all, listed],
        };
        for answer in answers {
            let refused = answer.expect_err(change);
            assert_eq!(refused.what, "a sealed secret", "{change}");
            assert!(
                refused.detail.contains("a row that was changed"),
                "{refused}"
            );
        }
    }
}

#[tokio::test]
async fn s73_what_an_api_token_may_do_is_not_changed_without_the_key() {
    let changes: [(&'static str, u8); 3] = [
        (
            "UPDATE api_tokens SET sealed = (SELECT sealed FROM api_tokens WHERE id = 'auditor') WHERE id = 'desk'",
            1,
        ),
        (
            "UPDATE api_tokens SET handle = zeroblob(32) WHERE id = 'desk'",
            0,
        ),
        (
            "UPDATE api_tokens SET sealed = zeroblob(64) WHERE id = 'desk'",
            1,
        ),
    ];
    for (change, number) in changes {
        let world = World::new();
        let store = world.migrated().await;
        for (id, role, number) in [("desk", Role::HelpDesk, 1), ("auditor", Role::Auditor, 2)] {
            let token = conformance::api_token(id, role, 1);
            let key = HandleKey([number; 32]);
            store.add_api_token(key, &token, mark(1)).await.unwrap();
        }
        let key = HandleKey([number; 32]);
        world.execute(change).await;
        assert!(store.api_token(key).await.is_err(), "{change}");
        assert!(store.api_tokens().await.is_err(), "{change}");
    }
}
