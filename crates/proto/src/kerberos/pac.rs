//! Whose a ticket is: the SID in the logon information of its PAC ([MS-PAC] 2.5, `KERB_VALIDATION_INFO`, in NDR as
//! [MS-RPCE] 2.2.6 serialises types).
//!
//! SECURITY: whoever calls has had the PAC checked: bytes of an authenticator are their sender's own words. Every
//! length is held against what is there, and what is not needed is passed over unread. Start at [`owner`].

use std::fmt;

use super::sid::{MAX_PARTS, Sid};

/// Largest logon information that is read, in bytes: no token is larger.
const MAX_BYTES: usize = 64 * 1024;
/// Most groups in it: a token that is taken has no room for more.
const MAX_GROUPS: u32 = 8 * 1024;
/// The common header ([MS-RPCE] 2.2.6.1): version 1, little endian, eight bytes, and a filler.
const COMMON_HEADER: [u8; 8] = [1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc];
/// The revision of every SID.
const REVISION: u8 = 1;
/// Bytes of the six times at its beginning.
const TIMES: usize = 48;
/// Bytes of the two counters behind the first six strings.
const COUNTERS: usize = 4;
/// Bytes of the user's session key, which is passed over.
const SESSION_KEY: usize = 16;
/// Bytes from behind the domain's SID to the end of the fixed part.
const AFTER_DOMAIN: usize = 8 + 4 + 4 + 8 + 8 + 4 + 4 + 8 + 12;
/// Bytes of one group: its number and its attributes.
const GROUP: usize = 8;

/// Logon information that cannot be read, or that names no account of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacParseError {
    /// Larger than any token.
    #[error("logon information of more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is not of its form.
    #[error("logon information that is wrong at its {0}")]
    Malformed(&'static str),
    /// It names no domain, or nobody of it.
    #[error("logon information that names no account of a domain")]
    Nobody,
}

/// The account whose ticket it is, as the domain has it.
///
/// The name that a ticket was asked for may be another: a domain controller that knows no `anna` may take `anna$` for
/// it, and an enterprise name for whoever has that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its SID.
    pub sid: Sid,
    /// Its sAMAccountName (`EffectiveName`).
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.name, self.sid)
    }
}

impl Owner {
    /// Whether it is called so, in any case of the letters.
    #[must_use]
    pub fn is_called(&self, sam: &str) -> bool {
        !self.name.is_empty() && self.name.to_lowercase() == sam.to_lowercase()
    }
}

/// Whose logon information this is.
///
/// **Trusts** the bytes: their signature is checked where they come from.
///
/// # Errors
///
/// They are not of their form, or name no account of a domain.
pub fn owner(logon_info: &[u8]) -> Result<Owner, PacParseError> {
    if logon_info.len() > MAX_BYTES {
        return Err(PacParseError::TooLarge);
    }
    let mut reader = Reader::of_type(logon_info)?;
    let fixed = reader.fixed()?;
    let [effective_name, others @ ..] = fixed.first_strings;
    let name = reader.string(effective_name)?;
    for string in others {
        reader.string(string)?;
    }
    reader.groups(fixed.groups)?;
    for string in fixed.last_strings {
        reader.string(string)?;
    }
    if !fixed.has_domain || fixed.user == 0 {
        return Err(PacParseError::Nobody);
    }
    let (authority, mut parts) = reader.domain()?;
    parts.push(fixed.user);
    let sid = Sid::new(authority, parts);
    Ok(Owner {
        sid: sid.ok_or(PacParseError::Malformed("domain's SID"))?,
        name: text_of(name)?,
    })
}

/// The letters of a name, which is UTF-16.
fn text_of(letters: &[u8]) -> Result<String, PacParseError> {
    let (units, rest) = letters.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.ok()
        .filter(|_| rest.is_empty())
        .ok_or(PacParseError::Malformed("name"))
}

/// What is needed of the fixed part: what stands behind it, in its order, and the user's number.
struct Fixed {
    first_strings: [Text; 6],
    user: u32,
    groups: Groups,
    last_strings: [Text; 2],
    has_domain: bool,
}

/// A string (`RPC_UNICODE_STRING`), whose letters stand behind the fixed part.
#[derive(Clone, Copy)]
struct Text {
    letters: u32,
    room: u32,
    is_there: bool,
}

/// The groups, which stand behind the fixed part.
struct Groups {
    count: u32,
    is_there: bool,
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Behind the headers and the pointer to the value itself.
    fn of_type(bytes: &'a [u8]) -> Result<Self, PacParseError> {
        let malformed = PacParseError::Malformed("header");
        let rest = bytes.strip_prefix(&COMMON_HEADER).ok_or(malformed)?;
        let mut reader = Self(rest);
        let length = usize::try_from(reader.number("header")?).map_err(|_| malformed)?;
        reader.skip(4, "header")?;
        // The rest may be padding, and no less may be there than is said.
        reader.0 = reader.0.get(..length).ok_or(malformed)?;
        match reader.number("header")? {
            0 => Err(PacParseError::Nobody),
            _ => Ok(reader),
        }
    }

    fn fixed(&mut self) -> Result<Fixed, PacParseError> {
        const WHAT: &str = "fixed part";
        self.skip(TIMES, WHAT)?;
        let first_strings = [
            self.text()?,
            self.text()?,
            self.text()?,
            self.text()?,
            self.text()?,
            self.text()?,
        ];
        self.skip(COUNTERS, WHAT)?;
        let user = self.number(WHAT)?;
        let _primary_group = self.number(WHAT)?;
        let groups = Groups {
            count: self.number(WHAT)?,
            is_there: self.number(WHAT)? != 0,
        };
        let _flags = self.number(WHAT)?;
        self.skip(SESSION_KEY, WHAT)?;
        let last_strings = [self.text()?, self.text()?];
        let has_domain = self.number(WHAT)? != 0;
        self.skip(AFTER_DOMAIN, WHAT)?;
        Ok(Fixed {
            first_strings,
            user,
            groups,
            last_strings,
            has_domain,
        })
    }

    /// The fixed part of a string.
    fn text(&mut self) -> Result<Text, PacParseError> {
        const WHAT: &str = "strings";
        let [length, room] = [self.short(WHAT)?, self.short(WHAT)?];
        let is_there = self.number(WHAT)? != 0;
        let is_whole = length % 2 == 0 && length <= room && (is_there || length == 0);
        match is_whole {
            true => Ok(Text {
                letters: u32::from(length / 2),
                room: u32::from(room / 2),
                is_there,
            }),
            false => Err(PacParseError::Malformed(WHAT)),
        }
    }

    /// The letters of a string: a conformant and varying array.
    fn string(&mut self, text: Text) -> Result<&'a [u8], PacParseError> {
        const WHAT: &str = "letters";
        if !text.is_there {
            return Ok(&[]);
        }
        let [most, offset, count] = [self.number(WHAT)?, self.number(WHAT)?, self.number(WHAT)?];
        if (most, offset, count) != (text.room, 0, text.letters) {
            return Err(PacParseError::Malformed(WHAT));
        }
        // What follows begins at a multiple of four.
        let letters = usize::try_from(count).map_err(|_| PacParseError::Malformed(WHAT))?;
        let read = self.0.get(..letters * 2);
        let read = read.ok_or(PacParseError::Malformed(WHAT))?;
        self.skip(letters.next_multiple_of(2) * 2, WHAT)?;
        Ok(read)
    }

    /// The groups, which are passed over: a conformant array.
    fn groups(&mut self, groups: Groups) -> Result<(), PacParseError> {
        const WHAT: &str = "groups";
        let malformed = PacParseError::Malformed(WHAT);
        if !groups.is_there {
            return match groups.count {
                0 => Ok(()),
                _ => Err(malformed),
            };
        }
        if groups.count > MAX_GROUPS || self.number(WHAT)? != groups.count {
            return Err(malformed);
        }
        let count = usize::try_from(groups.count).map_err(|_| malformed)?;
        self.skip(count * GROUP, WHAT)
    }

    /// The domain's SID (`RPC_SID`, [MS-DTYP] 2.4.2.3): its authority and its parts.
    fn domain(&mut self) -> Result<([u8; 6], Vec<u32>), PacParseError> {
        const WHAT: &str = "domain's SID";
        let malformed = PacParseError::Malformed(WHAT);
        let most = self.number(WHAT)?;
        let [revision, count] = self.bytes(WHAT)?;
        let authority = self.bytes(WHAT)?;
        // The user's number is a part, too.
        let is_whole =
            revision == REVISION && u32::from(count) == most && usize::from(count) < MAX_PARTS;
        if !is_whole {
            return Err(malformed);
        }
        let parts: Result<_, _> = (0..count).map(|_| self.number(WHAT)).collect();
        Ok((authority, parts?))
    }

    fn number(&mut self, what: &'static str) -> Result<u32, PacParseError> {
        self.bytes(what).map(u32::from_le_bytes)
    }

    fn short(&mut self, what: &'static str) -> Result<u16, PacParseError> {
        self.bytes(what).map(u16::from_le_bytes)
    }

    fn skip(&mut self, count: usize, what: &'static str) -> Result<(), PacParseError> {
        let rest = self.0.get(count..);
        self.0 = rest.ok_or(PacParseError::Malformed(what))?;
        Ok(())
    }

    fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], PacParseError> {
        let split = self.0.split_first_chunk();
        let (bytes, rest) = split.ok_or(PacParseError::Malformed(what))?;
        self.0 = rest;
        Ok(*bytes)
    }
}

#[cfg(test)]
mod tests;
