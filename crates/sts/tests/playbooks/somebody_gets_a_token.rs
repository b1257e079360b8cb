//! Somebody who signed in by two factors gets a token that says what Lync wants, signed, and written down before it leaves.

use authn::audit::Kind;
use authn::issued::TokenId;
use authn::sign_in::Requirement;
use proto::lync::passive;
use sts::metadata::Naming;
use sts::trust::{NotBeforeSkew, Rules, SignatureAlgorithm, TokenLifetime};
use xml::{Document, PublicKey};

use crate::world::{
    ASKS, LYNC, REPLY, SID, at, certified, issued, lync, minutes, must_sign_in, refused, world,
};

#[tokio::test]
async fn the_token_says_the_sid_to_lync_alone_and_our_key_signed_it() {
    let world = world(vec![lync()]);
    let query = format!("{ASKS}&wctx=rm%3D0%26ru%3D%252f");
    let issued = issued(world.ask_as_anna(&query).await);
    assert_eq!(issued.reply.as_str(), REPLY);
    assert_eq!(issued.wctx.as_deref(), Some("rm=0&ru=%2f"));
    let assertion = world.verified(&issued.wresult);
    for part in [
        format!("<saml:Audience>{LYNC}</saml:Audience>"),
        "Issuer=\"http://sts.contoso.com/adfs/services/trust\"".to_owned(),
        "AttributeName=\"primarysid\" AttributeNamespace=\"http://schemas.microsoft.com/ws/2008/06/identity/claims\""
            .to_owned(),
        format!("<saml:AttributeValue>{SID}</saml:AttributeValue>"),
        "AuthenticationMethod=\"urn:oasis:names:tc:SAML:1.0:am:password\"".to_owned(),
    ] {
        assert!(assertion.contains(&part), "{part} in {assertion}");
    }
    assert!(!assertion.contains("anna"), "no rule issues a name");
}

/// A session that it begins at a pool is known by it, and ends with what she signed in by (decision 0015).
#[tokio::test]
async fn the_tickets_have_it_with_what_she_signed_in_by() {
    let world = world(vec![lync()]);
    let issued = issued(world.ask_as_anna(ASKS).await);
    let id = issued.wresult.split("AssertionID=\"").nth(1);
    let id = id.and_then(|rest| rest.split('"').next()).unwrap();
    let recorded = world.kept.recorded.lock().unwrap();
    let (relaying, heard) = &recorded[0];
    let ticket = &relaying.ticket;
    assert_eq!(ticket.key, TokenId(id.to_owned()).key());
    assert_eq!(
        (ticket.account.0.as_str(), ticket.credential.0.as_str()),
        ("anna", "secret")
    );
    assert_eq!((ticket.expires, *heard), (at(60) + minutes(60), 7));
}

/// An AD FS whose claims provider we are passes it on to a pool behind the gate (decision 0026).
#[tokio::test]
async fn a_token_carries_its_own_id_on_where_a_rule_says_so() {
    const CARRIES: &str = "c:[Type == \"urn:wicketgate:claims/signin\"] => issue(claim = c);";
    const OTHER: &str = "=> issue(Type = \"urn:wicketgate:claims/signin\", Value = \"_1\");";
    for (rules, is_carried) in [(CARRIES, true), (OTHER, false)] {
        let mut trust = lync();
        trust.issuance_transform_rules = Rules::parse(rules).unwrap();
        let world = world(vec![trust]);
        let issued = issued(world.ask_as_anna(ASKS).await);
        let assertion = world.verified(&issued.wresult);
        let id = assertion.split("AssertionID=\"").nth(1);
        let id = id.and_then(|rest| rest.split('"').next()).unwrap();
        let value = format!("<saml:AttributeValue>{id}</saml:AttributeValue>");
        assert_eq!(assertion.contains(&value), is_carried, "{assertion}");
        let named = "AttributeName=\"signin\" AttributeNamespace=\"urn:wicketgate:claims\"";
        assert!(assertion.contains(named), "{assertion}");
        let recorded = world.kept.recorded.lock().unwrap();
        assert_eq!(recorded.len(), if is_carried { 2 } else { 1 });
        let id = TokenId(id.to_owned());
        assert_eq!(recorded[0].0.ticket.key, id.key());
        if let Some((relaying, heard)) = recorded.get(1) {
            let ticket = &relaying.ticket;
            assert_eq!(ticket.key, id.carried_key());
            assert_eq!((&*ticket.account.0, *heard), ("anna", 7));
            assert_eq!(ticket.pool, "https://lync.contoso.com", "whom it went to");
            assert_eq!(ticket.expires, at(60) + minutes(480));
        }
    }
}

#[test]
fn the_claim_is_called_as_the_gate_looks_for_it() {
    let (namespace, name) = (passive::SIGN_IN_NAMESPACE, passive::SIGN_IN_NAME);
    assert_eq!(sts::subject::SIGN_IN, format!("{namespace}/{name}"));
}

#[tokio::test]
async fn the_ledger_has_it_and_where_the_ledger_is_away_there_is_no_token() {
    let world = world(vec![lync()]);
    let issued = issued(world.ask_as_anna(ASKS).await);
    {
        let entries = world.kept.entries.lock().unwrap();
        let (entry, event) = &entries[0];
        assert!(
            issued
                .wresult
                .contains(&format!("AssertionID=\"{}\"", entry.token.0))
        );
        assert_eq!(entry.relying_party.as_str(), LYNC);
        assert_eq!(entry.account.as_ref().map(|it| it.0.as_str()), Some("anna"));
        assert_eq!(entry.expires, at(60) + minutes(60));
        assert!(matches!(&event.kind, Kind::TokenIssued { token, .. } if *token == entry.token.0));
        assert_eq!(event.activity.as_ref(), Some(&entry.activity));
    }
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

#[tokio::test]
async fn nobody_who_is_not_signed_in_gets_anything_but_a_way_back() {
    let world = world(vec![lync()]);
    let query = format!("{ASKS}&wctx=x&unknown=https%3A%2F%2Fevil.example");
    let (requirement, continuation) = must_sign_in(world.ask(&query, None).await);
    assert_eq!(requirement, Requirement::SecretAndCode);
    let path = format!("/adfs/ls/?{ASKS}&wctx=x&wicketgate-asked=");
    assert!(continuation.starts_with(&path), "{continuation}");
    assert!(world.kept.entries.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_token_is_as_long_and_as_early_good_as_its_party_says() {
    let mut trust = lync();
    trust.token_lifetime = TokenLifetime::of_minutes(5).unwrap();
    trust.not_before_skew = NotBeforeSkew::of_minutes(2).unwrap();
    let world = world(vec![trust]);
    let issued = issued(world.ask_as_anna(ASKS).await);
    let time = |time| format!("{time:.3}");
    let (from, until) = (time(at(60) - minutes(2)), time(at(60) + minutes(5)));
    let conditions = format!("NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"");
    assert!(issued.wresult.contains(&conditions), "{}", issued.wresult);
}

#[tokio::test]
async fn a_token_is_encrypted_for_whoever_wants_that_and_never_signed_by_sha_1() {
    let (certificate, _) = certified();
    let mut encrypting = lync();
    encrypting.encryption_certificate = Some(certificate);
    encrypting.encrypt_claims = true;
    let issued = issued(world(vec![encrypting]).ask_as_anna(ASKS).await);
    assert!(issued.wresult.contains("<e:EncryptedData"));
    assert!(!issued.wresult.contains(SID) && !issued.wresult.contains("saml:Assertion"));

    let mut old = lync();
    old.signature_algorithm = SignatureAlgorithm::RsaSha1;
    let world = world(vec![old]);
    let refused = refused(world.ask_as_anna(ASKS).await);
    assert_eq!(refused.reason, authn::audit::TokenRefusal::NotMade);
    assert!(world.kept.entries.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_metadata_names_the_endpoint_and_the_key_that_signed_it() {
    let world = world(vec![lync()]);
    let written = world.service.metadata(Naming::AllKeys).await.unwrap();
    let limits = xml::Limits::METADATA;
    let document = Document::parse_within(&written, limits).unwrap();
    let key = PublicKey::from_certificate(world.certificate.der()).unwrap();
    let verified = xml::signature::verify(document.root(), &key).unwrap();
    let canonical = verified.as_str();
    for part in [
        "entityID=\"http://sts.contoso.com/adfs/services/trust\"",
        "https://sts.contoso.com/adfs/ls/",
        "fed:SecurityTokenServiceType",
        "<IDPSSODescriptor WantAuthnRequestsSigned=\"false\"",
        "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://sts.contoso.com/adfs/ls/\">",
        "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://sts.contoso.com/adfs/ls/\">",
        "<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>",
        "Uri=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\"",
        "<fed:TokenType Uri=\"urn:oasis:names:tc:SAML:2.0:assertion\"></fed:TokenType><fed:TokenType Uri=\"urn:oasis:names:tc:SAML:1.0:assertion\">",
        "https://sts.contoso.com/adfs/services/trust/2005/usernamemixed",
        "https://sts.contoso.com/adfs/services/trust/mex",
    ] {
        assert!(canonical.contains(part), "{part}");
    }
    assert_eq!(
        world.service.metadata(Naming::AllKeys).await.unwrap(),
        written
    );
    assert_eq!(*world.signed.lock().unwrap(), 1, "once for all who ask");
    let mut world = world;
    world.service.identity.display_name = "Fabrikam".to_owned();
    assert_ne!(
        world.service.metadata(Naming::AllKeys).await.unwrap(),
        written
    );
    assert_eq!(*world.signed.lock().unwrap(), 2, "it says something else");
}

#[tokio::test]
async fn the_metadata_names_no_endpoint_of_programs_where_they_may_not_ask() {
    let mut world = world(vec![lync()]);
    world.service.identity.is_active = false;
    let written = world.service.metadata(Naming::AllKeys).await.unwrap();
    for absent in ["usernamemixed", "trust/mex", "ws-trust", "2005/02/trust"] {
        assert!(!written.contains(absent), "{absent}");
    }
}
