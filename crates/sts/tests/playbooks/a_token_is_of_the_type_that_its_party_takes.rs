//! A party that takes SAML 2.0 over WS-Federation gets it, signed, encrypted and written down as one of SAML 1.1 is.

use authn::issued::TokenId;
use sts::trust::{RelyingPartyTrust, Rules, SignatureAlgorithm, TokenType};

use crate::world::{
    ASKS, LYNC, PASS_SID, SID, at, certified, issued, lync, minutes, refused, world,
};

const CARRIES: &str = "c:[Type == \"urn:wicketgate:claims/signin\"] => issue(claim = c);";

fn modern() -> RelyingPartyTrust {
    RelyingPartyTrust {
        token_type: TokenType::Saml20,
        ..lync()
    }
}

/// What an assertion calls itself.
fn id(assertion: &str) -> String {
    let id = assertion.split(" ID=\"").nth(1);
    id.and_then(|rest| rest.split('"').next())
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn an_assertion_of_saml_2_says_the_same_and_our_key_signed_it() {
    let world = world(vec![modern()]);
    let issued = issued(world.ask_as_anna(ASKS).await);
    let token_type = "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType>";
    assert!(issued.wresult.contains(token_type), "{}", issued.wresult);
    let assertion = world.verified(&issued.wresult);
    for part in [
        format!("<saml:Audience>{LYNC}</saml:Audience>"),
        "<saml:Issuer>http://sts.contoso.com/adfs/services/trust</saml:Issuer>".to_owned(),
        "Version=\"2.0\"".to_owned(),
        "Name=\"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid\"".to_owned(),
        format!("<saml:AttributeValue>{SID}</saml:AttributeValue>"),
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned(),
        "urn:oasis:names:tc:SAML:2.0:cm:bearer".to_owned(),
    ] {
        assert!(assertion.contains(&part), "{part} in {assertion}");
    }
    // WIF refuses either.
    for absent in ["Recipient", "InResponseTo", "SAML:1."] {
        assert!(!assertion.contains(absent), "{absent} in {assertion}");
    }
}

#[tokio::test]
async fn the_ledger_and_the_tickets_have_it_and_its_own_id_is_what_it_carries_on() {
    let mut trust = modern();
    let rules = format!("{PASS_SID} {CARRIES}");
    trust.issuance_transform_rules = Rules::parse(&rules).unwrap();
    let world = world(vec![trust]);
    let issued = issued(world.ask_as_anna(ASKS).await);
    let assertion = world.verified(&issued.wresult);
    let id = id(&assertion);
    let carried = format!("<saml:AttributeValue>{id}</saml:AttributeValue>");
    assert!(assertion.contains(&carried), "{assertion}");
    let entries = world.kept.entries.lock().unwrap();
    let (entry, _) = &entries[0];
    assert_eq!(entry.token.0, id);
    assert_eq!(entry.expires, at(60) + minutes(60));
    let recorded = world.kept.recorded.lock().unwrap();
    let keys: Vec<_> = recorded
        .iter()
        .map(|(it, _)| it.ticket.key.clone())
        .collect();
    let id = TokenId(id);
    assert_eq!(keys, [id.key(), id.carried_key()]);
}

#[tokio::test]
async fn it_is_encrypted_for_whoever_wants_that_and_never_signed_by_sha_1() {
    let (certificate, _) = certified();
    let encrypting = RelyingPartyTrust {
        encryption_certificate: Some(certificate),
        encrypt_claims: true,
        ..modern()
    };
    let issued = issued(world(vec![encrypting]).ask_as_anna(ASKS).await);
    assert!(issued.wresult.contains("<saml:EncryptedAssertion"));
    assert!(issued.wresult.contains("<e:EncryptedData"));
    assert!(!issued.wresult.contains(SID) && !issued.wresult.contains("<saml:Assertion"));
    let old = RelyingPartyTrust {
        signature_algorithm: SignatureAlgorithm::RsaSha1,
        ..modern()
    };
    let world = world(vec![old]);
    let refused = refused(world.ask_as_anna(ASKS).await);
    assert_eq!(refused.reason, authn::audit::TokenRefusal::NotMade);
    assert!(world.kept.entries.lock().unwrap().is_empty());
}

#[tokio::test]
async fn where_the_ledger_is_away_there_is_no_token_of_saml_2_either() {
    let world = world(vec![modern()]);
    *world.kept.is_away.lock().unwrap() = true;
    let both = crate::world::session(
        at(0),
        &[
            authn::place::Method::MemorisedSecret,
            authn::place::Method::OneTimeCode,
        ],
    );
    assert!(world.try_ask(ASKS, Some(&both), at(60)).await.is_err());
}
