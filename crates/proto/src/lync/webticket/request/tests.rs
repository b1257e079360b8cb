//! What the reader of web ticket requests takes and refuses.

use super::*;
use crate::soap::ValueError;
use crate::soap::namespace::{
    ADDRESSING, ADDRESSING_2004, AUTHORIZATION, SECURITY, SOAP_1_1, TRUST_1_3, UTILITY,
};
use crate::wstrust::v13::{ISSUE_2005, TOKEN_TYPE_SAML_1_1};

fn claim(value: &str) -> String {
    format!(
        "<auth:ClaimType Uri='{CLAIM_TYPE_URI}'><auth:Value>{value}</auth:Value></auth:ClaimType>"
    )
}

fn message(header: &str, inside: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}' xmlns:auth='{AUTHORIZATION}' xmlns:wst='{TRUST_1_3}'>{header}\
         <s:Body><wst:RequestSecurityToken><wst:TokenType>{TOKEN_TYPE_SAML_1_1}</wst:TokenType>\
         <wst:RequestType>{ISSUE_2005}</wst:RequestType>{inside}</wst:RequestSecurityToken></s:Body></s:Envelope>"
    )
}

fn parse(inside: &str) -> Result<Request, WebTicketRequestParseError> {
    Request::parse_bytes(message("", inside).as_bytes())
}

fn claims(inside: &str) -> String {
    format!("<wst:Claims>{inside}</wst:Claims>")
}

#[test]
fn the_sip_address_is_read() {
    let request = parse(&claims(&claim("<!-- x --> sip:anna@<!-- y -->contoso.com"))).unwrap();
    assert_eq!(request.sip_uri(), Some("sip:anna@contoso.com"));
    assert_eq!(request.token_type(), Some(TOKEN_TYPE_SAML_1_1));
    assert_eq!(request.applies_to(), None);
    assert!(request.security_token().claims.is_some());
}

#[test]
fn a_request_without_a_sip_address_is_read() {
    assert_eq!(parse("").unwrap().sip_uri(), None);
    let other =
        claims("<auth:ClaimType Uri='urn:other'><auth:Value>x</auth:Value></auth:ClaimType>");
    assert_eq!(parse(&other).unwrap().sip_uri(), None);
}

#[test]
fn two_sip_addresses_are_refused_wherever_the_second_hides() {
    let anna = claims(&claim("sip:anna@contoso.com"));
    let ben = claim("sip:ben@contoso.com");
    for inside in [
        claims(&format!("{}{ben}", claim("sip:anna@contoso.com"))),
        format!(
            "{anna}<wst:SecondaryParameters>{}</wst:SecondaryParameters>",
            claims(&ben)
        ),
        format!("{anna}{ben}"),
        format!("{anna}{}", ben.replace("auth:ClaimType", "ClaimType")),
        format!("{anna}{}", ben.replace("auth:ClaimType", "wst:claimtype")),
        format!("{anna}{}", ben.replace("claims/uri", "claims/URI ")),
        format!("{anna}{}", ben.replace("Uri=", "auth:Uri=")),
        ben.clone(),
        claims(&ben.replace("claims/uri", "Claims/Uri")),
        claims(&format!("<x>{ben}</x>")),
    ] {
        let error = parse(&inside).unwrap_err();
        let is_refused = matches!(
            error,
            WebTicketRequestParseError::MoreThanOneSipClaim
                | WebTicketRequestParseError::Request(RequestParseError::Content(_))
        );
        assert!(is_refused, "{inside}: {error}");
    }
    let header = format!("<s:Header>{ben}</s:Header>");
    assert_eq!(
        Request::parse_bytes(message(&header, &anna).as_bytes()).unwrap_err(),
        WebTicketRequestParseError::Header(ContentError::unexpected("ClaimType", "Header"))
    );
}

#[test]
fn repeated_claims_elements_and_values_are_refused() {
    let anna = claims(&claim("sip:anna@contoso.com"));
    let repeated = |name| {
        let content = ValueError::Repeated { name }.into();
        WebTicketRequestParseError::Request(RequestParseError::Content(content))
    };
    assert_eq!(parse(&anna.repeat(2)).unwrap_err(), repeated("Claims"));
    let two_values = claim("a</auth:Value><auth:Value>b");
    assert_eq!(parse(&claims(&two_values)).unwrap_err(), repeated("Value"));
}

#[test]
fn an_empty_sip_address_is_refused() {
    for value in [
        claim(" "),
        claim("x").replace("<auth:Value>x</auth:Value>", ""),
    ] {
        assert_eq!(
            parse(&claims(&value)).unwrap_err(),
            WebTicketRequestParseError::EmptySipClaim
        );
    }
}

#[test]
fn a_body_with_anything_else_is_refused() {
    let message = message("", "");
    let (before, after) = message.split_once("<wst:Req").unwrap();
    let after = format!("<wst:Req{after}");
    let two = format!("{before}<x/>{after}");
    assert_eq!(
        Request::parse_bytes(two.as_bytes()).unwrap_err(),
        WebTicketRequestParseError::Envelope(EnvelopeParseError::NotOneElementInBody)
    );
    let other = message.replace("RequestSecurityToken>", "RequestSecurityTokenCollection>");
    assert_eq!(
        Request::parse_bytes(other.as_bytes()).unwrap_err(),
        WebTicketRequestParseError::Request(RequestParseError::NotARequest)
    );
    assert_eq!(
        Request::parse_bytes(b"").unwrap_err(),
        WebTicketRequestParseError::Envelope(EnvelopeParseError::Xml(
            xml::ParseError::NotWellFormed { line: 1, column: 1 }
        ))
    );
}

const TIMESTAMP: &str = "<u:Timestamp><u:Created>2014-04-17T08:00:00Z</u:Created>\
                         <u:Expires>2014-04-17T08:05:00Z</u:Expires></u:Timestamp>";
const TOKEN: &str = "<o:UsernameToken><o:Username>Q09OVE9TT1xiZW4=</o:Username>\
                     <o:Password>czNjcjN0</o:Password></o:UsernameToken>";

fn with_header(inside: &str) -> String {
    let header = format!(
        "<s:Header xmlns:o='{SECURITY}' xmlns:u='{UTILITY}' xmlns:w='{ADDRESSING}' \
         xmlns:v='{ADDRESSING_2004}'>{inside}</s:Header>"
    );
    message(&header, "")
}

fn security(inside: &str) -> String {
    with_header(&format!(
        "<o:Security s:mustUnderstand='1'>{inside}</o:Security>"
    ))
}

/// Why the header of a message is refused, where a user name may stand in it.
fn header_refusal(message: &str) -> ContentError {
    let document = soap::document(message.as_bytes()).unwrap();
    let envelope = Envelope::parse(&document).unwrap();
    let also = Request::parse(&envelope).unwrap_err();
    match Request::parse_with_username_token(&envelope) {
        Err(WebTicketRequestParseError::Header(error)) => {
            assert_eq!(also, WebTicketRequestParseError::Header(error.clone()));
            error
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_header_of_addressing_and_a_time_is_read() {
    let addressing = "<w:To>https://a</w:To><w:Action>x</w:Action><w:MessageID>uuid:1</w:MessageID>\
                      <w:ReplyTo><w:Address>anonymous</w:Address></w:ReplyTo>";
    let whole = format!("{addressing}<o:Security>{TIMESTAMP}</o:Security>");
    for header in [
        addressing,
        &addressing.replace("w:", "v:"),
        &whole,
        "<o:Security/>",
        "",
    ] {
        let request = Request::parse_bytes(with_header(header).as_bytes()).unwrap();
        assert!(!request.holds_username_token());
    }
}

#[test]
fn a_user_name_in_the_header_is_refused_where_nobody_asked_for_it() {
    for token in [TOKEN.to_owned(), format!("{TIMESTAMP}{TOKEN}")] {
        let message = security(&token);
        let unexpected = ContentError::unexpected("UsernameToken", "Security");
        assert_eq!(
            Request::parse_bytes(message.as_bytes()).unwrap_err(),
            WebTicketRequestParseError::Header(unexpected)
        );
        let document = soap::document(message.as_bytes()).unwrap();
        let envelope = Envelope::parse(&document).unwrap();
        let request = Request::parse_with_username_token(&envelope).unwrap();
        assert!(request.holds_username_token());
    }
}

#[test]
fn credentials_and_signatures_in_the_header_are_refused() {
    let unexpected = ContentError::unexpected;
    for (inside, name) in [
        ("<BinarySecurityToken/>", "BinarySecurityToken"),
        (
            "<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:1.0:assertion'/>",
            "Assertion",
        ),
        (
            "<d:Signature xmlns:d='http://www.w3.org/2000/09/xmldsig#'/>",
            "Signature",
        ),
        ("<u:UsernameToken/>", "UsernameToken"),
        ("<Timestamp/>", "Timestamp"),
    ] {
        assert_eq!(
            header_refusal(&security(inside)),
            unexpected(name, "Security")
        );
    }
    let time = TIMESTAMP.replace("</u:Timestamp>", "<o:UsernameToken/></u:Timestamp>");
    assert_eq!(
        header_refusal(&security(&time)),
        unexpected("UsernameToken", "Timestamp")
    );
    for (header, name) in [
        ("<x/>", "x"),
        ("<w:Unknown/>", "Unknown"),
        ("<To/>", "To"),
        ("<Security/>", "Security"),
        ("<wst:OnBehalfOf/>", "OnBehalfOf"),
    ] {
        assert_eq!(
            header_refusal(&with_header(header)),
            unexpected(name, "Header")
        );
    }
    let parameters = "<w:ReplyTo><w:Address/><w:ReferenceParameters/></w:ReplyTo>";
    assert_eq!(
        header_refusal(&with_header(parameters)),
        unexpected("ReferenceParameters", "ReplyTo")
    );
    assert_eq!(
        header_refusal(&with_header("x")),
        ContentError::Characters { inside: "Header" }
    );
}

#[test]
fn a_header_that_says_a_thing_twice_or_hides_one_is_refused() {
    let repeated = |name| ContentError::Value(ValueError::Repeated { name });
    for (header, name) in [
        ("<o:Security/><o:Security/>", "Security"),
        ("<w:To>a</w:To><v:To>b</v:To>", "To"),
        ("<w:ReplyTo/><w:ReplyTo/>", "ReplyTo"),
    ] {
        assert_eq!(header_refusal(&with_header(header)), repeated(name));
    }
    for (inside, name) in [
        (TOKEN.repeat(2), "UsernameToken"),
        (TIMESTAMP.repeat(2), "Timestamp"),
        (
            TOKEN.replace("<o:Password>", "<o:Username/><o:Password>"),
            "Username",
        ),
    ] {
        assert_eq!(header_refusal(&security(&inside)), repeated(name));
    }
    let holds = |name| ContentError::Value(ValueError::HoldsElements { name });
    for (header, name) in [
        (with_header("<w:To><o:UsernameToken/></w:To>"), "To"),
        (
            with_header("<w:From><w:Address><x/></w:Address></w:From>"),
            "Address",
        ),
        (
            security("<u:Timestamp><u:Created><x/></u:Created></u:Timestamp>"),
            "Timestamp",
        ),
        (security(&TOKEN.replace("Q09OV", "<x/>")), "Username"),
    ] {
        assert_eq!(header_refusal(&header), holds(name));
    }
}

/// A nonce that was seen before is refused because every nonce is: the tokens that this service takes
/// have none, so that there are none to remember.
#[test]
fn a_replayed_nonce_is_refused_as_any_nonce_is() {
    for nonce in ["<o:Nonce/>", "<o:Nonce>MTIzNDU2Nzg5MDEyMzQ1Ng==</o:Nonce>"] {
        let token = TOKEN.replace("</o:UsernameToken>", &format!("{nonce}</o:UsernameToken>"));
        for _ in 0..2 {
            assert_eq!(
                header_refusal(&security(&token)),
                ContentError::unexpected("Nonce", "UsernameToken")
            );
        }
    }
}
