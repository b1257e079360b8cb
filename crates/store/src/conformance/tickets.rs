//! Conformance of [`Tickets`](authn::ports::Tickets).

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::{Kind, PasskeyAct};
use ::authn::credential::CredentialId;
use ::authn::credential::app_password::AppPassword;
use ::authn::place::{Channel, Method};
use ::authn::ports::Unavailable;
use ::authn::revocation::Revoked;
use ::authn::ticket::{MAX_PER_CREDENTIAL, RelayedTicket, Relaying, TicketKey};

use super::{Conforming, HOME, account, add_app_password, all_at_once, anna_with, at, event};
use super::{pages, passkeys};

pub(super) fn ticket(byte: u8, account: &Account, credential: &str) -> RelayedTicket {
    RelayedTicket {
        key: TicketKey([byte; 32]),
        account: account.id.clone(),
        credential: CredentialId(credential.to_owned()),
        token: None,
        channel: Channel::Ntlm,
        methods: [Method::AppPassword].into(),
        second_factor: None,
        pool: "pool-1".to_owned(),
        relayed: at(10),
        expires: at(1_000),
    }
}

/// Whoever asked has heard of all revocations.
const HEARD: i64 = i64::MAX;

async fn is_found<S: Conforming>(
    store: &S,
    ticket: &RelayedTicket,
    seconds: i64,
) -> Result<bool, Unavailable> {
    let is_found = store.find(&ticket.key, at(seconds)).await?.is_some();
    assert!(!is_found || stands(store, ticket, seconds).await?);
    Ok(is_found)
}

async fn stands<S: Conforming>(
    store: &S,
    ticket: &RelayedTicket,
    seconds: i64,
) -> Result<bool, Unavailable> {
    store.stands(&ticket.grounds(), at(seconds)).await
}

/// With its account.
pub async fn a_ticket_is_found_until_it_ends<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let ticket = ticket(1, &anna, "phone");
    assert!(!is_found(&*store, &ticket, 11).await?);
    store.record(Relaying::of(ticket.clone()), HEARD).await?;
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
    store.record(Relaying::of(of_phone.clone()), HEARD).await?;
    store.record(Relaying::of(of_tablet.clone()), HEARD).await?;
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
    assert!(
        store
            .record(Relaying::of(of_phone.clone()), HEARD)
            .await
            .is_err()
    );
    assert!(!is_found(&*store, &of_phone, 21).await?);
    assert!(!stands(&*store, &of_phone, 21).await?);
    assert!(is_found(&*store, &of_tablet, 21).await?);

    let long = RelayedTicket {
        expires: at(3_000_000),
        ..of_tablet
    };
    store.record(Relaying::of(long.clone()), HEARD).await?;
    assert!(is_found(&*store, &long, 999_999).await?);
    assert!(
        !is_found(&*store, &long, 1_000_000).await?,
        "the app password ended"
    );
    assert!(!stands(&*store, &long, 1_000_000).await?);
    Ok(())
}

/// That which rests on a sign-in to a page, by whichever of both, and on no other's.
pub async fn a_ticket_of_a_page_ends_with_its_secret_or_passkey<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = pages::with_secret(&*store, "anna").await?;
    let ben = passkeys::with_passkey(&*store, "ben").await?;
    let of_a_page = |byte, account, credential: &str| RelayedTicket {
        channel: Channel::Page,
        methods: [Method::MemorisedSecret, Method::OneTimeCode].into(),
        second_factor: Some(at(5)),
        ..ticket(byte, account, credential)
    };
    let by_secret = of_a_page(1, &anna, "secret-of-anna");
    let by_passkey = of_a_page(2, &ben, "key-of-ben");
    for ticket in [&by_secret, &by_passkey] {
        store.record(Relaying::of(ticket.clone()), HEARD).await?;
        let found = store.find(&ticket.key, at(11)).await?;
        assert_eq!(found.map(|(found, _)| found).as_ref(), Some(ticket));
        assert!(stands(&*store, ticket, 11).await?);
    }
    for (account, anothers) in [
        (&ben, "secret-of-anna"),
        (&anna, "key-of-ben"),
        (&anna, "none"),
    ] {
        let taken = store
            .record(Relaying::of(of_a_page(3, account, anothers)), HEARD)
            .await;
        assert!(taken.is_err(), "{anothers}");
        assert!(!stands(&*store, &of_a_page(3, account, anothers), 11).await?);
    }
    let heard = store.last().await?;
    pages::set(&*store, "another", &anna, 20).await?;
    let act = PasskeyAct::Removed;
    let id = CredentialId("key-of-ben".to_owned());
    let kind = Kind::Passkey {
        passkey: id.clone(),
        act,
    };
    let removed = event(20, kind, &ben);
    assert!(store.remove_passkey((&ben.id, &id), removed).await?);
    for ticket in [by_secret, by_passkey] {
        assert!(!is_found(&*store, &ticket, 21).await?);
        assert!(!stands(&*store, &ticket, 21).await?);
        assert!(store.was_relayed(&ticket.key).await?);
        let late = Relaying::of(RelayedTicket {
            key: TicketKey([9; 32]),
            ..ticket
        });
        assert!(store.record(late, heard).await.is_err());
    }
    Ok(())
}

/// What tokens of a sign-in to a page bought ends when its owner signs out there, and what another sign-in bought does not.
pub async fn a_ticket_of_a_page_ends_when_its_owner_signs_out<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = pages::with_secret(&*store, "anna").await?;
    for (handle, seconds) in [(1, 20), (2, 40)] {
        pages::signed_in(&*store, &anna, handle, seconds).await?;
    }
    let bought = |byte, channel, second_factor: Option<i64>| RelayedTicket {
        channel,
        methods: [Method::MemorisedSecret, Method::OneTimeCode].into(),
        second_factor: second_factor.map(at),
        ..ticket(byte, &anna, "secret-of-anna")
    };
    let of_this = bought(1, Channel::Page, Some(20));
    let of_another = bought(2, Channel::Page, Some(40));
    let of_one_factor = bought(3, Channel::Page, None);
    let of_a_client = bought(4, Channel::Grant, Some(20));
    for ticket in [&of_this, &of_another, &of_one_factor, &of_a_client] {
        store.record(Relaying::of(ticket.clone()), HEARD).await?;
    }
    let heard = store.last().await?;
    let found = store.session(pages::key(1), at(50)).await?;
    let (session, _) = found.ok_or(Unavailable {
        what: "a session",
        detail: "it is not there".to_owned(),
    })?;
    let event = event(50, Kind::SignedOut, &anna);
    store.end_sign_in(pages::key(1), &session, event).await?;
    assert!(store.session(pages::key(1), at(51)).await?.is_none());
    assert!(store.session(pages::key(2), at(51)).await?.is_some());
    assert!(!is_found(&*store, &of_this, 51).await?);
    for other in [&of_another, &of_one_factor, &of_a_client] {
        assert!(is_found(&*store, other, 51).await?);
    }
    let revoked = store.since(heard, 10).await?;
    let revoked: Vec<_> = revoked.into_iter().map(|it| it.what).collect();
    assert_eq!(revoked, [Revoked::Credential(session.sign_in())]);
    // A token that was being made meanwhile is too late.
    let late = |ticket: &RelayedTicket| {
        Relaying::of(RelayedTicket {
            key: TicketKey([9; 32]),
            ..ticket.clone()
        })
    };
    assert!(store.record(late(&of_this), heard).await.is_err());
    store.record(late(&of_another), heard).await
}

/// A token of ours begins one session, and is no more then.
pub async fn of_16_parallel_uses_of_a_token_one_is_taken<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = pages::with_secret(&*store, "anna").await?;
    let token = ticket(1, &anna, "secret-of-anna");
    assert!(!store.spend_token(&token.key).await?, "it is not there");
    store.record(Relaying::of(token.clone()), HEARD).await?;
    let spent = all_at_once(&store, 16, |store, _| async move {
        store.spend_token(&TicketKey([1; 32])).await
    });
    assert_eq!(spent.await?.iter().filter(|it| **it).count(), 1);
    assert!(!is_found(&*store, &token, 11).await?);
    assert!(store.was_relayed(&token.key).await?);
    Ok(())
}

/// A token of an AD FS is taken once, whoever brings it, and no other with it.
pub async fn of_16_parallel_uses_of_another_s_token_one_is_taken<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let times = (at(0), at(1_200));
    let taken = all_at_once(&store, 16, move |store, _| async move {
        store.take_token(&TicketKey([1; 32]), times).await
    });
    assert_eq!(taken.await?.iter().filter(|it| **it).count(), 1);
    assert!(
        !store
            .take_token(&TicketKey([1; 32]), (at(9), at(9_999)))
            .await?
    );
    assert!(store.take_token(&TicketKey([2; 32]), times).await?);
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
        let heard = store.last().await?;
        store.record(Relaying::of(of_phone.clone()), HEARD).await?;
        assert!(is_found(&*store, &of_phone, 20).await?);
        for state in [state, AccountState::Active] {
            let changed = event(20, Kind::AccountStateChanged { state }, &anna);
            assert!(store.set_state(&anna.id, state, changed).await?);
            let recorded = store.record(Relaying::of(late.clone()), heard).await;
            assert!(recorded.is_err(), "{state:?}");
            for ticket in [&of_phone, &late] {
                assert!(!is_found(&*store, ticket, 21).await?);
            }
        }
    }
    // Whoever signed in after all of that has a ticket, and what befalls another is nothing to it.
    let heard = store.last().await?;
    let bert = account("bert");
    let added = store
        .add(&bert, event(0, Kind::AccountCreated, &bert))
        .await?;
    assert_eq!(added, Ok(()));
    let state = AccountState::Disabled;
    let changed = event(20, Kind::AccountStateChanged { state }, &bert);
    assert!(store.set_state(&bert.id, state, changed).await?);
    store.record(Relaying::of(late.clone()), heard).await?;
    assert!(is_found(&*store, &late, 21).await?);
    Ok(())
}

/// With its credential or its account; and one that is relayed anew is good again.
pub async fn a_revoked_ticket_is_told_from_one_that_is_unknown<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    let (of_phone, of_tablet) = (ticket(1, &anna, "phone"), ticket(2, &anna, "tablet"));
    for ticket in [&of_phone, &of_tablet] {
        assert!(!store.was_relayed(&ticket.key).await?);
        store.record(Relaying::of(ticket.clone()), HEARD).await?;
        assert!(store.was_relayed(&ticket.key).await?);
    }
    let phone = CredentialId("phone".to_owned());
    let credential = phone.clone();
    let revoked = event(20, Kind::AppPasswordRevoked { credential }, &anna);
    assert!(store.revoke_app_password(&phone, at(20), revoked).await?);
    for state in [AccountState::Disabled, AccountState::Active] {
        let changed = event(20, Kind::AccountStateChanged { state }, &anna);
        assert!(store.set_state(&anna.id, state, changed).await?);
        for ticket in [&of_phone, &of_tablet] {
            assert!(!is_found(&*store, ticket, 21).await?, "{state:?}");
            assert!(store.was_relayed(&ticket.key).await?, "{state:?}");
        }
    }
    assert!(!store.was_relayed(&TicketKey([3; 32])).await?);
    let anew = RelayedTicket {
        credential: CredentialId("tablet".to_owned()),
        ..of_phone
    };
    store.record(Relaying::of(anew.clone()), HEARD).await?;
    assert_eq!(store.find(&anew.key, at(21)).await?, Some((anew, anna)));
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
    store.record(Relaying::of(hers.clone()), HEARD).await?;
    let found = store.find(&hers.key, at(20)).await?;
    assert_eq!(found, Some((hers.clone(), anna.clone())));
    assert!(!is_found(&*store, &hers, 1_000).await?, "it ended");

    let bare = CredentialId::KERBEROS;
    for nobodys in [ticket(2, &bert, &credential), ticket(3, &anna, bare)] {
        let recorded = store.record(Relaying::of(nobodys), HEARD).await;
        assert!(recorded.is_err());
    }

    let heard = store.last().await?;
    for state in [AccountState::Disabled, AccountState::Active] {
        let changed = event(20, Kind::AccountStateChanged { state }, &anna);
        assert!(store.set_state(&anna.id, state, changed).await?);
        assert!(!is_found(&*store, &hers, 21).await?, "{state:?}");
        let late = Relaying::of(ticket(4, &anna, &credential));
        assert!(
            store.record(late.clone(), heard).await.is_err(),
            "{state:?}"
        );
        let recorded = store.record(late, HEARD).await;
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
        assert!(
            store
                .record(Relaying::of(stray.clone()), HEARD)
                .await
                .is_err()
        );
        assert!(!is_found(&*store, &stray, 20).await?);
    }
    Ok(())
}

/// Recorded again it lives longer, but not for another account, credential or pool.
pub async fn a_ticket_stays_whose_it_is<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    let mine = ticket(1, &anna, "phone");
    store.record(Relaying::of(mine.clone()), HEARD).await?;
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
        assert!(store.record(Relaying::of(other), HEARD).await.is_err());
    }
    assert_eq!(
        store.find(&mine.key, at(20)).await?,
        Some((mine.clone(), anna.clone()))
    );
    let longer = RelayedTicket {
        expires: at(2_000),
        ..mine
    };
    store.record(Relaying::of(longer.clone()), HEARD).await?;
    assert_eq!(
        store.find(&longer.key, at(1_500)).await?,
        Some((longer, anna))
    );
    Ok(())
}

/// Its event and the last use of its app password; nothing of them where it is not recorded.
pub async fn a_ticket_is_recorded_with_all_that_belongs_to_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let credential = CredentialId("phone".to_owned());
    let bought = |credential: &CredentialId| Kind::SignedIn {
        credential: credential.clone(),
        clock_skew: None,
        certificate: Some("0101010101010101".to_owned()),
    };
    let relaying = |ticket: RelayedTicket| Relaying {
        used: Some((at(30), HOME)),
        events: vec![event(30, bought(&ticket.credential), &anna)],
        ticket,
        session: None,
    };
    let before = store.read(1, 100).await?.len();
    let stray = relaying(ticket(2, &anna, "nothing"));
    assert!(store.record(stray, HEARD).await.is_err());
    assert_eq!(store.read(1, 100).await?.len(), before);

    store
        .record(Relaying::of(ticket(1, &anna, "phone")), HEARD)
        .await?;
    let used = |it: Option<AppPassword>| it.and_then(|it| it.last_used);
    assert_eq!(used(store.app_password(&credential).await?), None);
    assert_eq!(store.read(1, 100).await?.len(), before);

    store
        .record(relaying(ticket(1, &anna, "phone")), HEARD)
        .await?;
    let last = store.app_password(&credential).await?;
    assert_eq!(used(last), Some((at(30), HOME)));
    let trail = store.read(1, 100).await?;
    assert_eq!(trail.len(), before + 1);
    let kind = trail.last().map(|chained| &chained.event.kind);
    assert_eq!(kind, Some(&bought(&credential)));
    Ok(())
}

/// Whoever asks for one after the other fills no disk; what another app password bought is left alone.
pub async fn the_tickets_of_one_credential_are_so_many_and_no_more<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    let numbered = |anna: &Account, number: u32| {
        let mut key = [0; 32];
        key.iter_mut()
            .zip(number.to_be_bytes())
            .for_each(|(byte, of_number)| *byte = of_number);
        RelayedTicket {
            key: TicketKey(key),
            relayed: at(10_000 - i64::from(number)),
            ..ticket(0, anna, "phone")
        }
    };
    let of_tablet = ticket(255, &anna, "tablet");
    store.record(Relaying::of(of_tablet.clone()), HEARD).await?;
    let owner = anna.clone();
    for first in (0..MAX_PER_CREDENTIAL).step_by(64) {
        let count = (MAX_PER_CREDENTIAL - first).min(64);
        let owner = owner.clone();
        all_at_once(&store, count, move |store, number| {
            let ticket = numbered(&owner, first + number);
            async move { store.record(Relaying::of(ticket), HEARD).await }
        })
        .await?;
    }
    let oldest = numbered(&anna, MAX_PER_CREDENTIAL - 1);
    assert!(is_found(&*store, &oldest, 20).await?);
    let one_more = RelayedTicket {
        key: TicketKey([254; 32]),
        relayed: at(20_000),
        ..ticket(0, &anna, "phone")
    };
    store.record(Relaying::of(one_more.clone()), HEARD).await?;
    assert!(!is_found(&*store, &oldest, 20).await?, "the oldest goes");
    let next = numbered(&anna, MAX_PER_CREDENTIAL - 2);
    for kept in [next, one_more, of_tablet] {
        assert!(is_found(&*store, &kept, 20).await?);
    }
    Ok(())
}
