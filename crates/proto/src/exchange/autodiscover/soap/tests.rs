//! What is read of SOAP requests, and what an edited answer looks like.

use expect_test::expect;
use xml::ParseError;

use super::super::answer::tests::{INNER, check_changed, keep, to_gate};
use super::*;
use crate::soap::namespace::SOAP_1_1;

const USERS: &str = include_str!("../../../../testdata/autodiscover/user_settings.xml");
const DOMAINS: &str =
    include_str!("../../../../../../fuzz/seeds/autodiscover_soap/domain_settings.xml");
const USER_REQUEST: &str =
    include_str!("../../../../../../fuzz/seeds/autodiscover_soap/user_request.xml");
const DOMAIN_REQUEST: &str =
    include_str!("../../../../../../fuzz/seeds/autodiscover_soap/domain_request.xml");

fn message(content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}' xmlns='{AUTODISCOVER}' xmlns:i='{XSI}'><s:Body>{content}\
         </s:Body></s:Envelope>"
    )
}

fn user_request(inside: &str) -> String {
    let content = "GetUserSettingsRequestMessage";
    message(&format!(
        "<{content}><Request>{inside}</Request></{content}>"
    ))
}

fn user_answer(inside: &str) -> String {
    let content = "GetUserSettingsResponseMessage";
    message(&format!(
        "<{content}><Response>{inside}</Response></{content}>"
    ))
}

fn refused(text: &str) -> AnswerParseError {
    Response::parse(text).map(drop).unwrap_err()
}

#[test]
fn a_request_names_mailboxes_or_domains_and_settings() {
    let users = Request::parse(USER_REQUEST.as_bytes()).unwrap();
    assert_eq!(users.operation, Operation::GetUserSettings);
    assert_eq!(users.mailboxes(), ["anna@contoso.com"]);
    assert_eq!(users.domains(), [""; 0]);
    assert_eq!(users.settings(), ["InternalEwsUrl", "ExternalEwsUrl"]);
    let domains = Request::parse(DOMAIN_REQUEST.as_bytes()).unwrap();
    assert_eq!(domains.operation, Operation::GetDomainSettings);
    assert_eq!(domains.domains(), ["contoso.com"]);
    assert_eq!(domains.mailboxes(), [""; 0]);
    assert_eq!(domains.settings(), ["ExternalEwsUrl"]);
}

#[test]
fn doubtful_requests_are_refused() {
    use RequestParseError as Error;
    let users = |count| {
        let user = "<User><Mailbox>a</Mailbox></User>".repeat(count);
        format!("<Users>{user}</Users>")
    };
    let settings = |count| {
        let setting = "<Setting>x</Setting>".repeat(count);
        format!("<RequestedSettings>{setting}</RequestedSettings>")
    };
    let user = |inside: &str| format!("<Users><User>{inside}</User></Users>{}", settings(1));
    let repeated = |name| Error::Value(ValueError::Repeated { name });
    for (inside, error) in [
        (String::new(), Error::Missing("Users")),
        (users(1), Error::Missing("RequestedSettings")),
        (users(0) + &settings(1), Error::Missing("Mailbox or Domain")),
        (users(1) + &users(1) + &settings(1), repeated("Users")),
        (user(""), Error::Missing("Mailbox")),
        (user("<Mailbox> </Mailbox>"), Error::Missing("Mailbox")),
        (
            user("<Mailbox>a</Mailbox><Mailbox>b</Mailbox>"),
            repeated("Mailbox"),
        ),
        (
            user("<Mailbox>a<b/></Mailbox>"),
            Error::Value(ValueError::HoldsElements { name: "Mailbox" }),
        ),
        (
            user(&format!("<Mailbox>{}</Mailbox>", "x".repeat(2049))),
            Error::Value(ValueError::TooLong {
                name: "Mailbox",
                limit: 2048,
            }),
        ),
        (
            users(101) + &settings(1),
            Error::TooMany {
                name: "User",
                limit: 100,
            },
        ),
        (
            users(1) + &settings(257),
            Error::TooMany {
                name: "Setting",
                limit: 256,
            },
        ),
        (
            users(1) + &settings(1) + &settings(1),
            repeated("RequestedSettings"),
        ),
        (
            "<a>".repeat(61) + &"</a>".repeat(61),
            Error::Envelope(EnvelopeParseError::Xml(ParseError::TooDeep { limit: 64 })),
        ),
    ] {
        let text = user_request(&inside);
        assert_eq!(Request::parse(text.as_bytes()), Err(error), "{text:.200}");
    }
    assert!(Request::parse(user_request(&(users(100) + &settings(256))).as_bytes()).is_ok());
    for (text, error) in [
        (
            message("<GetFederationInformationRequestMessage/>"),
            Error::UnknownOperation,
        ),
        (
            message("<GetUserSettingsRequestMessage xmlns='urn:other'/>"),
            Error::UnknownOperation,
        ),
        (USERS.to_owned(), Error::UnknownOperation),
        (
            message("<GetUserSettingsRequestMessage/>"),
            Error::Missing("Request"),
        ),
        (
            message(""),
            Error::Envelope(EnvelopeParseError::NotOneElementInBody),
        ),
        (
            format!("<!DOCTYPE a>{USER_REQUEST}"),
            Error::Envelope(EnvelopeParseError::Xml(ParseError::DocumentType)),
        ),
        (
            " ".repeat(64 * 1024 + 1),
            Error::Envelope(EnvelopeParseError::Xml(ParseError::TooLarge {
                limit: 64 * 1024,
            })),
        ),
    ] {
        assert_eq!(Request::parse(text.as_bytes()), Err(error), "{text:.200}");
    }
}

#[test]
fn an_edit_that_changes_nothing_keeps_every_byte() {
    let both: [fn(&str) -> Option<String>; 2] = [|url| Some(url.to_owned()), |_| None];
    for text in [USERS, DOMAINS, &format!("\u{feff}{USERS}")] {
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
fn every_url_is_mapped_but_in_settings_of_an_unknown_type() {
    let response = Response::parse(USERS).unwrap();
    assert_eq!(response.operation(), Some(Operation::GetUserSettings));
    let edited = response.edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    check_changed(
        USERS,
        &edited.text,
        &expect![[r#"
        <Value>https://mail.contoso.com/EWS/Exchange.asmx</Value>
        <Value>https://mail.contoso.com/OAB/?a=1&amp;b=2</Value>
        <Url>https://mail.contoso.com/owa/</Url>
        <ServiceUrl>https://mail.contoso.com/share</ServiceUrl>
        <LocationUrl>https://mail.contoso.com/share/anna</LocationUrl>
        <RedirectTarget>https://mail.contoso.com/autodiscover/autodiscover.svc</RedirectTarget>"#]],
    );
    let remaining: Vec<_> = edited.remaining.iter().map(|link| &link.url).collect();
    expect![[r#"
        [
            "https://mail.contoso.com/EWS/Exchange.asmx",
            "https://mbx01.contoso.local/future",
        ]
    "#]]
    .assert_debug_eq(&remaining);
    let unknown: Vec<_> = response.unknown_settings().collect();
    expect![[r#"
        [
            UnknownSetting {
                name: "FutureUrl",
                setting_type: "FutureSetting",
            },
        ]
    "#]]
    .assert_debug_eq(&unknown);
}

#[test]
fn names_of_servers_inside_are_blanked() {
    let response = Response::parse(USERS).unwrap();
    let map_setting =
        |setting: &Setting<'_>| names_inner_server(setting).then(|| "gone".to_owned());
    let edited = response.edited(Edit {
        map_url: &|_| None,
        map_setting: &map_setting,
    });
    check_changed(
        USERS,
        &edited.text,
        &expect![[r#"
        <Value>gone</Value>
        <Value>gone</Value>
        <Hostname>gone</Hostname>
        <Server>gone</Server>"#]],
    );
}

#[test]
fn a_host_is_told_by_whatever_is_called_an_address() {
    let told = |element: &'static str, group: &'static str, value: &'static str| {
        outer_host(&Setting {
            group: Some(group),
            element,
            value,
        })
    };
    for (element, group, value, host) in [
        (
            "Value",
            "ExternalMailboxServer",
            "a.example",
            Some("a.example"),
        ),
        (
            "Value",
            "ExternalPublicFolderServer",
            "a.example",
            Some("a.example"),
        ),
        ("Value", "ExternalEwsUrl", "EXCH01/EWS/x", Some("EXCH01")),
        ("Value", "ExternalEwsUrl", "https://a.example/EWS", None),
        ("Value", "ExternalEcpVoicemailUrl", "?p=x", None),
        ("Value", "ExternalEcpUrl", "/ecp/", None),
        ("Value", "UserDisplayName", "a.example/x", None),
        (
            "Value",
            "CertPrincipalName",
            "MsStd:*.a.example",
            Some("*.a.example"),
        ),
        (
            "Url",
            "ExternalWebClientUrls",
            "sp.a.example/x",
            Some("sp.a.example"),
        ),
        (
            "ServiceUrl",
            "DocumentSharingLocations",
            "sp.a.example",
            Some("sp.a.example"),
        ),
        (
            "Hostname",
            "ExternalImap4Connections",
            "a.example",
            Some("a.example"),
        ),
    ] {
        assert_eq!(told(element, group, value), host, "{group} {value}");
    }
}

#[test]
fn settings_of_domains_are_edited_too() {
    let response = Response::parse(DOMAINS).unwrap();
    assert_eq!(response.operation(), Some(Operation::GetDomainSettings));
    assert_eq!(response.unknown_settings().count(), 0);
    let edited = response.edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    assert_eq!(
        edited.text,
        DOMAINS.replace(INNER, "https://mail.contoso.com")
    );
    assert_eq!(edited.remaining, []);
}

#[test]
fn redirects_are_reported_for_each_mailbox() {
    let response = Response::parse(USERS).unwrap();
    let redirects: Vec<_> = response.redirects().collect();
    expect![[r#"
        [
            Url(
                "https://mbx01.contoso.local/autodiscover/autodiscover.svc",
            ),
            Address(
                "ben@fabrikam.com",
            ),
        ]
    "#]]
    .assert_debug_eq(&redirects);
}

#[test]
fn a_name_and_an_untyped_setting_are_never_edited() {
    let text = user_answer(
        "<UserSetting i:type='StringSetting'><Name>https://name</Name><Value>v</Value>\
         </UserSetting><UserSetting><Name>n</Name><Value>https://value</Value></UserSetting>",
    );
    let response = Response::parse(&text).unwrap();
    let edited = response.edited(Edit {
        map_url: &|_| Some("u".to_owned()),
        map_setting: &|_| Some("s".to_owned()),
    });
    assert_eq!(edited.text, text.replace(">v<", ">s<"));
    let remaining: Vec<_> = edited
        .remaining
        .iter()
        .map(|link| link.url.as_str())
        .collect();
    assert_eq!(remaining, ["https://name", "https://value"]);
    let untyped = UnknownSetting {
        name: "n".to_owned(),
        setting_type: String::new(),
    };
    assert_eq!(response.unknown_settings().collect::<Vec<_>>(), [&untyped]);
}

#[test]
fn a_fault_is_an_answer_too() {
    let text = message(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>at https://mbx01.contoso.local/\
         </faultstring></s:Fault>",
    );
    let response = Response::parse(&text).unwrap();
    assert_eq!(response.operation(), None);
    let edited = response.edited(Edit {
        map_url: &to_gate,
        map_setting: &keep,
    });
    assert_eq!(edited.remaining[0].place, "faultstring");
}

#[test]
fn other_answers_are_refused() {
    use AnswerParseError::{Envelope, MixedContent, NotAnAnswer, TooLong, Xml};
    let name = format!(
        "<UserSetting><Name>{}</Name></UserSetting>",
        "x".repeat(2049)
    );
    for (text, error) in [
        (USER_REQUEST.to_owned(), NotAnAnswer),
        (message("<Fault xmlns='urn:other'/>"), NotAnAnswer),
        (
            message(""),
            Envelope(EnvelopeParseError::NotOneElementInBody),
        ),
        (
            "<html/>".to_owned(),
            Envelope(EnvelopeParseError::NotAnEnvelope),
        ),
        (user_answer("text<a/>"), MixedContent),
        (user_answer(&name), TooLong),
        (
            user_answer(&("<a>".repeat(61) + &"</a>".repeat(61))),
            Xml(ParseError::TooDeep { limit: 64 }),
        ),
        (
            format!("<!DOCTYPE a>{USERS}"),
            Xml(ParseError::DocumentType),
        ),
        (
            user_answer(&"<a/>".repeat(16_384)),
            Xml(ParseError::TooManyNodes { limit: 16_384 }),
        ),
    ] {
        assert_eq!(refused(&text), error, "{text:.200}");
    }
    let bytes = Response::parse_bytes(b"<a>\xff</a>").map(drop);
    assert_eq!(bytes.unwrap_err(), Xml(ParseError::NotUtf8));
}
