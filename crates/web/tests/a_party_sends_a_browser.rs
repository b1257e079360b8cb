//! The security token service at the door: which address answers what, with which headers, and what is told of a refusal.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod elsewhere;
mod language;
mod service_provider;
#[expect(dead_code, reason = "other tests ask for more")]
mod world;

use authn::audit::{Kind, TokenRefusal};
use authn::ports::Sessions as _;
use http::{Request, StatusCode, header};
use sts::ports::MetadataReaders as _;

use world::{ASKS, ORIGIN, PORTAL, World, get, text};

#[tokio::test]
async fn somebody_who_is_not_signed_in_is_sent_to_the_pages() {
    let world = World::new().await;
    for path in ["/adfs/ls/", "/adfs/ls", "/ADFS/LS/"] {
        let answer = world.ask(get(&format!("{path}?{ASKS}"))).await;
        assert_eq!(answer.response.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.response.headers()[header::LOCATION], "/sign-in");
        let cookie = answer.response.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap();
        assert!(cookie.starts_with("__Host-sign-in="), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = Request::get("/sign-in").header(header::COOKIE, &cookie);
        let page = world.ask(page.body(String::new()).unwrap()).await;
        assert!(text(&page).contains("name=\"UserName\""));
        assert!(
            !text(&page).contains("data-passkey"),
            "they are the portal's"
        );
    }
}

#[tokio::test]
async fn a_form_of_a_party_comes_again_as_a_request_of_ours() {
    let world = World::new().await;
    let post = Request::post("/adfs/ls/?wa=wsignin1.0&wtrealm=urn:of-the-address")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, "https://lync.contoso.com")
        .header("sec-fetch-site", "cross-site");
    let answer = world
        .ask(post.body(format!("{ASKS}&wctx=a%26b")).unwrap())
        .await;
    assert_eq!(answer.response.status(), StatusCode::SEE_OTHER);
    let expected = format!("/adfs/ls/?{ASKS}&wctx=a%26b");
    assert_eq!(answer.response.headers()[header::LOCATION], expected);
}

#[tokio::test]
async fn t_http_17_somebody_who_is_signed_in_gets_a_form_to_the_party_and_to_nobody_else() {
    let world = World::new().await;
    let path = format!("/adfs/ls/?{ASKS}&wctx=%22%3E%3Cscript%3E");
    let request = Request::get(path).header(header::COOKIE, &world.session);
    let answer = world.ask(request.body(String::new()).unwrap()).await;
    let page = text(&answer);
    assert_eq!(answer.response.status(), StatusCode::OK, "{page}");
    let headers = answer.response.headers();
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    // Browsers hold what the party redirects to as well to it.
    assert!(
        policy.contains("form-action https:;") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(headers[header::REFERRER_POLICY], "strict-origin");
    // A party's own window stays the opener of the one that people sign in by.
    assert!(!headers.contains_key("cross-origin-opener-policy"));
    for part in [
        "<form id=\"answer\" method=\"post\" action=\"https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx\">",
        "name=\"wa\" value=\"wsignin1.0\"",
        "name=\"wresult\" value=\"&#60;t:RequestSecurityTokenResponse",
        "name=\"wctx\" value=\"&#34;&#62;&#60;script&#62;\"",
        "<button type=\"submit\">",
        "<script src=\"/post.js\"></script>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let script = world.ask(get("/post.js")).await;
    assert_eq!(script.response.status(), StatusCode::OK);
    let cookies = headers.get_all(header::SET_COOKIE).iter();
    let mut cookies = cookies.map(|it| it.to_str().unwrap());
    assert!(cookies.any(|it| it.starts_with("__Host-visited=")));
}

#[tokio::test]
async fn a_session_of_less_than_the_policy_wants_is_none() {
    let world = World::with(&[authn::place::Method::MemorisedSecret]).await;
    let request = Request::get(format!("/adfs/ls/?{ASKS}")).header(header::COOKIE, &world.session);
    let answer = world.ask(request.body(String::new()).unwrap()).await;
    assert_eq!(answer.response.headers()[header::LOCATION], "/sign-in");
    let portal = Request::get("/").header(header::COOKIE, &world.session);
    let portal = world
        .ask_at(PORTAL, portal.body(String::new()).unwrap())
        .await;
    assert_eq!(portal.response.headers()[header::LOCATION], "/sign-in");
}

#[tokio::test]
async fn a_refusal_names_the_party_and_the_id_and_not_the_reason() {
    let world = World::new().await;
    let elsewhere = format!("{ASKS}&wreply=https://evil.example/");
    for (query, party, status) in [
        (
            "wa=wsignin1.0&wtrealm=urn:unknown",
            None,
            StatusCode::FORBIDDEN,
        ),
        (elsewhere.as_str(), Some("Lync-Ext"), StatusCode::FORBIDDEN),
        ("wa=wsignin1.0", None, StatusCode::BAD_REQUEST),
        (
            "wa=wsignin1.0&wtrealm=a&wtrealm=b",
            None,
            StatusCode::BAD_REQUEST,
        ),
        ("wa=wpseudo1.0&wtrealm=a", None, StatusCode::BAD_REQUEST),
        ("wa=wsignin1.0&wresult=x", None, StatusCode::BAD_REQUEST),
        ("", None, StatusCode::BAD_REQUEST),
    ] {
        let answer = world.ask(get(&format!("/adfs/ls/?{query}"))).await;
        let page = text(&answer);
        assert_eq!(answer.response.status(), status, "{query}");
        assert!(page.contains(&world::activity()), "{page}");
        assert_eq!(page.contains("Lync-Ext"), party.is_some(), "{page}");
        // The way back is what the browser itself asked.
        let lines = page.lines().filter(|it| !it.contains("name=\"back\""));
        let page: String = lines.collect();
        for told in [
            "evil",
            "unknown",
            "registered",
            "wreply",
            "wtrealm",
            "<form id=\"answer\"",
        ] {
            assert!(!page.contains(told), "{told} in {page}");
        }
    }
    let head = Request::head(format!("/adfs/ls/?{ASKS}"))
        .body(String::new())
        .unwrap();
    let head = world.ask(head).await;
    assert_eq!(head.response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn metadata_is_there_in_any_case_and_a_key_that_is_away_is_503() {
    let world = World::new().await;
    for path in [
        "/FederationMetadata/2007-06/FederationMetadata.xml",
        "/federationmetadata/2007-06/federationmetadata.xml",
        "/FederationMetadata/2007-06/PrimaryKey/FederationMetadata.xml",
    ] {
        let answer = world.ask(get(path)).await;
        assert_eq!(answer.response.status(), StatusCode::OK);
        let kind = &answer.response.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "application/samlmetadata+xml");
        let written = text(&answer);
        assert!(written.contains(&format!("{ORIGIN}/adfs/ls/")), "{written}");
    }
    let readings = world.memory.readings().await.unwrap();
    let noted = readings.iter().map(|it| (&*it.key.0, &*it.reader.agent));
    assert_eq!(noted.collect::<Vec<_>>(), [("1", "")], "once for all three");
    let nowhere = world.ask_at(PORTAL, get("/adfs/ls/")).await;
    assert_eq!(nowhere.response.status(), StatusCode::NOT_FOUND);
    for path in ["/passkeys.js", "/invitation", "/tokens/confirm"] {
        let answer = world.ask(get(path)).await;
        assert_eq!(answer.response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    world.keys_are_away();
    let path = "/FederationMetadata/2007-06/FederationMetadata.xml";
    let away = world.ask(get(path)).await;
    assert_eq!(away.response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let request = Request::get(format!("/adfs/ls/?{ASKS}")).header(header::COOKIE, &world.session);
    let away = world.ask(request.body(String::new()).unwrap()).await;
    assert_eq!(away.response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!text(&away).contains("wresult"));
}

/// A page without what its form of languages brings back, which is our own path whatever a query says in it.
fn without_way_back(page: &str) -> String {
    let Some((before, rest)) = page.split_once("name=\"back\" value=\"/adfs/ls/?") else {
        return page.to_owned();
    };
    let (_, after) = rest.split_once('"').unwrap();
    format!("{before}{after}")
}

#[tokio::test]
async fn a_sign_out_ends_the_session_and_tells_the_parties() {
    let world = World::new().await;
    let ask = |path: String, cookie: String| {
        let request = Request::get(path).header(header::COOKIE, cookie);
        request.body(String::new()).unwrap()
    };
    let issued = world
        .ask(ask(format!("/adfs/ls/?{ASKS}"), world.session.clone()))
        .await;
    let visited = issued.response.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap();
    let visited = visited.split(';').next().unwrap().to_owned();
    let both = format!("{}; {visited}", world.session);
    let out = "/adfs/ls/?wa=wsignout1.0&wreply=https://evil.example/".to_owned();
    let out = world.ask(ask(out, both)).await;
    let page = without_way_back(&text(&out));
    let told =
        "<img src=\"https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx?wa=wsignoutcleanup1.0\"";
    assert!(page.contains(told) && !page.contains("evil"), "{page}");
    let policy = out.response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("img-src 'self' https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx;")
    );
    let again = world
        .ask(ask(format!("/adfs/ls/?{ASKS}"), world.session.clone()))
        .await;
    assert_eq!(again.response.headers()[header::LOCATION], "/sign-in");
    let reply =
        "/adfs/ls/?wa=wsignout1.0&wreply=https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx";
    let elsewhere = world.ask(get(reply)).await;
    let location = &elsewhere.response.headers()[header::LOCATION];
    assert_eq!(
        location,
        "https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx"
    );
}

#[tokio::test]
async fn what_the_portal_does_not_have_begins_no_sign_in_and_takes_no_cookie() {
    let world = World::new().await;
    for path in [
        "/apple-touch-icon.png",
        "/browserconfig.xml",
        "/robots.txt",
        "/.well-known/change-password",
        "/tokens/",
        "//",
    ] {
        for method in ["GET", "HEAD"] {
            let request = Request::builder().method(method).uri(path);
            let request = request.header(header::COOKIE, "__Host-language=sv");
            let answer = world.ask_at(PORTAL, request.body(String::new()).unwrap());
            let answer = answer.await.response;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path}");
        }
    }
    for path in ["/", "/tokens/confirm?id=1", "/not-me"] {
        let answer = world.ask_at(PORTAL, get(path)).await;
        assert_eq!(answer.response.headers()[header::LOCATION], "/sign-in");
    }
}

#[tokio::test]
async fn a_sign_out_ends_a_session_that_opens_nothing_for_the_moment() {
    let world = World::with(&[authn::place::Method::MemorisedSecret]).await;
    let ask = |path: &str| {
        let request = Request::get(path).header(header::COOKIE, &world.session);
        request.body(String::new()).unwrap()
    };
    let asked = world.ask(ask(&format!("/adfs/ls/?{ASKS}"))).await;
    assert_eq!(asked.response.headers()[header::LOCATION], "/sign-in");
    assert!(world.keeps_the_session().await);
    let out = world.ask(ask("/adfs/ls/?wa=wsignout1.0")).await;
    assert_eq!(out.response.status(), StatusCode::OK);
    assert!(!world.keeps_the_session().await);
}

#[tokio::test]
async fn a_network_begins_so_many_sign_ins_in_a_minute_and_no_more() {
    let world = World::new().await;
    for number in 0..600 {
        let answer = world.ask(get(&format!("/adfs/ls/?{ASKS}"))).await;
        let status = answer.response.status();
        assert_eq!(status, StatusCode::SEE_OTHER, "{number}");
    }
    let answer = world.ask(get(&format!("/adfs/ls/?{ASKS}"))).await;
    let status = answer.response.status();
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let request = Request::get(format!("/adfs/ls/?{ASKS}")).header(header::COOKIE, &world.session);
    let answer = world.ask(request.body(String::new()).unwrap()).await;
    assert_eq!(
        answer.response.status(),
        StatusCode::OK,
        "who is signed in goes on"
    );
}

#[tokio::test]
async fn a_browser_that_is_sent_to_sign_in_is_known_when_it_comes_back() {
    let world = World::new().await;
    let fresh = format!("/adfs/ls/?{ASKS}&wfresh=0");
    let request = Request::get(&fresh).header(header::COOKIE, &world.session);
    let answer = world.ask(request.body(String::new()).unwrap()).await;
    assert_eq!(answer.response.headers()[header::LOCATION], "/sign-in");
    let cookies = answer.response.headers().get_all(header::SET_COOKIE).iter();
    let mut cookies = cookies.map(|it| it.to_str().unwrap());
    let asked = cookies.find(|it| it.starts_with("__Host-asked=")).unwrap();
    assert!(
        asked.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{asked}"
    );
}

#[tokio::test]
async fn the_page_of_a_refusal_can_be_read_in_another_language() {
    let world = World::new().await;
    let answer = world
        .ask(get("/adfs/ls/?wa=wsignin1.0&wtrealm=urn:unknown"))
        .await;
    let cookie = answer.response.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap();
    assert!(cookie.starts_with("__Host-sign-in="), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = text(&answer);
    let (_, behind) = page.split_once("name=\"form\" value=\"").unwrap();
    let (token, _) = behind.split_once('"').unwrap();
    let post = Request::post("/language")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, ORIGIN)
        .header(header::COOKIE, cookie);
    let answer = world
        .ask(post.body(format!("form={token}&language=sv")).unwrap())
        .await;
    assert_eq!(
        answer.response.status(),
        StatusCode::SEE_OTHER,
        "{}",
        text(&answer)
    );
}

#[tokio::test]
async fn somebody_who_goes_round_in_a_circle_is_told_so_and_by_which_party() {
    let world = World::new().await;
    let mut cookies = world.session.clone();
    for number in 1..=5 {
        let request =
            Request::get(format!("/adfs/ls/?{ASKS}")).header(header::COOKIE, cookies.clone());
        let answer = world.ask(request.body(String::new()).unwrap()).await;
        assert_eq!(answer.response.status(), StatusCode::OK, "{number}");
        let visited = &answer.response.headers()[header::SET_COOKIE];
        let visited = visited.to_str().unwrap().split(';').next().unwrap();
        cookies = format!("{}; {visited}", world.session);
    }
    for (language, says) in [
        (
            "en",
            [
                "in a circle",
                "It does not keep your sign-in",
                "administrator",
            ],
        ),
        (
            "sv",
            [
                "i en cirkel",
                "behåller inte din inloggning",
                "administratör",
            ],
        ),
    ] {
        let request = Request::get(format!("/adfs/ls/?{ASKS}"))
            .header(header::COOKIE, cookies.clone())
            .header(header::ACCEPT_LANGUAGE, language);
        let answer = world.ask(request.body(String::new()).unwrap()).await;
        assert_eq!(answer.response.status(), StatusCode::FORBIDDEN);
        let page = text(&answer);
        assert!(page.contains("data-page=\"went_round\""), "{page}");
        for said in says {
            assert!(page.contains(said), "{said} in {page}");
        }
        assert!(page.contains("<strong>Lync-Ext</strong>"), "{page}");
        assert!(page.contains(&world::activity()), "{page}");
        for told in ["MSIS7042", "wresult", "20 seconds"] {
            assert!(!page.contains(told), "{told} in {page}");
        }
    }
    let account = authn::account::AccountId("anna".to_owned());
    let latest = world.memory.latest_of(&account, 1).await.unwrap();
    let kinds: Vec<_> = latest.into_iter().map(|it| it.event.kind).collect();
    assert!(
        matches!(
            &kinds[..],
            [Kind::TokenRefused { reason: TokenRefusal::Loop, said, .. }] if said.contains("MSIS7042")
        ),
        "{kinds:?}"
    );
}

/// What a party's page holds goes back as it came, in several lines where it has them.
#[tokio::test]
async fn a_context_of_several_lines_goes_back_as_it_came() {
    let world = World::new().await;
    let path = format!("/adfs/ls/?{ASKS}&wctx=a%09b%0d%0ac&wreply=&whr=&wauth=");
    let request = Request::get(&path).header(header::COOKIE, &world.session);
    let answer = world.ask(request.body(String::new()).unwrap()).await;
    let page = text(&answer);
    assert_eq!(answer.response.status(), StatusCode::OK, "{page}");
    assert!(page.contains("name=\"wctx\" value=\"a\tb\r\nc\""), "{page}");
    let post = Request::post("/adfs/ls/")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let again = world
        .ask(post.body(format!("{ASKS}&wctx=a%0ab")).unwrap())
        .await;
    let expected = format!("/adfs/ls/?{ASKS}&wctx=a%0Ab");
    assert_eq!(again.response.headers()[header::LOCATION], expected);
}

#[tokio::test]
async fn what_nobody_can_read_gets_the_page_with_the_id_that_the_log_knows() {
    let world = World::new().await;
    for wrong in [
        "wctx=%00",
        "wctx=%ff",
        "wctx=%1b",
        "wtrealm=urn:a%0ab",
        "a=%4",
    ] {
        let answer = world
            .ask(get(&format!("/adfs/ls/?wa=wsignin1.0&{wrong}")))
            .await;
        let page = text(&answer);
        assert_eq!(answer.response.status(), StatusCode::BAD_REQUEST, "{wrong}");
        assert!(page.contains(&world::activity()), "{wrong}: {page}");
        assert!(page.contains("data-page=\"no_token\""), "{wrong}: {page}");
    }
    let plain = Request::post("/adfs/ls/").header(header::CONTENT_TYPE, "text/plain");
    let plain = world.ask(plain.body(ASKS.to_owned()).unwrap()).await;
    assert_eq!(plain.response.status(), StatusCode::BAD_REQUEST);
    assert!(text(&plain).contains(&world::activity()));
}

#[tokio::test]
async fn whoever_brings_rubbish_is_not_told_to_be_signed_in() {
    let world = World::new().await;
    let post = Request::post("/adfs/ls/")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, &world.session);
    let body = "wa=wsignin1.0&wresult=rubbish";
    let answer = world.ask(post.body(body.to_owned()).unwrap()).await;
    let page = text(&answer);
    assert!(!page.contains("You are signed in"), "{page}");
}
