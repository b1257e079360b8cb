//! From a type 3 message to a checkable response ([MS-NLMP] 3.2.5.1.2 and 3.3.2).
//!
//! Everything that needs no key is checked in [`Response::check`]; the proof itself, and the MIC
//! that hangs on it, in [`Response::proves`]. Never draws randomness or looks anyone up.

use std::fmt;

use md5::{Digest, Md5};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::channel_binding::{Demand, EndPoint};

use super::authenticate::Authenticate;
use super::av_pair::{self, AvPairs, FileTime};
use super::challenge::Challenge;
use super::hash::{self, NtHash, hmac_md5};
use super::session::SessionKey;
use super::wire::NtlmParseError;
use super::{flags, wire};

/// NTProofStr.
pub(super) const PROOF: usize = 16;
/// NTLMv2_CLIENT_CHALLENGE before its AV pairs ([MS-NLMP] 2.2.2.7).
pub(super) const BLOB_FIXED: usize = 28;
/// The shortest NTLMv2 response: proof, fixed blob, end mark.
const SHORTEST: usize = PROOF + BLOB_FIXED + 4;

/// The MD5 of a channel binding, as MsvAvChannelBindings carries it ([MS-NLMP] 3.1.5.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelBinding(pub [u8; 16]);

impl ChannelBinding {
    /// From the hash of a server certificate (RFC 5929 4, tls-server-end-point).
    #[must_use]
    pub fn tls_server_end_point(certificate_hash: &[u8]) -> Self {
        const PREFIX: &[u8] = b"tls-server-end-point:";
        let length = PREFIX.len() + certificate_hash.len();
        let mut hash = Md5::new();
        // gss_channel_bindings_struct: four empty address fields, then the application data.
        hash.update([0; 16]);
        hash.update(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        hash.update(PREFIX);
        hash.update(certificate_hash);
        Self(hash.finalize().into())
    }
}

impl From<&EndPoint> for ChannelBinding {
    fn from(end_point: &EndPoint) -> Self {
        Self::tls_server_end_point(end_point.digest())
    }
}

/// What happens where a client leaves something out that it may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenAbsent {
    /// It passes; what is sent is checked all the same.
    #[default]
    Allow,
    /// It is refused.
    Require,
}

/// What this server expects of a response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// The bindings of every certificate that may have been shown.
    pub channel_bindings: &'a [ChannelBinding],
    /// What becomes of a channel binding that is sent, or is not.
    pub channel_binding: Demand,
    /// What happens where no MIC is announced.
    pub mic: WhenAbsent,
    /// The hosts that MsvAvTargetName may name; any where the list is empty.
    pub target_hosts: &'a [String],
}

/// Why a response is refused before any hash is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NtlmError {
    /// The message is malformed.
    #[error(transparent)]
    Malformed(#[from] NtlmParseError),
    /// It names nobody, or says so.
    #[error("the client is anonymous")]
    Anonymous,
    /// It is no NTLMv2 response: NTLMv1, LM or nothing.
    #[error("the response is not NTLMv2")]
    NotNtlm2,
    /// Extended session security was not agreed to, or a key is exchanged though that was not
    /// offered; other flags are not compared.
    #[error("extended session security is missing, or a key exchange that was not offered")]
    Flags,
    /// An attribute that we sent did not come back unchanged.
    #[error("an attribute-value pair that was sent did not come back")]
    NotEchoed,
    /// The channel binding is of another connection.
    #[error("the channel binding is of another connection")]
    ChannelBinding,
    /// No channel binding was sent and one is demanded.
    #[error("a channel binding is required")]
    ChannelBindingAbsent,
    /// The target name is another service's.
    #[error("the response is meant for another service")]
    TargetName,
    /// No MIC was announced and one is demanded.
    #[error("a message integrity code is required")]
    MicAbsent,
}

/// A response that needs only a hash to be proved; it can be tried against many.
///
/// **Trusts** nothing that it says: user, domain and workstation are claims until
/// [`Response::proves`] holds.
pub struct Response {
    pub(super) user: String,
    pub(super) domain: String,
    pub(super) workstation: String,
    /// User and domain as the response key takes them in.
    pub(super) identity: Vec<u8>,
    pub(super) client_time: Option<FileTime>,
    pub(super) server_challenge: [u8; 8],
    pub(super) proof: [u8; PROOF],
    pub(super) blob: Vec<u8>,
    pub(super) flags: u32,
    pub(super) encrypted_key: [u8; 16],
    pub(super) mic: Option<Mic>,
}

/// A MIC and the messages that it covers, its own place zeroed.
pub(super) struct Mic {
    pub(super) sent: [u8; 16],
    pub(super) messages: [Vec<u8>; 3],
}

impl Response {
    /// Checks everything that needs no key, and consumes the challenge.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong; a client is told nothing of it.
    pub fn check(
        challenge: Challenge,
        authenticate: Authenticate,
        expected: &Expected<'_>,
    ) -> Result<Self, NtlmError> {
        if authenticate.flags & flags::ANONYMOUS != 0 || authenticate.user.is_empty() {
            return Err(NtlmError::Anonymous);
        }
        check_flags(&challenge, &authenticate)?;
        let (proof, blob) = split(&authenticate.nt_response)?;
        let pairs = AvPairs::parse(blob.get(BLOB_FIXED..).unwrap_or_default())?;
        if !pairs.echoes(&challenge.target_info) {
            return Err(NtlmError::NotEchoed);
        }
        check_channel_binding(&pairs, expected)?;
        check_target_name(&pairs, expected)?;
        let mic = mic(&challenge, &authenticate, &pairs)?;
        if mic.is_none() && expected.mic == WhenAbsent::Require {
            return Err(NtlmError::MicAbsent);
        }
        let client_time = blob.get(8..16).and_then(<[u8]>::first_chunk);
        Ok(Self {
            client_time: client_time.map(|bytes| FileTime(u64::from_le_bytes(*bytes))),
            server_challenge: challenge.server_challenge,
            proof,
            blob: blob.to_vec(),
            flags: authenticate.flags,
            encrypted_key: encrypted_key(&authenticate)?,
            mic,
            identity: hash::identity(&authenticate.user, &authenticate.domain),
            user: authenticate.user,
            domain: authenticate.domain,
            workstation: authenticate.workstation,
        })
    }

    /// The user that it claims.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The domain that it claims.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The workstation that it claims.
    #[must_use]
    pub fn workstation(&self) -> &str {
        &self.workstation
    }

    /// The client's clock, which is not judged.
    #[must_use]
    pub fn client_time(&self) -> Option<FileTime> {
        self.client_time
    }

    /// By how many seconds the client's clock is ahead, for whoever notes it; negative where it is
    /// behind, `None` where the client names no time.
    ///
    /// **Trusts** the client. One that repeats the time of the challenge, as [MS-NLMP] 3.1.5.1.2
    /// wants it, is exact by construction.
    #[must_use]
    pub fn clock_skew(&self, now_unix_seconds: i64) -> Option<i64> {
        let time = self.client_time.filter(|time| time.0 != 0)?;
        Some(time.seconds_after(now_unix_seconds))
    }

    /// Whether the response was made with this hash; gives the session's key if so.
    ///
    /// **Proves** that the client knows the hash, answered this challenge, and, where a MIC was
    /// announced, that no byte of the three messages was changed on the way.
    #[must_use]
    pub fn proves(&self, hash: &NtHash) -> Option<SessionKey> {
        self.first_proved([hash]).map(|(_, key)| key)
    }

    /// The first of many hashes that proves it; every one is tried, whichever is right.
    #[must_use]
    pub fn first_proved<'h>(
        &self,
        hashes: impl IntoIterator<Item = &'h NtHash>,
    ) -> Option<(usize, SessionKey)> {
        let mut first = None;
        // What is computed once is computed in any case, so that a wrong proof costs what a right
        // one does.
        let mut last_tried = Zeroizing::new([0; 16]);
        for (index, hash) in hashes.into_iter().enumerate() {
            let response_key = hash.response_key(&self.identity);
            let proof = hmac_md5(&response_key, &[&self.server_challenge, &self.blob]);
            if first.is_none() {
                last_tried = response_key;
            }
            if bool::from(proof.as_slice().ct_eq(&self.proof)) && first.is_none() {
                first = Some(index);
            }
        }
        let (is_whole, key) = self.session(&last_tried);
        first
            .filter(|_| bool::from(is_whole))
            .map(|index| (index, key))
    }

    /// The session's key, and whether the MIC that was announced is right under it.
    fn session(&self, response_key: &[u8; 16]) -> (Choice, SessionKey) {
        let base = hmac_md5(response_key, &[&self.proof]);
        let exported = if self.flags & flags::KEY_EXCHANGE != 0 {
            super::session::rc4(&base, &self.encrypted_key)
        } else {
            base
        };
        let is_whole = self.mic.as_ref().map_or(Choice::from(1), |mic| {
            let [negotiate, challenge, authenticate] = &mic.messages;
            hmac_md5(&exported, &[negotiate, challenge, authenticate])
                .as_slice()
                .ct_eq(&mic.sent)
        });
        (is_whole, SessionKey::new(exported, self.flags))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SECURITY: proof and blob can be guessed against; they are not for logs.
        f.debug_struct("Response")
            .field("user", &self.user)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// Extended session security is demanded, and a key exchange only where it was offered.
///
/// INTEROP: clients send other flags that they were not offered and mean nothing by them; what
/// these two change is which key the MIC and the signatures are made with.
fn check_flags(challenge: &Challenge, authenticate: &Authenticate) -> Result<(), NtlmError> {
    let widened = authenticate.flags & flags::KEY_EXCHANGE & !challenge.flags;
    if widened != 0 || authenticate.flags & flags::EXTENDED_SESSION_SECURITY == 0 {
        return Err(NtlmError::Flags);
    }
    Ok(())
}

/// Proof and blob of an NTLMv2 response.
pub(super) fn split(response: &[u8]) -> Result<([u8; PROOF], &[u8]), NtlmError> {
    if response.is_empty() {
        return Err(NtlmError::Anonymous);
    }
    if response.len() < SHORTEST {
        return Err(NtlmError::NotNtlm2);
    }
    match response.split_first_chunk::<PROOF>() {
        Some((proof, blob @ [1, 1, ..])) => Ok((*proof, blob)),
        _ => Err(NtlmError::NotNtlm2),
    }
}

fn check_channel_binding(pairs: &AvPairs, expected: &Expected<'_>) -> Result<(), NtlmError> {
    if expected.channel_binding == Demand::Off {
        return Ok(());
    }
    // INTEROP: all zeros means that the client had none to send ([MS-NLMP] 2.2.2.1).
    let sent = pairs
        .value(av_pair::CHANNEL_BINDINGS)
        .filter(|value| value.iter().any(|b| *b != 0));
    match sent {
        None if expected.channel_binding == Demand::Require => Err(NtlmError::ChannelBindingAbsent),
        None => Ok(()),
        Some(sent) => {
            let is_ours = |binding: &ChannelBinding| bool::from(binding.0.as_slice().ct_eq(sent));
            let is_known = expected.channel_bindings.iter().any(is_ours);
            is_known.then_some(()).ok_or(NtlmError::ChannelBinding)
        }
    }
}

/// INTEROP: `host/unspecified` and an empty name are what clients send that know none.
fn check_target_name(pairs: &AvPairs, expected: &Expected<'_>) -> Result<(), NtlmError> {
    let Some(value) = pairs.value(av_pair::TARGET_NAME) else {
        return Ok(());
    };
    let name = wire::utf16(value).ok_or(NtlmError::TargetName)?;
    if name.is_empty() || name.eq_ignore_ascii_case("host/unspecified") {
        return Ok(());
    }
    if expected.target_hosts.is_empty() {
        return Ok(());
    }
    let Some((class, host)) = name.split_once('/') else {
        return Err(NtlmError::TargetName);
    };
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_class = ["http", "host"]
        .iter()
        .any(|known| class.eq_ignore_ascii_case(known));
    let is_host = expected
        .target_hosts
        .iter()
        .any(|known| host.eq_ignore_ascii_case(known));
    (is_class && is_host)
        .then_some(())
        .ok_or(NtlmError::TargetName)
}

/// The MIC, where the blob (which the proof protects) announces one.
fn mic(
    challenge: &Challenge,
    authenticate: &Authenticate,
    pairs: &AvPairs,
) -> Result<Option<Mic>, NtlmError> {
    let Some(value) = pairs.value(av_pair::FLAGS) else {
        return Ok(None);
    };
    let announced = value.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let announced = announced
        .filter(|_| value.len() == 4)
        .ok_or(NtlmParseError::MalformedPairs)?;
    if announced & av_pair::FLAG_MIC == 0 {
        return Ok(None);
    }
    let outside = NtlmParseError::BufferOutside("MIC");
    let place = authenticate.mic().ok_or(outside)?;
    let mut zeroed = authenticate.bytes.clone();
    let place = zeroed
        .get_mut(place)
        .and_then(<[u8]>::first_chunk_mut::<16>)
        .ok_or(outside)?;
    let sent = std::mem::take(place);
    let messages = [
        challenge.negotiate.as_bytes().to_vec(),
        challenge.as_bytes().to_vec(),
        zeroed,
    ];
    Ok(Some(Mic { sent, messages }))
}

fn encrypted_key(authenticate: &Authenticate) -> Result<[u8; 16], NtlmError> {
    if authenticate.flags & flags::KEY_EXCHANGE == 0 {
        return Ok([0; 16]);
    }
    let key = authenticate.session_key.as_slice().try_into();
    key.map_err(|_| NtlmParseError::WrongLength("EncryptedRandomSessionKey").into())
}
