//! The language, chosen in the middle of something: whoever chooses it goes on where they were, and nowhere else.

use std::collections::BTreeMap;

use http::{Request, StatusCode, header};
use web::Answer;

use crate::world::{self, ASKS, ORIGIN, PORTAL, World, text};

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser that keeps its cookies, and sends the forms of the page that it was shown last.
struct Browser<'w> {
    world: &'w World,
    origin: &'w str,
    cookies: BTreeMap<String, String>,
    page: String,
    status: StatusCode,
}

impl<'w> Browser<'w> {
    fn new(world: &'w World) -> Self {
        Self::at(world, ORIGIN)
    }

    fn at(world: &'w World, origin: &'w str) -> Self {
        Self {
            world,
            origin,
            cookies: BTreeMap::new(),
            page: String::new(),
            status: StatusCode::OK,
        }
    }

    /// Anna's, who is signed in.
    fn signed_in(world: &'w World) -> Self {
        let mut browser = Self::new(world);
        let (name, value) = world.session.split_once('=').unwrap();
        browser.cookies.insert(name.to_owned(), value.to_owned());
        browser
    }

    /// Sends a request, and gives where its answer leads.
    async fn asks(&mut self, method: &str, path: &str, body: String) -> Option<String> {
        let cookies = self.cookies.iter().map(|(name, it)| format!("{name}={it}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::COOKIE, cookies)
            .header(header::ORIGIN, self.origin)
            .header(header::CONTENT_TYPE, FORM);
        let request = request.body(body).unwrap();
        let answer: Answer = self.world.ask_at(self.origin, request).await;
        for line in answer.response.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let to = answer.response.headers().get(header::LOCATION);
        let to = to.map(|it| it.to_str().unwrap().to_owned());
        if to.is_none() {
            self.page = text(&answer);
            self.status = answer.response.status();
        }
        to
    }

    async fn opens(&mut self, path: &str) {
        let to = self.asks("GET", path, String::new()).await;
        assert_eq!(to, None, "{path}");
    }

    /// The value of a field of the form for the language, as a browser reads it.
    fn field(&self, name: &str) -> Option<String> {
        let (_, form) = self.page.split_once("action=\"/language\"")?;
        let (form, _) = form.split_once("</form>")?;
        let (_, value) = form.split_once(&format!("name=\"{name}\" value=\""))?;
        let (value, _) = value.split_once('"')?;
        let value = value.replace("&#38;", "&").replace("&#60;", "<");
        Some(value.replace("&#62;", ">").replace("&#34;", "\""))
    }

    /// The token of the page's forms.
    fn token(&self) -> String {
        self.field("form").unwrap()
    }

    /// Presses the button for the other language, and gives where that leads.
    async fn speaks(&mut self) -> String {
        let fields = ["form", "back", "language"];
        let fields = fields.map(|name| Some((name, self.field(name)?)));
        let fields = fields.into_iter().flatten();
        let fields = fields.map(|(name, value)| format!("{name}={}", encoded(&value)));
        let body = fields.collect::<Vec<_>>().join("&");
        self.asks("POST", "/language", body).await.unwrap()
    }

    /// The same, and looks at the page to which that leads.
    async fn goes_on(&mut self, expected: &str) {
        let was = self.is_swedish();
        assert_eq!(self.speaks().await, expected);
        self.opens(expected).await;
        assert_eq!(self.is_swedish(), !was, "{}", self.page);
    }

    fn is_swedish(&self) -> bool {
        self.page.contains("<html lang=\"sv\">")
    }

    /// Types an answer into the form of the page, and gives where that leads.
    async fn types(&mut self, field: &str, typed: &str) -> String {
        let body = format!("form={}&{field}={}", self.token(), encoded(typed));
        self.asks("POST", "/sign-in", body).await.unwrap()
    }
}

fn encoded(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    text.bytes().map(octet).collect()
}

#[tokio::test]
async fn a_sign_in_goes_on_in_the_language_that_is_chosen_at_each_of_its_questions() {
    let world = World::new().await;
    let code = world.code().await;
    let mut browser = Browser::new(&world);
    let asks = format!("/adfs/ls/?{ASKS}");
    let to = browser.asks("GET", &asks, String::new()).await;
    assert_eq!(to.as_deref(), Some("/sign-in"));
    browser.opens("/sign-in").await;
    let mut to = String::new();
    for (field, typed) in [
        ("UserName", "anna@contoso.com"),
        ("Password", "fyra hästar i hagen"),
        ("Code", &code),
    ] {
        let asked = format!("name=\"{field}\"");
        assert!(browser.page.contains(&asked), "{}", browser.page);
        browser.goes_on("/sign-in").await;
        assert!(browser.page.contains(&asked), "{}", browser.page);
        to = browser.types(field, typed).await;
        if field != "Code" {
            browser.opens(&to).await;
        }
    }
    assert!(to.starts_with("/adfs/ls/?"), "{to}");
    browser.opens(&to).await;
    assert!(browser.page.contains("wresult"), "{}", browser.page);
    assert!(browser.is_swedish());
}

#[tokio::test]
async fn the_page_that_asks_for_a_provider_asks_again_in_the_other_language() {
    let world = crate::elsewhere::world("[]").await;
    let mut browser = Browser::new(&world);
    for more in [
        "&wctx=rm%3D0%26id%3D%22%3Cb%3E",
        "&wicketgate-by-name=1&username=bo%40example.com",
        "&wreply=https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx",
    ] {
        let back = format!("/adfs/ls/?{ASKS}{more}");
        browser.opens(&back).await;
        let home_realm = "data-page=\"home_realm\"";
        assert!(browser.page.contains(home_realm), "{more}");
        browser.goes_on(&back).await;
        assert!(browser.page.contains(home_realm), "{more}");
        // What was asked is in the links and in the form as before.
        let wctx = browser.page.contains("name=\"wctx\"");
        assert_eq!(wctx, more.contains("wctx"), "{}", browser.page);
    }
    // So goes a request that came as a party's form: it has an address by then.
    let body = format!("{ASKS}&wctx=1");
    let to = browser.asks("POST", "/adfs/ls/", body).await.unwrap();
    browser.opens(&to).await;
    browser.goes_on(&to).await;
    assert!(browser.page.contains("data-page=\"home_realm\""));
}

#[tokio::test]
async fn a_refusal_that_has_an_address_is_read_in_the_other_language() {
    let world = World::new().await;
    for path in [
        "/adfs/ls/?wa=wsignin1.0&wtrealm=urn:unknown".to_owned(),
        format!("/adfs/ls/?{ASKS}&wreply=https://elsewhere.test/"),
        "/adfs/ls/?wa=wsignin1.0".to_owned(),
        "/adfs/ls/?SAMLRequest=rubbish".to_owned(),
        "/adfs/ls/idpinitiatedsignon.aspx?loginToRp=urn:unknown".to_owned(),
    ] {
        let mut browser = Browser::signed_in(&world);
        browser.opens(&path).await;
        let status = browser.status;
        assert!(status.is_client_error(), "{path}: {status}");
        browser.goes_on(&path).await;
        assert_eq!(browser.status, status, "{path}");
        assert!(browser.page.contains(&world::activity()), "{path}");
    }
    // That somebody is signed out is said once more.
    let mut browser = Browser::signed_in(&world);
    let out = "/adfs/ls/?wa=wsignout1.0";
    browser.opens(out).await;
    browser.goes_on(out).await;
    assert!(browser.page.contains("data-page=\"signed_out\""));
}

#[tokio::test]
async fn what_cannot_be_brought_once_more_is_not_come_back_to() {
    let world = World::new().await;
    for body in [
        "wa=wsignin1.0&wresult=rubbish&again=1",
        "SAMLRequest=rubbish",
        "wa=wsignin1.0",
    ] {
        let mut browser = Browser::new(&world);
        let to = browser.asks("POST", "/adfs/ls/", body.to_owned()).await;
        assert_eq!(to, None, "{body}");
        assert!(browser.page.contains(&world::activity()), "{body}");
        assert_eq!(browser.field("back"), None, "{body}");
        browser.goes_on("/").await;
        assert!(browser.page.contains("Börja i programmet"), "{body}");

        // Whoever is in the middle of a sign-in goes on with it.
        let asks = format!("/adfs/ls/?{ASKS}");
        browser.asks("GET", &asks, String::new()).await.unwrap();
        let to = browser.asks("POST", "/adfs/ls/", body.to_owned()).await;
        assert_eq!(to, None, "{body}");
        browser.goes_on("/sign-in").await;
        assert!(browser.page.contains("name=\"UserName\""), "{body}");
    }
    // A page for which nothing can be kept has no form that would be refused.
    let mut browser = Browser::new(&world);
    browser.opens("/adfs/ls/?wa=wsignin1.0&wctx=%00").await;
    assert!(browser.page.contains("data-page=\"no_token\""));
    assert!(!browser.page.contains("/language"), "{}", browser.page);
}

#[tokio::test]
async fn whoever_comes_to_no_page_in_the_middle_of_a_sign_in_finds_it_again() {
    let world = World::new().await;
    for path in ["/nowhere", "/adfs/ls/idpinitiatedsignon.aspx", "/"] {
        let mut browser = Browser::new(&world);
        browser.opens(path).await;
        let back = browser.field("back").unwrap_or("/".to_owned());
        browser.goes_on(&back).await;
        let asks = format!("/adfs/ls/?{ASKS}");
        browser.asks("GET", &asks, String::new()).await.unwrap();
        let home = browser.asks("GET", "/", String::new()).await;
        assert_eq!(home.as_deref(), Some("/sign-in"), "{path}");
    }
    let mut browser = Browser::signed_in(&world);
    browser.opens("/").await;
    assert!(browser.page.contains("You are signed in"));
}

#[tokio::test]
async fn t_http_14_a_way_back_leads_to_no_other_host_and_to_no_act() {
    let world = World::new().await;
    for back in [
        "//elsewhere.test",
        "//elsewhere.test/adfs/ls/",
        "/\\elsewhere.test",
        "\\\\elsewhere.test",
        "https://elsewhere.test/",
        "https://sts.contoso.com/adfs/ls/",
        "javascript:alert(1)",
        "data:text/html,a",
        "elsewhere.test",
        "@elsewhere.test",
        "/adfs/ls/../../elsewhere.test",
        "/adfs/ls/..//elsewhere.test",
        "/adfs/ls/#a",
        "/adfs/ls/\u{e5}",
        "/adfs/ls/?a=b c",
        " /adfs/ls/",
        "/sign-in?again=1",
        "/language",
        "/sign-out",
        "/adfs/services/trust/mex",
        "",
    ] {
        let mut browser = Browser::new(&world);
        browser.opens("/").await;
        let token = browser.token();
        let body = format!("form={token}&language=sv&back={}", encoded(back));
        let to = browser.asks("POST", "/language", body.clone()).await;
        assert_eq!(to.as_deref(), Some("/"), "{back:?}");
        // Twice is nowhere, too.
        let twice = format!(
            "form={token}&language=sv&back=%2Fsign-in&back={}",
            encoded(back)
        );
        let to = browser.asks("POST", "/language", twice).await;
        assert_eq!(to.as_deref(), Some("/"), "{back:?}");
        let asks = format!("/adfs/ls/?{ASKS}");
        browser.asks("GET", &asks, String::new()).await.unwrap();
        browser.opens("/sign-in").await;
        let token = browser.token();
        let body = format!("form={token}&language=sv&back={}", encoded(back));
        let to = browser.asks("POST", "/language", body).await;
        assert_eq!(to.as_deref(), Some("/sign-in"), "{back:?}");
    }
    // What would end the line of a header is in no form at all.
    for back in [
        "%2Fadfs%2Fls%2F%3Fa%0D%0AX%3A+b",
        "%2Fadfs%2Fls%2F%00",
        "%2Fadfs%2Fls%2F%09",
    ] {
        let mut browser = Browser::new(&world);
        browser.opens("/").await;
        let body = format!("form={}&language=sv&back={back}", browser.token());
        assert_eq!(browser.asks("POST", "/language", body).await, None);
        assert_eq!(browser.status, StatusCode::BAD_REQUEST, "{back}");
    }
    // Neither is one taken that another site's page sends.
    let mut browser = Browser::new(&world);
    browser.opens("/").await;
    let body = "language=sv&back=%2Fsign-in".to_owned();
    assert_eq!(browser.asks("POST", "/language", body).await, None);
    assert_eq!(browser.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_invitation_is_read_in_the_other_language_and_then_taken_up() {
    let world = World::new().await;
    let mut browser = Browser::at(&world, PORTAL);
    let handle = authn::handle::Handle::made_from([7; 32]);
    let path = format!("/invitation?invitation={}", handle.written().expose());
    browser.opens(&path).await;
    browser.goes_on(&path).await;
    assert!(browser.page.contains("data-page=\"invitation\""));
    assert!(browser.page.contains(handle.written().expose()));
}

#[tokio::test]
async fn where_the_policy_lets_nobody_in_the_page_names_the_party_and_the_id_and_not_the_reason() {
    let world = World::that_keeps().await.that_lets_nobody_in();
    let passive = format!("/adfs/ls/?{ASKS}");
    let saml = "/adfs/ls/idpinitiatedsignon.aspx?loginToRp=urn%3Asp".to_owned();
    for (path, party) in [(passive, "Lync-Ext"), (saml, "Intranet")] {
        for mut browser in [Browser::new(&world), Browser::signed_in(&world)] {
            browser.opens(&path).await;
            assert_eq!(browser.status, StatusCode::FORBIDDEN);
            let named = format!("<strong>{party}</strong>");
            for told in ["data-page=\"no_token\"", &named, &world::activity()] {
                assert!(browser.page.contains(told), "{told}: {}", browser.page);
            }
            for untold in ["from where you are", "policy", "zone"] {
                assert!(!browser.page.contains(untold), "{}", browser.page);
            }
            browser.goes_on(&path).await;
            assert!(browser.page.contains(&named), "{}", browser.page);
        }
    }
}
