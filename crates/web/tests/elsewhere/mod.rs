//! Other claims providers at the door: the page that asks for one, the way to it, and how its answer comes in.

use authn::place::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, StatusCode, header};
use web::Answer;

use crate::world::{ASKS, World, get, text};

/// Fabrikam, our own directory, and a party that takes people of both; or of Fabrikam alone.
pub(crate) async fn world(names: &str) -> World {
    world_with(&[], names).await
}

/// The same where anna has proved these in her session.
async fn world_with(methods: &[Method], names: &str) -> World {
    let trusts = |certificate: &sts::trust::Certificate| {
        let certificate = STANDARD.encode(certificate.der());
        let permit = r#"=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");"#;
        format!(
            r#"{{"version": 1, "relying_party": [{{
                "name": "Lync-Ext",
                "identifiers": ["https://lync.contoso.com/passiveauth"],
                "wsfed_endpoint": "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx",
                "issuance_authorization_rules": "{permit}",
                "claims_provider_names": {names}
            }}], "claims_provider": [{{
                "name": "Fabrikam <b>",
                "identifier": "http://fs.fabrikam.com/adfs/services/trust",
                "wsfed_endpoint": "https://fs.fabrikam.com/adfs/ls/",
                "token_signing_certificates": ["{certificate}"],
                "organizational_account_suffixes": ["fabrikam.com"],
                "supports_mfa": true
            }}]}}"#
        )
    };
    World::trusting(methods, trusts).await
}

fn cookie(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.response.headers().get_all(header::SET_COOKIE).iter();
    let mut lines = lines.filter_map(|it| it.to_str().ok());
    let found = lines.find(|it| it.starts_with(&format!("{name}=")));
    found.map(str::to_owned)
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.response.status(), StatusCode::SEE_OTHER);
    let location = answer.response.headers().get(header::LOCATION).unwrap();
    location.to_str().unwrap().to_owned()
}

/// A form as Fabrikam's page makes a browser send it.
fn brings(body: &str, cookies: &str) -> Request<String> {
    let post = Request::post("/adfs/ls/")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://fs.fabrikam.com")
        .header("sec-fetch-site", "cross-site")
        .header(header::COOKIE, cookies);
    post.body(body.to_owned()).unwrap()
}

#[tokio::test]
async fn whoever_may_come_from_two_places_is_shown_links_in_their_language() {
    let world = world("[]").await;
    let answer = world
        .ask(get(&format!("/adfs/ls/?{ASKS}&wctx=%22%3Ca")))
        .await;
    let page = text(&answer);
    assert_eq!(answer.response.status(), StatusCode::OK);
    let policy = &answer.response.headers()[header::CONTENT_SECURITY_POLICY];
    let policy = policy.to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"));
    assert!(!policy.contains("unsafe") && !policy.contains("fabrikam"));
    for part in [
        "Where do you belong?",
        ">Contoso</a>",
        ">Fabrikam &#60;b&#62;</a>",
        "href=\"/adfs/ls/?wa=wsignin1.0",
        "whr=http%3A%2F%2Ffs.fabrikam.com%2Fadfs%2Fservices%2Ftrust",
        "<form method=\"get\" action=\"/adfs/ls/\">",
        "name=\"wctx\" value=\"&#34;&#60;a\"",
        "name=\"wicketgate-by-name\" value=\"1\"",
        "name=\"username\"",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<script") && cookie(&answer, "__Host-home-realm").is_none());
    let swedish = Request::get(format!("/adfs/ls/?{ASKS}"))
        .header(header::ACCEPT_LANGUAGE, "sv")
        .body(String::new());
    let swedish = text(&world.ask(swedish.unwrap()).await);
    assert!(swedish.contains("Var hör du hemma?") && swedish.contains("lang=\"sv\""));
    let by_name = "wicketgate-by-name=1&username=bo%40fabrikam.com";
    let found = text(&world.ask(get(&format!("/adfs/ls/?{ASKS}&{by_name}"))).await);
    assert!(found.contains("Fabrikam") && !found.contains(">Contoso</a>"));
    let unknown = "wicketgate-by-name=1&username=bo%40example.com";
    let unknown = text(&world.ask(get(&format!("/adfs/ls/?{ASKS}&{unknown}"))).await);
    assert!(unknown.contains("No organization is known") && unknown.contains(">Contoso</a>"));
}

#[tokio::test]
async fn s78_what_is_chosen_is_remembered_and_one_provider_is_not_asked_about() {
    let two = world("[]").await;
    let whr = "whr=http%3A%2F%2Ffs.fabrikam.com%2Fadfs%2Fservices%2Ftrust";
    let chosen = format!("/adfs/ls/?{ASKS}&{whr}&wicketgate-chosen=1");
    let answer = two.ask(get(&chosen)).await;
    assert!(location(&answer).starts_with("https://fs.fabrikam.com/adfs/ls/?wa=wsignin1.0&"));
    let remembered = cookie(&answer, "__Host-home-realm").unwrap();
    assert!(remembered.contains("; Max-Age=2592000") && !remembered.contains("fabrikam"));
    let pair = remembered.split(';').next().unwrap();
    let again = Request::get(format!("/adfs/ls/?{ASKS}")).header(header::COOKIE, pair);
    let again = two.ask(again.body(String::new()).unwrap()).await;
    assert!(location(&again).starts_with("https://fs.fabrikam.com/"));
    let unasked = two.ask(get(&format!("/adfs/ls/?{ASKS}&{whr}"))).await;
    assert!(
        cookie(&unasked, "__Host-home-realm").is_none(),
        "a party chose"
    );
    let unknown = format!("/adfs/ls/?{ASKS}&whr=urn:x&wicketgate-chosen=1");
    let unknown = two.ask(get(&unknown)).await;
    assert_eq!(unknown.response.status(), StatusCode::FORBIDDEN);
    assert!(cookie(&unknown, "__Host-home-realm").is_none());
    let out = two.ask(get("/adfs/ls/?wa=wsignout1.0")).await;
    let out = out.response.headers().get_all(header::SET_COOKIE).iter();
    let mut out = out.filter_map(|it| it.to_str().ok());
    assert!(out.any(|it| it.starts_with("__Host-home-realm=;")));

    let one = world("[\"Fabrikam <b>\"]").await;
    let answer = one.ask(get(&format!("/adfs/ls/?{ASKS}"))).await;
    assert!(location(&answer).starts_with("https://fs.fabrikam.com/"));
    let handle = cookie(&answer, "__Host-elsewhere").unwrap();
    assert!(handle.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
}

#[tokio::test]
async fn an_answer_comes_once_more_from_a_page_of_ours_that_has_the_cookie() {
    let world = world("[\"Fabrikam <b>\"]").await;
    let body = "wa=wsignin1.0&wresult=%3Ca%2F%3E&wctx=%22x";
    let page = world.ask(brings(body, "")).await;
    let shown = text(&page);
    assert_eq!(page.response.status(), StatusCode::OK);
    let policy = &page.response.headers()[header::CONTENT_SECURITY_POLICY];
    assert!(policy.to_str().unwrap().contains("form-action 'self'"));
    for part in [
        "action=\"/adfs/ls/\"",
        "name=\"wresult\" value=\"&#60;a/&#62;\"",
        "name=\"wctx\" value=\"&#34;x\"",
        "name=\"again\" value=\"1\"",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    // Without a cookie it does not go round for ever.
    let refused = world.ask(brings(&format!("{body}&again=1"), "")).await;
    assert_eq!(refused.response.status(), StatusCode::FORBIDDEN);
    // With the cookie it is looked at: what a stranger makes a browser send, and what nobody signed, is refused.
    let sent = world.ask(get(&format!("/adfs/ls/?{ASKS}"))).await;
    let handle = cookie(&sent, "__Host-elsewhere").unwrap();
    let pair = handle.split(';').next().unwrap();
    let refused = world.ask(brings(body, pair)).await;
    assert_eq!(refused.response.status(), StatusCode::FORBIDDEN);
    assert!(!text(&refused).contains("Lync-Ext"));
    let to = location(&sent);
    let (_, wctx) = to.split_once("&wctx=").unwrap();
    let wctx = wctx.split('&').next().unwrap();
    let unsigned = format!("wa=wsignin1.0&wresult=%3Ca%2F%3E&wctx={wctx}");
    let refused = world.ask(brings(&unsigned, pair)).await;
    assert_eq!(refused.response.status(), StatusCode::FORBIDDEN);
    // Two tabs of one browser have one handle.
    let second = Request::get(format!("/adfs/ls/?{ASKS}")).header(header::COOKIE, pair);
    let second = world.ask(second.body(String::new()).unwrap()).await;
    assert_eq!(cookie(&second, "__Host-elsewhere").unwrap(), handle);
    let said = text(&refused);
    assert!(said.contains("Lync-Ext") && !said.contains("Fabrikam") && !said.contains("believed"));
}

#[tokio::test]
async fn an_answer_in_an_address_twice_or_too_long_is_refused() {
    let world = world("[\"Fabrikam <b>\"]").await;
    let in_address = get("/adfs/ls/?wa=wsignin1.0&wresult=%3Ca%2F%3E&wctx=x");
    let in_address = world.ask(in_address).await;
    assert_eq!(in_address.response.status(), StatusCode::BAD_REQUEST);
    let twice = "wa=wsignin1.0&wresult=a&wresult=b&wctx=x";
    let twice = world.ask(brings(twice, "")).await;
    assert_eq!(twice.response.status(), StatusCode::BAD_REQUEST);
    let fits = format!("wa=wsignin1.0&wresult={}", "a".repeat(200 * 1024));
    let fits = world.ask(brings(&fits, "")).await;
    assert_eq!(fits.response.status(), StatusCode::OK);
    let long = format!("wa=wsignin1.0&wresult={}", "a".repeat(256 * 1024));
    let long = world.ask(brings(&long, "")).await;
    assert_eq!(long.response.status(), StatusCode::BAD_REQUEST);
    // A partner may write its response in lines, and a party its context; nothing else has any.
    let lines = world
        .ask(brings("wa=wsignin1.0&wresult=%3Ca%3E%0D%0A%3C%2Fa%3E", ""))
        .await;
    assert_eq!(lines.response.status(), StatusCode::OK);
    let lines = world
        .ask(brings("wa=wsignin1.0&wresult=a&whr=x%0Ay", ""))
        .await;
    assert_eq!(lines.response.status(), StatusCode::BAD_REQUEST);
    // Elsewhere nothing is longer than what people type.
    let typed = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("Password={}", "a".repeat(17 * 1024)));
    let typed = world.ask(typed.unwrap()).await;
    assert_eq!(typed.response.status(), StatusCode::BAD_REQUEST);
}

const BOTH: [Method; 2] = [Method::MemorisedSecret, Method::OneTimeCode];

/// Whether anna's session is one.
async fn is_signed_in(world: &World) -> bool {
    let request = Request::get("/").header(header::COOKIE, &world.session);
    let answer = world.ask(request.body(String::new()).unwrap()).await;
    text(&answer).contains("You are signed in")
}

/// What a browser holds that came from Fabrikam, and was at a party where it says so.
fn visited(was_at_party: bool) -> String {
    let identifier = |text: &str| sts::trust::Identifier::parse(text).unwrap();
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let mut visited = sts::flow::wsfed::Visited::default();
    visited.note_provider(
        &identifier("http://fs.fabrikam.com/adfs/services/trust"),
        now,
    );
    if was_at_party {
        let lync = identifier("https://lync.contoso.com/passiveauth");
        visited.note(&lync, now).unwrap();
    }
    format!("__Host-visited={visited}")
}

#[tokio::test]
async fn who_came_from_a_provider_is_taken_on_to_its_sign_out_once_the_parties_are_told() {
    let world = world_with(&BOTH, "[]").await;
    let out = |query: &str, cookies: &str| {
        let request = Request::get(format!("/adfs/ls/?wa=wsignout1.0{query}"));
        let request = request.header(header::COOKIE, cookies);
        request.body(String::new()).unwrap()
    };
    let there = "https://fs.fabrikam.com/adfs/ls/?wa=wsignout1.0";
    let alone = world.ask(out("", &visited(false))).await;
    assert_eq!(location(&alone), there);
    assert!(
        cookie(&alone, "__Host-visited")
            .unwrap()
            .contains("Max-Age=0")
    );
    assert!(is_signed_in(&world).await);
    // Where parties are told there is a page first, and it names the provider.
    let both = format!("{}; {}", world.session, visited(true));
    let page = world.ask(out("", &both)).await;
    let shown = text(&page);
    for part in [
        "PassiveAuth.aspx?wa=wsignoutcleanup1.0\"".to_owned(),
        format!("<a href=\"{there}\">Fabrikam &#60;b&#62;</a>"),
    ] {
        assert!(shown.contains(&part), "{part} in {shown}");
    }
    assert!(!is_signed_in(&world).await);
    // Who came from nowhere goes nowhere, whatever the address says.
    let nobody = world.ask(out("&wreply=https://evil.example/", "")).await;
    assert_eq!(nobody.response.status(), StatusCode::OK);
    let nobody = crate::without_way_back(&text(&nobody));
    assert!(!nobody.contains("fabrikam") && !nobody.contains("evil"));
}

#[tokio::test]
async fn a_provider_that_says_that_somebody_signed_out_ends_the_session_of_a_browser_that_shows_it()
{
    let world = world_with(&BOTH, "[]").await;
    let cleanup = |query: &str, cookies: &str| {
        let request = Request::get(format!("/adfs/ls/?wa=wsignoutcleanup1.0{query}"));
        let request = request.header(header::COOKIE, cookies);
        request.body(String::new()).unwrap()
    };
    // A frame or an image on another site's page brings no cookie, and ends nothing.
    let strange = world.ask(cleanup("", "")).await;
    assert_eq!(strange.response.status(), StatusCode::OK);
    assert!(is_signed_in(&world).await);
    let both = format!("{}; {}", world.session, visited(true));
    let page = world
        .ask(cleanup("&wreply=https://evil.example/", &both))
        .await;
    let headers = page.response.headers();
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.ends_with("frame-ancestors https://fs.fabrikam.com"),
        "{policy}"
    );
    assert!(policy.contains("form-action 'none'") && !policy.contains("evil"));
    assert!(headers.get(header::X_FRAME_OPTIONS).is_none());
    for name in ["__Host-session", "__Host-visited", "__Host-home-realm"] {
        let line = cookie(&page, name).unwrap();
        assert!(line.contains("Max-Age=0"), "{line}");
    }
    let shown = text(&page);
    assert!(shown.contains("PassiveAuth.aspx?wa=wsignoutcleanup1.0\""));
    assert!(!shown.contains("evil") && !shown.contains("<form") && !shown.contains("refresh"));
    assert!(!is_signed_in(&world).await);
    // Back at the provider, on its own page and on no other.
    let back = "https://fs.fabrikam.com/adfs/ls/?assocId=1";
    let wreply = "&wreply=https%3A%2F%2Ffs.fabrikam.com%2Fadfs%2Fls%2F%3FassocId%3D1";
    assert_eq!(location(&world.ask(cleanup(wreply, "")).await), back);
    let told = world.ask(cleanup(wreply, &visited(true))).await;
    let told = text(&told);
    assert!(
        told.contains(&format!("content=\"2;url={back}\"")),
        "{told}"
    );
}
