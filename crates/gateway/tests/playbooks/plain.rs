//! Plain HTTP: discover says where to go on, what people type is redirected, and nothing else is there.

use gateway::plain;
use gateway::route::Host;
use http::Method;
use proto::lync::discover::{MediaType, Response};

use crate::documents::{MEX, ROOT, USER, WEB_TICKET};
use crate::request::{Request, get};
use crate::scene::{DISCOVER, LYNC, MAIL, publication};

const AUTODISCOVER: &str = "autodiscover.contoso.com";

fn status(request: &Request) -> u16 {
    plain::answer(&publication(), &request.head).status.as_u16()
}

#[test]
fn discover_over_plain_http_redirects_with_200_in_the_form_that_is_asked_for() {
    for (path, url) in [
        ("/", "https://lyncdiscover.contoso.com/"),
        (
            "/?sipuri=anna@contoso.com",
            "https://lyncdiscover.contoso.com/",
        ),
        (ROOT, &format!("https://lyncdiscover.contoso.com{ROOT}")),
    ] {
        for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
            let request = get(DISCOVER, path).with("accept", form.content_type());
            let reply = plain::answer(&publication(), &request.head);
            assert_eq!(reply.status.as_u16(), 200, "{path}");
            assert_eq!(reply.headers["content-type"], form.content_type());
            let response = Response::parse(&reply.body, form).unwrap();
            assert_eq!((response.redirect(), response.links.len()), (Some(url), 1));
        }
    }
    assert_eq!(status(&Request::new(Method::HEAD, DISCOVER, "/")), 200);
    assert_eq!(status(&get("LyncDiscover.contoso.com:80", "/")), 200);
}

#[test]
fn pages_that_people_type_and_autodiscover_are_redirected_to_the_published_origin() {
    for (host, path, url) in [
        (LYNC, "/meet/anna/ABC?sl=1", "https://lyncweb.contoso.com"),
        (
            "LyncWeb.contoso.com:80",
            "/Meet",
            "https://lyncweb.contoso.com",
        ),
        (LYNC, "/dialin", "https://lyncweb.contoso.com"),
        (
            LYNC,
            "/dialin/?next=//evil.example",
            "https://lyncweb.contoso.com",
        ),
        (
            AUTODISCOVER,
            "/Autodiscover/Autodiscover.xml",
            "https://autodiscover.contoso.com:8443",
        ),
        (
            AUTODISCOVER,
            "/autodiscover/autodiscover.xml",
            "https://autodiscover.contoso.com:8443",
        ),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let request = Request::new(method, host, path);
            let request = request.with("x-forwarded-host", "evil.example");
            let reply = plain::answer(&publication(), &request.head);
            assert_eq!(reply.status.as_u16(), 302, "{host}{path}");
            assert_eq!(reply.headers["location"], format!("{url}{path}"));
            assert_eq!(reply.headers["cache-control"], "no-store");
        }
        let posted = Request::new(Method::POST, host, path);
        assert_eq!(status(&posted), 404, "{host}{path}");
    }
}

#[test]
fn nothing_else_is_there_over_plain_http() {
    for (host, path) in [
        (DISCOVER, "/x"),
        (DISCOVER, USER),
        (DISCOVER, "//"),
        (LYNC, "/"),
        (LYNC, ROOT),
        (LYNC, MEX),
        (LYNC, WEB_TICKET),
        (LYNC, "/meeting"),
        (LYNC, "/meet/../WebTicket"),
        (LYNC, "//evil.example/meet"),
        (LYNC, "/lwa"),
        (MAIL, "/"),
        (MAIL, "/EWS/Exchange.asmx"),
        (MAIL, "/Autodiscover/Autodiscover.xml"),
        (AUTODISCOVER, "/"),
        (AUTODISCOVER, "/Autodiscover/Autodiscover.svc"),
        (AUTODISCOVER, "/Autodiscover/Autodiscover.xml/x"),
    ] {
        assert_eq!(status(&get(host, path)), 404, "{host}{path}");
    }
    assert_eq!(status(&Request::new(Method::POST, DISCOVER, "/")), 404);
    for host in [
        "evil.example",
        "fe01.contoso.local",
        "a@lyncdiscover.contoso.com",
        "",
    ] {
        assert_eq!(status(&get(host, "/")), 421, "{host}");
    }
    assert_eq!(status(&get(DISCOVER, "/").without("host")), 400);
    assert_eq!(status(&get(DISCOVER, "/").with("host", DISCOVER)), 400);
}

#[test]
fn pages_of_our_own_and_routes_of_the_operator_s_are_redirected_and_the_api_is_not_there() {
    let mut publication = publication();
    let host = |name: &str, is_api: bool| Host {
        is_ours: true,
        is_api,
        origin: Some(format!("https://{name}:8443")),
        ..Host::default()
    };
    for (name, is_api) in [("my.contoso.com", false), ("api.contoso.com", true)] {
        publication
            .hosts
            .insert(name.to_owned(), host(name, is_api));
    }
    let answer = |method: Method, name: &str, path: &str| {
        let request = Request::new(method, name, path);
        plain::answer(&publication, &request.head)
    };
    let reply = answer(Method::GET, "my.contoso.com", "/sign-in?a=b");
    assert_eq!(reply.status.as_u16(), 302);
    assert_eq!(
        reply.headers["location"],
        "https://my.contoso.com:8443/sign-in?a=b"
    );
    for (method, name, path) in [
        (Method::POST, "my.contoso.com", "/sign-in"),
        (Method::GET, "my.contoso.com", "//evil.example"),
        (Method::GET, "api.contoso.com", "/"),
    ] {
        assert_eq!(
            answer(method, name, path).status.as_u16(),
            404,
            "{name}{path}"
        );
    }
}
