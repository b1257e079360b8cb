//! A form as a browser sends it (`application/x-www-form-urlencoded`): fields with their values, decoded strictly.
//!
//! What is encoded in two ways is refused, as two readers might mend it in two ways. Start at [`Form::parse`].

use crate::percent;
use crate::secret::Secret;

/// How many fields one may have.
const MAX_FIELDS: usize = 64;
/// How long one may be, in bytes: what a device says of itself when a passkey of it is added is 7 KB at its longest.
pub const MAX_FORM: usize = 16 * 1_024;

/// A form that was read.
#[derive(Debug)]
pub struct Form(Vec<(String, Secret<String>)>);

/// A form is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormParseError {
    /// It is too long, or has too many fields.
    #[error("the form is too long, or has more than {MAX_FIELDS} fields")]
    TooLarge,
    /// Something in it is not encoded as a form is.
    #[error("the form is not encoded as one")]
    NotAForm,
}

impl Form {
    /// Reads a form, or the query of an address.
    ///
    /// # Errors
    ///
    /// It is none, or too large.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormParseError> {
        Self::parse_within(bytes, MAX_FORM)
    }

    /// Reads a form of at most so many bytes.
    ///
    /// # Errors
    ///
    /// It is none, or too large.
    pub fn parse_within(bytes: &[u8], at_most: usize) -> Result<Self, FormParseError> {
        Self::parse_with(bytes, at_most, &[])
    }

    /// Reads a form of at most so many bytes, of which some fields, by their names, are messages of several lines.
    ///
    /// # Errors
    ///
    /// It is none, or too large.
    pub fn parse_with(
        bytes: &[u8],
        at_most: usize,
        messages: &[&str],
    ) -> Result<Self, FormParseError> {
        if bytes.len() > at_most {
            return Err(FormParseError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| FormParseError::NotAForm)?;
        let pairs: Vec<&str> = text.split('&').filter(|pair| !pair.is_empty()).collect();
        if pairs.len() > MAX_FIELDS {
            return Err(FormParseError::TooLarge);
        }
        let field = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            let name = percent::decode(name)?;
            let value = match messages.contains(&name.as_str()) {
                true => percent::decode_lines(value)?,
                false => percent::decode(value)?,
            };
            Some((name, Secret::new(value)))
        };
        let fields: Option<_> = pairs.into_iter().map(field).collect();
        fields.map(Self).ok_or(FormParseError::NotAForm)
    }

    /// The value of a field that is there once; none where it is twice, as nobody knows which is meant.
    #[must_use]
    pub fn only(&self, name: &str) -> Option<&Secret<String>> {
        let mut values = self.all(name);
        let only = values.next();
        only.filter(|_| values.next().is_none())
    }

    /// The names of its fields, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All fields, in the order in which they came.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Secret<String>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// All values of a field.
    pub fn all<'f>(&'f self, name: &str) -> impl Iterator<Item = &'f Secret<String>> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(form: &str, name: &str) -> Option<String> {
        let form = Form::parse(form.as_bytes()).unwrap();
        form.only(name).map(|value| value.expose().clone())
    }

    #[test]
    fn a_field_has_the_value_that_was_typed() {
        let form = "UserName=anna%40contoso.com&Password=a+b%26c%3D%C3%A5&Code=&=x";
        assert_eq!(only(form, "UserName").as_deref(), Some("anna@contoso.com"));
        assert_eq!(only(form, "Password").as_deref(), Some("a b&c=å"));
        assert_eq!(only(form, "Code").as_deref(), Some(""));
        assert_eq!(only(form, "password"), None);
        assert_eq!(only("", "Code"), None);
    }

    #[test]
    fn a_field_that_stands_twice_is_none() {
        assert_eq!(only("id=1&id=2", "id"), None);
        let form = Form::parse(b"service=ews&service=lync").unwrap();
        let all: Vec<&String> = form.all("service").map(Secret::expose).collect();
        assert_eq!(all, ["ews", "lync"]);
    }

    #[test]
    fn one_field_may_have_lines_and_no_other() {
        let read = |form: &str| Form::parse_with(form.as_bytes(), MAX_FORM, &["wresult"]);
        let form = read("wresult=a%0D%0Ab&wctx=c").unwrap();
        let value = form.only("wresult").map(|it| it.expose().as_str());
        assert_eq!(value, Some("a\r\nb"));
        for bad in ["wctx=a%0Ab", "=a%0Ab", "wresult=%00", "wresult%0A=a"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(Form::parse(b"wresult=a%0Ab").is_err());
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for bad in [
            "a",
            "a=b=\u{e5}",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%00",
            "a=%ff",
            "a=b c",
            "a=\n",
        ] {
            let error = Form::parse(bad.as_bytes()).err();
            assert_eq!(error, Some(FormParseError::NotAForm), "{bad}");
        }
        let long = format!("a={}", "x".repeat(MAX_FORM));
        let many = "a=b&".repeat(MAX_FIELDS + 1);
        for bad in [long, many] {
            assert_eq!(
                Form::parse(bad.as_bytes()).err(),
                Some(FormParseError::TooLarge)
            );
        }
    }
}
