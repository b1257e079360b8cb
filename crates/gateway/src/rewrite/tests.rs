//! What becomes of names and addresses, and which of them may not come out.

use std::sync::LazyLock;

use super::*;

static NONE: BTreeMap<String, String> = BTreeMap::new();
static NOTHING: LazyLock<Publication> = LazyLock::new(Publication::default);

fn of_host(host: &BTreeMap<String, String>) -> Names<'_> {
    Names {
        route: &NONE,
        host,
        publication: &NOTHING,
    }
}

#[test]
fn s57_a_route_s_own_word_for_a_name_goes_before_the_host_s() {
    let names = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(own, outside): &(&str, &str)| ((*own).to_owned(), (*outside).to_owned());
        pairs.iter().map(owned).collect()
    };
    let host = names(&[("fe.local", "one.example"), ("mbx.local", "mail.example")]);
    let route = names(&[("fe.local", "two.example")]);
    let names = Names {
        route: &route,
        host: &host,
        publication: &NOTHING,
    };
    let mapped = |url: &str| names.mapped(url);
    assert_eq!(
        mapped("https://fe.local/").as_deref(),
        Some("https://two.example/")
    );
    assert_eq!(
        mapped("https://mbx.local/").as_deref(),
        Some("https://mail.example/")
    );
    let replaced = names.replaced("fe.local mbx.local");
    assert_eq!(replaced.as_deref(), Some("two.example mail.example"));
    assert!(names.leaks("at MBX.local") && !names.leaks("at two.example"));
}

#[test]
fn names_inside_a_text_are_put_right() {
    let names = BTreeMap::from([("fe01.local".to_owned(), "fe01.localhost:8443".to_owned())]);
    let replaced = |text: &str| of_host(&names).replaced(text);
    assert_eq!(
        replaced("msstd:FE01.local").as_deref(),
        Some("msstd:fe01.localhost")
    );
    let twice = "fe01.local;é;fe01.local";
    assert_eq!(
        replaced(twice).as_deref(),
        Some("fe01.localhost;é;fe01.localhost")
    );
    assert_eq!(replaced("Ntlm"), None);
}

#[test]
fn a_name_inside_another_is_another_and_one_that_is_published_is_no_secret() {
    let names = BTreeMap::from([
        (
            "web.contoso.com".to_owned(),
            "lyncweb.contoso.com".to_owned(),
        ),
        (
            "mail.contoso.com".to_owned(),
            "mail.contoso.com:8443".to_owned(),
        ),
    ]);
    let names = of_host(&names);
    let published = "https://lyncweb.contoso.com/ https://mail.contoso.com:8443/";
    assert!(!names.leaks(published));
    assert_eq!(names.replaced("lyncweb.contoso.com"), None);
    assert!(names.leaks("https://web.contoso.com/") && names.leaks("a web.contoso.com."));
    let replaced = names.replaced("msstd:web.contoso.com");
    assert_eq!(replaced.as_deref(), Some("msstd:lyncweb.contoso.com"));
}

#[test]
fn a_name_behind_an_escape_is_that_name() {
    let names = BTreeMap::from([(
        "web.contoso.local".to_owned(),
        "lync.contoso.com".to_owned(),
    )]);
    let names = of_host(&names);
    for leak in [
        "/login?to=https%3a%2f%2fweb.contoso.local%2fmeet",
        "/login?to=https%3A%2F%2FWEB.contoso.local",
        "to=https%253a%252f%252fweb.contoso.local",
        "to=%25252fweb.contoso.local",
        "\\u002fweb.contoso.local",
        "\\x2fweb.contoso.local",
        "%u002fweb.contoso.local",
        "a\\nweb.contoso.local",
        "a&#x2f;web.contoso.local",
    ] {
        assert!(names.leaks(leak), "{leak}");
    }
    assert!(names.leaks("a=b; Domain=.web.contoso.local"));
    assert!(names.leaks("at web.contoso.local."));
    let another = "https://web.contoso.local.mx/";
    assert_eq!(names.replaced(another), None);
    assert!(!names.leaks(another));
    for another in [
        "x.web.contoso.local",
        "2fweb.contoso.local",
        "myweb.contoso.local",
        "a-web.contoso.local",
        "%2fmyweb.contoso.local",
        "nweb.contoso.local",
    ] {
        assert!(!names.leaks(another), "{another}");
    }
    let replaced = names.replaced("x%2fweb.contoso.local%2fweb.contoso.local");
    assert_eq!(
        replaced.as_deref(),
        Some("x%2flync.contoso.com%2flync.contoso.com")
    );
}

#[test]
fn a_short_name_and_one_with_a_port_behind_a_dot_are_told_by_their_longer_forms() {
    let outside = "a.b".to_owned();
    let names = BTreeMap::from([
        ("exch01".to_owned(), outside.clone()),
        ("fe01.local".to_owned(), outside),
    ]);
    let names = of_host(&names);
    for leak in [
        "exch01",
        "at EXCH01.contoso.local",
        "SERVERID=fe01.local.4443",
        "fe01.local.",
    ] {
        assert!(names.leaks(leak), "{leak}");
    }
    for another in ["exch011", "fe01.local.example", "x.exch01"] {
        assert!(!names.leaks(another), "{another}");
    }
    assert_eq!(names.replaced("exch01.contoso.local"), None);
}

/// Servers are called as paths, namespaces, units of a directory and published names begin.
#[test]
fn a_short_name_is_told_only_where_it_stands_for_a_host() {
    let own = |own: &str| (own.to_owned(), "mail.contoso.com:8443".to_owned());
    let names = [
        "mail",
        "exchange",
        "autodiscover",
        "exch",
        "www",
        "fs",
        "owa",
        "ex_01",
    ];
    let names: BTreeMap<String, String> = names.map(own).into();
    let mut publication = Publication::default();
    let published = "autodiscover.contoso.com".to_owned();
    publication.hosts.insert(published, Host::default());
    publication
        .foreign_hosts
        .insert("fs.partner.example".to_owned());
    let names = Names {
        publication: &publication,
        ..of_host(&names)
    };
    for other in [
        "https://mail.contoso.com:8443/EWS/Exchange.asmx",
        "a=b; Domain=.mail.contoso.com",
        "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">",
        "<a:Autodiscover></a:Autodiscover></Autodiscover>",
        "https://autodiscover.contoso.com./autodiscover/autodiscover.xml",
        "https://fs.partner.example/owa/",
        "to=%2fexchange%2f",
        "<Type>EXCH</Type>",
        "<a:Type>Exchange</a:Type><AccountType>mail</AccountType><Action>www</Action>",
        "SAMLRequest=a%2bfs%2bb",
        "MSISAuth=AAEC+fs+AAEC",
        "xmlns:x=\"http://www.w3.org/2001/XMLSchema\"",
        "<LegacyDN>/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=anna</LegacyDN>",
    ] {
        assert_eq!(names.leaked(other), None, "{other}");
        assert_eq!(names.replaced(other), None, "{other}");
        let is_line = !other.contains(['<', '"']);
        assert!(!is_line || names.redirected(other).is_none(), "{other}");
        assert!(!is_line || !names.leaks(other), "{other}");
    }
    for (told, name) in [
        ("https://mail/EWS/Exchange.asmx", "mail"),
        ("<Server>EXCHANGE</Server>", "exchange"),
        ("<Server>EXCHANGE.contoso.local</Server>", "exchange"),
        ("<a server=\"exchange:443\"/>", "exchange"),
        ("X=mail.contoso.local", "mail"),
        ("to=%2f%2fexchange%2fx", "exchange"),
        (r#"{"href":"https:\/\/exchange\/x"}"#, "exchange"),
        ("<Spn>host/EXCHANGE</Spn>", "exchange"),
        ("<Spn>HTTP/exchange.contoso.local:443</Spn>", "exchange"),
        ("https://autodiscover.contoso.com.mx/", "autodiscover"),
        ("<Server>EX_01</Server>", "ex_01"),
        ("<Server>EX_01.contoso.local</Server>", "ex_01"),
        ("<Upn>EXCHANGE$@CONTOSO.LOCAL</Upn>", "exchange"),
        ("<V>dc1,EXCHANGE</V>", "exchange"),
        (
            "<MdbDN>/o=Contoso/cn=Servers/cn=EXCHANGE/cn=Microsoft Private MDB</MdbDN>",
            "exchange",
        ),
    ] {
        assert_eq!(names.leaked(told), Some(name), "{told}");
        assert!(names.leaks(told), "{told}");
    }
    for line in [
        "/error.aspx?msg=Server+EXCHANGE+did+not+answer",
        "/error.aspx?msg=Cannot+reach+EXCHANGE.contoso.local",
        "15 at EXCHANGE",
        "exchange",
        "a=exchange; Path=/",
        "to=exchange/x",
        "HTTP/exchange",
    ] {
        assert!(names.leaks(line), "{line}");
    }
    let put_right = names.redirected("/autodiscover/x?to=autodiscover&b=https://owa/owa/");
    let told = "/autodiscover/x?to=mail.contoso.com:8443&b=https://mail.contoso.com:8443/owa/";
    assert_eq!(put_right.as_deref(), Some(told));
    let put_right = names.redirected("/x?to=exchange/y&z=exchange%2fy");
    let told = "/x?to=mail.contoso.com:8443/y&z=mail.contoso.com:8443%2fy";
    assert_eq!(put_right.as_deref(), Some(told));
    let begun = "mail..".repeat(20_000);
    assert!(names.leaks(&begun), "however long it goes on");
    let server = names.replaced("msstd:exchange");
    assert_eq!(server.as_deref(), Some("msstd:mail.contoso.com"));
}

#[test]
fn a_short_name_is_the_beginning_of_names_of_others_and_of_parameters() {
    let names = BTreeMap::from([
        ("www".to_owned(), "www.contoso.com".to_owned()),
        ("fe01.pools.local".to_owned(), "lync.contoso.com".to_owned()),
    ]);
    let mut publication = Publication::default();
    let judged = |publication: &Publication, line: &str| {
        let names = Names {
            route: &NONE,
            host: &names,
            publication,
        };
        names.leaks(line)
    };
    let foreign = "https://www.example.net/";
    assert!(judged(&publication, foreign), "the domain is not known");
    publication.ntlm_target.dns_domain = "Corp.local".to_owned();
    for others in [
        foreign,
        "script-src https://www.example.net",
        "https://www.3m.example/",
        "www=1; HttpOnly",
        "/x?www%3d1",
        "a=1; www=2",
    ] {
        assert!(!judged(&publication, others), "{others}");
    }
    let mut child = Publication::default();
    child.ntlm_target.dns_domain = "emea.corp.local.".to_owned();
    for ours in ["https://www.corp.local/", "https://www.apac.corp.local/"] {
        assert!(judged(&child, ours), "{ours}");
    }
    assert!(!judged(&child, foreign));
    for ours in [
        "https://www/",
        "https://www.corp.local/",
        "https://www.child.corp.local/",
        "https://www.pools.local/",
        "https://www.contoso.com.corp.local/",
        "SERVERID=www.corp.local-4443; path=/",
        "SERVERID=www.corp.local.4443",
        "SERVERID=www.corp.local.node1",
        "https://www.corp_ad.example/",
        "https://www.m\u{fc}ller.example/",
        "https://www.m%c3%bcller.example/",
        "filename=www.log",
        "BIGipServer~Common~www=1677",
        "a=www=x",
        "https://www.443.example.net/",
        "a=www",
    ] {
        assert!(judged(&publication, ours), "{ours}");
    }
}

#[test]
fn the_port_of_an_address_in_a_text_goes_with_its_name() {
    let told = |outside: &str, text: &str| {
        let names = BTreeMap::from([("fe01.local".to_owned(), outside.to_owned())]);
        of_host(&names).redirected(text).unwrap_or_default()
    };
    for (text, plain, with_port) in [
        (
            "/l?to=https%3a%2f%2fFE01.local%3a4443%2fx",
            "/l?to=https%3a%2f%2fa.b%2fx",
            "/l?to=https%3a%2f%2fa.b%3a8443%2fx",
        ),
        (
            "/l?to=https%3A%2F%2ffe01.local%2fx",
            "/l?to=https%3A%2F%2fa.b%2fx",
            "/l?to=https%3A%2F%2fa.b%3a8443%2fx",
        ),
        (
            "/l?to=https%253a%252f%252ffe01.local%252fx",
            "/l?to=https%253a%252f%252fa.b%252fx",
            "/l?to=https%253a%252f%252fa.b%253a8443%252fx",
        ),
        (
            "/l?to=http://fe01.local:8080/&b=fe01.local",
            "/l?to=http://a.b/&b=a.b",
            "/l?to=http://a.b:8443/&b=a.b:8443",
        ),
        ("/l?to=fe01.local:x", "/l?to=a.b:x", "/l?to=a.b:8443:x"),
        (
            "/l?s=fe01.local:12345abc",
            "/l?s=a.b:12345abc",
            "/l?s=a.b:8443:12345abc",
        ),
    ] {
        assert_eq!(told("a.b", text), plain);
        assert_eq!(told("a.b:8443", text), with_port);
    }
}

#[test]
fn only_the_host_of_an_address_is_put_right() {
    let names = BTreeMap::from([("fe01.local".to_owned(), "lync.contoso.com:8443".to_owned())]);
    let mapped = |url: &str| of_host(&names).mapped(url);
    assert_eq!(
        mapped("https://FE01.local:4443/a/b?c=fe01.local").as_deref(),
        Some("https://lync.contoso.com:8443/a/b?c=fe01.local")
    );
    assert_eq!(
        mapped("http://fe01.local").as_deref(),
        Some("https://lync.contoso.com:8443")
    );
    assert_eq!(mapped("https://lync.contoso.com/"), None);
    assert_eq!(mapped("https://fe01.local.evil/"), None);
    assert_eq!(mapped("not an address"), None);
    assert!(of_host(&names).leaks("see FE01.LOCAL") && !of_host(&names).leaks("see lync"));
}

#[test]
fn a_host_is_found_whatever_stands_around_it() {
    let host = |url: &str| host_of_url(url);
    assert_eq!(
        host("https://u@A.example.:8/x").as_deref(),
        Some("a.example")
    );
    assert_eq!(host("https://[::1]:8/x").as_deref(), Some("[::1]"));
    assert_eq!(host("https:///x"), None);
    let blank = "https://a.example/a report.doc";
    assert_eq!(host(blank).as_deref(), Some("a.example"));
    for doubtful in [
        "//evil.example/?x=https://a.example/",
        "//evil.example/https://a.example/",
        "://a.example/",
        "https://a.example\\@evil.example/",
        "https://a.example/\\x",
        "https://a\t.example/",
        "https://a.example /",
        " https://a.example/",
    ] {
        assert_eq!(host(doubtful), None, "{doubtful}");
    }
}
