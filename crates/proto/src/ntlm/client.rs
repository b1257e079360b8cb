//! The client's side, as far as the lab's own checks, the stories and the benches need it.
//!
//! The product never originates NTLM (T-NTLM-4); nothing outside tests and benches calls this.

use zeroize::Zeroizing;

use super::authenticate::MIC;
use super::av_pair::{self, AvPairs, FileTime};
use super::challenge::descriptor;
use super::flags;
use super::hash::{self, NtHash, hmac_md5};
use super::response::ChannelBinding;
use super::session::{SessionKey, rc4};
use super::wire::{self, NtlmParseError};

/// Where the payload begins: after the MIC's place, whether or not there is one.
const PAYLOAD: usize = MIC.end;

/// A client, with what it chooses to send.
#[derive(Clone, Debug)]
pub struct Client {
    /// The user name, as typed.
    pub user: String,
    /// The domain, as typed.
    pub domain: String,
    /// The hash of its password.
    pub hash: NtHash,
    /// Whether it announces and sends a MIC.
    pub sends_mic: bool,
    /// Whether it exchanges a session key.
    pub exchanges_key: bool,
    /// Whether its strings are OEM bytes.
    pub is_oem: bool,
    /// The channel binding it sends.
    pub channel_binding: Option<ChannelBinding>,
    /// The target name it sends, as `HTTP/host`.
    pub target_name: Option<String>,
}

/// The random bytes and the time of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The client's challenge.
    pub client_challenge: [u8; 8],
    /// The session key to exchange.
    pub session_key: [u8; 16],
    /// The client's clock; `None` echoes the server's.
    pub time: Option<FileTime>,
}

impl Client {
    /// A client that sends a MIC and a session key, as modern ones do.
    #[must_use]
    pub fn new(user: &str, domain: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            domain: domain.to_owned(),
            hash: NtHash::of_password(password),
            sends_mic: true,
            exchanges_key: true,
            is_oem: false,
            channel_binding: None,
            target_name: None,
        }
    }

    /// A client that sends neither, as curl, SIPE and Firefox do.
    #[must_use]
    pub fn plain(user: &str, domain: &str, password: &str) -> Self {
        Self {
            sends_mic: false,
            exchanges_key: false,
            ..Self::new(user, domain, password)
        }
    }

    /// A type 1 message.
    #[must_use]
    pub fn negotiate(&self) -> Vec<u8> {
        let mut bytes = wire::SIGNATURE.to_vec();
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(self.flags().to_le_bytes());
        bytes.extend([0; 16]);
        bytes
    }

    /// A type 3 message that answers a type 2, and the session's key.
    ///
    /// # Errors
    ///
    /// The bytes are no type 2 message.
    pub fn authenticate(
        &self,
        challenge: &[u8],
        draw: Draw,
    ) -> Result<(Vec<u8>, SessionKey), NtlmParseError> {
        wire::expect(challenge, 2, 48)?;
        let answered = wire::number(challenge, 20)?;
        let server_challenge = challenge.get(24..32).unwrap_or_default();
        let info = wire::buffer(challenge, 40, 48, "TargetInfo")?;
        let mut pairs = AvPairs::parse(challenge.get(info).unwrap_or_default())?;
        let time = self.complete(&mut pairs, draw);
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend(time);
        blob.extend(draw.client_challenge);
        blob.extend([0; 4]);
        blob.extend(pairs.to_bytes());
        blob.extend([0; 4]);

        let key = self
            .hash
            .response_key(&hash::identity(&self.user, &self.domain));
        let proof = hmac_md5(&key, &[server_challenge, &blob]);
        let base = hmac_md5(&key, &[proof.as_slice()]);
        let is_exchanged = self.exchanges_key && answered & flags::KEY_EXCHANGE != 0;
        let exported = if is_exchanged {
            Zeroizing::new(draw.session_key)
        } else {
            base.clone()
        };
        let wrapped = if is_exchanged {
            rc4(&base, &exported).to_vec()
        } else {
            Vec::new()
        };
        let flags = self.flags() & answered | flags::TARGET_INFO;
        let mut message = self.message(flags, &[proof.as_slice(), &blob].concat(), &wrapped);
        if self.sends_mic {
            let mic = hmac_md5(&exported, &[&self.negotiate(), challenge, &message]);
            for (byte, part) in message.iter_mut().skip(MIC.start).zip(mic.iter()) {
                *byte = *part;
            }
        }
        Ok((message, SessionKey::new(exported, flags)))
    }

    /// Adds what the client says to the server's pairs; gives the time for the blob.
    fn complete(&self, pairs: &mut AvPairs, draw: Draw) -> [u8; 8] {
        let echoed = pairs
            .value(av_pair::TIMESTAMP)
            .and_then(<[u8]>::first_chunk)
            .copied();
        if self.sends_mic {
            pairs.set(av_pair::FLAGS, av_pair::FLAG_MIC.to_le_bytes().to_vec());
        }
        if let Some(binding) = self.channel_binding {
            pairs.set(av_pair::CHANNEL_BINDINGS, binding.0.to_vec());
        }
        if let Some(name) = &self.target_name {
            pairs.set(av_pair::TARGET_NAME, wire::to_utf16(name));
        }
        draw.time
            .map(|time| time.0.to_le_bytes())
            .or(echoed)
            .unwrap_or_default()
    }

    fn flags(&self) -> u32 {
        let text = if self.is_oem {
            flags::OEM
        } else {
            flags::UNICODE
        };
        let key = if self.exchanges_key {
            flags::KEY_EXCHANGE | flags::SIGN
        } else {
            0
        };
        text | key
            | flags::NTLM
            | flags::REQUEST_TARGET
            | flags::ALWAYS_SIGN
            | flags::EXTENDED_SESSION_SECURITY
            | flags::KEY_128
            | flags::KEY_56
    }

    fn message(&self, flags: u32, nt_response: &[u8], session_key: &[u8]) -> Vec<u8> {
        let encoded = |text: &str| {
            if self.is_oem {
                text.as_bytes().to_vec()
            } else {
                wire::to_utf16(text)
            }
        };
        let lm_response = [0_u8; 24];
        let (domain, user) = (encoded(&self.domain), encoded(&self.user));
        let workstation = encoded("PHONE");
        let parts: [&[u8]; 6] = [
            &lm_response,
            nt_response,
            &domain,
            &user,
            &workstation,
            session_key,
        ];
        let mut bytes = wire::SIGNATURE.to_vec();
        bytes.extend(3_u32.to_le_bytes());
        let mut offset = PAYLOAD;
        for part in parts {
            bytes.extend(descriptor(part.len(), offset));
            offset += part.len();
        }
        bytes.extend(flags.to_le_bytes());
        bytes.resize(PAYLOAD, 0);
        bytes.extend(parts.concat());
        bytes
    }
}
