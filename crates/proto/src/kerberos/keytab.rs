//! A keytab with its keys (MIT's file format 0x0502), read and written.
//!
//! SECURITY: whoever has the bytes is the account. They are wiped and never printed. Start at [`Keytab`].

use std::fmt;

use zeroize::Zeroizing;

use super::Key;

/// Largest keytab that is read, in bytes: thousands of keys.
const MAX_BYTES: usize = 1 << 20;
/// Most names in a principal.
const MAX_PARTS: usize = 8;
/// The version that MIT, Samba and ktpass write.
const VERSION: [u8; 2] = [5, 2];
/// AES with SHA-1 (RFC 3962) and with SHA-2 (RFC 8009).
const AES: [u16; 4] = [17, 18, 19, 20];
/// `KRB5_NT_PRINCIPAL` (RFC 4120 6.2).
const NAME_TYPE: u32 = 1;

/// Bytes that are no keytab of this format, or a name that cannot stand in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no keytab that can be read")]
pub struct KeytabParseError;

/// Keys of accounts; what is asked for first stands first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keytab {
    /// The keys.
    pub entries: Vec<Entry>,
}

/// One key of one principal.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is, as Kerberos writes names: `HTTP/gate.contoso.test@CONTOSO.TEST`.
    pub principal: String,
    /// Its version.
    pub version: u32,
    /// The number of its encryption type (RFC 3961 8).
    pub encryption_type: u16,
    /// When it was written, in seconds since 1970.
    pub written: u32,
    name_type: u32,
    key: Zeroizing<Vec<u8>>,
}

impl Entry {
    /// A key of an account or a service.
    #[must_use]
    pub fn new(principal: &str, version: u32, key: &Key, written: u32) -> Self {
        Self {
            principal: principal.to_owned(),
            version,
            encryption_type: key.kind.number(),
            written,
            name_type: NAME_TYPE,
            key: Zeroizing::new(key.bytes().to_vec()),
        }
    }

    /// The same key as another principal's: all names of an account share its keys.
    #[must_use]
    pub fn of(&self, principal: &str) -> Self {
        Self {
            principal: principal.to_owned(),
            name_type: NAME_TYPE,
            ..self.clone()
        }
    }

    /// Whether it is a key of AES (RFC 3962, RFC 8009).
    #[must_use]
    pub fn is_aes(&self) -> bool {
        AES.contains(&self.encryption_type)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            principal,
            version,
            encryption_type,
            ..
        } = self;
        write!(f, "Entry({principal} {version} {encryption_type})")
    }
}

impl Keytab {
    /// Reads a keytab.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeytabParseError> {
        let rest = bytes.strip_prefix(&VERSION);
        let mut rest = rest
            .filter(|_| bytes.len() <= MAX_BYTES)
            .ok_or(KeytabParseError)?;
        let mut entries = Vec::new();
        while let Some((size, after)) = rest.split_first_chunk() {
            let size = i32::from_be_bytes(*size);
            // Where a file was made shorter in place, nothing comes any more.
            if size == 0 {
                return Ok(Self { entries });
            }
            let length = usize::try_from(size.unsigned_abs()).map_err(|_| KeytabParseError)?;
            let (entry, after) = after.split_at_checked(length).ok_or(KeytabParseError)?;
            // Below zero is a hole, where a key was removed.
            if size > 0 {
                entries.push(Reader(entry).entry().ok_or(KeytabParseError)?);
            }
            rest = after;
        }
        match rest {
            [] => Ok(Self { entries }),
            _ => Err(KeytabParseError),
        }
    }

    /// Puts new keys in front. Of those that their owners had, one former version stays, for tickets
    /// that are under way; what is not older than the new ones is of an account that is gone.
    pub fn roll(&mut self, new: Vec<Entry>) {
        let mut kept = std::mem::take(&mut self.entries);
        let all = kept.clone();
        kept.retain(|entry| {
            let now = version(&new, &entry.principal, u32::MAX);
            let former = now.and_then(|now| version(&all, &entry.principal, now));
            now.is_none() || former == Some(entry.version)
        });
        self.entries = new;
        self.entries.extend(kept);
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// A name or key is longer than the format allows, or a principal has no realm.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeytabParseError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
        bytes.extend(VERSION);
        for entry in &self.entries {
            let written = entry.to_bytes()?;
            let length = i32::try_from(written.len()).map_err(|_| KeytabParseError)?;
            bytes.extend(length.to_be_bytes());
            bytes.extend_from_slice(&written);
            if bytes.len() > MAX_BYTES {
                return Err(KeytabParseError);
            }
        }
        Ok(bytes)
    }
}

impl Entry {
    fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeytabParseError> {
        let split = self.principal.rsplit_once('@');
        let (names, realm) = split.ok_or(KeytabParseError)?;
        let parts: Vec<&str> = names.split('/').collect();
        if parts.len() > MAX_PARTS {
            return Err(KeytabParseError);
        }
        let room = 64 + 2 * MAX_PARTS + self.principal.len() + self.key.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        bytes.extend(short(parts.len())?);
        for text in [realm].into_iter().chain(parts) {
            bytes.extend(short(text.len())?);
            bytes.extend(text.as_bytes());
        }
        bytes.extend(self.name_type.to_be_bytes());
        bytes.extend(self.written.to_be_bytes());
        // One byte of the version, for readers of old; all of it comes last.
        let [.., low] = self.version.to_be_bytes();
        bytes.push(low);
        bytes.extend(self.encryption_type.to_be_bytes());
        bytes.extend(short(self.key.len())?);
        bytes.extend_from_slice(&self.key);
        bytes.extend(self.version.to_be_bytes());
        Ok(bytes)
    }
}

/// The highest version that a principal has below another.
fn version(entries: &[Entry], principal: &str, below: u32) -> Option<u32> {
    let theirs = entries.iter().filter(|it| it.principal == principal);
    let versions = theirs.map(|it| it.version);
    versions.filter(|version| *version < below).max()
}

fn short(length: usize) -> Result<[u8; 2], KeytabParseError> {
    let length = u16::try_from(length).map_err(|_| KeytabParseError)?;
    Ok(length.to_be_bytes())
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn entry(mut self) -> Option<Entry> {
        let parts = usize::from(self.u16()?);
        if parts == 0 || parts > MAX_PARTS {
            return None;
        }
        let realm = self.text()?;
        let names: Option<Vec<&str>> = (0..parts).map(|_| self.text()).collect();
        let names = names?;
        // What has a second meaning in a written name would be another name.
        let is_plain = |name: &&str| !name.contains(['/', '@', '\\']);
        if !names.iter().chain([&realm]).all(is_plain) {
            return None;
        }
        let (name_type, written) = (self.u32()?, self.u32()?);
        let (short_version, rest) = self.0.split_first()?;
        self.0 = rest;
        let encryption_type = self.u16()?;
        let key = Zeroizing::new(self.counted()?.to_vec());
        // Newer writers append the version in full; what comes after that is for them.
        let version = self.u32().filter(|version| *version != 0);
        Some(Entry {
            principal: format!("{}@{realm}", names.join("/")),
            version: version.unwrap_or_else(|| u32::from(*short_version)),
            encryption_type,
            written,
            name_type,
            key,
        })
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
        let (taken, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.counted()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ITERATIONS, Kind, string_to_key};
    use super::*;

    #[test]
    fn a_key_is_the_same_under_another_name() {
        let gate = entry(GATE, 3);
        let service = gate.of(SERVICE);
        assert_eq!((service.principal.as_str(), service.version), (SERVICE, 3));
        assert!(service.is_aes() && service.key == gate.key);
        let weak = Entry {
            encryption_type: 23,
            ..gate
        };
        assert!(!weak.is_aes());
    }

    const GATE: &str = "gate2$@A.TEST";
    const SERVICE: &str = "HTTP/a@A.TEST";

    fn entry(principal: &str, version: u32) -> Entry {
        let key = string_to_key(Kind::Aes128, ("a", "b"), ITERATIONS).unwrap();
        Entry::new(principal, version, &key, 9)
    }

    fn versions(keytab: &Keytab) -> Vec<(&str, u32)> {
        let entries = keytab.entries.iter();
        entries.map(|it| (&*it.principal, it.version)).collect()
    }

    #[test]
    fn what_is_written_is_laid_out_as_mit_reads_it() {
        let keytab = Keytab {
            entries: vec![entry(SERVICE, 300)],
        };
        let bytes = keytab.to_bytes().unwrap();
        let head = b"\x05\x02\0\0\0\x34\0\x02\0\x06A.TEST\0\x04HTTP\0\x01a\0\0\0\x01\0\0\0\x09\x2c\0\x11\0\x10";
        assert!(bytes.starts_with(head), "{bytes:?}");
        assert!(bytes.ends_with(&[0, 0, 1, 44]));
        assert_eq!(bytes.len(), 2 + 4 + 0x34);
    }

    #[test]
    fn what_is_written_is_read() {
        let entries = vec![entry(GATE, 3), entry(SERVICE, 70_000)];
        let keytab = Keytab { entries };
        let bytes = keytab.to_bytes().unwrap();
        assert_eq!(Keytab::parse(&bytes), Ok(keytab));
        for cut in [1, 3, 7, 20, bytes.len() - 5] {
            assert_eq!(Keytab::parse(&bytes[..cut]), Err(KeytabParseError), "{cut}");
        }
        assert_eq!(Keytab::parse(b"\x05\x02"), Ok(Keytab::default()));
        assert_eq!(Keytab::parse(b"\x05\x01"), Err(KeytabParseError));
    }

    #[test]
    fn one_former_version_stays_behind_the_new_one() {
        let others = "other$@A.TEST";
        let mut keytab = Keytab {
            entries: [entry(GATE, 2), entry(GATE, 3), entry(others, 9)].into(),
        };
        keytab.roll(vec![entry(GATE, 4), entry(SERVICE, 4)]);
        let expected = [(GATE, 4), (SERVICE, 4), (GATE, 3), (others, 9)];
        assert_eq!(versions(&keytab), expected);
        keytab.roll(vec![entry(GATE, 5), entry(SERVICE, 5)]);
        let expected = [
            (GATE, 5),
            (SERVICE, 5),
            (GATE, 4),
            (SERVICE, 4),
            (others, 9),
        ];
        assert_eq!(versions(&keytab), expected);
        // An account of the same name, made anew: the old one's keys would be taken for the latest.
        keytab.roll(vec![entry(GATE, 1), entry(SERVICE, 1)]);
        assert_eq!(versions(&keytab), [(GATE, 1), (SERVICE, 1), (others, 9)]);
    }

    #[test]
    fn a_key_is_not_printed() {
        let shown = format!("{:?}", entry(GATE, 1));
        assert_eq!(shown, "Entry(gate2$@A.TEST 1 17)");
    }

    #[test]
    fn a_name_that_is_none_is_not_written() {
        for name in ["gate2$", &format!("{}@A", "a/".repeat(9))] {
            let entries = vec![entry(name, 1)];
            assert_eq!(Keytab { entries }.to_bytes(), Err(KeytabParseError));
        }
    }
}
