//! API tokens: made once with a role and an end, known by nothing but themselves, gone once revoked.

use authn::admin::MAX_LABEL;
use authn::admin::api_tokens::{
    self, ApiToken, ApiTokenError, ApiTokenRandomness, LONGEST, MAX_API_TOKENS, NewApiToken,
};
use authn::admin::role::Role;
use authn::audit::Kind;
use authn::ports::{ApiTokens as _, Audit as _};
use jiff::SignedDuration;
use proto::secret::Secret;
use store::memory::Memory;

use crate::world::{at, by_hand};

fn order(label: &str, lasting: SignedDuration) -> NewApiToken {
    NewApiToken {
        label: label.to_owned(),
        role: Role::HelpDesk,
        lasting,
    }
}

async fn make(
    memory: &Memory,
    number: u8,
    order: NewApiToken,
) -> Result<(ApiToken, Secret<String>), ApiTokenError> {
    let random = ApiTokenRandomness {
        id: [number; 16],
        token: [number; 32],
    };
    api_tokens::make(memory, order, &by_hand(1), random).await
}

#[tokio::test]
async fn s73_a_token_is_recognised_until_it_ends_or_is_revoked_and_by_nothing_else() {
    let memory = Memory::new();
    let minutes = SignedDuration::from_mins(10);
    let (record, text) = make(&memory, 1, order("portal", minutes)).await.unwrap();
    make(&memory, 2, order("script", minutes)).await.unwrap();
    let known = async |text: &str, second: i64| {
        let text = Secret::new(text.to_owned());
        let found = api_tokens::recognised(&memory, &text, at(second)).await;
        found.unwrap()
    };
    let text = text.expose().as_str();
    assert_eq!(known(text, 2).await, Some(record.clone()));
    assert_eq!(known(text, 600).await, Some(record.clone()));
    assert_eq!(known(text, 601).await, None, "it ended");
    assert_eq!(known(text, 0).await, None, "it was not made yet");
    let (_, handle) = text.rsplit_once('-').unwrap();
    for wrong in [
        "",
        handle,
        &text.to_uppercase(),
        &format!("{text}0"),
        &format!(" {text}"),
        &text.replace("01", "03"),
        record.id.0.as_str(),
    ] {
        assert_eq!(known(wrong, 2).await, None, "{wrong}");
    }
    api_tokens::revoke(&memory, &record.id, &by_hand(3))
        .await
        .unwrap();
    assert_eq!(known(text, 4).await, None, "it was revoked");
    let again = api_tokens::revoke(&memory, &record.id, &by_hand(5)).await;
    assert_eq!(again, Err(ApiTokenError::NoSuchToken));
    assert_eq!(memory.api_tokens().await.unwrap().len(), 1);
    let trail = memory.read(1, 10).await.unwrap();
    let kinds: Vec<&Kind> = trail.iter().map(|it| &it.event.kind).collect();
    let role = Role::HelpDesk;
    let (token, ends) = (record.id.clone(), record.ends);
    assert_eq!(kinds.len(), 3);
    assert_eq!(*kinds[0], Kind::ApiTokenMade { token, role, ends });
    assert_eq!(*kinds[2], Kind::ApiTokenRevoked { token: record.id });
    let written: String = trail.iter().map(|it| it.text.as_str()).collect();
    assert!(!written.contains(handle), "the audit has no token");
}

#[tokio::test]
async fn s73_there_is_no_token_without_a_label_or_an_end_nor_too_many() {
    let memory = Memory::new();
    let minute = SignedDuration::from_mins(1);
    let too_long = "x".repeat(MAX_LABEL + 1);
    for label in ["", " ", "a\nb", &too_long] {
        let made = make(&memory, 1, order(label, minute)).await;
        assert_eq!(made.map(drop), Err(ApiTokenError::UnusableLabel), "{label}");
    }
    for lasting in [
        SignedDuration::ZERO,
        SignedDuration::from_secs(59),
        -minute,
        LONGEST + SignedDuration::from_secs(1),
        SignedDuration::MAX,
    ] {
        let made = make(&memory, 1, order("portal", lasting)).await;
        assert_eq!(made.map(drop), Err(ApiTokenError::Lasting), "{lasting}");
    }
    assert_eq!(memory.read(1, 10).await.unwrap(), []);
    for number in 0..MAX_API_TOKENS {
        let number = u8::try_from(number).unwrap();
        make(&memory, number, order("portal", LONGEST))
            .await
            .unwrap();
    }
    let one_more = make(&memory, 200, order("portal", LONGEST)).await;
    assert_eq!(one_more.map(drop), Err(ApiTokenError::TooMany));
}

#[tokio::test]
async fn the_audit_names_a_token_by_its_role_its_id_and_its_label() {
    let memory = Memory::new();
    let order = order("Service desk", SignedDuration::from_mins(1));
    let (record, _) = make(&memory, 1, order).await.unwrap();
    let actor = record.actor();
    let expected = format!("api help-desk {} Service desk", record.id.0);
    assert_eq!(actor.as_str(), expected);
}
