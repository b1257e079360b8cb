//! NegTokenInit and NegTokenResp (RFC 4178 4.2): read from clients, written to them.

use super::der::{DerError, MAX_TOKEN, Reader, value};

/// 1.3.6.1.5.5.2, the content of an OBJECT IDENTIFIER.
pub(super) const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// 1.2.840.113554.1.2.2
pub(super) const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// 1.2.840.48018.1.2.2: the same by the number that Windows 2000 wrote wrong, and all since then
/// ([MS-SPNG] 3.1.5.2).
pub(super) const MICROSOFT_KERBEROS: &[u8] =
    &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// 1.3.6.1.4.1.311.2.2.10
pub(super) const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];

/// The most mechanisms that a list may name.
const MAX_MECHANISMS: usize = 16;

pub(super) const APPLICATION: u8 = 0x60;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;

/// The context tag of a number.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// What a client sends first.
#[derive(Debug)]
pub(super) struct Init<'a> {
    /// The DER of the list, exactly as it came: what the MIC is made over.
    pub(super) mechanism_list: &'a [u8],
    /// The mechanisms, in the client's order.
    pub(super) mechanisms: Vec<&'a [u8]>,
    /// The token of the first.
    pub(super) token: Option<&'a [u8]>,
}

/// What a client sends after that.
#[derive(Debug)]
pub(super) struct Response<'a> {
    /// How far the client thinks that the exchange is.
    pub(super) state: Option<State>,
    /// The token of the mechanism that was selected.
    pub(super) token: Option<&'a [u8]>,
    /// The MIC of the mechanism list.
    pub(super) mic: Option<&'a [u8]>,
}

/// Either of the two.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Init(Init<'a>),
    Response(Response<'a>),
}

impl<'a> Token<'a> {
    /// Reads either token, with or without the GSS-API frame of RFC 2743 3.1.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, DerError> {
        if bytes.len() > MAX_TOKEN {
            return Err(DerError::TooLong);
        }
        let mut outer = Reader::new(bytes);
        let inner = match outer.any()? {
            (APPLICATION, framed) => {
                let mut frame = Reader::new(framed);
                if frame.take(OBJECT_IDENTIFIER)? != SPNEGO {
                    return Err(DerError::Tag {
                        got: OBJECT_IDENTIFIER,
                    });
                }
                let init = frame.take(context(0))?;
                frame.end()?;
                Self::Init(Init::parse(init)?)
            }
            (tag, init) if tag == context(0) => Self::Init(Init::parse(init)?),
            (tag, response) if tag == context(1) => Self::Response(Response::parse(response)?),
            (got, _) => return Err(DerError::Tag { got }),
        };
        outer.end()?;
        Ok(inner)
    }
}

impl<'a> Init<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, DerError> {
        let mut fields = sequence(bytes)?;
        let list = fields.take(context(0))?;
        let _flags = fields.optional(context(1))?;
        let token = octets(fields.optional(context(2))?)?;
        // [3] is the mechListMIC of RFC 4178 or the negHints of [MS-SPNG] 2.2.1, [4] its MIC; a MIC
        // in the first message has nothing to be made with yet.
        let _hints = fields.optional(context(3))?;
        let _mic = fields.optional(context(4))?;
        fields.end()?;
        let mut entries = sequence(list)?;
        let mut mechanisms = Vec::new();
        while entries.tag().is_some() {
            if mechanisms.len() == MAX_MECHANISMS {
                return Err(DerError::TooLong);
            }
            mechanisms.push(entries.take(OBJECT_IDENTIFIER)?);
        }
        Ok(Self {
            mechanism_list: list,
            mechanisms,
            token,
        })
    }
}

impl<'a> Response<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, DerError> {
        let mut fields = sequence(bytes)?;
        let state = fields.optional(context(0))?.map(State::parse).transpose()?;
        let _selected = fields.optional(context(1))?;
        let token = octets(fields.optional(context(2))?)?;
        let mic = octets(fields.optional(context(3))?)?;
        fields.end()?;
        Ok(Self { state, token, mic })
    }
}

/// negState of a response (RFC 4178 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Completed,
    Incomplete,
    /// The exchange is over, without success.
    Rejected,
    /// Incomplete, and the mechanism list must be protected.
    RequestMic,
}

impl State {
    fn parse(field: &[u8]) -> Result<Self, DerError> {
        let mut reader = Reader::new(field);
        let number = reader.take(ENUMERATED)?;
        reader.end()?;
        let known = [
            Self::Completed,
            Self::Incomplete,
            Self::Rejected,
            Self::RequestMic,
        ];
        known
            .into_iter()
            .find(|state| number == [state.number()])
            .ok_or(DerError::State)
    }

    fn number(self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::Incomplete => 1,
            Self::Rejected => 2,
            Self::RequestMic => 3,
        }
    }
}

/// Writes a NegTokenResp.
pub(super) fn response(
    state: State,
    selected: Option<&[u8]>,
    token: Option<&[u8]>,
    mic: Option<&[u8]>,
) -> Vec<u8> {
    let mut fields = value(context(0), &value(ENUMERATED, &[state.number()]));
    if let Some(mechanism) = selected {
        fields.extend(value(context(1), &value(OBJECT_IDENTIFIER, mechanism)));
    }
    if let Some(token) = token {
        fields.extend(value(context(2), &value(OCTET_STRING, token)));
    }
    if let Some(mic) = mic {
        fields.extend(value(context(3), &value(OCTET_STRING, mic)));
    }
    value(context(1), &value(SEQUENCE, &fields))
}

/// Whether a token is Kerberos' own, framed by GSS-API alone (RFC 4121 4.1).
pub(super) fn is_bare_kerberos(bytes: &[u8]) -> bool {
    let framed = Reader::new(bytes).take(APPLICATION);
    let mechanism = framed.and_then(|framed| Reader::new(framed).take(OBJECT_IDENTIFIER));
    mechanism.is_ok_and(|mechanism| kerberos(mechanism).is_some())
}

/// The number that a mechanism is Kerberos by, where it is.
pub(super) fn kerberos(mechanism: &[u8]) -> Option<&'static [u8]> {
    let mut numbers = [KERBEROS, MICROSOFT_KERBEROS].into_iter();
    numbers.find(|number| *number == mechanism)
}

fn sequence(bytes: &[u8]) -> Result<Reader<'_>, DerError> {
    let mut reader = Reader::new(bytes);
    let content = reader.take(SEQUENCE)?;
    reader.end()?;
    Ok(Reader::new(content))
}

fn octets(field: Option<&[u8]>) -> Result<Option<&[u8]>, DerError> {
    let Some(field) = field else { return Ok(None) };
    let mut reader = Reader::new(field);
    let content = reader.take(OCTET_STRING)?;
    reader.end()?;
    Ok(Some(content))
}
