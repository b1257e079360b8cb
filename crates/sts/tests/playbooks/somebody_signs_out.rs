//! A sign-out tells the parties where somebody was, and leads on only where one is registered; and a browser that is sent back
//! again and again is stopped.

use authn::audit::TokenRefusal;
use authn::handle::Handle;
use authn::place::Method;
use proto::wsfed::SignOutRequest;
use sts::flow::wsfed::{Asking, Visited};
use sts::token::TokenRandomness;
use sts::trust::{Identifier, RelyingPartyTrust, Url};
use zeroize::Zeroizing;

use crate::world::{
    ASKS, REPLY, anna, at, at_door, issued, lync, refused, request, session, world,
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
