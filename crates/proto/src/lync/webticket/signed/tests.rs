//! What a signed request is, and every way in which another key could be found in one.

use super::*;
use crate::lync::webticket::Ticket;
use crate::soap;
use crate::soap::namespace::{ADDRESSING, AUTHORIZATION, SAML_1, SOAP_1_1, TRUST_1_3};

const GOOD: &str = include_str!("../../../../../../fuzz/seeds/certificate/request.xml");

fn parse(text: &str) -> Result<SignedRequest, SignedRequestParseError> {
    let document = soap::document(text.as_bytes()).expect("XML");
    SignedRequest::parse(&Envelope::parse(&document).expect("SOAP"))
}

/// The refusal of the good request with one thing changed in it.
fn refusal(from: &str, to: &str) -> SignedRequestParseError {
    assert!(GOOD.contains(from), "{from}");
    parse(&GOOD.replacen(from, to, 1)).expect_err(to)
}

fn repeated(name: &'static str) -> SignedRequestParseError {
    ValueError::Repeated { name }.into()
}

fn unexpected(name: &str, inside: &'static str) -> SignedRequestParseError {
    ContentError::unexpected(name, inside).into()
}

#[test]
fn a_request_is_read_with_the_certificate_that_signed_it() {
    let signed = parse(GOOD).unwrap();
    assert_eq!(signed.request.sip_uri(), Some("sip:anna@contoso.com"));
    assert_eq!(signed.certificate.as_der().first(), Some(&0x30));
    // Nobody else takes it for a request or a ticket of theirs.
    let document = soap::document(GOOD.as_bytes()).unwrap();
    let envelope = Envelope::parse(&document).unwrap();
    assert!(Request::parse(&envelope).is_err());
    assert!(Request::parse_with_username_token(&envelope).is_err());
    assert!(Ticket::from_security_header(&envelope).is_err());
}

#[test]
fn a_request_without_certificate_or_signature_is_refused() {
    let none = SignedRequestParseError::Certificate(CertificateParseError::NoCertificate);
    let envelope = |header: &str| {
        format!(
            "<s:Envelope xmlns:s='{SOAP_1_1}' xmlns:o='{SECURITY}'>{header}<s:Body>\
             <t:RequestSecurityToken xmlns:t='{TRUST_1_3}'><t:RequestType>{TRUST_1_3}/Issue\
             </t:RequestType></t:RequestSecurityToken></s:Body></s:Envelope>"
        )
    };
    for header in ["", "<s:Header/>", "<s:Header><o:Security/></s:Header>"] {
        assert_eq!(parse(&envelope(header)).unwrap_err(), none, "{header}");
    }
    let token = "<s:Header><o:Security><o:BinarySecurityToken/></o:Security></s:Header>";
    let error = parse(&envelope(token)).unwrap_err();
    assert_eq!(error, SignedRequestParseError::NotSigned);
    let error = refusal(
        "<ds:SignatureValue>q83v3s0wT1f0mF0y</ds:SignatureValue>",
        "",
    );
    assert_eq!(error, SignedRequestParseError::NotSigned);
    let error = refusal("X509v3\" EncodingType", "PKCS7\" EncodingType");
    assert_eq!(error, CertificateParseError::NotX509.into());
}

#[test]
fn a_second_certificate_has_no_place_in_a_request() {
    let second = format!("<z:BinarySecurityToken xmlns:z='{SECURITY}' u:Id='y'/>");
    let before = |place: &str, what: &str| refusal(place, &format!("{what}{place}"));
    let error = before("<ds:Signature ", &second);
    assert_eq!(error, repeated("BinarySecurityToken"));
    let strange = "<BINARYSECURITYTOKEN xmlns='urn:x'/>";
    assert_eq!(
        before("<ds:Reference ", strange),
        repeated("BinarySecurityToken")
    );
    let assertion = format!("<m:Assertion xmlns:m='{SAML_1}'/>");
    assert_eq!(
        before("<ds:Signature ", &assertion),
        unexpected("Assertion", "Security")
    );
    let user = "<o:UsernameToken><o:Username>b</o:Username></o:UsernameToken>";
    assert_eq!(
        before("<ds:Signature ", user),
        unexpected("UsernameToken", "Security")
    );
    let header = "<o:Security xmlns:o='urn:old'/>";
    assert_eq!(
        before("<o:Security ", header),
        unexpected("Security", "Header")
    );
    let object = "<ds:Object/>";
    assert_eq!(
        before("<ds:KeyInfo>", object),
        unexpected("Object", "Signature")
    );
    let nested = "<ds:Signature/>";
    assert_eq!(before("<ds:Reference ", nested), repeated("Signature"));
    let key = "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>";
    assert_eq!(before("<ds:Reference ", key), repeated("KeyInfo"));
    let reference = "<SecurityTokenReference/>";
    assert_eq!(
        before("<ds:Reference ", reference),
        repeated("SecurityTokenReference")
    );
}

#[test]
fn a_signature_by_another_key_is_refused() {
    use SignedRequestParseError::OtherKey;
    let data = "<ds:X509Data/>";
    let place = "<o:SecurityTokenReference>";
    assert_eq!(
        refusal(place, &format!("{data}{place}")),
        unexpected("X509Data", "KeyInfo")
    );
    let reference = GOOD.split_once("<o:SecurityTokenReference>").unwrap().1;
    let reference = reference
        .split_once("</o:SecurityTokenReference>")
        .unwrap()
        .0;
    assert_eq!(refusal(reference, ""), OtherKey);
    let by_name = "<o:KeyIdentifier>AA==</o:KeyIdentifier>";
    let inside = "SecurityTokenReference";
    assert_eq!(
        refusal(reference, by_name),
        unexpected("KeyIdentifier", inside)
    );
    assert_eq!(refusal("URI=\"#X509-1\"", "URI=\"#X509-2\""), OtherKey);
    assert_eq!(refusal("URI=\"#X509-1\"", "URI=\"##X509-1\""), OtherKey);
    assert_eq!(refusal("URI=\"#X509-1\"", ""), OtherKey);
    assert_eq!(
        refusal("URI=\"#X509-1\"", "URI=\"#X509-1\" Usage=\"x\""),
        unexpected("Usage", "Reference")
    );
    let holding = reference.replacen("/>", "><x/></o:Reference>", 1);
    let error = refusal(reference, &holding);
    let name = "Reference";
    assert_eq!(error, ValueError::HoldsElements { name }.into());
    let other_type = reference.replace("X509v3", "X509PKIPathv1");
    assert_eq!(refusal(reference, &other_type), OtherKey);
    let whole = format!(
        "<ds:KeyInfo><o:SecurityTokenReference>{reference}</o:SecurityTokenReference></ds:KeyInfo>"
    );
    assert_eq!(refusal(&whole, ""), OtherKey);
    assert_eq!(refusal(&whole, "<ds:KeyInfo/>"), OtherKey);
}

#[test]
fn the_tokens_id_is_its_own() {
    use SignedRequestParseError::{IdRepeated, NoTokenId};
    assert_eq!(refusal("u:Id=\"X509-1\"", ""), NoTokenId);
    assert_eq!(refusal("u:Id=\"X509-1\"", "u:Id=\"\""), NoTokenId);
    let long = format!("u:Id=\"{}\"", "x".repeat(MAX_TOKEN_ID_BYTES + 1));
    assert_eq!(refusal("u:Id=\"X509-1\"", &long), NoTokenId);
    assert_eq!(refusal("u:Id=\"X509-1\"", "Id=\"X509-1\""), NoTokenId);
    for same in [
        "xml:id=\"X509-1\"",
        "Id=\" X509-1 \"",
        "AssertionID=\"X509-1\"",
        "Anchor=\"X509-1\"",
        "x=\"X509-1\"",
    ] {
        let body = format!("<s:Body {same}>");
        assert_eq!(refusal("<s:Body>", &body), IdRepeated, "{same}");
    }
}

#[test]
fn the_rest_is_as_strict_as_any_request() {
    let address = format!("<a:To xmlns:a='{ADDRESSING}'>x</a:To>");
    let place = "<o:Security ";
    assert!(parse(&GOOD.replacen(place, &format!("{address}{place}"), 1)).is_ok());
    let error = refusal(place, &format!("<x/>{place}"));
    assert_eq!(error, unexpected("x", "Header"));
    assert_eq!(
        refusal("<u:Created>", "<u:Other/><u:Created>"),
        unexpected("Other", "Timestamp")
    );
}

#[test]
fn no_key_stands_inside_the_signature_itself() {
    let data = "<ds:X509Data><ds:X509Certificate>MAMCAQE=</ds:X509Certificate></ds:X509Data>";
    let name = "SignatureValue";
    let value = "q83v3s0wT1f0mF0y</ds:SignatureValue>";
    assert_eq!(
        refusal(value, &format!("{data}{value}")),
        ValueError::HoldsElements { name }.into()
    );
    let claim = format!("<q:ClaimType xmlns:q='{AUTHORIZATION}'/>");
    for (what, name) in [
        (data, "X509Data"),
        ("<ds:RetrievalMethod URI='#X509-1x'/>", "RetrievalMethod"),
        ("<x:Transform xmlns:x='urn:x'/>", "Transform"),
        (claim.as_str(), "ClaimType"),
    ] {
        for place in [
            "<ds:CanonicalizationMethod ",
            "<ds:Reference ",
            "<ds:Transform ",
            "</ds:SignedInfo>",
            "</ds:DigestValue>",
        ] {
            let error = refusal(place, &format!("{what}{place}"));
            assert_eq!(error, unexpected(name, "SignedInfo"), "{place}");
        }
    }
    let transform = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let with_prefixes = transform.replace(
        "/>",
        "><e:InclusiveNamespaces xmlns:e='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='s'/></ds:Transform>",
    );
    assert!(GOOD.contains(transform));
    assert!(parse(&GOOD.replacen(transform, &with_prefixes, 1)).is_ok());
}

#[test]
fn each_part_of_the_header_stands_once() {
    let error = refusal(
        "<o:BinarySecurityToken ",
        "<u:Timestamp/><o:BinarySecurityToken ",
    );
    assert_eq!(error, repeated("Timestamp"));
    let reference = GOOD.split_once("<o:SecurityTokenReference>").unwrap().1;
    let reference = reference
        .split_once("</o:SecurityTokenReference>")
        .unwrap()
        .0;
    let error = refusal(reference, &format!("{reference}{reference}"));
    assert_eq!(error, repeated("Reference"));
    let security = "<security xmlns='urn:x'/><t:TokenType>";
    assert_eq!(refusal("<t:TokenType>", security), repeated("Security"));
    let signed_info = GOOD.split_once("<ds:SignedInfo>").unwrap().1;
    let signed_info = signed_info.split_once("</ds:SignedInfo>").unwrap().0;
    let whole = format!("<ds:SignedInfo>{signed_info}</ds:SignedInfo>");
    assert_eq!(refusal(&whole, ""), SignedRequestParseError::NotSigned);
}
