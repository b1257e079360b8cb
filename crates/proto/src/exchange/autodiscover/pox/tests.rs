//! What is read of plain requests, and what an edited answer looks like.

use expect_test::expect;

use super::super::answer::tests::{INNER, check_changed, keep, to_gate};
use super::*;

/// An answer with what editing must get right: every kind of `Protocol`, quotes, entities,
/// comments, CDATA, odd spacing.
const OUTLOOK: &str = include_str!("../../../../testdata/autodiscover/outlook.xml");
const MOBILE: &str = include_str!("../../../../../../fuzz/seeds/autodiscover_pox/mobile.xml");

fn request(inside: &str) -> Result<Request, RequestParseError> {
    let text = format!(
        "<Autodiscover xmlns='{OUTLOOK_REQUEST}'><Request>{inside}</Request></Autodiscover>"
    );
    Request::parse(text.as_bytes())
}

fn schema(name: &str) -> String {
    format!("<AcceptableResponseSchema>{name}</AcceptableResponseSchema>")
}

fn answer(inside: &str) -> String {
    format!(
        "<Autodiscover xmlns='{RESPONSE}'><Response xmlns='{OUTLOOK_RESPONSE}'>{inside}\
         </Response></Autodiscover>"
    )
}

fn refused(text: &str) -> AnswerParseError {
    Response::parse(text).map(drop).unwrap_err()
}

#[test]
fn a_request_names_a_mailbox_and_a_schema() {
    let both = "<LegacyDN>/o=Contoso/cn=anna</LegacyDN> <EMailAddress> anna&#64;contoso.com\
                <!-- x --></EMailAddress>";
    let read = request(&format!("{both}{}", schema(OUTLOOK_RESPONSE))).unwrap();
    assert_eq!(read.email_address(), Some("anna@contoso.com"));
    assert_eq!(read.legacy_dn(), Some("/o=Contoso/cn=anna"));
    assert_eq!(read.response_schema, RequestedSchema::Outlook);
    let phone = format!(
        "<?xml version='1.0' encoding='utf-8'?><a:Autodiscover xmlns:a='{MOBILE_SYNC_REQUEST}'>\
         <a:Request><a:EMailAddress>anna@contoso.com</a:EMailAddress><a:AcceptableResponseSchema>\
         {MOBILE_SYNC_RESPONSE}</a:AcceptableResponseSchema></a:Request></a:Autodiscover>"
    );
    let read = Request::parse(phone.as_bytes()).unwrap();
    assert_eq!(read.response_schema, RequestedSchema::MobileSync);
    assert_eq!(read.legacy_dn(), None);
    let read = request(&format!("{both}{}", schema("urn:other"))).unwrap();
    let other = RequestedSchema::Other("urn:other".to_owned());
    assert_eq!(read.response_schema, other);
}

#[test]
fn doubtful_requests_are_refused() {
    use RequestParseError as Error;
    let address = "<EMailAddress>anna@contoso.com</EMailAddress>";
    let known = schema(OUTLOOK_RESPONSE);
    let repeated = |name| Error::Value(ValueError::Repeated { name });
    for (inside, error) in [
        (known.clone(), Error::NoMailbox),
        (
            format!("<EMailAddress> </EMailAddress>{known}"),
            Error::NoMailbox,
        ),
        (
            format!("<emailaddress>a</emailaddress>{known}"),
            Error::NoMailbox,
        ),
        (address.to_owned(), Error::NoSchema),
        (
            format!("{address}{address}{known}"),
            repeated("EMailAddress"),
        ),
        (
            format!("{address}{known}{known}"),
            repeated("AcceptableResponseSchema"),
        ),
        (
            format!("<EMailAddress>a<b/></EMailAddress>{known}"),
            Error::Value(ValueError::HoldsElements {
                name: "EMailAddress",
            }),
        ),
        (
            format!("<LegacyDN>{}</LegacyDN>{known}", "x".repeat(2049)),
            Error::Value(ValueError::TooLong {
                name: "LegacyDN",
                limit: 2048,
            }),
        ),
        (
            "<a>".repeat(63) + &"</a>".repeat(63),
            Error::Xml(ParseError::TooDeep { limit: 64 }),
        ),
        (
            " ".repeat(64 * 1024),
            Error::Xml(ParseError::TooLarge { limit: 64 * 1024 }),
        ),
    ] {
        assert_eq!(request(&inside), Err(error), "{inside:.80}");
    }
    let root = |namespace: &str, inside: &str| {
        format!("<Autodiscover xmlns='{namespace}'>{inside}</Autodiscover>")
    };
    for (text, error) in [
        (root(OUTLOOK_REQUEST, ""), Error::NotARequest),
        (root(RESPONSE, "<Request/>"), Error::NotARequest),
        (
            root(OUTLOOK_REQUEST, "<Request/><Request/>"),
            repeated("Request"),
        ),
        (
            "<!DOCTYPE a><a/>".to_owned(),
            Error::Xml(ParseError::DocumentType),
        ),
    ] {
        assert_eq!(Request::parse(text.as_bytes()), Err(error), "{text}");
    }
    let not_utf8 = Request::parse(b"<a>\xff</a>");
    assert_eq!(not_utf8, Err(Error::Xml(ParseError::NotUtf8)));
}

#[test]
fn an_edit_that_changes_nothing_keeps_every_byte() {
    let both: [fn(&str) -> Option<String>; 2] = [|url| Some(url.to_owned()), |_| None];
    for text in [OUTLOOK, MOBILE, &format!("\u{feff}{OUTLOOK}")] {
        let response = Response::parse(text).unwrap();
        for map_url in both {
            let edited = response.edited(Edit {
                map_url: &map_url,
                map_setting: &|setting| Some(setting.value.to_owned()),
            });
            assert_eq!(edited.text, text);
        }
    }
}

#[test]
fn every_url_of_outlook_is_mapped_and_what_remains_is_reported() {
    let response = Response::parse(OUTLOOK).unwrap();
    assert_eq!(response.schema(), ResponseSchema::Outlook);
    let edited = response.edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    check_changed(
        OUTLOOK,
        &edited.text,
        &expect![[r#"
        <ASUrl>https://mail.contoso.com/EWS/Exchange.asmx</ASUrl>
        <EwsUrl>https://mail.contoso.com/EWS/Exchange.asmx</EwsUrl>
        <EmwsUrl>https://mail.contoso.com/EWS/Exchange.asmx</EmwsUrl>
        <EcpUrl>https://mail.contoso.com/ecp/</EcpUrl>
        <OOFUrl>https://mail.contoso.com/EWS/Exchange.asmx?a=1&amp;b=2</OOFUrl>
        <UMUrl>https://mail.contoso.com/EWS/UM2007Legacy.asmx</UMUrl>
        <OABUrl>https://mail.contoso.com/OAB/8d3c7e45-4a0e-4c0f-9c0e-2f0f3a4b5c6d/</OABUrl>
        <SharingUrl>https://mail.contoso.com/EWS/Exchange.asmx</SharingUrl>
        <EwsPartnerUrl>https://mail.contoso.com/EWS/Exchange.asmx</EwsPartnerUrl>
        <OWAUrl AuthenticationMethod="Basic, Fba">https://mail.contoso.com/owa/</OWAUrl>
        <ASUrl>https://mail.contoso.com/EWS/Exchange.asmx</ASUrl>
        <ASUrl>https://mail.contoso.com/EWS/Exchange.asmx</ASUrl>
        <EwsUrl>https://mail.contoso.com/EWS/Exchange.asmx</EwsUrl>
        <InternalUrl>https://mail.contoso.com/mapi/emsmdb/?MailboxId=8a1b6d5e@contoso.com</InternalUrl>
        <InternalUrl>https://mail.contoso.com/mapi/nspi/?MailboxId=8a1b6d5e@contoso.com</InternalUrl>
        <New future='https://mail.contoso.com/future?a=1&amp;b=&quot;2&quot;'/>"#]],
    );
    let remaining: Vec<_> = edited
        .remaining
        .iter()
        .map(|link| format!("{}: {}", link.place, link.url))
        .collect();
    expect![[r#"
        [
            "EwsUrl: https://mail.contoso.com/EWS/Exchange.asmx",
            "OWAUrl: https://mail.contoso.com/owa/",
            "ExternalUrl: https://mail.contoso.com/mapi/emsmdb/?MailboxId=8a1b6d5e@contoso.com",
            "comment: see https://wiki.contoso.com/",
        ]
    "#]]
    .assert_debug_eq(&remaining);
    assert!(!edited.text.contains(INNER));
}

#[test]
fn names_of_servers_inside_are_blanked_or_replaced() {
    let response = Response::parse(OUTLOOK).unwrap();
    let map_setting = |setting: &Setting<'_>| {
        if names_inner_server(setting) {
            return Some(String::new());
        }
        let is_package = setting.element == "AuthPackage" && setting.group == Some("EXPR");
        is_package.then(|| "<basic>".to_owned())
    };
    let edited = response.edited(Edit {
        map_url: &|_| None,
        map_setting: &map_setting,
    });
    check_changed(
        OUTLOOK,
        &edited.text,
        &expect![[r#"
        <Server></Server>
        <ServerDN></ServerDN>
        <MdbDN></MdbDN>
        <PublicFolderServer></PublicFolderServer>
        <AD></AD>
        <AuthPackage>&lt;basic&gt;</AuthPackage>
        <Server></Server>"#]],
    );
    assert!(Response::parse(&edited.text).is_ok());
}

#[test]
fn a_phone_is_sent_to_the_gate() {
    let response = Response::parse(MOBILE).unwrap();
    assert_eq!(response.schema(), ResponseSchema::MobileSync);
    let edited = response.edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    check_changed(
        MOBILE,
        &edited.text,
        &expect![[r#"
        <m:Url>https://mail.contoso.com/Microsoft-Server-ActiveSync</m:Url>
        <m:Name>https://mail.contoso.com/Microsoft-Server-ActiveSync</m:Name>
        <m:Url>https://mail.contoso.com/CertEnroll</m:Url>"#]],
    );
    assert_eq!(edited.remaining, []);
}

#[test]
fn redirects_are_reported() {
    let url = "<Account><Action>redirectUrl</Action><RedirectUrl>https://mbx01.contoso.local/\
               </RedirectUrl></Account>";
    let address = "<Account><RedirectAddr> anna@fabrikam.com</RedirectAddr></Account>";
    let phone = format!(
        "<Autodiscover xmlns='{RESPONSE}'><Response xmlns='{MOBILE_SYNC_RESPONSE}'><Action>\
         <Redirect>ben@fabrikam.com</Redirect></Action></Response></Autodiscover>"
    );
    for (text, redirect) in [
        (answer(url), Redirect::Url(format!("{INNER}/"))),
        (
            answer(address),
            Redirect::Address("anna@fabrikam.com".to_owned()),
        ),
        (phone, Redirect::Address("ben@fabrikam.com".to_owned())),
    ] {
        let response = Response::parse(&text).unwrap();
        assert_eq!(response.redirects().collect::<Vec<_>>(), [redirect]);
    }
    let text = answer(url);
    let edited = Response::parse(&text).unwrap().edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    let expected = "<RedirectUrl>https://mail.contoso.com/</RedirectUrl>";
    assert!(edited.text.contains(expected));
    let inside =
        answer("<Protocol><RedirectUrl>https://mbx01.contoso.local/</RedirectUrl></Protocol>");
    assert_eq!(Response::parse(&inside).unwrap().redirects().count(), 0);
}

#[test]
fn an_error_is_an_answer_too() {
    let text = format!(
        "<Autodiscover xmlns='{RESPONSE}'><Response><Error Time='10:00' Id='1'><ErrorCode>600\
         </ErrorCode><Message>Invalid Request</Message><DebugData /></Error></Response>\
         </Autodiscover>"
    );
    let response = Response::parse(&text).unwrap();
    assert_eq!(response.schema(), ResponseSchema::Error);
    assert_eq!(
        (response.links().count(), response.redirects().count()),
        (0, 0)
    );
}

#[test]
fn a_mapped_value_that_holds_another_url_is_reported() {
    let text = answer("<EwsUrl>https://mbx01.contoso.local/ https://mbx02.contoso.local/</EwsUrl>");
    let response = Response::parse(&text).unwrap();
    let edited = response.edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    let left = "https://mail.contoso.com/ https://mbx02.contoso.local/";
    assert_eq!(edited.remaining[0].url, left);
}

#[test]
fn the_type_of_a_protocol_is_never_edited() {
    let text = answer("<Protocol><Type>EXCH</Type><Server>s</Server></Protocol>");
    let response = Response::parse(&text).unwrap();
    let edited = response.edited(Edit {
        map_url: &|_| None,
        map_setting: &|_| Some("x&y".to_owned()),
    });
    assert_eq!(edited.text, text.replace(">s<", ">x&amp;y<"));
}

#[test]
fn other_answers_are_refused() {
    use AnswerParseError::{MixedContent, NotAnAnswer, TooLong, Xml};
    let deep = "<a>".repeat(63) + &"</a>".repeat(63);
    let long_type = format!("<Protocol Type='{}'/>", "x".repeat(2049));
    for (text, error) in [
        ("<html/>".to_owned(), NotAnAnswer),
        (format!("<Autodiscover xmlns='{RESPONSE}'/>"), NotAnAnswer),
        (
            format!("<Autodiscover xmlns='{RESPONSE}'><Response/><Response/></Autodiscover>"),
            NotAnAnswer,
        ),
        (answer("").replace("2006a", "2007"), NotAnAnswer),
        (answer("text<User/>"), MixedContent),
        (answer(&long_type), TooLong),
        (answer(&deep), Xml(ParseError::TooDeep { limit: 64 })),
        (
            answer(&"<a xmlns='x'/>".repeat(255)),
            Xml(ParseError::TooManyNamespaceDeclarations { limit: 256 }),
        ),
        (
            answer(&"<a/>".repeat(16_384)),
            Xml(ParseError::TooManyNodes { limit: 16_384 }),
        ),
        (
            format!("<!DOCTYPE a>{}", answer("")),
            Xml(ParseError::DocumentType),
        ),
        (
            format!("{}<?x?>", answer("")),
            Xml(ParseError::ProcessingInstruction),
        ),
    ] {
        assert_eq!(refused(&text), error, "{text:.80}");
    }
    let bytes = Response::parse_bytes(&[b' '; 256 * 1024 + 1]).map(drop);
    assert_eq!(
        bytes.unwrap_err(),
        Xml(ParseError::TooLarge { limit: 256 * 1024 })
    );
}
