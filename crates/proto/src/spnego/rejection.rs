//! Why a back end did not take a Kerberos token, where its 401 says so: the KRB-ERROR (RFC 4120 5.9.1) within
//! the token of its `WWW-Authenticate: Negotiate`, and the status that Windows puts into it ([MS-KILE] 2.2.1).
//!
//! UNCONFIRMED: written from the specifications; of the servers at hand none puts one into a 401. It is read for the
//! log alone: nothing is decided by it, and a back end may say what it likes.

use super::der::{DerError, MAX_TOKEN, Reader};
use super::token::KERBEROS;
use super::token::{APPLICATION, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Token, context};

/// `[APPLICATION 30]`, a KRB-ERROR.
const KRB_ERROR: u8 = 0x7e;
/// The two bytes before a KRB-ERROR within GSS-API (RFC 4121 4.1).
const TOKEN_ID: &[u8] = &[0x03, 0x00];
const INTEGER: u8 = 0x02;
/// KERB_AP_ERR_TYPE_EXTENDED ([MS-KILE] 2.2.2).
const EXTENDED: i32 = 3;

/// What a back end said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The error-code of Kerberos (RFC 4120 7.5.9).
    pub code: i32,
    /// The NTSTATUS that Windows adds ([MS-ERREF] 2.3).
    pub status: Option<u32>,
}

impl Rejection {
    /// Reads the token of a challenge; `None` where it is no KRB-ERROR, framed by SPNEGO or not.
    ///
    /// # Errors
    ///
    /// It is malformed.
    pub fn parse(token: &[u8]) -> Result<Option<Self>, DerError> {
        if token.len() > MAX_TOKEN {
            return Err(DerError::TooLong);
        }
        let Some(inner) = unwrapped(token)? else {
            return Ok(None);
        };
        let mut outer = Reader::new(inner);
        let mut frame = Reader::new(outer.take(APPLICATION)?);
        outer.end()?;
        if frame.take(OBJECT_IDENTIFIER)? != KERBEROS {
            return Ok(None);
        }
        match frame.rest().strip_prefix(TOKEN_ID) {
            Some(error) => Self::of_error(error).map(Some),
            None => Ok(None),
        }
    }

    fn of_error(bytes: &[u8]) -> Result<Self, DerError> {
        let mut outer = Reader::new(bytes);
        let mut error = Reader::new(outer.take(KRB_ERROR)?);
        outer.end()?;
        let mut fields = Reader::new(error.take(SEQUENCE)?);
        error.end()?;
        for before in 0..=5 {
            fields.optional(context(before))?;
        }
        let code = integer(fields.take(context(6))?)?;
        for between in 7..=11 {
            fields.optional(context(between))?;
        }
        let data = fields.optional(context(12))?;
        let data = data
            .map(|it| Reader::new(it).take(OCTET_STRING))
            .transpose()?;
        Ok(Self {
            code,
            // What is not in that form is another's, and no error.
            status: data.and_then(|it| extended(it).ok().flatten()),
        })
    }

    /// What it means and where to look, in a sentence's part.
    #[must_use]
    pub fn explained(&self) -> &'static str {
        match (self.status, self.code) {
            (Some(0xc000_035b), _) => {
                "the channel binding is not the one it expects (Extended Protection): something \
                 between the gate and it ends TLS, or it was told another certificate"
            }
            (Some(0xc000_0413), _) => "its domain lets this account authenticate to no such server",
            (Some(0xc000_0133), _) | (_, 37) => {
                "its clock and ours differ by more than five minutes"
            }
            (_, 41 | 31) => {
                "its key does not open the ticket: the SPN is on another account than the one that \
                 the service runs as, or two accounts have it"
            }
            (_, 44 | 45) => {
                "its key is another version: its account's password was changed, and the service or \
                 its keytab has the old one"
            }
            (_, 35) => "the ticket is for another service: the `spn` of this member is not its own",
            (_, 14) => "it takes no such encryption: its account needs AES keys",
            (_, 32 | 33) => "the ticket is out of its time there: one of the clocks is off",
            (_, 34) => "it saw the token before: something sends requests twice",
            (_, 60) => "it failed for a reason that it keeps to itself",
            _ => "",
        }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kerberos error {}", self.code)?;
        if let Some(status) = self.status {
            write!(f, ", status {status:#010x}")?;
        }
        match self.explained() {
            "" => Ok(()),
            explained => write!(f, ": {explained}"),
        }
    }
}

/// The mechanism's own token: SPNEGO's, or what came.
fn unwrapped(token: &[u8]) -> Result<Option<&[u8]>, DerError> {
    if token.first() == Some(&APPLICATION) {
        return Ok(Some(token));
    }
    match Token::parse(token)? {
        Token::Response(response) => Ok(response.token),
        Token::Init(_) => Ok(None),
    }
}

/// The status of a KERB-EXT-ERROR within a KERB-ERROR-DATA ([MS-KILE] 2.2.1 and 2.2.2).
fn extended(data: &[u8]) -> Result<Option<u32>, DerError> {
    let mut outer = Reader::new(data);
    let mut fields = Reader::new(outer.take(SEQUENCE)?);
    if integer(fields.take(context(1))?)? != EXTENDED {
        return Ok(None);
    }
    let Some(value) = fields.optional(context(2))? else {
        return Ok(None);
    };
    let value = Reader::new(value).take(OCTET_STRING)?;
    Ok(value.first_chunk().copied().map(u32::from_le_bytes))
}

/// An INTEGER of at most four bytes.
fn integer(field: &[u8]) -> Result<i32, DerError> {
    let bytes = Reader::new(field).take(INTEGER)?;
    let first = bytes.first().ok_or(DerError::Truncated)?;
    if bytes.len() > 4 {
        return Err(DerError::TooLong);
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Ok(bytes
        .iter()
        .fold(sign, |value, byte| (value << 8) | i32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::super::der::value;
    use super::*;

    /// A KRB-ERROR of this code and e-data, as GSS-API frames it.
    fn framed(code: &[u8], data: Option<&[u8]>) -> Vec<u8> {
        let number = |tag: u8, content: &[u8]| value(context(tag), &value(INTEGER, content));
        let mut fields = [
            number(0, &[5]),
            number(1, &[30]),
            value(context(4), &value(0x18, b"20261129120000Z")),
            number(5, &[1]),
            number(6, code),
            value(context(9), &value(0x1b, b"CONTOSO.TEST")),
            value(context(10), &value(SEQUENCE, &[])),
        ]
        .concat();
        if let Some(data) = data {
            fields.extend(value(context(12), &value(OCTET_STRING, data)));
        }
        let error = value(KRB_ERROR, &value(SEQUENCE, &fields));
        let inner = [value(OBJECT_IDENTIFIER, KERBEROS), TOKEN_ID.to_vec(), error].concat();
        value(APPLICATION, &inner)
    }

    fn windows(status: u32) -> Vec<u8> {
        let value_of = [status.to_le_bytes(), [0; 4], [1, 0, 0, 0]].concat();
        let fields = [
            value(context(1), &value(INTEGER, &[3])),
            value(context(2), &value(OCTET_STRING, &value_of)),
        ];
        value(SEQUENCE, &fields.concat())
    }

    /// A NegTokenResp that rejects.
    fn rejecting(token: &[u8]) -> Vec<u8> {
        let fields = [
            value(context(0), &value(0x0a, &[2])),
            value(context(2), &value(OCTET_STRING, token)),
        ];
        value(context(1), &value(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn a_wrong_binding_is_told_from_a_wrong_key_and_a_wrong_clock() {
        for (code, status, said) in [
            (&[60][..], Some(0xc000_035b), "channel binding"),
            (&[41], None, "the SPN is on another account"),
            (&[37], None, "clock"),
            (&[14], None, "AES"),
            (&[35], None, "not its own"),
            (&[45], None, "another version"),
        ] {
            let data = status.map(windows);
            let token = framed(code, data.as_deref());
            for token in [token.clone(), rejecting(&token)] {
                let rejection = Rejection::parse(&token).unwrap().unwrap();
                assert_eq!(rejection.status, status);
                assert!(rejection.to_string().contains(said), "{rejection}");
            }
        }
    }

    #[test]
    fn what_says_nothing_is_nothing_and_what_is_malformed_is_an_error() {
        assert_eq!(Rejection::parse(&rejecting(b"")), Err(DerError::Truncated));
        let plain = value(
            context(1),
            &value(SEQUENCE, &value(context(0), &value(0x0a, &[2]))),
        );
        assert_eq!(Rejection::parse(&plain), Ok(None));
        let accepts = value(
            APPLICATION,
            &[value(OBJECT_IDENTIFIER, KERBEROS), vec![2, 0]].concat(),
        );
        assert_eq!(Rejection::parse(&accepts), Ok(None));
        let whole = framed(&[41], Some(&windows(1)));
        for end in 0..whole.len() {
            assert!(Rejection::parse(&whole[..end]).is_err(), "{end}");
        }
        let long = framed(&[0, 0, 0, 0, 41], None);
        assert_eq!(Rejection::parse(&long), Err(DerError::TooLong));
        let negative = Rejection::parse(&framed(&[0xff], None)).unwrap().unwrap();
        assert_eq!((negative.code, negative.explained()), (-1, ""));
        let other = Rejection::parse(&framed(&[60], Some(b"no DER")))
            .unwrap()
            .unwrap();
        assert_eq!(other.status, None);
    }
}
