//! Which forms are taken: those of a page that this browser was shown, sent from there.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

use std::sync::Arc;

use async_trait::async_trait;
use authn::attempt::{self, Rules};
use authn::credential::memorised_secret::{Cost, SecretHash, Typed};
use authn::credential::passkey::RelyingParty;
use authn::lockout::Queue;
use authn::place::{ActivityId, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::ports::{PasswordHasher, Unavailable};
use authn::sign_in::Ports;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use proto::secret::Secret;
use store::memory::Memory;
use web::{Answer, Pages};

const ORIGIN: &str = "https://my.contoso.com";

/// Hashes at once, and cheaply.
struct AtOnce;

#[async_trait]
impl PasswordHasher for AtOnce {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        typed.hashed(cheap(), salt)
    }

    async fn proves(
        &self,
        typed: Typed,
        hash: SecretHash,
        _queue: Queue,
    ) -> Result<bool, Unavailable> {
        let cost = cheap();
        typed.is_of(&SecretHash { cost, ..hash })
    }
}

fn cheap() -> Cost {
    Cost {
        memory: 64,
        passes: 1,
    }
}

fn pages(memory: &Memory) -> Pages {
    let store = Arc::new(memory.clone());
    let both = "memorised-secret + one-time-code".parse().unwrap();
    Pages {
        ports: Ports {
            attempt: attempt::Ports {
                accounts: store.clone(),
                credentials: store.clone(),
                otp_tokens: store.clone(),
                secrets: store.clone(),
                pins: store.clone(),
                hasher: Arc::new(AtOnce),
                sent_codes: store.clone(),
                attempts: store.clone(),
                tickets: store.clone(),
                audit: store.clone(),
                kerberos: None,
            },
            sign_ins: store.clone(),
            sessions: store.clone(),
            invitations: store.clone(),
            passkeys: store.clone(),
            spare_codes: store,
        },
        rules: Rules {
            policy: Policy {
                rules: vec![Rule {
                    services: [Service::PORTAL].into(),
                    methods: vec![both],
                    ..Rule::default()
                }],
            },
            default_domain: None,
            unknown_names_key: Secret::new(vec![1; 32]),
            grants_key: Secret::new(vec![2; 32]),
            sending: None,
            keep_me_signed_in: None,
        },
        sending: None,
        passkeys: RelyingParty::of(ORIGIN, &[]).unwrap(),
        services: vec![Service::EWS],
        from_office: false,
        sts: None,
        branding: Arc::default(),
        begun: web::Begun::default(),
    }
}

async fn ask(pages: &Pages, request: Request<String>) -> Answer {
    let (head, body) = request.into_parts();
    let request = web::Request {
        head,
        body: Bytes::from(body),
        origin: ORIGIN.to_owned(),
        zone: Zone::EXTERNAL,
        address: [192, 0, 2, 1].into(),
        over: web::Over {
            connection: authn::place::ConnectionId([1; 8]),
            end_points: Vec::new(),
            channel_binding: proto::channel_binding::Demand::Off,
        },
        activity: ActivityId::from([1; 16]),
    };
    pages.answer(request).await
}

fn get(path: &str) -> Request<String> {
    Request::get(path).body(String::new()).unwrap()
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.response.body().to_vec()).unwrap()
}

/// The cookie and the form token of a page that was just opened.
async fn opened(pages: &Pages) -> (String, String) {
    let page = ask(pages, get("/sign-in")).await;
    assert_eq!(page.response.status(), StatusCode::OK);
    let cookie = page.response.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let text = text(&page);
    let (_, rest) = text.split_once("name=\"form\" value=\"").unwrap();
    (cookie, rest.split('"').next().unwrap().to_owned())
}

#[tokio::test]
async fn t_http_16_a_form_of_another_site_another_browser_or_no_page_is_refused() {
    let memory = Memory::new();
    let pages = pages(&memory);
    let (cookie, token) = opened(&pages).await;
    let (_, others) = opened(&pages).await;
    let form = "application/x-www-form-urlencoded";
    let post = |origin: &str, site: &str, cookie: &str, token: &str| {
        let mut request = Request::post("/sign-in").header(header::CONTENT_TYPE, form);
        for (name, value) in [
            ("origin", origin),
            ("sec-fetch-site", site),
            ("cookie", cookie),
        ] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        request.body(format!("form={token}&UserName=anna")).unwrap()
    };
    let same = "same-origin";
    for (origin, site, cookie, token) in [
        ("", same, cookie.as_str(), token.as_str()),
        ("null", same, &cookie, &token),
        ("https://evil.example", same, &cookie, &token),
        ("https://my.contoso.com.evil.example", same, &cookie, &token),
        ("http://my.contoso.com", same, &cookie, &token),
        (ORIGIN, "cross-site", &cookie, &token),
        (ORIGIN, "same-site", &cookie, &token),
        (ORIGIN, same, "", &token),
        (ORIGIN, same, &cookie, ""),
        (ORIGIN, same, &cookie, &others),
        (ORIGIN, same, &cookie, &token[1..]),
    ] {
        let answer = ask(&pages, post(origin, site, cookie, token)).await;
        let said = format!("{origin} {site} {cookie} {token}");
        assert_eq!(answer.response.status(), StatusCode::FORBIDDEN, "{said}");
    }
    for site in [same, ""] {
        let answer = ask(&pages, post(ORIGIN, site, &cookie, &token)).await;
        assert_eq!(
            answer.response.status(),
            StatusCode::SEE_OTHER,
            "{}",
            text(&answer)
        );
        assert_eq!(answer.response.headers()[header::LOCATION], "/sign-in");
    }
}

#[tokio::test]
async fn t_http_16_a_browser_that_says_no_origin_is_taken_by_the_address_of_our_page_alone() {
    let memory = Memory::new();
    let pages = pages(&memory);
    let (cookie, token) = opened(&pages).await;
    let (_, others) = opened(&pages).await;
    let post = |said: &[(&'static str, &str)], token: &str| {
        let form = "application/x-www-form-urlencoded";
        let request = Request::post("/sign-in").header(header::CONTENT_TYPE, form);
        let mut request = request.header(header::COOKIE, &cookie);
        for (name, value) in said {
            request = request.header(*name, *value);
        }
        request.body(format!("form={token}&UserName=anna")).unwrap()
    };
    let page = ("referer", "https://my.contoso.com/sign-in");
    for said in [
        &[][..],
        &[("referer", "")],
        &[("referer", ORIGIN)],
        &[("referer", "https://my.contoso.com.evil.example/")],
        &[("referer", "https://my.contoso.com@evil.example/")],
        &[("referer", "https://my.contoso.com:8443/sign-in")],
        &[("referer", "http://my.contoso.com/sign-in")],
        &[("referer", "https://evil.example/https://my.contoso.com/")],
        &[page, page],
        // Whoever says one of the two is no such browser.
        &[page, ("origin", "null")],
        &[page, ("origin", "https://evil.example")],
        &[page, ("origin", ORIGIN), ("origin", ORIGIN)],
        &[page, ("sec-fetch-site", "same-origin")],
        &[page, ("sec-fetch-site", "cross-site")],
        &[
            ("origin", ORIGIN),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "same-origin"),
        ],
    ] {
        let answer = ask(&pages, post(said, &token)).await;
        assert_eq!(answer.response.status(), StatusCode::FORBIDDEN, "{said:?}");
    }
    for token in ["", &others, &token[1..]] {
        let answer = ask(&pages, post(&[page], token)).await;
        assert_eq!(answer.response.status(), StatusCode::FORBIDDEN, "{token}");
    }
    let answer = ask(&pages, post(&[page], &token)).await;
    assert_eq!(answer.response.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_no_form_is_or_no_method_of_ours_is_a_bad_request() {
    let memory = Memory::new();
    let pages = pages(&memory);
    let bad = |method: &str, kind: &str, body: &str| {
        let request = Request::builder().method(method).uri("/sign-in");
        let request = request.header(header::CONTENT_TYPE, kind);
        request.body(body.to_owned()).unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    for request in [
        bad("PUT", form, "a=b"),
        bad("POST", "application/json", "{}"),
        bad("POST", "text/plain", "form=x"),
        bad("POST", form, "a"),
        bad("POST", form, "a=%00"),
        get("/sign-in?a=%zz"),
    ] {
        let answer = ask(&pages, request).await;
        assert_eq!(answer.response.status(), StatusCode::BAD_REQUEST);
    }
    let nobody = ask(&pages, get("/tokens/confirm?id=1")).await;
    assert_eq!(nobody.response.headers()[header::LOCATION], "/sign-in");
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_a_name_is_shown_as_text() {
    let memory = Memory::new();
    let pages = pages(&memory);
    let (cookie, token) = opened(&pages).await;
    let form = "application/x-www-form-urlencoded";
    let post = || {
        Request::post("/sign-in")
            .header(header::CONTENT_TYPE, form)
            .header(header::ORIGIN, ORIGIN)
            .header(header::COOKIE, &cookie)
            .body(format!(
                "form={token}&UserName=%3Cscript%3Ealert(1)%3C/script%3E"
            ))
            .unwrap()
    };
    memory.break_down();
    let away = ask(&pages, post()).await;
    assert_eq!(away.response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.unavailable.is_some());
    memory.mend();
    let begun = ask(&pages, post()).await;
    let cookie = begun.response.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let asks = Request::get("/sign-in").header(header::COOKIE, cookie);
    let asks = ask(&pages, asks.body(String::new()).unwrap()).await;
    let page = text(&asks);
    assert!(page.contains("name=\"Password\""), "{page}");
    assert!(!page.contains("<script"), "{page}");
}
