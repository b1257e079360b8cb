//! Security identifiers, as text and as the bytes that stand in a compact ticket ([MS-DTYP] 2.4.2).

/// Most sub-authorities of a SID.
const MAX_SUB_AUTHORITIES: usize = 15;

/// A SID in its binary form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sid(Vec<u8>);

impl Sid {
    /// Reads `S-1-5-21-...`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("S-1-")?.split('-');
        let authority: u32 = parts.next()?.parse().ok()?;
        let sub_authorities: Vec<u32> =
            parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
        if sub_authorities.len() > MAX_SUB_AUTHORITIES {
            return None;
        }
        let count = u8::try_from(sub_authorities.len()).ok()?;
        let mut bytes = vec![1, count, 0, 0];
        bytes.extend(authority.to_be_bytes());
        bytes.extend(sub_authorities.into_iter().flat_map(u32::to_le_bytes));
        Some(Self(bytes))
    }

    /// Takes bytes, which are only ever compared.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The bytes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_sid_has_28_bytes() {
        let sid = Sid::parse("S-1-5-21-1-2-258-1104").unwrap();
        assert_eq!(sid.as_bytes().len(), 28);
        assert_eq!(&sid.as_bytes()[..12], [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0]);
        assert_eq!(&sid.as_bytes()[20..], [2, 1, 0, 0, 0x50, 4, 0, 0]);
    }

    #[test]
    fn other_texts_are_none() {
        let long = format!("S-1-5{}", "-1".repeat(16));
        for text in [
            "",
            "S-1",
            "S-1-",
            "S-1-5-",
            "S-1-5-x",
            "S-2-5-21",
            "S-1-5-4294967296",
            &long,
        ] {
            assert!(Sid::parse(text).is_none(), "{text}");
        }
    }
}
