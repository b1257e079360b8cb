//! Moving a store: everything arrives or nothing does, and the trail goes on where it arrived.

use authn::account::Account;
use authn::credential::grant::{Bought, Client, Grant, GrantKey, Spends};
use authn::credential::memorised_secret::SecretPlace;
use authn::credential::otp_token::Source;
use authn::handle::{Handle, HandleKey};
use authn::place::{Method, Service};
use authn::ports::{Adding, Invitations, MemorisedSecrets, OtpTokens, Sessions, SignIns, Tickets};
use authn::session::Invitation;
use authn::sign_in::{Requirement, SignIn};
use authn::ticket::{RelayedTicket, Relaying, TicketKey};

use super::*;

fn file(world: &World, name: &str) -> Database {
    Database::Sqlite(world.folder.path().join(name))
}

async fn furnished(world: &World, database: &Database) {
    Store::migrate_in(database).await.unwrap();
    let store = Store::open_in(database.clone(), world.keys())
        .await
        .unwrap();
    for name in ["anna", "bert"] {
        let account = conformance::account(name);
        conformance::enrolled(&store, &account, &format!("phone-of-{name}"))
            .await
            .unwrap();
        buy_a_grant(&store, &account).await;
        let ticket = RelayedTicket {
            key: TicketKey([name.len().try_into().unwrap(); 32]),
            account: account.id.clone(),
            credential: CredentialId(format!("phone-of-{name}")),
            token: Some(CredentialId(format!("token-of-{name}"))),
            channel: authn::place::Channel::Ntlm,
            methods: [Method::AppPassword, Method::OneTimeCode].into(),
            second_factor: Some(now()),
            pool: "pool".to_owned(),
            relayed: now(),
            expires: now(),
        };
        let relaying = Relaying {
            ticket,
            used: None,
            events: vec![mark(7)],
            session: None,
        };
        // The second is the first one's, and refused.
        let _ = store.record(relaying, 0).await;
    }
    use_pages(&store).await;
    let party = conformance::add_trust(&store, conformance::kept_party("Lync-Ext"));
    assert!(party.await.unwrap().is_ok());
    let signs = sts::key_ring::KeyState::Primary { since: now() };
    let key = conformance::add_signing_key(&store, "a", signs);
    assert_eq!(key.await.unwrap(), sts::ports::KeysChanged::Done);
    store.append((0..1_200).map(mark).collect()).await.unwrap();
    store.close().await;
}

/// A code of a new token is proved and behind a grant from there on.
async fn buy_a_grant(store: &Store, account: &Account) {
    let token = conformance::otp_token(&format!("token-of-{}", account.sam), account);
    let added = store.add_otp_tokens(vec![token.clone()], Adding::For(vec![mark(8)]));
    assert_eq!(added.await.unwrap(), Ok(()));
    let credential = CredentialId(format!("phone-of-{}", account.sam));
    let grant = Grant {
        key: key_of(&account.sam),
        account: account.id.clone(),
        credential: credential.clone(),
        token: Some(token.record.id.clone()),
        client: Client("192.0.2.7/32".to_owned()),
        made: now(),
        used: now(),
        ends: now(),
    };
    let acceptance = conformance::spending(&token.record, 104);
    let settlement = Settlement {
        reservation: store.reserve(attempt(&account.sam)).await.unwrap().unwrap(),
        succeeded: Some(Succeeded {
            account: account.id.clone(),
            credential,
            source: "192.0.2.7".parse().unwrap(),
            device: None,
            second_factor: Some(Method::OneTimeCode),
        }),
        code: CodeSettlement::Buys(Box::new(Bought {
            spends: Spends::OfToken(acceptance),
            grant,
        })),
        events: vec![mark(9)],
        alarm: None,
    };
    let settled = store.settle(settlement).await.unwrap();
    assert_eq!(settled, Settled::Written { is_alarmed: false });
}

/// Anna has a secret and is signed in by it; Bert is invited; somebody is about to sign in.
async fn use_pages(store: &Store) {
    let anna = conformance::account("anna");
    let secret = conformance::secret("secret", "anna", &anna);
    let set = store.set_memorised_secret(&secret, mark(10));
    set.await.unwrap();
    conformance::signed_in_by(store, &anna, "secret of anna")
        .await
        .unwrap();
    let guess = SecretPlace::now(Subject::Unknown(7), Source::Unfamiliar, now());
    assert!(store.reserve_secret(guess).await.unwrap().is_taken());
    let invitation = Invitation {
        account: conformance::account("bert").id,
        made: before_now(),
        ends: now(),
    };
    let invited = store.invite(HandleKey([8; 32]), &invitation, mark(11));
    invited.await.unwrap();
    let (portal, both) = (Service::PORTAL, Requirement::SecretAndCode);
    let sign_in = SignIn::begin(portal, both, "/".to_owned(), now());
    let begun = store.begin_sign_in(HandleKey([9; 32]), &sign_in);
    begun.await.unwrap();
}

/// What pages know, in words.
async fn known_to_pages(store: &Store) -> String {
    let anna = Subject::Account(AccountId("id-of-anna".to_owned()));
    let secret = store.memorised_secret(&anna).await.unwrap().unwrap();
    let session = store
        .session(Handle::made_from([2; 32]).key(), now())
        .await
        .unwrap();
    let invitation = store.invitation(HandleKey([8; 32]), before_now()).await;
    let sign_in = store.sign_in(HandleKey([9; 32]), now()).await.unwrap();
    let id = AccountId("id-of-anna".to_owned());
    let latest = store.latest_of(&id, 3).await.unwrap();
    let latest: Vec<_> = latest.iter().map(|it| it.number).collect();
    format!(
        "{:?} {:?} {session:?} {:?} {sign_in:?} {latest:?}",
        secret.record,
        secret.hash.salt,
        invitation.unwrap()
    )
}

fn before_now() -> Timestamp {
    Timestamp::from_second(1_699_999_999).unwrap()
}

fn key_of(name: &str) -> GrantKey {
    GrantKey([name.as_bytes()[0]; 32])
}

async fn listed(world: &World, database: &Database) -> String {
    let store = Store::open_in(database.clone(), world.keys())
        .await
        .unwrap();
    let anna = Subject::Account(AccountId("id-of-anna".to_owned()));
    let passwords = store.app_passwords(&anna).await.unwrap();
    let passwords: Vec<_> = passwords.iter().map(|it| &it.record).collect();
    let accounts = store.list().await.unwrap();
    let tokens = store.otp_tokens_of(&anna).await.unwrap();
    let tokens: Vec<_> = tokens
        .iter()
        .map(|it| (&it.record, it.seed.as_bytes()))
        .collect();
    assert_eq!(tokens[0].0.next, 105);
    let grant = store.grant(&key_of("anna")).await.unwrap().unwrap();
    let ticket = store.find(&TicketKey([4; 32]), before_now()).await.unwrap();
    let (ticket, _) = ticket.unwrap();
    let pages = known_to_pages(&store).await;
    let listed = format!("{accounts:?} {passwords:?} {tokens:?} {grant:?} {ticket:?} {pages}");
    store.close().await;
    listed
}

#[tokio::test]
async fn a_store_moves_to_a_server_and_back_and_its_trail_goes_on() {
    let Some(world) = World::new() else { return };
    let (from, to, back) = (file(&world, "a.db"), world.database(), file(&world, "b.db"));
    furnished(&world, &from).await;
    let before = listed(&world, &from).await;
    let there = Store::copy((&from, &to), &world.keys(), &by_hand())
        .await
        .unwrap();
    assert_eq!(listed(&world, &to).await, before);
    let again = Store::copy((&to, &back), &world.keys(), &by_hand())
        .await
        .unwrap();
    assert_eq!(listed(&world, &back).await, before);

    assert_eq!(again.head.number, there.head.number + 1);
    let count = |copied: &crate::Copied, wanted: &str| {
        let tables = copied.tables.iter();
        let found = tables.clone().find(|(name, _)| name == wanted);
        found.map(|(_, rows)| *rows).unwrap()
    };
    for (table, rows) in [
        ("accounts", 2),
        ("app_passwords", 2),
        ("otp_tokens", 2),
        ("session_grants", 2),
        ("second_factors", 2),
        ("memorised_secrets", 1),
        ("secret_budgets", 1),
        ("sessions", 1),
        ("invitations", 1),
        ("sign_ins", 1),
        ("tickets", 1),
    ] {
        assert_eq!(count(&there, table), rows, "{table}");
        assert_eq!(count(&again, table), rows, "{table}");
    }
    assert_eq!(count(&there, "audit"), there.head.number);
    let store = Store::open_in(back, world.keys()).await.unwrap();
    assert_eq!(
        store.verify_trail().await.unwrap().number,
        again.head.number + 1
    );
    let last = store.read(again.head.number, 2).await.unwrap();
    for (event, place) in last.iter().zip(["a.db", "postgres://"]) {
        let Kind::StoreCopied { from } = &event.event.kind else {
            panic!("another event");
        };
        assert!(from.contains(place), "{from}");
    }
}

#[tokio::test]
async fn every_table_of_every_step_is_copied() {
    let Some(world) = World::new() else { return };
    let mut connection = world.database().to_make().await.unwrap();
    migrate::apply(&mut connection).await.unwrap();
    let there = world.sql(
        "SELECT table_name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_name <> 'migrations' ORDER BY 1",
    );
    let mut made: Vec<_> = migrate::made().collect();
    made.sort_unstable();
    assert_eq!(there.lines().collect::<Vec<_>>(), made);
}

#[tokio::test]
async fn nothing_is_copied_over_something() {
    let Some(world) = World::new() else { return };
    let (from, to) = (file(&world, "a.db"), world.database());
    furnished(&world, &from).await;
    furnished(&world, &to).await;
    let copied = Store::copy((&from, &to), &world.keys(), &by_hand()).await;
    let refused = copied.unwrap_err().to_string();
    assert!(
        refused.contains("has something in it already (2 rows in `accounts`)"),
        "{refused}"
    );
    let copied = Store::copy((&to, &from), &world.keys(), &by_hand()).await;
    assert!(matches!(copied, Err(StoreError::NotEmpty { .. })));
}

#[tokio::test]
async fn a_store_in_use_is_not_copied() {
    let Some(world) = World::new() else { return };
    let (here, there) = (file(&world, "a.db"), world.database());
    for (from, to) in [(&here, &there), (&there, &here)] {
        Store::migrate_in(from).await.unwrap();
        let store = Store::open_in((*from).clone(), world.keys()).await.unwrap();
        let copied = Store::copy((from, to), &world.keys(), &by_hand()).await;
        let refused = copied.unwrap_err();
        assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_store_with_other_keys_or_a_broken_trail_is_not_copied() {
    let Some(world) = World::new() else { return };
    let (from, to) = (world.database(), file(&world, "b.db"));
    furnished(&world, &from).await;
    let other = KeyFile::create(&world.folder.path().join("other"), [2; 40]).unwrap();
    let copied = Store::copy((&from, &to), &other, &by_hand()).await;
    assert!(matches!(copied, Err(StoreError::Unavailable(_))));
    let _ = world.sql("UPDATE audit SET event = replace(event, 'root', 'toor') WHERE number = 5");
    let copied = Store::copy((&from, &to), &world.keys(), &by_hand()).await;
    assert!(matches!(copied, Err(StoreError::BrokenTrail(_))));
    let nothing = Store::open_in(to, world.keys()).await.unwrap();
    assert_eq!(nothing.list().await.unwrap(), []);
}
