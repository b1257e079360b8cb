//! Fields: what requests may say and answers say, as data. Requests are read by it, and the OpenAPI document is made of it.
//!
//! Nothing is mended: what no field is called, or is not what its field holds, is a fault with its place. Start at
//! [`read`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use proto::form::Form;
use serde_json::Value;

use super::json::Members;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holds {
    /// Text of 1 to so many characters.
    Text(usize),
    /// The same with tabs and line ends in it.
    Lines(usize),
    /// From 1 to so many texts of a bounded length.
    Texts(usize),
    /// A moment, as RFC 3339 has it.
    Moment,
    /// A whole number between two.
    Whole(i64, i64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Yes or no.
    Flag,
    /// Fields of an object whose names are not ours to list.
    Anything,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) holds: Holds,
    /// Whether it may be left out.
    pub(crate) is_optional: bool,
    /// What it means.
    pub(crate) says: &'static str,
}

/// The fields of an object.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Its fields.
    pub(crate) fields: &'static [Field],
}

/// How many characters one of several texts may have.
pub(crate) const MAX_OF_SEVERAL: usize = 256;

/// A field that must be there.
pub(crate) const fn must(name: &'static str, holds: Holds, says: &'static str) -> Field {
    Field {
        name,
        holds,
        is_optional: false,
        says,
    }
}

/// A field that may be left out.
pub(crate) const fn may(name: &'static str, holds: Holds, says: &'static str) -> Field {
    Field {
        is_optional: true,
        ..must(name, holds, says)
    }
}

/// What is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where: a JSON pointer (RFC 6901) into the body, or the name of a query's field.
    pub(crate) place: String,
    /// What was expected there.
    pub(crate) expected: String,
}

impl Fault {
    pub(crate) fn at(place: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
        }
    }
}

/// What a request said, each value as its field holds it.
#[derive(Debug, Default)]
pub(crate) struct Given(BTreeMap<&'static str, Value>);

impl Given {
    /// A text, a word.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let several = self.0.get(name).and_then(Value::as_array);
        let texts = several.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// A whole number.
    pub(crate) fn whole(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A moment.
    pub(crate) fn moment(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }

    /// Whether yes was said.
    pub(crate) fn is_said(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool) == Some(true)
    }
}

/// Reads a body by the fields that it may have; none may be empty.
///
/// # Errors
///
/// The first fault.
pub(crate) fn read(body: &[u8], fields: &'static [Field]) -> Result<Given, Fault> {
    let members = match (body.is_empty(), fields.iter().all(|it| it.is_optional)) {
        (true, true) => Members::default(),
        (true, false) => return Err(Fault::at("", "an object")),
        (false, _) => Members::read(body).map_err(|error| Fault::at("", error.to_string()))?,
    };
    gathered(members.0, fields, |name| format!("/{}", escaped(name)))
}

/// Reads the query of an address.
///
/// # Errors
///
/// The first fault.
pub(crate) fn read_query(query: &str, fields: &'static [Field]) -> Result<Given, Fault> {
    let unsound = |_| Fault::at("", "a query as a form is encoded, each field once");
    let form = Form::parse(query.as_bytes()).map_err(unsound)?;
    let mut members: Vec<(String, Value)> = Vec::new();
    for (name, value) in form.fields() {
        if members.iter().any(|(known, _)| known == name) {
            return Err(Fault::at(name, "once"));
        }
        let text = value.expose();
        let field = fields.iter().find(|it| it.name == name);
        let value = match field.map(|it| it.holds) {
            // No more digits than a number of 64 bits has, and no sign but a minus.
            Some(Holds::Whole(..)) if !text.starts_with('+') => match text.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(text.as_str()),
            },
            _ => Value::from(text.as_str()),
        };
        members.push((name.to_owned(), value));
    }
    gathered(members, fields, str::to_owned)
}

fn gathered(
    members: Vec<(String, Value)>,
    fields: &'static [Field],
    place: impl Fn(&str) -> String,
) -> Result<Given, Fault> {
    let mut given = Given::default();
    for (name, value) in members {
        let Some(field) = fields.iter().find(|it| it.name == name) else {
            let known: Vec<&str> = fields.iter().map(|it| it.name).collect();
            let expected = match known.as_slice() {
                [] => "nothing".to_owned(),
                known => format!("only {}", known.join(", ")),
            };
            return Err(Fault::at(place(&name), expected));
        };
        if !holds(field.holds, &value) {
            return Err(Fault::at(place(&name), expected(field.holds)));
        }
        given.0.insert(field.name, value);
    }
    let missing = |field: &&Field| !field.is_optional && !given.0.contains_key(field.name);
    match fields.iter().find(missing) {
        Some(field) => Err(Fault::at(place(field.name), expected(field.holds))),
        None => Ok(given),
    }
}

/// A name as a part of a JSON pointer.
fn escaped(name: &str) -> String {
    let name: String = name.chars().take(MAX_OF_SEVERAL).collect();
    name.replace('~', "~0").replace('/', "~1")
}

fn holds(holds: Holds, value: &Value) -> bool {
    let is_of = |value: &Value, most: usize, besides: &str| {
        value.as_str().is_some_and(|text| {
            let length = text.chars().count();
            let is_control = |it: char| it.is_control() && !besides.contains(it);
            (1..=most).contains(&length) && !text.chars().any(is_control)
        })
    };
    let is_text = |value: &Value, most: usize| is_of(value, most, "");
    match holds {
        Holds::Text(most) => is_text(value, most),
        Holds::Lines(most) => is_of(value, most, "\t\r\n"),
        Holds::Texts(most) => value.as_array().is_some_and(|texts| {
            (1..=most).contains(&texts.len()) && texts.iter().all(|it| is_text(it, MAX_OF_SEVERAL))
        }),
        Holds::Moment => value
            .as_str()
            .is_some_and(|it| it.parse::<Timestamp>().is_ok()),
        Holds::Whole(least, most) => value
            .as_i64()
            .is_some_and(|it| (least..=most).contains(&it)),
        Holds::OneOf(words) => value.as_str().is_some_and(|it| words.contains(&it)),
        Holds::Flag => value.is_boolean(),
        Holds::Anything => value.is_object(),
    }
}

fn expected(holds: Holds) -> String {
    match holds {
        Holds::Text(most) => format!("text of 1 to {most} printable characters"),
        Holds::Lines(most) => format!("text of 1 to {most} characters, of one line or several"),
        Holds::Texts(most) => {
            format!("a list of 1 to {most} texts of 1 to {MAX_OF_SEVERAL} printable characters")
        }
        Holds::Moment => "a moment, such as 2027-01-31T12:00:00Z".to_owned(),
        Holds::Whole(least, most) => format!("a whole number from {least} to {most}"),
        Holds::OneOf(words) => format!("one of {}", words.join(", ")),
        Holds::Flag => "true or false".to_owned(),
        Holds::Anything => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        must("label", Holds::Text(5), ""),
        must("scope", Holds::Texts(2), ""),
        may("expires", Holds::Moment, ""),
        may("uses", Holds::Whole(1, 10), ""),
        may("kind", Holds::OneOf(&["sms", "mail"]), ""),
        may("force", Holds::Flag, ""),
    ];

    fn fault(body: &str) -> (String, String) {
        let fault = read(body.as_bytes(), FIELDS).unwrap_err();
        (fault.place, fault.expected)
    }

    #[test]
    fn a_body_is_read_as_it_says() {
        let body = r#"{"label":"Pixel","scope":["ews","lync"],"expires":"2027-01-31T12:00:00Z",
            "uses":10,"kind":"sms","force":true}"#;
        let given = read(body.as_bytes(), FIELDS).unwrap();
        assert_eq!(given.text("label"), Some("Pixel"));
        assert_eq!(given.texts("scope"), ["ews", "lync"]);
        assert_eq!(given.whole("uses"), Some(10));
        assert!(given.moment("expires").is_some() && given.is_said("force"));
        assert!(read(b"", &[]).is_ok() && read(b"{}", &[]).is_ok());
    }

    #[test]
    fn each_fault_has_its_place() {
        let whole = r#""label":"a","scope":["ews"]"#;
        for (body, place) in [
            (String::new(), ""),
            ("null".to_owned(), ""),
            ("[]".to_owned(), ""),
            ("{".to_owned(), ""),
            (format!("{{{whole}}} {{}}"), ""),
            (format!("{{{whole},\"label\":\"b\"}}"), ""),
            ("{}".to_owned(), "/label"),
            (r#"{"label":"a"}"#.to_owned(), "/scope"),
            (r#"{"label":"","scope":["a"]}"#.to_owned(), "/label"),
            (r#"{"label":"abcdef","scope":["a"]}"#.to_owned(), "/label"),
            (r#"{"label":"a\nb","scope":["a"]}"#.to_owned(), "/label"),
            (r#"{"label":7,"scope":["a"]}"#.to_owned(), "/label"),
            (r#"{"label":"a","scope":[]}"#.to_owned(), "/scope"),
            (
                r#"{"label":"a","scope":["a","b","c"]}"#.to_owned(),
                "/scope",
            ),
            (r#"{"label":"a","scope":"a"}"#.to_owned(), "/scope"),
            (format!("{{{whole},\"uses\":0}}"), "/uses"),
            (format!("{{{whole},\"uses\":1.5}}"), "/uses"),
            (format!("{{{whole},\"uses\":\"1\"}}"), "/uses"),
            (format!("{{{whole},\"expires\":\"soon\"}}"), "/expires"),
            (format!("{{{whole},\"kind\":\"fax\"}}"), "/kind"),
            (format!("{{{whole},\"force\":1}}"), "/force"),
            (format!("{{{whole},\"use/s\":1}}"), "/use~1s"),
        ] {
            assert_eq!(fault(&body).0, place, "{body}");
            assert!(!fault(&body).1.is_empty());
        }
    }

    #[test]
    fn a_query_is_read_as_strictly() {
        const QUERY: &[Field] = &[
            may("count", Holds::Whole(1, 200), ""),
            may("search", Holds::Text(9), ""),
        ];
        let given = read_query("count=20&search=an%20na", QUERY).unwrap();
        assert_eq!(given.whole("count"), Some(20));
        assert_eq!(given.text("search"), Some("an na"));
        for wrong in [
            "count=0",
            "count=201",
            "count=+5",
            "count=x",
            "count=",
            "count=1&count=2",
            "search=",
            "search=%ff",
            "other=1",
            "count",
        ] {
            assert!(read_query(wrong, QUERY).is_err(), "{wrong}");
        }
    }
}
