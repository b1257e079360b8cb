//! What a request must be, read from messages as MSAL sends them.

use super::*;

/// A message as MSAL sends it, with one text put in another's place.
fn message(dialect: Dialect, from: &str, to: &str) -> String {
    let (trust, action) = (dialect.namespace(), dialect.action());
    let (issue, bearer) = (dialect.issue(), dialect.bearer());
    let text = format!(
        "<s:Envelope xmlns:s='{SOAP_1_2}' xmlns:a='{ADDRESSING}' xmlns:u='{UTILITY}'><s:Header>\
         <a:Action s:mustUnderstand='1'>{action}</a:Action><a:MessageID>urn:uuid:1</a:MessageID>\
         <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>\
         <a:To s:mustUnderstand='1'>https://sts.contoso.com/x</a:To>\
         <o:Security s:mustUnderstand='1' xmlns:o='{SECURITY}'>\
         <u:Timestamp u:Id='_0'><u:Created>2026-01-01T10:00:00Z</u:Created><u:Expires>2026-01-01T10:10:00Z</u:Expires></u:Timestamp>\
         <o:UsernameToken u:Id='uuid-1'><o:Username>anna@contoso.com</o:Username><o:Password>horses123456</o:Password></o:UsernameToken>\
         </o:Security></s:Header><s:Body><t:RequestSecurityToken Context='c' xmlns:t='{trust}'>\
         <p:AppliesTo xmlns:p='{POLICY}'><a:EndpointReference><a:Address>urn:party</a:Address></a:EndpointReference></p:AppliesTo>\
         <t:KeyType>{bearer}</t:KeyType><t:RequestType>{issue}</t:RequestType></t:RequestSecurityToken></s:Body></s:Envelope>"
    );
    assert!(from.is_empty() || text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn parsed(from: &str, to: &str) -> Result<Request, RequestError> {
    let mut answers = Dialect::ALL
        .into_iter()
        .map(|dialect| Request::parse(message(dialect, from, to).as_bytes(), dialect));
    let (first, second) = (answers.next().unwrap(), answers.next().unwrap());
    let errors = (first.as_ref().err(), second.as_ref().err());
    assert_eq!(errors.0, errors.1, "{from} {to}");
    first
}

fn refused(from: &str, to: &str) -> RequestError {
    match parsed(from, to) {
        Ok(_) => panic!("{from} -> {to} is taken"),
        Err(error) => error,
    }
}

#[test]
fn a_message_of_either_dialect_is_read_and_none_of_the_other() {
    let request = parsed("", "").unwrap();
    assert_eq!(request.token.username, "anna@contoso.com");
    assert_eq!(request.token.password.expose(), "horses123456");
    assert_eq!(request.applies_to, "urn:party");
    assert_eq!(request.message_id.as_deref(), Some("urn:uuid:1"));
    assert_eq!(request.context.as_deref(), Some("c"));
    for (of, at) in [
        (Dialect::V13, Dialect::Feb2005),
        (Dialect::Feb2005, Dialect::V13),
    ] {
        let said = Request::parse(message(of, "", "").as_bytes(), at).unwrap_err();
        assert_eq!(said, RequestError::Action);
    }
}

#[test]
fn what_may_be_left_out_is_and_what_is_not_known_is_passed_over() {
    for (from, to) in [
        (
            "<a:MessageID>urn:uuid:1</a:MessageID>",
            "<x:y xmlns:x='urn:x'>?</x:y>",
        ),
        (" Context='c'", ""),
        (
            "<p:AppliesTo",
            "<t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType><p:AppliesTo",
        ),
        (
            "<p:AppliesTo",
            "<t:SecondaryParameters><t:KeyType>x</t:KeyType></t:SecondaryParameters><p:AppliesTo",
        ),
        (
            "<o:Password>",
            "<o:Password Type='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText'>",
        ),
        (
            "<a:EndpointReference><a:Address>urn:party</a:Address></a:EndpointReference>",
            "<b:EndpointReference xmlns:b='http://schemas.xmlsoap.org/ws/2004/08/addressing'><b:Address>urn:party</b:Address>\
             </b:EndpointReference>",
        ),
    ] {
        let request = parsed(from, to).unwrap();
        assert_eq!(request.applies_to, "urn:party", "{to}");
    }
}

#[test]
fn what_asks_for_something_else_is_refused() {
    for (from, to, error) in [
        (
            "<a:Action s:mustUnderstand='1'>",
            "<a:Action s:mustUnderstand='1'>x",
            RequestError::Action,
        ),
        ("RST/Issue<", "RST/Renew<", RequestError::Action),
        (
            "addressing/anonymous",
            "addressing/none",
            RequestError::ReplyTo,
        ),
        (
            "<a:MessageID>",
            "<x:y xmlns:x='urn:x' s:mustUnderstand='1'/><a:MessageID>",
            RequestError::NotUnderstood,
        ),
        (
            "<t:KeyType>",
            "<t:OnBehalfOf/><t:KeyType>",
            RequestError::InAnothersName("OnBehalfOf"),
        ),
        (
            "<t:KeyType>",
            "<w:ActAs xmlns:w='http://docs.oasis-open.org/ws-sx/ws-trust/200802'/><t:KeyType>",
            RequestError::InAnothersName("ActAs"),
        ),
        (
            "<t:KeyType>",
            "<t:AuthenticationType>x</t:AuthenticationType><t:KeyType>",
            RequestError::InAnothersName("AuthenticationType"),
        ),
        (
            "<t:KeyType>",
            "<t:UseKey/><t:KeyType>",
            RequestError::InAnothersName("UseKey"),
        ),
        ("</t:KeyType>", "x</t:KeyType>", RequestError::KeyType),
        (
            "<t:KeyType>",
            "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType><t:KeyType>",
            RequestError::TokenType,
        ),
        (
            "</t:RequestType>",
            "x</t:RequestType>",
            RequestError::NotARequest,
        ),
        (">urn:party<", "><", RequestError::NoParty),
        (
            "<u:Timestamp",
            "<o:BinarySecurityToken/><u:Timestamp",
            RequestError::Security,
        ),
        (
            "2026-01-01T10:10:00Z",
            "2026-01-01T10:00:00Z",
            RequestError::Timestamp,
        ),
        (
            "2026-01-01T10:10:00Z",
            "2026-01-01T10:30:01Z",
            RequestError::Timestamp,
        ),
        ("2026-01-01T10:10:00Z", "soon", RequestError::Timestamp),
    ] {
        assert_eq!(refused(from, to), error, "{from} -> {to}");
    }
}

/// Two readers might each take another of the two.
#[test]
fn nothing_that_counts_stands_twice() {
    for element in [
        "<a:Action>x</a:Action>",
        "<o:Security xmlns:o='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'/>",
    ] {
        let said = refused("<a:MessageID>", &format!("{element}<a:MessageID>"));
        assert!(matches!(said, RequestError::Value(_)), "{element}: {said}");
    }
    let token = "<o:UsernameToken><o:Username>ben</o:Username><o:Password>x</o:Password></o:UsernameToken><u:Timestamp";
    let said = refused("<u:Timestamp", token);
    assert!(matches!(said, RequestError::Token(_)), "{said}");
    let said = refused(
        "<t:KeyType>",
        "<p:AppliesTo xmlns:p='http://schemas.xmlsoap.org/ws/2004/09/policy'/><t:KeyType>",
    );
    assert!(matches!(said, RequestError::Value(_)), "{said}");
    let soap_1_1 = message(Dialect::V13, "", "").replace(SOAP_1_2, soap::namespace::SOAP_1_1);
    let said = Request::parse(soap_1_1.as_bytes(), Dialect::V13).unwrap_err();
    assert_eq!(said, RequestError::OldSoap);
    let digest = "<o:Password Type='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest'>";
    let said = refused("<o:Password>", digest);
    assert!(matches!(said, RequestError::Token(_)), "{said}");
}

#[test]
fn a_message_is_good_for_its_time_and_five_minutes_of_a_wrong_clock() {
    let request = parsed("", "").unwrap();
    for (now, is_good) in [
        ("2026-01-01T09:54:59Z", false),
        ("2026-01-01T09:55:00Z", true),
        ("2026-01-01T10:14:59Z", true),
        ("2026-01-01T10:15:00Z", false),
    ] {
        assert_eq!(request.is_good(now.parse().unwrap()), is_good, "{now}");
    }
}
