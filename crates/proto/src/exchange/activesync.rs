//! ActiveSync: what the query of a request says of the command and the device ([MS-ASHTTP] 2.2.1.1.1).
//!
//! The query comes as plain text or as fields in base64. Never reads a body, never decides whether
//! a device may. Start at [`Request::parse`].

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;

use crate::percent;

/// Longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 4096;
/// Most parameters of a query.
pub const MAX_PARAMETERS: usize = 32;
/// Longest id of a device; the specification has 32.
pub const MAX_DEVICE_ID_BYTES: usize = 64;
/// Longest type of a device.
pub const MAX_DEVICE_TYPE_BYTES: usize = 64;
/// Longest name of a user.
pub const MAX_USER_BYTES: usize = 512;

/// What a request says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is to be done.
    pub command: Command,
    /// By which device.
    pub device_id: DeviceId,
    /// What kind of device.
    pub device_type: DeviceType,
    /// For which user. The server looks at the credentials and not at this.
    pub user: Option<String>,
    /// What only the form in base64 says; plain text has headers for it.
    pub fields: Option<Fields>,
}

impl Request {
    /// Reads a query, without its question mark.
    ///
    /// **Proves** one command and one device, each named once.
    /// **Trusts** the device's id: any client may send any.
    pub fn parse(query: &str) -> Result<Self, QueryParseError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(QueryParseError::TooLong);
        }
        let unpadded = query.trim_end_matches('=');
        if query.contains('&') || unpadded.contains('=') {
            Self::plain(query)
        } else {
            Self::in_base64(query)
        }
    }

    /// [MS-ASHTTP] 2.2.1.1.1.2.
    fn plain(query: &str) -> Result<Self, QueryParseError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in query.split('&') {
            if parameters.len() == MAX_PARAMETERS {
                return Err(QueryParseError::TooManyParameters);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent::decode(name).ok_or(QueryParseError::NotAQuery)?;
            let value = percent::decode(value).ok_or(QueryParseError::NotAQuery)?;
            // SECURITY: a server that tells no cases apart might take the other of the two.
            let is_same = |(known, _): &(String, String)| known.eq_ignore_ascii_case(&name);
            if parameters.iter().any(is_same) {
                return Err(QueryParseError::Twice(name));
            }
            parameters.push((name, value));
        }
        let value = |wanted: &'static str| {
            let mut all = parameters.iter();
            let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.as_str())
        };
        let needs = |wanted| value(wanted).ok_or(QueryParseError::Missing(wanted));
        Ok(Self {
            command: Command::named(needs("Cmd")?),
            device_id: DeviceId::of(needs("DeviceId")?)?,
            device_type: DeviceType::of(needs("DeviceType")?)?,
            user: value("User").map(user).transpose()?,
            fields: None,
        })
    }

    /// [MS-ASHTTP] 2.2.1.1.1.1.
    fn in_base64(query: &str) -> Result<Self, QueryParseError> {
        // INTEROP: `+`, `/` and `=` reach some servers percent-encoded; a plus sign is itself here.
        let query = query.replace('+', "%2B");
        let text = percent::decode(&query).ok_or(QueryParseError::NotAQuery)?;
        let bytes = BASE64
            .decode(text)
            .map_err(|_| QueryParseError::NotAQuery)?;
        let mut rest = bytes.as_slice();
        let [version, code] = array(&mut rest)?;
        let locale = u16::from_le_bytes(array(&mut rest)?);
        let device_id = DeviceId::of_bytes(counted(&mut rest)?)?;
        let policy_key = match counted(&mut rest)? {
            [] => None,
            key => Some(u32::from_le_bytes(
                key.try_into().map_err(|_| QueryParseError::PolicyKey)?,
            )),
        };
        let device_type = ascii(counted(&mut rest)?).ok_or(QueryParseError::DeviceType)?;
        Ok(Self {
            command: Command::coded(code),
            device_id,
            device_type: DeviceType::of(device_type)?,
            user: user_of(rest)?,
            fields: Some(Fields {
                protocol_version: version,
                locale,
                policy_key,
            }),
        })
    }
}

/// The fields of the form in base64 beside those of both forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The version of the protocol, ten times: 141 is 14.1.
    pub protocol_version: u8,
    /// The language, by its number.
    pub locale: u16,
    /// Which policy the device has last agreed to.
    pub policy_key: Option<u32>,
}

/// What is to be done ([MS-ASHTTP] 2.2.1.1.1.1.2; [MS-ASCMD] 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the specification's own names, one for one")]
pub enum Command {
    Sync,
    SendMail,
    SmartForward,
    SmartReply,
    GetAttachment,
    FolderSync,
    FolderCreate,
    FolderDelete,
    FolderUpdate,
    MoveItems,
    GetItemEstimate,
    MeetingResponse,
    Search,
    Settings,
    Ping,
    ItemOperations,
    Provision,
    ResolveRecipients,
    ValidateCert,
    /// One that stands in no table that we know.
    Unlisted,
}

impl Command {
    /// How long the server may take to answer.
    pub fn pace(self) -> Pace {
        match self {
            Self::Ping | Self::Sync => Pace::Held,
            Self::SendMail
            | Self::SmartForward
            | Self::SmartReply
            | Self::GetAttachment
            | Self::ItemOperations => Pace::Long,
            Self::FolderSync
            | Self::FolderCreate
            | Self::FolderDelete
            | Self::FolderUpdate
            | Self::MoveItems
            | Self::GetItemEstimate
            | Self::MeetingResponse
            | Self::Search
            | Self::Settings
            | Self::Provision
            | Self::ResolveRecipients
            | Self::ValidateCert
            | Self::Unlisted => Pace::Prompt,
        }
    }

    fn named(name: &str) -> Self {
        let mut table = COMMANDS.iter();
        let found = table.find(|(_, known, _)| name.eq_ignore_ascii_case(known));
        found.map_or(Self::Unlisted, |(_, _, command)| *command)
    }

    fn coded(code: u8) -> Self {
        let mut table = COMMANDS.iter();
        let found = table.find(|(known, _, _)| code == *known);
        found.map_or(Self::Unlisted, |(_, _, command)| *command)
    }
}

/// How long the server may take to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Until something happens, for up to an hour: `Ping`, and `Sync` where its body says so.
    Held,
    /// As long as a large message or attachment needs.
    Long,
    /// At once.
    Prompt,
}

const COMMANDS: [(u8, &str, Command); 19] = [
    (0, "Sync", Command::Sync),
    (1, "SendMail", Command::SendMail),
    (2, "SmartForward", Command::SmartForward),
    (3, "SmartReply", Command::SmartReply),
    (4, "GetAttachment", Command::GetAttachment),
    (9, "FolderSync", Command::FolderSync),
    (10, "FolderCreate", Command::FolderCreate),
    (11, "FolderDelete", Command::FolderDelete),
    (12, "FolderUpdate", Command::FolderUpdate),
    (13, "MoveItems", Command::MoveItems),
    (14, "GetItemEstimate", Command::GetItemEstimate),
    (15, "MeetingResponse", Command::MeetingResponse),
    (16, "Search", Command::Search),
    (17, "Settings", Command::Settings),
    (18, "Ping", Command::Ping),
    (19, "ItemOperations", Command::ItemOperations),
    (20, "Provision", Command::Provision),
    (21, "ResolveRecipients", Command::ResolveRecipients),
    (22, "ValidateCert", Command::ValidateCert),
];

/// Which device it is: a text that the client has made up and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(String);

impl DeviceId {
    /// The id: ASCII letters, digits, and `-`, `_`, `.`, `{`, `}`. A GUID sent as its sixteen bytes
    /// is written in hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(text: &str) -> Result<Self, QueryParseError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.{}".contains(&byte);
        let is_text = (1..=MAX_DEVICE_ID_BYTES).contains(&text.len());
        if is_text && text.bytes().all(is_allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(QueryParseError::DeviceId)
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self, QueryParseError> {
        if let Some(id) = ascii(bytes).and_then(|text| Self::of(text).ok()) {
            return Ok(id);
        }
        let guid: [u8; 16] = bytes.try_into().map_err(|_| QueryParseError::DeviceId)?;
        Ok(Self(
            guid.iter().map(|byte| format!("{byte:02X}")).collect(),
        ))
    }
}

/// What kind of device it is, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceType(String);

impl DeviceType {
    /// The type: printable ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(text: &str) -> Result<Self, QueryParseError> {
        let is_text = (1..=MAX_DEVICE_TYPE_BYTES).contains(&text.len());
        if is_text && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Ok(Self(text.to_owned()));
        }
        Err(QueryParseError::DeviceType)
    }
}

/// Why a query is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryParseError {
    /// It is longer than may be.
    #[error("the query is longer than {MAX_QUERY_BYTES} bytes")]
    TooLong,
    /// It has more parameters than may be.
    #[error("the query has more than {MAX_PARAMETERS} parameters")]
    TooManyParameters,
    /// It is neither encoded as a query nor base64.
    #[error("the query is not encoded as one")]
    NotAQuery,
    /// The fields in base64 end before the last of them.
    #[error("the fields of the query are cut short")]
    CutShort,
    /// A parameter stands there twice.
    #[error("the parameter `{0}` stands there twice")]
    Twice(String),
    /// A parameter is missing.
    #[error("the parameter `{0}` is missing")]
    Missing(&'static str),
    /// The id of the device is empty, too long, or holds other characters.
    #[error("not the id of a device")]
    DeviceId,
    /// The type of the device is empty, too long, or holds other characters.
    #[error("not the type of a device")]
    DeviceType,
    /// The policy key has another length than four bytes.
    #[error("not a policy key")]
    PolicyKey,
    /// The name of the user is too long or holds other characters.
    #[error("not the name of a user")]
    User,
}

/// The parameters behind the fields; only `User` is looked at, and none may stand there twice.
fn user_of(mut rest: &[u8]) -> Result<Option<String>, QueryParseError> {
    const USER: u8 = 8;
    let mut seen = Vec::new();
    let mut found = None;
    while !rest.is_empty() {
        let [tag] = array(&mut rest)?;
        let value = counted(&mut rest)?;
        if seen.contains(&tag) {
            return Err(QueryParseError::Twice(tag.to_string()));
        }
        seen.push(tag);
        if seen.len() > MAX_PARAMETERS {
            return Err(QueryParseError::TooManyParameters);
        }
        if tag == USER {
            let text = str::from_utf8(value).map_err(|_| QueryParseError::User)?;
            found = Some(user(text)?);
        }
    }
    Ok(found)
}

fn user(text: &str) -> Result<String, QueryParseError> {
    if text.len() > MAX_USER_BYTES || text.contains(char::is_control) {
        return Err(QueryParseError::User);
    }
    Ok(text.to_owned())
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], QueryParseError> {
    let (taken, left) = rest
        .split_first_chunk::<N>()
        .ok_or(QueryParseError::CutShort)?;
    *rest = left;
    Ok(*taken)
}

/// A field behind the byte that says how long it is.
fn counted<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], QueryParseError> {
    let [length] = array(rest)?;
    let (taken, left) = rest
        .split_at_checked(usize::from(length))
        .ok_or(QueryParseError::CutShort)?;
    *rest = left;
    Ok(taken)
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
}

/// INTEROP: clients leave the padding out or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests;
