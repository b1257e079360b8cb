//! What a company puts on the pages: on every page of both hosts, escaped, in its language, and under the same policy.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[expect(dead_code, reason = "other tests ask for more")]
mod world;

use http::{HeaderMap, Request, StatusCode, header};
use web::Answer;
use web::branding::{Accent, Branding, Link, Localized, Logo};

use world::{ASKS, ORIGIN, PORTAL, World, get, text};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

fn branding() -> Branding {
    let text = |english: &str, swedish: &str| {
        Some(Localized {
            english: english.to_owned(),
            swedish: swedish.to_owned(),
        })
    };
    Branding {
        company_name: text("Contoso <b>&amp;</b>", "Contoso AB"),
        logo: Some(Logo::of(SVG.as_bytes().to_vec()).unwrap()),
        sign_in_page_description_text: text("Only <i>staff</i>", "Bara anställda"),
        help_desk_link: Some(Link::parse("tel:+468123456", None).unwrap()),
        home_link: Some(
            Link::parse(
                "https://contoso.com/?a=1&b=2",
                text("\"Contoso\"", "Contoso"),
            )
            .unwrap(),
        ),
        privacy_link: Some(Link::parse("https://contoso.com/privacy", None).unwrap()),
        accent_colour: Some(Accent::parse("#8a1538", "#ff9db5").unwrap()),
    }
}

async fn branded() -> World {
    World::new().await.branded(branding())
}

fn policy(answer: &Answer) -> String {
    let policy = &answer.response.headers()[header::CONTENT_SECURITY_POLICY];
    policy.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_page_of_both_hosts_bears_the_company_s_name_logo_and_links_as_text() {
    let world = branded().await;
    let session = |path: &str| {
        let request = Request::get(path).header(header::COOKIE, &world.session);
        request.body(String::new()).unwrap()
    };
    let asks = format!("/adfs/ls/?{ASKS}");
    let invitation = authn::handle::Handle::made_from([7; 32]).written();
    let invited = format!("/invitation?invitation={}", invitation.expose());
    for (origin, request, has_links) in [
        (PORTAL, get("/sign-in"), true),
        (PORTAL, get("/invitation"), true),
        // The address is a secret, which old browsers tell.
        (PORTAL, get(&invited), false),
        (PORTAL, session("/"), true),
        (PORTAL, session("/nothing"), true),
        (PORTAL, get("/sign-in?a=%zz"), true),
        (ORIGIN, get("/sign-in"), true),
        (ORIGIN, get("/"), true),
        (
            ORIGIN,
            get("/adfs/ls/?wa=wsignin1.0&wtrealm=urn:unknown"),
            true,
        ),
        (ORIGIN, get("/adfs/ls/?wa=%zz"), true),
        (ORIGIN, get("/adfs/ls/?wa=wsignout1.0"), true),
        (ORIGIN, session(&asks), false),
    ] {
        let path = request.uri().clone();
        let answer = world.ask_at(origin, request).await;
        let page = text(&answer);
        assert!(
            page.contains("Contoso &#60;b&#62;&#38;amp;&#60;/b&#62;</p>"),
            "{path}: {page}"
        );
        assert!(page.contains("<img src=\"/logo?v="), "{path}: {page}");
        assert!(page.contains("href=\"/style.css?v="), "{path}: {page}");
        assert!(
            page.contains("<link rel=\"icon\" href=\"/logo?v="),
            "{path}: {page}"
        );
        assert!(!page.contains("Wicketgate"), "{path}: {page}");
        for link in [
            "<a href=\"tel:+468123456\" rel=\"noreferrer\">Help desk</a>",
            "<a href=\"https://contoso.com/?a=1&#38;b=2\" rel=\"noreferrer\">&#34;Contoso&#34;</a>",
            "<a href=\"https://contoso.com/privacy\" rel=\"noreferrer\">Privacy</a>",
        ] {
            assert_eq!(page.contains(link), has_links, "{path}: {link} in {page}");
        }
        let policy = policy(&answer);
        assert!(policy.contains("img-src 'self'"), "{policy}");
        assert!(
            policy.contains("default-src 'none'; style-src 'self';"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains("data:"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn where_people_sign_in_the_company_says_something_in_their_language() {
    let world = branded().await;
    for (language, said, name) in [
        ("en", "Only &#60;i&#62;staff&#60;/i&#62;", "Contoso &#60;b"),
        ("sv", "Bara anställda", "Contoso AB"),
    ] {
        let request = Request::get("/sign-in").header(header::ACCEPT_LANGUAGE, language);
        let page = world.ask(request.body(String::new()).unwrap()).await;
        let page = text(&page);
        assert!(page.contains(said) && page.contains(name), "{page}");
        let request = Request::get("/").header(header::ACCEPT_LANGUAGE, language);
        let other = world.ask(request.body(String::new()).unwrap()).await;
        assert!(!text(&other).contains(said), "nobody signs in there");
    }
}

#[tokio::test]
async fn a_logo_is_an_image_and_as_a_document_of_its_own_it_runs_nothing() {
    let world = branded().await;
    for origin in [ORIGIN, PORTAL] {
        let page = text(&world.ask_at(origin, get("/sign-in")).await);
        let (_, rest) = page.split_once("<img src=\"").unwrap();
        let (path, _) = rest.split_once('"').unwrap();
        let answer = world.ask_at(origin, get(path)).await;
        assert_eq!(answer.response.status(), StatusCode::OK);
        assert_eq!(text(&answer), SVG);
        let headers = answer.response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "image/svg+xml");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let policy = policy(&answer);
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains("; sandbox;"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }
    let plain = World::new().await;
    let none = plain.ask(get("/logo")).await;
    assert_eq!(none.response.status(), StatusCode::NOT_FOUND);
    assert!(text(&none).contains("<p class=\"name\">Wicketgate</p>"));
}

/// A browser asks for it beside the page that it shows; were it led to a sign-in, the form on that page would be nobody's.
#[tokio::test]
async fn an_icon_that_is_not_there_begins_no_sign_in() {
    for world in [World::new().await, branded().await] {
        for origin in [ORIGIN, PORTAL] {
            let answer = world.ask_at(origin, get("/favicon.ico")).await;
            assert_eq!(answer.response.status(), StatusCode::NOT_FOUND);
            let headers = answer.response.headers();
            assert!(!headers.contains_key(header::SET_COOKIE), "{origin}");
            assert!(!headers.contains_key(header::LOCATION), "{origin}");
        }
    }
}

#[tokio::test]
async fn the_colour_is_in_the_style_sheet_and_another_one_has_another_address() {
    let world = branded().await;
    let style = text(&world.ask(get("/style.css")).await);
    for part in [
        "--accent: #8a1538; --on-accent: #ffffff;",
        "--accent: #ff9db5; --on-accent: #101418;",
    ] {
        assert!(style.contains(part), "{part}");
    }
    let address = |page: String| {
        let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let one = address(text(&world.ask(get("/")).await));
    let other = Branding {
        accent_colour: Some(Accent::parse("#0b57a4", "#7ab8ff").unwrap()),
        ..branding()
    };
    let other = World::new().await.branded(other);
    let other = address(text(&other.ask(get("/")).await));
    assert_ne!(one, other);
    let plain = World::new().await;
    assert_eq!(address(text(&plain.ask(get("/")).await)), "/style.css");
}

#[test]
fn a_gateway_says_under_the_company_s_name_that_its_server_is_away() {
    let error = authn::ports::Unavailable {
        what: "the authentication server",
        detail: "it is away".to_owned(),
    };
    let answer = web::away(&HeaderMap::new(), &branding(), error);
    assert_eq!(answer.response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        text(&answer).contains("Contoso &#60;b"),
        "{}",
        text(&answer)
    );
}
