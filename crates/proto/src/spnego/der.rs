//! As much DER (X.690) as SPNEGO needs: tags, lengths, no more than three levels of them.

/// The longest token.
pub(crate) const MAX_TOKEN: usize = 64 * 1024;

/// Why bytes are not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// Longer than any real token.
    #[error("the token is longer than {MAX_TOKEN} bytes")]
    TooLong,
    /// It ends in the middle of a value.
    #[error("the token ends in the middle of a value")]
    Truncated,
    /// A length in a form that DER does not have (X.690 10.1: the shortest), or too long a one.
    #[error("a length is not in the form of DER")]
    Length,
    /// Another tag than may stand there.
    #[error("the tag {got:#04x} may not stand there")]
    Tag {
        /// What stands there.
        got: u8,
    },
    /// A negState that RFC 4178 4.2.2 does not have.
    #[error("the state is none of the specification's")]
    State,
    /// Something follows where nothing may.
    #[error("something follows the token")]
    Trailing,
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The tag of the next value.
    pub(crate) fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Takes the next value, of any tag.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), DerError> {
        let (tag, rest) = self.0.split_first().ok_or(DerError::Truncated)?;
        let (first, rest) = rest.split_first().ok_or(DerError::Truncated)?;
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            0x81 => {
                let (length, rest) = rest.split_first().ok_or(DerError::Truncated)?;
                (longer_than(0x7f, usize::from(*length))?, rest)
            }
            0x82 => {
                let (length, rest) = rest.split_first_chunk::<2>().ok_or(DerError::Truncated)?;
                let length = usize::from(u16::from_be_bytes(*length));
                (longer_than(0xff, length)?, rest)
            }
            _ => return Err(DerError::Length),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(DerError::Truncated)?;
        self.0 = rest;
        Ok((*tag, value))
    }

    /// Takes the next value, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<&'a [u8], DerError> {
        match self.any()? {
            (got, value) if got == tag => Ok(value),
            (got, _) => Err(DerError::Tag { got }),
        }
    }

    /// Takes the next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, DerError> {
        if self.tag() == Some(tag) {
            self.take(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// What was not taken.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Demands that nothing follows.
    pub(crate) fn end(self) -> Result<(), DerError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DerError::Trailing)
        }
    }
}

/// SECURITY: with one spelling for each length, what a MIC covers has one spelling too.
fn longer_than(shorter_form: usize, length: usize) -> Result<usize, DerError> {
    if length > shorter_form {
        Ok(length)
    } else {
        Err(DerError::Length)
    }
}

/// Writes one value.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match (u8::try_from(content.len()), u16::try_from(content.len())) {
        (Ok(short @ 0..=0x7f), _) => bytes.push(short),
        (Ok(length), _) => bytes.extend([0x81, length]),
        (_, length) => {
            bytes.push(0x82);
            bytes.extend(length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}
