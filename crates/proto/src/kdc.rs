//! What time it is at a domain controller: a request that nobody needs a secret for (RFC 4120 5.4.1), and the moment
//! that stands in the error which answers it (5.9.1).
//!
//! No ticket is ever asked for with a proof, so that none is got; an account's count of wrong passwords stays as it
//! is. Start at [`request`].

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::spnego::DerError;
use crate::spnego::der::{Reader, value};

/// The longest answer that is read.
pub const MAX_ANSWER: usize = 16 * 1024;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const GENERALIZED_TIME: u8 = 0x18;
const GENERAL_STRING: u8 = 0x1b;
const SEQUENCE: u8 = 0x30;
const AS_REQ: u8 = 0x6a;
const KRB_ERROR: u8 = 0x7e;
/// AES256 and AES128 with SHA-1 (RFC 3962).
const AES: [u8; 2] = [18, 17];

/// Why an answer tells no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KdcError {
    /// Longer than any error.
    #[error("the answer is too long")]
    TooLong,
    /// It is no error of Kerberos.
    #[error("the answer is no error of Kerberos: {0}")]
    Malformed(#[from] DerError),
    /// Its time is none.
    #[error("the time in the answer is none")]
    Time,
}

fn context(number: u8, content: &[u8]) -> Vec<u8> {
    value(0xa0 | number, content)
}

fn integer(number: u8) -> Vec<u8> {
    value(INTEGER, &[number])
}

fn name(kind: u8, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<u8> = parts
        .iter()
        .flat_map(|part| value(GENERAL_STRING, part.as_bytes()))
        .collect();
    let fields = [
        context(0, &integer(kind)),
        context(1, &value(SEQUENCE, &parts)),
    ];
    value(SEQUENCE, &fields.concat())
}

/// An AS-REQ for an account without a proof of who asks, as TCP carries it (RFC 4120 7.2.2).
#[must_use]
pub fn request(account: &str, realm: &str) -> Vec<u8> {
    const PRINCIPAL: u8 = 1;
    const SERVICE_AND_INSTANCE: u8 = 2;
    let kinds: Vec<u8> = AES.into_iter().flat_map(integer).collect();
    let body = [
        context(0, &value(BIT_STRING, &[0; 5])),
        context(1, &name(PRINCIPAL, &[account])),
        context(2, &value(GENERAL_STRING, realm.as_bytes())),
        context(3, &name(SERVICE_AND_INSTANCE, &["krbtgt", realm])),
        context(5, &value(GENERALIZED_TIME, b"20370913024805Z")),
        context(7, &integer(1)),
        context(8, &value(SEQUENCE, &kinds)),
    ];
    let fields = [
        context(1, &integer(5)),
        context(2, &integer(10)),
        context(4, &value(SEQUENCE, &body.concat())),
    ];
    let message = value(AS_REQ, &value(SEQUENCE, &fields.concat()));
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &message].concat()
}

/// The moment in an answer, which came without the length that TCP puts before it.
///
/// # Errors
///
/// It is no error of Kerberos.
pub fn time(answer: &[u8]) -> Result<Timestamp, KdcError> {
    if answer.len() > MAX_ANSWER {
        return Err(KdcError::TooLong);
    }
    let mut outer = Reader::new(answer);
    let mut error = Reader::new(outer.take(KRB_ERROR)?);
    let mut fields = Reader::new(error.take(SEQUENCE)?);
    for before in 0..=3 {
        fields.optional(0xa0 | before)?;
    }
    let time = Reader::new(fields.take(0xa4)?).take(GENERALIZED_TIME)?;
    let text = str::from_utf8(time).map_err(|_| KdcError::Time)?;
    let moment = DateTime::strptime("%Y%m%d%H%M%SZ", text).map_err(|_| KdcError::Time)?;
    Offset::UTC.to_timestamp(moment).map_err(|_| KdcError::Time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(time: &[u8]) -> Vec<u8> {
        let fields = [
            context(0, &integer(5)),
            context(1, &integer(30)),
            context(4, &value(GENERALIZED_TIME, time)),
            context(5, &integer(7)),
            context(6, &integer(25)),
        ];
        value(KRB_ERROR, &value(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn rfc_4120_5_9_1_the_time_of_an_error_is_read() {
        let told = time(&error(b"20261129183200Z")).unwrap();
        assert_eq!(told.to_string(), "2026-11-29T18:32:00Z");
    }

    #[test]
    fn whatever_else_is_answered_tells_no_time() {
        for bad in [
            b"20261329183200Z".as_slice(),
            b"",
            b"\xff",
            b"20261129183200",
        ] {
            assert_eq!(time(&error(bad)), Err(KdcError::Time), "{bad:?}");
        }
        assert_eq!(time(&vec![0; MAX_ANSWER + 1]), Err(KdcError::TooLong));
        for bad in [b"".as_slice(), &[0x6b, 0], &[0x7e, 0], &[0x7e, 2, 0x30, 0]] {
            assert!(matches!(time(bad), Err(KdcError::Malformed(_))), "{bad:?}");
        }
    }

    #[test]
    fn rfc_4120_5_4_1_a_request_is_one_as_req_behind_its_length() {
        let bytes = request("gateway$", "CONTOSO.TEST");
        let (length, message) = bytes.split_at(4);
        let length = u32::from_be_bytes(length.try_into().unwrap());
        assert_eq!(usize::try_from(length).unwrap(), message.len());
        let mut outer = Reader::new(message);
        let mut fields = Reader::new(outer.take(AS_REQ).unwrap());
        outer.end().unwrap();
        fields.take(SEQUENCE).unwrap();
        fields.end().unwrap();
    }
}
