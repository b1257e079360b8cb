//! A sign-in that somebody only thinks of says what the token of one that is made says, and leaves nothing behind.

use std::sync::Mutex;

use authn::place::{Method, Zone};
use claims::{Query, Row};
use sts::flow::supposed::{For, NotReached, Supposed, reaches};
use sts::pipeline::store::{AttributeStores, TimeLeft};
use sts::pipeline::{NotIssued, Observer, Seen};
use sts::token::carried::Carried;
use sts::trust::{
    Authorization, ProtocolProfile, RelyingPartyTrust, Rules, TokenType, TrustBook, Trusted,
};

use crate::world::{ASKS, SID, World, at, issued, lync, world};

const RULES: &str = r#"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid"] => issue(claim = c);
c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"]
 => issue(Type = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", Value = c.Value);
c:[Type == "http://schemas.microsoft.com/claims/authnmethodsreferences"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/claims/authnmethodsreferences"] => issue(Type = "urn:proved", Value = "yes");
"#;

/// Writes down what it sees, and answers for one store.
#[derive(Default)]
struct Written(Mutex<Vec<String>>);

impl Observer for Written {
    fn answers(&self, query: &Query<'_>) -> Option<Result<Vec<Row>, String>> {
        let row = vec![Some("Engineer".to_owned())];
        (query.store() == "HR").then(|| Ok(vec![row]))
    }

    fn saw(&self, seen: Seen) {
        self.0.lock().unwrap().push(match seen {
            Seen::Rules { which, done, .. } => {
                let rules = done.map_or_else(|it| it.explained.len(), |it| it.explained.len());
                format!("{which}: {rules}")
            }
            other => format!("{other:?}"),
        });
    }
}

fn book(trust: &RelyingPartyTrust) -> TrustBook {
    let trusted = Trusted {
        relying_parties: vec![trust.clone()],
        ..Trusted::default()
    };
    TrustBook::new(1, trusted).unwrap()
}

/// What would be said of anna, and what was seen on the way.
async fn supposed(
    world: &World,
    trust: &RelyingPartyTrust,
    methods: &[Method],
) -> (Result<Carried, NotIssued>, Vec<String>) {
    let book = book(trust);
    let trust = book.relying_parties().next().unwrap();
    let stores = AttributeStores {
        account: Some(&world.who),
        relying_party: &trust.identifiers[0],
        opaque: None,
        others: &[],
        time: &TimeLeft::default(),
    };
    let observer = Written::default();
    let said = Supposed {
        account: &world.who,
        methods,
        zone: &Zone::EXTERNAL,
        source: [192, 0, 2, 1].into(),
        user_agent: Some("a browser"),
        now: at(0),
    }
    .said(For {
        identity: &world.service.identity,
        book: &book,
        trust,
        stores: &stores,
        observer: &observer,
    })
    .await;
    (said, observer.0.into_inner().unwrap())
}

const BOTH: [Method; 2] = [Method::MemorisedSecret, Method::OneTimeCode];

#[tokio::test]
async fn what_is_supposed_is_what_a_token_says_of_either_type() {
    for token_type in [TokenType::Saml11, TokenType::Saml20] {
        let trust = RelyingPartyTrust {
            token_type,
            issuance_transform_rules: Rules::parse(RULES).unwrap(),
            ..lync()
        };
        let world = world(vec![trust.clone()]);
        let (said, seen) = supposed(&world, &trust, &BOTH).await;
        assert!(world.kept.entries.lock().unwrap().is_empty());
        assert!(world.kept.events.lock().unwrap().is_empty());
        assert_eq!(*world.signed.lock().unwrap(), 0);
        assert_eq!(
            seen,
            [
                "acceptance transform rules: 9",
                "additional authentication rules: 0",
                "SecondFactor { by_rules: false, by_policy: false, is_proved: true }",
                "issuance authorization rules: 1",
                "Authorized(Ok(()))",
                "issuance transform rules: 4",
            ]
        );
        let said = said.unwrap();
        let issued = issued(world.ask_as_anna(ASKS).await);
        let assertion = world.verified(&issued.wresult);
        let values = said.attributes.iter().flat_map(|it| &it.values);
        let values: Vec<_> = values.collect();
        assert_eq!(
            assertion.matches("<saml:AttributeValue>").count(),
            values.len()
        );
        for value in values {
            let value = format!("<saml:AttributeValue>{value}</saml:AttributeValue>");
            assert!(assertion.contains(&value), "{value} in {assertion}");
        }
        for attribute in &said.attributes {
            let name = attribute.claim_type.rsplit('/').next().unwrap();
            assert!(assertion.contains(&format!("{name}\"")), "{name}");
        }
        let name = said.name.unwrap().name;
        assert!(assertion.contains(&format!(">{name}</saml:Name")), "{name}");
        assert!(assertion.contains(&said.method.unwrap()), "{assertion}");
    }
}

#[tokio::test]
async fn a_party_of_saml_gets_its_own_type_and_no_method_that_its_request_may_choose() {
    let trust = RelyingPartyTrust {
        protocol_profile: ProtocolProfile::Saml,
        ..lync()
    };
    let (said, _) = supposed(&world(Vec::new()), &trust, &BOTH).await;
    let said = said.unwrap();
    assert_eq!((said.token_type, said.method), (TokenType::Saml20, None));
    assert_eq!(said.attributes[0].values, [SID]);
}

#[tokio::test]
async fn whoever_looks_on_answers_for_a_store_and_sees_how_far_it_came() {
    let asks = |store: &str| {
        let text = format!(
            "c:[Type == \"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\"] => issue(store = \"{store}\", types = (\"urn:x\"), query = \"q\");"
        );
        RelyingPartyTrust {
            issuance_transform_rules: Rules::parse(&text).unwrap(),
            ..lync()
        }
    };
    let world = world(Vec::new());
    let (said, _) = supposed(&world, &asks("HR"), &BOTH).await;
    assert_eq!(said.unwrap().attributes[0].values, ["Engineer"]);
    let (said, seen) = supposed(&world, &asks("Elsewhere"), &BOTH).await;
    assert!(matches!(said, Err(NotIssued::Rules { .. })), "{said:?}");
    assert_eq!(seen.last().unwrap(), "issuance transform rules: 0");

    let refuses = RelyingPartyTrust {
        authorization: Authorization::Rules(Rules::default()),
        ..lync()
    };
    let (said, seen) = supposed(&world, &refuses, &BOTH).await;
    assert_eq!(said, Err(NotIssued::NotPermitted));
    assert_eq!(seen.last().unwrap(), "Authorized(Err(NotPermitted))");

    let wants = "=> issue(Type = \"http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod\", \
        Value = \"http://schemas.microsoft.com/claims/multipleauthn\");";
    let wants = RelyingPartyTrust {
        additional_authentication_rules: Rules::parse(wants).unwrap(),
        ..lync()
    };
    let (said, seen) = supposed(&world, &wants, &[Method::MemorisedSecret]).await;
    assert_eq!(said, Err(NotIssued::SecondFactor));
    let last = "SecondFactor { by_rules: true, by_policy: false, is_proved: false }";
    assert_eq!(seen.last().unwrap(), last);
}

#[tokio::test]
async fn a_party_that_is_off_or_has_other_people_is_not_reached() {
    let off = RelyingPartyTrust {
        is_enabled: false,
        ..lync()
    };
    let elsewhere = RelyingPartyTrust {
        claims_provider_names: vec!["Fabrikam".to_owned()],
        ..lync()
    };
    for (trust, expected) in [
        (lync(), Ok(())),
        (off, Err(NotReached::Disabled)),
        (elsewhere, Err(NotReached::AnotherProvider)),
    ] {
        assert_eq!(reaches(&book(&trust), &trust), expected);
    }
}
