//! Whatever the cases of conformance leave in a store is sealed by another key, every sealed column among it, and opens
//! by that key alone.

use std::collections::BTreeSet;
use std::path::Path;

use authn::audit::Actor;
use authn::handle::HandleKey;
use authn::ports::Invitations;
use authn::session::Invitation;
use jiff::Timestamp;

use super::*;
use crate::seal::Stands;

/// Rotates the keys of stores in which the cases of conformance left what they leave; `$fresh` awaits one with the path of
/// its key file, and something to keep.
macro_rules! rotated {
    ($fresh:expr => $($case:ident)*) => {{
        let mut tables = std::collections::BTreeSet::new();
        $(
            let (store, path, _kept) = $fresh;
            let case = crate::conformance::$case(std::sync::Arc::new(store.clone())).await;
            case.unwrap();
            tables.extend(crate::reseal::tests::rotate(&store, &path, stringify!($case)).await);
        )*
        let (store, path, _kept) = $fresh;
        crate::reseal::tests::invited(&store).await;
        tables.extend(crate::reseal::tests::rotate(&store, &path, "invited").await);
        crate::reseal::tests::are_all(&tables);
    }};
    ($fresh:expr) => {
        crate::reseal::tests::rotated! { $fresh =>
            an_app_password_keeps_all_its_fields
            a_secret_keeps_all_its_fields
            an_ntlm_pin_keeps_all_its_fields
            a_token_keeps_all_its_fields
            a_passkey_keeps_all_its_fields
            a_challenge_is_answered_once
            s73_an_api_token_keeps_all_its_fields_and_is_gone_once_revoked
            new_spare_codes_end_the_old_of_their_kind
            a_destination_keeps_all_its_fields_and_is_the_only_one_of_its_kind
            an_account_of_our_own_has_its_passwords_and_no_other_s
            the_password_of_the_directory_is_its_account_s
            a_session_ends_with_what_it_rests_on
            the_sessions_of_an_account_are_so_many_and_no_more
            each_step_of_a_sign_in_is_answered_once
            a_code_without_room_moves_its_sign_in_on_all_the_same
            a_message_is_tried_again_when_its_time_has_come
            a_trust_keeps_all_its_fields
            a_signing_key_keeps_all_its_fields
            what_the_collector_has_never_grows_less
            the_oldest_events_are_removed_and_the_chain_goes_on
        }
    };
}
pub(crate) use rotated;

fn by() -> ByHand {
    ByHand {
        at: Timestamp::from_second(1_700_000_000).unwrap(),
        actor: Actor::named("root"),
        origin: None,
    }
}

/// Somebody is invited, which no case leaves behind.
pub(crate) async fn invited(store: &Store) {
    let anna = crate::conformance::account("anna");
    crate::conformance::enrolled(store, &anna, "phone")
        .await
        .unwrap();
    let invitation = Invitation {
        account: anna.id,
        made: by().at,
        ends: Timestamp::from_second(1_700_001_000).unwrap(),
    };
    let event = Event::by_hand(&by(), Kind::AccountCreated, None);
    let invited = store.invite(HandleKey([8; 32]), &invitation, event);
    invited.await.unwrap();
}

/// Seals everything by a new key, takes the old one out, and once more; gives the tables in which something was sealed.
pub(crate) async fn rotate(store: &Store, path: &Path, case: &str) -> BTreeSet<String> {
    let mut tables = BTreeSet::new();
    for random in [[11; 40], [12; 40]] {
        let before = store.sealed_by().await.unwrap();
        let [old] = before.as_slice() else {
            panic!("{case}: {before:?}");
        };
        let id = KeyFile::add(path, random, Stands::First).unwrap();
        store.reread_keys().await.unwrap();
        let resealed = store.reseal(&by(), |_, _| {}).await.unwrap();
        assert_eq!(resealed.unopened, Vec::<String>::new(), "{case}");
        assert_eq!(resealed.key, id);
        let after = store.sealed_by().await.unwrap();
        let [new, none] = after.as_slice() else {
            panic!("{case}: {after:?}");
        };
        assert_eq!((&new.key, &new.seals), (&Some(id), &old.seals), "{case}");
        assert_eq!((&none.key, none.seals.len()), (&old.key, 0), "{case}");
        KeyFile::remove(path, old.key.as_deref().unwrap()).unwrap();
        store.reread_keys().await.unwrap();
        store.verify_trail().await.unwrap();
        tables.extend(old.seals.keys().cloned());
    }
    tables
}

/// Every sealed column had something to seal.
pub(crate) fn are_all(tables: &BTreeSet<String>) {
    let columns = COLUMNS.iter().map(|column| column.table);
    let all: BTreeSet<String> = columns.chain(ENDS).map(str::to_owned).collect();
    assert_eq!(*tables, all);
}
