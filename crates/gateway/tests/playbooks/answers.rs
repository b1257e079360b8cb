//! Answers of back ends: no prompt, no challenge and no name of theirs comes out.

use std::sync::Arc;

use gateway::conversation::AnswerBody;
use gateway::{Forward, Reply};
use http::HeaderMap;

use crate::connection::{Connection, Passed};
use crate::documents::{
    MEX, ROOT, USER, WEB_TICKET, answer_with_assertion, answered, presented, rst,
};
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, FRONT_END, LYNC, MAIL, Person, Scene};

fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

/// A request of somebody's that goes on to Exchange.
fn signed_in<'s>(scene: &'s Scene, anna: &Person) -> (Connection<'s>, Forward) {
    let mut connection = scene.connects();
    let forward = connection.signs_in(&anna.client(), &ews()).forward();
    (connection, forward)
}

/// What an answer of Exchange's to somebody becomes.
fn exchange(status: u16, headers: &[(&str, &str)]) -> Result<Passed, Box<Reply>> {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let (mut connection, forward) = signed_in(&scene, &anna);
    connection.answers(&forward, answered(status, headers, "<x/>"))
}

/// What an answer to anybody becomes.
fn discover(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Passed, Box<Reply>> {
    let scene = Scene::new();
    let mut connection = scene.connects();
    let forward = connection.sends(&get(DISCOVER, ROOT)).forward();
    connection.answers(&forward, answered(status, headers, body))
}

/// The names of headers, in order.
fn names(headers: &HeaderMap) -> String {
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn t_be_1_a_back_end_that_refuses_our_identity_never_prompts_the_client() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for request in [ews(), post(LYNC, WEB_TICKET, rst(anna.sip_uri()))] {
        let mut connection = scene.connects();
        let forward = connection.signs_in(&anna.client(), &request).forward();
        let headers = [
            ("www-authenticate", "Negotiate"),
            ("www-authenticate", "Bearer realm=\"x\""),
            ("server", "Microsoft-IIS/8.5"),
        ];
        let reply = connection.answers(&forward, answered(401, &headers, "secret page"));
        let reply = reply.unwrap_err();
        assert_eq!(reply.status, 503);
        assert_eq!(
            reply.body,
            "The server behind does not accept the sign-in.\n"
        );
        assert!(reply.cause.is_some());
        assert_eq!(
            names(&reply.headers),
            "cache-control content-type x-content-type-options x-wicketgate-activity"
        );
        assert_eq!(
            reply.headers["x-wicketgate-activity"],
            forward.activity.0.as_str()
        );
    }
}

#[test]
fn t_be_1_where_nobody_was_named_a_401_comes_out_without_a_prompt() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let bought = answer_with_assertion("one");
    scene.connects().buys(&anna, LYNC, &bought);
    let user = get(LYNC, USER).with("x-ms-webticket", &presented("one"));
    for request in [user, get(DISCOVER, ROOT)] {
        let mut connection = scene.connects();
        let forward = connection.sends(&request).forward();
        let headers = [
            ("www-authenticate", "Negotiate"),
            ("www-authenticate", "NTLM"),
            (
                "x-ms-webticketurl",
                "https://fe01.contoso.local:4443/WebTicket/x",
            ),
        ];
        let passed = connection
            .answers(&forward, answered(401, &headers, ""))
            .unwrap();
        assert_eq!(passed.head.status, 401);
        assert!(!passed.head.headers.contains_key("www-authenticate"));
        let url = &passed.head.headers["x-ms-webticketurl"];
        assert_eq!(url, "https://lyncweb.contoso.com/WebTicket/x");
    }
}

#[test]
fn t_be_1_challenges_that_ask_for_a_password_do_not_come_out() {
    for challenge in [
        "NTLM",
        "Negotiate oYG2",
        "Basic realm=\"x\"",
        "Digest realm=\"x\"",
        "Kerberos",
        "Unknown",
        "",
    ] {
        let passed = exchange(403, &[("www-authenticate", challenge)]).unwrap();
        let headers = &passed.head.headers;
        assert!(!headers.contains_key("www-authenticate"), "{challenge}");
    }
    for challenge in [
        "Bearer trusted_issuers=\"x\"",
        "MsRtcOAuth href=\"https://lyncweb.contoso.com/\"",
    ] {
        let passed = exchange(403, &[("www-authenticate", challenge)]).unwrap();
        assert_eq!(passed.head.headers["www-authenticate"], challenge);
    }
    for beside in ["Bearer realm=\"x\", NTLM", "NTLM, Bearer realm=\"x\""] {
        let passed = exchange(403, &[("www-authenticate", beside)]).unwrap();
        let all = passed.head.headers.get_all("www-authenticate");
        let all: Vec<_> = all.iter().collect();
        assert_eq!(all, ["Bearer realm=\"x\""], "{beside}");
    }
}

#[test]
fn what_is_of_the_back_ends_connection_or_about_itself_does_not_come_out() {
    let passed = exchange(
        200,
        &[
            ("connection", "keep-alive, X-Hop"),
            ("keep-alive", "timeout=5"),
            ("proxy-authenticate", "NTLM"),
            ("proxy-connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("trailer", "x-late"),
            ("upgrade", "h2c"),
            ("persistent-auth", "true"),
            ("x-hop", "1"),
            ("server", "Microsoft-IIS/8.5"),
            ("x-powered-by", "ASP.NET"),
            ("x-aspnet-version", "4.0.30319"),
            ("x-ms-server-fqdn", "anything"),
            ("x-feserver", "EXCH01"),
            ("x-beserver", "EXCH02"),
            ("x-targetbeserver", "EXCH02"),
            ("x-calculatedbetarget", "exch02"),
            ("x-backendhttpstatus", "200"),
            ("x-diaginfo", "EXCH02"),
            ("via", "1.1 exch01"),
            ("alt-svc", "h3=\":443\""),
            ("content-type", "text/xml"),
            ("content-length", "4"),
            ("request-id", "1"),
        ],
    );
    let passed = passed.unwrap();
    assert_eq!(
        names(&passed.head.headers),
        "cache-control content-type request-id x-wicketgate-activity"
    );
    assert_eq!(passed.body, "<x/>");
}

#[test]
fn t_http_15_what_somebody_asked_for_is_stored_nowhere() {
    let cacheable = [("cache-control", "public, max-age=600")];
    let passed = exchange(200, &cacheable).unwrap();
    assert_eq!(passed.head.headers["cache-control"], "no-store");
    assert_eq!(
        passed.head.headers.get_all("cache-control").iter().count(),
        1
    );
    let passed = discover(404, &cacheable, "").unwrap();
    assert_eq!(passed.head.headers["cache-control"], "public, max-age=600");
}

#[test]
fn every_answer_bears_the_id_of_its_request() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let (mut connection, forward) = signed_in(&scene, &anna);
    let headers = [
        ("x-wicketgate-activity", "theirs"),
        ("x-wicketgate-activity", "too"),
    ];
    let passed = connection
        .answers(&forward, answered(200, &headers, ""))
        .unwrap();
    let ids = passed.head.headers.get_all("x-wicketgate-activity").iter();
    assert_eq!(ids.collect::<Vec<_>>(), [forward.activity.0.as_str()]);
    let next = connection.sends(&ews()).forward();
    assert_ne!(next.activity, forward.activity);
}

#[test]
fn t_conn_8_a_back_end_does_not_switch_protocols() {
    for status in [100, 101, 103] {
        let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
        for reply in [
            exchange(status, &upgrade).unwrap_err(),
            discover(status, &upgrade, "").unwrap_err(),
        ] {
            assert_eq!(reply.status, 502, "{status}");
            assert_eq!(reply.body, "The server behind cannot be understood.\n");
            assert!(reply.cause.is_some());
            assert!(!reply.headers.contains_key("upgrade"));
        }
    }
}

#[test]
fn an_answer_that_must_be_read_is_not_taken_compressed() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let bought = answer_with_assertion("one");
    scene.connects().buys(&anna, LYNC, &bought);
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    let user = get(LYNC, USER).with("x-ms-webticket", &presented("one"));
    for request in [get(DISCOVER, ROOT), get(LYNC, MEX), user, ticket] {
        for status in [200, 500] {
            let mut connection = scene.connects();
            connection.signs_in(&anna.client(), &post(LYNC, WEB_TICKET, rst(anna.sip_uri())));
            let forward = connection.sends(&request).forward();
            let headers = [("content-encoding", "gzip"), ("content-type", "text/xml")];
            let answer = answered(status, &headers, &bought);
            let reply = connection.answers(&forward, answer).unwrap_err();
            assert_eq!(reply.status, 502, "{}", request.head.uri);
        }
    }
    let passed = exchange(200, &[("content-encoding", "gzip")]).unwrap();
    assert_eq!(passed.head.headers["content-encoding"], "gzip");
}

#[test]
fn an_answer_that_must_be_read_says_200_or_that_it_failed() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let bought = answer_with_assertion("one");
    scene.connects().buys(&anna, LYNC, &bought);
    let ticket = || post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    let user = get(LYNC, USER).with("x-ms-webticket", &presented("one"));
    for request in [get(DISCOVER, ROOT), get(LYNC, MEX), user, ticket()] {
        for status in [201, 202, 203, 204, 206, 207] {
            let mut connection = scene.connects();
            connection.signs_in(&anna.client(), &ticket());
            let forward = connection.sends(&request).forward();
            let headers = [("content-type", "text/xml")];
            let answer = answered(status, &headers, &bought);
            let reply = connection.answers(&forward, answer).unwrap_err();
            assert_eq!(reply.status, 502, "{status} {}", request.head.uri);
        }
    }
    assert_eq!(exchange(206, &[]).unwrap().head.status, 206);
}

#[test]
fn an_answer_streams_unless_it_must_be_read_and_then_its_old_length_goes() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let (_, forward) = signed_in(&scene, &anna);
    assert_eq!(forward.answer, AnswerBody::Stream);
    let passed = discover(404, &[("content-length", "4")], "gone").unwrap();
    assert!(!passed.head.headers.contains_key("content-length"));
    assert_eq!(passed.body, "gone");
}

#[test]
fn addresses_in_headers_get_published_names_and_other_mentions_go() {
    let passed = discover(
        302,
        &[
            ("location", "http://FE01.contoso.local:8080/a?b=c"),
            ("x-ms-webticketurl", "https://fe01.contoso.local/WebTicket"),
            ("set-cookie", "a=b; Domain=fe01.contoso.local"),
            ("link", "<https://fe01.contoso.local/x>; rel=next"),
            ("x-diagnostics", "1;source=\"FE01.CONTOSO.LOCAL\""),
            ("etag", "\"1\""),
        ],
        "",
    );
    let headers = passed.unwrap().head.headers;
    assert_eq!(
        names(&headers),
        "etag location x-ms-webticketurl x-wicketgate-activity"
    );
    assert_eq!(headers["location"], "https://lyncweb.contoso.com/a?b=c");
    assert_eq!(
        headers["x-ms-webticketurl"],
        "https://lyncweb.contoso.com/WebTicket"
    );
    for location in ["/x", "https://lyncweb.contoso.com/x"] {
        let passed = discover(302, &[("location", location)], "").unwrap();
        assert_eq!(passed.head.headers["location"], location);
    }
    let kept = discover(302, &[("set-cookie", "a=b; Path=/; Secure")], "").unwrap();
    assert_eq!(kept.head.headers["set-cookie"], "a=b; Path=/; Secure");
}

#[test]
fn a_document_leads_nobody_to_a_host_that_is_not_published() {
    for location in [
        "https://fe02.contoso.local/Autodiscover",
        "http://10.0.0.7/x",
        "//fe02.contoso.local/x",
        "https:fe02.contoso.local",
        "\\\\fe02.contoso.local/x",
        "/\\fe02.contoso.local/x",
        "/\t/fe02.contoso.local/x",
        "https://lyncweb.contoso.com\\@evil.example/x",
    ] {
        let reply = discover(302, &[("location", location)], "").unwrap_err();
        assert_eq!(reply.status, 502, "{location}");
        let cause = reply.cause.unwrap();
        assert!(cause.contains("`foreign_hosts`"), "{cause}");
    }
    for location in ["root", "?a=b:c", "#x", "https://lyncweb.contoso.com/x"] {
        let passed = discover(302, &[("location", location)], "").unwrap();
        assert_eq!(passed.head.headers["location"], location);
    }
    for (name, value) in [
        ("x-ms-webticketurl", "https://evil.example/WebTicket"),
        (
            "www-authenticate",
            "MsRtcOAuth href=\"https://evil.example/oauthtoken\",grant_type=\"x\"",
        ),
        (
            "www-authenticate",
            "msrtcoauth HREF = 'https://evil.example/oauthtoken', grant_type='x'",
        ),
        ("www-authenticate", "MsRtcOAuth href=//evil.example/x"),
        (
            "www-authenticate",
            "MsRtcOAuth href=https://lyncweb.contoso.com=@evil.example/x",
        ),
        ("refresh", "0;url=https://evil.example/"),
        ("refresh", "0; https://evil.example/?a=/ok"),
        ("refresh", "0, URL = '//evil.example/x?y=z'"),
        ("refresh", "0 url=https://evil.example/"),
        ("refresh", "0 https://evil.example"),
        (
            "www-authenticate",
            "MsRtcOAuth href=\"ftp://lyncweb.contoso.com/x\"",
        ),
        (
            "www-authenticate",
            "MsRtcOAuth href=\"\\/\\/evil.example/x\"",
        ),
        ("location", "ftp://lyncweb.contoso.com/x"),
        ("refresh", "0;url=http://lyncweb.contoso.com/"),
    ] {
        let reply = discover(401, &[(name, value)], "").unwrap_err();
        assert_eq!(reply.status, 502, "{name}");
    }
    // Another's tokens are no business of the client's; what is beside them is.
    for others in [
        "Bearer authorization_uri=\"ws://evil.example/\"",
        "Bearer authorization_uri=\"a,//evil.example\"",
        // Readers take a quoted pair in two ways.
        "Bearer realm=\"\\/\\/evil.example/x\"",
    ] {
        let passed = discover(401, &[("www-authenticate", others)], "").unwrap();
        assert!(
            !passed.head.headers.contains_key("www-authenticate"),
            "{others}"
        );
    }
    let others = "Bearer client_id=\"x//y\", authorization_uri=\"https://login.example/authorize\"";
    let passed = discover(401, &[("www-authenticate", others)], "").unwrap();
    assert!(!passed.head.headers.contains_key("www-authenticate"));
    let own = "Bearer client_id=\"x//y\", trusted_issuers=\"z@contoso.com\"";
    let passed = discover(401, &[("www-authenticate", own)], "").unwrap();
    assert_eq!(passed.head.headers["www-authenticate"], own);
    for own in ["0; url=/x?a=b", "0;/x", "300"] {
        let passed = discover(401, &[("refresh", own)], "").unwrap();
        assert_eq!(passed.head.headers["refresh"], own);
    }
    let clear = "MsRtcOAuth href=\"http://lyncweb.contoso.com/oauthtoken\",grant_type=\"x\"";
    let passed = discover(401, &[("www-authenticate", clear)], "").unwrap();
    let secured = passed.head.headers["www-authenticate"].to_str().unwrap();
    assert!(
        secured.contains("href=\"https://lyncweb.contoso.com/oauthtoken\""),
        "{secured}"
    );
    // What the pool says of itself is put right.
    let own = "MsRtcOAuth href=\"https://fe01.contoso.local/oauthtoken\",grant_type=\"x\"";
    let passed = discover(401, &[("www-authenticate", own)], "").unwrap();
    assert_eq!(
        passed.head.headers["www-authenticate"],
        "MsRtcOAuth href=\"https://lyncweb.contoso.com/oauthtoken\",grant_type=\"x\""
    );
    let both = "Bearer authorization_uri=\"https://login.example/\", \
                MsRtcOAuth HREF = https://fe01.contoso.local/oauthtoken";
    let passed = discover(401, &[("www-authenticate", both)], "").unwrap();
    assert_eq!(
        passed.head.headers["www-authenticate"],
        "MsRtcOAuth HREF = \"https://lyncweb.contoso.com/oauthtoken\""
    );
    // By http a client would prove it in clear.
    for (told, written) in [
        (
            "http://lyncweb.contoso.com/x?a=b",
            "https://lyncweb.contoso.com/x?a=b",
        ),
        ("HTTP://LYNCWEB.contoso.com", "https://lyncweb.contoso.com"),
    ] {
        let passed = discover(302, &[("location", told)], "").unwrap();
        assert_eq!(passed.head.headers["location"], written);
    }
    let passed = exchange(302, &[("location", "http://mail.contoso.com/EWS")]).unwrap();
    assert_eq!(
        passed.head.headers["location"],
        "https://mail.contoso.com:8443/EWS"
    );
    // A client that proved who it is would prove it there, too.
    for name in ["location", "x-ms-location"] {
        let led = exchange(451, &[(name, "https://www.example.com/")]).unwrap_err();
        assert_eq!(led.status, 502, "{name}");
    }
}

/// A line that nobody writes costs no more than one that servers write.
#[test]
fn a_line_of_addresses_without_an_end_is_withheld_unread() {
    let many = "https://mail.contoso.com/ ".repeat(400);
    for name in ["link", "content-location", "www-authenticate"] {
        let value = match name {
            "www-authenticate" => format!("Bearer a=\"{many}\""),
            _ => many.clone(),
        };
        let passed = exchange(200, &[(name, &value)]).unwrap();
        assert!(!passed.head.headers.contains_key(name), "{name}");
    }
    let none = "http:".repeat(12_000);
    let led = exchange(302, &[("location", &none)]).unwrap_err();
    assert_eq!(led.status, 502);
}

/// Whoever reads an address reads all of it, and goes where its end leads.
#[test]
fn no_end_of_an_address_is_left_unread() {
    for led in [
        "https://lyncweb.contoso.com>@evil.example/x",
        "https://lyncweb.contoso.com @evil.example/x",
        " \\/\\/evil.example/x",
        "/\t/evil.example/x",
    ] {
        let challenge = format!("MsRtcOAuth href=\"{led}\",grant_type=\"password\"");
        let reply = discover(401, &[("www-authenticate", &challenge)], "").unwrap_err();
        assert_eq!(reply.status, 502, "{led}");
        let challenge = format!("Bearer authorization_uri=\"{led}\"");
        let passed = discover(401, &[("www-authenticate", &challenge)], "").unwrap();
        let headers = passed.head.headers;
        assert!(!headers.contains_key("www-authenticate"), "{led}");
    }
}

/// A redirect without its address would leave a client standing.
#[test]
fn what_a_redirect_says_in_its_query_is_put_right_and_goes_on() {
    for (said, told) in [
        (
            "https://FE01.contoso.local/login?to=https%3a%2f%2ffe01.contoso.local%3a4443%2fmeet",
            "https://lyncweb.contoso.com/login?to=https%3a%2f%2flyncweb.contoso.com%2fmeet",
        ),
        (
            "https://lyncweb.contoso.com/?to=fe01.contoso.local",
            "https://lyncweb.contoso.com/?to=lyncweb.contoso.com",
        ),
        (
            "https://fe01.contoso.local/\u{fc}bersicht",
            "https://lyncweb.contoso.com/\u{fc}bersicht",
        ),
    ] {
        let passed = discover(302, &[("location", said)], "").unwrap();
        assert_eq!(passed.head.headers["location"].as_bytes(), told.as_bytes());
    }
    // To the scheme of the page, and in letters that are not UTF-8.
    let published = "//lyncweb.contoso.com/meet";
    let passed = discover(302, &[("location", published)], "").unwrap();
    assert_eq!(passed.head.headers["location"], published);
}

#[test]
fn a_redirect_in_other_letters_than_utf_8_is_put_right_as_well() {
    let told = |said: &[u8]| {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let (mut connection, forward) = signed_in(&scene, &anna);
        let mut answer = answered(302, &[], "");
        let line = http::HeaderValue::from_bytes(said).unwrap();
        answer.headers_mut().insert("location", line);
        let passed = connection.answers(&forward, answer).unwrap();
        let location = passed.head.headers.get("location");
        location.map(|it| it.as_bytes().to_vec())
    };
    let put_right = told(b"https://EXCH01.contoso.local/\xe9");
    assert_eq!(put_right.unwrap(), b"https://mail.contoso.com/\xe9");
    let named_behind = told(b"https://exch01.contoso.local/\xe9?to=exch01.contoso.local");
    assert_eq!(named_behind, None);
}

/// What begins with two slashes leads to what stands behind them, whatever its query names.
#[test]
fn an_address_without_a_scheme_is_not_judged_by_its_query() {
    for led in [
        "//evil.example/?x=https://lyncweb.contoso.com/",
        "//evil.example/https://lyncweb.contoso.com/",
    ] {
        for name in ["location", "x-ms-webticketurl", "x-ms-location"] {
            let reply = discover(401, &[(name, led)], "").unwrap_err();
            assert_eq!(reply.status, 502, "{name}");
        }
        let refresh = format!("0;url={led}");
        let reply = discover(401, &[("refresh", &refresh)], "").unwrap_err();
        assert_eq!(reply.status, 502);
        let challenge = format!("Bearer authorization_uri=\"{led}\"");
        let beside = format!("<{led}>; rel=next");
        for (name, value) in [("www-authenticate", &challenge), ("link", &beside)] {
            let passed = discover(401, &[(name, value)], "").unwrap();
            assert!(!passed.head.headers.contains_key(name), "{value}");
        }
    }
}

/// Each front end names itself there; clients want what stands beside it.
#[test]
fn what_went_wrong_is_told_by_the_host_that_the_client_knows() {
    let said = "28000;source=\"fe01.contoso.local\";reason=\"no valid security token\"";
    let passed = discover(403, &[("x-ms-diagnostics", said)], "").unwrap();
    let told = passed.head.headers["x-ms-diagnostics"].to_str().unwrap();
    assert!(told.starts_with("28000;"), "{told}");
    assert!(
        told.contains("reason=\"no valid security token\""),
        "{told}"
    );
    assert!(!told.contains("local"), "{told}");
    // Whatever else stands there stays.
    let said = "2000003;reason=\"x\";error_category=\"invalid_resource\"";
    let passed = discover(403, &[("x-ms-diagnostics", said)], "").unwrap();
    assert_eq!(passed.head.headers["x-ms-diagnostics"], said);
    let inside = "28000;source=\"x\";reason=\"asked fe01.contoso.local\"";
    let passed = discover(403, &[("x-ms-diagnostics", inside)], "").unwrap();
    assert!(!passed.head.headers.contains_key("x-ms-diagnostics"));
}

/// Whoever sends a mail says what its attachments are called.
#[test]
fn an_attachment_stays_one_whatever_its_file_is_called() {
    for (said, told) in [
        (
            "attachment; filename=\"EXCH01.contoso.local .html\"",
            "attachment",
        ),
        (
            "attachment; filename=\"a.html\"",
            "attachment; filename=\"a.html\"",
        ),
    ] {
        let passed = exchange(200, &[("content-disposition", said)]).unwrap();
        assert_eq!(passed.head.headers["content-disposition"], told);
    }
}

#[test]
fn what_protects_a_page_is_put_right_and_does_not_go_away() {
    let said = "default-src 'self' https://EXCH01.contoso.local:444; frame-ancestors 'none'";
    let passed = exchange(200, &[("content-security-policy", said)]).unwrap();
    assert_eq!(
        passed.head.headers["content-security-policy"],
        "default-src 'self' https://mail.contoso.com; frame-ancestors 'none'"
    );
    let said = "script-src\tEXCH01.contoso.local, frame-ancestors 'none'; report-uri /csp?of=exch01.contoso.local";
    let passed = exchange(200, &[("content-security-policy", said)]).unwrap();
    assert_eq!(
        passed.head.headers["content-security-policy"],
        "script-src\tmail.contoso.com, frame-ancestors 'none'; report-uri /csp?of=mail.contoso.com"
    );
    // A source that still names the server goes alone: without the line anybody might frame the page.
    let said = "frame-ancestors 'self' https://EXCH01.contoso.local.4443; default-src 'self'";
    let passed = exchange(200, &[("content-security-policy", said)]).unwrap();
    assert_eq!(
        passed.head.headers["content-security-policy"],
        "frame-ancestors 'self' ; default-src 'self'"
    );
    let said = "report-uri mailto:a@exch01.contoso.local";
    let passed = exchange(200, &[("content-security-policy", said)]).unwrap();
    assert_eq!(
        passed.head.headers["content-security-policy"],
        "report-uri mailto:a@mail.contoso.com"
    );
}

/// A policy that is no text is read as far as it is one.
#[test]
fn a_policy_that_is_no_text_goes_where_it_names_a_server_and_stays_else() {
    for (said, stays) in [
        (
            &b"frame-ancestors https://exch01.contoso.local \xe4"[..],
            false,
        ),
        (b"frame-ancestors 'none' \xe4", true),
    ] {
        let scene = Scene::new();
        let anna = scene.person("anna");
        let (mut connection, forward) = signed_in(&scene, &anna);
        let mut answer = answered(200, &[], "<x/>");
        let line = http::HeaderValue::from_bytes(said).unwrap();
        answer.headers_mut().insert("content-security-policy", line);
        let passed = connection.answers(&forward, answer).unwrap();
        let is_there = passed.head.headers.contains_key("content-security-policy");
        assert_eq!(is_there, stays, "{said:?}");
    }
}

/// A policy of content whose words are what servers are called, too.
#[test]
fn what_a_policy_is_made_of_is_no_server() {
    let mut scene = Scene::new();
    let publication = Arc::make_mut(&mut scene.publication);
    let host = publication.hosts.get_mut(MAIL).unwrap();
    for own in ["sandbox", "data", "www"] {
        host.names.insert(own.to_owned(), MAIL.to_owned());
    }
    let anna = scene.person("anna");
    let (mut connection, forward) = signed_in(&scene, &anna);
    let mut becomes = |said: &str| {
        let answer = answered(200, &[("content-security-policy", said)], "<x/>");
        let passed = connection.answers(&forward, answer).unwrap();
        let told = passed.head.headers["content-security-policy"].to_str();
        told.unwrap().to_owned()
    };
    let said =
        "sandbox allow-scripts; img-src data: https://www.example.net https://www.contoso.local";
    let told = "sandbox allow-scripts; img-src data: https://www.example.net ";
    assert_eq!(becomes(said), told);
    let said = "sandbox; script-src https://www/ sandbox www; data;www.contoso.local: x";
    let put_right = becomes(said);
    for own in ["www", "local"] {
        assert!(!put_right.contains(own), "{put_right}");
    }
    assert!(put_right.starts_with("sandbox; script-src https://mail.contoso.com/ "));
    let said = "frame-ancestors 'self', https://www/; connect-src wss://www:";
    assert!(!becomes(said).contains("www"));
}

/// Where an answer says that it is had otherwise, nobody goes by themselves: the line alone stays in.
#[test]
fn no_other_place_of_an_answer_is_told_that_is_not_published() {
    for (name, value, stays) in [
        ("content-location", "/x", true),
        ("content-location", "https://mail.contoso.com/x", true),
        ("content-location", "https://evil.example/x", false),
        ("content-location", "\\\\evil.example/x", false),
        (
            "link",
            "</x.css>; rel=preload, <https://mail.contoso.com/y>; rel=next",
            true,
        ),
        (
            "link",
            "</x.css>; rel=preload, <https://evil.example/y>; rel=next",
            false,
        ),
        ("link", "<//evil.example/y>; rel=next", false),
        (
            "link",
            "</x.css>; rel=preload, <\\\\evil.example/y>; rel=next",
            false,
        ),
        ("content-location", "/\t/evil.example", false),
        ("content-location", "https://evil.example/a<b>", false),
        ("uri", "http://10.0.0.7/x", false),
    ] {
        let passed = exchange(200, &[(name, value)]).unwrap();
        assert_eq!(passed.head.headers.contains_key(name), stays, "{value}");
    }
}

#[test]
fn an_answer_that_nobody_here_can_read_to_its_end_does_not_go_on() {
    for coding in ["gzip, chunked", "gzip", "identity"] {
        let reply = exchange(200, &[("transfer-encoding", coding)]).unwrap_err();
        assert_eq!(reply.status, 502, "{coding}");
    }
    assert!(exchange(200, &[("transfer-encoding", "Chunked")]).is_ok());
    let empty = exchange(204, &[("content-length", "5")]).unwrap();
    assert!(!empty.head.headers.contains_key("content-length"));
    assert_eq!(exchange(407, &[]).unwrap_err().status, 502);
    for none_of_http in [600, 999] {
        assert_eq!(exchange(none_of_http, &[]).unwrap_err().status, 502);
    }
}

#[test]
fn a_length_is_said_once_and_one_in_doubt_not_at_all() {
    for (said, kept) in [
        (&["5"][..], Some("5")),
        (&["5, 5"], Some("5")),
        (&["5", " 5"], Some("5")),
        (&["5, 6"], None),
        (&["5", "6"], None),
        (&["+5"], None),
        (&[""], None),
    ] {
        let headers: Vec<_> = said.iter().map(|it| ("content-length", *it)).collect();
        let passed = exchange(200, &headers).unwrap();
        let lines = passed.head.headers.get_all("content-length");
        let lines: Vec<_> = lines.iter().map(|it| it.to_str().unwrap()).collect();
        assert_eq!(lines, Vec::from_iter(kept), "{said:?}");
    }
}

#[test]
fn exchanges_own_name_does_not_come_out_in_headers() {
    let passed = exchange(
        302,
        &[
            ("location", "https://EXCH01.contoso.local:444/EWS/x?a=b"),
            ("set-cookie", "a=b; Domain=exch01.contoso.local"),
            ("set-cookie", "c=d; Path=/EWS; Secure"),
            ("set-cookie", "e=exch01.contoso.local~1942062522"),
            ("set-cookie", "f=g"),
            ("x-owa-version", "15 at exch01.contoso.local"),
            ("x-ms-diagnostics", "1;source=\"exch01.contoso.local\""),
        ],
    );
    let headers = passed.unwrap().head.headers;
    assert_eq!(headers["location"], "https://mail.contoso.com/EWS/x?a=b");
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["c=d; Path=/EWS; Secure", "f=g"]);
    assert!(!headers.contains_key("x-owa-version"));
    let diagnostics = headers["x-ms-diagnostics"].to_str().unwrap();
    assert!(
        diagnostics.contains("source=\"mail.contoso.com\""),
        "{diagnostics}"
    );
}

#[test]
fn an_error_page_that_names_a_front_end_is_emptied() {
    let html = ("content-type", "text/html");
    let page = format!("<p>{} failed</p>", FRONT_END.to_uppercase());
    let passed = discover(500, &[html], &page).unwrap();
    assert_eq!((passed.head.status.as_u16(), passed.body.len()), (500, 0));
    assert!(!passed.head.headers.contains_key("content-type"));
    let passed = discover(500, &[html], "<p>failed</p>").unwrap();
    assert_eq!(passed.body, "<p>failed</p>");
    assert_eq!(passed.head.headers["content-type"], "text/html");
}
