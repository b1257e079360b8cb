//! What a rule asks an LDAP directory, as AD FS writes it: `filter;attribute,attribute` (filters: RFC 4515).
//!
//! SECURITY: a parameter is a claim's value. It goes into an assertion's value, byte by byte escaped, and nowhere else, so that
//! nothing in it can end an assertion, begin another, stand for anything, or choose what is compared. Start at
//! [`LdapQuery::parse`].

use std::fmt;

use claims::Row;

/// The longest filter, with its parameters in it.
const MAX_FILTER: usize = 8 * 1024;
/// Most attributes of a query.
const MAX_ATTRIBUTES: usize = 64;
/// The longest name of an attribute.
const MAX_NAME: usize = 128;

/// A question to an LDAP directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapQuery {
    /// Which entries.
    pub filter: String,
    /// Which of their attributes, in the order of the rule's types.
    pub attributes: Vec<String>,
}

impl LdapQuery {
    /// Reads a query's text, and puts its parameters in their places.
    ///
    /// # Errors
    ///
    /// It is not written so, or a parameter is missing or would not be a value; the sentence says which.
    pub fn parse(text: &str, parameters: &[&str]) -> Result<Self, String> {
        let mut parts = text.split(';');
        let (Some(filter), Some(attributes), None) = (parts.next(), parts.next(), parts.next())
        else {
            return Err("its query is not `filter;attribute,attribute`".to_owned());
        };
        let attributes = attributes.split(',').map(|it| named(it.trim()));
        let attributes: Vec<String> = attributes.collect::<Result<_, _>>()?;
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(format!(
                "its query has more than {MAX_ATTRIBUTES} attributes"
            ));
        }
        let filter = match filter.trim() {
            "" => return Err("its query has no filter, and would be about anybody".to_owned()),
            whole if whole.starts_with('(') => filled(whole, parameters)?,
            bare => filled(&format!("({bare})"), parameters)?,
        };
        Ok(Self { filter, attributes })
    }

    /// The rows of an entry, from the values of each attribute.
    #[must_use]
    pub fn rows(values: &[Vec<String>]) -> Vec<Row> {
        let longest = values.iter().map(Vec::len).max().unwrap_or_default();
        let row = |at: usize| values.iter().map(|it| it.get(at).cloned()).collect();
        (0..longest).map(row).collect()
    }
}

/// An attribute as a schema calls it (RFC 4512 1.4), without options.
fn named(name: &str) -> Result<String, String> {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "-.".contains(it);
    let is_name = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(is_letter);
    match is_name {
        true => Ok(name.to_owned()),
        false => Err("its query names no attribute, or one that is called as none is".to_owned()),
    }
}

fn filled(filter: &str, parameters: &[&str]) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = filter;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let (number, after) = behind
            .split_once('}')
            .ok_or("a `{` in its filter is not closed")?;
        let number: usize = number
            .parse()
            .map_err(|_| "what stands in braces in its filter is no parameter".to_owned())?;
        let value = parameters
            .get(number)
            .ok_or_else(|| format!("its filter has `{{{number}}}`, and no such parameter"))?;
        let assertion = filled.rsplit(['(', ')']).next().unwrap_or_default();
        if !assertion.contains('=') {
            return Err(format!(
                "`{{{number}}}` stands in its filter where no value does"
            ));
        }
        // INTEROP: Samba's directory ends a value at a NUL, however that is escaped, and finds whoever is called by what stands before.
        if value.contains('\0') {
            return Err("a value has a NUL in it, at which directories end a text".to_owned());
        }
        // SECURITY: `{0}*` of nothing is about whoever has the attribute. Spaces and signs are nothing to some attributes (RFC 4518 2.6).
        let end = after.split(['(', ')']).next().unwrap_or_default();
        let has_star = assertion.contains('*') || end.contains('*');
        if has_star && !value.chars().any(char::is_alphanumeric) {
            return Err(format!(
                "`{{{number}}}` stands beside a `*` in its filter, and the value has neither letter nor digit: it would be about anybody"
            ));
        }
        let written = write_value(&mut filled, value.as_bytes());
        written.map_err(|_| "a value cannot be written".to_owned())?;
        if filled.len() > MAX_FILTER {
            return Err(format!("its filter has more than {MAX_FILTER} bytes"));
        }
        rest = after;
    }
    filled.push_str(rest);
    match filled.len() <= MAX_FILTER && filled.ends_with(')') {
        true => Ok(filled),
        false => Err("its filter is none, or is too long".to_owned()),
    }
}

/// Writes a value byte by byte: whatever is no letter, digit or one of a few signs is escaped (RFC 4515 3).
///
/// # Errors
///
/// What it is written to takes no more; a text takes all.
pub fn write_value(filter: &mut impl fmt::Write, value: &[u8]) -> fmt::Result {
    value.iter().try_for_each(|byte| {
        match byte.is_ascii_alphanumeric() || b"-._@: ".contains(byte) {
            true => filter.write_char(char::from(*byte)),
            false => write!(filter, "\\{byte:02x}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, parameters: &[&str]) -> Result<String, String> {
        LdapQuery::parse(text, parameters).map(|it| it.filter)
    }

    #[test]
    fn a_query_is_a_filter_and_attributes() {
        let query = LdapQuery::parse("(&(uid={0})(ou={1}));mail, sn", &["anna", "Sales"]).unwrap();
        assert_eq!(query.filter, "(&(uid=anna)(ou=Sales))");
        assert_eq!(query.attributes, ["mail", "sn"]);
        assert_eq!(parsed("uid={0};cn", &["a"]).unwrap(), "(uid=a)");
        let nested = "(member:1.2.840.113556.1.4.1941:={0});cn";
        let filter = parsed(nested, &["CN=a,DC=b"]).unwrap();
        assert_eq!(
            filter,
            "(member:1.2.840.113556.1.4.1941:=CN\\3da\\2cDC\\3db)"
        );
    }

    #[test]
    fn t_rule_2_no_value_gets_out_of_its_place() {
        for (value, expected) in [
            ("*", "\\2a"),
            ("a)(uid=*", "a\\29\\28uid\\3d\\2a"),
            ("\\2a", "\\5c2a"),
            ("{1}", "\\7b1\\7d"),
            ("a;userPassword", "a\\3buserPassword"),
            ("\u{e4}", "\\c3\\a4"),
            ("", ""),
        ] {
            let filter = parsed("(uid={0});cn", &[value, "never"]).unwrap();
            assert_eq!(filter, format!("(uid={expected})"));
        }
    }

    #[test]
    fn whatever_is_no_question_is_refused() {
        let long = "a".repeat(MAX_FILTER);
        let many = format!("(uid=a);{}", vec!["cn"; MAX_ATTRIBUTES + 1].join(","));
        let (name, plain) = ("a".repeat(MAX_NAME + 1), format!("(uid={long});cn"));
        let (by_name, of_plain) = (format!("(uid=a);{name}"), plain.as_str());
        let cases: [(&str, &[&str], &str); 18] = [
            ("(uid=a)", &[], "is not `filter;attribute,attribute`"),
            (
                "(uid=a);cn;D\\a",
                &[],
                "is not `filter;attribute,attribute`",
            ),
            (";cn", &[], "has no filter"),
            ("(uid=a);", &[], "names no attribute"),
            ("(uid=a);cn,{0}", &["sn"], "names no attribute"),
            ("(uid=a);cn\0", &[], "names no attribute"),
            ("(uid={0});cn", &["alice\0"], "has a NUL"),
            ("(uid={0});cn", &[], "no such parameter"),
            ("(uid={x});cn", &[], "is no parameter"),
            ("(uid={0);cn", &["a"], "is not closed"),
            ("({0}=a);cn", &["uid"], "where no value does"),
            ("({0});cn", &["uid=*"], "where no value does"),
            ("(&(uid=a){0});cn", &["(cn=*)"], "where no value does"),
            ("(uid=a)x;cn", &[], "is none"),
            ("(uid={0});cn", &[long.as_str()], "bytes"),
            (&many, &[], "more than 64 attributes"),
            (&by_name, &[], "names no attribute"),
            (of_plain, &[], "is too long"),
        ];
        for (text, parameters, why) in cases {
            let said = LdapQuery::parse(text, parameters).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn t_rule_2_nothing_beside_a_star_is_about_nobody() {
        for filter in [
            "(cn={0}*)",
            "(cn=*{0})",
            "(&(a=b)(cn=*{0}*)(c=d))",
            "(cn=a*{0}b)",
        ] {
            let text = format!("{filter};cn");
            for nothing in ["", " ", "\u{ad}\u{200b}", "*", "- "] {
                let said = parsed(&text, &[nothing]).unwrap_err();
                assert!(
                    said.contains("beside a `*`"),
                    "{filter} {nothing:?}: {said}"
                );
            }
            assert!(parsed(&text, &["å"]).is_ok(), "{filter}");
        }
        // A star of another assertion, and one of the value, are none.
        assert_eq!(
            parsed("(&(a=*)(cn={0}));cn", &[""]).unwrap(),
            "(&(a=*)(cn=))"
        );
        assert_eq!(parsed("(cn={0});cn", &["*"]).unwrap(), "(cn=\\2a)");
        let second = parsed("(cn={0}{1}*);cn", &["a", ""]).unwrap_err();
        assert!(second.contains("`{1}`"), "{second}");
    }

    #[test]
    fn an_entry_has_a_row_for_each_of_its_values() {
        let text = |it: &str| Some(it.to_owned());
        let values = [vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]];
        let expected = [vec![text("a"), text("c")], vec![text("b"), None]];
        assert_eq!(LdapQuery::rows(&values), expected);
        assert_eq!(LdapQuery::rows(&[vec![], vec![]]), Vec::<Row>::new());
    }
}
