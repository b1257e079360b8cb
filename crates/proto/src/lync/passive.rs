//! Passive sign-in as it passes by a gate: the token that a browser brings to a pool (WS-Federation 1.2, 13.2.2), and the
//! cookies of the session that the pool makes of it, in the pieces in which WIF cuts them.
//!
//! Reads which token and which session it is, never whether they are genuine: that is the pool's to judge. What two
//! readers might read differently is refused. Start at [`Brought::parse`] and [`Session::sent`].

use std::collections::BTreeMap;

use thiserror::Error;
use xml::{Document, Element, ParseError};

use super::webticket::MAX_ASSERTION_ID_BYTES;
use crate::form::{Form, FormParseError};
use crate::secret::Secret;
use crate::soap::namespace::SAML_1;

/// The page that begins a passive sign-in and takes its token (UCWA "Authentication in UCWA").
pub const PAGE: &str = "/PassiveAuth/PassiveAuth.aspx";
/// Longest form that brings a token, in bytes.
pub const MAX_POST_BYTES: usize = 64 * 1024;
/// The namespace of the claim that says on which token of ours another's rests; in the rule language its type is both, with
/// a slash between.
pub const SIGN_IN_NAMESPACE: &str = "urn:wicketgate:claims";
/// Its name.
pub const SIGN_IN_NAME: &str = "signin";
/// What the cookies of a session are called; the second is `FedAuth1`.
const COOKIE: &str = "FedAuth";
/// Most pieces of one session.
const MAX_PIECES: usize = 8;
/// Longest value of one piece, in bytes.
const MAX_PIECE_BYTES: usize = 4 * 1024;

/// A token that a browser brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Its `AssertionID`.
    pub assertion_id: String,
    /// The id of the token of ours that it says it rests on: the one value of the one claim of that type.
    pub sign_in: Option<String>,
}

/// Why a form is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BroughtParseError {
    /// It is no form that everybody would read alike.
    #[error(transparent)]
    Form(#[from] FormParseError),
    /// A field of the token stands there twice, or in other letters.
    #[error("the token's field is not there exactly once")]
    Twice,
    /// It says where a token is to be fetched.
    #[error("a token by reference is not taken")]
    ByReference,
    /// The token is not XML that is taken.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// There is not exactly one assertion of SAML 1.1 with an id.
    #[error("there is not exactly one assertion in it")]
    NotOneAssertion,
    /// The claim that says on which token of ours it rests can be read in two ways.
    #[error("the claim of the sign-in that it rests on is not one text")]
    NotOneSignIn,
}

impl Brought {
    /// Reads a form; one that brings no token gives `None`.
    ///
    /// SECURITY: with one assertion in all of it, as the one token of the one response, a pool that takes the form at all has taken
    /// this one, whichever way it looks for it: WIF takes tokens of other kinds, too, a user name with a password among them.
    /// ASP.NET does not tell the cases of a field's name apart.
    ///
    /// # Errors
    ///
    /// It might be read in two ways.
    pub fn parse(form: &[u8]) -> Result<Option<Self>, BroughtParseError> {
        let form = Form::parse_within(form, MAX_POST_BYTES)?;
        let called = |name: &'static str| {
            let names = form.names();
            names.filter(move |it| it.eq_ignore_ascii_case(name))
        };
        if called("wresultptr").next().is_some() {
            return Err(BroughtParseError::ByReference);
        }
        let token = match called("wresult").count() {
            0 => return Ok(None),
            1 => form.only("wresult"),
            _ => None,
        };
        let token = token.ok_or(BroughtParseError::Twice)?;
        let document = Document::parse(token.expose())?;
        let mut assertions = document.root().descendants().filter(is_assertion);
        let (Some(only), None) = (assertions.next(), assertions.next()) else {
            return Err(BroughtParseError::NotOneAssertion);
        };
        if !is_the_token(&only) {
            return Err(BroughtParseError::NotOneAssertion);
        }
        let id = only.attribute("AssertionID").filter(|id| {
            only.is(SAML_1, "Assertion") && (1..=MAX_ASSERTION_ID_BYTES).contains(&id.len())
        });
        let assertion_id = id.ok_or(BroughtParseError::NotOneAssertion)?.to_owned();
        Ok(Some(Self {
            assertion_id,
            sign_in: sign_in(&only)?,
        }))
    }
}

/// Whether an assertion is the token that is brought: the one thing in the one `RequestedSecurityToken` of the one response.
fn is_the_token(assertion: &Element<'_, '_>) -> bool {
    let Some(requested) = assertion.parent() else {
        return false;
    };
    let Some(response) = requested.parent() else {
        return false;
    };
    let outermost = match response.parent() {
        None => response,
        Some(collection) if collection.parent().is_none() => {
            let is_collection = collection.name() == "RequestSecurityTokenResponseCollection";
            if !is_collection || collection.children().count() != 1 {
                return false;
            }
            collection
        }
        Some(_) => return false,
    };
    let named = |name: &'static str| outermost.descendants().filter(move |it| it.name() == name);
    requested.name() == "RequestedSecurityToken"
        && requested.children().count() == 1
        && response.name() == "RequestSecurityTokenResponse"
        && named("RequestedSecurityToken").count() == 1
        && named("RequestSecurityTokenResponse").count() == 1
}

/// The claim of an assertion that says on which token of ours it rests.
///
/// SECURITY: whoever carries a signed token may put remarks into it, and whatever they like into its signature, which no
/// signature covers: the claim stands where claims stand and nowhere else, and its value is one piece of text.
fn sign_in(assertion: &Element<'_, '_>) -> Result<Option<String>, BroughtParseError> {
    let in_doubt = BroughtParseError::NotOneSignIn;
    let mut named = assertion.descendants().filter(is_sign_in);
    match (named.next(), named.next()) {
        (None, _) => return Ok(None),
        (Some(_), None) => {}
        (Some(_), Some(_)) => return Err(in_doubt),
    }
    let statements = assertion.children();
    let statements = statements.filter(|it| it.is(SAML_1, "AttributeStatement"));
    let mut claims = statements.flat_map(|it| it.children());
    let claim = claims.find(|it| it.is(SAML_1, "Attribute") && is_sign_in(it));
    let mut values = claim.ok_or(in_doubt)?.children();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(in_doubt);
    };
    let text = value.text();
    let is_text = value.children().next().is_none() && !value.holds_text_with_comment();
    let is_id = (1..=MAX_ASSERTION_ID_BYTES).contains(&text.len());
    match value.is(SAML_1, "AttributeValue") && is_text && is_id {
        true => Ok(Some(text)),
        false => Err(in_doubt),
    }
}

fn is_sign_in(element: &Element<'_, '_>) -> bool {
    element.attribute("AttributeNamespace") == Some(SIGN_IN_NAMESPACE)
        && element.attribute("AttributeName") == Some(SIGN_IN_NAME)
}

/// In whatever namespace, and encrypted as well.
fn is_assertion(element: &Element<'_, '_>) -> bool {
    ["Assertion", "EncryptedAssertion", "EncryptedData"].contains(&element.name())
}

/// The cookies of one passive session. Whoever has them is its user.
#[derive(Clone, Debug)]
pub struct Session(BTreeMap<usize, Secret<Vec<u8>>>);

/// A piece stands twice, in other letters, or is too long; or there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the cookies of the session can be read in two ways")]
pub struct SessionInDoubt;

impl Session {
    /// Finds the session in the lines of a request's `Cookie`; one without gives `None`.
    ///
    /// # Errors
    ///
    /// It can be read in two ways.
    pub fn sent<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Option<Self>, SessionInDoubt> {
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
        Self::of(pairs.map(pair))
    }

    /// Finds the session that an answer's lines of `Set-Cookie` begin; one that only ends one gives `None`.
    ///
    /// # Errors
    ///
    /// It can be read in two ways.
    pub fn set<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Option<Self>, SessionInDoubt> {
        let first = |line: &'a [u8]| line.split(|byte| *byte == b';').next().unwrap_or_default();
        let pairs = lines.map(|line| pair(first(line)));
        Self::of(pairs.filter(|(_, value)| !value.is_empty()))
    }

    /// What the session is known by; callers keep a digest of it.
    #[must_use]
    pub fn key(&self) -> Secret<Vec<u8>> {
        Secret::new([b"passive\0", self.line().expose().as_slice()].concat())
    }

    /// The one line of `Cookie` that holds it and nothing else.
    #[must_use]
    pub fn line(&self) -> Secret<Vec<u8>> {
        let piece = |(number, value): (&usize, &Secret<Vec<u8>>)| {
            let name = match number {
                0 => COOKIE.to_owned(),
                number => format!("{COOKIE}{number}"),
            };
            [name.as_bytes(), b"=", value.expose()].concat()
        };
        let pieces: Vec<Vec<u8>> = self.0.iter().map(piece).collect();
        Secret::new(pieces.join(&b"; "[..]))
    }

    fn of<'a>(
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Option<Self>, SessionInDoubt> {
        let mut pieces = BTreeMap::new();
        for (name, value) in pairs.filter(|(name, _)| is_session_cookie(name)) {
            let number = number(name).filter(|it| *it < MAX_PIECES);
            let number = number.ok_or(SessionInDoubt)?;
            let is_sound = value.iter().all(|byte| is_of_value(*byte));
            if value.is_empty() || value.len() > MAX_PIECE_BYTES || !is_sound {
                return Err(SessionInDoubt);
            }
            let piece = Secret::new(value.to_vec());
            if pieces.insert(number, piece).is_some() {
                return Err(SessionInDoubt);
            }
        }
        // Pieces count from none, without gaps.
        let is_whole = pieces.keys().copied().eq(0..pieces.len());
        match (pieces.is_empty(), is_whole) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(Self(pieces))),
            (false, false) => Err(SessionInDoubt),
        }
    }
}

/// Whether a cookie may be read as a piece of such a session, in whatever letters (ASP.NET tells no cases apart).
#[must_use]
pub fn is_session_cookie(name: &[u8]) -> bool {
    let (start, rest) = name.split_at(name.len().min(COOKIE.len()));
    start.eq_ignore_ascii_case(COOKIE.as_bytes()) && rest.iter().all(u8::is_ascii_digit)
}

/// The number of a piece whose name is written as WIF writes it.
fn number(name: &[u8]) -> Option<usize> {
    match name.strip_prefix(COOKIE.as_bytes())? {
        [] => Some(0),
        [b'0', ..] => None,
        digits => std::str::from_utf8(digits).ok()?.parse().ok(),
    }
}

/// What may stand in a cookie's value, unquoted (RFC 6265 4.1.1).
fn is_of_value(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

fn pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let at = pair.iter().position(|byte| *byte == b'=');
    let (name, value) = pair.split_at(at.unwrap_or(pair.len()));
    let value = value.strip_prefix(b"=").unwrap_or_default();
    (name.trim_ascii(), value.trim_ascii())
}

#[cfg(test)]
mod tests;
