//! Bytes in pieces, each with its length before it: how one of our own machines tells another what a client
//! sent it.
//!
//! The reader is strict: a piece that ends outside, or anything behind the last one, is an error. Start at
//! [`Pieces`].

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PiecesParseError {
    /// A piece ends outside.
    #[error("a piece ends outside")]
    Outside,
    /// A piece is not of its kind.
    #[error("a piece is not a {0}")]
    NotA(&'static str),
    /// Something comes after the last piece.
    #[error("something comes after the last piece")]
    Behind,
}

/// Appends a piece.
pub(crate) fn put(out: &mut Vec<u8>, piece: &[u8]) {
    // What a client sent is bounded far below this.
    let length = u32::try_from(piece.len()).unwrap_or(u32::MAX);
    out.extend(length.to_be_bytes());
    out.extend(piece);
}

/// Appends a piece that may be missing.
pub(crate) fn put_optional(out: &mut Vec<u8>, piece: Option<&[u8]>) {
    out.push(u8::from(piece.is_some()));
    if let Some(piece) = piece {
        put(out, piece);
    }
}

/// Reads piece after piece.
pub(crate) struct Pieces<'a>(&'a [u8]);

impl<'a> Pieces<'a> {
    /// From the first.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next piece.
    pub(crate) fn take(&mut self) -> Result<&'a [u8], PiecesParseError> {
        let length = u32::from_be_bytes(self.array()?);
        let length = usize::try_from(length).map_err(|_| PiecesParseError::Outside)?;
        let (piece, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(PiecesParseError::Outside)?;
        self.0 = rest;
        Ok(piece)
    }

    /// The next piece, where it is not missing.
    pub(crate) fn optional(&mut self) -> Result<Option<&'a [u8]>, PiecesParseError> {
        match self.array()? {
            [0] => Ok(None),
            [1] => self.take().map(Some),
            _ => Err(PiecesParseError::NotA(
                "word that says whether there is one",
            )),
        }
    }

    /// The next piece as text.
    pub(crate) fn text(&mut self) -> Result<String, PiecesParseError> {
        let text = std::str::from_utf8(self.take()?);
        text.map(str::to_owned)
            .map_err(|_| PiecesParseError::NotA("text"))
    }

    /// The next bytes, of which there is a fixed number.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], PiecesParseError> {
        let (array, rest) = self
            .0
            .split_first_chunk()
            .ok_or(PiecesParseError::Outside)?;
        self.0 = rest;
        Ok(*array)
    }

    /// There is nothing more.
    pub(crate) fn end(self) -> Result<(), PiecesParseError> {
        match self.0 {
            [] => Ok(()),
            _ => Err(PiecesParseError::Behind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken_and_nothing_else() {
        let mut bytes = Vec::new();
        put(&mut bytes, b"one");
        put_optional(&mut bytes, None);
        put_optional(&mut bytes, Some(b""));
        bytes.extend([7; 2]);
        let mut pieces = Pieces::of(&bytes);
        assert_eq!(pieces.text().as_deref(), Ok("one"));
        assert_eq!(pieces.optional(), Ok(None));
        assert_eq!(pieces.optional(), Ok(Some(&b""[..])));
        assert_eq!(pieces.array(), Ok([7; 2]));
        assert_eq!(pieces.end(), Ok(()));
    }

    #[test]
    fn a_piece_that_ends_outside_and_what_comes_behind_are_refused() {
        for short in [&b""[..], b"\0\0\0", b"\0\0\0\x02a", b"\xff\xff\xff\xffa"] {
            assert_eq!(Pieces::of(short).take(), Err(PiecesParseError::Outside));
        }
        assert_eq!(Pieces::of(b"a").end(), Err(PiecesParseError::Behind));
        assert!(Pieces::of(b"\x02").optional().is_err());
        assert!(Pieces::of(b"\0\0\0\x01\xff").text().is_err());
    }
}
