//! What a service provider wants of a single sign-on, wherever it began: read of its request, or made here where a sign-on
//! begins here; and our own spelling of it, which goes with a browser through our pages and back.
//!
//! Start at [`SsoRequest`].

use super::{MAX_RELAY_STATE, MessageParseError};
use crate::form::Form;
use crate::percent;

/// Longest id of a message, in bytes.
pub const MAX_ID: usize = 256;
/// Longest name, address or class, in bytes.
pub const MAX_TEXT: usize = 2048;
/// Longest class of authentication, in bytes: all of a request go along in an address.
pub const MAX_CLASS: usize = 256;
/// Most classes of authentication that one request names.
pub const MAX_CLASSES: usize = 16;

/// What a service provider wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SsoRequest {
    /// What the service provider calls itself.
    pub issuer: String,
    /// What its request calls itself; nothing where the sign-on begins here.
    pub id: Option<String>,
    /// Where the answer shall go.
    pub assertion_consumer_service: AssertionConsumerService,
    /// What goes back as it came.
    pub relay_state: Option<String>,
    /// Which kind of name it wants.
    pub name_id_format: Option<String>,
    /// Whether a new sign-in is wanted.
    pub force_authn: bool,
    /// Whether nobody may be shown a page.
    pub is_passive: bool,
    /// How somebody shall have signed in.
    pub context: Option<RequestedAuthnContext>,
}

/// Where an answer shall go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AssertionConsumerService {
    /// To the endpoint that is meant where a request names none.
    #[default]
    Default,
    /// To the endpoint of a number.
    Index(u16),
    /// To an address.
    Url(String),
}

/// How somebody shall have signed in (saml-core 3.3.2.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedAuthnContext {
    /// How the classes are compared with the one that is.
    pub comparison: Comparison,
    /// The classes, as URIs; one at least.
    pub classes: Vec<String>,
}

/// How classes are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// It is one of them.
    #[default]
    Exact,
    /// It is one of them or a stronger one.
    Minimum,
    /// It is none that is stronger than one of them.
    Maximum,
    /// It is stronger than each of them.
    Better,
}

impl Comparison {
    const WORDS: [(&'static str, Self); 4] = [
        ("exact", Self::Exact),
        ("minimum", Self::Minimum),
        ("maximum", Self::Maximum),
        ("better", Self::Better),
    ];

    /// The comparison of a word.
    pub(super) fn of(word: &str) -> Option<Self> {
        let found = Self::WORDS.into_iter().find(|(known, _)| *known == word);
        found.map(|(_, it)| it)
    }

    fn word(self) -> &'static str {
        let found = Self::WORDS.into_iter().find(|(_, it)| *it == self);
        found.map_or("", |(word, _)| word)
    }
}

impl SsoRequest {
    /// The request as a query of ours: the names are those of SAML, every value is in its encoding.
    #[must_use]
    pub fn to_query(&self) -> String {
        let flag = |is: bool| is.then(|| "true".to_owned());
        let (index, url) = match &self.assertion_consumer_service {
            AssertionConsumerService::Default => (None, None),
            AssertionConsumerService::Index(index) => (Some(index.to_string()), None),
            AssertionConsumerService::Url(url) => (None, Some(url.clone())),
        };
        let comparison = self.context.as_ref().map(|it| it.comparison.word());
        let mut query = String::new();
        let mut put = |name: &str, value: Option<&str>| {
            let Some(value) = value else { return };
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(name);
            query.push('=');
            percent::encode(value, &mut query);
        };
        put("Issuer", Some(&self.issuer));
        put("ID", self.id.as_deref());
        put("AssertionConsumerServiceIndex", index.as_deref());
        put("AssertionConsumerServiceURL", url.as_deref());
        put("RelayState", self.relay_state.as_deref());
        put("Format", self.name_id_format.as_deref());
        put("ForceAuthn", flag(self.force_authn).as_deref());
        put("IsPassive", flag(self.is_passive).as_deref());
        put("Comparison", comparison);
        let classes = self.context.iter().flat_map(|it| &it.classes);
        classes.for_each(|it| put("AuthnContextClassRef", Some(it)));
        query
    }

    /// Reads our own spelling.
    ///
    /// **Trusts** all of it: whoever wrote it down proves elsewhere that it was us.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(form: &Form) -> Result<Self, MessageParseError> {
        let spelled = Spelled(form);
        let index = spelled.text("AssertionConsumerServiceIndex", MAX_TEXT)?;
        let url = spelled.text("AssertionConsumerServiceURL", MAX_TEXT)?;
        let comparison = spelled.text("Comparison", MAX_TEXT)?;
        let wrong = |name| MessageParseError::Part(name);
        let assertion_consumer_service = match (index, url) {
            (None, None) => AssertionConsumerService::Default,
            (Some(index), None) => {
                let name = "AssertionConsumerServiceIndex";
                AssertionConsumerService::Index(index.parse().map_err(|_| wrong(name))?)
            }
            (None, Some(url)) => AssertionConsumerService::Url(url),
            (Some(_), Some(_)) => return Err(wrong("AssertionConsumerServiceURL")),
        };
        let classes = form.all("AuthnContextClassRef");
        let classes: Vec<String> = classes.map(|it| it.expose().clone()).collect();
        let is_long = classes.iter().any(|it| it.len() > MAX_TEXT);
        if is_long || classes.len() > MAX_CLASSES || classes.is_empty() != comparison.is_none() {
            return Err(wrong("AuthnContextClassRef"));
        }
        let context = match comparison {
            None => None,
            Some(word) => Some(RequestedAuthnContext {
                comparison: Comparison::of(&word).ok_or(wrong("Comparison"))?,
                classes,
            }),
        };
        let issuer = spelled.text("Issuer", MAX_TEXT)?;
        Ok(Self {
            issuer: issuer.filter(|it| !it.is_empty()).ok_or(wrong("Issuer"))?,
            id: spelled.text("ID", MAX_ID)?,
            assertion_consumer_service,
            relay_state: spelled.text("RelayState", MAX_RELAY_STATE)?,
            name_id_format: spelled.text("Format", MAX_TEXT)?,
            force_authn: spelled.flag("ForceAuthn")?,
            is_passive: spelled.flag("IsPassive")?,
            context,
        })
    }
}

struct Spelled<'f>(&'f Form);

impl Spelled<'_> {
    fn text(&self, name: &'static str, limit: usize) -> Result<Option<String>, MessageParseError> {
        let mut values = self.0.all(name);
        let first = values.next().map(|it| it.expose().clone());
        let is_long = first.as_ref().is_some_and(|it| it.len() > limit);
        match values.next().is_some() || is_long {
            true => Err(MessageParseError::Part(name)),
            false => Ok(first),
        }
    }

    fn flag(&self, name: &'static str) -> Result<bool, MessageParseError> {
        match self.text(name, MAX_TEXT)?.as_deref() {
            None => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(MessageParseError::Part(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<SsoRequest, MessageParseError> {
        SsoRequest::parse(&Form::parse(query.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_spelled_is_read_back() {
        let least = SsoRequest {
            issuer: "urn:sp".to_owned(),
            ..SsoRequest::default()
        };
        assert_eq!(least.to_query(), "Issuer=urn%3Asp");
        let class = |name: &str| format!("urn:class:{name}");
        let whole = SsoRequest {
            id: Some("_1".to_owned()),
            assertion_consumer_service: AssertionConsumerService::Url(
                "https://a/?b=c&d".to_owned(),
            ),
            relay_state: Some("a&b=c %".to_owned()),
            name_id_format: Some(super::super::TRANSIENT.to_owned()),
            force_authn: true,
            is_passive: true,
            context: Some(RequestedAuthnContext {
                comparison: Comparison::Minimum,
                classes: vec![class("a"), class("b")],
            }),
            ..least.clone()
        };
        let indexed = SsoRequest {
            assertion_consumer_service: AssertionConsumerService::Index(7),
            ..least.clone()
        };
        for request in [least, whole, indexed] {
            assert_eq!(parse(&request.to_query()), Ok(request));
        }
    }

    #[test]
    fn what_nobody_spells_so_is_refused() {
        let long = format!("Issuer={}", "a".repeat(MAX_TEXT + 1));
        let many = "&AuthnContextClassRef=a".repeat(MAX_CLASSES + 1);
        let many = format!("Issuer=a&Comparison=exact{many}");
        for (query, part) in [
            ("", "Issuer"),
            ("Issuer=", "Issuer"),
            (long.as_str(), "Issuer"),
            ("Issuer=a&Issuer=b", "Issuer"),
            ("Issuer=a&ForceAuthn=1", "ForceAuthn"),
            ("Issuer=a&IsPassive=false", "IsPassive"),
            (
                "Issuer=a&AssertionConsumerServiceIndex=-1",
                "AssertionConsumerServiceIndex",
            ),
            (
                "Issuer=a&AssertionConsumerServiceIndex=1&AssertionConsumerServiceURL=b",
                "AssertionConsumerServiceURL",
            ),
            ("Issuer=a&Comparison=exact", "AuthnContextClassRef"),
            ("Issuer=a&AuthnContextClassRef=b", "AuthnContextClassRef"),
            (many.as_str(), "AuthnContextClassRef"),
            (
                "Issuer=a&Comparison=other&AuthnContextClassRef=b",
                "Comparison",
            ),
        ] {
            assert_eq!(parse(query), Err(MessageParseError::Part(part)), "{query}");
        }
    }
}
