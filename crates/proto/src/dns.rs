//! As much DNS (RFC 1035) as asking one resolver for the addresses of one name takes, or for who serves there (RFC 2782).
//!
//! A resolver follows aliases itself, so that every record of the wanted kind among its answers is the name's. Nothing is
//! cached, and the random number of a question is an argument. Start at [`question`].

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest message that is read: what UDP carries without EDNS is 512 bytes, and nobody is asked for more.
pub const MAX_MESSAGE: usize = 4096;
/// The longest message that a stream carries (RFC 1035 4.2.2).
pub const MAX_STREAM_MESSAGE: usize = 65_535;
/// Most records of an answer that are read.
const MAX_RECORDS: u16 = 256;
/// The longest name and the longest label (RFC 1035 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
/// The class of the Internet.
const IN: u16 = 1;
/// A response, and its code (RFC 1035 4.1.1).
const IS_RESPONSE: u16 = 0x8000;
const IS_CUT_OFF: u16 = 0x0200;
const WANTS_RECURSION: u16 = 0x0100;
const CODE: u16 = 0x000f;

/// Most references that a name may go through.
const MAX_REFERENCES: usize = 8;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4.
    A,
    /// IPv6 (RFC 3596).
    Aaaa,
    /// Who serves there (RFC 2782).
    Srv,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
            Self::Srv => 33,
        }
    }
}

/// One of those who serve (RFC 2782).
///
/// **Trusts**: whoever answers for DNS. That `host` is who it is called, its certificate or its keys must prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Those with the smallest are asked first.
    pub priority: u16,
    /// How often it is the first among its equals.
    pub weight: u16,
    /// Where it listens; never 0.
    pub port: u16,
    /// Its name, a host's in small letters, without a dot at its end.
    pub host: String,
    /// For how many seconds this holds.
    pub lifetime: u32,
}

/// Why a message is no answer to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// It ends too early, or has more than anybody may.
    #[error("the resolver's answer is malformed")]
    Malformed,
    /// It answers something else, or is no answer.
    #[error("the answer is to another question")]
    Another,
    /// It was cut off before the first address.
    #[error("the answer does not fit into a datagram")]
    CutOff,
    /// The resolver failed or refuses (RFC 1035 4.1.1, RCODE).
    #[error("the resolver answers with the error {0}")]
    Refused(u16),
}

/// The question for a name's addresses; `None` where it is no name of DNS.
#[must_use]
pub fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    for word in [id, WANTS_RECURSION, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    if name.is_empty() || name.len() > MAX_NAME {
        return None;
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok()?;
        if label.is_empty() || label.len() > MAX_LABEL {
            return None;
        }
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(kind.number().to_be_bytes());
    message.extend(IN.to_be_bytes());
    Some(message)
}

/// The addresses in the answer to a question; none where there is no such name, or it has none of that kind.
///
/// # Errors
///
/// It is not the answer, or the resolver has none.
pub fn addresses(answer: &[u8], question: &[u8]) -> Result<Vec<IpAddr>, DnsError> {
    if answer.len() > MAX_MESSAGE {
        return Err(DnsError::Malformed);
    }
    let mut found = Vec::new();
    let is_cut_off = records(answer, question, |record| {
        found.extend(record.address()?);
        Ok(())
    })?;
    if found.is_empty() && is_cut_off {
        return Err(DnsError::CutOff);
    }
    Ok(found)
}

/// Who serves, in the answer to a question, in no order; nobody where there is no such name.
///
/// # Errors
///
/// It is not the answer, the resolver has none, or some of it was cut off: then a stream has it.
pub fn servers(answer: &[u8], question: &[u8]) -> Result<Vec<Server>, DnsError> {
    if answer.len() > MAX_STREAM_MESSAGE {
        return Err(DnsError::Malformed);
    }
    let mut found = Vec::new();
    let is_cut_off = records(answer, question, |record| {
        found.extend(record.server(answer)?);
        Ok(())
    })?;
    match is_cut_off {
        true => Err(DnsError::CutOff),
        false => Ok(found),
    }
}

/// Goes through the records of an answer; whether some were cut off.
fn records<'a>(
    answer: &'a [u8],
    question: &[u8],
    mut each: impl FnMut(Record<'a>) -> Result<(), DnsError>,
) -> Result<bool, DnsError> {
    const NO_SUCH_NAME: u16 = 3;
    let mut reader = Reader(answer);
    let mut asked = Reader(question);
    let (id, flags) = (reader.word()?, reader.word()?);
    let (questions, records) = (reader.word()?, reader.word()?);
    reader.take(4)?;
    let asked_id = asked.word()?;
    asked.take(10)?;
    if id != asked_id || flags & IS_RESPONSE == 0 {
        return Err(DnsError::Another);
    }
    match flags & CODE {
        0 => {}
        NO_SUCH_NAME => return Ok(false),
        code => return Err(DnsError::Refused(code)),
    }
    // The question comes back as it was sent, save for the case of its letters.
    let back = reader.take(asked.0.len())?;
    if questions != 1 || !back.eq_ignore_ascii_case(asked.0) {
        return Err(DnsError::Another);
    }
    if records > MAX_RECORDS {
        return Err(DnsError::Malformed);
    }
    let is_cut_off = flags & IS_CUT_OFF != 0;
    for _ in 0..records {
        match reader.record().and_then(&mut each) {
            Ok(()) => {}
            Err(_) if is_cut_off => break,
            Err(error) => return Err(error),
        }
    }
    Ok(is_cut_off)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DnsError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DnsError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u16, DnsError> {
        let bytes = self.take(2)?;
        let bytes: [u8; 2] = bytes.try_into().map_err(|_| DnsError::Malformed)?;
        Ok(u16::from_be_bytes(bytes))
    }

    /// Passes a name by: labels up to an empty one, or up to a reference to an earlier name.
    fn name(&mut self) -> Result<(), DnsError> {
        loop {
            let first = self.take(1)?.first().copied().unwrap_or_default();
            match first {
                0 => return Ok(()),
                0xc0.. => return self.take(1).map(drop),
                0x40..0xc0 => return Err(DnsError::Malformed),
                length => self.take(usize::from(length)).map(drop)?,
            }
        }
    }

    fn record(&mut self) -> Result<Record<'a>, DnsError> {
        self.name()?;
        let (kind, class) = (self.word()?, self.word()?);
        let (high, low) = (self.word()?, self.word()?);
        let length = self.word()?;
        Ok(Record {
            kind,
            class,
            lifetime: u32::from(high) << 16 | u32::from(low),
            data: self.take(usize::from(length))?,
        })
    }
}

/// One record (RFC 1035 3.2.1).
struct Record<'a> {
    kind: u16,
    class: u16,
    lifetime: u32,
    data: &'a [u8],
}

impl Record<'_> {
    fn is(&self, kind: Kind) -> bool {
        self.class == IN && self.kind == kind.number()
    }

    fn address(&self) -> Result<Option<IpAddr>, DnsError> {
        let four = || <[u8; 4]>::try_from(self.data).map_err(|_| DnsError::Malformed);
        let sixteen = || <[u8; 16]>::try_from(self.data).map_err(|_| DnsError::Malformed);
        if self.is(Kind::A) {
            return Ok(Some(Ipv4Addr::from(four()?).into()));
        }
        if self.is(Kind::Aaaa) {
            return Ok(Some(Ipv6Addr::from(sixteen()?).into()));
        }
        Ok(None)
    }

    /// Whoever serves by this record; a name that is no host's is nobody's, and neither is the root's, by which RFC 2782
    /// says that nobody does.
    fn server(&self, message: &[u8]) -> Result<Option<Server>, DnsError> {
        /// From here on a time to live is none (RFC 2181 8).
        const NEVER: u32 = 0x8000_0000;
        if !self.is(Kind::Srv) {
            return Ok(None);
        }
        let mut data = Reader(self.data);
        let (priority, weight, port) = (data.word()?, data.word()?, data.word()?);
        let host = whole_name(message, data.0)?;
        let server = |host| Server {
            priority,
            weight,
            port,
            host,
            lifetime: if self.lifetime < NEVER {
                self.lifetime
            } else {
                0
            },
        };
        Ok(host.filter(|_| port != 0).map(server))
    }
}

/// The name that these bytes of a message begin with, its references followed; nothing where it is no host's.
///
/// INTEROP: RFC 2782 allows no references here, and some send them all the same.
fn whole_name<'a>(message: &'a [u8], mut rest: &'a [u8]) -> Result<Option<String>, DnsError> {
    let mut name = String::new();
    let mut references = 0;
    let mut is_host = true;
    loop {
        let mut reader = Reader(rest);
        let first = reader.take(1)?.first().copied().unwrap_or_default();
        match first {
            0 => break,
            0xc0.. => {
                references += 1;
                let low = reader.take(1)?.first().copied().unwrap_or_default();
                let at = usize::from(u16::from_be_bytes([first & 0x3f, low]));
                rest = message.get(at..).ok_or(DnsError::Malformed)?;
                if references > MAX_REFERENCES {
                    return Err(DnsError::Malformed);
                }
                continue;
            }
            0x40..0xc0 => return Err(DnsError::Malformed),
            length => {
                let label = reader.take(usize::from(length))?;
                is_host &= is_label(label);
                if !name.is_empty() {
                    name.push('.');
                }
                name.extend(
                    label
                        .iter()
                        .map(|byte| char::from(byte.to_ascii_lowercase())),
                );
                if name.len() > MAX_NAME {
                    return Err(DnsError::Malformed);
                }
                rest = reader.0;
            }
        }
    }
    Ok((is_host && !name.is_empty()).then_some(name))
}

/// Whether a label may be a host's (RFC 1123 2.1).
fn is_label(label: &[u8]) -> bool {
    let is_sign = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let is_outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    label.iter().all(is_sign) && is_outer(label.first()) && is_outer(label.last())
}

#[cfg(test)]
mod tests;
