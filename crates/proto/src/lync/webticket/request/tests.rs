//! What the reader of web ticket requests takes and refuses.

use super::*;
use crate::soap::ValueError;
use crate::soap::namespace::{AUTHORIZATION, SOAP_1_1, TRUST_1_3};
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
        assert_eq!(
            error,
            WebTicketRequestParseError::MoreThanOneSipClaim,
            "{inside}"
        );
    }
    let header = format!("<s:Header>{ben}</s:Header>");
    assert_eq!(
        Request::parse_bytes(message(&header, &anna).as_bytes()).unwrap_err(),
        WebTicketRequestParseError::MoreThanOneSipClaim
    );
}

#[test]
fn repeated_claims_elements_and_values_are_refused() {
    let anna = claims(&claim("sip:anna@contoso.com"));
    let repeated = |name| {
        WebTicketRequestParseError::Request(RequestParseError::Value(ValueError::Repeated { name }))
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
