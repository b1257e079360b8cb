//! The SAML 1.1 ticket (SAML 1.1 core 2.3): one assertion that stands by itself, signed by the pool.
//!
//! INTEROP: SIPE 1.25 copies the element byte for byte and looks for `AssertionID="`; every prefix is
//! declared on the assertion. UNCONFIRMED: issuer, audience and confirmation of a real one, which is
//! holder-of-key with the proof key inside; this one is a bearer's, because no service takes a proof.

use jiff::Timestamp;
use proto::soap::namespace::SAML_1;
use proto::wstrust::v13::Lifetime;
use xml::write::element;
use xml::{Document, Prepared, SigningKey, Verbatim, signature};

use super::TicketError;
use super::keys::SamlKey;

/// How the subject's name is written.
const NAME_FORMAT: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri";

/// A ticket before it is signed.
pub(super) struct Unsigned<'a> {
    pub(super) id: [u8; 16],
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) sip: &'a str,
    pub(super) lifetime: Lifetime,
}

impl Unsigned<'_> {
    /// Signs it.
    pub(super) fn sign(&self, key: &SamlKey) -> Result<Verbatim, TicketError> {
        let unsigned = Verbatim::parse(self.to_xml()).map_err(|_| TicketError::Broken)?;
        let prepared = Prepared::new(&unsigned, key.algorithm(), None);
        let signed = prepared.map_err(|_| TicketError::Broken)?.sign(key);
        Ok(signed.map_err(|_| TicketError::Broken)?.into_verbatim())
    }

    fn to_xml(&self) -> String {
        let (created, expires) = (millis(self.lifetime.created), millis(self.lifetime.expires));
        let audience = element("saml:AudienceRestrictionCondition")
            .child(element("saml:Audience").text(self.audience));
        let conditions = element("saml:Conditions")
            .attribute("NotBefore", created.clone())
            .attribute("NotOnOrAfter", expires)
            .child(audience);
        let subject = element("saml:Subject")
            .child(
                element("saml:NameIdentifier")
                    .attribute("Format", NAME_FORMAT)
                    .text(self.sip),
            )
            .child(element("saml:SubjectConfirmation").child(
                element("saml:ConfirmationMethod").text("urn:oasis:names:tc:SAML:1.0:cm:bearer"),
            ));
        let statement = element("saml:AuthenticationStatement")
            .attribute(
                "AuthenticationMethod",
                "urn:oasis:names:tc:SAML:1.0:am:unspecified",
            )
            .attribute("AuthenticationInstant", created.clone())
            .child(subject);
        element("saml:Assertion")
            .namespace("saml", SAML_1)
            .attribute("MajorVersion", "1")
            .attribute("MinorVersion", "1")
            .attribute(
                "AssertionID",
                format!("SamlSecurityToken-{}", guid(self.id)),
            )
            .attribute("Issuer", self.issuer)
            .attribute("IssueInstant", created)
            .child(conditions)
            .child(statement)
            .to_xml()
    }
}

/// What a genuine ticket says.
pub(super) struct Said {
    pub(super) sip: String,
    pub(super) audience: String,
    pub(super) not_before: Timestamp,
    pub(super) not_on_or_after: Timestamp,
}

/// Reads a ticket through its signature.
pub(super) fn verify(text: &str, key: &SamlKey) -> Result<Said, TicketError> {
    let document = Document::parse(text).map_err(|_| TicketError::Malformed)?;
    let verified = signature::verify(document.root(), key).map_err(|_| TicketError::Signature)?;
    let document = verified.document().map_err(|_| TicketError::Malformed)?;
    said(&document).ok_or(TicketError::Malformed)
}

fn said(document: &Document<'_>) -> Option<Said> {
    let assertion = document.root();
    if !assertion.is(SAML_1, "Assertion") {
        return None;
    }
    let conditions = assertion.child(SAML_1, "Conditions")?;
    let restriction = conditions.child(SAML_1, "AudienceRestrictionCondition")?;
    let statement = assertion.child(SAML_1, "AuthenticationStatement")?;
    let subject = statement.child(SAML_1, "Subject")?;
    Some(Said {
        sip: subject.child(SAML_1, "NameIdentifier")?.text(),
        audience: restriction.child(SAML_1, "Audience")?.text(),
        not_before: conditions.attribute("NotBefore")?.parse().ok()?,
        not_on_or_after: conditions.attribute("NotOnOrAfter")?.parse().ok()?,
    })
}

fn millis(time: Timestamp) -> String {
    format!("{time:.3}")
}

fn guid(id: [u8; 16]) -> String {
    let mut text = String::new();
    for (place, byte) in id.iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
