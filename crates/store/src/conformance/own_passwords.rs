//! Conformance of [`OwnPasswords`](authn::ports::OwnPasswords).

use std::sync::Arc;

use ::authn::audit::Kind;
use ::authn::ports::Unavailable;
use proto::secret::Secret;

use super::{Conforming, account, event};

/// The latest first, until they are replaced or forgotten.
pub async fn an_account_of_our_own_has_its_passwords_and_no_other_s<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (gate, other) = ("gate$@A.TEST", "other$@A.TEST");
    let secrets = |texts: &[&str]| -> Vec<Secret<String>> {
        let texts = texts.iter();
        texts.map(|it| Secret::new((*it).to_owned())).collect()
    };
    let shown = |passwords: Vec<Secret<String>>| -> Vec<String> {
        passwords.iter().map(|it| it.expose().clone()).collect()
    };
    assert_eq!(shown(store.own(gate).await?), [""; 0]);
    store.keep_own(other, &secrets(&["theirs"]), None).await?;
    for texts in [&["first"][..], &["second", "first"], &["second"], &[]] {
        let kind = Kind::GatewayKeyRotated {
            gateway: gate.to_owned(),
            version: 3,
        };
        let event = event(1, kind, &account("anna"));
        store.keep_own(gate, &secrets(texts), Some(event)).await?;
        assert_eq!(shown(store.own(gate).await?), texts);
    }
    assert_eq!(shown(store.own(other).await?), ["theirs"]);
    assert_eq!(store.read(1, 10).await?.len(), 4);
    Ok(())
}
