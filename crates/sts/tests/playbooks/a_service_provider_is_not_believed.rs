//! A request of a service provider is refused where it is not signed by it, not for us, not of now, or says what is not
//! understood; the audit has the reason.

use authn::audit::TokenRefusal;
use proto::saml::v2::Brought;
use sts::flow::saml::Taken;
use sts::trust::{ProtocolProfile, RelyingPartyTrust};

use crate::provider::{Key, SP, asks, asks_at, posted, query, redirected, sp};
use crate::world::{World, at, minutes, world};

async fn refused(world: &World, brought: &Brought) -> (Option<String>, TokenRefusal) {
    match world.take(brought, at(60)).await {
        Taken::Refused(refused) => (refused.party, refused.reason),
        other => panic!("{other:?}"),
    }
}

async fn is_not_believed(world: &World, brought: &Brought) {
    let before = world.audited().len();
    let party = Some("Intranet".to_owned());
    let refused = refused(world, brought).await;
    assert_eq!(refused, (party, TokenRefusal::NotBelieved));
    let audited = world.audited();
    let last = audited.last().cloned();
    assert_eq!(audited.len(), before + 1);
    assert_eq!(last, Some((SP.to_owned(), TokenRefusal::NotBelieved)));
}

fn signing() -> (RelyingPartyTrust, Key) {
    let (certificate, key) = Key::made();
    let trust = RelyingPartyTrust {
        request_signing_certificates: vec![certificate],
        signed_saml_requests_required: true,
        ..sp()
    };
    (trust, key)
}

#[tokio::test]
async fn a_request_is_believed_where_a_key_of_its_party_signed_it() {
    let (trust, key) = signing();
    let world = world(vec![trust]);
    let signed = Brought::of_query(&query(&asks("", ""), Some(&key))).unwrap();
    world.accept(&signed, at(60)).await;
    world
        .accept(&posted(&key.enveloped(&asks("", ""))), at(60))
        .await;
}

#[tokio::test]
async fn t_saml_2_a_request_that_must_be_signed_and_is_not_by_its_party_is_refused() {
    let (trust, key) = signing();
    let lenient = RelyingPartyTrust {
        signed_saml_requests_required: false,
        ..trust.clone()
    };
    let world = world(vec![trust]);
    let asks = asks("", "");
    is_not_believed(&world, &redirected(&asks)).await;
    is_not_believed(&world, &posted(&asks)).await;
    let (_, stranger) = Key::made();
    for world in [world, crate::world::world(vec![lenient])] {
        let by_stranger = Brought::of_query(&query(&asks, Some(&stranger))).unwrap();
        is_not_believed(&world, &by_stranger).await;
        is_not_believed(&world, &posted(&stranger.enveloped(&asks))).await;
        let signed = query(&asks, Some(&key));
        let changed = Brought::of_query(&signed.replace("RelayState=a", "RelayState=b"));
        is_not_believed(&world, &changed.unwrap()).await;
        let sha1 = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1";
        let sha256 = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
        assert!(signed.contains(sha256));
        let by_sha1 = Brought::of_query(&signed.replace(sha256, sha1)).unwrap();
        is_not_believed(&world, &by_sha1).await;
        let enveloped = key.enveloped(&asks);
        let changed = enveloped.replace("Version=", "ForceAuthn=\"1\" Version=");
        is_not_believed(&world, &posted(&changed)).await;
        // In a query it stands beside the message.
        is_not_believed(&world, &redirected(&enveloped)).await;
        let inside = query(&enveloped, Some(&key));
        is_not_believed(&world, &Brought::of_query(&inside).unwrap()).await;
    }
}

#[tokio::test]
async fn a_signature_that_nobody_can_check_is_no_signature() {
    let (_, key) = Key::made();
    let world = world(vec![sp()]);
    let asks = asks("", "");
    world.accept(&redirected(&asks), at(60)).await;
    let signed = Brought::of_query(&query(&asks, Some(&key))).unwrap();
    is_not_believed(&world, &signed).await;
    is_not_believed(&world, &posted(&key.enveloped(&asks))).await;
}

#[tokio::test]
async fn a_certificate_that_has_ended_signs_nothing() {
    let (trust, key) = signing();
    let ends = trust.request_signing_certificates[0].not_after();
    let world = world(vec![trust]);
    for (now, is_good) in [(ends - minutes(1), true), (ends, false)] {
        let asks = asks_at(now, "", "");
        let signed = Brought::of_query(&query(&asks, Some(&key))).unwrap();
        let taken = world.take(&signed, now).await;
        assert_eq!(matches!(taken, Taken::Accepted(_)), is_good, "{taken:?}");
    }
}

#[tokio::test]
async fn t_sig_1_a_signed_request_inside_another_is_not_what_is_read() {
    let (trust, key) = signing();
    let world = world(vec![trust]);
    let signed = key.enveloped(&asks("", ""));
    let extensions = format!("<samlp:Extensions>{signed}</samlp:Extensions>");
    let around = asks("ForceAuthn=\"0\"", &extensions).replacen("_asked", "_around", 1);
    is_not_believed(&world, &posted(&around)).await;
}

#[tokio::test]
async fn t_saml_2_a_request_for_somebody_else_or_of_another_time_is_refused() {
    let (trust, key) = signing();
    let lenient = RelyingPartyTrust {
        signed_saml_requests_required: false,
        ..trust
    };
    let world = world(vec![lenient]);
    let own = "Destination=\"https://sts.contoso.com/adfs/ls/\"";
    for other in [
        "Destination=\"https://sts.contoso.com.evil.example/adfs/ls/\"",
        "Destination=\"https://sts.contoso.com/other\"",
        "Destination=\"\"",
    ] {
        is_not_believed(&world, &redirected(&asks("", "").replace(own, other))).await;
    }
    let without_slash = "Destination=\"https://STS.contoso.com/adfs/ls\"";
    let text = asks("", "").replace(own, without_slash);
    world.accept(&redirected(&text), at(60)).await;
    let nowhere = asks("", "").replace(own, "");
    world.accept(&redirected(&nowhere), at(60)).await;
    let signed = Brought::of_query(&query(&nowhere, Some(&key))).unwrap();
    is_not_believed(&world, &signed).await;
    for second in [60 - 8 * 60, 60 + 3 * 60] {
        world
            .accept(&redirected(&asks_at(at(second), "", "")), at(60))
            .await;
    }
    for second in [60 - 8 * 60 - 1, 60 + 3 * 60 + 1] {
        is_not_believed(&world, &redirected(&asks_at(at(second), "", ""))).await;
    }
}

#[tokio::test]
async fn t_saml_3_a_party_that_is_off_unknown_or_speaks_no_saml_is_refused() {
    let off = RelyingPartyTrust {
        is_enabled: false,
        ..sp()
    };
    let other = RelyingPartyTrust {
        protocol_profile: ProtocolProfile::WsFederation,
        ..sp()
    };
    let brought = redirected(&asks("", ""));
    for (trusts, named, reason) in [
        (vec![off], true, TokenRefusal::Disabled),
        (vec![other], true, TokenRefusal::NoEndpoint),
        (Vec::new(), false, TokenRefusal::UnknownRelyingParty),
    ] {
        let world = world(trusts);
        let (party, refused) = refused(&world, &brought).await;
        assert_eq!((party.is_some(), refused), (named, reason));
    }
}

#[tokio::test]
async fn what_is_no_request_is_malformed_and_of_nobody() {
    let world = world(vec![sp()]);
    for text in [
        asks("", "<samlp:Scoping/>"),
        asks("", "").replace("AuthnRequest", "LogoutRequest"),
        asks("", "").replace(SP, ""),
        format!("<!DOCTYPE a>{}", asks("", "")),
        "<a".to_owned(),
    ] {
        let taken = world.take(&posted(&text), at(60)).await;
        assert!(matches!(taken, Taken::Malformed(_)), "{text}: {taken:?}");
    }
    assert!(world.audited().is_empty());
}
