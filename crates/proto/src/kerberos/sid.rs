//! A SID, by which Windows tells accounts apart whatever they are called ([MS-DTYP] 2.4.2).
//!
//! Names change owners and SIDs never do. Start at [`Sid`].

use std::fmt;
use std::str::FromStr;

/// Most sub-authorities ([MS-DTYP] 2.4.2).
pub(super) const MAX_PARTS: usize = 15;
/// What an authority is below: it has six bytes.
const AUTHORITY_END: u64 = 1 << 48;

/// A SID; two are equal where Windows takes them for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

/// Text that is no SID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SID such as S-1-5-21-...")]
pub struct SidParseError(String);

impl Sid {
    /// One of its authority and sub-authorities; `None` where they are too many, or none.
    pub(super) fn new(authority: [u8; 6], parts: Vec<u32>) -> Option<Self> {
        let authority = authority
            .into_iter()
            .fold(0, |number, byte| (number << 8) | u64::from(byte));
        (1..=MAX_PARTS)
            .contains(&parts.len())
            .then_some(Self { authority, parts })
    }

    /// The binary form ([MS-DTYP] 2.4.2.2), as `objectSid` has it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.parts.len()).unwrap_or(u8::MAX);
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        let parts = self.parts.iter().flat_map(|part| part.to_le_bytes());
        [1, count]
            .into_iter()
            .chain(authority)
            .chain(parts)
            .collect()
    }

    /// Reads the binary form, all of it ([MS-DTYP] 2.4.2.2).
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let ([revision, count], rest) = bytes.split_first_chunk()?;
        let (authority, rest) = rest.split_first_chunk()?;
        let parts = rest.chunks_exact(4);
        let is_whole = parts.len() == usize::from(*count) && parts.remainder().is_empty();
        let parts = parts.filter_map(|part| Some(u32::from_le_bytes(*part.first_chunk()?)));
        let sid = Self::new(*authority, parts.collect());
        sid.filter(|_| *revision == 1 && is_whole)
    }
}

impl FromStr for Sid {
    type Err = SidParseError;

    /// Reads the text form ([MS-DTYP] 2.4.2.1).
    fn from_str(text: &str) -> Result<Self, SidParseError> {
        // Longer than any: it is not even repeated.
        let bad = || SidParseError(text.chars().take(200).collect());
        let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts = text.strip_prefix("S-1-").ok_or_else(bad)?.split('-');
        let authority = parts.next().filter(is_number);
        let authority = authority.and_then(|it| it.parse().ok());
        let authority = authority.filter(|it| *it < AUTHORITY_END);
        let part = |part: &str| Some(part).filter(is_number)?.parse().ok();
        let parts: Option<Vec<u32>> = parts.take(MAX_PARTS + 1).map(part).collect();
        let parts = parts.filter(|it| (1..=MAX_PARTS).contains(&it.len()));
        match (authority, parts) {
            (Some(authority), Some(parts)) => Ok(Self { authority, parts }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_read_and_written_and_nothing_else_is_one() {
        for text in ["S-1-5-21-1-2-4294967295-1104", "S-1-5-32", "S-1-18-1"] {
            assert_eq!(text.parse::<Sid>().unwrap().to_string(), text);
        }
        let administrators: Sid = "S-1-5-32-544".parse().unwrap();
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        assert_eq!(administrators.to_bytes(), bytes);
        let padded: Sid = "S-1-5-021-01".parse().unwrap();
        assert_eq!(padded.to_string(), "S-1-5-21-1");
        let long = format!("S-1-5{}", "-1".repeat(MAX_PARTS + 1));
        for text in [
            "",
            "S-1-",
            "S-1-5",
            "S-1-5-",
            "S-1--5",
            "S-2-5-21",
            "s-1-5-21",
            "S-1-5-4294967296",
            "S-1-281474976710656-1",
            "S-1-5-+1",
            "S-1-5-21 ",
            &long,
        ] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
    }

    #[test]
    fn its_binary_form_is_read_whole_or_not_at_all() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 0x50, 4, 0, 0];
        assert_eq!(Sid::of_bytes(&bytes).unwrap().to_string(), "S-1-5-21-1104");
        for length in 0..bytes.len() {
            assert_eq!(Sid::of_bytes(&bytes[..length]), None, "{length}");
        }
        let of = |place: usize, value: u8| {
            let mut other = bytes;
            other[place] = value;
            Sid::of_bytes(&other)
        };
        assert_eq!((of(0, 2), of(1, 1), of(1, 3)), (None, None, None));
        assert_eq!(Sid::of_bytes(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Sid::of_bytes(&[1, 0, 0, 0, 0, 0, 0, 5]), None, "no part");
    }

    #[test]
    fn its_bytes_make_at_most_fifteen_parts() {
        let of = |count| Sid::new([0, 0, 0, 0, 0, 5], vec![7; count]);
        assert_eq!(of(0), None);
        assert_eq!(of(1).unwrap().to_string(), "S-1-5-7");
        assert!(of(MAX_PARTS).is_some());
        assert_eq!(of(MAX_PARTS + 1), None);
    }
}
