//! The token that a browser brings (WS-Trust 2005/02; SAML 1.1 core 2.3): verified first, then read from what was signed.
//!
//! SECURITY: strict on purpose, so that a token which a real pool might take all the same shows here as refused. Start at
//! [`said`].

use jiff::{SignedDuration, Timestamp};
use proto::soap::namespace::SAML_1;
use thiserror::Error;
use xml::{Document, Element, ParseError, SignatureError, signature};

use super::metadata::{PRIMARY_SID, Sts};

const TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";
/// How far the clock of the security token service may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(300);

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Its id.
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) sid: String,
    /// When it ends.
    pub(crate) ends: Timestamp,
}

impl Said {
    /// Until when it might be taken again.
    pub(super) fn remembered_until(&self) -> Timestamp {
        self.ends.checked_add(SKEW).unwrap_or(Timestamp::MAX)
    }
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum TokenError {
    /// It is not XML that is taken.
    #[error("the token cannot be read: {0}")]
    Xml(#[from] ParseError),
    /// A part is missing, or there twice, or is not as it should be.
    #[error("`{0}` of the token is not as it should be")]
    Part(&'static str),
    /// Its signature is not one of the security token service.
    #[error("the token is not signed as it should be: {0}")]
    Signature(#[from] SignatureError),
    /// It is of somebody else's.
    #[error("the token is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another realm")]
    Audience,
    /// Its time has not come.
    #[error("the token is from the future")]
    NotYet,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It says nothing of who it is.
    #[error("the token has no primarysid")]
    NoPrimarySid,
    /// It came before.
    #[error("the token came before")]
    Replayed,
    /// It names nobody who is here.
    #[error("the token names nobody")]
    UnknownPerson,
}

/// Verifies a `wresult` for a realm, and reads it.
///
/// **Proves** that the security token service signed what is returned, for this realm and this time.
///
/// # Errors
///
/// It is not taken; that it came before is not looked at here.
pub(crate) fn said(
    wresult: &str,
    (sts, realm): (&Sts, &str),
    now: Timestamp,
) -> Result<Said, TokenError> {
    let document = Document::parse(wresult)?;
    let response = document.root();
    if !response.is(TRUST, "RequestSecurityTokenResponse") {
        return Err(TokenError::Part("RequestSecurityTokenResponse"));
    }
    let requested = only(response, TRUST, "RequestedSecurityToken")?;
    let assertion = only(requested, SAML_1, "Assertion")?;
    let verified = signature::verify(assertion, &sts.keys)?;
    let signed = verified.document()?;
    let assertion = signed.root();
    if assertion.attribute("Issuer") != Some(&sts.issuer) {
        return Err(TokenError::Issuer);
    }
    let conditions = only(assertion, SAML_1, "Conditions")?;
    let restriction = only(conditions, SAML_1, "AudienceRestrictionCondition")?;
    if only(restriction, SAML_1, "Audience")?.text() != realm {
        return Err(TokenError::Audience);
    }
    let ends = within(conditions, now)?;
    let statement = only(assertion, SAML_1, "AttributeStatement")?;
    let subject = only(statement, SAML_1, "Subject")?;
    let confirmation = only(subject, SAML_1, "SubjectConfirmation")?;
    if only(confirmation, SAML_1, "ConfirmationMethod")?.text() != BEARER {
        return Err(TokenError::Part("ConfirmationMethod"));
    }
    let id = assertion.attribute("AssertionID");
    Ok(Said {
        id: id.ok_or(TokenError::Part("AssertionID"))?.to_owned(),
        sid: primary_sid(statement)?,
        ends,
    })
}

/// When it ends, where it is now.
fn within(conditions: Element<'_, '_>, now: Timestamp) -> Result<Timestamp, TokenError> {
    let time = |name: &'static str| {
        let text = conditions.attribute(name);
        let time = text.and_then(|text| text.parse::<Timestamp>().ok());
        time.ok_or(TokenError::Part(name))
    };
    let (from, until) = (time("NotBefore")?, time("NotOnOrAfter")?);
    let latest = now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
    let earliest = now.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    match (from > latest, until <= earliest) {
        (true, _) => Err(TokenError::NotYet),
        (_, true) => Err(TokenError::Expired),
        (false, false) => Ok(until),
    }
}

fn primary_sid(statement: Element<'_, '_>) -> Result<String, TokenError> {
    let (namespace, name) = PRIMARY_SID;
    let is_it = |attribute: &Element<'_, '_>| {
        attribute.is(SAML_1, "Attribute")
            && attribute.attribute("AttributeName") == Some(name)
            && attribute.attribute("AttributeNamespace") == Some(namespace)
    };
    let mut found = statement.children().filter(is_it);
    let attribute = found.next().ok_or(TokenError::NoPrimarySid)?;
    let value = only(attribute, SAML_1, "AttributeValue")?;
    match found.next() {
        None => Ok(value.text()),
        Some(_) => Err(TokenError::Part("primarysid")),
    }
}

/// The one child of a name.
fn only<'a, 'input>(
    parent: Element<'a, 'input>,
    namespace: &str,
    name: &'static str,
) -> Result<Element<'a, 'input>, TokenError> {
    let mut children = parent.children().filter(|it| it.is(namespace, name));
    match (children.next(), children.next()) {
        (Some(only), None) => Ok(only),
        (_, Some(_)) | (None, _) => Err(TokenError::Part(name)),
    }
}
