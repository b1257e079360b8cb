//! A secret that does not show itself: redacted in `Debug`, wiped when dropped, compared in
//! constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that must not be logged, printed or left in memory.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value to whoever must use it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether the value is exactly these bytes, in time that depends on the lengths only.
    #[must_use]
    pub fn is(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(
            format!("{:?}", Secret::new("word".to_owned())),
            "Secret(..)"
        );
    }

    #[test]
    fn a_secret_is_only_what_it_is() {
        let secret = Secret::new("word".to_owned());
        assert!(secret.is(b"word"));
        assert!(!secret.is(b"wore"));
        assert!(!secret.is(b"words"));
        assert!(!secret.is(b""));
    }
}
