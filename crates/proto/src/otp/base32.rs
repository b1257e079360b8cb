//! Base 32 (RFC 4648 6), in which people type seeds and URIs carry them.
//!
//! SECURITY: what is read and written is a secret; the alphabet is looked up by arithmetic and not in a table.

use zeroize::Zeroizing;

/// Reads base 32 in any case of letters, with its padding or without; `None` where it is anything else.
///
/// A last character that carries bits of no byte is refused: two texts would be one secret.
#[must_use]
pub fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(digits.len());
    if padding > 0 && (padding > 6 || !text.len().is_multiple_of(8)) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len().saturating_mul(5) / 8));
    let (mut held, mut bits) = (0_u32, 0_u32);
    for character in digits.bytes() {
        held = held << 5 | u32::from(value(character)?);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(bytes)
}

/// Writes bytes in base 32, in capitals and without padding.
pub fn encode(bytes: &[u8], into: &mut String) {
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            into.push(digit(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        into.push(digit(held << (5 - bits)));
    }
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a'),
        b'2'..=b'7' => Some(character - b'2' + 26),
        _ => None,
    }
}

fn digit(value: u32) -> char {
    let value = u8::try_from(value & 0x1f).unwrap_or_default();
    match value {
        0..=25 => char::from(b'A' + value),
        _ => char::from(b'2' + (value - 26)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_10_base_32() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ] {
            let mut written = String::new();
            encode(plain.as_bytes(), &mut written);
            assert_eq!(written, encoded.trim_end_matches('='));
            for text in [encoded, &written, &written.to_lowercase()] {
                assert_eq!(decode(text).unwrap().as_slice(), plain.as_bytes(), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_base_32_is_refused() {
        for text in [
            "M",
            "MZX",
            "MZXW6Y",
            "MZ",
            "MY=",
            "MY=======",
            "=",
            "========",
            "MZXW 6YTB",
            "MZXW0YTB",
            "MZXW1YTB",
            "MZXW8YTB",
            "M\u{dd}",
            "MY======MY======",
        ] {
            assert!(decode(text).is_none(), "{text}");
        }
    }
}
