//! A session that is used on and on: the portal holds it to the policy's `fresh`, and asks anew before anything is made that
//! opens the account.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[expect(dead_code, reason = "other tests ask for more")]
mod world;

use http::{Request, StatusCode, header};
use jiff::SignedDuration;
use web::Answer;

use world::{PORTAL, World, text};

const ANEW: &str = "/sign-in?again=1&said=anew";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn opens(world: &World, path: &str) -> Answer {
    let request = Request::get(path).header(header::COOKIE, &world.session);
    let request = request.body(String::new()).unwrap();
    world.ask_at(PORTAL, request).await
}

async fn sends(world: &World, path: &str, fields: &str) -> Answer {
    let request = Request::post(path)
        .header(header::COOKIE, &world.session)
        .header(header::ORIGIN, PORTAL)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let body = format!("form={}&{fields}", world.form_token());
    world.ask_at(PORTAL, request.body(body).unwrap()).await
}

fn leads_to(answer: &Answer) -> String {
    assert_eq!(
        answer.response.status(),
        StatusCode::SEE_OTHER,
        "{}",
        text(answer)
    );
    let to = &answer.response.headers()[header::LOCATION];
    to.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn t_phish_2_a_session_in_use_is_open_as_long_as_the_policy_says_and_no_longer() {
    let minute = SignedDuration::from_mins(1);
    let world = World::aged(HOUR - minute, HOUR).await;
    assert_eq!(opens(&world, "/").await.response.status(), StatusCode::OK);
    let world = World::aged(HOUR + minute, HOUR).await;
    assert_eq!(leads_to(&opens(&world, "/").await), ANEW);
    for (path, fields) in [
        ("/app-passwords", "label=left+open&service=ews"),
        ("/tokens", "label=left+open"),
        ("/app-passwords/revoke", "id=1"),
        ("/not-me", "number=1"),
    ] {
        assert_eq!(leads_to(&sends(&world, path, fields).await), ANEW, "{path}");
    }
    let page = world.ask_at(PORTAL, world::get(ANEW)).await;
    let page = text(&page);
    assert!(page.contains("Sign in anew") && page.contains("name=\"UserName\""));
}

/// Somebody who was just told to choose another secret must be able to, and anybody may leave.
#[tokio::test]
async fn a_secret_is_changed_and_a_session_left_however_old_it_is() {
    let world = World::aged(HOUR + HOUR, HOUR).await;
    let fields = "Password=wrong&New=five+cows+on+the+moon&Again=five+cows+on+the+moon";
    let answer = sends(&world, "/secret", fields).await;
    assert!(
        text(&answer).contains("not your secret"),
        "{}",
        text(&answer)
    );
    assert_ne!(leads_to(&sends(&world, "/sign-out", "").await), ANEW);
}

/// Whoever leaves is gone, also where the session opens nothing for the moment, and a form of another's page sends nobody out.
#[tokio::test]
async fn whoever_signs_out_of_the_portal_is_out_where_nobody_would_be_let_in_by_it() {
    let world = World::with(&[authn::place::Method::MemorisedSecret]).await;
    assert_eq!(leads_to(&opens(&world, "/").await), "/sign-in");
    let request = Request::post("/sign-out")
        .header(header::COOKIE, &world.session)
        .header(header::ORIGIN, PORTAL)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let forged = request.body("form=forged".to_owned()).unwrap();
    let refused = world.ask_at(PORTAL, forged).await;
    assert_eq!(refused.response.status(), StatusCode::FORBIDDEN);
    assert!(world.keeps_the_session().await);
    let out = sends(&world, "/sign-out", "").await;
    assert_eq!(leads_to(&out), "/sign-in?said=signed-out");
    assert!(!world.keeps_the_session().await);
}

/// A form of the sign-in, which anybody is shown, is none of the session's that stands beside it.
#[tokio::test]
async fn behind_a_session_the_forms_of_a_sign_in_do_not_count() {
    let world = World::aged(SignedDuration::from_mins(1), HOUR).await;
    let sign_in = authn::handle::Handle::made_from([8; 32]);
    let cookies = format!(
        "{}; __Host-sign-in={}",
        world.session,
        sign_in.written().expose()
    );
    for path in ["/sign-out", "/recovery-codes"] {
        let request = Request::post(path)
            .header(header::COOKIE, &cookies)
            .header(header::ORIGIN, PORTAL)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = format!("form={}", sign_in.form_token());
        let answer = world.ask_at(PORTAL, request.body(form).unwrap()).await;
        assert_eq!(answer.response.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert!(world.keeps_the_session().await);
}

#[tokio::test]
async fn what_opens_an_account_anew_is_not_made_in_a_session_of_more_than_half_an_hour() {
    let world = World::aged(SignedDuration::from_mins(31), HOUR).await;
    let portal = text(&opens(&world, "/").await);
    assert!(portal.contains("Sign in anew"), "{portal}");
    for form in ["action=\"/app-passwords\"", "action=\"/tokens\""] {
        assert!(!portal.contains(form), "{form}");
    }
    for (path, fields) in [
        ("/app-passwords", "label=left+open&service=ews"),
        ("/tokens", "label=left+open"),
        ("/recovery-codes", ""),
    ] {
        assert_eq!(leads_to(&sends(&world, path, fields).await), ANEW, "{path}");
    }
    assert!(!text(&opens(&world, "/").await).contains("left open"));

    let world = World::aged(SignedDuration::from_mins(29), HOUR).await;
    let made = sends(&world, "/app-passwords", "label=Pixel+9&service=ews").await;
    let made = text(&made);
    let shown = made.split_once("id=\"app-password\">").unwrap().1;
    let shown = shown.split('<').next().unwrap();
    assert!(
        made.contains("<svg class=\"qr\""),
        "a phone reads it: {made}"
    );
    assert_eq!(shown.len(), 29);
    assert_eq!(made.matches(shown).count(), 1, "the picture is no text");
}

#[tokio::test]
async fn whoever_is_asked_anew_goes_on_where_they_were() {
    let world = World::aged(HOUR + HOUR, HOUR).await;
    let answer = opens(&world, "/tokens/confirm?id=6b0c0c4e-1").await;
    assert_eq!(leads_to(&answer), "/sign-in?said=anew");
    let cookie = &answer.response.headers()[header::SET_COOKIE];
    let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
    let sign_in = world.sign_in(cookie).await;
    assert_eq!(sign_in.continuation, "/tokens/confirm?id=6b0c0c4e-1");
    let page = Request::get("/sign-in?said=anew").header(header::COOKIE, cookie);
    let page = world
        .ask_at(PORTAL, page.body(String::new()).unwrap())
        .await;
    assert!(text(&page).contains("name=\"UserName\""));
    for elsewhere in ["//evil.example", "%2F%2Fevil.example", "a%26b%3Dc", ""] {
        let answer = opens(&world, &format!("/tokens/confirm?id={elsewhere}")).await;
        assert_eq!(leads_to(&answer), ANEW, "{elsewhere}");
    }
}
