//! What clients write to be taken for somebody, and what back ends let slip.

use super::*;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

fn head(version: Version, lines: &[(&str, &str)]) -> http::request::Parts {
    let mut parts = http::Request::builder()
        .version(version)
        .body(())
        .unwrap()
        .into_parts()
        .0;
    parts.headers = headers(lines);
    parts
}

/// What of these headers goes on, where the route lists these names.
fn passed_where(lines: &[(&str, &str)], pass: &[&str], tickets: TicketHeaders) -> HeaderMap {
    let ours = BTreeSet::from(["x-who".to_owned()]);
    let host = HeaderValue::from_static("mail.contoso.com");
    let pass: Vec<HeaderName> = pass.iter().map(|name| name.parse().unwrap()).collect();
    let added = Added {
        client: "192.0.2.7".parse().unwrap(),
        published: &host,
        activity: HeaderValue::from_static("1"),
        set: &[(
            HeaderName::from_static("x-tenant"),
            HeaderValue::from_static("contoso"),
        )],
        pass: &pass,
        identity: &ours,
        tickets,
        session: SessionCookies::AsSent,
        is_read: false,
        is_websocket: false,
    };
    onward(&headers(lines), &added)
}

fn passed(lines: &[(&str, &str)]) -> HeaderMap {
    passed_where(lines, &["x-mine"], TicketHeaders::Nothing)
}

#[test]
fn t_http_1_framing_that_two_programs_could_read_differently_is_refused() {
    use FramingError as Error;
    let host = ("host", "a");
    let judged = |lines: &[(&str, &str)]| framing(&head(Version::HTTP_11, lines));
    assert_eq!(judged(&[host]), Ok(()));
    assert_eq!(judged(&[host, ("transfer-encoding", "Chunked")]), Ok(()));
    assert_eq!(judged(&[host, ("content-length", "5")]), Ok(()));
    assert_eq!(judged(&[]), Err(Error::Host));
    assert_eq!(judged(&[host, host]), Err(Error::Host));
    for coding in [
        "gzip, chunked",
        "chunked, chunked",
        "chunked ",
        "xchunked",
        "",
        "identity",
    ] {
        let refused = judged(&[host, ("transfer-encoding", coding)]);
        assert_eq!(refused, Err(Error::TransferEncoding), "{coding}");
    }
    let twice = [
        host,
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "chunked"),
    ];
    assert_eq!(judged(&twice), Err(Error::TransferEncoding));
    let both = [
        host,
        ("transfer-encoding", "chunked"),
        ("content-length", "5"),
    ];
    assert_eq!(judged(&both), Err(Error::TwoLengths));
}

#[test]
fn t_http_2_old_versions_have_no_chunks() {
    let old = head(
        Version::HTTP_10,
        &[("host", "a"), ("transfer-encoding", "chunked")],
    );
    assert_eq!(framing(&old), Err(FramingError::OldVersion));
}

#[test]
fn t_http_3_a_length_is_one_plain_number() {
    for length in [
        "+5",
        "5,5",
        " 5",
        "5 ",
        "0x5",
        "-1",
        "",
        "99999999999999999999",
    ] {
        let odd = head(
            Version::HTTP_11,
            &[("host", "a"), ("content-length", length)],
        );
        assert_eq!(framing(&odd), Err(FramingError::ContentLength), "{length}");
    }
    let lines = [
        ("host", "a"),
        ("content-length", "5"),
        ("content-length", "5"),
    ];
    assert_eq!(
        framing(&head(Version::HTTP_11, &lines)),
        Err(FramingError::ContentLength)
    );
}

#[test]
fn t_http_6_identity_headers_of_clients_do_not_pass_in_any_spelling() {
    for name in [
        "X-Who",
        "x_who",
        "X-Forwarded-For",
        "x_forwarded_for",
        "X_Forwarded-For",
        "Forwarded",
        "X-Forwarded-User",
        "Remote-User",
        "X-Remote-User",
        "Remote_User",
        "X-Wicketgate-Identity",
        "X-WICKETGATE_IDENTITY",
        "X-Auth-User",
        "X-SSL-Client-CN",
        "X-MS-Proxy",
        "Front-End-Https",
        "X-User-Identity",
        "X-BEResource",
        "X-Original-URL",
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-WEBAUTH-USER",
        "X-Email",
        "X-Remote-Groups",
        "X-MS-Client-Principal",
        "X-MS-Client-Principal-Name",
        "X-MS-Token-AAD-Id-Token",
        "Iv-User",
        "Iv-Groups",
        "SMUser",
        "SM_User",
        "OAM-Remote-User",
        "OAM_REMOTE_USER",
        "X-Amzn-Oidc-Identity",
        "X-Amzn-Oidc-Data",
        "X-Goog-Authenticated-User-Email",
        "MS-ASPNETCORE-WINAUTHTOKEN",
        "MS-ASPNETCORE-CLIENTCERT",
        "X-IIS-WindowsAuthToken",
        "Client-Cert",
        "Client-Cert-Chain",
        "CF-Connecting-IP",
        "Fastly-Client-IP",
        "X-Original-URI",
        "X-Original-Host",
        "X-SerializedSecurityAccessToken",
        "X-IsFromCafe",
        "X-CommonAccessToken",
        "msExchProxyUri",
        "msExchPathURL",
        "X-RpcHttpProxyServerTarget",
        "X-MSExchangeProxy-Anything",
        "OIDC_CLAIM_sub",
        "Via",
        "From",
    ] {
        // Not even where somebody listed it.
        let lines = [(name, "evil"), (name, "evil2")];
        let seen = passed_where(&lines, &[name], TicketHeaders::Any);
        assert!(
            !seen
                .values()
                .any(|value| value.as_bytes().starts_with(b"evil")),
            "{name}"
        );
    }
    let seen = passed(&[("x-forwarded-for", "10.0.0.1")]);
    assert_eq!(seen["x-forwarded-for"], "192.0.2.7");
    assert_eq!(seen["x-forwarded-host"], "mail.contoso.com");
    assert_eq!(seen["host"], "mail.contoso.com");
    assert_eq!(seen["x-tenant"], "contoso");
}

#[test]
fn t_http_7_a_client_cannot_name_our_headers_away() {
    let named = "close, X-Forwarded-For, X-Tenant, Host, X-Wicketgate-Activity, X-Mine";
    let seen = passed(&[("connection", named), ("x-mine", "1"), ("te", "trailers")]);
    for ours in [
        "x-forwarded-for",
        "x-tenant",
        "host",
        "x-wicketgate-activity",
    ] {
        assert!(seen.contains_key(ours), "{ours}");
    }
    for hop in ["x-mine", "connection", "te"] {
        assert!(!seen.contains_key(hop), "{hop}");
    }
}

#[test]
fn t_http_6_what_no_list_names_does_not_go_on() {
    let lines = [
        ("accept", "1"),
        ("soapaction", "2"),
        ("sec-fetch-mode", "3"),
        ("access-control-request-method", "4"),
        ("x-mine", "5"),
        ("x-yours", "evil"),
        ("translate", "evil"),
        ("destination", "evil"),
        ("content-location", "evil"),
    ];
    let seen = passed(&lines);
    let kept = seen
        .values()
        .filter(|value| value.len() == 1 && *value != "1");
    assert_eq!(kept.count(), 4, "{seen:?}");
    assert!(!seen.values().any(|value| value == "evil"), "{seen:?}");
    assert!(!passed_where(&lines, &[], TicketHeaders::Nothing).contains_key("x-mine"));
}

#[test]
fn credentials_of_the_connection_do_not_pass_and_a_ticket_only_where_it_was_checked() {
    let listed = ["authorization", "x-ms-webticket"];
    for value in [
        "NTLM TlRM",
        "Negotiate YII",
        "Basic YTpi",
        "Digest a=b",
        "Kerberos x",
        "bearer",
    ] {
        for tickets in [TicketHeaders::Nothing, TicketHeaders::Any] {
            let seen = passed_where(&[("authorization", value)], &listed, tickets);
            assert!(!seen.contains_key("authorization"), "{value}");
        }
    }
    let both = [
        ("authorization", "Bearer cwt=AA"),
        ("x-ms-webticket", "cwt=AA"),
    ];
    for (tickets, passing) in [
        (TicketHeaders::Nothing, [false, false]),
        (TicketHeaders::WebTicket, [false, true]),
        (TicketHeaders::Bearer, [true, false]),
        (TicketHeaders::Any, [true, true]),
    ] {
        let seen = passed_where(&both, &listed, tickets);
        assert_eq!(listed.map(|name| seen.contains_key(name)), passing);
    }
    let proxied = passed(&[
        ("proxy-authorization", "Basic YTpi"),
        ("proxy-anything", "1"),
    ]);
    assert!(
        !proxied
            .keys()
            .any(|name| name.as_str().starts_with("proxy-"))
    );
}

#[test]
fn t_http_10_cookies_that_choose_a_back_end_are_dropped() {
    let chosen = "X-BEResource=evil~1; a=b; cwt_ucwa=cwt=x; \
                  x-anonresource-backend=evil; X-AnonResource=true; c=d";
    assert_eq!(passed(&[("cookie", chosen)])["cookie"], "a=b; c=d");
    assert!(!passed(&[("cookie", "X-BEResource=evil~1")]).contains_key("cookie"));
    for hidden in [
        "\u{a0}X-BEResource=evil~1",
        "\u{85}X-BEResource=evil~1",
        "X-BEResource\u{a0}=evil~1",
        "\u{feff}cwt_ucwa=cwt=x",
        "\"X-BEResource\"=evil~1",
        "e=f, X-BEResource=evil~1",
        "e=f,\u{a0}X-BEResource =evil~1",
        "=X-BEResource=evil~1, SecurityToken",
    ] {
        let line = format!("a=b; {hidden}; c=d,e");
        assert_eq!(
            passed(&[("cookie", &line)])["cookie"],
            "a=b; c=d,e",
            "{line}"
        );
    }
    // T-HTTP-11, CVE-2021-33766: the cookie that made a front end step aside.
    assert!(!passed(&[("cookie", "SecurityToken=x")]).contains_key("cookie"));
}

#[test]
fn challenges_and_chatter_of_a_back_end_do_not_come_out() {
    let mut answer = headers(&[
        ("www-authenticate", "NTLM"),
        ("www-authenticate", "Negotiate, Basic realm=\"x\""),
        ("www-authenticate", "Bearer realm=\"x\", NTLM"),
        (
            "www-authenticate",
            "MsRtcOAuth href=\"https://a/\",grant_type=\"password\"",
        ),
        ("www-authenticate", "Bearer trusted_issuers=\"x\""),
        ("persistent-auth", "true"),
        ("proxy-authenticate", "NTLM"),
        ("authentication-info", "nextnonce=\"1\""),
        ("authentication-control", "Basic realm=\"x\""),
        ("optional-www-authenticate", "Basic realm=\"x\""),
        ("server", "IIS"),
        ("x-ms-server-fqdn", "fe01.contoso.local"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("content-length", "7"),
        ("x-kept", "1"),
    ]);
    clean_answer(&mut answer, true);
    let challenges: Vec<&HeaderValue> = answer.get_all("www-authenticate").iter().collect();
    assert_eq!(
        challenges,
        [
            "Bearer realm=\"x\"",
            "MsRtcOAuth href=\"https://a/\",grant_type=\"password\"",
            "Bearer trusted_issuers=\"x\""
        ]
    );
    let mut names: Vec<&str> = answer.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "cache-control",
            "content-length",
            "www-authenticate",
            "x-kept"
        ]
    );
    assert_eq!(answer["cache-control"], "no-store");
}

#[test]
fn t_http_1_a_back_end_s_second_word_about_a_length_does_not_come_out() {
    for coding in ["chunked", "gzip, chunked"] {
        let mut answer = headers(&[("content-length", "3"), ("transfer-encoding", coding)]);
        clean_answer(&mut answer, false);
        assert!(answer.is_empty(), "{answer:?}");
    }
}

#[test]
fn an_operator_may_set_only_what_is_on_the_list() {
    let may = |name: &'static str| may_be_set(&HeaderName::from_static(name));
    assert!(may("x-tenant") && may("user-agent"));
    for name in [
        "authorization",
        "host",
        "cookie",
        "x-forwarded-for",
        "content-length",
        "x-who",
    ] {
        assert!(!may(name), "{name}");
    }
}

#[test]
fn no_identity_is_told_by_a_header_that_means_something_else() {
    for name in [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "x-forwarded-for",
        "cookie",
    ] {
        assert!(!may_tell_identity(&HeaderName::from_static(name)), "{name}");
    }
    for name in ["x-wicketgate-identity", "authorization", "x-user"] {
        assert!(may_tell_identity(&HeaderName::from_static(name)), "{name}");
    }
}

#[test]
fn a_cookie_of_any_bytes_takes_no_other_with_it() {
    let line = b"session=abc; name=M\xc3\xbc\xff; X-BEResource=x; b=c";
    let kept = cookies(&HeaderValue::from_bytes(line).unwrap(), true).unwrap();
    assert_eq!(kept.as_bytes(), b"session=abc; name=M\xc3\xbc\xff; b=c");
    let only = HeaderValue::from_static("X-BEResource=x");
    assert_eq!(cookies(&only, true), None);
}

#[test]
fn a_back_end_sets_no_cookie_of_the_gates_and_no_cache_keeps_what_is_somebodys() {
    let lines = [
        ("set-cookie", "a=b; Path=/"),
        (
            "set-cookie",
            "__host-Wicketgate-00000000=evil; Path=/; Secure",
        ),
        ("set-cookie", "c=d"),
        ("cdn-cache-control", "max-age=3600"),
        ("surrogate-control", "max-age=3600"),
        ("x-accel-expires", "3600"),
        ("expires", "Thu, 01 Jan 2037 00:00:00 GMT"),
        ("cache-control", "public"),
    ];
    let mut anybodys = headers(&lines);
    clean_answer(&mut anybodys, false);
    let set: Vec<_> = anybodys.get_all("set-cookie").iter().collect();
    assert_eq!(set, ["a=b; Path=/", "c=d"]);
    assert_eq!(anybodys["cache-control"], "public");
    let mut somebodys = headers(&lines);
    clean_answer(&mut somebodys, true);
    assert_eq!(somebodys["cache-control"], "no-store");
    for name in [
        "cdn-cache-control",
        "surrogate-control",
        "x-accel-expires",
        "expires",
    ] {
        assert!(anybodys.contains_key(name) && !somebodys.contains_key(name));
    }
}
