//! Staying signed in at the door: the box on the page of the code, and the cookie that comes of it.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[expect(dead_code, reason = "other tests ask for more")]
mod world;

use http::{Request, StatusCode, header};
use web::Answer;

use world::{ASKS, ORIGIN, PORTAL, World, get, text};

/// A browser that signs in at a host.
struct Browser<'w> {
    world: &'w World,
    origin: &'w str,
    cookie: String,
    token: String,
}

impl<'w> Browser<'w> {
    async fn new(world: &'w World, origin: &'w str) -> Self {
        let page = world.ask_at(origin, get("/sign-in")).await;
        let cookie = &page.response.headers()[header::SET_COOKIE];
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
        let mut browser = Self {
            world,
            origin,
            cookie: cookie.to_owned(),
            token: token(&text(&page)),
        };
        let begun = browser.sends("UserName=anna%40contoso.com").await;
        let cookie = &begun.response.headers()[header::SET_COOKIE];
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
        cookie.clone_into(&mut browser.cookie);
        browser
    }

    async fn shows(&mut self) -> String {
        let request = Request::get("/sign-in").header(header::COOKIE, &self.cookie);
        let request = request.body(String::new()).unwrap();
        let page = text(&self.world.ask_at(self.origin, request).await);
        self.token = token(&page);
        page
    }

    async fn sends(&self, fields: &str) -> Answer {
        let request = Request::post("/sign-in")
            .header(header::COOKIE, &self.cookie)
            .header(header::ORIGIN, self.origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = format!("form={}&{fields}", self.token);
        let answer = self.world.ask_at(self.origin, request.body(body).unwrap());
        let answer = answer.await;
        let status = answer.response.status();
        assert_eq!(status, StatusCode::SEE_OTHER, "{}", text(&answer));
        answer
    }

    /// Up to the page that asks for a code.
    async fn types_the_secret(&mut self) -> String {
        self.shows().await;
        self.sends("Password=fyra+h%C3%A4star+i+hagen").await;
        self.shows().await
    }
}

fn token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"form\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The line that gives the session's cookie.
fn session(answer: &Answer) -> String {
    given(answer, "__Host-session=")
}

/// The line that gives a cookie.
fn given(answer: &Answer, begins: &str) -> String {
    let lines = answer.response.headers().get_all(header::SET_COOKIE).iter();
    let mut lines = lines.map(|it| it.to_str().unwrap());
    let line = lines.find(|it| it.starts_with(begins));
    line.unwrap().to_owned()
}

const BOX: &str = "name=\"Kmsi\" type=\"checkbox\" value=\"true\"";

#[tokio::test]
async fn who_ticks_the_box_gets_a_cookie_for_so_long_and_nobody_else_does() {
    for (ticked, lasts) in [
        ("&Kmsi=true", Some("; Max-Age=172800")),
        ("", None),
        ("&Kmsi=false", None),
        ("&Kmsi=true&Kmsi=true", None),
    ] {
        let world = World::that_keeps().await;
        let code = world.code().await;
        let mut browser = Browser::new(&world, ORIGIN).await;
        let page = browser.types_the_secret().await;
        assert!(page.contains(BOX), "{page}");
        assert!(page.contains("for at most 2 days."), "{page}");
        let done = browser.sends(&format!("Code={code}{ticked}")).await;
        let line = session(&done);
        let fixed = "; Path=/; Secure; HttpOnly; SameSite=Lax";
        let (_, rest) = line.split_once(fixed).unwrap();
        assert_eq!(rest, lasts.unwrap_or_default(), "{ticked}: {line}");
    }
}

#[tokio::test]
async fn the_box_is_neither_on_the_portal_nor_where_it_is_off_and_what_it_sends_is_nothing_there() {
    for (world, origin) in [
        (World::that_keeps().await, PORTAL),
        (World::new().await, ORIGIN),
    ] {
        let code = world.code().await;
        let mut browser = Browser::new(&world, origin).await;
        let page = browser.types_the_secret().await;
        assert!(page.contains("name=\"Code\"") && !page.contains("Kmsi"));
        let done = browser.sends(&format!("Code={code}&Kmsi=true")).await;
        assert!(!session(&done).contains("Max-Age"), "{origin}");
    }
}

/// What a cookie's line says of how long it is kept, in seconds.
fn lasts(line: &str) -> Option<i64> {
    let (_, seconds) = line.split_once("Max-Age=")?;
    Some(seconds.parse().unwrap())
}

#[tokio::test]
async fn where_somebody_was_is_known_as_long_as_they_stay() {
    for (ticked, stays) in [("&Kmsi=true", true), ("", false)] {
        let world = World::that_keeps().await;
        let code = world.code().await;
        let mut browser = Browser::new(&world, ORIGIN).await;
        browser.types_the_secret().await;
        let done = browser.sends(&format!("Code={code}{ticked}")).await;
        let cookie = session(&done).split(';').next().unwrap().to_owned();
        for path in [
            format!("/adfs/ls/?{ASKS}"),
            "/adfs/ls/idpinitiatedsignon.aspx?loginToRp=urn%3Asp".to_owned(),
        ] {
            let request = Request::get(path).header(header::COOKIE, &cookie);
            let issued = world.ask(request.body(String::new()).unwrap()).await;
            let lasts = lasts(&given(&issued, "__Host-visited="));
            assert_eq!(lasts.is_some(), stays, "{lasts:?}");
            assert!(lasts.is_none_or(|it| (172_000..=172_800).contains(&it)));
        }
    }
}

#[tokio::test]
async fn a_new_sign_in_leaves_no_session_beside_it_in_the_same_browser() {
    let world = World::that_keeps().await;
    let code = world.code().await;
    let mut browser = Browser::new(&world, ORIGIN).await;
    browser.types_the_secret().await;
    browser.cookie = format!("{}; {}", browser.cookie, world.session);
    assert!(world.keeps_the_session().await);
    let done = browser.sends(&format!("Code={code}&Kmsi=true")).await;
    assert!(session(&done).contains("Max-Age=172800"));
    assert!(!world.keeps_the_session().await);
}
