//! How tickets are found in answers and headers, and when two are the same.

use super::*;
use crate::soap;
use crate::soap::namespace::{SOAP_1_1, TRUST_1_3, UTILITY};

const END: &str = "2026-11-24T16:00:00.000Z";

fn assertion() -> String {
    format!(
        "<saml:Assertion AssertionID=\"SamlSecurityToken-1\" xmlns:saml=\"{SAML_1}\">\
         <saml:Conditions NotOnOrAfter=\"{END}\"/><Signature xmlns=\"{SIGNATURE}\"><SignedInfo/>\
         <SignatureValue>\n q83v\n 3s0= </SignatureValue></Signature></saml:Assertion>"
    )
}

fn answer(token: &str, lifetime: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}' xmlns:wsu='{UTILITY}'><s:Body><c><RequestSecurityTokenResponse xmlns='{TRUST_1_3}'>\
         <RequestedSecurityToken>{token}</RequestedSecurityToken>{lifetime}\
         </RequestSecurityTokenResponse></c></s:Body></s:Envelope>"
    )
}

fn opaque(text: &str) -> String {
    format!("opaque={}", STANDARD.encode(text))
}

fn refusal(header: &str) -> TicketParseError {
    Ticket::from_header(header).unwrap_err()
}

#[test]
fn the_same_assertion_has_the_same_key_wherever_it_appears() {
    let [answered] = Ticket::in_answer(answer(&assertion(), "").as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    let presented = Ticket::from_header(&opaque(&assertion())).unwrap();
    let again = assertion()
        .replace("\n q83v\n 3s0= ", "q83v3s0=")
        .replace("\"", "'");
    let reserialised = Ticket::from_header(&opaque(&again)).unwrap();
    let message = format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header><o:Security xmlns:o='{SECURITY}'>{}</o:Security>\
         </s:Header><s:Body/></s:Envelope>",
        assertion()
    );
    let document = soap::document(message.as_bytes()).unwrap();
    let in_header = Ticket::from_security_header(&Envelope::parse(&document).unwrap())
        .unwrap()
        .unwrap();
    for ticket in [&presented, &reserialised, &in_header] {
        assert_eq!(ticket.key().expose(), answered.key().expose());
        assert_eq!(ticket.expiry(), Expiry::At(END.parse().unwrap()));
    }
    assert_eq!(
        answered.key().expose(),
        b"saml\0SamlSecurityToken-1\0\xab\xcd\xef\xde\xcd"
    );
    let other = Ticket::from_header(&opaque(&assertion().replace("q83v", "q83w"))).unwrap();
    assert_ne!(other.key().expose(), answered.key().expose());
    match answered {
        Ticket::Saml {
            raw, assertion_id, ..
        } => {
            assert_eq!(raw.expose(), &assertion());
            assert_eq!(assertion_id, "SamlSecurityToken-1");
        }
        Ticket::Cwt { .. } => panic!("an assertion"),
    }
}

#[test]
fn the_same_compact_ticket_has_the_same_key_wherever_it_appears() {
    let lifetime = format!(
        "<Lifetime><wsu:Created>2026-11-24T08:00:00Z</wsu:Created><wsu:Expires>{END}</wsu:Expires></Lifetime>"
    );
    let answered = answer("<UserToken> cwt=AA-_B </UserToken>", &lifetime);
    let answered = Ticket::in_answer(answered.as_bytes()).unwrap().remove(0);
    let oauth = br#"{"access_token":"cwt=AA-_B","expires_in":27402,"token_type":"Bearer"}"#;
    let oauth = Ticket::in_oauth_answer(oauth).unwrap();
    let header = Ticket::from_header(" cwt=AA-_B ").unwrap();
    let bearer = Ticket::from_authorization("bearer cwt=AA-_B")
        .unwrap()
        .unwrap();
    for ticket in [&oauth, &header, &bearer] {
        assert_eq!(ticket.key().expose(), answered.key().expose());
    }
    let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
    assert_eq!(answered.expiry().at(now), Some(END.parse().unwrap()));
    assert_eq!(
        oauth.expiry().at(now),
        Some("2026-11-24T15:36:42Z".parse().unwrap())
    );
    assert_eq!(header.expiry().at(now), None);
    assert_eq!(Expiry::In(u32::MAX).at(Timestamp::MAX), None);
}

#[test]
fn every_ticket_of_an_answer_is_found() {
    let both = format!("{}<UserToken>cwt=A</UserToken>", assertion());
    assert_eq!(
        Ticket::in_answer(answer(&both, "").as_bytes())
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        Ticket::in_answer(answer("", "").as_bytes()).unwrap().len(),
        0
    );
}

#[test]
fn a_message_without_a_ticket_is_no_error() {
    for header in ["Basic YTpi", "Bearer", ""] {
        assert!(Ticket::from_authorization(header).unwrap().is_none());
    }
    let message = format!("<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header/><s:Body/></s:Envelope>");
    let document = soap::document(message.as_bytes()).unwrap();
    assert!(
        Ticket::from_security_header(&Envelope::parse(&document).unwrap())
            .unwrap()
            .is_none()
    );
}

#[test]
fn headers_that_hold_no_ticket_are_refused() {
    let good = assertion();
    for (header, error) in [
        ("".to_owned(), TicketParseError::NoTicket),
        ("AAEB".to_owned(), TicketParseError::NoTicket),
        ("cwt=".to_owned(), TicketParseError::NotBase64),
        ("cwt=AA,opaque=BB".to_owned(), TicketParseError::NotBase64),
        ("cwt=AA BB".to_owned(), TicketParseError::NotBase64),
        (
            format!("cwt={}", "A".repeat(8193)),
            TicketParseError::TooLong,
        ),
        ("x".repeat(32 * 1024 + 1), TicketParseError::TooLong),
        ("opaque=*".to_owned(), TicketParseError::NotBase64),
        (opaque("<a/>"), TicketParseError::NoTicket),
        (
            opaque("<!DOCTYPE a><a/>"),
            TicketParseError::Xml(ParseError::DocumentType),
        ),
        (
            opaque(&good.replace("AssertionID=\"SamlSecurityToken-1\"", "")),
            TicketParseError::NoAssertionId,
        ),
        (
            opaque(&good.replace("SamlSecurityToken-1", "")),
            TicketParseError::NoAssertionId,
        ),
        (
            opaque(&good.replace("-1", &"1".repeat(256))),
            TicketParseError::NoAssertionId,
        ),
        (
            opaque(&good.replace("SignatureValue", "Other")),
            TicketParseError::NoSignature,
        ),
        (
            opaque(
                &good
                    .replace("Signature ", "X ")
                    .replace("/Signature>", "/X>"),
            ),
            TicketParseError::NoSignature,
        ),
        (
            opaque(&good.replace("q83v", "*")),
            TicketParseError::NoSignature,
        ),
        (
            opaque(&good.replace("q83v\n 3s0=", "")),
            TicketParseError::NoSignature,
        ),
        (
            opaque(&good.replace("q83v\n 3s0=", &"AAAA".repeat(342))),
            TicketParseError::NoSignature,
        ),
        (
            opaque(&good.replace(END, "soon")),
            TicketParseError::NotATime,
        ),
        (
            opaque(&good.replace("<SignedInfo/>", "<SignatureValue>AAAA</SignatureValue>")),
            TicketParseError::Value(ValueError::Repeated {
                name: "SignatureValue",
            }),
        ),
    ] {
        assert_eq!(refusal(&header), error, "{header:.200}");
    }
}

#[test]
fn nothing_but_a_time_and_a_signature_stands_beside_a_ticket() {
    let user = "<o:UsernameToken><o:Username>ben</o:Username><o:Password>x</o:Password>\
                </o:UsernameToken>";
    let token = "<o:BinarySecurityToken>AAAA</o:BinarySecurityToken>";
    let time = "<u:Timestamp><u:Created>2026-11-25T08:00:00Z</u:Created></u:Timestamp>";
    let proof = format!("<Signature xmlns='{SIGNATURE}'/>");
    let saml_2 = "<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>";
    let old = "<Security xmlns='urn:old'/>";
    let ticket = assertion();
    for (security, beside, is_taken) in [
        (format!("{time}{ticket}{proof}"), "", true),
        (format!("{user}{ticket}"), "", false),
        (format!("{ticket}{user}"), "", false),
        (format!("{ticket}{token}"), "", false),
        (format!("{ticket}{saml_2}"), "", false),
        (format!("{ticket}{proof}{proof}"), "", false),
        (user.to_owned(), "", false),
        (ticket, old, false),
    ] {
        let message = format!(
            "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header><o:Security xmlns:o='{SECURITY}' \
             xmlns:u='{UTILITY}'>{security}</o:Security>{beside}</s:Header><s:Body/></s:Envelope>"
        );
        let document = soap::document(message.as_bytes()).unwrap();
        let found = Ticket::from_security_header(&Envelope::parse(&document).unwrap());
        assert_eq!(matches!(found, Ok(Some(_))), is_taken, "{security:.60}");
        assert_eq!(found.is_ok(), is_taken);
    }
}

#[test]
fn a_security_header_of_another_namespace_is_refused_alone_as_well() {
    let message = format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header><Security xmlns='urn:old'>{}</Security></s:Header>\
         <s:Body/></s:Envelope>",
        assertion()
    );
    let document = soap::document(message.as_bytes()).unwrap();
    let error = Ticket::from_security_header(&Envelope::parse(&document).unwrap()).unwrap_err();
    assert_eq!(error, TicketParseError::NoTicket);
}

#[test]
fn two_tickets_in_one_security_header_are_refused() {
    let message = format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Header><o:Security xmlns:o='{SECURITY}'>{0}{0}</o:Security>\
         </s:Header><s:Body/></s:Envelope>",
        assertion()
    );
    let document = soap::document(message.as_bytes()).unwrap();
    let error = Ticket::from_security_header(&Envelope::parse(&document).unwrap()).unwrap_err();
    assert_eq!(
        error,
        TicketParseError::Content(ValueError::Repeated { name: "Assertion" }.into())
    );
}

#[test]
fn answers_that_hold_no_ticket_are_refused() {
    for answer in [
        "",
        "{}",
        r#"{"access_token":7}"#,
        r#"{"access_token":"jwt"}"#,
    ] {
        let error = Ticket::in_oauth_answer(answer.as_bytes()).unwrap_err();
        assert_eq!(error, TicketParseError::NoTicket, "{answer}");
    }
    let long = " ".repeat(32 * 1024 + 1);
    assert_eq!(
        Ticket::in_oauth_answer(long.as_bytes()).unwrap_err(),
        TicketParseError::TooLong
    );
    assert_eq!(
        Ticket::in_answer(b"<a/>").unwrap_err(),
        TicketParseError::Envelope(EnvelopeParseError::NotAnEnvelope)
    );
    let unsigned = answer(&assertion().replace("SignatureValue", "Other"), "");
    assert_eq!(
        Ticket::in_answer(unsigned.as_bytes()).unwrap_err(),
        TicketParseError::NoSignature
    );
    assert_eq!(
        Ticket::from_authorization(&format!("Bearer cwt={}", "A".repeat(40_000))).unwrap_err(),
        TicketParseError::TooLong
    );
    assert_eq!(
        Ticket::from_authorization("Bearer ey").unwrap_err(),
        TicketParseError::NoTicket
    );
}

#[test]
fn a_ticket_does_not_show_itself() {
    for ticket in [
        Ticket::from_header(&opaque(&assertion())),
        Ticket::from_header("cwt=SECRET"),
    ] {
        let shown = format!("{:?}", ticket.unwrap());
        assert!(
            !shown.contains("SECRET") && !shown.contains("q83v") && !shown.contains("171"),
            "{shown}"
        );
    }
}

#[test]
fn a_compact_ticket_is_known_in_every_spelling_that_decodes_alike() {
    let key = |value: &str| {
        let ticket = Ticket::from_authorization(&format!("Bearer cwt={value}"));
        ticket.unwrap().unwrap().key().expose().clone()
    };
    for (value, alike) in [
        ("AB-_", &["AB+/", "AB-/"][..]),
        ("ABCDEF-A", &["ABCDEF+A"]),
        // Of three letters two bits mean nothing, of two letters four.
        ("AAEBM", &["AAEBM="]),
        ("AAEBAM8", &["AAEBAM8=", "AAEBAM9", "AAEBAM-", "AAEBAM_="]),
        ("AAEBAQ", &["AAEBAQ==", "AAEBAR", "AAEBAf", "AAEBAW="]),
    ] {
        for other in alike {
            assert_eq!(key(value), key(other), "{other}");
        }
        assert_ne!(key(value), key(&format!("A{value}")));
    }
    assert_ne!(key("AAEBAQ"), key("AAEBAg"));
    assert_ne!(key("AAEBAM8"), key("AAEBAMA"));
}
