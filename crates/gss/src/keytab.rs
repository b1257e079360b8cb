//! What keys a keytab has (MIT's file format 0x0502), without the keys: for whom, and of which kind.
//!
//! Reads no file and keeps no key. The library itself does not say what a keytab lacks until somebody's
//! sign-in fails for it. Start at [`entries`].

/// Largest keytab that is read, in bytes: thousands of keys.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// Most names in a principal.
const MAX_PARTS: u16 = 8;
/// The version that MIT, Samba and ktpass write.
const VERSION: [u8; 2] = [5, 2];

/// AES with SHA-1 (RFC 3962) and with SHA-2 (RFC 8009); everything else is too weak to be used.
pub(crate) const AES: [u16; 4] = [17, 18, 19, 20];

/// One key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is, as Kerberos writes names.
    pub principal: String,
    /// The number of its encryption type (RFC 3961 8).
    pub encryption_type: u16,
    /// Its version.
    pub version: u32,
}

impl Entry {
    /// Whether it is an AES key.
    #[must_use]
    pub fn is_aes(&self) -> bool {
        AES.contains(&self.encryption_type)
    }
}

/// The keys in a keytab, or nothing if it is none.
#[must_use]
pub fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut rest = bytes.strip_prefix(&VERSION)?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (size, after) = rest.split_first_chunk()?;
        let size = i32::from_be_bytes(*size);
        let length = usize::try_from(size.unsigned_abs()).ok()?;
        let (entry, after) = after.split_at_checked(length)?;
        rest = after;
        // A hole, where a key was removed; of no length, it is the end.
        if size == 0 {
            break;
        }
        if size > 0 {
            found.push(one(entry)?);
        }
    }
    Some(found)
}

fn one(bytes: &[u8]) -> Option<Entry> {
    let mut reader = Reader(bytes);
    let parts = reader.u16()?;
    if parts == 0 || parts > MAX_PARTS {
        return None;
    }
    let realm = reader.text()?;
    let mut names = Vec::new();
    for _ in 0..parts {
        names.push(reader.text()?);
    }
    let (_name_type, _time) = (reader.u32()?, reader.u32()?);
    let short_version = reader.take(1)?.first().copied()?;
    let encryption_type = reader.u16()?;
    let _key = reader.counted()?;
    // Newer writers append the version in full; what comes after that is for them.
    let version = reader.u32().filter(|version| *version != 0);
    Some(Entry {
        principal: format!("{}@{realm}", names.join("/")),
        encryption_type,
        version: version.unwrap_or_else(|| short_version.into()),
    })
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*taken))
    }

    fn u32(&mut self) -> Option<u32> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*taken))
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.counted()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of `HTTP/a@A.TEST`, as the format lays it out.
    fn key(encryption_type: u8, version: u32) -> Vec<u8> {
        let mut entry = vec![0, 2];
        for text in ["A.TEST", "HTTP", "a"] {
            entry.extend([0, u8::try_from(text.len()).unwrap()]);
            entry.extend(text.as_bytes());
        }
        entry.extend([0, 0, 0, 1, 0, 0, 0, 9, 3]);
        entry.extend([0, encryption_type, 0, 4, 1, 2, 3, 4]);
        entry.extend(version.to_be_bytes());
        let mut all = u32::try_from(entry.len()).unwrap().to_be_bytes().to_vec();
        all.extend(entry);
        all
    }

    fn keytab(parts: &[Vec<u8>]) -> Vec<u8> {
        [VERSION.to_vec(), parts.concat()].concat()
    }

    #[test]
    fn keys_are_told_by_their_owner_kind_and_version() {
        let hole = [vec![255, 255, 255, 254], vec![7, 7]].concat();
        let bytes = keytab(&[key(18, 300), hole, key(23, 0)]);
        let found = entries(&bytes).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].principal, "HTTP/a@A.TEST");
        assert_eq!((found[0].version, found[0].is_aes()), (300, true));
        assert_eq!((found[1].version, found[1].is_aes()), (3, false));
    }

    #[test]
    fn what_is_no_keytab_has_no_keys() {
        let good = keytab(&[key(18, 1)]);
        assert!(entries(&good).is_some());
        for cut in [1, 3, 7, 20, good.len() - 5] {
            assert_eq!(entries(&good[..cut]), None, "{cut}");
        }
        assert_eq!(entries(b"\x05\x01"), None);
        assert_eq!(entries(b""), None);
        assert_eq!(entries(b"\x05\x02"), Some(Vec::new()));
        assert_eq!(entries(b"\x05\x02\x80\0\0\0"), None);
    }
}
