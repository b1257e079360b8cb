//! AUTHENTICATE_MESSAGE, type 3 ([MS-NLMP] 2.2.1.3): who the client says it is, and its proof.

use std::fmt;
use std::ops::Range;

use super::flags;
use super::wire::{self, NtlmParseError};

/// The fixed part without version and MIC; some clients send nothing between (DavMail).
const FIXED: usize = 64;
/// Where the MIC stands when there is one.
pub(super) const MIC: Range<usize> = 72..88;
/// Where it stands in messages without a version.
const MIC_WITHOUT_VERSION: Range<usize> = 64..80;

/// A type 3 message.
#[derive(Clone)]
pub struct Authenticate {
    pub(super) bytes: Vec<u8>,
    pub(super) flags: u32,
    pub(super) user: String,
    pub(super) domain: String,
    pub(super) workstation: String,
    pub(super) nt_response: Vec<u8>,
    pub(super) session_key: Vec<u8>,
    /// Where the payload begins: the lowest offset of any buffer.
    pub(super) payload: usize,
}

impl Authenticate {
    /// The user that it names; nothing of it is proved.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The domain that it names; nothing of it is proved.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Where the MIC stands, if there is room for one before the payload.
    ///
    /// INTEROP: pyspnego leaves the version out where none was negotiated; others send zeros for
    /// it ([MS-NLMP] 2.2.1.3).
    pub(super) fn mic(&self) -> Option<Range<usize>> {
        [MIC, MIC_WITHOUT_VERSION]
            .into_iter()
            .find(|place| place.end <= self.payload)
    }

    /// Reads a type 3 message. The LM response is not even looked at.
    ///
    /// # Errors
    ///
    /// It is not one, or a buffer points where it may not.
    pub fn parse(bytes: &[u8]) -> Result<Self, NtlmParseError> {
        wire::expect(bytes, 3, FIXED)?;
        let flags = wire::number(bytes, 60)?;
        let is_unicode = flags & flags::UNICODE != 0;
        let lm = wire::buffer(bytes, 12, FIXED, "LmChallengeResponse")?;
        let nt = wire::buffer(bytes, 20, FIXED, "NtChallengeResponse")?;
        let domain = wire::buffer(bytes, 28, FIXED, "DomainName")?;
        let user = wire::buffer(bytes, 36, FIXED, "UserName")?;
        let workstation = wire::buffer(bytes, 44, FIXED, "Workstation")?;
        let key = wire::buffer(bytes, 52, FIXED, "EncryptedRandomSessionKey")?;
        let payload = [&lm, &nt, &domain, &user, &workstation, &key]
            .into_iter()
            .filter(|range| !range.is_empty())
            .map(|range| range.start)
            .min()
            .unwrap_or(bytes.len());
        let part = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        Ok(Self {
            flags,
            user: wire::text(part(user), is_unicode, "UserName")?,
            domain: wire::text(part(domain), is_unicode, "DomainName")?,
            workstation: wire::text(part(workstation), is_unicode, "Workstation")?,
            nt_response: part(nt).to_vec(),
            session_key: part(key).to_vec(),
            payload,
            bytes: bytes.to_vec(),
        })
    }
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SECURITY: proof and blob can be guessed against; they are not for logs.
        f.debug_struct("Authenticate")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}
