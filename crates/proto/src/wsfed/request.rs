//! Requests of WS-Federation: the parameters of a query or a form ([MS-MWBF] 2.2.1 to 2.2.6).
//!
//! A parameter that stands twice is refused, as nobody knows which is meant; one that is not known is of no account, and
//! so are `wreq`, `wres`, `wp` and the pointers. Start at [`Request::parse`].

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::{SIGN_IN, SIGN_OUT, SIGN_OUT_CLEANUP};
use crate::form::Form;
use crate::percent;

/// The parameter that goes back as it came, of several lines where a party has them.
pub const CONTEXT: &str = "wctx";
/// Most bytes of a parameter that is a name or an address.
pub const MAX_NAME: usize = 2048;
/// Most bytes of `wctx`, which goes back as it came.
pub const MAX_CONTEXT: usize = 4 * 1024;
/// Most digits of a parameter that is a number.
const MAX_DIGITS: usize = 9;

/// What a browser asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A token for a party.
    SignIn(Box<SignInRequest>),
    /// To be signed out, here and everywhere.
    SignOut(SignOutRequest),
    /// A provider says that somebody signed out there.
    SignOutCleanup(SignOutRequest),
    /// A provider's answer to a request of ours.
    Answer,
}

/// A request for a token (`wsignin1.0`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInRequest {
    /// What the party calls itself.
    pub wtrealm: String,
    /// Where the answer shall go.
    pub wreply: Option<String>,
    /// What goes back as it came.
    pub wctx: Option<String>,
    /// The time at the party.
    pub wct: Option<Timestamp>,
    /// How old the sign-in may be, in minutes; 0 is a new one.
    pub wfresh: Option<u32>,
    /// The method that is wanted.
    pub wauth: Option<String>,
    /// The claims provider that somebody shall come from.
    pub whr: Option<String>,
    /// A suffix of names, which leads to a claims provider.
    pub domain_hint: Option<String>,
    /// Who it may be.
    pub username: Option<String>,
    /// The same by its other name.
    pub login_hint: Option<String>,
    /// Whether a new sign-in is wanted (`prompt=login`); any other word is of no account.
    pub prompt_login: bool,
    /// How old the second factor may be, in seconds.
    pub mfa_max_age: Option<u32>,
    /// By what the party finds the request in its own logs.
    pub client_request_id: Option<String>,
}

/// A request to be signed out (`wsignout1.0`, `wsignoutcleanup1.0`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignOutRequest {
    /// What the party calls itself, where it says so.
    pub wtrealm: Option<String>,
    /// Where somebody shall go on.
    pub wreply: Option<String>,
    /// What goes back as it came.
    pub wctx: Option<String>,
}

/// Why parameters are no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestParseError {
    /// A parameter that must be there is not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A parameter stands more than once.
    #[error("`{0}` stands more than once")]
    Repeated(&'static str),
    /// A parameter is longer than its limit.
    #[error("`{0}` is too long")]
    TooLong(&'static str),
    /// A parameter is not what it should be.
    #[error("`{0}` is not what it should be")]
    Malformed(&'static str),
    /// `wa` is an action that is not taken, as those of attributes and pseudonyms.
    #[error("`wa` is an action that is not taken")]
    Action,
}

impl Request {
    /// Reads the parameters of a request.
    ///
    /// **Trusts** all of it: nobody signed it.
    ///
    /// # Errors
    ///
    /// They are none.
    pub fn parse(form: &Form) -> Result<Self, RequestParseError> {
        let asked = Asked(form);
        let action = asked.text("wa", MAX_NAME)?;
        match action.as_deref() {
            None => Err(RequestParseError::Missing("wa")),
            Some(SIGN_IN) if form.all("wresult").next().is_some() => Ok(Self::Answer),
            Some(SIGN_IN) => Ok(Self::SignIn(Box::new(asked.sign_in()?))),
            Some(SIGN_OUT) => Ok(Self::SignOut(asked.sign_out()?)),
            Some(SIGN_OUT_CLEANUP) => Ok(Self::SignOutCleanup(asked.sign_out()?)),
            Some(_) => Err(RequestParseError::Action),
        }
    }
}

impl SignInRequest {
    /// The request as a query, every parameter in its encoding and in one order.
    #[must_use]
    pub fn to_query(&self) -> String {
        let number = |value: Option<u32>| value.map(|it| it.to_string());
        let prompt = self.prompt_login.then(|| "login".to_owned());
        let pairs = [
            ("wa", Some(SIGN_IN.to_owned())),
            ("wtrealm", Some(self.wtrealm.clone())),
            ("wreply", self.wreply.clone()),
            ("wctx", self.wctx.clone()),
            ("wct", self.wct.map(|it| it.to_string())),
            ("wfresh", number(self.wfresh)),
            ("wauth", self.wauth.clone()),
            ("whr", self.whr.clone()),
            ("domain_hint", self.domain_hint.clone()),
            ("username", self.username.clone()),
            ("login_hint", self.login_hint.clone()),
            ("prompt", prompt),
            ("mfa_max_age", number(self.mfa_max_age)),
            ("client-request-id", self.client_request_id.clone()),
        ];
        let mut query = String::new();
        for (name, value) in pairs {
            let Some(value) = value else { continue };
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(name);
            query.push('=');
            percent::encode(&value, &mut query);
        }
        query
    }
}

struct Asked<'f>(&'f Form);

impl Asked<'_> {
    fn sign_in(&self) -> Result<SignInRequest, RequestParseError> {
        let wtrealm = self.text("wtrealm", MAX_NAME)?;
        let wtrealm = wtrealm.filter(|realm| !realm.is_empty());
        Ok(SignInRequest {
            wtrealm: wtrealm.ok_or(RequestParseError::Missing("wtrealm"))?,
            wreply: self.given("wreply", MAX_NAME)?,
            wctx: self.text(CONTEXT, MAX_CONTEXT)?,
            wct: self.time("wct")?,
            wfresh: self.number("wfresh")?,
            wauth: self.given("wauth", MAX_NAME)?,
            whr: self.given("whr", MAX_NAME)?,
            domain_hint: self.given("domain_hint", MAX_NAME)?,
            username: self.given("username", MAX_NAME)?,
            login_hint: self.given("login_hint", MAX_NAME)?,
            prompt_login: self.text("prompt", MAX_NAME)?.as_deref() == Some("login"),
            mfa_max_age: self.number("mfa_max_age")?,
            client_request_id: self.given("client-request-id", MAX_NAME)?,
        })
    }

    fn sign_out(&self) -> Result<SignOutRequest, RequestParseError> {
        Ok(SignOutRequest {
            wtrealm: self.given("wtrealm", MAX_NAME)?,
            wreply: self.given("wreply", MAX_NAME)?,
            wctx: self.text(CONTEXT, MAX_CONTEXT)?,
        })
    }

    /// INTEROP: WIF and others write a parameter that they have nothing for, with nothing in it.
    fn given(&self, name: &'static str, limit: usize) -> Result<Option<String>, RequestParseError> {
        let text = self.text(name, limit)?;
        Ok(text.filter(|it| !it.is_empty()))
    }

    fn text(&self, name: &'static str, limit: usize) -> Result<Option<String>, RequestParseError> {
        let mut values = self.0.all(name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(RequestParseError::Repeated(name));
        }
        let value = value.expose();
        if value.len() > limit {
            return Err(RequestParseError::TooLong(name));
        }
        Ok(Some(value.clone()))
    }

    /// SECURITY: a number that is none is refused: whoever left it out would forget that a new sign-in was wanted.
    fn number(&self, name: &'static str) -> Result<Option<u32>, RequestParseError> {
        let Some(text) = self.text(name, MAX_NAME)? else {
            return Ok(None);
        };
        let is_number = text.len() <= MAX_DIGITS && text.bytes().all(|it| it.is_ascii_digit());
        let number = is_number.then(|| text.parse().ok()).flatten();
        number.map(Some).ok_or(RequestParseError::Malformed(name))
    }

    /// SPEC: [MS-MWBF] 2.2.3, `wct`, an xs:dateTime in UTC; INTEROP: some leave the `Z` out.
    fn time(&self, name: &'static str) -> Result<Option<Timestamp>, RequestParseError> {
        let Some(text) = self.text(name, MAX_NAME)? else {
            return Ok(None);
        };
        let plain = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
        let time = text.parse::<Timestamp>().ok();
        let time = time.or_else(|| plain().map(|it| it.timestamp()));
        time.map(Some).ok_or(RequestParseError::Malformed(name))
    }
}

impl fmt::Display for SignInRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a token for `{}`", self.wtrealm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Request, RequestParseError> {
        Request::parse(&Form::parse(query.as_bytes()).unwrap())
    }

    fn sign_in(query: &str) -> SignInRequest {
        match parse(query) {
            Ok(Request::SignIn(request)) => *request,
            other => panic!("{other:?}"),
        }
    }

    const WHOLE: &str = "wa=wsignin1.0&wtrealm=https%3a%2f%2flync.contoso.com%2fpassiveauth&\
        wreply=https://lync.contoso.com/PassiveAuth/PassiveAuth.aspx&wctx=rm%3d0%26id%3dpassive%26ru%3d%252f&\
        wct=2026-01-01T10%3a00%3a00Z&wfresh=0&wauth=urn:oasis:names:tc:SAML:1.0:am:password&\
        whr=urn:contoso&domain_hint=contoso.com&username=anna%40contoso.com&login_hint=a&prompt=login&\
        mfa_max_age=600&client-request-id=7&wreq=%3ca%2f%3e&wp=1&unknown=x";

    #[test]
    fn every_parameter_is_read_and_written_back() {
        let request = sign_in(WHOLE);
        assert_eq!(request.wtrealm, "https://lync.contoso.com/passiveauth");
        assert_eq!(request.wctx.as_deref(), Some("rm=0&id=passive&ru=%2f"));
        let time = request.wct.map(|it| it.to_string());
        assert_eq!(time.as_deref(), Some("2026-01-01T10:00:00Z"));
        assert_eq!((request.wfresh, request.mfa_max_age), (Some(0), Some(600)));
        assert!(request.prompt_login);
        assert_eq!(sign_in(&request.to_query()), request);
        let least = sign_in("wa=wsignin1.0&wtrealm=urn:a");
        assert_eq!(sign_in(&least.to_query()), least);
        assert_eq!(least.to_query(), "wa=wsignin1.0&wtrealm=urn%3Aa");
    }

    #[test]
    fn a_time_may_lack_its_zone_and_a_prompt_may_be_another() {
        let request = sign_in("wa=wsignin1.0&wtrealm=urn:a&wct=2026-01-01T10:00:00.5&prompt=none");
        let time = request.wct.map(|it| it.to_string());
        assert_eq!(time.as_deref(), Some("2026-01-01T10:00:00.5Z"));
        assert!(!request.prompt_login);
    }

    #[test]
    fn what_has_nothing_in_it_is_not_given() {
        let empty = "wreply=&whr=&wauth=&domain_hint=&username=&login_hint=&client-request-id=";
        let request = sign_in(&format!("wa=wsignin1.0&wtrealm=urn:a&{empty}"));
        let expected = SignInRequest {
            wtrealm: "urn:a".to_owned(),
            ..SignInRequest::default()
        };
        assert_eq!(request, expected);
        let out = parse("wa=wsignout1.0&wtrealm=&wreply=");
        assert_eq!(out, Ok(Request::SignOut(SignOutRequest::default())));
        // What goes back goes back as it came.
        let context = sign_in("wa=wsignin1.0&wtrealm=urn:a&wctx=").wctx;
        assert_eq!(context.as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        use RequestParseError as Error;
        let long = format!("wa=wsignin1.0&wtrealm={}", "a".repeat(MAX_NAME + 1));
        let context = format!(
            "wa=wsignin1.0&wtrealm=a&wctx={}",
            "a".repeat(MAX_CONTEXT + 1)
        );
        for (query, error) in [
            ("wtrealm=urn:a", Error::Missing("wa")),
            ("wa=wsignin1.0", Error::Missing("wtrealm")),
            ("wa=wsignin1.0&wtrealm=", Error::Missing("wtrealm")),
            ("wa=wattr1.0&wtrealm=urn:a", Error::Action),
            ("wa=wpseudo1.0&wtrealm=urn:a", Error::Action),
            ("wa=WSIGNIN1.0&wtrealm=urn:a", Error::Action),
            ("wa=wsignin1.0&wa=wsignout1.0", Error::Repeated("wa")),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wtrealm=urn:b",
                Error::Repeated("wtrealm"),
            ),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wreply=https://a&wreply=https://b",
                Error::Repeated("wreply"),
            ),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wfresh=-1",
                Error::Malformed("wfresh"),
            ),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wfresh=",
                Error::Malformed("wfresh"),
            ),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wfresh=1e3",
                Error::Malformed("wfresh"),
            ),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wfresh=99999999999",
                Error::Malformed("wfresh"),
            ),
            (
                "wa=wsignin1.0&wtrealm=urn:a&wct=today",
                Error::Malformed("wct"),
            ),
            (long.as_str(), Error::TooLong("wtrealm")),
            (context.as_str(), Error::TooLong("wctx")),
        ] {
            assert_eq!(parse(query), Err(error), "{query}");
        }
    }

    #[test]
    fn a_sign_out_and_the_answer_of_a_provider_are_known() {
        let out = parse("wa=wsignout1.0&wreply=https://lync.contoso.com/&wtrealm=urn:a");
        let Ok(Request::SignOut(out)) = out else {
            panic!("{out:?}");
        };
        assert_eq!(out.wreply.as_deref(), Some("https://lync.contoso.com/"));
        let cleanup = parse("wa=wsignoutcleanup1.0");
        assert!(matches!(cleanup, Ok(Request::SignOutCleanup(_))));
        let answer = parse("wa=wsignin1.0&wresult=%3ca%2f%3e");
        assert_eq!(answer, Ok(Request::Answer));
    }
}
