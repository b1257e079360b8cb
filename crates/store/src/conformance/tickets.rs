//! Conformance of [`Tickets`](authn::ports::Tickets).

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::place::Channel;
use ::authn::ports::Unavailable;
use ::authn::ticket::{RelayedTicket, TicketKey};

use super::{Conforming, account, add_app_password, anna_with, at, event};

fn ticket(byte: u8, account: &Account, credential: &str) -> RelayedTicket {
    RelayedTicket {
        key: TicketKey([byte; 32]),
        account: account.id.clone(),
        credential: CredentialId(credential.to_owned()),
        channel: Channel::Ntlm,
        pool: "pool-1".to_owned(),
        relayed: at(10),
        expires: at(1_000),
    }
}

async fn is_found<S: Conforming>(
    store: &S,
    ticket: &RelayedTicket,
    seconds: i64,
) -> Result<bool, Unavailable> {
    Ok(store.find(&ticket.key, at(seconds)).await?.is_some())
}

/// With its account.
pub async fn a_ticket_is_found_until_it_ends<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let ticket = ticket(1, &anna, "phone");
    assert!(!is_found(&*store, &ticket, 11).await?);
    store.record(ticket.clone()).await?;
    assert_eq!(
        store.find(&ticket.key, at(999)).await?,
        Some((ticket.clone(), anna))
    );
    assert!(!is_found(&*store, &ticket, 1_000).await?);
    Ok(())
}

/// When it is revoked, also before the ticket was recorded, and when it ends by itself.
pub async fn a_ticket_ends_with_its_credential<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    let (of_phone, of_tablet) = (ticket(1, &anna, "phone"), ticket(2, &anna, "tablet"));
    store.record(of_phone.clone()).await?;
    store.record(of_tablet.clone()).await?;
    let phone = CredentialId("phone".to_owned());
    let revoked = event(
        20,
        Kind::AppPasswordRevoked {
            credential: phone.clone(),
        },
        &anna,
    );
    assert!(store.revoke_app_password(&phone, at(20), revoked).await?);
    assert!(!is_found(&*store, &of_phone, 21).await?);
    assert!(store.record(of_phone.clone()).await.is_err());
    assert!(!is_found(&*store, &of_phone, 21).await?);
    assert!(is_found(&*store, &of_tablet, 21).await?);

    let long = RelayedTicket {
        expires: at(3_000_000),
        ..of_tablet
    };
    store.record(long.clone()).await?;
    assert!(is_found(&*store, &long, 999_999).await?);
    assert!(
        !is_found(&*store, &long, 1_000_000).await?,
        "the app password ended"
    );
    Ok(())
}

/// And stays ended when the account comes back, also where it was bought before and recorded after.
pub async fn a_ticket_ends_with_its_account<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let of_phone = ticket(1, &anna, "phone");
    let late = ticket(2, &anna, "phone");
    for state in [AccountState::Disabled, AccountState::Locked] {
        store.record(of_phone.clone()).await?;
        assert!(is_found(&*store, &of_phone, 20).await?);
        for state in [state, AccountState::Active] {
            let changed = event(20, Kind::AccountStateChanged { state }, &anna);
            assert!(store.set_state(&anna.id, state, changed).await?);
            if state != AccountState::Active {
                assert!(store.record(late.clone()).await.is_err());
            }
            for ticket in [&of_phone, &late] {
                assert!(!is_found(&*store, ticket, 21).await?);
            }
        }
    }
    Ok(())
}

/// There is no credential in the store that it rests on; and it is nobody else's.
pub async fn a_ticket_by_kerberos_ends_with_its_account_alone<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let bert = account("bert");
    for added in [&anna, &bert] {
        let created = event(0, Kind::AccountCreated, added);
        assert_eq!(store.add(added, created).await?, Ok(()));
    }
    let credential = CredentialId::kerberos_of(&anna.id).0;
    let hers = ticket(1, &anna, &credential);
    store.record(hers.clone()).await?;
    let found = store.find(&hers.key, at(20)).await?;
    assert_eq!(found, Some((hers.clone(), anna.clone())));
    assert!(!is_found(&*store, &hers, 1_000).await?, "it ended");

    assert!(store.record(ticket(2, &bert, &credential)).await.is_err());
    let bare = CredentialId::KERBEROS;
    assert!(store.record(ticket(3, &anna, bare)).await.is_err());

    for state in [AccountState::Disabled, AccountState::Active] {
        let changed = event(20, Kind::AccountStateChanged { state }, &anna);
        assert!(store.set_state(&anna.id, state, changed).await?);
        assert!(!is_found(&*store, &hers, 21).await?, "{state:?}");
        let recorded = store.record(ticket(4, &anna, &credential)).await;
        assert_eq!(recorded.is_ok(), state == AccountState::Active);
    }
    Ok(())
}

/// Nor recorded: neither without a credential nor with somebody else's.
pub async fn a_ticket_of_a_stranger_is_not_found<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let bert = account("bert");
    let added = store
        .add(&bert, event(0, Kind::AccountCreated, &bert))
        .await?;
    assert_eq!(added, Ok(()));
    for stray in [ticket(1, &anna, "nothing"), ticket(2, &bert, "phone")] {
        assert!(store.record(stray.clone()).await.is_err());
        assert!(!is_found(&*store, &stray, 20).await?);
    }
    Ok(())
}

/// Recorded again it lives longer, but not for another account, credential or pool.
pub async fn a_ticket_stays_whose_it_is<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    let mine = ticket(1, &anna, "phone");
    store.record(mine.clone()).await?;
    let others = [
        RelayedTicket {
            account: account("bert").id,
            ..mine.clone()
        },
        RelayedTicket {
            credential: CredentialId("tablet".to_owned()),
            ..mine.clone()
        },
        RelayedTicket {
            pool: "pool-2".to_owned(),
            ..mine.clone()
        },
    ];
    for other in others {
        assert!(store.record(other).await.is_err());
    }
    assert_eq!(
        store.find(&mine.key, at(20)).await?,
        Some((mine.clone(), anna.clone()))
    );
    let longer = RelayedTicket {
        expires: at(2_000),
        ..mine
    };
    store.record(longer.clone()).await?;
    assert_eq!(
        store.find(&longer.key, at(1_500)).await?,
        Some((longer, anna))
    );
    Ok(())
}
