//! Conformance of [`DirectoryCopy`](authn::ports::DirectoryCopy).

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::grant::CodeSettlement;
use ::authn::directory::{Attributes, FromDirectory, GroupName, NotDelegable, Standing, Step};
use ::authn::ports::{Settled, Settlement, Unavailable};
use ::authn::revocation::Revoked;
use ::authn::ticket::Relaying;
use proto::secret::Secret;

use super::tickets::ticket;
use super::{Conforming, account, at, enrolled, event, from_home, of_account, taken};

fn of_directory(sam: &str) -> Account {
    Account {
        directory: Some(FromDirectory {
            standing: Standing::Active,
            not_delegable: Some(NotDelegable::MemberOf("Organization Management".to_owned())),
            groups: vec!["S-1-5-21-1-2-3-513".to_owned(), "S-1-1-0".to_owned()],
            attributes: attributes("Karenina"),
            read: None,
        }),
        ..account(sam)
    }
}

fn attributes(surname: &str) -> Attributes {
    let users = GroupName {
        domain: "CONTOSO".to_owned(),
        dns: "contoso.com".to_owned(),
        sam: "Domain Users".to_owned(),
    };
    let values = [("sn", vec![surname.to_owned()]), ("department", Vec::new())];
    Attributes {
        values: values
            .map(|(name, values)| (name.to_owned(), values))
            .into(),
        groups: [("S-1-5-21-1-2-3-513".to_owned(), users)].into(),
    }
}

fn step(before: &Account, account: Account) -> Step {
    let standing = |account: &Account| account.directory.as_ref().map(|it| it.standing);
    let after = standing(&account).unwrap_or(Standing::Deleted);
    Step {
        before: standing(before).unwrap_or(Standing::Deleted),
        is_renamed: before.name_keys() != account.name_keys(),
        ends: after.may_sign_in().is_err(),
        events: vec![event(
            5,
            Kind::StandingChanged { standing: after },
            &account,
        )],
        account,
    }
}

fn with_standing(account: &Account, standing: Standing) -> Account {
    let mut account = account.clone();
    if let Some(directory) = &mut account.directory {
        directory.standing = standing;
    }
    account
}

async fn stored<S: Conforming>(store: &S, account: &Account) -> Result<Account, Unavailable> {
    let missing = Unavailable {
        what: "an account",
        detail: "not there".to_owned(),
    };
    store.by_id(&account.id).await?.ok_or(missing)
}

/// Whatever it stands like.
pub async fn an_account_keeps_what_the_directory_says<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = of_directory("anna");
    enrolled(&*store, &anna, "1").await?;
    assert_eq!(stored(&*store, &anna).await?, anna);
    let mut before = anna.clone();
    for standing in [
        Standing::LockedOut,
        Standing::Disabled,
        Standing::Expired,
        Standing::Deleted,
        Standing::Active,
    ] {
        let after = with_standing(&anna, standing);
        assert_eq!(
            store.keep(vec![step(&before, after.clone())]).await?,
            Ok(())
        );
        assert_eq!(stored(&*store, &anna).await?, after);
        assert_eq!(
            store.by_names(&anna.name_keys()).await?,
            Some(after.clone())
        );
        before = after;
    }
    assert_eq!(store.list().await?, std::slice::from_ref(&anna));
    let mut married = anna.clone();
    if let Some(directory) = &mut married.directory {
        directory.attributes = attributes("Vronskaya");
    }
    let quiet = Step {
        events: Vec::new(),
        ..step(&anna, married.clone())
    };
    assert_eq!(store.keep(vec![quiet]).await?, Ok(()));
    assert_eq!(store.list().await?, [married]);
    Ok(())
}

/// With their tickets, of which none comes back.
pub async fn whoever_stands_no_more_in_the_directory_is_put_out_and_comes_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = of_directory("anna");
    enrolled(&*store, &anna, "1").await?;
    let by_kerberos = CredentialId::kerberos_of(&anna.id).0;
    let both = [ticket(1, &anna, "1"), ticket(2, &anna, &by_kerberos)];
    for relayed in &both {
        store
            .record(Relaying::of(relayed.clone()), store.last().await?)
            .await?;
        assert!(store.find(&relayed.key, at(10)).await?.is_some());
    }
    let disabled = with_standing(&anna, Standing::Disabled);
    assert_eq!(
        store.keep(vec![step(&anna, disabled.clone())]).await?,
        Ok(())
    );
    for relayed in &both {
        assert_eq!(store.find(&relayed.key, at(10)).await?, None);
        assert!(
            store
                .record(Relaying::of(relayed.clone()), store.last().await?)
                .await
                .is_err()
        );
    }
    let revoked: Vec<Revoked> = store
        .since(0, 10)
        .await?
        .into_iter()
        .map(|it| it.what)
        .collect();
    assert_eq!(revoked, [Revoked::Account(anna.id.clone())]);
    assert_eq!(
        store.keep(vec![step(&disabled, anna.clone())]).await?,
        Ok(())
    );
    for relayed in &both {
        assert_eq!(store.find(&relayed.key, at(10)).await?, None);
    }
    assert_eq!(store.last().await?, 1);
    let locked = with_standing(&anna, Standing::LockedOut);
    assert_eq!(store.keep(vec![step(&anna, locked)]).await?, Ok(()));
    for relayed in &both {
        store
            .record(Relaying::of(relayed.clone()), store.last().await?)
            .await?;
        assert!(
            store.find(&relayed.key, at(10)).await?.is_some(),
            "only locked out"
        );
    }
    Ok(())
}

/// Between the look at the secrets and the settlement.
pub async fn a_success_is_overtaken_by_the_directory<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = of_directory("anna");
    enrolled(&*store, &anna, "1").await?;
    let by_password = CredentialId("1".to_owned());
    let by_kerberos = CredentialId::kerberos_of(&anna.id);
    for (standing, credential) in [
        (Standing::Disabled, &by_password),
        (Standing::Expired, &by_password),
        (Standing::Deleted, &by_password),
        (Standing::Disabled, &by_kerberos),
        (Standing::Expired, &by_kerberos),
        (Standing::Deleted, &by_kerberos),
    ] {
        let reservation = taken(&*store, of_account(&anna, 2)).await?;
        let shut = with_standing(&anna, standing);
        assert_eq!(store.keep(vec![step(&anna, shut.clone())]).await?, Ok(()));
        let settlement = Settlement {
            code: CodeSettlement::None,
            reservation,
            succeeded: Some(from_home(&anna, credential)),
            events: Vec::new(),
            alarm: None,
        };
        assert_eq!(store.settle(settlement).await?, Settled::Overtaken);
        assert_eq!(store.keep(vec![step(&shut, anna.clone())]).await?, Ok(()));
    }
    Ok(())
}

/// What an operator switched off, no reading switches on.
pub async fn a_state_of_ours_and_a_standing_do_not_touch_each_other<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = of_directory("anna");
    enrolled(&*store, &anna, "1").await?;
    let state = AccountState::Disabled;
    let changed = event(1, Kind::AccountStateChanged { state }, &anna);
    assert!(store.set_state(&anna.id, state, changed).await?);
    let expired = with_standing(&anna, Standing::Expired);
    for (before, after) in [(&anna, &expired), (&expired, &anna)] {
        assert_eq!(store.keep(vec![step(before, after.clone())]).await?, Ok(()));
        let kept = stored(&*store, &anna).await?;
        assert_eq!((kept.state, &kept.directory), (state, &after.directory));
    }
    Ok(())
}

/// As somebody may get the name of somebody who gets another in that moment.
pub async fn two_accounts_may_change_names_in_one_step<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, bert) = (of_directory("anna"), of_directory("bert"));
    enrolled(&*store, &anna, "1").await?;
    enrolled(&*store, &bert, "2").await?;
    let called = |account: &Account, id: &Account| Account {
        id: id.id.clone(),
        ..account.clone()
    };
    let swapped = vec![
        step(&anna, called(&bert, &anna)),
        step(&bert, called(&anna, &bert)),
    ];
    assert_eq!(store.keep(swapped).await?, Ok(()));
    let found = store.by_names(&bert.name_keys()).await?;
    assert_eq!(found.map(|it| it.id), Some(anna.id.clone()));
    let found = store.by_names(&anna.name_keys()).await?;
    assert_eq!(found.map(|it| it.id), Some(bert.id));
    Ok(())
}

/// With every step beside it, and without an event.
pub async fn a_step_to_a_name_of_another_comes_to_nothing<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, bert) = (of_directory("anna"), account("bert"));
    enrolled(&*store, &anna, "1").await?;
    enrolled(&*store, &bert, "2").await?;
    let events = store.read(1, 100).await?.len();
    let thief = Account {
        id: anna.id.clone(),
        ..of_directory("bert")
    };
    let refused = store.keep(vec![step(&anna, thief)]).await?;
    assert!(refused.is_err_and(|taken| {
        bert.name_keys()
            .iter()
            .any(|key| key.as_str() == taken.name)
    }));
    assert_eq!(store.by_names(&anna.name_keys()).await?, Some(anna.clone()));
    assert_eq!(store.by_names(&bert.name_keys()).await?, Some(bert));
    assert_eq!(store.read(1, 100).await?.len(), events);
    assert_eq!(store.last().await?, 0);
    Ok(())
}

/// So that somebody who was made anew in the directory can be added.
pub async fn a_name_of_somebody_gone_is_free<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = of_directory("anna");
    enrolled(&*store, &anna, "1").await?;
    let mut anew = of_directory("anna");
    anew.id.0.push_str("-anew");
    let created = || event(3, Kind::AccountCreated, &anew);
    assert!(store.add(&anew, created()).await?.is_err());
    let gone = with_standing(&anna, Standing::Deleted);
    assert_eq!(store.keep(vec![step(&anna, gone.clone())]).await?, Ok(()));
    assert_eq!(store.by_names(&anna.name_keys()).await?, Some(gone));
    assert_eq!(store.add(&anew, created()).await?, Ok(()));
    assert_eq!(store.by_names(&anna.name_keys()).await?, Some(anew));
    Ok(())
}

/// Somebody else took it already, or the account is none of the directory.
pub async fn a_step_from_elsewhere_is_left_out<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, local) = (of_directory("anna"), account("bert"));
    enrolled(&*store, &anna, "1").await?;
    enrolled(&*store, &local, "2").await?;
    let disabled = with_standing(&anna, Standing::Disabled);
    let events = store.read(1, 100).await?.len();
    let from_expired = step(&with_standing(&anna, Standing::Expired), disabled);
    let of_nobody = step(&of_directory("carl"), of_directory("carl"));
    let of_local = step(
        &of_directory("bert"),
        with_standing(&of_directory("bert"), Standing::Disabled),
    );
    let steps = vec![from_expired, of_nobody, of_local];
    assert_eq!(store.keep(steps).await?, Ok(()));
    assert_eq!(stored(&*store, &anna).await?, anna);
    assert_eq!(stored(&*store, &local).await?, local);
    assert_eq!(store.read(1, 100).await?.len(), events);
    assert_eq!(store.last().await?, 0);
    Ok(())
}

/// And of no other.
pub async fn the_time_of_the_last_reading_is_every_account_s<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, local) = (of_directory("anna"), account("bert"));
    enrolled(&*store, &anna, "1").await?;
    enrolled(&*store, &local, "2").await?;
    assert_eq!(store.last_read().await?, None);
    for read in [at(60), at(90)] {
        store.was_read(read).await?;
        assert_eq!(store.last_read().await?, Some(read));
        let relayed = ticket(1, &anna, "1");
        store
            .record(Relaying::of(relayed.clone()), store.last().await?)
            .await?;
        let by_ticket = store.find(&relayed.key, at(10)).await?;
        for found in [
            store.by_id(&anna.id).await?,
            store.by_names(&anna.name_keys()).await?,
            by_ticket.map(|(_, account)| account),
            store.list().await?.into_iter().next(),
        ] {
            let directory = found.and_then(|it| it.directory);
            assert_eq!(directory.and_then(|it| it.read), Some(read));
        }
    }
    assert_eq!(stored(&*store, &local).await?, local);
    Ok(())
}

/// And nobody else's: it would be shown to a server as theirs.
pub async fn the_password_of_the_directory_is_its_account_s<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let set = || event(1, Kind::DirectoryPasswordSet, &account("anna"));
    let shown = |password: Option<Secret<String>>| password.map(|it| it.expose().clone());
    assert_eq!(shown(store.password("reader@contoso.example").await?), None);
    for password in ["first", "second"] {
        let password = Secret::new(password.to_owned());
        store
            .set_password("reader@contoso.example", &password, set())
            .await?;
        let kept = store.password("reader@contoso.example").await?;
        assert_eq!(shown(kept).as_ref(), Some(password.expose()));
    }
    assert_eq!(shown(store.password("other@contoso.example").await?), None);
    let other = Secret::new("other's".to_owned());
    store
        .set_password("other@contoso.example", &other, set())
        .await?;
    assert_eq!(shown(store.password("reader@contoso.example").await?), None);
    assert_eq!(store.read(1, 10).await?.len(), 3);
    Ok(())
}
