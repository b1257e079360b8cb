//! Handles: random values that a browser or a letter holds, and that the store knows by their digest alone.
//!
//! Whoever reads the database cannot come back with one. A form carries a token that is made of the handle, so that
//! no other site can send it. Start at [`Handle`].

use std::fmt;

use aws_lc_rs::{digest, hmac};
use proto::secret::Secret;
use subtle::ConstantTimeEq;

/// How many bytes one has: 256 bits.
const LENGTH: usize = 32;
/// What the tokens of forms are made with.
const FORM: &[u8] = b"wicketgate form token";

/// A random value that proves who holds it.
#[derive(Clone)]
pub struct Handle(Secret<[u8; LENGTH]>);

/// What the store knows a handle by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandleKey(pub [u8; 32]);

impl Handle {
    /// Makes one of fresh random bytes.
    #[must_use]
    pub fn made_from(random: [u8; LENGTH]) -> Self {
        Self(Secret::new(random))
    }

    /// Reads one as it is written: 64 hexadecimal digits, in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        if text.len() != 2 * LENGTH {
            return None;
        }
        let mut bytes = [0; LENGTH];
        let (pairs, _) = text.as_bytes().as_chunks::<2>();
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self::made_from(bytes))
    }

    /// How it is written.
    #[must_use]
    pub fn written(&self) -> Secret<String> {
        Secret::new(hexadecimal(self.0.expose()))
    }

    /// What the store knows it by.
    #[must_use]
    pub fn key(&self) -> HandleKey {
        let digest = digest::digest(&digest::SHA256, self.0.expose());
        HandleKey(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// What else is made of it, by this program alone.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// The token that every form carries which is sent with it.
    #[must_use]
    pub fn form_token(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose());
        hexadecimal(hmac::sign(&key, FORM).as_ref())
    }

    /// Whether a form came from a page that was made for whoever holds this.
    #[must_use]
    pub fn is_form_token(&self, token: &str) -> bool {
        self.form_token().as_bytes().ct_eq(token.as_bytes()).into()
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    text
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}

impl fmt::Debug for HandleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandleKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_as_it_is_written_and_in_no_other_way() {
        let handle = Handle::made_from([0xa7; LENGTH]);
        let written = handle.written().expose().clone();
        let read = Handle::parse(&written).unwrap();
        assert_eq!(read.key(), handle.key());
        for other in [
            written.to_uppercase(),
            format!(" {written}"),
            written.chars().skip(1).collect(),
            format!("{written}0"),
            String::new(),
            "g".repeat(64),
            "é".repeat(32),
        ] {
            assert!(Handle::parse(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_form_belongs_to_one_handle_and_tells_nothing_of_it() {
        let (one, other) = (
            Handle::made_from([1; LENGTH]),
            Handle::made_from([2; LENGTH]),
        );
        let token = one.form_token();
        assert!(one.is_form_token(&token) && !other.is_form_token(&token));
        assert!(!one.is_form_token("") && !one.is_form_token(token.get(1..).unwrap()));
        assert!(!token.contains(one.written().expose().as_str()));
        assert_eq!(
            format!("{one:?} {:?}", one.key()),
            "Handle(..) HandleKey(..)"
        );
    }
}
