//! A database that was put back by the server's own means: what was dropped, revoked or used since the backup was made is
//! not good again.

use authn::account::AccountState;
use authn::admin::role::Role;
use authn::credential::otp_token::{TokenKind, TokenState};
use authn::credential::spare_code::SpareKind;
use authn::handle::HandleKey;
use authn::ports::{Adding, ApiTokens, NtlmPins, OtpTokens, SpareCodes};

use super::*;
use crate::{Doing, PutBack, Replaced};

/// An API token, a PIN, a recovery code and a token with a button, of somebody whom everybody knows.
async fn furnished(node: &Store) {
    let anna = conformance::account("anna");
    conformance::enrolled(node, &anna, "phone").await.unwrap();
    let token = conformance::api_token("api", Role::HelpDesk, 1);
    node.add_api_token(HandleKey([7; 32]), &token, mark(1))
        .await
        .unwrap();
    let pin = conformance::ntlm_pin("pin", &anna, 1);
    node.set_ntlm_pin(&pin, mark(2)).await.unwrap();
    let codes = vec![conformance::spare_code("one", &anna, SpareKind::Recovery)];
    let set = node.set_spare_codes((&anna.id, SpareKind::Recovery), codes, mark(3));
    assert!(set.await.unwrap());
    let mut button = conformance::otp_token("button", &anna);
    button.record.kind = TokenKind::Hotp;
    let added = node.add_otp_tokens(vec![button], Adding::For(Vec::new()));
    assert_eq!(added.await.unwrap(), Ok(()));
    node.reserve(attempt("anna")).await.unwrap().unwrap();
}

impl World {
    /// Another database, which is as this one is at the moment.
    fn copied(&self) -> Self {
        let (_, here) = self.address.rsplit_once("@/").unwrap();
        let (here, _) = here.split_once('?').unwrap();
        let address = self.server.database().unwrap();
        let (_, there) = address.rsplit_once("@/").unwrap();
        let (there, _) = there.split_once('?').unwrap();
        let copying = format!(
            "DROP DATABASE {there};
            CREATE DATABASE {there} TEMPLATE {here} OWNER wicketgate"
        );
        for statement in copying.split(';') {
            self.server.sql("postgres", statement).unwrap();
        }
        let folder = TempDir::new().unwrap();
        let keys = self.folder.path().join("keys");
        std::fs::copy(keys, folder.path().join("keys")).unwrap();
        Self {
            server: self.server,
            folder,
            address,
        }
    }

    async fn after_restore(&self, before: Option<&Self>, doing: Doing) -> PutBack {
        let (here, before) = (self.database(), before.map(Self::database));
        let (keys, by) = (self.keys(), by_hand());
        let done = Store::after_restore((&here, before.as_ref()), &keys, &by, doing);
        done.await.unwrap()
    }
}

/// A world as it went on, and the same as it was put back.
async fn put_back() -> Option<(World, World)> {
    let world = World::new()?;
    let node = world.node().await;
    furnished(&node).await;
    node.close().await;
    // The server forgets a connection in its own time.
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = '{database}' AND pid <> pg_backend_pid()";
    world.sql(others);
    let copy = world.copied();
    let node = world.node().await;
    let phone = CredentialId("phone".to_owned());
    assert!(
        node.revoke_app_password(&phone, now(), mark(4))
            .await
            .unwrap()
    );
    let id = conformance::account("anna").id;
    let state = AccountState::Disabled;
    assert!(node.set_state(&id, state, mark(5)).await.unwrap());
    node.close().await;
    Some((world, copy))
}

fn dropped(put_back: &PutBack, table: &str) -> u64 {
    let found = put_back.forgotten.iter().find(|(name, _)| name == table);
    found.unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn t_db_2_a_database_that_was_put_back_lets_nobody_in_who_was_shut_out_since() {
    let Some((before, copy)) = put_back().await else {
        return;
    };
    let told = copy.after_restore(Some(&before), Doing::Trial).await;
    assert_eq!(told.restored.revoked.len(), 1);
    let told = copy.after_restore(Some(&before), Doing::Earnest).await;
    assert_eq!(told.restored.replaced, Replaced::Read);
    assert_eq!(
        (told.restored.revoked.len(), told.restored.accounts.len()),
        (1, 1)
    );
    assert_eq!(dropped(&told, "counters"), 1 + 1, "an account and a source");
    let node = copy.node().await;
    let anna = conformance::account("anna");
    let state = node.by_id(&anna.id).await.unwrap().unwrap().state;
    assert_eq!(state, AccountState::Disabled);
    let subject = Subject::Account(anna.id);
    let [phone] = &*node.app_passwords(&subject).await.unwrap() else {
        panic!("another number of phones");
    };
    assert_eq!(phone.record.revoked, Some(now()));
    assert_eq!(node.api_tokens().await.unwrap(), []);
    assert!(node.ntlm_pin(&subject).await.unwrap().is_none());
    assert_eq!(
        node.spare_codes_of(&subject).await.unwrap().len(),
        1,
        "it was not used"
    );
    node.verify_trail().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn t_db_2_a_database_whose_past_is_not_known_keeps_nothing_that_is_good_once() {
    let Some((_, copy)) = put_back().await else {
        return;
    };
    let tried = copy.after_restore(None, Doing::Trial).await;
    let told = copy.after_restore(None, Doing::Earnest).await;
    assert_eq!(tried, told, "what was tried was undone");
    assert_eq!(dropped(&told, "api_tokens"), 1);
    assert_eq!(dropped(&told, "ntlm_pins"), 1);
    assert_eq!(dropped(&told, "spare_codes"), 1);
    let node = copy.node().await;
    let anna = Subject::Account(conformance::account("anna").id);
    assert_eq!(node.api_tokens().await.unwrap(), []);
    assert_eq!(node.spare_codes_of(&anna).await.unwrap().len(), 0);
    let [button] = &*node.otp_tokens("", 9).await.unwrap() else {
        panic!("another number of tokens");
    };
    assert_eq!(button.state, TokenState::Blocked);
    node.verify_trail().await.unwrap();
}

/// What says of nobody that they were shut out since is not compared with.
#[tokio::test(flavor = "multi_thread")]
async fn t_db_2_only_what_the_database_went_on_to_be_is_compared_with() {
    let Some((before, copy)) = put_back().await else {
        return;
    };
    async fn tried(of: &World, with: &World) -> Result<PutBack, StoreError> {
        let (here, before) = (of.database(), with.database());
        let (keys, by) = (of.keys(), by_hand());
        Store::after_restore((&here, Some(&before)), &keys, &by, Doing::Trial).await
    }
    for (of, with) in [(&copy, &copy), (&before, &before), (&before, &copy)] {
        let refused = tried(of, with).await;
        assert!(
            matches!(refused, Err(StoreError::NotWhatCameAfter)),
            "{refused:?}"
        );
    }
    tried(&copy, &before).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_a_gate_uses_is_not_touched_after_a_restore() {
    let Some(world) = World::new() else { return };
    let node = world.node().await;
    furnished(&node).await;
    let (here, keys) = (world.database(), world.keys());
    let refused = Store::after_restore((&here, None), &keys, &by_hand(), Doing::Earnest).await;
    assert!(
        matches!(refused, Err(StoreError::InUse { .. })),
        "{refused:?}"
    );
    assert_eq!(node.api_tokens().await.unwrap().len(), 1);
}
