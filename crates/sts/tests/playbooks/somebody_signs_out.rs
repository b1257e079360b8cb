//! A sign-out tells the parties where somebody was, leads on only where one is registered and to the claims provider that
//! somebody came from; and a browser that is sent back again and again is stopped.

use std::sync::Arc;

use authn::audit::TokenRefusal;
use authn::handle::Handle;
use authn::place::Method;
use proto::wsfed::SignOutRequest;
use sts::flow::wsfed::{Asking, Onward, Visited};
use sts::token::TokenRandomness;
use sts::trust::{
    ClaimsProviderTrust, Identifier, ProtocolProfile, RelyingPartyTrust, TrustBook, Trusted, Url,
};
use zeroize::Zeroizing;

use crate::partner::{fabrikam, forced, of_bo};
use crate::world::{
    ASKS, REPLY, anna, at, at_door, certified, issued, lync, refused, request, session, world,
};

#[tokio::test]
async fn t_http_14_parties_where_somebody_was_are_told_and_no_others() {
    let other = RelyingPartyTrust {
        name: "Other".to_owned(),
        identifiers: vec![Identifier::parse("urn:other").unwrap()],
        wsfed_endpoint: Some(Url::parse("https://other.contoso.com/?a=b").unwrap()),
        ..lync()
    };
    let world = world(vec![lync(), other]);
    let visited = issued(world.ask_as_anna(ASKS).await).visited;
    let out = |wreply: Option<&str>| SignOutRequest {
        wreply: wreply.map(str::to_owned),
        ..SignOutRequest::default()
    };
    let signed_out = world.service.sign_out(&out(Some(REPLY)), &visited).await;
    let signed_out = signed_out.unwrap();
    let told: Vec<&str> = signed_out.told.iter().map(Url::as_str).collect();
    assert_eq!(told, [format!("{REPLY}?wa=wsignoutcleanup1.0")]);
    assert_eq!(signed_out.reply.as_ref().map(Url::as_str), Some(REPLY));

    let mut both = visited;
    both.note(&Identifier::parse("urn:other").unwrap(), at(60))
        .unwrap();
    for wreply in [
        None,
        Some("https://evil.example/"),
        Some("//evil.example"),
        Some(""),
    ] {
        let signed_out = world.service.sign_out(&out(wreply), &both).await.unwrap();
        assert_eq!(signed_out.told.len(), 2);
        let last = signed_out.told[1].as_str();
        assert_eq!(last, "https://other.contoso.com/?a=b&wa=wsignoutcleanup1.0");
        assert_eq!(signed_out.reply, None, "{wreply:?}");
    }
    let nowhere = Visited::default();
    let signed_out = world.service.sign_out(&out(None), &nowhere).await.unwrap();
    assert_eq!(signed_out.told, []);
}

#[tokio::test]
async fn the_sixth_token_within_twenty_seconds_is_refused() {
    let world = world(vec![lync()]);
    let (account, asked) = (anna(), request(ASKS));
    let session = session(at(0), &[Method::MemorisedSecret, Method::OneTimeCode]);
    let mut visited = Visited::default();
    for second in 0..6 {
        let door = at_door(at(60 + second));
        let asking = Asking {
            request: &asked,
            marker: None,
            browser: None,
            session: None,
            heard: 0,
            signed_in: Some((&session, &account)),
            handle: &Handle::made_from([6; 32]),
            remembered: None,
            is_found_by_name: false,
            visited: &visited,
            user_agent: None,
            at: &door,
        };
        let random = TokenRandomness {
            id: [9; 16],
            key: Zeroizing::new([4; 32]),
            iv: [5; 16],
        };
        let answered = world.service.sign_in(&world.policy, asking, random).await;
        let answered = answered.unwrap();
        if second == 5 {
            assert_eq!(refused(answered).reason, TokenRefusal::Loop);
            break;
        }
        visited = issued(answered).visited;
    }
    assert_eq!(world.kept.entries.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn who_came_from_a_claims_provider_is_taken_on_to_its_sign_out_and_nobody_else() {
    let mut federation = forced();
    let out = federation.sent_out(ASKS, 1).await;
    let answer = federation.answer(&of_bo(at(70)));
    let visited = issued(federation.bring(&answer, &out).await).visited;
    let asks = SignOutRequest {
        wreply: Some("https://evil.example/?wa=wsignout1.0".to_owned()),
        ..SignOutRequest::default()
    };
    let signed_out = federation.world.service.sign_out(&asks, &visited).await;
    let signed_out = signed_out.unwrap();
    assert_eq!(signed_out.told.len(), 1, "the party is told first");
    assert_eq!(signed_out.reply, None);
    let expected = Onward {
        name: "Fabrikam".to_owned(),
        to: Url::parse("https://fs.fabrikam.com/adfs/ls/?wa=wsignout1.0").unwrap(),
    };
    assert_eq!(signed_out.onward, [expected]);

    // Who signed in here is signed in nowhere else.
    let here = world(vec![lync()]);
    let visited_here = issued(here.ask_as_anna(ASKS).await).visited;
    let service = &federation.world.service;
    let signed_out = service.sign_out(&asks, &visited_here).await.unwrap();
    assert_eq!(signed_out.onward, []);

    // Nobody is sent to one that is off, or speaks no WS-Federation.
    type Adjust = fn(&mut ClaimsProviderTrust);
    let off: Adjust = |it| it.is_enabled = false;
    let saml: Adjust = |it| it.protocol_profile = ProtocolProfile::Saml;
    let nowhere: Adjust = |it| it.wsfed_endpoint = None;
    for adjust in [off, saml, nowhere] {
        let (certificate, _) = certified();
        let mut trust = fabrikam(&certificate);
        adjust(&mut trust);
        federation.world.service.trusts = Arc::new(Arc::new(book(trust)));
        let service = &federation.world.service;
        let signed_out = service.sign_out(&asks, &visited).await.unwrap();
        assert_eq!(signed_out.onward, []);
        let back = SignOutRequest {
            wreply: Some("https://fs.fabrikam.com/adfs/ls/?assocId=1".to_owned()),
            ..SignOutRequest::default()
        };
        let cleaned_up = service.clean_up(&back, &visited).await.unwrap();
        assert_eq!((cleaned_up.reply, cleaned_up.framed_by.len()), (None, 0));
    }
}

fn book(provider: ClaimsProviderTrust) -> TrustBook {
    let trusted = Trusted {
        relying_parties: vec![lync()],
        claims_providers: vec![provider],
        ..Trusted::default()
    };
    TrustBook::new(2, trusted).unwrap()
}

#[tokio::test]
async fn t_http_14_a_claims_provider_has_the_browser_back_on_its_own_page_alone() {
    let federation = forced();
    let visited = {
        let out = federation.sent_out(ASKS, 1).await;
        let answer = federation.answer(&of_bo(at(70)));
        issued(federation.bring(&answer, &out).await).visited
    };
    let service = &federation.world.service;
    let back = "https://fs.fabrikam.com/adfs/ls/?assocId=1";
    for (wreply, expected) in [
        (Some(back), Some(back)),
        (Some("https://fs.fabrikam.com/adfs/ls/idpinitiated?a"), None),
        (Some("https://evil.example/adfs/ls/"), None),
        (Some(REPLY), None),
        (None, None),
    ] {
        let request = SignOutRequest {
            wreply: wreply.map(str::to_owned),
            ..SignOutRequest::default()
        };
        let cleaned_up = service.clean_up(&request, &visited).await.unwrap();
        assert_eq!(cleaned_up.reply.as_ref().map(Url::as_str), expected);
        let told: Vec<&str> = cleaned_up.told.iter().map(Url::as_str).collect();
        assert_eq!(told, [format!("{REPLY}?wa=wsignoutcleanup1.0")]);
        assert_eq!(cleaned_up.framed_by, ["https://fs.fabrikam.com"]);
    }
}
