//! A request that names no party of ours, or would send a token elsewhere, is refused, whoever is signed in (T-HTTP-14).

use authn::audit::TokenRefusal;
use sts::trust::{Identifier, ProtocolProfile};

use crate::world::{ASKS, LYNC, issued, lync, refused, world};

#[tokio::test]
async fn t_http_14_an_answer_goes_where_it_is_registered_and_nowhere_else() {
    let world = world(vec![lync()]);
    let other = format!("{ASKS}&wreply=https://lync.contoso.com/other/");
    let issued = issued(world.ask_as_anna(&other).await);
    assert_eq!(issued.reply.as_str(), "https://lync.contoso.com/other/");
    for wreply in [
        "https://lync.contoso.com.evil.example/PassiveAuth/PassiveAuth.aspx",
        "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx/",
        "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx?x=1",
        "https://lync.contoso.com/other/../evil",
        "https://lync.contoso.com/other",
        "https://lync.contoso.com:444/other/",
        "https://lync.contoso.com%2F@evil.example/other/",
        "http://lync.contoso.com/other/",
        "//lync.contoso.com/other/",
        "/adfs/ls/",
        "javascript:alert(1)",
    ] {
        let query = format!("{ASKS}&wreply={wreply}");
        for answered in [
            world.ask(&query, None).await,
            world.ask_as_anna(&query).await,
        ] {
            let refused = refused(answered);
            assert_eq!(refused.reason, TokenRefusal::UnregisteredReply, "{wreply}");
            assert_eq!(refused.party.as_deref(), Some("Lync-Ext"));
        }
    }
    assert_eq!(world.kept.entries.lock().unwrap().len(), 1);
    assert_eq!(world.audited().len(), 11, "where somebody is known");
}

#[tokio::test]
async fn a_party_is_known_letter_by_letter_and_only_while_it_is_served() {
    let known = world(vec![lync()]);
    for realm in [
        "urn:unknown",
        "https://lync.contoso.com/passiveauth/",
        "https://lync.contoso.com/PassiveAuth",
        "HTTPS://lync.contoso.com/passiveauth",
        "https://lync.contoso.com/passiveauth%20",
    ] {
        let query = format!("wa=wsignin1.0&wtrealm={realm}");
        let refused = refused(known.ask_as_anna(&query).await);
        assert_eq!(refused.reason, TokenRefusal::UnknownRelyingParty, "{realm}");
        assert_eq!(refused.party, None);
    }
    let mut off = lync();
    off.is_enabled = false;
    let mut saml = lync();
    saml.protocol_profile = ProtocolProfile::Saml;
    let mut nowhere = lync();
    nowhere.wsfed_endpoint = None;
    let mut elsewhere = lync();
    elsewhere.claims_provider_names = vec!["PointSharp ID".to_owned()];
    for (trust, reason) in [
        (off, TokenRefusal::Disabled),
        (saml, TokenRefusal::NoEndpoint),
        (nowhere, TokenRefusal::NoEndpoint),
        (elsewhere, TokenRefusal::AnotherProvider),
    ] {
        let world = world(vec![trust]);
        assert_eq!(refused(world.ask_as_anna(ASKS).await).reason, reason);
        assert_eq!(world.audited(), [(LYNC.to_owned(), reason)]);
    }
}

#[tokio::test]
async fn a_method_that_cannot_be_proved_is_refused() {
    let any = world(vec![lync()]);
    for wauth in [
        "urn:federation:authentication:windows",
        "urn:ietf:rfc:2246",
        "x",
    ] {
        let query = format!("{ASKS}&wauth={wauth}");
        let refused = refused(any.ask_as_anna(&query).await);
        assert_eq!(refused.reason, TokenRefusal::UnknownMethod, "{wauth}");
    }
    for wauth in [
        "urn:oasis:names:tc:SAML:1.0:am:password",
        "http://schemas.microsoft.com/claims/multipleauthn",
    ] {
        issued(any.ask_as_anna(&format!("{ASKS}&wauth={wauth}")).await);
    }
    let mut narrow = lync();
    let second = "http://schemas.microsoft.com/claims/multipleauthn";
    narrow.allowed_authentication_class_references = vec![Identifier::parse(second).unwrap()];
    let world = world(vec![narrow]);
    let query = format!("{ASKS}&wauth=urn:oasis:names:tc:SAML:1.0:am:password");
    let refused = refused(world.ask_as_anna(&query).await);
    assert_eq!(refused.reason, TokenRefusal::UnknownMethod);
}
