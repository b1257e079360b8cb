//! API tokens.

use std::sync::Arc;

use ::authn::admin::api_tokens::ApiToken;
use ::authn::admin::role::Role;
use ::authn::audit::{Event, Kind};
use ::authn::credential::CredentialId;
use ::authn::handle::{Handle, HandleKey};
use ::authn::ports::Unavailable;

use super::{Conforming, at};

fn key(number: u8) -> HandleKey {
    Handle::made_from([number; 32]).key()
}

pub(crate) fn api_token(id: &str, role: Role, made: i64) -> ApiToken {
    ApiToken {
        id: CredentialId(id.to_owned()),
        label: format!("the portal \"{id}\""),
        role,
        made: at(made),
        ends: at(made.saturating_add(1_000)),
    }
}

fn revoked(id: &str) -> Event {
    let token = CredentialId(id.to_owned());
    Event::observed(at(9), Kind::ApiTokenRevoked { token }, None)
}

fn made(token: &ApiToken) -> Event {
    let kind = Kind::ApiTokenMade {
        token: token.id.clone(),
        role: token.role,
        ends: token.ends,
    };
    Event::observed(token.made, kind, None)
}

/// By its digest alone, until it is removed, which is once.
pub async fn s73_an_api_token_keeps_all_its_fields_and_is_gone_once_revoked<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let later = api_token("b", Role::Auditor, 2);
    let first = api_token("c", Role::HelpDesk, 1);
    assert_eq!(store.api_token(key(1)).await?, None);
    store.add_api_token(key(1), &later, made(&later)).await?;
    store.add_api_token(key(2), &first, made(&first)).await?;
    assert_eq!(store.api_token(key(1)).await?, Some(later.clone()));
    assert_eq!(store.api_token(key(2)).await?, Some(first.clone()));
    assert_eq!(store.api_token(key(3)).await?, None);
    assert_eq!(store.api_tokens().await?, [first, later.clone()]);
    let unknown = CredentialId("nobody's".to_owned());
    assert!(!store.remove_api_token(&unknown, revoked("x")).await?);
    let id = CredentialId("c".to_owned());
    assert!(store.remove_api_token(&id, revoked("c")).await?);
    assert!(!store.remove_api_token(&id, revoked("c")).await?, "once");
    assert_eq!(store.api_token(key(2)).await?, None);
    assert_eq!(store.api_tokens().await?, [later]);
    let events = store.read(1, 10).await?;
    assert_eq!(events.len(), 3, "what came to nothing is not audited");
    Ok(())
}
