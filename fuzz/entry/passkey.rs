//! What browsers post of passkeys: read, and checked against challenges and a key that are always the same.

use std::sync::LazyLock;

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::passkey::{
    Assertion, Attestation, Ceremony, Passkey, RelyingParty, StoredPasskey,
};

/// The ceremonies and the key that the seeds answer, as the store would keep them.
const REGISTERING: &str = include_str!("passkey/registering.json");
const SIGNING_IN: &str = include_str!("passkey/signing_in.json");
const KEY: &str = include_str!("passkey/key.json");
const ACCOUNT: &str = "00000000-0000-4000-8000-000000000000";

struct World {
    party: RelyingParty,
    registering: Ceremony,
    signing_in: Ceremony,
    stored: StoredPasskey,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World {
    party: RelyingParty::of("https://my.contoso.com", &[]).unwrap(),
    registering: serde_json::from_str(REGISTERING).unwrap(),
    signing_in: serde_json::from_str(SIGNING_IN).unwrap(),
    stored: StoredPasskey {
        record: Passkey {
            id: CredentialId("1".to_owned()),
            account: AccountId(ACCOUNT.to_owned()),
            label: "key".to_owned(),
            created: jiff::Timestamp::UNIX_EPOCH,
            last_used: None,
            counter: 0,
        },
        key: serde_json::from_str(KEY).unwrap(),
    },
});

/// Feeds one input to both readers; says whether it was taken.
pub(crate) fn run(data: &[u8]) -> bool {
    let World {
        party,
        registering,
        signing_in,
        stored,
    } = &*WORLD;
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let is_new = Attestation::parse(text).and_then(|it| party.registered(registering, &it));
    let is_used = Assertion::parse(text).and_then(|it| party.used(signing_in, &it, stored));
    is_new.is_ok() || is_used.is_ok()
}
