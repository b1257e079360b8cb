//! Passkeys, the ceremonies under way with them, and the sign-ins by one.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::{Event, Kind, PasskeyAct};
use ::authn::credential::CredentialId;
use ::authn::credential::passkey::{Passkey, PasskeyUse, PublicKey, RelyingParty, StoredPasskey};
use ::authn::handle::{Handle, HandleKey};
use ::authn::place::{Method, Service, Zone};
use ::authn::ports::Unavailable;
use ::authn::revocation::Revoked;
use ::authn::session::Session;
use ::authn::sign_in::{Completed, Completion, Requirement, SignIn};

use super::{Conforming, HOME, account, all_at_once, at, event};

/// A key as webauthn-rs writes it; `NAME` stands for what its device knows it by.
const KEY: &str = r#"{"cred":{"cred_id":"NAME","cred":{"type_":"ES256","key":{"EC_EC2":{
    "curve":"SECP256R1","x":"EvSds5GJbYZqZESHMwJRGoiafamjiiaYBnlW3RAv7t0",
    "y":"FALkrNWPqfGjWg9HwICkmJmS5j_oyfp9WvcuGhF1rcU"}}},"counter":0,"transports":null,
    "user_verified":true,"backup_eligible":false,"backup_state":false,
    "registration_policy":"required","extensions":{"cred_protect":"Ignored",
    "hmac_create_secret":"NotRequested","appid":"NotRequested","cred_props":"Ignored"},
    "attestation":{"data":"None","metadata":"None"},"attestation_format":"none"}}"#;

fn key(byte: u8) -> HandleKey {
    Handle::made_from([byte; 32]).key()
}

fn broken(detail: impl ToString) -> Unavailable {
    Unavailable {
        what: "a passkey",
        detail: detail.to_string(),
    }
}

/// A passkey of an account; `name` is 43 letters of base64url.
pub(crate) fn passkey(
    id: &str,
    account: &Account,
    name: char,
) -> Result<StoredPasskey, Unavailable> {
    let text = KEY.replace("NAME", &format!("{}A", name.to_string().repeat(42)));
    let key: PublicKey = serde_json::from_str(&text).map_err(broken)?;
    let record = Passkey {
        id: CredentialId(id.to_owned()),
        account: account.id.clone(),
        label: format!("the key \"{id}\""),
        created: at(1),
        last_used: None,
        counter: 0,
    };
    Ok(StoredPasskey { record, key })
}

fn acted(account: &Account, id: &str, act: PasskeyAct) -> Event {
    let passkey = CredentialId(id.to_owned());
    event(2, Kind::Passkey { passkey, act }, account)
}

pub(super) async fn with_passkey<S: Conforming>(
    store: &S,
    sam: &str,
) -> Result<Account, Unavailable> {
    let somebody = account(sam);
    let created = event(0, Kind::AccountCreated, &somebody);
    assert_eq!(store.add(&somebody, created).await?, Ok(()));
    let id = format!("key-of-{sam}");
    let name = sam.chars().next().unwrap_or('x');
    let added = acted(&somebody, &id, PasskeyAct::Added);
    assert!(
        store
            .add_passkey(&passkey(&id, &somebody, name)?, added)
            .await?
    );
    Ok(somebody)
}

/// A sign-in that a passkey completes.
async fn by_passkey<S: Conforming>(
    store: &S,
    account: &Account,
    (handle, counter): (u8, Option<u32>),
) -> Result<Completed, Unavailable> {
    let (portal, passkey) = (Service::PORTAL, Requirement::Passkey);
    let sign_in = SignIn::begin(portal, passkey, "/".to_owned(), at(10));
    store.begin_sign_in(key(handle), &sign_in).await?;
    store.complete(completion(account, (handle, counter))).await
}

fn completion(account: &Account, (handle, counter): (u8, Option<u32>)) -> Completion {
    let credential = CredentialId(format!("key-of-{}", account.sam));
    let kind = Kind::SignedIn {
        credential: credential.clone(),
        clock_skew: None,
        certificate: None,
    };
    Completion {
        sign_in: key(handle),
        step: 0,
        code: None,
        guessed: None,
        passkey: Some(PasskeyUse {
            passkey: credential.clone(),
            counter,
        }),
        spare: None,
        places: Vec::new(),
        secret: None,
        source: HOME,
        key: key(handle),
        replaced: None,
        session: Session {
            account: account.id.clone(),
            credential,
            made: None,
            token: None,
            methods: vec![Method::Passkey],
            zone: Zone::EXTERNAL,
            begun: at(20),
            used: at(20),
            browser: None,
            stays: None,
        },
        event: event(20, kind, account),
    }
}

/// A passkey keeps all its fields, is found by what its device knows it by, and is one device's.
pub async fn a_passkey_keeps_all_its_fields<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_passkey(&*store, "anna").await?;
    let ben = with_passkey(&*store, "ben").await?;
    let expected = passkey("key-of-anna", &anna, 'a')?;
    let found = store.passkeys_of(&anna.id).await?;
    let records: Vec<&Passkey> = found.iter().map(|it| &it.record).collect();
    assert_eq!(records, [&expected.record]);
    let known = store.passkey_known_as(expected.key.known_as()).await?;
    let (known, whose) = known.ok_or_else(|| broken("it is not there"))?;
    assert_eq!((known.record, whose.id), (expected.record, anna.id.clone()));
    assert!(store.passkey_known_as(b"another").await?.is_none());
    let taken = passkey("another", &ben, 'a')?;
    let added = acted(&ben, "another", PasskeyAct::Added);
    assert!(!store.add_passkey(&taken, added).await?, "it is anna's");
    let orphan = passkey("nobody's", &account("cleo"), 'c')?;
    let added = acted(&anna, "nobody's", PasskeyAct::Added);
    assert!(store.add_passkey(&orphan, added).await.is_err());
    Ok(())
}

/// A passkey is renamed and removed by its owner alone; what rests on it ends, and that is told.
pub async fn what_rests_on_a_passkey_ends_with_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_passkey(&*store, "anna").await?;
    let ben = with_passkey(&*store, "ben").await?;
    let id = CredentialId("key-of-anna".to_owned());
    for (sam, handle) in [(&anna, 1), (&ben, 2)] {
        assert_eq!(
            by_passkey(&*store, sam, (handle, Some(1))).await?,
            Completed::Written
        );
        assert!(store.session(key(handle), at(21)).await?.is_some());
    }
    let renamed = || acted(&anna, "key-of-anna", PasskeyAct::Renamed);
    assert!(
        !store
            .rename_passkey((&ben.id, &id), "his", renamed())
            .await?
    );
    assert!(
        store
            .rename_passkey((&anna.id, &id), "hers", renamed())
            .await?
    );
    let found = store.passkeys_of(&anna.id).await?;
    let labels: Vec<_> = found.iter().map(|it| it.record.label.as_str()).collect();
    assert_eq!(labels, ["hers"]);
    let removed = || acted(&anna, "key-of-anna", PasskeyAct::Removed);
    assert!(!store.remove_passkey((&ben.id, &id), removed()).await?);
    let heard = store.last().await?;
    assert!(store.remove_passkey((&anna.id, &id), removed()).await?);
    assert!(!store.remove_passkey((&anna.id, &id), removed()).await?);
    let told = store.since(heard, 10).await?.into_iter().map(|it| it.what);
    assert_eq!(told.collect::<Vec<_>>(), [Revoked::Credential(id)]);
    assert!(store.session(key(1), at(21)).await?.is_none());
    assert!(
        store.session(key(2), at(21)).await?.is_some(),
        "another's stands"
    );
    let late = by_passkey(&*store, &anna, (3, Some(9))).await?;
    assert_eq!(late, Completed::Overtaken);
    Ok(())
}

/// A counter goes on and never back; of 16 sign-ins with the same count one is completed.
pub async fn a_counter_of_a_passkey_never_goes_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_passkey(&*store, "anna").await?;
    for (handle, counter, completed) in [
        (1, Some(0), Completed::Written),
        (2, Some(0), Completed::Written),
        (3, Some(7), Completed::Written),
        (4, Some(7), Completed::CountedBack),
        (5, Some(6), Completed::CountedBack),
        (6, Some(0), Completed::CountedBack),
        (7, None, Completed::Written),
        (8, Some(8), Completed::Written),
    ] {
        let became = by_passkey(&*store, &anna, (handle, counter)).await?;
        assert_eq!(became, completed, "{handle}");
    }
    let (portal, passkey) = (Service::PORTAL, Requirement::Passkey);
    for handle in 100..116 {
        let sign_in = SignIn::begin(portal.clone(), passkey, "/".to_owned(), at(10));
        store.begin_sign_in(key(handle), &sign_in).await?;
    }
    let completed = all_at_once(&store, 16, |store, number| {
        let handle = u8::try_from(100 + number).unwrap_or_default();
        let completion = completion(&anna, (handle, Some(50)));
        async move { store.complete(completion).await }
    });
    let completed = completed.await?.into_iter();
    assert_eq!(completed.filter(|it| *it == Completed::Written).count(), 1);
    let found = store.passkeys_of(&anna.id).await?;
    let counted: Vec<_> = found
        .iter()
        .map(|it| (it.record.counter, it.record.last_used))
        .collect();
    assert_eq!(counted, [(50, Some(at(20)))]);
    Ok(())
}

/// The touch of a passkey by somebody who is signed in is remembered as a second factor, and counted as any use is.
pub async fn the_touch_of_a_passkey_is_remembered<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_passkey(&*store, "anna").await?;
    let ben = with_passkey(&*store, "ben").await?;
    let touched = |account: &Account, counter: u32, seconds| {
        let method = Method::Passkey;
        let event = event(seconds, Kind::SecondFactorProved { method }, account);
        let used = PasskeyUse {
            passkey: CredentialId("key-of-anna".to_owned()),
            counter: Some(counter),
        };
        let (store, account) = (Arc::clone(&store), account.id.clone());
        async move { store.use_passkey(&account, &used, event).await }
    };
    assert_eq!(touched(&anna, 5, 30).await?, Completed::Written);
    assert_eq!(touched(&anna, 5, 40).await?, Completed::CountedBack);
    assert_eq!(touched(&ben, 6, 40).await?, Completed::Overtaken);
    for (account, last) in [(&anna, Some(at(30))), (&ben, None)] {
        let found = store.by_id(&account.id).await?;
        let remembered = found.and_then(|it| it.second_factor);
        assert_eq!(remembered.map(|it| it.last), last);
    }
    Ok(())
}

/// Of 64 answers to one challenge exactly one has it; a later challenge takes its place, and it ends by itself.
pub async fn a_challenge_is_answered_once<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let party = RelyingParty::of("https://my.contoso.com", &[]).map_err(broken)?;
    let (_, first) = party.begin_sign_in().map_err(broken)?;
    let (_, second) = party.begin_sign_in().map_err(broken)?;
    let shown = |it: &_| serde_json::to_string(it).map_err(broken);
    for ceremony in [&first, &second] {
        store.begin_ceremony(key(1), ceremony, at(100)).await?;
    }
    let had = all_at_once(&store, 64, |store, _| async move {
        store.take_ceremony(key(1), at(50)).await
    });
    let had: Vec<_> = had.await?.into_iter().flatten().collect();
    assert_eq!(had.len(), 1);
    for ceremony in &had {
        assert_eq!(shown(ceremony)?, shown(&second)?);
    }
    store.begin_ceremony(key(1), &first, at(100)).await?;
    assert!(store.take_ceremony(key(2), at(50)).await?.is_none());
    assert!(
        store.take_ceremony(key(1), at(100)).await?.is_none(),
        "it ended"
    );
    Ok(())
}
