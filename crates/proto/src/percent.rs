//! Values of forms and queries in their encoding (`application/x-www-form-urlencoded`).
//!
//! Whatever is not exactly encoded is refused, because two readers might mend it in two ways.
//! Start at [`decode`].

/// Takes a value out of its encoding; `None` where it is not one, or holds a control character.
pub(crate) fn decode(text: &str) -> Option<String> {
    let decoded = decode_lines(text)?;
    (!decoded.contains(char::is_control)).then_some(decoded)
}

/// The same for a text of several lines, as a message is one: tabs and line ends are no control characters of it.
pub(crate) fn decode_lines(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
                u8::try_from(value).ok()?
            }
            b'!'..=b'~' => byte,
            _ => return None,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_control = |it: char| it.is_control() && !"\t\r\n".contains(it);
    (!text.contains(is_control)).then_some(text)
}

/// Puts a value into its encoding.
pub(crate) fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => into.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for text in ["", "a b+c%&=", "CONTOSO\\anna", "\u{e4}\u{20ac}"] {
            let mut encoded = String::new();
            encode(text, &mut encoded);
            assert_eq!(decode(&encoded).as_deref(), Some(text));
        }
        assert_eq!(decode("a+b%2B%c3%A4").as_deref(), Some("a b+\u{e4}"));
    }

    #[test]
    fn a_message_has_lines_and_no_other_control_character() {
        assert_eq!(decode_lines("a%0d%0a%09b").as_deref(), Some("a\r\n\tb"));
        assert_eq!(decode("a%0d%0ab"), None);
        for text in ["%00", "%1b", "%7f", "%C2%85"] {
            assert_eq!(decode_lines(text), None, "{text}");
        }
    }

    #[test]
    fn doubtful_encodings_are_refused() {
        for text in ["%", "%4", "%4x", "%ff", "%00", "%0a", "a b", "\u{e4}"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
