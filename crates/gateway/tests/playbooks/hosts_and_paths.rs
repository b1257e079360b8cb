//! Hosts, paths and methods: what is not published is not there, however it is spelled.

use http::Method;

use crate::connection::Said;
use crate::documents::{MEX, ROOT, USER, WEB_TICKET};
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, LYNC, MAIL, Person, Scene, peer};

const EWS: &str = "/EWS/Exchange.asmx";

/// What a request that proves who sent it comes to; what is refused is not evaluated.
fn told(scene: &Scene, person: &Person, request: Request) -> String {
    let mut connection = scene.connects();
    let said = connection.sends(&request.basic("anna", &person.password));
    let evaluated = usize::from(matches!(said, Said::Passes(_)));
    assert_eq!(connection.verified, evaluated);
    said.told()
}

#[test]
fn t_http_8_a_host_that_is_not_published_is_misdirected_and_is_not_reflected() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for host in [
        "evil.example",
        "contoso.com",
        "xmail.contoso.com",
        "mail.contoso.com.evil.example",
        "mail.contoso.com@evil.example",
        "evil@mail.contoso.com",
        "mail.contoso.com, evil.example",
        "mail.contoso.com evil.example",
        "mail.contoso.com/evil",
        "mail.contoso.com?evil",
        "mail.contoso.com#evil",
        "mail.contoso.com\\evil",
        "https://mail.contoso.com",
        "mail.contoso.com:evil",
        "mail.contoso.com:",
        "mail.contoso.com:65536",
        "mail.contoso.com:443:443",
        "mail.contoso.com:+80",
        "mail.contoso.com:+443",
        "mail.contoso.com:-1",
        "mail.contoso.com:0",
        "mail.contoso.com:00080",
        "mail.contoso.com:0443",
        "mail.contoso.com: 443",
        "mail.contoso.com:4e2",
        "mail.contoso.com:443@evil.example",
        "mail.contoso.com.",
        "mail.contoso.com..",
        "*.contoso.com",
        "m\u{e4}il.contoso.com",
        "198.51.100.1",
        "[::1]",
        "localhost",
        "exch01.contoso.local",
        "fe01.contoso.local",
        "",
    ] {
        let mut connection = scene.connects();
        let request = get(MAIL, EWS).without("host").with("host", host);
        let said = connection.sends(&request.basic("anna", &anna.password));
        assert_eq!(said.told(), "421 and close", "{host}");
        assert_eq!(connection.verified, 0);
        let shown = format!("{:?}", said.replied().reply);
        assert!(!shown.contains("evil"), "{shown}");
    }
}

#[test]
fn a_published_host_is_known_in_any_case_and_with_any_port() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for host in [
        "mail.contoso.com",
        "MAIL.Contoso.COM",
        "mail.contoso.com:443",
        "Mail.contoso.com:8443",
    ] {
        assert_eq!(told(&scene, &anna, get(host, EWS)), "anna", "{host}");
    }
}

#[test]
fn t_http_8_a_back_end_hears_the_published_name_and_no_byte_of_the_clients() {
    let scene = Scene::new();
    for (sent, heard) in [
        ("lyncdiscover.contoso.com", "lyncdiscover.contoso.com"),
        ("LyncDiscover.CONTOSO.com", "lyncdiscover.contoso.com"),
        ("lyncdiscover.contoso.com:443", "lyncdiscover.contoso.com"),
        ("LYNCDISCOVER.contoso.com:1", "lyncdiscover.contoso.com"),
        ("lyncdiscover.contoso.com:65535", "lyncdiscover.contoso.com"),
    ] {
        let forward = scene.connects().sends(&get(sent, ROOT)).forward();
        assert_eq!(forward.head.headers["host"], heard, "{sent}");
        assert_eq!(forward.head.headers["x-forwarded-host"], heard, "{sent}");
    }
    let anna = scene.person("anna");
    for (sent, heard) in [
        ("Mail.contoso.com:8443", "mail.contoso.com:8443"),
        ("mail.contoso.com:443", "mail.contoso.com"),
        ("mail.contoso.com", "mail.contoso.com"),
    ] {
        let request = get(sent, EWS).basic("anna", &anna.password);
        let forward = scene.connects().sends(&request).forward();
        assert_eq!(forward.head.headers["x-forwarded-host"], heard, "{sent}");
    }
}

#[test]
fn a_request_without_a_host_or_with_two_ends_the_connection() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let none = get(MAIL, EWS).without("host");
    assert_eq!(told(&scene, &anna, none), "400 and close");
    for second in [MAIL, DISCOVER] {
        let two = get(MAIL, EWS).with("host", second);
        assert_eq!(told(&scene, &anna, two), "400 and close");
    }
}

#[test]
fn the_host_is_the_one_that_tls_asked_for() {
    let scene = Scene::new();
    for (asked, host, told) in [
        (Some(DISCOVER), DISCOVER, "nobody"),
        (Some(DISCOVER), "LyncDiscover.contoso.com:443", "nobody"),
        (Some(MAIL), DISCOVER, "421 and close"),
        (Some(DISCOVER), LYNC, "421 and close"),
        (Some("unknown.contoso.com"), DISCOVER, "421 and close"),
        (None, DISCOVER, "nobody"),
    ] {
        let mut connection = scene.connects_as(gateway::Peer {
            server_name: asked.map(str::to_owned),
            ..peer()
        });
        assert_eq!(connection.sends(&get(host, ROOT)).told(), told, "{host}");
    }
}

#[test]
fn t_http_8_an_absolute_address_names_the_same_host_and_only_its_path_goes_on() {
    let scene = Scene::new();
    for (address, told) in [
        ("https://lyncdiscover.contoso.com/?sipuri=a", "nobody"),
        ("https://LyncDiscover.contoso.com/?sipuri=a", "nobody"),
        ("https://mail.contoso.com/?sipuri=a", "421 and close"),
        ("https://evil.example/?sipuri=a", "421 and close"),
        ("https://x@lyncdiscover.contoso.com/", "421 and close"),
        ("https://lyncdiscover.contoso.com:8443/", "421 and close"),
    ] {
        let said = scene.connects().sends(&get(DISCOVER, address));
        assert_eq!(said.told(), told, "{address}");
        if told == "nobody" {
            assert_eq!(said.forward().head.uri.to_string(), "/?sipuri=a");
        }
    }
}

#[test]
fn a_path_that_is_not_published_is_not_found() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (host, path) in [
        (MAIL, "/"),
        (MAIL, "/EWSX"),
        (MAIL, "/owa"),
        (MAIL, "/ecp/x.js"),
        (MAIL, "/PowerShell"),
        (MAIL, "/rpc/rpcproxy.dll"),
        (MAIL, "/EWS/mrsproxy.svc"),
        (MAIL, "/Autodiscover/Autodiscover.svc/WSSecurity"),
        (MAIL, WEB_TICKET),
        (LYNC, "/"),
        (LYNC, "/WebTicket"),
        (LYNC, "/WebTicket/WebTicketService.svc/"),
        (LYNC, "/WebTicket/WebTicketService.svc/cert"),
        (LYNC, "/WebTicket/WebTicketService.svc/pin"),
        (LYNC, "/WebTicket/WebTicketService.svc/WsFed_bearer"),
        (LYNC, "/WebTicket/WebTicketAdvancedService.svc/WsFed_bearer"),
        (LYNC, "/OcsPowerShell"),
        (LYNC, "/Cscp"),
        (LYNC, "/WebTicket/WebTicketService.svc/mex/x"),
        (LYNC, "/Autodiscover/AutodiscoverService.svc/root/x"),
        (LYNC, EWS),
        (DISCOVER, USER),
        (DISCOVER, WEB_TICKET),
        (DISCOVER, MEX),
    ] {
        assert_eq!(told(&scene, &anna, get(host, path)), "404", "{path}");
    }
}

#[test]
fn what_only_other_servers_use_is_closed_to_everybody() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for path in [
        "/EWS/mrsproxy.svc",
        "/ews/MRSProxy.svc",
        "/EWS/mrsproxy.svc/",
        "/EWS/mrsproxy.svc/x",
        "/EWS/%6Drsprox%79.svc",
        "/EWS/Exchange.asmx/WSSecurity",
        "/EWS/exchange.asmx/wssecurity/x",
        "/EWS/WSSecurity",
        "/EWS/Exchange.asmx/%57SSecurity",
    ] {
        assert_eq!(told(&scene, &anna, get(MAIL, path)), "404", "{path}");
    }
    let beside = get(MAIL, "/EWS/mrsproxy.svcx");
    assert_eq!(told(&scene, &anna, beside), "anna");
}

#[test]
fn t_http_9_a_path_that_can_be_read_in_two_ways_is_refused() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let long = format!("/EWS/{}", "a".repeat(4 * 1024));
    for path in [
        "/EWS/../owa",
        "/EWS/..",
        "/owa/../EWS/Exchange.asmx",
        "/EWS/./Exchange.asmx",
        "//EWS/Exchange.asmx",
        "/EWS//Exchange.asmx",
        "/EWS/%2e%2e/owa",
        "/EWS/%2E./owa",
        "/EWS/%252e%252e/owa",
        "/EWS%2fExchange.asmx",
        "/EWS%5cExchange.asmx",
        "/EWS\\Exchange.asmx",
        "/EWS/Exchange.asmx;a=b",
        "/EWS/%3b/Exchange.asmx",
        "/EWS./Exchange.asmx",
        "/EWS%20/Exchange.asmx",
        "/EWS/%20Exchange.asmx",
        "/EWS/Exchange.asmx%00",
        "/EWS/Exchange.asmx%0d%0aHost:%20evil",
        "/EWS/Exchange.asmx%3fx",
        "/EWS/Exchange.asmx%23x",
        "/EWS/%c0%ae%c0%ae/owa",
        "/EWS/%ff",
        "/EWS/%u002e",
        "/EWS/%2",
        "/EWS/*",
        "/EWS/mrsproxy.svc::$DATA",
        "/EWS/mrsproxy.svc%3A%3A$DATA",
        "/EWS::$INDEX_ALLOCATION/mrsproxy.svc",
        "/EWS/MRSPRO~1.SVC",
        "/EWS/(S(x))/mrsproxy.svc",
        "/(A(x))/EWS/mrsproxy.svc",
        "/EWS/mrsproxy.svc%C2%A0",
        "/EWS/mrsproxy.svc%E2%80%8B",
        "/EWS/%E2%84%AAx",
        "/EWS/B%C3%BCro",
        "*",
        &long,
    ] {
        assert_eq!(told(&scene, &anna, get(MAIL, path)), "400", "{path}");
    }
}

#[test]
fn t_http_9_what_was_decided_about_goes_on_as_it_was_written() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for written in [
        "/ews/EXCHANGE.asmx",
        "/EWS/%45xchange.asmx",
        "/EWS/x?a=%2e%2e%2f&b=/../c&d=%00&e=B%C3%BCro&f=sip:anna@contoso.com&g=~1(S(x))::$DATA",
        "/EWS/sip:anna@contoso.com",
        "/EWS/",
        "/EWS?",
    ] {
        let request = post(MAIL, written, "<x/>").basic("anna", &anna.password);
        let forward = scene.connects().sends(&request).forward();
        assert_eq!(forward.head.uri.to_string(), written);
        assert_eq!(
            (forward.head.method, forward.farm.as_str()),
            (Method::POST, "exchange")
        );
    }
    let odd = "/AUTODISCOVER/autodiscoverservice.svc/ROOT?sipuri=anna";
    let forward = scene.connects().sends(&get(LYNC, odd)).forward();
    assert_eq!(forward.head.uri.to_string(), odd);
}

#[test]
fn a_method_that_a_route_does_not_name_is_not_taken() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let brew = Method::from_bytes(b"BREW").unwrap();
    for (method, host, path) in [
        (Method::TRACE, MAIL, EWS),
        (Method::CONNECT, MAIL, EWS),
        (brew, MAIL, EWS),
        (Method::GET, LYNC, WEB_TICKET),
        (Method::PUT, LYNC, WEB_TICKET),
        (Method::POST, LYNC, USER),
        (Method::HEAD, LYNC, USER),
        (Method::POST, LYNC, ROOT),
        (Method::OPTIONS, LYNC, ROOT),
        (Method::DELETE, LYNC, MEX),
        (Method::DELETE, DISCOVER, "/"),
    ] {
        let request = Request::new(method.clone(), host, path);
        let said = scene.connects().sends(&request);
        let allow = &said.replied().reply.headers["allow"];
        let expected = match path {
            WEB_TICKET => "POST",
            USER => "GET",
            MEX => "GET, HEAD, POST",
            EWS => "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH",
            _ => "GET, HEAD",
        };
        assert_eq!(allow, expected, "{method} {path}");
        assert_eq!(told(&scene, &anna, request), "405", "{method} {path}");
    }
    for method in [Method::OPTIONS, Method::PUT, Method::PATCH, Method::DELETE] {
        let request = Request::new(method.clone(), MAIL, EWS);
        assert_eq!(told(&scene, &anna, request), "anna", "{method}");
    }
    let head = Request::new(Method::HEAD, DISCOVER, ROOT);
    assert_eq!(scene.connects().sends(&head).told(), "nobody");
}

#[test]
fn t_dos_1_a_document_for_everybody_is_asked_for_without_a_body() {
    let scene = Scene::new();
    for (host, path) in [(DISCOVER, "/"), (DISCOVER, ROOT), (LYNC, MEX)] {
        for method in [Method::GET, Method::HEAD] {
            let asked = |name, value| Request::new(method.clone(), host, path).with(name, value);
            for with_body in [
                asked("content-length", "1000"),
                asked("transfer-encoding", "chunked"),
            ] {
                let said = scene.connects().sends(&with_body);
                assert_eq!(said.told(), "400 and close", "{method} {path}");
            }
            let without = scene.connects().sends(&asked("content-length", "0"));
            assert!(matches!(without, Said::Passes(_)), "{method} {path}");
        }
    }
}
