//! Whoever was shut out after a backup was made stays out when it is put back.

use authn::account::AccountState;
use authn::admin::role::Role;
use authn::credential::grant::CodeSettlement;
use authn::credential::otp_token::{TokenKind, TokenState};
use authn::credential::sent_code::{Address, Carrier, Destination};
use authn::credential::spare_code::SpareKind;
use authn::handle::HandleKey;
use authn::lockout::Subject;
use authn::ports::{
    ApiTokens, DirectoryCopy, MemorisedSecrets, Passkeys, SentCodes, Sessions, Settlement,
    SpareCodes, Succeeded, TokenChange, TokenEffect,
};

use super::*;

const PEOPLE: [&str; 4] = ["anna", "ben", "clara", "dan"];

/// A store of four people, each with a phone, and a backup of it.
async fn backed_up(world: &World) -> Store {
    let store = world.migrated().await;
    for sam in PEOPLE {
        let somebody = conformance::account(sam);
        conformance::enrolled(&store, &somebody, &phone(sam).0)
            .await
            .unwrap();
    }
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    store
}

fn phone(sam: &str) -> CredentialId {
    CredentialId(format!("phone of {sam}"))
}

fn id(sam: &str) -> AccountId {
    conformance::account(sam).id
}

async fn revoke(store: &Store, sam: &str) {
    let revoked = store.revoke_app_password(&phone(sam), now(), mark(1)).await;
    assert!(revoked.unwrap());
}

async fn set_state(store: &Store, sam: &str, state: AccountState) {
    assert!(store.set_state(&id(sam), state, mark(2)).await.unwrap());
}

async fn restored(world: &World) -> (Restored, Store) {
    let (backup, keys) = (world.path("backup.db"), world.keys());
    let restored = Store::restore(&backup, &world.db(), &keys, &by_hand()).await;
    let restored = restored.unwrap();
    let store = Store::open(&world.db(), world.keys()).await.unwrap();
    (restored, store)
}

async fn revoked_at(store: &Store, sam: &str) -> Option<Timestamp> {
    let record = store.app_password(&phone(sam)).await.unwrap().unwrap();
    record.revoked
}

#[tokio::test]
async fn what_was_revoked_disabled_or_locked_since_stays_so_and_is_told() {
    let world = World::new();
    let store = backed_up(&world).await;
    let before = chain_length(&store).await - 1;
    revoke(&store, "anna").await;
    for (sam, state) in [
        ("ben", AccountState::Disabled),
        ("clara", AccountState::Locked),
    ] {
        set_state(&store, sam, state).await;
    }
    store.close().await;

    let (told, store) = restored(&world).await;
    assert_eq!(told.replaced, Replaced::Read);
    let revoked: Vec<_> = told
        .revoked
        .iter()
        .map(|(account, record)| (&account.id, &record.id, record.revoked))
        .collect();
    assert_eq!(revoked, [(&id("anna"), &phone("anna"), Some(now()))]);
    let states: Vec<_> = told
        .accounts
        .iter()
        .map(|account| (account.sam.as_str(), account.state))
        .collect();
    assert_eq!(
        states,
        [
            ("ben", AccountState::Disabled),
            ("clara", AccountState::Locked)
        ]
    );

    assert_eq!(revoked_at(&store, "anna").await, Some(now()));
    assert_eq!(revoked_at(&store, "dan").await, None);
    let listed = store.list().await.unwrap();
    let active: Vec<&str> = listed
        .iter()
        .filter(|account| account.state == AccountState::Active)
        .map(|account| account.sam.as_str())
        .collect();
    assert_eq!(active, ["anna", "dan"]);

    let trail = store.read(before + 1, 10).await.unwrap();
    let events: Vec<Event> = trail.into_iter().map(|chained| chained.event).collect();
    let credential = phone("anna");
    assert_eq!(
        events,
        [
            Event::by_hand(&by_hand(), Kind::StoreRestored, None),
            Event::by_hand(
                &by_hand(),
                Kind::AppPasswordRevoked { credential },
                Some(id("anna"))
            ),
            Event::by_hand(
                &by_hand(),
                Kind::AccountStateChanged {
                    state: AccountState::Disabled
                },
                Some(id("ben"))
            ),
            Event::by_hand(
                &by_hand(),
                Kind::AccountStateChanged {
                    state: AccountState::Locked
                },
                Some(id("clara"))
            ),
        ]
    );
}

#[tokio::test]
async fn a_revocation_that_was_taken_back_without_the_key_stays() {
    let world = World::new();
    let store = backed_up(&world).await;
    revoke(&store, "anna").await;
    store.close().await;
    world
        .execute("UPDATE app_passwords SET revoked = NULL")
        .await;
    let (told, store) = restored(&world).await;
    assert_eq!(told.revoked.len(), 1);
    assert_eq!(revoked_at(&store, "anna").await, Some(now()));
}

#[tokio::test]
async fn what_was_allowed_again_since_is_as_the_backup_has_it() {
    let world = World::new();
    let store = backed_up(&world).await;
    set_state(&store, "ben", AccountState::Disabled).await;
    std::fs::remove_file(world.path("backup.db")).unwrap();
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    set_state(&store, "ben", AccountState::Active).await;
    store.close().await;
    let (told, store) = restored(&world).await;
    assert_eq!((told.revoked, told.accounts), (vec![], vec![]));
    let ben = store.by_id(&id("ben")).await.unwrap().unwrap();
    assert_eq!(ben.state, AccountState::Disabled);
}

#[tokio::test]
async fn a_store_that_cannot_be_compared_is_told() {
    let world = World::new();
    backed_up(&world).await.close().await;
    std::fs::write(world.db(), "garbage".repeat(1_000)).unwrap();
    let (told, store) = restored(&world).await;
    let Replaced::Unreadable { problem } = told.replaced else {
        panic!("{told:?}");
    };
    assert!(problem.contains("not a database"), "{problem}");
    store.close().await;
    for name in ["store.db", "store.db.before-restore"] {
        std::fs::remove_file(world.path(name)).unwrap();
    }
    let (told, _) = restored(&world).await;
    assert_eq!(told.replaced, Replaced::Nothing);
}

/// A token with a button, one with a clock, and a recovery code.
async fn good_once(store: &Store) {
    let anna = conformance::account("anna");
    conformance::enrolled(store, &anna, &phone("anna").0)
        .await
        .unwrap();
    let clock = conformance::otp_token("clock", &anna);
    let mut button = conformance::otp_token("button", &anna);
    button.record.kind = TokenKind::Hotp;
    let added = store.add_otp_tokens(vec![clock, button], Adding::For(Vec::new()));
    assert_eq!(added.await.unwrap(), Ok(()));
    let codes = vec![conformance::spare_code("one", &anna, SpareKind::Recovery)];
    let set = store.set_spare_codes((&anna.id, SpareKind::Recovery), codes, mark(7));
    assert!(set.await.unwrap());
}

#[tokio::test]
async fn t_db_2_what_is_good_once_ends_where_nobody_can_say_whether_it_was_used() {
    let world = World::new();
    let store = world.migrated().await;
    good_once(&store).await;
    let backup = world.path("backup.db");
    store.backup(&backup, &by_hand()).await.unwrap();
    store.close().await;
    std::fs::remove_file(world.db()).unwrap();
    let (told, store) = restored(&world).await;
    let blocked: Vec<&str> = told.blocked.iter().map(|it| it.id.0.as_str()).collect();
    assert_eq!(blocked, ["button"]);
    let subject = Subject::Account(id("anna"));
    assert_eq!(store.spare_codes_of(&subject).await.unwrap().len(), 0);
    let states = store.otp_tokens("", 9).await.unwrap();
    let states: Vec<_> = states
        .iter()
        .map(|it| (it.id.0.as_str(), it.state))
        .collect();
    assert_eq!(
        states,
        [
            ("button", TokenState::Blocked),
            ("clock", TokenState::Active)
        ]
    );
}

#[tokio::test]
async fn a_source_that_was_familiar_in_the_backup_is_a_stranger() {
    let world = World::new();
    let store = backed_up(&world).await;
    std::fs::remove_file(world.path("backup.db")).unwrap();
    let reservation = store.reserve(attempt()).await.unwrap().unwrap();
    let succeeded = Some(Succeeded {
        account: id("anna"),
        credential: phone("anna"),
        source: "192.0.2.7".parse().unwrap(),
        device: None,
        second_factor: None,
    });
    store
        .settle(Settlement {
            code: CodeSettlement::None,
            reservation,
            succeeded,
            events: vec![],
            alarm: None,
        })
        .await
        .unwrap();
    let counts = store.reserve(attempt()).await.unwrap().unwrap().counts;
    assert!(counts.source_is_familiar);
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    store.close().await;
    let (_, store) = restored(&world).await;
    let counts = store.reserve(attempt()).await.unwrap().unwrap().counts;
    assert!(!counts.source_is_familiar);
}

#[tokio::test]
async fn s73_an_api_token_does_not_come_back_with_a_backup() {
    let world = World::new();
    let store = world.migrated().await;
    let token = conformance::api_token("a", Role::HelpDesk, 1);
    let key = HandleKey([7; 32]);
    store.add_api_token(key, &token, mark(3)).await.unwrap();
    let backup = world.path("backup.db");
    store.backup(&backup, &by_hand()).await.unwrap();
    assert!(store.remove_api_token(&token.id, mark(4)).await.unwrap());
    store.close().await;
    let (_, store) = restored(&world).await;
    assert_eq!(store.api_token(key).await.unwrap(), None);
    assert_eq!(store.api_tokens().await.unwrap(), []);
}

#[tokio::test]
async fn a_restored_store_has_read_no_directory() {
    let world = World::new();
    let store = world.migrated().await;
    store.was_read(now()).await.unwrap();
    let backup = world.path("backup.db");
    store.backup(&backup, &by_hand()).await.unwrap();
    store.close().await;
    let (_, store) = restored(&world).await;
    assert_eq!(store.last_read().await.unwrap(), None);
}

#[tokio::test]
async fn t_db_2_a_code_that_was_spent_since_stays_spent_and_a_token_that_was_taken_away_is_blocked()
{
    let world = World::new();
    let store = world.migrated().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone of anna")
        .await
        .unwrap();
    let ids = [
        "used",
        "blocked",
        "given away",
        "removed",
        "changed",
        "untouched",
    ];
    let tokens = ids.map(|id| conformance::otp_token(id, &anna)).to_vec();
    let added = store.add_otp_tokens(tokens, Adding::For(Vec::new())).await;
    assert_eq!(added, Ok(Ok(())));
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    let used = conformance::spending(&conformance::otp_token("used", &anna).record, 104);
    assert!(store.accept_code(used, mark(3)).await.unwrap());
    for id in ["blocked", "given away"] {
        let before = conformance::otp_token(id, &anna).record;
        let mut after = before.clone();
        match id {
            "blocked" => after.state = TokenState::Blocked,
            _ => after.account = None,
        }
        let change = TokenChange {
            before,
            after,
            effect: TokenEffect::None,
            event: mark(4),
        };
        assert!(store.change_otp_token(change).await.unwrap());
    }
    let removed = CredentialId("removed".to_owned());
    assert!(store.remove_otp_token(&removed, mark(5)).await.unwrap());
    store.close().await;
    world
        .execute("UPDATE otp_tokens SET digits = 8 WHERE id = 'changed'")
        .await;

    let (told, store) = restored(&world).await;
    let blocked: Vec<&str> = told.blocked.iter().map(|it| it.id.0.as_str()).collect();
    assert_eq!(blocked, ["blocked", "changed", "given away", "removed"]);
    let found = store.otp_tokens("", 9).await.unwrap();
    let states: Vec<_> = found
        .iter()
        .map(|it| (it.id.0.as_str(), it.state, it.next))
        .collect();
    let (active, blocked) = (TokenState::Active, TokenState::Blocked);
    assert_eq!(
        states,
        [
            ("blocked", blocked, 100),
            ("changed", blocked, 100),
            ("given away", blocked, 100),
            ("removed", blocked, 100),
            ("untouched", active, 100),
            ("used", active, 105),
        ]
    );
    let spent = conformance::spending(&conformance::otp_token("used", &anna).record, 104);
    assert!(!store.accept_code(spent, mark(6)).await.unwrap());
}

#[tokio::test]
async fn t_db_2_a_secret_that_was_changed_or_removed_since_does_not_come_back_and_no_session_does()
{
    let world = World::new();
    let store = world.migrated().await;
    for sam in ["anna", "ben", "clara", "david"] {
        let somebody = conformance::account(sam);
        conformance::enrolled(&store, &somebody, &phone(sam).0)
            .await
            .unwrap();
        let secret = conformance::secret("the first", sam, &somebody);
        store.set_memorised_secret(&secret, mark(7)).await.unwrap();
    }
    let clara = conformance::account("clara");
    let handle = conformance::signed_in_by(&store, &clara, "the first of clara")
        .await
        .unwrap();
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    let another = conformance::secret("another", "anna", &conformance::account("anna"));
    store.set_memorised_secret(&another, mark(8)).await.unwrap();
    assert!(
        store
            .remove_memorised_secret(&id("ben"), mark(9))
            .await
            .unwrap()
    );
    store
        .disown_memorised_secret(&id("david"), None, mark(10))
        .await
        .unwrap();
    store.close().await;

    let (_, store) = restored(&world).await;
    for (sam, stays) in [
        ("anna", false),
        ("ben", false),
        ("clara", true),
        ("david", false),
    ] {
        let subject = Subject::Account(id(sam));
        let found = store.memorised_secret(&subject).await.unwrap();
        assert_eq!(found.is_some(), stays, "{sam}");
    }
    assert!(store.session(handle, now()).await.unwrap().is_none());
}

#[tokio::test]
async fn t_db_2_a_passkey_that_was_removed_or_changed_since_stays_away_and_a_counter_stays_where_it_came_to()
 {
    let world = World::new();
    let store = world.migrated().await;
    for (sam, name) in [("anna", 'a'), ("ben", 'b'), ("clara", 'c')] {
        let somebody = conformance::account(sam);
        conformance::enrolled(&store, &somebody, &phone(sam).0)
            .await
            .unwrap();
        let passkey = conformance::passkey(&format!("key-of-{sam}"), &somebody, name).unwrap();
        assert!(store.add_passkey(&passkey, mark(7)).await.unwrap());
    }
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    let (anna, removed) = (id("anna"), CredentialId("key-of-anna".to_owned()));
    let removed = store.remove_passkey((&anna, &removed), mark(8)).await;
    assert!(removed.unwrap());
    store.close().await;
    world
        .execute("UPDATE passkeys SET counter = 41 WHERE account = 'id-of-clara'")
        .await;
    world
        .execute("UPDATE passkeys SET created = created + 1 WHERE account = 'id-of-ben'")
        .await;

    let (_, store) = restored(&world).await;
    for (sam, counters) in [("anna", vec![]), ("ben", vec![]), ("clara", vec![41])] {
        let found = store.passkeys_of(&id(sam)).await.unwrap();
        let found: Vec<u32> = found.iter().map(|it| it.record.counter).collect();
        assert_eq!(found, counters, "{sam}");
    }
}

#[tokio::test]
async fn whose_passkey_it_is_is_sealed_with_its_key() {
    let world = World::new();
    let store = world.migrated().await;
    for sam in ["anna", "ben"] {
        let somebody = conformance::account(sam);
        conformance::enrolled(&store, &somebody, &phone(sam).0)
            .await
            .unwrap();
    }
    let anna = conformance::account("anna");
    let passkey = conformance::passkey("key", &anna, 'a').unwrap();
    assert!(store.add_passkey(&passkey, mark(7)).await.unwrap());
    world
        .execute("UPDATE passkeys SET account = 'id-of-ben'")
        .await;
    let known_as = passkey.key.known_as();
    assert!(store.passkey_known_as(known_as).await.is_err());
    assert!(store.passkeys_of(&id("ben")).await.is_err());
}

#[tokio::test]
async fn t_db_2_a_spare_code_that_was_used_or_replaced_since_is_not_good_again() {
    let world = World::new();
    let store = world.migrated().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, &phone("anna").0)
        .await
        .unwrap();
    for (id, kind) in [
        ("used", SpareKind::Recovery),
        ("replaced", SpareKind::Temporary),
    ] {
        let codes = vec![conformance::spare_code(id, &anna, kind)];
        let set = store.set_spare_codes((&anna.id, kind), codes, mark(7));
        assert!(set.await.unwrap());
    }
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    let temporary = SpareKind::Temporary;
    let codes = vec![conformance::spare_code("another", &anna, temporary)];
    let set = store.set_spare_codes((&anna.id, temporary), codes, mark(8));
    assert!(set.await.unwrap());
    store.close().await;
    world
        .execute("UPDATE spare_codes SET uses = 0 WHERE id = 'used'")
        .await;

    let (_, store) = restored(&world).await;
    let subject = Subject::Account(anna.id);
    let found = store.spare_codes_of(&subject).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|it| (it.record.id.0.as_str(), it.record.uses))
        .collect();
    assert_eq!(found, [("used", 0)]);
}

#[tokio::test]
async fn a_number_that_is_another_or_none_by_now_gets_no_code_after_a_restore() {
    let world = World::new();
    let store = world.migrated().await;
    let to = |sam: &str, number: &str| Destination {
        account: id(sam),
        address: Address::parse(Carrier::Sms, number).unwrap(),
        set: now(),
        held_until: now(),
    };
    let set = async |store: &Store, destination: &Destination| {
        let set = store.set_destination(destination, Vec::new(), mark(1));
        assert!(set.await.unwrap());
    };
    let kept = to("clara", "+46701234567");
    for sam in PEOPLE {
        let somebody = conformance::account(sam);
        conformance::enrolled(&store, &somebody, &phone(sam).0)
            .await
            .unwrap();
    }
    for destination in [
        &to("anna", "+46701111111"),
        &to("ben", "+46702222222"),
        &kept,
    ] {
        set(&store, destination).await;
    }
    let backup = world.path("backup.db");
    store.backup(&backup, &by_hand()).await.unwrap();
    set(&store, &to("anna", "+46703333333")).await;
    let ben = id("ben");
    let removed = store.remove_destination((&ben, Carrier::Sms), None, mark(2));
    assert!(removed.await.unwrap());
    store.close().await;
    let (_, store) = restored(&world).await;
    for sam in PEOPLE {
        let found = store
            .destinations(&Subject::Account(id(sam)))
            .await
            .unwrap();
        let expected: &[Destination] = match sam {
            "clara" => std::slice::from_ref(&kept),
            _ => &[],
        };
        assert_eq!(found, expected, "{sam}");
    }
}
