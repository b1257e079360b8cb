//! Search filters (RFC 4515): built, never pasted.
//!
//! SECURITY: a value is written byte by byte, and whatever is no letter, digit or one of a few signs is
//! escaped, so that nothing in it can end an assertion, begin another or stand for anything.

use std::fmt;

use sts::pipeline::store::write_value;

/// A filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// An attribute has this value.
    Is(&'static str, Vec<u8>),
    /// An attribute is there.
    Present(&'static str),
    /// All of them hold.
    All(Vec<Filter>),
    /// At least one of them holds; of none, nothing does.
    Any(Vec<Filter>),
}

impl Filter {
    /// An attribute has this value.
    pub(crate) fn is(attribute: &'static str, value: impl AsRef<[u8]>) -> Self {
        Self::Is(attribute, value.as_ref().to_vec())
    }

    /// Somebody who signs in: people, and no computers, groups or contacts.
    pub(crate) fn person(also: Self) -> Self {
        Self::All(vec![
            Self::is("objectCategory", "person"),
            Self::is("objectClass", "user"),
            also,
        ])
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, parts) = match self {
            Self::Is(attribute, value) => {
                write!(f, "({attribute}=")?;
                write_value(f, value)?;
                return f.write_str(")");
            }
            Self::Present(attribute) => return write!(f, "({attribute}=*)"),
            Self::All(parts) => ('&', parts),
            Self::Any(parts) => ('|', parts),
        };
        write!(f, "({sign}")?;
        parts.iter().try_for_each(|part| write!(f, "{part}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_written_as_rfc_4515_says() {
        let filter = Filter::person(Filter::Any(vec![
            Filter::is("sAMAccountName", "anna"),
            Filter::is("proxyAddresses", "sip:anna@contoso.com"),
        ]));
        let text = "(&(objectCategory=person)(objectClass=user)\
                    (|(sAMAccountName=anna)(proxyAddresses=sip:anna@contoso.com)))";
        assert_eq!(filter.to_string(), text);
    }

    #[test]
    fn no_value_gets_out_of_its_place() {
        for (value, written) in [
            ("*", "\\2a"),
            ("a)(objectClass=*", "a\\29\\28objectClass\\3d\\2a"),
            ("\\2a", "\\5c2a"),
            ("a\0b", "a\\00b"),
            ("(|(a=b))", "\\28\\7c\\28a\\3db\\29\\29"),
            ("\u{e4}nne", "\\c3\\a4nne"),
            ("\u{ff08}", "\\ef\\bc\\88"),
            ("", ""),
        ] {
            let filter = Filter::is("mail", value).to_string();
            assert_eq!(filter, format!("(mail={written})"));
        }
        for byte in 0..=u8::MAX {
            let filter = Filter::is("objectGUID", [byte]).to_string();
            let value = filter
                .trim_start_matches("(objectGUID=")
                .trim_end_matches(')');
            assert!(!value.contains(['*', '(', ')', '\0']), "{filter}");
            assert!(
                value.len() == 1 || value == format!("\\{byte:02x}"),
                "{filter}"
            );
        }
    }
}
