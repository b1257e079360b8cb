//! Headers on their way to a back end: nobody's credentials, our word alone on who it is.

use expect_test::expect;
use gateway::conversation::AnswerBody;
use gateway::route::Onward;
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::connection::type_3;
use crate::documents::{MEX, ROOT};
use crate::request::{Request, get};
use crate::scene::{DISCOVER, IDENTITY, LYNC, MAIL, Scene, peer, publication_with};
use crate::spnego::{NTLM, authenticate, init, inner};

fn ews() -> Request {
    get(MAIL, "/EWS/Services.wsdl")
}

/// What goes on of a request of somebody who is signed in.
fn passed(request: &Request) -> HeaderMap {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    connection.sends(request).forward().head.headers
}

/// Header lines in the order of their names.
fn lines(headers: &HeaderMap) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn what_is_added_is_the_way_the_request_came_and_its_id() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let request = ews()
        .basic("anna", &anna.password)
        .with("accept", "text/xml")
        .with("x-anchormailbox", "anna@contoso.com")
        .with("x-no-list-has-it", "1");
    let mut forward = scene.connects().sends(&request).forward();
    let id = forward
        .head
        .headers
        .remove("x-wicketgate-activity")
        .unwrap();
    assert_eq!(id, forward.activity.0.as_str());
    assert_eq!(forward.head.version, Version::HTTP_11);
    expect![[r#"
        accept: text/xml
        host: mail.contoso.com
        x-anchormailbox: anna@contoso.com
        x-forwarded-for: 198.51.100.7
        x-forwarded-host: mail.contoso.com
        x-forwarded-proto: https"#]]
    .assert_eq(&lines(&forward.head.headers));
}

#[test]
fn a_back_end_without_a_name_of_its_own_sees_the_published_one() {
    let scene = Scene::new();
    let mapped = gateway::Peer {
        address: "::ffff:203.0.113.9".parse().unwrap(),
        ..peer()
    };
    let said = scene.connects_as(mapped).sends(&get(DISCOVER, ROOT));
    let headers = said.forward().head.headers;
    assert_eq!(headers["host"], DISCOVER);
    assert_eq!(headers["x-forwarded-host"], DISCOVER);
    assert_eq!(headers["x-forwarded-for"], "203.0.113.9");
}

#[test]
fn who_it_is_is_for_the_door_to_say_and_never_on_an_open_route() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let request = ews().basic("anna", &anna.password);
    let forward = scene.connects().sends(&request).forward();
    let Onward::Header { name, audience } = forward.onward else {
        panic!("the back end would not learn who it is");
    };
    assert_eq!((name.as_str(), audience.as_str()), (IDENTITY, "contoso"));
    assert!(!forward.head.headers.contains_key(IDENTITY));
    let open = scene
        .connects()
        .sends(&get(DISCOVER, ROOT).basic("anna", &anna.password));
    assert_eq!(open.forward().onward, Onward::None);
}

#[test]
fn t_ntlm_4_credentials_do_not_go_on_whichever_way_they_came() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let challenge = connection.begins_ntlm(&anna.client(), &ews());
    let by_ntlm = ews().token("NTLM", &type_3(&anna.client(), &challenge));
    let mut negotiating = scene.connects();
    let first = init(&[NTLM], &anna.client().negotiate());
    let said = negotiating.sends(&ews().token("Negotiate", &first));
    let (last, _) = authenticate(&anna.client(), &inner(&said.token("Negotiate")), &[NTLM]);
    for said in [
        connection.sends(&by_ntlm.with("proxy-authorization", "NTLM TlRM")),
        negotiating.sends(&ews().token("Negotiate", &last)),
        scene.connects().sends(&ews().basic("anna", &anna.password)),
    ] {
        let headers = said.forward().head.headers;
        assert!(!headers.contains_key("authorization"), "{headers:?}");
        assert!(!headers.contains_key("proxy-authorization"), "{headers:?}");
    }
}

#[test]
fn t_ntlm_4_credentials_do_not_go_on_through_an_open_route() {
    let scene = Scene::new();
    for value in [
        "NTLM TlRM",
        "Negotiate YII=",
        "Basic YTpi",
        "Digest a=b",
        "x",
        "",
    ] {
        let request = get(DISCOVER, ROOT).with("authorization", value);
        let headers = scene.connects().sends(&request).forward().head.headers;
        assert!(!headers.contains_key("authorization"), "{value}");
    }
    // A ticket that nobody checked is a credential, too.
    for request in [
        get(DISCOVER, ROOT).with("authorization", "Bearer cwt=AA"),
        get(DISCOVER, ROOT).with("x-ms-webticket", "cwt=AA"),
        get(LYNC, MEX).with("x-ms-webticket", "cwt=AA"),
    ] {
        let headers = scene.connects().sends(&request).forward().head.headers;
        assert!(!lines(&headers).contains("cwt=AA"), "{headers:?}");
    }
    let headers = passed(&ews().with("x-ms-webticket", "cwt=AA"));
    assert!(!lines(&headers).contains("cwt=AA"), "{headers:?}");
}

#[test]
fn t_http_6_identity_headers_are_ours_alone_in_every_spelling() {
    for name in [
        "x-contoso-who",
        "X-Contoso-Who",
        "x_contoso_who",
        "X-CONTOSO_WHO",
        "X-Forwarded-For",
        "X_Forwarded_For",
        "x-forwarded_for",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-User",
        "X-Forwarded-Preferred-Username",
        "Forwarded",
        "Remote-User",
        "REMOTE_USER",
        "X-Remote-User",
        "X-Auth-User",
        "X-Authenticated-User",
        "X-Real-IP",
        "True-Client-IP",
        "X-SSL-Client-Cert",
        "X-Client-Cert-Subject",
        "X-MS-Proxy",
        "X-MS-Forwarded-Client-IP",
        "X-MS-ADFS-Proxy-Client-IP",
        "X-MS-Endpoint-Absolute-Path",
        "X-CommonAccessToken",
        "X-BEResource",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-HTTP-Method-Override",
        "X-ARR-ClientCert",
        "X_Wicketgate_Identity",
        "Any_Other",
    ] {
        let headers = passed(&ews().with(name, "evil-1").with(name, "evil-2"));
        let seen = lines(&headers);
        assert!(!seen.contains("evil"), "{name}\n{seen}");
        let ours = [
            "host",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
        ];
        assert_eq!(headers.len(), ours.len() + 1, "{name}\n{seen}");
        assert_eq!(headers["x-forwarded-for"], "198.51.100.7", "{name}");
    }
}

/// A farm that is the gate itself, as by a name that leads elsewhere inside.
#[test]
fn what_was_through_the_gate_already_goes_no_further() {
    let scene = Scene::new();
    for path in [
        "/EWS/Exchange.asmx",
        "/Autodiscover/Autodiscover.xml",
        "/nothing",
    ] {
        let again = get(MAIL, path).with("x-wicketgate-activity", "1");
        let told = scene.connects().sends(&again).told();
        assert_eq!(told, "508 and close", "{path}");
    }
}

#[test]
fn t_http_7_a_client_cannot_name_our_headers_away() {
    let named = "close, Host, X-Forwarded-For, X-Forwarded-Host, x-forwarded-proto, \
                 X-Wicketgate-Activity, X-Contoso-Who, X-Mine";
    let request = ews().with("connection", named).with("x-mine", "1");
    let names: Vec<String> = passed(&request).keys().map(HeaderName::to_string).collect();
    for ours in [
        "host",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-wicketgate-activity",
    ] {
        assert!(names.iter().any(|name| name == ours), "{ours}: {names:?}");
    }
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn hop_by_hop_headers_end_here() {
    let request = [
        ("connection", "keep-alive, X-Mine"),
        ("connection", "X-Other"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("proxy-anything", "1"),
        ("te", "trailers"),
        ("trailer", "x-contoso-who"),
        ("upgrade", "websocket"),
        ("expect", "100-continue"),
        ("http2-settings", "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"),
        ("content-length", "0"),
        ("x-mine", "1"),
        ("x-other", "1"),
    ]
    .iter()
    .fold(ews(), |request, (name, value)| request.with(name, value));
    assert_eq!(
        lines(&without_id(passed(&request))),
        lines(&without_id(passed(&ews())))
    );
    let chunked = passed(&ews().with("transfer-encoding", "chunked"));
    assert!(!chunked.contains_key("transfer-encoding"));
}

/// Every request has an id of its own.
fn without_id(mut headers: HeaderMap) -> HeaderMap {
    headers.remove("x-wicketgate-activity").unwrap();
    headers
}

#[test]
fn t_http_10_nothing_that_a_client_writes_chooses_the_back_end() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let chosen = "X-BEResource=evil~1; a=b; x-anonresource-backend=evil; SecurityToken=evil; c=d";
    let request = get(MAIL, "/EWS/x?host=evil&X-BEResource=evil")
        .basic("anna", &anna.password)
        .with("cookie", chosen)
        .with("cookie", "X-AnonResource=true")
        .with(
            "cookie",
            "__Host-wicketgate-0a1b2c3d=evil; __host-WICKETGATE-=evil",
        )
        .with("cookie", "e=f")
        .with("x-host", "evil")
        .with("x-original-host", "evil");
    let forward = scene.connects().sends(&request).forward();
    assert_eq!(forward.farm, "exchange");
    let headers = &forward.head.headers;
    assert_eq!(headers["host"], MAIL);
    let cookies: Vec<&HeaderValue> = headers.get_all("cookie").iter().collect();
    assert_eq!(cookies, ["a=b; c=d; e=f"]);
    assert!(!lines(headers).contains("evil"));
}

#[test]
fn s58_a_route_lets_pass_what_its_operator_listed() {
    let scene = Scene::publishing(publication_with(MAIL, |route| {
        route.pass_headers = vec![HeaderName::from_static("x-csrf-token")];
    }));
    let anna = scene.person("anna");
    let request = ews()
        .with("x-csrf-token", "1")
        .with("x-other", "2")
        .with("x-anchormailbox", "3")
        .basic("anna", &anna.password);
    let headers = scene.connects().sends(&request).forward().head.headers;
    assert_eq!(headers["x-csrf-token"], "1");
    assert!(!headers.contains_key("x-other") && !headers.contains_key("x-anchormailbox"));
}

#[test]
fn what_an_operator_sets_a_client_does_not() {
    let scene = Scene::publishing(publication_with(MAIL, |route| {
        let name = HeaderName::from_static("x-tenant");
        route.set_headers = vec![(name, HeaderValue::from_static("contoso"))];
    }));
    let anna = scene.person("anna");
    let request = ews().with("x-tenant", "evil").with("x-tenant", "evil");
    let request = request.with("connection", "x-tenant");
    let request = request.basic("anna", &anna.password);
    let headers = scene.connects().sends(&request).forward().head.headers;
    let tenants: Vec<&HeaderValue> = headers.get_all("x-tenant").iter().collect();
    assert_eq!(tenants, ["contoso"]);
}

#[test]
fn an_answer_that_will_be_read_is_not_asked_for_compressed_or_in_part() {
    let scene = Scene::new();
    let less = [
        ("accept-encoding", "gzip"),
        ("range", "bytes=0-9"),
        ("if-range", "\"1\""),
    ];
    let asks_for_less = |request: Request| {
        less.iter()
            .fold(request, |asks, (name, value)| asks.with(name, value))
    };
    for (host, path) in [(DISCOVER, "/"), (LYNC, ROOT), (LYNC, MEX)] {
        let request = asks_for_less(get(host, path));
        let forward = scene.connects().sends(&request).forward();
        for (name, _) in less {
            assert!(!forward.head.headers.contains_key(name), "{name} {path}");
        }
        let at_most = 256 * 1024;
        assert_eq!(forward.answer, AnswerBody::Read { at_most }, "{path}");
    }
    let headers = passed(&asks_for_less(ews()));
    for (name, value) in less {
        assert_eq!(headers[name], value);
    }
}
