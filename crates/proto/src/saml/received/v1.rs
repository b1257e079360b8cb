//! SAML 1.1 (sstc-saml-core-1.1), as AD FS, WIF and SimpleSAMLphp write it.

use super::{
    Name, Received, ReceivedParseError, SignedIn, add_values, at_most_one, attribute, id,
    optional_time, text, time,
};
use crate::soap::namespace::SAML_1;
use xml::Element;

const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";

/// Reads one.
pub(super) fn read(root: Element<'_, '_>) -> Result<Received, ReceivedParseError> {
    let version = ["MajorVersion", "MinorVersion"].map(|name| root.attribute(name));
    if version != [Some("1"), Some("1")] {
        return Err(ReceivedParseError::Version);
    }
    let conditions = at_most_one(root, SAML_1, "Conditions")?;
    let conditions = conditions.ok_or(ReceivedParseError::Part("Conditions"))?;
    let mut subject = None;
    let mut statements = Vec::new();
    let mut authentication = None;
    let mut said = 0_usize;
    for child in root.children().filter(|it| it.namespace() == Some(SAML_1)) {
        match child.name() {
            "AttributeStatement" => {
                add_subject(child, &mut subject)?;
                for attribute in of(child, "Attribute") {
                    let claim_type = claim_type(attribute)?;
                    add_values(attribute, SAML_1, (&claim_type, None), &mut statements)?;
                }
            }
            "AuthenticationStatement" => {
                add_subject(child, &mut subject)?;
                let signed_in = SignedIn {
                    method: attribute(child, "AuthenticationMethod")?.to_owned(),
                    instant: time(child, "AuthenticationInstant")?,
                };
                if authentication.replace(signed_in).is_some() {
                    return Err(ReceivedParseError::Part("AuthenticationStatement"));
                }
            }
            "Conditions" | "Advice" => continue,
            // A statement that is not understood may say that the others do not hold.
            _ => return Err(ReceivedParseError::Part("Assertion")),
        }
        said += 1;
    }
    if said == 0 {
        return Err(ReceivedParseError::Part("Assertion"));
    }
    Ok(Received {
        id: id(root, "AssertionID")?,
        issuer: attribute(root, "Issuer")?.to_owned(),
        issue_instant: time(root, "IssueInstant")?,
        not_before: optional_time(conditions, "NotBefore")?,
        not_on_or_after: time(conditions, "NotOnOrAfter")?,
        audiences: audiences(conditions)?,
        recipients: Vec::new(),
        subject: subject.flatten(),
        statements,
        authentication,
    })
}

fn of<'a, 'input>(
    element: Element<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Element<'a, 'input>> {
    element.children().filter(move |it| it.is(SAML_1, name))
}

fn audiences(conditions: Element<'_, '_>) -> Result<Vec<Vec<String>>, ReceivedParseError> {
    let mut audiences = Vec::new();
    for condition in conditions.children() {
        if condition.is(SAML_1, "DoNotCacheCondition") {
            continue;
        }
        if !condition.is(SAML_1, "AudienceRestrictionCondition") {
            return Err(ReceivedParseError::Condition);
        }
        let of_one = of(condition, "Audience").map(|it| text(it, "Audience"));
        audiences.push(of_one.collect::<Result<_, _>>()?);
    }
    Ok(audiences)
}

/// SECURITY: all statements are about one person, and for whoever bears them.
fn add_subject(
    statement: Element<'_, '_>,
    subject: &mut Option<Option<Name>>,
) -> Result<(), ReceivedParseError> {
    let found = at_most_one(statement, SAML_1, "Subject")?;
    let found = found.ok_or(ReceivedParseError::Part("Subject"))?;
    let confirmation = at_most_one(found, SAML_1, "SubjectConfirmation")?;
    let name = at_most_one(found, SAML_1, "NameIdentifier")?;
    match confirmation {
        Some(confirmation) => is_bearer(confirmation)?,
        // INTEROP: SimpleSAMLphp's adfs module (1.19) writes the name alone, and means the bearer.
        None if name.is_some() => {}
        None => return Err(ReceivedParseError::Confirmation),
    }
    let name = name.map(|it| {
        Ok::<_, ReceivedParseError>(Name {
            name: text(it, "NameIdentifier")?,
            format: it.attribute("Format").map(str::to_owned),
            qualifier: it.attribute("NameQualifier").map(str::to_owned),
            sp_qualifier: None,
        })
    });
    let name = name.transpose()?;
    match subject {
        Some(before) if *before != name => Err(ReceivedParseError::Part("Subject")),
        _ => {
            *subject = Some(name);
            Ok(())
        }
    }
}

fn is_bearer(confirmation: Element<'_, '_>) -> Result<(), ReceivedParseError> {
    let mut methods = of(confirmation, "ConfirmationMethod").map(|it| it.text());
    let is_bearer = methods.next().as_deref() == Some(BEARER) && methods.next().is_none();
    match is_bearer && confirmation.children().count() == 1 {
        true => Ok(()),
        false => Err(ReceivedParseError::Confirmation),
    }
}

/// INTEROP: the namespace, a slash and the name, as WIF reads it; one that is its own namespace is all name, as we write it.
fn claim_type(element: Element<'_, '_>) -> Result<String, ReceivedParseError> {
    let name = attribute(element, "AttributeName")?;
    let namespace = element.attribute("AttributeNamespace").unwrap_or_default();
    Ok(match namespace {
        "" => name.to_owned(),
        namespace if namespace == name => name.to_owned(),
        namespace if namespace.ends_with('/') => format!("{namespace}{name}"),
        namespace => format!("{namespace}/{name}"),
    })
}
