//! What the reader of discover answers takes and refuses, and how it writes them.

use expect_test::{Expect, expect};

use super::*;

const WEB: &str = "https://lyncweb.contoso.com";

fn root() -> Response {
    let link = |token: &str, path: &str| Link {
        token: token.to_owned(),
        href: format!("{WEB}/Autodiscover/AutodiscoverService.svc/root{path}"),
    };
    Response {
        access_location: Some(AccessLocation::External),
        resource: Resource::Root,
        links: vec![
            link("Domain", "/domain?originalDomain=contoso.com&x=\""),
            link("User", "/user"),
            link("OAuth", "/oauth/user"),
            link("Self", ""),
        ],
        sip: Vec::new(),
    }
}

fn user() -> Response {
    let link = |token: &str| Link {
        token: token.to_owned(),
        href: format!("{WEB}/{token}"),
    };
    Response {
        access_location: Some(AccessLocation::External),
        resource: Resource::User,
        links: vec![link("External/Mcx"), link("Ucwa"), link("Self")],
        sip: vec![SipAccess {
            service: SipService::ClientExternal,
            fqdn: "sip.contoso.com".to_owned(),
            port: 443,
        }],
    }
}

fn check(response: &Response, media_type: MediaType, expected: Expect) {
    expected.assert_eq(&response.write(media_type));
}

fn refusal(text: &str, media_type: MediaType) -> DiscoverParseError {
    Response::parse(text.as_bytes(), media_type).unwrap_err()
}

#[test]
fn the_xml_form_is_as_documented() {
    check(
        &root(),
        MediaType::Xml,
        expect![[
            r#"<?xml version="1.0" encoding="utf-8"?><AutodiscoverResponse xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" AccessLocation="External"><Root><Link token="Domain" href="https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root/domain?originalDomain=contoso.com&amp;x=&quot;"/><Link token="User" href="https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root/user"/><Link token="OAuth" href="https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root/oauth/user"/><Link token="Self" href="https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root"/></Root></AutodiscoverResponse>"#
        ]],
    );
    check(
        &user(),
        MediaType::Xml,
        expect![[
            r#"<?xml version="1.0" encoding="utf-8"?><AutodiscoverResponse xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" AccessLocation="External"><User><SipClientExternalAccess fqdn="sip.contoso.com" port="443"/><Link token="External/Mcx" href="https://lyncweb.contoso.com/External/Mcx"/><Link token="Ucwa" href="https://lyncweb.contoso.com/Ucwa"/><Link token="Self" href="https://lyncweb.contoso.com/Self"/></User></AutodiscoverResponse>"#
        ]],
    );
}

#[test]
fn the_json_forms_are_as_expected() {
    check(
        &root(),
        MediaType::JsonLinks,
        expect![[
            r#"{"_links":{"domain":{"href":"https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root/domain?originalDomain=contoso.com&x=\""},"self":{"href":"https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root"},"user":{"href":"https://lyncweb.contoso.com/Autodiscover/AutodiscoverService.svc/root/oauth/user"}}}"#
        ]],
    );
    check(
        &user(),
        MediaType::JsonLinks,
        expect![[
            r#"{"_links":{"applications":{"href":"https://lyncweb.contoso.com/Ucwa"},"self":{"href":"https://lyncweb.contoso.com/Self"}}}"#
        ]],
    );
    check(
        &user(),
        MediaType::JsonV1,
        expect![[
            r#"{"AccessLocation":"External","User":{"Links":[{"href":"https://lyncweb.contoso.com/External/Mcx","token":"External/Mcx"},{"href":"https://lyncweb.contoso.com/Ucwa","token":"Ucwa"},{"href":"https://lyncweb.contoso.com/Self","token":"Self"}],"SipClientExternalAccess":{"fqdn":"sip.contoso.com","port":"443"}}}"#
        ]],
    );
}

#[test]
fn a_redirect_is_one_link() {
    let redirect = Response::redirect_to("https://a/root?sipuri=anna@contoso.com");
    check(
        &redirect,
        MediaType::Xml,
        expect![[
            r#"<?xml version="1.0" encoding="utf-8"?><AutodiscoverResponse xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Root><Link token="Redirect" href="https://a/root?sipuri=anna@contoso.com"/></Root></AutodiscoverResponse>"#
        ]],
    );
    check(
        &redirect,
        MediaType::JsonLinks,
        expect![[r#"{"_links":{"redirect":{"href":"https://a/root?sipuri=anna@contoso.com"}}}"#]],
    );
    for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
        let read = Response::parse(redirect.write(form).as_bytes(), form).unwrap();
        assert_eq!(read.redirect(), redirect.redirect(), "{form:?}");
    }
}

#[test]
fn answers_go_round() {
    for response in [root(), user()] {
        for form in [MediaType::Xml, MediaType::JsonV1] {
            let text = response.write(form);
            assert_eq!(
                Response::parse(text.as_bytes(), form).unwrap(),
                response,
                "{text}"
            );
        }
    }
    let text = user().write(MediaType::JsonLinks);
    let read = Response::parse(text.as_bytes(), MediaType::JsonLinks).unwrap();
    assert_eq!(
        (read.resource, read.link("Applications")),
        (Resource::User, user().link("ucwa"))
    );
}

#[test]
fn links_are_mapped_and_chosen() {
    let mut response = user();
    response.map_links(|href| {
        href.strip_prefix(WEB)
            .map(|path| format!("https://gate{path}"))
    });
    response.retain_links(|token| token != "External/Mcx");
    assert_eq!(response.link("Ucwa"), Some("https://gate/Ucwa"));
    assert_eq!(response.links.len(), 2);
    response.map_links(|_| None);
    assert_eq!(response.link("self"), Some("https://gate/Self"));
}

#[test]
fn a_port_may_be_a_number_in_json() {
    let text = r#"{"User":{"SipClientExternalAccess":{"fqdn":"a","port":443}}}"#;
    let response = Response::parse(text.as_bytes(), MediaType::JsonV1).unwrap();
    assert_eq!(
        response.sip,
        [SipAccess {
            fqdn: "a".to_owned(),
            ..user().sip[0].clone()
        }]
    );
}

#[test]
fn xml_that_is_no_answer_is_refused() {
    use DiscoverParseError::{
        IncompleteLink, IncompleteSipAccess, NotOneResource, TooManyLinks, UnknownAccessLocation,
    };
    let inside =
        |text: &str| format!("<AutodiscoverResponse><Root>{text}</Root></AutodiscoverResponse>");
    for (text, error) in [
        ("<AutodiscoverResponse/>".to_owned(), NotOneResource),
        ("<Other><Root/></Other>".to_owned(), NotOneResource),
        (
            "<AutodiscoverResponse><Root/><User/></AutodiscoverResponse>".to_owned(),
            NotOneResource,
        ),
        (
            "<AutodiscoverResponse AccessLocation='Moon'><Root/></AutodiscoverResponse>".to_owned(),
            UnknownAccessLocation,
        ),
        (inside("<Link token='User'/>"), IncompleteLink),
        (inside("<Link href='x'/>"), IncompleteLink),
        (
            inside("<SipClientExternalAccess fqdn='x'/>"),
            IncompleteSipAccess,
        ),
        (
            inside("<SipClientExternalAccess fqdn='x' port='65536'/>"),
            IncompleteSipAccess,
        ),
        (
            inside(&"<Link token='a' href='b'/>".repeat(129)),
            TooManyLinks,
        ),
        (
            inside(&format!("<Link token='a' href='{}'/>", "x".repeat(2049))),
            DiscoverParseError::Value(ValueError::TooLong {
                name: "href",
                limit: 2048,
            }),
        ),
        (
            "<!DOCTYPE a><a/>".to_owned(),
            DiscoverParseError::Xml(ParseError::DocumentType),
        ),
    ] {
        assert_eq!(refusal(&text, MediaType::Xml), error, "{text}");
    }
}

#[test]
fn json_that_is_no_answer_is_refused() {
    use DiscoverParseError::{
        IncompleteLink, IncompleteSipAccess, Json, NotOneResource, TooLarge, TooManyLinks,
        UnknownAccessLocation,
    };
    let many: Vec<_> = (0..129)
        .map(|n| format!(r#""l{n}":{{"href":"x"}}"#))
        .collect();
    let listed = vec![r#"{"token":"a","href":"b"}"#; 129];
    for (text, error) in [
        ("{".to_owned(), Json),
        ("[".repeat(200), Json),
        (r#"{"_links":[]}"#.to_owned(), Json),
        (r#"{"_links":{"user":{}}}"#.to_owned(), IncompleteLink),
        (
            format!(r#"{{"_links":{{{}}}}}"#, many.join(",")),
            TooManyLinks,
        ),
        ("{}".to_owned(), NotOneResource),
        (r#"{"Root":{},"User":{}}"#.to_owned(), NotOneResource),
        (
            r#"{"Root":{},"AccessLocation":"Moon"}"#.to_owned(),
            UnknownAccessLocation,
        ),
        (
            r#"{"Root":{},"AccessLocation":7}"#.to_owned(),
            UnknownAccessLocation,
        ),
        (
            r#"{"Root":{"Links":[{"token":"a"}]}}"#.to_owned(),
            IncompleteLink,
        ),
        (
            format!(r#"{{"Root":{{"Links":[{}]}}}}"#, listed.join(",")),
            TooManyLinks,
        ),
        (
            r#"{"User":{"SipClientExternalAccess":{"port":1}}}"#.to_owned(),
            IncompleteSipAccess,
        ),
        (" ".repeat(256 * 1024 + 1), TooLarge),
    ] {
        assert_eq!(refusal(&text, MediaType::JsonV1), error, "{:.60}", text);
    }
}
