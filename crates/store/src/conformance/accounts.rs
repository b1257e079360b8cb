//! Conformance of [`Accounts`](authn::ports::Accounts).

use std::sync::Arc;

use ::authn::account::{Account, AccountId, AccountState};
use ::authn::audit::Kind;
use ::authn::name::NameKey;
use ::authn::ports::Unavailable;

use super::{Conforming, account, event};

/// By every one of its names, and by the first that leads anywhere.
pub async fn every_name_leads_to_its_account<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, bert) = (account("anna"), account("bert"));
    for account in [&anna, &bert] {
        let added = store
            .add(account, event(0, Kind::AccountCreated, account))
            .await?;
        assert_eq!(added, Ok(()));
    }
    assert!(anna.name_keys().len() >= 5, "an account has names");
    for key in anna.name_keys() {
        assert_eq!(store.by_names(&[key]).await?, Some(anna.clone()));
    }
    let nobody = NameKey::candidates("nobody", "CONTOSO", None);
    assert_eq!(store.by_names(&nobody).await?, None);
    assert_eq!(store.by_names(&[]).await?, None);
    let likeliest_first: Vec<NameKey> = [nobody, bert.name_keys(), anna.name_keys()]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(store.by_names(&likeliest_first).await?, Some(bert.clone()));
    assert_eq!(store.by_id(&bert.id).await?, Some(bert));
    assert_eq!(store.by_id(&AccountId("nobody".to_owned())).await?, None);
    Ok(())
}

/// Whatever the order they were added in.
pub async fn accounts_are_listed_by_upn<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    assert_eq!(store.list().await?, []);
    let accounts = ["bert", "\u{e4}nne", "anna", "Carl"].map(account);
    for account in &accounts {
        let added = store
            .add(account, event(0, Kind::AccountCreated, account))
            .await?;
        assert_eq!(added, Ok(()));
    }
    let listed: Vec<String> = store
        .list()
        .await?
        .into_iter()
        .map(|account| account.sam)
        .collect();
    assert_eq!(listed, ["Carl", "anna", "bert", "\u{e4}nne"]);
    Ok(())
}

/// And whoever asks for it next leaves no trace.
pub async fn a_name_belongs_to_one_account<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let added = store
        .add(&anna, event(0, Kind::AccountCreated, &anna))
        .await?;
    assert_eq!(added, Ok(()));
    let thief = Account {
        mail: anna.mail.clone(),
        ..account("bert")
    };
    let refused = store
        .add(&thief, event(1, Kind::AccountCreated, &thief))
        .await?;
    let taken = refused.map_err(|taken| taken.name);
    let names_of_anna: Vec<String> = anna
        .name_keys()
        .iter()
        .map(|key| key.as_str().to_owned())
        .collect();
    assert!(taken.is_err_and(|name| names_of_anna.contains(&name)));
    assert_eq!(store.by_id(&thief.id).await?, None);
    assert_eq!(store.by_names(&thief.name_keys()).await?, Some(anna));
    assert_eq!(store.read(1, 10).await?.len(), 1);
    let bert = account("bert");
    assert_eq!(
        store
            .add(&bert, event(2, Kind::AccountCreated, &bert))
            .await?,
        Ok(())
    );
    Ok(())
}

/// And a state of nobody is none.
pub async fn a_state_is_changed_with_its_event<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let added = store
        .add(&anna, event(0, Kind::AccountCreated, &anna))
        .await?;
    assert_eq!(added, Ok(()));
    for state in [
        AccountState::Disabled,
        AccountState::Locked,
        AccountState::Active,
    ] {
        let changed = event(1, Kind::AccountStateChanged { state }, &anna);
        assert!(store.set_state(&anna.id, state, changed).await?);
        let found = store.by_id(&anna.id).await?.map(|account| account.state);
        assert_eq!(found, Some(state));
    }
    let nobody = account("nobody");
    let changed = event(
        2,
        Kind::AccountStateChanged {
            state: AccountState::Locked,
        },
        &nobody,
    );
    assert!(
        !store
            .set_state(&nobody.id, AccountState::Locked, changed)
            .await?
    );
    assert_eq!(store.read(1, 10).await?.len(), 4);
    Ok(())
}
