//! A service provider of SAML 2.0 gets an answer for its request, signed as its trust says, and written down before it
//! leaves.

use authn::place::Method;
use authn::session::Session;
use sts::ledger::{Judged, Presented};
use sts::trust::{RelyingPartyTrust, SamlResponseSignature, SignatureAlgorithm};

use crate::provider::{
    ACS, OTHER_ACS, SP, TRANSIENT, answer, asks, redirected, sign_on_refused, signs_in, sp, text,
};
use crate::world::{SID, at, certified, minutes, session, world};

pub(crate) fn both() -> Session {
    session(at(0), &[Method::MemorisedSecret, Method::OneTimeCode])
}

#[tokio::test]
async fn the_assertion_is_for_its_party_its_request_and_five_minutes() {
    let world = world(vec![sp()]);
    let answer = answer(world.asked(&asks("", ""), Some(&both())).await);
    assert_eq!(
        (answer.reply.as_str(), answer.name.as_str()),
        (ACS, "Intranet")
    );
    assert_eq!(answer.relay_state.as_deref(), Some("a=b&c"));
    let text = text(&answer);
    let head = format!("Destination=\"{ACS}\" InResponseTo=\"_asked\"");
    assert!(
        text.contains(&head) && text.contains("status:Success"),
        "{text}"
    );
    let assertion = world.signed_of(&text, false).unwrap();
    let until = format!("{:.3}", at(60) + minutes(5));
    for part in [
        "<saml:Issuer>http://sts.contoso.com/adfs/services/trust</saml:Issuer>".to_owned(),
        format!("<saml:Audience>{SP}</saml:Audience>"),
        format!("<saml:NameID Format=\"{TRANSIENT}\">anna@contoso.com</saml:NameID>"),
        format!("InResponseTo=\"_asked\" NotOnOrAfter=\"{until}\" Recipient=\"{ACS}\""),
        "Name=\"http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid\"".to_owned(),
        format!("<saml:AttributeValue>{SID}</saml:AttributeValue>"),
        format!("AuthnInstant=\"{:.3}\" SessionIndex=\"_", at(0)),
        "<saml:AuthnContextClassRef>http://schemas.microsoft.com/claims/multipleauthn<".to_owned(),
    ] {
        assert!(assertion.contains(&part), "{part} in {assertion}");
    }
    let entries = world.kept.entries.lock().unwrap();
    let (entry, _) = &entries[0];
    assert!(assertion.contains(&format!("ID=\"{}\"", entry.token.0)));
    assert_eq!(entry.relying_party.as_str(), SP);
    let recorded = world.kept.recorded.lock().unwrap();
    assert_eq!(recorded[0].0.ticket.expires, at(60) + minutes(60));
}

#[tokio::test]
async fn what_is_signed_is_as_the_trust_says_and_the_ledger_knows_it_again() {
    use SamlResponseSignature::{AssertionOnly, MessageAndAssertion, MessageOnly};
    for (signature, whole, assertion) in [
        (AssertionOnly, false, true),
        (MessageAndAssertion, true, true),
        (MessageOnly, true, false),
    ] {
        let trust = RelyingPartyTrust {
            saml_response_signature: signature,
            ..sp()
        };
        let world = world(vec![trust]);
        let text = text(&answer(world.asked(&asks("", ""), Some(&both())).await));
        assert_eq!(world.signed_of(&text, true).is_some(), whole);
        assert_eq!(world.signed_of(&text, false).is_some(), assertion);
        let ring = world.service.keys.ring().await.unwrap();
        let presented = Presented::read(&text, Some(&ring)).unwrap();
        let (entry, _) = world.kept.entries.lock().unwrap()[0].clone();
        let judged = presented.judged(Some(entry.clone()));
        assert_eq!(judged, Judged::Issued(entry));
        let changed = text.replace(SID, "S-1-5-21-1-2-3-500");
        let presented = Presented::read(&changed, Some(&ring)).unwrap();
        assert_eq!(presented.judged(None), Judged::NotOurs);
    }
}

#[tokio::test]
async fn an_assertion_is_encrypted_for_whoever_wants_that_and_never_signed_by_sha_1() {
    let (certificate, _) = certified();
    let encrypting = RelyingPartyTrust {
        encryption_certificate: Some(certificate),
        encrypt_claims: true,
        // The mode of the encryption is safe under a signature of the whole alone, whatever the trust says.
        saml_response_signature: SamlResponseSignature::AssertionOnly,
        ..sp()
    };
    let world_of = world(vec![encrypting]);
    let text = text(&answer(world_of.asked(&asks("", ""), Some(&both())).await));
    assert!(
        text.contains("<saml:EncryptedAssertion><e:EncryptedData "),
        "{text}"
    );
    assert!(!text.contains(SID) && world_of.signed_of(&text, true).is_some());

    let old = RelyingPartyTrust {
        signature_algorithm: SignatureAlgorithm::RsaSha1,
        ..sp()
    };
    let world = world(vec![old]);
    let refused = sign_on_refused(world.asked(&asks("", ""), Some(&both())).await);
    assert_eq!(refused.reason, authn::audit::TokenRefusal::NotMade);
    let told = world.asked(&asks("IsPassive=\"1\"", ""), None).await;
    assert_eq!(
        sign_on_refused(told).reason,
        authn::audit::TokenRefusal::NotMade
    );
}

#[tokio::test]
async fn t_http_14_an_answer_goes_where_it_is_registered_and_takes_a_form() {
    let other = format!("AssertionConsumerServiceURL=\"{OTHER_ACS}\"");
    for (attributes, reply) in [
        ("", ACS),
        ("AssertionConsumerServiceIndex=\"2\"", OTHER_ACS),
        (other.as_str(), OTHER_ACS),
        (
            "AssertionConsumerServiceURL=\"HTTPS://SP.contoso.com:443/acs\"",
            ACS,
        ),
    ] {
        let world = world(vec![sp()]);
        let answer = answer(world.asked(&asks(attributes, ""), Some(&both())).await);
        assert_eq!(answer.reply.as_str(), reply, "{attributes}");
    }
    for attributes in [
        "AssertionConsumerServiceIndex=\"0\"",
        "AssertionConsumerServiceIndex=\"7\"",
        "AssertionConsumerServiceURL=\"https://evil.example/acs\"",
        "AssertionConsumerServiceURL=\"https://sp.contoso.com/acs/\"",
        "AssertionConsumerServiceURL=\"https://sp.contoso.com/artifact\"",
        "AssertionConsumerServiceURL=\"https://sp.contoso.com/logout\"",
        "AssertionConsumerServiceURL=\"javascript:alert(1)\"",
    ] {
        let world = world(vec![sp()]);
        for session in [None, Some(&both())] {
            let refused = sign_on_refused(world.asked(&asks(attributes, ""), session).await);
            assert_eq!(
                refused.reason,
                authn::audit::TokenRefusal::UnregisteredReply,
                "{attributes}"
            );
        }
        assert!(world.kept.entries.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn t_saml_1_a_request_gets_one_token_whoever_brings_it() {
    let world = world(vec![sp()]);
    let brought = redirected(&asks("", ""));
    let accepted = world.accept(&brought, at(60)).await;
    signs_in(world.sign_on((&accepted, None), None, at(60)).await);
    answer(
        world
            .sign_on((&accepted, None), Some(&both()), at(61))
            .await,
    );
    for again in [accepted, world.accept(&brought, at(62)).await] {
        let refused = world.sign_on((&again, None), Some(&both()), at(62)).await;
        let refused = sign_on_refused(refused);
        assert_eq!(refused.reason, authn::audit::TokenRefusal::Replayed);
    }
    let other = asks("", "").replace("_asked", "_asked_again");
    answer(world.asked(&other, Some(&both())).await);
    assert_eq!(world.kept.entries.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn t_saml_3_a_sign_on_begins_here_where_that_is_switched_on_and_to_a_party_that_is() {
    let disabled = RelyingPartyTrust {
        is_enabled: false,
        ..sp()
    };
    let mut world_of = world(vec![sp()]);
    let begun = world_of.service.begin(SP, at(60)).unwrap();
    signs_in(world_of.sign_on((&begun, None), None, at(60)).await);
    for second in [60, 61] {
        let answer = answer(
            world_of
                .sign_on((&begun, None), Some(&both()), at(second))
                .await,
        );
        let text = text(&answer);
        assert!(!text.contains("InResponseTo") && answer.relay_state.is_none());
        assert!(world_of.signed_of(&text, false).is_some());
    }
    let unknown = world_of.service.begin("urn:unknown", at(60)).unwrap();
    let refused = world_of
        .sign_on((&unknown, None), Some(&both()), at(60))
        .await;
    assert_eq!(
        sign_on_refused(refused).reason,
        authn::audit::TokenRefusal::UnknownRelyingParty
    );
    world_of.service.identity.is_idp_initiated = false;
    assert_eq!(world_of.service.begin(SP, at(60)), None);
    let world = world(vec![disabled]);
    let refused = world.sign_on((&begun, None), Some(&both()), at(60)).await;
    assert_eq!(
        sign_on_refused(refused).reason,
        authn::audit::TokenRefusal::Disabled
    );
    assert!(world.kept.entries.lock().unwrap().is_empty());
}
