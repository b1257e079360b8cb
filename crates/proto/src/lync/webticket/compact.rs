//! What a compact ticket says of itself: a version, then fields of a tag, a length and a value.
//!
//! INTEROP: derived from tickets that were published; nothing specifies it. Start at [`sid`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::ticket::one_spelling;
use crate::kerberos::Sid;

const VERSION: [u8; 2] = [0, 1];
/// The tag of whose it is.
const SID: u8 = 0x01;

/// The SID in what stands behind `cwt=`; `None` where there is none, or more than one, or it is cut short.
pub(super) fn sid(value: &str) -> Option<Sid> {
    let value = Zeroizing::new(one_spelling(value));
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(value.as_bytes()).ok()?);
    let mut rest = bytes.strip_prefix(&VERSION)?;
    let mut found = None;
    while let Some(([tag, length], after)) = rest.split_first_chunk() {
        let (value, after) = after.split_at_checked(usize::from(*length))?;
        if *tag == SID && found.replace(Sid::of_bytes(value)?).is_some() {
            return None;
        }
        rest = after;
    }
    found.filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 7, 0, 0, 0];

    fn read(parts: &[&[u8]]) -> Option<String> {
        let text = URL_SAFE_NO_PAD.encode(parts.concat());
        sid(&text).map(|sid| sid.to_string())
    }

    #[test]
    fn the_sid_is_found_among_other_fields() {
        let field = [&[SID, 12][..], &BYTES].concat();
        let other = [0x81, 2, 9, 9];
        let found = Some("S-1-5-7".to_owned());
        assert_eq!(read(&[&VERSION, &field, &other]), found);
        assert_eq!(read(&[&VERSION, &other, &field]), found);
        let text = URL_SAFE_NO_PAD.encode([&VERSION[..], &field].concat());
        let padded = format!("{}==", text.replace('-', "+").replace('_', "/"));
        assert_eq!(sid(&padded).map(|sid| sid.to_string()), found);
    }

    #[test]
    fn a_ticket_that_does_not_say_it_once_says_it_not() {
        let field = [&[SID, 12][..], &BYTES].concat();
        for parts in [
            &[&VERSION[..]][..],
            &[&[0, 2], &field],
            &[&field],
            &[&VERSION, &field, &field],
            &[&VERSION, &field, &[0x81]],
            &[&VERSION, &field, &[0x81, 2, 9]],
            &[&VERSION, &[SID, 11], &BYTES[..11]],
        ] {
            assert_eq!(read(parts), None, "{parts:?}");
        }
        assert_eq!(sid("AAEB"), None);
        assert_eq!(sid("~"), None);
    }
}
