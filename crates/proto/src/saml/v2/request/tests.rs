//! What is read of requests, as service providers write them, and every way in which one is refused.

use xml::Document;

use super::*;

/// A request as mod_auth_mellon writes it, with these attributes and children.
fn request(attributes: &str, children: &str) -> String {
    format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-01-01T10:00:00Z" {attributes}><saml:Issuer>urn:sp</saml:Issuer>{children}</samlp:AuthnRequest>"#
    )
}

fn read(text: &str) -> Result<AuthnRequest, MessageParseError> {
    AuthnRequest::read(Document::parse(text).unwrap().root())
}

#[test]
fn a_request_of_mod_auth_mellon_is_read() {
    let text = request(
        r#"Destination="https://sts.contoso.com/adfs/ls/" Consent="urn:oasis:names:tc:SAML:2.0:consent:current-implicit" ForceAuthn="false" IsPassive="true" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="https://sp.contoso.com/mellon/postResponse""#,
        r#"<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient" AllowCreate="true"/>"#,
    );
    let request = read(&text).unwrap();
    assert_eq!(request.issue_instant.as_second(), 1_767_261_600);
    assert_eq!(
        request.destination.as_deref(),
        Some("https://sts.contoso.com/adfs/ls/")
    );
    let url = "https://sp.contoso.com/mellon/postResponse".to_owned();
    assert_eq!(
        request.wanted,
        SsoRequest {
            issuer: "urn:sp".to_owned(),
            id: Some("_1".to_owned()),
            assertion_consumer_service: AssertionConsumerService::Url(url),
            name_id_format: Some(super::super::TRANSIENT.to_owned()),
            is_passive: true,
            ..SsoRequest::default()
        }
    );
}

#[test]
fn a_request_may_say_how_and_where_by_a_number() {
    let text = request(
        r#"ForceAuthn="1" AssertionConsumerServiceIndex="3" AttributeConsumingServiceIndex="0" ProviderName="A""#,
        r#"<samlp:Extensions><x xmlns="urn:x"/></samlp:Extensions><samlp:NameIDPolicy AllowCreate="0" SPNameQualifier="urn:sp"/><samlp:RequestedAuthnContext Comparison="minimum"><saml:AuthnContextClassRef> urn:a </saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:b</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"#,
    );
    let wanted = read(&text).unwrap().wanted;
    assert!(wanted.force_authn && !wanted.is_passive && wanted.name_id_format.is_none());
    assert_eq!(
        wanted.assertion_consumer_service,
        AssertionConsumerService::Index(3)
    );
    let context = RequestedAuthnContext {
        comparison: Comparison::Minimum,
        classes: vec!["urn:a".to_owned(), "urn:b".to_owned()],
    };
    assert_eq!(wanted.context, Some(context));
    let exact = request(
        "",
        "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>",
    );
    let context = read(&exact).unwrap().wanted.context;
    assert_eq!(context.map(|it| it.comparison), Some(Comparison::Exact));
}

#[test]
fn what_is_not_understood_is_refused() {
    let class = "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>";
    let context = |attributes: &str, inside: &str| {
        format!("<samlp:RequestedAuthnContext {attributes}>{inside}</samlp:RequestedAuthnContext>")
    };
    let policy = |attributes: &str| format!("<samlp:NameIDPolicy {attributes}/>");
    for (attributes, children, part) in [
        ("Unknown=\"1\"", "", "AuthnRequest"),
        ("", "<saml:Subject/>", "AuthnRequest"),
        ("", "<saml:Conditions/>", "AuthnRequest"),
        ("", "<samlp:Scoping/>", "AuthnRequest"),
        ("", "<saml:Issuer>urn:other</saml:Issuer>", "Issuer"),
        ("ForceAuthn=\"yes\"", "", "ForceAuthn"),
        ("IsPassive=\"\"", "", "IsPassive"),
        (
            "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"",
            "",
            "ProtocolBinding",
        ),
        (
            "AssertionConsumerServiceIndex=\"70000\"",
            "",
            "AssertionConsumerServiceIndex",
        ),
        (
            "AssertionConsumerServiceIndex=\"1\" AssertionConsumerServiceURL=\"https://a/\"",
            "",
            "AssertionConsumerServiceIndex",
        ),
        (
            "AssertionConsumerServiceIndex=\"1\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
            "",
            "AssertionConsumerServiceIndex",
        ),
        (
            "AssertionConsumerServiceURL=\"https://a/&#10;\"",
            "",
            "AssertionConsumerServiceURL",
        ),
        ("", &policy("SPNameQualifier=\"urn:other\""), "NameIDPolicy"),
        ("", &policy("Unknown=\"1\""), "NameIDPolicy"),
        ("", &policy("AllowCreate=\"x\""), "AllowCreate"),
        ("", &[policy(""), policy("")].concat(), "NameIDPolicy"),
        ("", &context("", ""), "RequestedAuthnContext"),
        (
            "",
            &context("Comparison=\"best\"", class),
            "RequestedAuthnContext",
        ),
        (
            "",
            &context(
                "",
                "<saml:AuthnContextDeclRef>urn:a</saml:AuthnContextDeclRef>",
            ),
            "RequestedAuthnContext",
        ),
        (
            "",
            &context("", &class.repeat(MAX_CLASSES + 1)),
            "RequestedAuthnContext",
        ),
        (
            "",
            &context(
                "",
                "<saml:AuthnContextClassRef>a<!-- -->b</saml:AuthnContextClassRef>",
            ),
            "AuthnContextClassRef",
        ),
    ] {
        let text = request(attributes, children);
        assert_eq!(read(&text), Err(MessageParseError::Part(part)), "{text}");
    }
}

#[test]
fn what_is_no_request_or_of_nobody_is_refused() {
    let whole = request("", "");
    for (from, to, error) in [
        (
            "AuthnRequest",
            "LogoutRequest",
            MessageParseError::NotARequest,
        ),
        (
            "Version=\"2.0\"",
            "Version=\"1.1\"",
            MessageParseError::NotARequest,
        ),
        (
            "SAML:2.0:protocol",
            "SAML:1.0:protocol",
            MessageParseError::NotARequest,
        ),
        ("ID=\"_1\" ", "", MessageParseError::Part("ID")),
        ("ID=\"_1\"", "ID=\"\"", MessageParseError::Part("ID")),
        (
            "2026-01-01T10:00:00Z",
            "today",
            MessageParseError::Part("IssueInstant"),
        ),
        (
            "<saml:Issuer>urn:sp</saml:Issuer>",
            "",
            MessageParseError::Part("Issuer"),
        ),
        ("urn:sp<", "<", MessageParseError::Part("Issuer")),
        (
            "urn:sp<",
            "urn<!-- -->:sp<",
            MessageParseError::Part("Issuer"),
        ),
        (
            "<saml:Issuer>",
            "<saml:Issuer Format=\"urn:other\">",
            MessageParseError::Part("Issuer"),
        ),
    ] {
        let text = whole.replace(from, to);
        assert_ne!(text, whole);
        assert_eq!(read(&text), Err(error), "{text}");
    }
    let long = whole.replace("_1", &"a".repeat(MAX_ID + 1));
    assert_eq!(read(&long), Err(MessageParseError::Part("ID")));
}

#[test]
fn a_signature_is_seen_wherever_it_stands() {
    let is_signed = |text: &str| AuthnRequest::is_signed(Document::parse(text).unwrap().root());
    assert!(!is_signed(&request("", "")));
    let signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>";
    let signed = request("", signature);
    assert!(is_signed(&signed));
    assert_eq!(read(&signed), Err(MessageParseError::Part("AuthnRequest")));
    let inside = format!("<samlp:Extensions>{signature}</samlp:Extensions>");
    assert!(is_signed(&request("", &inside)));
}
