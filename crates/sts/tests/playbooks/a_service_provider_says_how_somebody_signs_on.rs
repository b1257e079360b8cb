//! A service provider wants a new sign-in, no page, a method or a kind of name: it gets that, or is told that it does not.

use authn::audit::TokenRefusal;
use authn::place::Method;
use authn::sign_in::Requirement;
use proto::form::Form;
use sts::flow::saml::{Accepted, Answered};
use sts::trust::{Authorization, RelyingPartyTrust, Rules};

use crate::a_service_provider_gets_an_assertion::both;
use crate::provider::{TRANSIENT, answer, asks, redirected, sign_on_refused, signs_in, sp, text};
use crate::world::{World, at, minutes, session, world};

/// What a browser brings back of a path of ours: the request and its mark.
fn read_back(world: &World, continuation: &str, second: i64) -> (Accepted, String) {
    let query = continuation.strip_prefix("/adfs/ls/?").unwrap();
    let form = Form::parse(query.as_bytes()).unwrap();
    let accepted = world.service.read_back(&form, at(second)).unwrap();
    let mark = form.only("wicketgate-asked").unwrap().expose().clone();
    (accepted, mark)
}

async fn is_asked_anew(world: &World, text: &str) {
    let old = both();
    let (_, continuation) = signs_in(world.asked(text, Some(&old)).await);
    let (request, mark) = read_back(world, &continuation, 61);
    let back = (&request, Some(mark.as_str()));
    signs_in(world.sign_on(back, Some(&old), at(61)).await);
    let new = session(at(70), &[Method::MemorisedSecret, Method::OneTimeCode]);
    signs_in(world.sign_on((&request, None), Some(&new), at(71)).await);
    answer(world.sign_on(back, Some(&new), at(71)).await);
    let again = world.sign_on(back, Some(&new), at(72)).await;
    signs_in(again);
}

#[tokio::test]
async fn a_new_sign_in_is_wanted_by_request_or_by_trust() {
    is_asked_anew(&world(vec![sp()]), &asks("ForceAuthn=\"true\"", "")).await;
    let always = RelyingPartyTrust {
        always_require_authentication: true,
        ..sp()
    };
    is_asked_anew(&world(vec![always]), &asks("", "")).await;
}

#[tokio::test]
async fn where_no_page_may_be_shown_the_party_is_told_so() {
    let world_of = world(vec![sp()]);
    let passive = asks("IsPassive=\"true\"", "");
    let status = world_of.status_of(world_of.asked(&passive, None).await);
    assert_eq!(status, "NoPassive");
    let one = session(at(0), &[Method::MemorisedSecret]);
    let status = world_of.status_of(world_of.asked(&passive, Some(&one)).await);
    assert_eq!(status, "NoPassive");
    let anew = asks("IsPassive=\"1\" ForceAuthn=\"1\"", "");
    let status = world_of.status_of(world_of.asked(&anew, Some(&both())).await);
    assert_eq!(status, "NoPassive");
    assert!(world_of.kept.entries.lock().unwrap().is_empty());
    answer(world_of.asked(&passive, Some(&both())).await);

    let nobody = RelyingPartyTrust {
        authorization: Authorization::Rules(Rules::default()),
        ..sp()
    };
    let world = world(vec![nobody]);
    let status = world.status_of(world.asked(&passive, Some(&both())).await);
    assert_eq!(status, "RequestDenied");
    let refused = sign_on_refused(world.asked(&asks("", ""), Some(&both())).await);
    assert_eq!(refused.reason, TokenRefusal::NotPermitted);
    let audited = world.audited();
    assert_eq!(audited.len(), 2);
    assert!(
        audited
            .iter()
            .all(|(_, it)| *it == TokenRefusal::NotPermitted)
    );
}

#[tokio::test]
async fn the_policy_for_the_token_service_decides_as_for_any_party() {
    let mut world = world(vec![sp()]);
    let (requirement, _) = signs_in(world.asked(&asks("", ""), None).await);
    assert_eq!(requirement, Requirement::SecretAndCode);
    let one = session(at(0), &[Method::MemorisedSecret]);
    signs_in(world.asked(&asks("", ""), Some(&one)).await);
    world.policy.rules[0].fresh = Some(minutes(10));
    let request = world.accept(&redirected(&asks("", "")), at(60)).await;
    let old = world
        .sign_on((&request, None), Some(&both()), at(601))
        .await;
    signs_in(old);
    answer(
        world
            .sign_on((&request, None), Some(&both()), at(599))
            .await,
    );
    world.policy.rules.clear();
    let shut = world.asked(&asks("", ""), Some(&both())).await;
    let Answered::Refused(shut) = shut else {
        panic!("{shut:?}");
    };
    assert_eq!(shut.reason, TokenRefusal::NoWayIn);
    let passive = world
        .asked(&asks("IsPassive=\"1\"", ""), Some(&both()))
        .await;
    assert_eq!(world.status_of(passive), "NoPassive");
}

fn context(comparison: &str, class: &str) -> String {
    format!(
        "<samlp:RequestedAuthnContext Comparison=\"{comparison}\"><saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
    )
}

#[tokio::test]
async fn a_method_is_proved_or_the_party_is_told_that_it_cannot_be() {
    let mut world = world(vec![sp()]);
    world.policy.rules[0].methods = vec!["memorised-secret".parse().unwrap()];
    let transport = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    let mfa = "http://schemas.microsoft.com/claims/multipleauthn";
    let one = session(at(0), &[Method::MemorisedSecret]);
    let text_of = async |id: &str, children: &str, session| {
        let asks = asks("", children).replace("_asked", id);
        text(&answer(world.asked(&asks, Some(session)).await))
    };
    for (id, children, session, class) in [
        ("_1", String::new(), &one, transport),
        ("_2", String::new(), &both(), mfa),
        ("_3", context("exact", transport), &both(), transport),
        ("_4", context("minimum", transport), &both(), mfa),
        (
            "_5",
            context("exact", "https://refeds.org/profile/mfa"),
            &both(),
            "https://refeds.org/profile/mfa",
        ),
    ] {
        let text = text_of(id, &children, session).await;
        let answered = format!("<saml:AuthnContextClassRef>{class}<");
        assert!(text.contains(&answered), "{class} in {text}");
    }
    let asks_mfa = asks("", &context("exact", mfa));
    for session in [None, Some(&one)] {
        let (requirement, _) = signs_in(world.asked(&asks_mfa, session).await);
        assert_eq!(requirement, Requirement::SecretAndCode);
    }
    let x509 = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    for session in [None, Some(&both())] {
        let asked = world
            .asked(&asks("", &context("exact", x509)), session)
            .await;
        assert_eq!(world.status_of(asked), "NoAuthnContext");
    }
}

#[tokio::test]
async fn a_kind_of_name_is_told_where_the_rules_issue_it() {
    let world = world(vec![sp()]);
    let policy = |format: &str| asks("", &format!("<samlp:NameIDPolicy Format=\"{format}\"/>"));
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    let asked = world.asked(&policy(persistent), Some(&both())).await;
    assert_eq!(world.status_of(asked), "InvalidNameIDPolicy");
    assert!(world.kept.entries.lock().unwrap().is_empty());
    let text = text(&answer(
        world.asked(&policy(TRANSIENT), Some(&both())).await,
    ));
    assert!(
        text.contains(&format!("<saml:NameID Format=\"{TRANSIENT}\">")),
        "{text}"
    );
}

#[tokio::test]
async fn the_way_back_is_a_path_of_ours_that_says_the_request_again() {
    let world = world(vec![sp()]);
    let accepted = world
        .accept(&redirected(&asks("ForceAuthn=\"1\"", "")), at(60))
        .await;
    let path = world.service.path_of(&accepted);
    assert!(
        path.starts_with(
            "/adfs/ls/?Issuer=urn%3Asp&ID=_asked&RelayState=a%3Db%26c&ForceAuthn=true&"
        ),
        "{path}"
    );
    let (_, continuation) = signs_in(world.sign_on((&accepted, None), None, at(60)).await);
    assert!(continuation.starts_with(&format!("{path}&wicketgate-asked=")));
    let (again, _) = read_back(&world, &continuation, 70);
    assert_eq!(again, accepted);
}
