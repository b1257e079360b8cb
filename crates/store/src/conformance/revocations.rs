//! Conformance of [`Revocations`](authn::ports::Revocations), and of settlements that come too late.

use std::sync::Arc;

use ::authn::account::AccountState;
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::grant::CodeSettlement;
use ::authn::ports::{Settled, Settlement, Unavailable};
use ::authn::revocation::Revoked;

use super::{
    Conforming, add_app_password, anna_with, at, event, from_home, of_account, somebody_with, taken,
};

/// In its order, once for each, with higher and higher numbers.
pub async fn what_was_revoked_is_told_in_its_order<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "laptop", &anna).await?;
    assert_eq!(store.last().await?, 0);
    for id in ["phone", "phone", "nothing", "laptop"] {
        let credential = CredentialId(id.to_owned());
        store
            .revoke_app_password(&credential, at(1), event(1, Kind::StoreRestored, &anna))
            .await?;
    }
    for state in [
        AccountState::Disabled,
        AccountState::Active,
        AccountState::Locked,
    ] {
        store
            .set_state(&anna.id, state, event(2, Kind::StoreRestored, &anna))
            .await?;
    }
    let all = store.since(0, 100).await?;
    let credential = |id: &str| Revoked::Credential(CredentialId(id.to_owned()));
    let whole = Revoked::Account(anna.id.clone());
    let told: Vec<Revoked> = all
        .iter()
        .map(|revocation| revocation.what.clone())
        .collect();
    assert_eq!(
        told,
        [
            credential("phone"),
            credential("laptop"),
            whole.clone(),
            whole
        ]
    );
    assert!(all.is_sorted_by(|a, b| a.number < b.number));
    let numbers: Vec<i64> = all.iter().map(|revocation| revocation.number).collect();
    let [first, second, .., last] = numbers.as_slice() else {
        unreachable!("four were told");
    };
    assert_eq!(store.last().await?, *last);
    assert_eq!(store.since(*last, 100).await?, []);
    let page = store.since(*first, 1).await?;
    assert_eq!(
        page.first().map(|revocation| revocation.number),
        Some(*second)
    );
    assert_eq!(page.len(), 1);
    Ok(())
}

/// Nothing of a success is written where it was revoked meanwhile; a failure is.
pub async fn a_success_is_overtaken_by_a_revocation<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    for way in ["revoked", "disabled"] {
        let id = format!("{way}-phone");
        let anna = somebody_with(&*store, way, &id).await?;
        let reservation = taken(&*store, of_account(&anna, 1)).await?;
        let credential = CredentialId(id);
        match way {
            "revoked" => {
                store
                    .revoke_app_password(&credential, at(2), event(2, Kind::StoreRestored, &anna))
                    .await?
            }
            _ => {
                store
                    .set_state(
                        &anna.id,
                        AccountState::Disabled,
                        event(2, Kind::StoreRestored, &anna),
                    )
                    .await?
            }
        };
        let before = store.read(1, 1_000).await?.len();
        let mut settlement = Settlement {
            code: CodeSettlement::None,
            reservation,
            succeeded: Some(from_home(&anna, &credential)),
            events: vec![event(3, Kind::StoreRestored, &anna)],
            alarm: None,
        };
        assert_eq!(
            store.settle(settlement.clone()).await?,
            Settled::Overtaken,
            "{way}"
        );
        assert_eq!(store.read(1, 1_000).await?.len(), before, "{way}");
        settlement.succeeded = None;
        let written = Settled::Written { is_alarmed: false };
        assert_eq!(store.settle(settlement).await?, written, "{way}");
        assert_eq!(store.read(1, 1_000).await?.len(), before + 1, "{way}");
        let counts = taken(&*store, of_account(&anna, 4)).await?.counts;
        assert_eq!(counts.subject, 2, "the place was not given back: {way}");
    }
    Ok(())
}

/// The place is given back before; nothing else stands for such a sign-in.
pub async fn a_success_by_kerberos_is_overtaken_when_its_account_is_switched_off<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let credential = CredentialId::kerberos_of(&anna.id);
    let succeeds = async |second| {
        let reservation = taken(&*store, of_account(&anna, second)).await?;
        let settlement = Settlement {
            code: CodeSettlement::None,
            reservation,
            succeeded: Some(from_home(&anna, &credential)),
            events: vec![event(second, Kind::StoreRestored, &anna)],
            alarm: None,
        };
        store.settle(settlement).await
    };
    let written = Settled::Written { is_alarmed: false };
    assert_eq!(succeeds(1).await?, written);
    let counts = taken(&*store, of_account(&anna, 2)).await?.counts;
    assert_eq!((counts.subject, counts.source_is_familiar), (1, true));
    let off = event(3, Kind::StoreRestored, &anna);
    assert!(
        store
            .set_state(&anna.id, AccountState::Disabled, off)
            .await?
    );
    assert_eq!(succeeds(4).await?, Settled::Overtaken);
    Ok(())
}

/// However many failures ask for one.
pub async fn an_alarm_is_raised_once_a_window<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let mut raised = Vec::new();
    for second in [0, 1, 899, 901, 1_000, 5_000] {
        let reservation = taken(&*store, of_account(&anna, second)).await?;
        let kind = Kind::UnderAttack { failures: 100 };
        let settlement = Settlement {
            code: CodeSettlement::None,
            reservation,
            succeeded: None,
            events: vec![],
            alarm: Some(event(second, kind, &anna)),
        };
        if store.settle(settlement).await? == (Settled::Written { is_alarmed: true }) {
            raised.push(second);
        }
    }
    assert_eq!(raised, [0, 901, 5_000]);
    let trail = store.read(1, 1_000).await?;
    let alarms = trail
        .iter()
        .filter(|chained| matches!(chained.event.kind, Kind::UnderAttack { .. }));
    assert_eq!(alarms.count(), 3);
    Ok(())
}
