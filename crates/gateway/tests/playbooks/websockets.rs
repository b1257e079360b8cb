//! WebSocket: asked for in one way, on a route that lets it, and agreed to by the back end (T-CONN-8).

use gateway::conversation::Pass;
use http::{Method, Version};

use crate::connection::Passed;
use crate::documents::answered;
use crate::request::{Request, get};
use crate::scene::{MAIL, Scene, publication_with};

const PATH: &str = "/EWS/Exchange.asmx";

/// An Exchange that speaks WebSocket.
fn scene() -> Scene {
    Scene::publishing(publication_with(MAIL, |route| route.websocket = true))
}

fn asking() -> Request {
    get(MAIL, PATH)
        .with("connection", "keep-alive, Upgrade")
        .with("upgrade", "WebSocket")
        .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .with("sec-websocket-version", "13")
        .with("sec-websocket-protocol", "chat")
}

/// Whether a request of somebody's goes on as one for WebSocket, and is told the back end so.
fn is_websocket(scene: &Scene, request: Request) -> bool {
    let anna = scene.person("anna");
    let request = request.basic("anna", &anna.password);
    let forward = scene.connects().sends(&request).forward();
    assert!(matches!(forward.pass, Pass::As(_)));
    let headers = &forward.head.headers;
    for (name, value) in [("connection", "Upgrade"), ("upgrade", "websocket")] {
        let told = headers.get(name).is_some_and(|it| it == value);
        assert_eq!(told, forward.is_websocket, "{name}: {headers:?}");
    }
    let about = headers
        .keys()
        .filter(|name| name.as_str().starts_with("sec-websocket"));
    assert_eq!(about.count(), 3 * usize::from(forward.is_websocket));
    forward.is_websocket
}

#[test]
fn a_route_says_whether_it_may_be_asked_for() {
    assert!(is_websocket(&scene(), asking()));
    assert!(!is_websocket(&Scene::new(), asking()), "no preset does");
}

#[test]
fn t_conn_8_it_is_asked_for_in_one_way_and_anything_else_is_dropped() {
    let other = |change: fn(Request) -> Request| !is_websocket(&scene(), change(asking()));
    assert!(other(|it| it.without("connection")));
    assert!(other(|it| it
        .without("connection")
        .with("connection", "close")));
    assert!(other(|it| it.without("upgrade")));
    assert!(other(|it| it.without("upgrade").with("upgrade", "h2c")));
    assert!(other(|it| it
        .without("upgrade")
        .with("upgrade", "websocket, x")));
    assert!(other(|it| it.with("upgrade", "x")));
    assert!(other(|it| it.without("sec-websocket-key")));
    assert!(other(|it| it.with("sec-websocket-key", "x")));
    assert!(other(|it| it.without("sec-websocket-version")));
    assert!(other(|it| it.with("content-length", "5")));
    assert!(other(|it| it.with("transfer-encoding", "chunked")));
    assert!(other(|it| it.version(Version::HTTP_10)));
    assert!(other(|mut it| {
        it.head.method = Method::POST;
        it
    }));
}

#[test]
fn nobody_is_given_over_who_did_not_prove_who_they_are() {
    let scene = scene();
    let mut connection = scene.connects();
    assert_eq!(connection.sends(&asking()).told(), "401");
    assert_eq!(connection.sends(&asking().basic("anna", "x")).told(), "401");
}

/// What an answer to a request becomes; an error is the status in its place.
fn answers(request: Request, status: u16, headers: &[(&str, &str)]) -> Result<Passed, u16> {
    let scene = scene();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let request = request.basic("anna", &anna.password);
    let forward = connection.sends(&request).forward();
    let answer = answered(status, headers, "");
    let answered = connection.answers(&forward, answer);
    answered.map_err(|reply| reply.status.as_u16())
}

#[test]
fn t_conn_8_only_101_to_what_was_asked_gives_the_connection_over() {
    let agreed = [
        ("connection", "upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("content-length", "5"),
        ("server", "IIS"),
    ];
    let passed = answers(asking(), 101, &agreed).unwrap();
    assert_eq!(passed.head.status, 101);
    let headers = &passed.head.headers;
    assert_eq!(headers["upgrade"], "websocket");
    assert_eq!(headers["connection"], "Upgrade");
    assert_eq!(headers["sec-websocket-accept"], agreed[2].1);
    assert!(!headers.contains_key("content-length") && !headers.contains_key("server"));

    for status in [100, 103] {
        assert_eq!(answers(asking(), status, &agreed).unwrap_err(), 502);
    }
    let plain = get(MAIL, PATH);
    assert_eq!(answers(plain, 101, &agreed).unwrap_err(), 502);
    assert_eq!(answers(asking(), 101, &agreed[..2]).unwrap_err(), 502);
    let other = [("upgrade", "h2c"), agreed[2]];
    assert_eq!(answers(asking(), 101, &other).unwrap_err(), 502);
    let ordinary = answers(asking(), 200, &agreed).unwrap();
    assert!(!ordinary.head.headers.contains_key("upgrade"));
}
