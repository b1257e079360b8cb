//! SAML 2.0 (saml-core-2.0-os), as WS-Federation carries it.

use jiff::Timestamp;
use xml::Element;

use super::{
    Name, Received, ReceivedParseError, SignedIn, add_values, at_most_one, attribute, id,
    optional_time, text, time,
};
use crate::soap::namespace::SAML_2;

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The format of an issuer's name that is a plain identifier.
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// Reads one.
pub(super) fn read(root: Element<'_, '_>) -> Result<Received, ReceivedParseError> {
    if root.attribute("Version") != Some("2.0") {
        return Err(ReceivedParseError::Version);
    }
    let one = |name| {
        let found = at_most_one(root, SAML_2, name)?;
        found.ok_or(ReceivedParseError::Part(name))
    };
    let conditions = one("Conditions")?;
    let confirmed = Confirmed::of(one("Subject")?)?;
    let mut statements = Vec::new();
    let mut authentication = None;
    for child in root.children().filter(|it| it.namespace() == Some(SAML_2)) {
        match child.name() {
            "AttributeStatement" => {
                for element in child.children() {
                    // SECURITY: what is encrypted in it is not what its rules were written for.
                    if !element.is(SAML_2, "Attribute") {
                        return Err(ReceivedParseError::Part("AttributeStatement"));
                    }
                    let called = (attribute(element, "Name")?, element.attribute("NameFormat"));
                    add_values(element, SAML_2, called, &mut statements)?;
                }
            }
            "AuthnStatement" => {
                let signed_in = signed_in(child)?;
                if authentication.replace(signed_in).is_some() {
                    return Err(ReceivedParseError::Part("AuthnStatement"));
                }
            }
            "Issuer" | "Subject" | "Conditions" | "Advice" => {}
            _ => return Err(ReceivedParseError::Part("Assertion")),
        }
    }
    let ends = optional_time(conditions, "NotOnOrAfter")?;
    let ends = ends.into_iter().chain(confirmed.not_on_or_after).min();
    Ok(Received {
        id: id(root, "ID")?,
        issuer: issuer(one("Issuer")?)?,
        issue_instant: time(root, "IssueInstant")?,
        not_before: optional_time(conditions, "NotBefore")?,
        not_on_or_after: ends.ok_or(ReceivedParseError::Part("NotOnOrAfter"))?,
        audiences: audiences(conditions)?,
        recipients: confirmed.recipient.into_iter().collect(),
        subject: confirmed.name,
        statements,
        authentication,
    })
}

/// SPEC: saml-core-2.0-os 8.3.6: the issuer is an entity, whatever format is not written.
fn issuer(element: Element<'_, '_>) -> Result<String, ReceivedParseError> {
    let format = element.attribute("Format").unwrap_or(ENTITY);
    let name = text(element, "Issuer")?;
    match format == ENTITY && !name.is_empty() {
        true => Ok(name),
        false => Err(ReceivedParseError::Part("Issuer")),
    }
}

fn audiences(conditions: Element<'_, '_>) -> Result<Vec<Vec<String>>, ReceivedParseError> {
    let mut audiences = Vec::new();
    for condition in conditions.children() {
        // That it is used once is what is done with every assertion.
        if condition.is(SAML_2, "OneTimeUse") {
            continue;
        }
        // SECURITY: a ProxyRestriction forbids that something of ours rests on it, and something shall.
        if !condition.is(SAML_2, "AudienceRestriction") {
            return Err(ReceivedParseError::Condition);
        }
        let of_one = condition.children();
        let of_one = of_one.filter(|it| it.is(SAML_2, "Audience"));
        let of_one = of_one.map(|it| text(it, "Audience"));
        audiences.push(of_one.collect::<Result<_, _>>()?);
    }
    Ok(audiences)
}

fn signed_in(statement: Element<'_, '_>) -> Result<SignedIn, ReceivedParseError> {
    const CLASS: &str = "AuthnContextClassRef";
    let context = at_most_one(statement, SAML_2, "AuthnContext")?;
    let context = context.ok_or(ReceivedParseError::Part("AuthnContext"))?;
    let class = at_most_one(context, SAML_2, CLASS)?;
    let class = class.ok_or(ReceivedParseError::Part(CLASS))?;
    Ok(SignedIn {
        method: text(class, CLASS)?,
        instant: time(statement, "AuthnInstant")?,
    })
}

/// A subject, and the one way in which it is confirmed.
struct Confirmed {
    name: Option<Name>,
    recipient: Option<String>,
    not_on_or_after: Option<Timestamp>,
}

impl Confirmed {
    fn of(subject: Element<'_, '_>) -> Result<Self, ReceivedParseError> {
        if subject.children().any(|it| it.is(SAML_2, "EncryptedID")) {
            return Err(ReceivedParseError::Part("EncryptedID"));
        }
        let confirmation = at_most_one(subject, SAML_2, "SubjectConfirmation");
        let confirmation = confirmation.map_err(|_| ReceivedParseError::Confirmation)?;
        let confirmation = confirmation.ok_or(ReceivedParseError::Confirmation)?;
        if confirmation.attribute("Method") != Some(BEARER) {
            return Err(ReceivedParseError::Confirmation);
        }
        let data = at_most_one(confirmation, SAML_2, "SubjectConfirmationData")?;
        let (recipient, not_on_or_after) = match data {
            Some(data) => (
                data.attribute("Recipient").map(str::to_owned),
                optional_time(data, "NotOnOrAfter")?,
            ),
            None => (None, None),
        };
        // SPEC: saml-profiles-2.0-os 4.1.4.2: a bearer's confirmation has no NotBefore.
        let has_not_before = data.is_some_and(|it| it.attribute("NotBefore").is_some());
        if has_not_before {
            return Err(ReceivedParseError::Confirmation);
        }
        let name = at_most_one(subject, SAML_2, "NameID")?;
        let name = name.map(|it| {
            Ok::<_, ReceivedParseError>(Name {
                name: text(it, "NameID")?,
                format: it.attribute("Format").map(str::to_owned),
                qualifier: it.attribute("NameQualifier").map(str::to_owned),
                sp_qualifier: it.attribute("SPNameQualifier").map(str::to_owned),
            })
        });
        Ok(Self {
            name: name.transpose()?,
            recipient,
            not_on_or_after,
        })
    }
}
