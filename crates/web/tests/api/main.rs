//! The HTTP API: each role does what it may, whatever is wrong has its place, and the document says what is so.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod document;
mod ledger;
mod world;

use authn::admin::role::Role;
use authn::audit::Kind;
use authn::place::Zone;
use authn::ports::{Accounts as _, Audit as _};
use http::{Request, header};
use jiff::SignedDuration;
use serde_json::json;
use world::{World, made};

const ANNA: &str = "/api/v1/accounts/anna@contoso.com";

#[tokio::test]
async fn s73_without_a_token_that_stands_nothing_is_told() {
    let world = World::new().await;
    let own = ("GET", "/api/v1/self");
    let none = world.asks(None, own, "").await;
    assert_eq!(none.status, 401);
    let challenge = &none.answer.response.headers()[header::WWW_AUTHENTICATE];
    assert_eq!(challenge, "Bearer realm=\"wicketgate\"");
    let ended = made(
        &world.memory,
        Role::HelpDesk,
        99,
        SignedDuration::from_mins(1),
    )
    .await;
    let good = &world.tokens[&Role::HelpDesk];
    let mut told = Vec::new();
    for wrong in [ended.as_str(), &format!("{good}0"), "x", "Basic eDp5"] {
        let got = world.asks(Some(wrong), own, "").await;
        told.push((got.status, got.body, got.answer.signed_in));
    }
    assert_eq!(told[0].0, 401);
    assert_eq!(told[0].2, Some(false), "it is counted");
    assert!(told.iter().all(|it| *it == told[0]), "one answer for all");
    for path in ["/", "/api/v1/openapi.json", "/api/v1/nothing", ANNA] {
        assert_eq!(world.asks(None, ("GET", path), "").await.status, 401);
    }
}

#[tokio::test]
async fn s73_a_token_is_taken_from_one_header_alone() {
    let world = World::new().await;
    let good = &world.tokens[&Role::HelpDesk];
    let bearer = format!("Bearer {good}");
    let ask = async |path: &str, lines: &[(&str, &str)]| {
        let mut request = Request::get(path);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let request = request.body(String::new()).unwrap();
        world.sends(request, Zone::INTERNAL).await.status
    };
    let own = "/api/v1/self";
    assert_eq!(ask(own, &[("authorization", &bearer)]).await, 200);
    let in_address = format!("{own}?access_token={good}");
    assert_eq!(ask(&in_address, &[]).await, 401);
    assert_eq!(ask(own, &[("cookie", &format!("token={good}"))]).await, 401);
    let twice = [
        ("authorization", bearer.as_str()),
        ("authorization", &bearer),
    ];
    assert_eq!(ask(own, &twice).await, 401);
    let basic = format!("Basic {good}");
    assert_eq!(ask(own, &[("authorization", &basic)]).await, 401);
    let long = format!("Bearer {}", "x".repeat(1_000));
    assert_eq!(ask(own, &[("authorization", &long)]).await, 401);
}

#[tokio::test]
async fn s73_from_a_zone_that_is_not_named_nothing_is_there() {
    let world = World::new().await;
    let good = format!("Bearer {}", world.tokens[&Role::Auditor]);
    for path in ["/api/v1/self", "/api/v1/nothing"] {
        let request = Request::get(path).header(header::AUTHORIZATION, &good);
        let got = world.sends(request.body(String::new()).unwrap(), Zone::EXTERNAL);
        assert_eq!(got.await.status, 404);
    }
}

#[tokio::test]
async fn s73_wrong_tokens_of_one_network_are_too_many_and_shut_no_right_one_out() {
    let world = World::new().await;
    let own = ("GET", "/api/v1/self");
    for _ in 0..web::api::MAX_WRONG {
        assert_eq!(world.asks(Some("wrong"), own, "").await.status, 401);
    }
    let shut = world.asks(Some("wrong"), own, "").await;
    assert_eq!(shut.status, 429);
    assert_eq!(shut.answer.response.headers()[header::RETRY_AFTER], "60");
    assert_eq!(world.asks_as(Role::Auditor, own, "").await.status, 200);
    assert_eq!(world.asks(Some("wrong"), own, "").await.status, 429);
}

#[tokio::test]
async fn s73_a_token_is_used_so_often_a_minute_and_no_more() {
    let world = World::new().await;
    let own = ("GET", "/api/v1/self");
    for _ in 0..web::api::MAX_REQUESTS {
        assert_eq!(world.asks_as(Role::Auditor, own, "").await.status, 200);
    }
    assert_eq!(world.asks_as(Role::Auditor, own, "").await.status, 429);
    assert_eq!(world.asks_as(Role::HelpDesk, own, "").await.status, 200);
}

#[tokio::test]
async fn s73_an_app_password_is_made_listed_and_revoked_and_the_audit_names_the_token() {
    let world = World::new().await;
    let all = format!("{ANNA}/app-passwords");
    let order = json!({ "label": "Pixel 9", "device": "phone", "scope": ["ews"] }).to_string();
    let made = world.asks_as(Role::HelpDesk, ("POST", &all), &order).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let headers = made.answer.response.headers();
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let secret = made.body["app_password"].as_str().unwrap().to_owned();
    let listed = world.asks_as(Role::Auditor, ("GET", &all), "").await;
    assert_eq!(listed.body["items"][0]["label"], "Pixel 9");
    assert!(!listed.body.to_string().contains(&secret), "shown once");
    let one = format!("{all}/{}", made.body["id"].as_str().unwrap());
    for _ in 0..2 {
        let gone = world.asks_as(Role::HelpDesk, ("DELETE", &one), "").await;
        assert_eq!(gone.status, 204);
    }
    let unknown = format!("{all}/nothing");
    let gone = world.asks_as(Role::HelpDesk, ("DELETE", &unknown), "");
    assert_eq!(gone.await.status, 404);
    let trail = world.memory.read(1, 100).await.unwrap();
    let acts: Vec<_> = trail
        .iter()
        .filter(|it| {
            matches!(
                it.event.kind,
                Kind::AppPasswordCreated { .. } | Kind::AppPasswordRevoked { .. }
            )
        })
        .collect();
    assert_eq!(acts.len(), 2, "what was revoked already is no event");
    for act in acts {
        let actor = act.event.actor.as_ref().unwrap().as_str();
        assert!(actor.starts_with("api help-desk "), "{actor}");
        assert!(actor.ends_with(" the help-desk"), "{actor}");
        assert_eq!(act.event.account.as_ref(), Some(&world.anna.id));
        assert_eq!(act.event.zone, Some(Zone::INTERNAL));
        assert!(act.event.source.is_some() && act.event.activity.is_some());
        assert!(!act.text.contains(&secret));
    }
}

#[tokio::test]
async fn an_app_password_of_another_account_is_not_revoked_by_this_one() {
    let world = World::new().await;
    let order = json!({ "label": "a", "scope": ["ews"] }).to_string();
    let all = format!("{ANNA}/app-passwords");
    let made = world.asks_as(Role::HelpDesk, ("POST", &all), &order).await;
    let id = made.body["id"].as_str().unwrap();
    let ben = authn::account::Account {
        id: authn::account::AccountId("ben".to_owned()),
        sam: "ben".to_owned(),
        upn: "ben@contoso.com".to_owned(),
        sip_addresses: Vec::new(),
        ..world.anna.clone()
    };
    let by = world::by_hand();
    let event = authn::audit::Event::by_hand(&by, Kind::AccountCreated, Some(ben.id.clone()));
    world.memory.add(&ben, event).await.unwrap().unwrap();
    let wrong = format!("/api/v1/accounts/ben@contoso.com/app-passwords/{id}");
    let got = world.asks_as(Role::HelpDesk, ("DELETE", &wrong), "").await;
    assert_eq!(got.status, 404);
    let listed = world.asks_as(Role::HelpDesk, ("GET", &all), "").await;
    assert!(listed.body["items"][0].get("revoked").is_none());
}

#[tokio::test]
async fn whatever_is_wrong_with_a_request_has_its_place() {
    let world = World::new().await;
    let all = format!("{ANNA}/app-passwords");
    for (body, place) in [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        (r#"{"label":"a","scope":["ews"],"owner":"eve"}"#, "/owner"),
        (r#"{"label":"a"}"#, "/scope"),
        (r#"{"label":"a","scope":["nothing"]}"#, "/scope"),
        (r#"{"label":"","scope":["ews"]}"#, "/label"),
        (
            r#"{"label":"a","scope":["ews"],"expires":"soon"}"#,
            "/expires",
        ),
    ] {
        let got = world.asks_as(Role::HelpDesk, ("POST", &all), body).await;
        assert_eq!(got.status, 400, "{body}");
        assert_eq!(got.body["errors"][0]["place"], place, "{body}");
        let kind = &got.answer.response.headers()[header::CONTENT_TYPE];
        assert_eq!(kind, "application/problem+json");
        assert_eq!(got.body["status"], 400);
        assert!(got.body["activity"].as_str().unwrap().len() > 10);
    }
    let past = r#"{"label":"a","scope":["ews"],"expires":"2001-01-01T00:00:00Z"}"#;
    let got = world.asks_as(Role::HelpDesk, ("POST", &all), past).await;
    assert_eq!(got.status, 422);
    let token = format!("Bearer {}", world.tokens[&Role::HelpDesk]);
    let plain = Request::post(&all).header(header::AUTHORIZATION, token);
    let plain = plain.header(header::CONTENT_TYPE, "text/plain");
    let plain = plain.body("{}".to_owned()).unwrap();
    assert_eq!(world.sends(plain, Zone::INTERNAL).await.status, 415);
    let disable = format!("{ANNA}/disable");
    let got = world
        .asks_as(Role::HelpDesk, ("POST", &disable), "{}")
        .await;
    assert_eq!(got.status, 400, "nothing is asked for there");
    for path in ["?count=0", "?count=201", "?other=1", "?count=1&count=2"] {
        let path = format!("/api/v1/accounts{path}");
        let got = world.asks_as(Role::HelpDesk, ("GET", &path), "").await;
        assert_eq!(got.status, 400, "{path}");
    }
    let got = world.asks_as(Role::HelpDesk, ("PATCH", ANNA), "").await;
    assert_eq!(got.status, 405);
    assert_eq!(got.answer.response.headers()[header::ALLOW], "GET");
    let nobody = "/api/v1/accounts/nobody@contoso.com";
    let got = world.asks_as(Role::HelpDesk, ("GET", nobody), "").await;
    assert_eq!(got.status, 404);
}

#[tokio::test]
async fn a_list_is_told_in_pages_to_its_end() {
    let world = World::new().await;
    let mut numbers = Vec::new();
    let mut path = "/api/v1/audit?count=4".to_owned();
    loop {
        let page = world.asks_as(Role::Auditor, ("GET", &path), "").await;
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 4);
        numbers.extend(items.iter().map(|it| it["number"].as_i64().unwrap()));
        match page.body.get("next") {
            Some(next) => path = format!("/api/v1/audit?count=4&after={}", next.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    for wrong in ["-1", "x", "1.5"] {
        let path = format!("/api/v1/audit?after={wrong}");
        let got = world.asks_as(Role::Auditor, ("GET", &path), "").await;
        assert_eq!(got.status, 400, "{wrong}");
    }
    let asked = async |query: &str| {
        let path = format!("/api/v1/audit?{query}");
        let got = world.asks_as(Role::Auditor, ("GET", &path), "").await;
        let items = got.body["items"].as_array().cloned().unwrap_or_default();
        let numbers = items.iter().map(|it| it["number"].as_i64().unwrap());
        let next = got.body.get("next").cloned();
        (got.status, numbers.collect::<Vec<i64>>(), next)
    };
    let (_, all, _) = asked("count=200").await;
    let events = world
        .asks_as(Role::Auditor, ("GET", "/api/v1/audit"), "")
        .await;
    let events = events.body["items"].as_array().cloned().unwrap();
    let of = |field: &str, value: &str| -> Vec<i64> {
        let theirs = events.iter().filter(|it| it["event"][field] == value);
        theirs.map(|it| it["number"].as_i64().unwrap()).collect()
    };
    let (anna, kind) = (
        &*world.anna.id.0,
        events[0]["event"]["event"].as_str().unwrap(),
    );
    let about = asked(&format!("account={anna}")).await;
    assert_eq!(about, (200, of("account", anna), None));
    assert!(!about.1.is_empty() && about.1.len() < all.len());
    let of_kind = asked(&format!("event={kind}")).await;
    assert_eq!(of_kind, (200, of("event", kind), None));
    let (status, none, next) = asked("since=2999-01-01T00:00:00Z").await;
    assert_eq!((status, none, next), (200, vec![], None));
    assert_eq!(asked("since=2000-01-01T00:00:00Z&count=200").await.1, all);
    let (_, first, next) = asked("count=1").await;
    assert_eq!((first, next), (vec![1], Some(json!("1"))));
    for wrong in ["event=no-such-kind", "since=yesterday"] {
        assert_eq!(asked(wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(asked("account=nobody@contoso.com").await.0, 404);
    let found = "/api/v1/accounts?search=ANNA";
    let found = world.asks_as(Role::Auditor, ("GET", found), "").await;
    assert_eq!(found.body["items"][0]["id"], world.anna.id.0.as_str());
    let none = "/api/v1/accounts?search=eve";
    let none = world.asks_as(Role::Auditor, ("GET", none), "").await;
    assert_eq!(none.body, json!({ "items": [] }));
}

#[tokio::test]
async fn a_store_that_is_away_lets_nobody_in_and_tells_nothing_of_itself() {
    let world = World::new().await;
    world.memory.break_down();
    let got = world
        .asks_as(Role::Auditor, ("GET", "/api/v1/self"), "")
        .await;
    assert_eq!(got.status, 503);
    assert!(got.answer.unavailable.is_some(), "it is for the log");
    assert!(!got.body.to_string().contains("broken"), "{}", got.body);
}

#[tokio::test]
async fn the_last_member_of_a_farm_stays_unless_somebody_insists() {
    let world = World::new().await;
    let (drain, undrain) = ("/api/v1/farms/pool/drain", "/api/v1/farms/pool/undrain");
    let asks = async |path: &str, body: &str| {
        let got = world.asks_as(Role::GatewayAdministrator, ("POST", path), body);
        let got = got.await;
        let items = got.body["items"].as_array().cloned().unwrap_or_default();
        let drained = items.iter().filter(|it| it["is_drained"] == true).count();
        (got.status, drained)
    };
    assert_eq!(asks(drain, "").await, (409, 0));
    let one = r#"{"member":"a.contoso.local:443"}"#;
    assert_eq!(asks(drain, one).await, (200, 1));
    assert_eq!(
        asks(drain, r#"{"member":"b.contoso.local:443"}"#).await,
        (409, 0)
    );
    assert_eq!(asks(drain, r#"{"force":true}"#).await, (200, 2));
    assert_eq!(asks(undrain, one).await, (200, 1));
    assert_eq!(asks(undrain, "").await, (200, 0));
    assert_eq!(asks(drain, r#"{"member":"c"}"#).await, (400, 0));
    assert_eq!(asks("/api/v1/farms/other/drain", "").await, (404, 0));
    assert_eq!(asks("/api/v1/farms/other/undrain", "").await, (404, 0));
}
