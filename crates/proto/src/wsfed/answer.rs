//! The answer of a claims provider to a request of ours: the form that its page makes a browser send ([MS-MWBF] 2.2.4).
//!
//! Says which element of it is the assertion, and nothing that stands in it: that is read of what was verified. A form or
//! a response that two readers might read in two ways is refused. Start at [`ProviderAnswer::parse`].

use thiserror::Error;
use xml::{Document, Element, Limits, ParseError};

use super::MAX_CONTEXT;
use crate::form::Form;
use crate::secret::Secret;
use crate::soap::namespace::{SAML_1, SAML_2, TRUST_1_3, TRUST_2005};

/// Longest form that brings an answer, in bytes: a token of some hundred groups has its place in it.
pub const MAX_ANSWER: usize = 256 * 1024;
/// The field that holds a response, of several lines where a partner writes it so.
pub const MESSAGE: &str = "wresult";
/// Most of an answer as XML.
const LIMITS: Limits = Limits {
    bytes: MAX_ANSWER,
    nodes: 16_384,
    ..Limits::DEFAULT
};

/// An answer, as a browser brings it.
#[derive(Debug)]
pub struct ProviderAnswer {
    /// What goes back as we sent it.
    pub wctx: Option<String>,
    wresult: Secret<String>,
}

/// Why an answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AnswerParseError {
    /// A field is not there exactly once, or too long.
    #[error("`{0}` is not there exactly once, or is too long")]
    Field(&'static str),
    /// It is not XML that is taken.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// It is no response with one token in it.
    #[error("it is no response with one requested token in it")]
    NotOneToken,
    /// The token is encrypted, for which we offer no key.
    #[error("the token is encrypted, and our metadata offers no key for that")]
    Encrypted,
    /// The token is not of SAML, or there is another beside it or inside it.
    #[error("there is not exactly one assertion of SAML in it")]
    NotOneAssertion,
}

impl ProviderAnswer {
    /// Reads the fields of a form.
    ///
    /// **Trusts** all of it: nothing is verified.
    ///
    /// # Errors
    ///
    /// A field is missing or stands twice.
    pub fn parse(form: &Form) -> Result<Self, AnswerParseError> {
        let wresult = form.only(MESSAGE);
        let wresult = wresult.ok_or(AnswerParseError::Field(MESSAGE))?;
        let wctx = match form.all("wctx").count() {
            0 => None,
            _ => form.only("wctx").map(|it| it.expose().clone()),
        };
        let is_there = form.all("wctx").next().is_some();
        let is_long = wctx.as_ref().is_some_and(|it| it.len() > MAX_CONTEXT);
        if (is_there && wctx.is_none()) || is_long {
            return Err(AnswerParseError::Field("wctx"));
        }
        Ok(Self {
            wctx,
            wresult: wresult.clone(),
        })
    }

    /// The response, as a document.
    ///
    /// # Errors
    ///
    /// It is not XML, or too large.
    pub fn document(&self) -> Result<Document<'_>, AnswerParseError> {
        Ok(Document::parse_within(self.wresult.expose(), LIMITS)?)
    }

    /// What `wresult` holds, for a form of ours that sends it once more.
    #[must_use]
    pub fn wresult(&self) -> &Secret<String> {
        &self.wresult
    }
}

/// Finds the one assertion of a response by its place.
///
/// SECURITY: there is one assertion in the whole document, in whatever namespace, so that nobody wraps another around or
/// beside the one that is verified (T-SIG-9).
///
/// # Errors
///
/// It is not there, not alone, or encrypted.
pub fn assertion_in<'a, 'input>(
    document: &'a Document<'input>,
) -> Result<Element<'a, 'input>, AnswerParseError> {
    let root = document.root();
    let response = match root.is(TRUST_1_3, "RequestSecurityTokenResponseCollection") {
        true => only_child(root, is_response)?,
        false => root,
    };
    if !is_response(&response) {
        return Err(AnswerParseError::NotOneToken);
    }
    let requested = |it: &Element<'_, '_>| {
        [TRUST_2005, TRUST_1_3]
            .iter()
            .any(|namespace| it.is(namespace, "RequestedSecurityToken"))
    };
    let requested = only_child(response, requested)?;
    let token = only_child(requested, |_| true)?;
    if token.is(xml::encryption::NAMESPACE, "EncryptedData")
        || token.is(SAML_2, "EncryptedAssertion")
    {
        return Err(AnswerParseError::Encrypted);
    }
    let is_saml = token.is(SAML_1, "Assertion") || token.is(SAML_2, "Assertion");
    let in_all = root.descendants().filter(is_assertion).count();
    match is_saml && in_all == 1 {
        true => Ok(token),
        false => Err(AnswerParseError::NotOneAssertion),
    }
}

fn is_response(element: &Element<'_, '_>) -> bool {
    [TRUST_2005, TRUST_1_3]
        .iter()
        .any(|namespace| element.is(namespace, "RequestSecurityTokenResponse"))
}

/// In whatever namespace, and encrypted as well.
fn is_assertion(element: &Element<'_, '_>) -> bool {
    ["Assertion", "EncryptedAssertion", "EncryptedData"].contains(&element.name())
}

fn only_child<'a, 'input>(
    element: Element<'a, 'input>,
    is: impl Fn(&Element<'a, 'input>) -> bool,
) -> Result<Element<'a, 'input>, AnswerParseError> {
    let mut children = element.children().filter(|it| is(it));
    match (children.next(), children.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(AnswerParseError::NotOneToken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str =
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\" AssertionID=\"_1\"/>";
    const V2: &str = "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_2\"/>";

    fn answer(form: &str) -> Result<ProviderAnswer, AnswerParseError> {
        ProviderAnswer::parse(&Form::parse(form.as_bytes()).unwrap())
    }

    fn of_2005(inside: &str) -> String {
        format!(
            "<t:RequestSecurityTokenResponse xmlns:t=\"{TRUST_2005}\"><t:Lifetime/>{inside}</t:RequestSecurityTokenResponse>"
        )
    }

    fn requested(token: &str) -> String {
        format!("<t:RequestedSecurityToken>{token}</t:RequestedSecurityToken>")
    }

    fn found(wresult: &str) -> Result<String, AnswerParseError> {
        let mut form = "wa=wsignin1.0&wresult=".to_owned();
        crate::percent::encode(wresult, &mut form);
        let answer = answer(&form)?;
        let document = answer.document()?;
        assertion_in(&document).map(|it| it.source().to_owned())
    }

    #[test]
    fn the_fields_are_read_and_two_of_one_are_refused() {
        let read = answer("wa=wsignin1.0&wresult=%3ca%2f%3e&wctx=1").unwrap();
        assert_eq!(read.wctx.as_deref(), Some("1"));
        assert!(!format!("{read:?}").contains("<a"));
        assert_eq!(answer("wresult=a").unwrap().wctx, None);
        let long = format!("wresult=a&wctx={}", "a".repeat(MAX_CONTEXT + 1));
        for (form, field) in [
            ("wctx=1", "wresult"),
            ("wresult=a&wresult=b", "wresult"),
            ("wresult=a&wctx=1&wctx=2", "wctx"),
            (long.as_str(), "wctx"),
        ] {
            let refused = answer(form).unwrap_err();
            assert_eq!(refused, AnswerParseError::Field(field), "{form}");
        }
    }

    #[test]
    fn the_one_assertion_is_found_in_both_dialects() {
        assert_eq!(found(&of_2005(&requested(V1))).as_deref(), Ok(V1));
        assert_eq!(found(&of_2005(&requested(V2))).as_deref(), Ok(V2));
        let of_13 = of_2005(&requested(V2)).replace(TRUST_2005, TRUST_1_3);
        assert_eq!(found(&of_13).as_deref(), Ok(V2));
        let collection = format!(
            "<c:RequestSecurityTokenResponseCollection xmlns:c=\"{TRUST_1_3}\">{of_13}</c:RequestSecurityTokenResponseCollection>"
        );
        assert_eq!(found(&collection).as_deref(), Ok(V2));
    }

    #[test]
    fn t_sig_9_a_response_with_another_assertion_anywhere_is_refused() {
        use AnswerParseError as Error;
        let inside = V1.replace("/>", &format!(">{V2}</saml:Assertion>"));
        let beside = format!("{}{V2}", requested(V1));
        for (wresult, error) in [
            (
                of_2005(&requested(&format!("{V1}{V1}"))),
                Error::NotOneToken,
            ),
            (
                of_2005(&format!("{}{}", requested(V1), requested(V1))),
                Error::NotOneToken,
            ),
            (of_2005(&requested("")), Error::NotOneToken),
            (of_2005(""), Error::NotOneToken),
            (V1.to_owned(), Error::NotOneToken),
            (of_2005(&requested(&inside)), Error::NotOneAssertion),
            (of_2005(&beside), Error::NotOneAssertion),
            (of_2005(&requested("<Assertion/>")), Error::NotOneAssertion),
            (of_2005(&requested("<jwt/>")), Error::NotOneAssertion),
            (
                of_2005(&requested(
                    "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>",
                )),
                Error::Encrypted,
            ),
            (
                format!("<!DOCTYPE r>{}", of_2005(&requested(V1))),
                Error::Xml(ParseError::DocumentType),
            ),
        ] {
            assert_eq!(found(&wresult), Err(error), "{wresult}");
        }
    }
}
