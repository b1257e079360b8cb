//! Templates of a request: text with `{number}`, `{digits}`, `{text}` and `{secret}` in it, each filled in its encoding.
//!
//! SECURITY: whatever is filled in is encoded for where it stands, so that no value ends the string, the field or the
//! line that it stands in. Braces around anything that is no word are text, as JSON is full of them.

use zeroize::Zeroizing;

use super::PhoneNumber;
use crate::percent;

/// The longest template.
pub const MAX_TEMPLATE: usize = 4096;

/// How what is filled in is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// For a URL and for a form: everything is escaped but letters, digits and `-._~` (RFC 3986 2.3).
    Percent,
    /// For the inside of a JSON string (RFC 8259 7).
    Json,
    /// As it is, for an argument of a program, which no shell reads; without control characters.
    Plain,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Number,
    Digits,
    Message,
    Secret,
}

/// A template that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    encoding: Encoding,
}

/// What is filled in.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// Whom the message is for.
    pub number: &'a PhoneNumber,
    /// The message.
    pub text: &'a str,
    /// What proves to the gateway who we are; empty where nothing does.
    pub secret: &'a str,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateParseError {
    /// A word in braces is none that is known.
    #[error(
        "`{{{0}}}` is filled in by nothing: there are {{number}}, {{digits}}, {{text}} and {{secret}}"
    )]
    Unknown(String),
    /// It is too long.
    #[error("it is longer than {MAX_TEMPLATE} bytes")]
    TooLong,
    /// There is a control character in it, which no line of a request holds.
    #[error("there is a control character in it")]
    Control,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// It names what is not there, is too long, or has a control character where its encoding has none.
    pub fn parse(text: &str, encoding: Encoding) -> Result<Self, TemplateParseError> {
        if text.len() > MAX_TEMPLATE {
            return Err(TemplateParseError::TooLong);
        }
        let is_line = encoding != Encoding::Json;
        if is_line && text.contains(char::is_control) {
            return Err(TemplateParseError::Control);
        }
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            let word = after.split_once('}').filter(|(word, _)| is_word(word));
            let Some((word, after)) = word else {
                plain.push('{');
                rest = after;
                continue;
            };
            let part = match word {
                "number" => Part::Number,
                "digits" => Part::Digits,
                "text" => Part::Message,
                "secret" => Part::Secret,
                _ => return Err(TemplateParseError::Unknown(word.to_owned())),
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(part);
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Ok(Self { parts, encoding })
    }

    /// Whether the number is filled in.
    #[must_use]
    pub fn has_number(&self) -> bool {
        self.has(&Part::Number) || self.has(&Part::Digits)
    }

    /// Whether the message is filled in.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.has(&Part::Message)
    }

    /// Whether the secret is filled in.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.has(&Part::Secret)
    }

    /// How it begins, up to the first thing that is filled in.
    #[must_use]
    pub fn begins(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Fills it in.
    #[must_use]
    pub fn filled(&self, values: Values<'_>) -> Zeroizing<String> {
        let mut filled = Zeroizing::new(String::new());
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Number => self.encode(values.number.as_str(), &mut filled),
                Part::Digits => self.encode(values.number.digits(), &mut filled),
                Part::Message => self.encode(values.text, &mut filled),
                Part::Secret => self.encode(values.secret, &mut filled),
            }
        }
        filled
    }

    fn has(&self, part: &Part) -> bool {
        self.parts.contains(part)
    }

    fn encode(&self, value: &str, into: &mut String) {
        match self.encoding {
            Encoding::Percent => percent::encode(value, into),
            Encoding::Json => json(value, into),
            Encoding::Plain => into.extend(value.chars().map(|it| match it {
                '\n' | '\t' => ' ',
                it if it.is_control() => '\u{fffd}',
                it => it,
            })),
        }
    }
}

/// Whether braces stand around a word, and not around a part of JSON.
fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// Writes the inside of a JSON string.
fn json(value: &str, into: &mut String) {
    for character in value.chars() {
        match character {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            character
                if u32::from(character) < 0x20
                    || matches!(character, '\u{7f}' | '\u{2028}' | '\u{2029}') =>
            {
                into.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => into.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Texts that want out of where they stand.
    const WILD: [&str; 8] = [
        "123456 is your code",
        "kod: \u{e5}\u{e4}\u{f6} \u{20ac} \u{1f511}",
        "a&to=+4670999&text=x#y?z",
        "\",\"to\":\"+4670999",
        "line\r\nBcc: x\u{0}\u{1b}",
        "%26%0d%0a+",
        "{number} {secret} {text}",
        "\\\"\\u0022\u{2028}",
    ];

    fn number() -> PhoneNumber {
        PhoneNumber::parse("+46701234567").unwrap()
    }

    fn filled(template: &str, encoding: Encoding, text: &str) -> String {
        let (number, secret) = (number(), "s&\"\\\r\n{text}");
        let template = Template::parse(template, encoding).unwrap();
        let values = Values {
            number: &number,
            text,
            secret,
        };
        template.filled(values).to_string()
    }

    #[test]
    fn no_value_breaks_out_of_a_url_or_a_form() {
        for text in WILD {
            let filled = filled(
                "to={number}&text={text}&key={secret}",
                Encoding::Percent,
                text,
            );
            assert!(
                filled.bytes().all(|byte| byte.is_ascii_graphic()),
                "{filled}"
            );
            let fields: Vec<_> = filled.split('&').collect();
            let [to, said, key] = fields[..] else {
                panic!("{filled}");
            };
            assert_eq!(to, "to=%2B46701234567");
            assert!(key.starts_with("key=s%26%22"), "{key}");
            let bytes = said.strip_prefix("text=").unwrap();
            assert!(!bytes.contains(['#', '?', '=', '+', '{']), "{bytes}");
            if !text.contains(char::is_control) {
                assert_eq!(percent::decode(bytes).as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn no_value_breaks_out_of_a_json_string() {
        let template = r#"{"messages": [{"to": "{number}", "from": {"id": {digits}}, "text": "{text}"}], "k": "{secret}"}"#;
        for text in WILD {
            let filled = filled(template, Encoding::Json, text);
            let value: Value = serde_json::from_str(&filled).unwrap();
            let message = &value["messages"][0];
            assert_eq!(message["text"], text);
            assert_eq!(message["to"], "+46701234567");
            assert_eq!(message["from"]["id"], 46_701_234_567_u64);
            assert_eq!(value["k"], "s&\"\\\r\n{text}");
            assert_eq!(message.as_object().unwrap().len(), 3);
        }
    }

    #[test]
    fn an_argument_is_one_line() {
        for text in WILD {
            let filled = filled("{text}", Encoding::Plain, text);
            assert!(!filled.contains(char::is_control), "{filled:?}");
        }
        assert_eq!(
            filled("--to={digits}", Encoding::Plain, ""),
            "--to=46701234567"
        );
    }

    #[test]
    fn what_is_not_filled_in_is_an_error_that_names_it() {
        for (text, word) in [
            ("to={phone}", "phone"),
            ("{Text}", "Text"),
            ("{{number_x}}", "number_x"),
        ] {
            let error = Template::parse(text, Encoding::Percent).unwrap_err();
            assert_eq!(
                error,
                TemplateParseError::Unknown(word.to_owned()),
                "{text}"
            );
        }
        let unknown = TemplateParseError::Unknown("phone".to_owned());
        assert!(
            unknown
                .to_string()
                .starts_with("`{phone}` is filled in by nothing")
        );
        let control = Template::parse("a\r\nb", Encoding::Percent);
        assert_eq!(control, Err(TemplateParseError::Control));
        let long = "x".repeat(MAX_TEMPLATE + 1);
        assert_eq!(
            Template::parse(&long, Encoding::Json),
            Err(TemplateParseError::TooLong)
        );
    }

    #[test]
    fn braces_that_name_nothing_are_text() {
        for text in [
            "{",
            "}",
            "{}",
            "{ number }",
            "{\"a\": {}}",
            "{a:b}",
            "{number",
        ] {
            assert_eq!(filled(text, Encoding::Json, "x"), text);
        }
        let template =
            Template::parse("https://a/{secret}?to={digits}", Encoding::Percent).unwrap();
        assert!(template.has_secret() && template.has_number() && !template.has_text());
        assert_eq!(template.begins(), "https://a/");
    }
}
