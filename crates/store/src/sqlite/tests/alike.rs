//! A refusal costs as many statements whether what was typed is known or is nobody's (T-CRED-8).

use authn::credential::grant::{Client, CodeSettlement, Grant, GrantKey};
use authn::credential::sent_code::{
    Address, BudgetPlace, Code, CodeOrder, Content, Language, Message,
};
use authn::ports::Settlement;

use proto::sending::PhoneNumber;

use super::*;
use crate::engine::ASKED;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn grant(account: &AccountId) -> Grant {
    Grant {
        key: GrantKey([7; 32]),
        account: account.clone(),
        credential: CredentialId("secret".to_owned()),
        token: None,
        client: Client("198.51.100.7/32".to_owned()),
        made: now(),
        used: now(),
        ends: now(),
    }
}

/// An order that sends nothing, for whoever typed a text that is known or nobody's.
fn sends(id: &str, remembers: Option<Grant>) -> CodeSettlement {
    let places = || vec![BudgetPlace::of_unanswered(None, now())];
    CodeSettlement::Sends(Box::new(CodeOrder {
        code: None,
        remembers,
        places: places(),
        places_of_nobody: places(),
        message: Message {
            id: id.to_owned(),
            account: None,
            address: Address::Sms(PhoneNumber::of_nobody()),
            content: Content::Code(Code::made_from([9; 8])),
            language: Language::English,
            queued: now(),
            ends: now(),
        },
        events: [None, None],
    }))
}

/// How many statements it takes to refuse somebody.
async fn asked(store: &Store, account: &AccountId, code: CodeSettlement) -> usize {
    let subject = Subject::Account(account.clone());
    let source = SourceNetwork("198.51.100.0/24".to_owned());
    let place = Place::now(subject, source, now());
    let reservation = store.reserve(place).await.unwrap().unwrap();
    let settlement = Settlement {
        reservation,
        succeeded: None,
        code,
        events: vec![mark(1)],
        alarm: None,
    };
    let before = ASKED.get();
    store.settle(settlement).await.unwrap();
    ASKED.get() - before
}

#[tokio::test]
async fn t_cred_8_what_is_known_again_costs_what_is_nobody_s_costs() {
    let world = World::new();
    let store = world.migrated().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone").await.unwrap();
    let known = grant(&anna.id);
    let remembers = CodeSettlement::Remembers(Box::new(known.clone()));
    asked(&store, &anna.id, remembers).await;
    let again = || CodeSettlement::Again(known.key.clone(), None);
    asked(&store, &anna.id, again()).await;
    let nobodys = asked(&store, &anna.id, CodeSettlement::OfNobody).await;
    let nothing = asked(&store, &anna.id, CodeSettlement::None).await;
    assert!(nobodys > nothing, "the statements are counted");
    for _ in 0..3 {
        assert_eq!(asked(&store, &anna.id, again()).await, nobodys);
    }
    let nobodys = asked(&store, &anna.id, sends("nobody's", None)).await;
    for id in ["1", "2", "3"] {
        let known = asked(&store, &anna.id, sends(id, Some(known.clone()))).await;
        assert_eq!(known, nobodys, "where a code might be sent");
    }
}
