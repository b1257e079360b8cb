//! Text as PowerShell 5 leaves it in files: UTF-8, or UTF-16 that its byte order mark tells (`Out-File`, `>` and
//! `Export-Clixml` write UTF-16, `-Encoding utf8` writes a mark).

use std::borrow::Cow;

/// The text of a file, without its mark; nothing where it is neither UTF-8 nor UTF-16 with a mark.
#[must_use]
pub fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| odd.is_empty());
        text.map(Cow::Owned)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => std::str::from_utf8(rest).ok().map(Cow::Borrowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_says_how_a_file_is_written() {
        for bytes in [
            b"\xef\xbb\xbf{}".as_slice(),
            b"{}",
            b"\xff\xfe{\x00}\x00",
            b"\xfe\xff\x00{\x00}",
        ] {
            assert_eq!(text(bytes).as_deref(), Some("{}"));
        }
        for bytes in [b"\xff\xfe{".as_slice(), b"\xff\xfe\x00\xd8", b"\xc3\x28"] {
            assert_eq!(text(bytes), None);
        }
    }
}
