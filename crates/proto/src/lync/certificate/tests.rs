//! How a certificate is found in provisioning's answer, and what is not taken for one.

use super::*;
use crate::lync::webticket::Ticket;
use crate::soap::namespace::{SECURITY, SOAP_1_1, TRUST_1_3};

/// One sequence of DER, in base64.
const DER: &str = "MAMCAQE=";

fn token(attributes: &str, text: &str) -> String {
    format!("<BinarySecurityToken xmlns='{SECURITY}' {attributes}>{text}</BinarySecurityToken>")
}

fn x509(text: &str) -> String {
    token(&format!("ValueType='{X509_V3}'"), text)
}

fn answer(inside: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}'><s:Body><GetAndPublishCertResponse xmlns='{PROVISIONING}' \
         Entity='anna@contoso.com'><RequestSecurityTokenResponse xmlns='{TRUST_1_3}'>\
         <RequestedSecurityToken>{inside}</RequestedSecurityToken></RequestSecurityTokenResponse>\
         </GetAndPublishCertResponse></s:Body></s:Envelope>"
    )
}

fn found(text: &str) -> Result<Option<Certificate>, CertificateParseError> {
    Certificate::in_answer(text.as_bytes())
}

fn refusal(inside: &str) -> CertificateParseError {
    found(&answer(inside)).unwrap_err()
}

#[test]
fn the_certificate_of_an_answer_is_found_however_its_lines_are_broken() {
    for text in [DER, "\r\n MAMC\r\n\tAQE=\r\n"] {
        let certificate = found(&answer(&x509(text))).unwrap().unwrap();
        assert_eq!(certificate.as_der(), [0x30, 3, 2, 1, 1]);
        assert_eq!(certificate.key().expose(), b"x509\0\x30\x03\x02\x01\x01");
        assert_eq!(format!("{certificate:?}"), "Certificate { .. }");
    }
    let renamed = answer(&x509(DER)).replace(TRUST_1_3, &format!("{TRUST_1_3}/"));
    assert!(found(&renamed).unwrap().is_some(), "clients ignore it too");
}

#[test]
fn an_answer_of_another_kind_has_none() {
    let fault =
        format!("<s:Envelope xmlns:s='{SOAP_1_1}'><s:Body><s:Fault/></s:Body></s:Envelope>");
    assert_eq!(found(&fault), Ok(None));
    let other = answer(&x509(DER)).replace(PROVISIONING, "urn:other");
    assert_eq!(found(&other), Ok(None));
}

#[test]
fn an_answer_whose_certificate_is_in_doubt_is_refused() {
    use CertificateParseError::{NoCertificate, NotBase64, NotDer, NotX509, TooLong, Value};
    let repeated = |name| Value(ValueError::Repeated { name });
    assert_eq!(refusal(""), NoCertificate);
    assert_eq!(refusal("<x/>"), NoCertificate);
    let twice = x509(DER).repeat(2);
    assert_eq!(refusal(&twice), repeated("BinarySecurityToken"));
    let good = answer(&x509(DER));
    for name in ["RequestSecurityTokenResponse", "RequestedSecurityToken"] {
        let end = format!("</{name}>");
        let second = format!("{end}<{name} xmlns='urn:x'/>");
        let doubled = found(&good.replacen(&end, &second, 1));
        assert_eq!(doubled.unwrap_err(), repeated(name));
    }
    assert_eq!(refusal(&token("", DER)), NotX509);
    let chain = X509_V3.replace("X509v3", "X509PKIPathv1");
    let chain = token(&format!("ValueType='{chain}'"), DER);
    assert_eq!(refusal(&chain), NotX509);
    assert_eq!(refusal(&x509("*")), NotBase64);
    let hexadecimal = format!("ValueType='{X509_V3}' EncodingType='urn:x#HexBinary'");
    assert_eq!(refusal(&token(&hexadecimal, DER)), NotBase64);
    assert_eq!(refusal(&x509("MAMCAQF=")), NotBase64, "bits beyond the end");
    assert_eq!(
        refusal(&x509("<x/>")),
        Value(ValueError::HoldsElements {
            name: "BinarySecurityToken"
        })
    );
    let long = STANDARD.encode([vec![0x30, 0x82, 0x20, 0], vec![1; 0x2000]].concat());
    assert_eq!(refusal(&x509(&long)), TooLong);
    let longest = &"A".repeat(2 * MAX_CERTIFICATE_BYTES + 4);
    assert!(matches!(refusal(&x509(longest)), Value(_)));
    assert_eq!(refusal(&x509("")), NotDer);
    let response = answer("").replace("RequestedSecurityToken", "x");
    assert_eq!(found(&response).unwrap_err(), NoCertificate);
    assert_eq!(
        found("<a/>").unwrap_err(),
        EnvelopeParseError::NotAnEnvelope.into()
    );
    assert!(matches!(
        found("<!DOCTYPE a><a/>").unwrap_err(),
        CertificateParseError::Xml(_)
    ));
}

#[test]
fn only_one_whole_sequence_is_der() {
    let sequence = |head: &[u8], length: usize| is_one_sequence(&[head, &vec![0; length]].concat());
    assert!(sequence(&[0x30, 3], 3));
    assert!(sequence(&[0x30, 0x81, 0x80], 0x80));
    assert!(sequence(&[0x30, 0x82, 1, 0], 0x100));
    for (head, length) in [
        (&[][..], 0),
        (&[0x30], 0),
        (&[0x30, 0], 0),
        (&[0x30, 3], 2),
        (&[0x30, 3], 4),
        (&[0x31, 3], 3),
        (&[0x30, 0x80], 2),
        (&[0x30, 0x81, 3], 3),
        (&[0x30, 0x82, 0, 0x80], 0x80),
        (&[0x30, 0x83, 0, 1, 0], 0x100),
    ] {
        assert!(!sequence(head, length), "{head:x?} {length}");
    }
}

#[test]
fn a_certificate_is_never_known_as_a_ticket_is() {
    // What a compact ticket of the certificate's own bytes, or the reverse, would be known by.
    let certificate = found(&answer(&x509(DER))).unwrap().unwrap();
    let compact = Ticket::from_header(&format!("cwt={DER}")).unwrap();
    let kinds = [certificate.key(), compact.key()];
    let kind = |key: &Secret<Vec<u8>>| {
        key.expose()
            .split(|byte| *byte == 0)
            .next()
            .unwrap()
            .to_vec()
    };
    assert_eq!(
        kinds.each_ref().map(kind),
        [b"x509".to_vec(), b"cwt".to_vec()]
    );
}
