//! As much DER as a public key and a signature's two numbers need (X.690 8.1, 10).
//!
//! Lengths are read strictly, and nothing is read behind the end. Start at [`read`].

/// The tags that are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u8);

impl Tag {
    pub(crate) const INTEGER: Self = Self(0x02);
    pub(crate) const OBJECT_IDENTIFIER: Self = Self(0x06);
    pub(crate) const SEQUENCE: Self = Self(0x30);
    pub(crate) const EXPLICIT_0: Self = Self(0xa0);
}

/// The content of the value that stands first, where it bears this tag, and what follows it.
pub(crate) fn read(bytes: &[u8], tag: Tag) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first != tag.0 {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        short @ ..0x80 => (usize::from(*short), rest),
        long => {
            // SPEC: X.690 10.1: as few bytes as the length needs.
            let count = usize::from(long & 0x7f);
            let (written, rest) = rest.split_at_checked(count)?;
            let leads = written.first()?;
            let is_least = *leads != 0 && (count > 1 || *leads >= 0x80);
            if !is_least || count > 4 {
                return None;
            }
            let length = written
                .iter()
                .fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (length, rest)
        }
    };
    rest.split_at_checked(length)
}

/// An INTEGER of the big-endian bytes of a number that is not negative.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes.get(leading..).unwrap_or_default().to_vec();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    value(Tag::INTEGER, &content)
}

/// A SEQUENCE of ready-made values.
pub(crate) fn sequence(values: &[Vec<u8>]) -> Vec<u8> {
    value(Tag::SEQUENCE, &values.concat())
}

fn value(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag.0];
    let length = content.len().to_be_bytes();
    let leading = length.iter().take_while(|byte| **byte == 0).count();
    let length = length.get(leading..).unwrap_or_default();
    match length {
        [] => out.push(0),
        [short @ ..0x80] => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_at_any_length() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000] {
            let content = vec![7; length];
            let mut written = value(Tag::SEQUENCE, &content);
            written.push(9);
            let read = read(&written, Tag::SEQUENCE);
            assert_eq!(read, Some((content.as_slice(), [9].as_slice())));
        }
    }

    #[test]
    fn numbers_are_not_negative_and_as_short_as_they_can_be() {
        assert_eq!(unsigned(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn lengths_that_der_does_not_have_are_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x82, 0, 1, 0],
            &[0x30, 0x85, 1, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x31, 0],
        ] {
            assert_eq!(read(bytes, Tag::SEQUENCE), None, "{bytes:?}");
        }
    }
}
