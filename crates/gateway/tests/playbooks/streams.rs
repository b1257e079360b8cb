//! HTTP/2: a stream is for a host where nothing is proved by a connection, in one spelling, or for none.

use std::sync::Arc;

use gateway::Publication;
use gateway::route::{Auth, Kind, Scheme};
use http::Version;

use crate::connection::Said;
use crate::documents::ROOT;
use crate::request::{Request, get};
use crate::scene::{DISCOVER, LYNC, MAIL, Scene, publication, publication_with};

const EWS: &str = "/EWS/Exchange.asmx";

/// The same request on a stream: its host is its authority.
fn on_stream(request: Request, authority: &str) -> Request {
    let path = request.head.uri.path();
    let uri = format!("https://{authority}{path}").parse().unwrap();
    let mut request = request.version(Version::HTTP_2).without("host");
    request.head.uri = uri;
    request
}

/// Exchange without NTLM and Negotiate.
fn by_password_alone() -> Publication {
    publication_with(MAIL, |route| {
        if route.auth != Auth::Closed {
            route.auth = Auth::Schemes(vec![Scheme::Basic]);
        }
    })
}

fn said(request: &Request) -> Said {
    Scene::publishing(by_password_alone())
        .connects()
        .sends(request)
}

#[test]
fn t_conn_4_a_host_of_ntlm_is_not_there_on_a_stream() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for host in [MAIL, LYNC] {
        let request = on_stream(get(host, EWS).basic("anna", &anna.password), host);
        assert_eq!(scene.connects().sends(&request).told(), "421 and close");
    }
    let without = Scene::publishing(by_password_alone());
    let anna = without.person("anna");
    let request = on_stream(get(MAIL, EWS).basic("anna", &anna.password), MAIL);
    assert_eq!(without.connects().sends(&request).told(), "anna");
}

#[test]
fn t_conn_4_only_a_host_that_is_known_and_without_ntlm_may_multiplex() {
    let publication = publication();
    assert!(publication.may_multiplex(Some(DISCOVER)));
    for name in [Some(MAIL), Some(LYNC), Some("evil.example"), None] {
        assert!(!publication.may_multiplex(name), "{name:?}");
    }
    assert!(by_password_alone().may_multiplex(Some(MAIL)));
    for scheme in [Scheme::Ntlm, Scheme::Negotiate] {
        let mut one = by_password_alone();
        let route = one.hosts.get_mut(MAIL).unwrap().routes.last_mut().unwrap();
        Arc::make_mut(route).auth = Auth::Schemes(vec![Scheme::Basic, scheme]);
        assert!(!one.may_multiplex(Some(MAIL)), "{scheme:?}");
    }
}

#[test]
fn t_conn_4_ntlm_and_negotiate_are_not_heard_on_a_stream() {
    let client = proto::ntlm::client::Client::new("anna", "CONTOSO", "x");
    for scheme in ["NTLM", "Negotiate"] {
        let request = get(MAIL, EWS).token(scheme, &client.negotiate());
        let said = said(&on_stream(request, MAIL));
        assert_eq!(said.told(), "401");
        assert_eq!(
            said.offers(),
            ["Basic realm=\"contoso\", charset=\"UTF-8\""]
        );
    }
}

#[test]
fn t_http_5_a_stream_names_its_host_once_or_twice_alike() {
    let request = || on_stream(get(MAIL, EWS), MAIL);
    assert_eq!(said(&request()).told(), "401");
    assert_eq!(said(&request().with("host", MAIL)).told(), "401");
    let shouted = MAIL.to_ascii_uppercase();
    assert_eq!(said(&request().with("host", &shouted)).told(), "401");
    for other in ["evil", LYNC, &format!("{MAIL}:8443"), ""] {
        let request = request().with("host", other);
        assert_eq!(said(&request).told(), "400 and close", "{other}");
    }
    let twice = request().with("host", MAIL).with("host", MAIL);
    assert_eq!(said(&twice).told(), "400 and close");
    let nobodys = get(MAIL, EWS).version(Version::HTTP_2);
    assert_eq!(said(&nobodys).told(), "400 and close");
}

#[test]
fn t_http_5_a_stream_has_no_header_of_one_hop() {
    for (name, value) in [
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
    ] {
        let request = on_stream(get(MAIL, EWS), MAIL).with(name, value);
        assert_eq!(said(&request).told(), "400 and close", "{name}");
    }
}

#[test]
fn the_cookies_of_a_stream_are_one_line() {
    let scene = Scene::publishing(by_password_alone());
    let anna = scene.person("anna");
    let request = get(MAIL, EWS)
        .basic("anna", &anna.password)
        .with("cookie", "a=b")
        .with("cookie", "X-BEResource=evil")
        .with("cookie", "c=d");
    let forward = scene.connects().sends(&on_stream(request, MAIL)).forward();
    let cookies = forward.head.headers.get_all("cookie").iter();
    assert_eq!(cookies.collect::<Vec<_>>(), ["a=b; c=d"]);
}

#[test]
fn what_comes_behind_the_question_for_a_document_goes_nowhere() {
    let scene = Scene::new();
    let request = on_stream(get(DISCOVER, ROOT), DISCOVER);
    let forward = scene.connects().sends(&request).forward();
    let kept =
        matches!(&forward.body, gateway::conversation::RequestBody::Keep(body) if body.is_empty());
    assert!(kept, "{forward:?}");
    let routes = &scene.publication.hosts[DISCOVER].routes;
    assert!(routes.iter().any(|route| route.kind == Kind::LyncDiscover));
}
