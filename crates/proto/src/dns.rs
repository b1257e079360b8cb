//! As much DNS (RFC 1035) as asking one resolver for the addresses of one name takes.
//!
//! A resolver follows aliases itself, so that every address among its answers is the name's. Nothing is cached, and
//! the random number of a question is an argument. Start at [`question`].

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest message that is read: what UDP carries without EDNS is 512 bytes, and nobody is asked for more.
pub const MAX_MESSAGE: usize = 4096;
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

/// What kind of address is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4.
    A,
    /// IPv6 (RFC 3596).
    Aaaa,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
        }
    }
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
    const NO_SUCH_NAME: u16 = 3;
    if answer.len() > MAX_MESSAGE {
        return Err(DnsError::Malformed);
    }
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
        NO_SUCH_NAME => return Ok(Vec::new()),
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
    let mut found = Vec::new();
    for _ in 0..records {
        match reader.record() {
            Ok(address) => found.extend(address),
            Err(_) if flags & IS_CUT_OFF != 0 => break,
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() && flags & IS_CUT_OFF != 0 {
        return Err(DnsError::CutOff);
    }
    Ok(found)
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

    /// One record, and its address if it is one.
    fn record(&mut self) -> Result<Option<IpAddr>, DnsError> {
        self.name()?;
        let (kind, class) = (self.word()?, self.word()?);
        self.take(4)?;
        let length = self.word()?;
        let data = self.take(usize::from(length))?;
        if class != IN {
            return Ok(None);
        }
        let four = || <[u8; 4]>::try_from(data).map_err(|_| DnsError::Malformed);
        let sixteen = || <[u8; 16]>::try_from(data).map_err(|_| DnsError::Malformed);
        if kind == Kind::A.number() {
            return Ok(Some(Ipv4Addr::from(four()?).into()));
        }
        if kind == Kind::Aaaa.number() {
            return Ok(Some(Ipv6Addr::from(sixteen()?).into()));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to `question` with these flags and records behind it.
    fn answer(question: &[u8], flags: u16, records: &[&[u8]]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap();
        let mut bytes = question.to_vec();
        bytes[2..4].copy_from_slice(&flags.to_be_bytes());
        bytes[6..8].copy_from_slice(&count.to_be_bytes());
        [bytes, records.concat()].concat()
    }

    /// A record of the name that was asked for.
    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xc0, 12];
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        [&bytes, data].concat()
    }

    fn asked() -> Vec<u8> {
        question(0x1234, "mail.contoso.com", Kind::A).unwrap()
    }

    #[test]
    fn rfc_1035_4_1_a_question_is_twelve_bytes_labels_and_a_kind() {
        let asked = asked();
        let (head, rest) = asked.split_at(12);
        assert_eq!(head, [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(rest, b"\x04mail\x07contoso\x03com\0\0\x01\0\x01");
        let long = "a".repeat(64);
        for bad in ["", ".", "a..b", "a.", long.as_str()] {
            assert_eq!(question(1, bad, Kind::A), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_those_of_the_records_and_aliases_are_passed_by() {
        let asked = asked();
        let records = [
            record(5, b"\x01x\xc0\x11"),
            record(1, &[192, 0, 2, 7]),
            record(28, &[0x20; 16]),
        ];
        let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
        let found = addresses(&answer(&asked, 0x8180, &records), &asked).unwrap();
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["192.0.2.7", "2020:2020:2020:2020:2020:2020:2020:2020"]
        );
        let none = addresses(&answer(&asked, 0x8183, &[]), &asked);
        assert_eq!(none, Ok(Vec::new()), "no such name");
    }

    #[test]
    fn what_is_not_the_answer_is_refused() {
        let asked = asked();
        let good = record(1, &[192, 0, 2, 7]);
        let another = question(0x1234, "mail.fabrikam.com", Kind::A).unwrap();
        let other_id = question(0x1235, "mail.contoso.com", Kind::A).unwrap();
        let cases = [
            (answer(&asked, 0x8182, &[]), DnsError::Refused(2)),
            (answer(&asked, 0x8185, &[]), DnsError::Refused(5)),
            (answer(&asked, 0x0180, &[&good]), DnsError::Another),
            (answer(&other_id, 0x8180, &[&good]), DnsError::Another),
            (answer(&another, 0x8180, &[&good]), DnsError::Another),
            (answer(&asked, 0x8380, &[]), DnsError::CutOff),
            (
                answer(&asked, 0x8180, &[&record(1, &[1])]),
                DnsError::Malformed,
            ),
            (answer(&asked, 0x8180, &[&good[..5]]), DnsError::Malformed),
            (answer(&asked, 0x8180, &[&[0x40; 80]]), DnsError::Malformed),
            (Vec::new(), DnsError::Malformed),
            (vec![0; MAX_MESSAGE + 1], DnsError::Malformed),
        ];
        for (message, error) in cases {
            assert_eq!(addresses(&message, &asked), Err(error), "{message:x?}");
        }
    }
}
