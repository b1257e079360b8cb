//! A response as one of our own machines tells it to another: a gate that holds no hash to the authentication
//! server that does.
//!
//! Everything that needs no key was checked where the client is connected; what can be checked without the
//! challenge is checked once more. Start at [`Response::told`].

use crate::pieces::{Pieces, PiecesParseError, put, put_optional};

use super::av_pair::{self, AvPairs, FileTime};
use super::response::{BLOB_FIXED, Mic, NtlmError, PROOF, Response, split};
use super::wire::NtlmParseError;
use super::{flags, hash};

/// Why what was told is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToldParseError {
    /// It is not in its pieces.
    #[error(transparent)]
    Pieces(#[from] PiecesParseError),
    /// No gate of ours would have passed it on.
    #[error(transparent)]
    Ntlm(#[from] NtlmError),
}

impl Response {
    /// The bytes by which it is told.
    ///
    /// SECURITY: they can be guessed against, as the response itself; they go over mutual TLS and into no log.
    #[must_use]
    pub fn told(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in [&self.user, &self.domain, &self.workstation] {
            put(&mut bytes, text.as_bytes());
        }
        bytes.extend(self.flags.to_be_bytes());
        bytes.extend(self.server_challenge);
        bytes.extend(self.encrypted_key);
        put(&mut bytes, &[&self.proof[..], &self.blob].concat());
        put_optional(&mut bytes, self.mic.as_ref().map(|mic| &mic.sent[..]));
        for message in self.mic.iter().flat_map(|mic| &mic.messages) {
            put(&mut bytes, message);
        }
        bytes
    }

    /// Reads what [`Response::told`] wrote.
    ///
    /// **Trusts** the gate that the challenge is its own and that the connection's binding was looked at.
    ///
    /// # Errors
    ///
    /// It is not one, or one that no gate of ours would have passed on.
    pub fn of_told(bytes: &[u8]) -> Result<Self, ToldParseError> {
        let mut pieces = Pieces::of(bytes);
        let (user, domain) = (pieces.text()?, pieces.text()?);
        let workstation = pieces.text()?;
        let agreed = u32::from_be_bytes(pieces.array()?);
        let server_challenge = pieces.array()?;
        let encrypted_key = pieces.array()?;
        let (proof, blob) = split(pieces.take()?)?;
        let mic = mic(&mut pieces)?;
        pieces.end()?;
        if agreed & flags::ANONYMOUS != 0 || user.is_empty() {
            return Err(NtlmError::Anonymous.into());
        }
        if agreed & flags::EXTENDED_SESSION_SECURITY == 0 {
            return Err(NtlmError::Flags.into());
        }
        if announces_mic(blob)? != mic.is_some() {
            return Err(NtlmError::MicAbsent.into());
        }
        let client_time = blob.get(8..16).and_then(<[u8]>::first_chunk);
        Ok(Self {
            identity: hash::identity(&user, &domain),
            client_time: client_time.map(|bytes| FileTime(u64::from_le_bytes(*bytes))),
            user,
            domain,
            workstation,
            server_challenge,
            proof,
            blob: blob.to_vec(),
            flags: agreed,
            encrypted_key,
            mic,
        })
    }

    /// When the challenge was made that this answers, which the proof protects: every client sends back the time
    /// that it was given.
    ///
    /// **Trusts** whoever made the challenge.
    #[must_use]
    pub fn challenged_at(&self) -> Option<FileTime> {
        let pairs = AvPairs::parse(self.blob.get(BLOB_FIXED..)?).ok()?;
        let time = pairs.value(av_pair::TIMESTAMP)?.try_into().ok()?;
        Some(FileTime(u64::from_le_bytes(time)))
    }

    /// What no two exchanges have in common: the challenge and the proof that answers it.
    ///
    /// SECURITY: it can be guessed against; it is hashed before it is kept.
    #[must_use]
    pub fn known_by(&self) -> [u8; 8 + PROOF] {
        let mut known_by = [0; 8 + PROOF];
        let parts = self.server_challenge.iter().chain(&self.proof);
        for (byte, part) in known_by.iter_mut().zip(parts) {
            *byte = *part;
        }
        known_by
    }
}

fn mic(pieces: &mut Pieces<'_>) -> Result<Option<Mic>, PiecesParseError> {
    let Some(sent) = pieces.optional()? else {
        return Ok(None);
    };
    let sent = sent.try_into();
    let sent = sent.map_err(|_| PiecesParseError::NotA("message integrity code"))?;
    let messages = [
        pieces.take()?.to_vec(),
        pieces.take()?.to_vec(),
        pieces.take()?.to_vec(),
    ];
    Ok(Some(Mic { sent, messages }))
}

/// Whether the blob says that there is a MIC ([MS-NLMP] 2.2.2.1, MsvAvFlags).
fn announces_mic(blob: &[u8]) -> Result<bool, NtlmError> {
    let pairs = AvPairs::parse(blob.get(BLOB_FIXED..).unwrap_or_default())?;
    let Some(value) = pairs.value(av_pair::FLAGS) else {
        return Ok(false);
    };
    let announced = value.try_into().map(u32::from_le_bytes);
    let announced = announced.map_err(|_| NtlmParseError::MalformedPairs)?;
    Ok(announced & av_pair::FLAG_MIC != 0)
}

#[cfg(test)]
mod tests {
    use super::super::client::{Client, Draw};
    use super::super::{Authenticate, Challenge, Expected, Negotiate, NtHash, Target};
    use super::*;

    const TIME: FileTime = FileTime(132_000_000_000_000_000);

    fn response(client: &Client) -> Response {
        let negotiate = Negotiate::parse(&client.negotiate()).unwrap();
        let challenge = Challenge::answer(negotiate, &Target::default(), [3; 8], TIME);
        let draw = Draw {
            client_challenge: [1; 8],
            session_key: [2; 16],
            time: None,
        };
        let (message, _) = client.authenticate(challenge.as_bytes(), draw).unwrap();
        let message = Authenticate::parse(&message).unwrap();
        Response::check(challenge, message, &Expected::default()).unwrap()
    }

    fn clients() -> [Client; 2] {
        [
            Client::plain("anna", "CONTOSO", "secret"),
            Client::new("anna", "CONTOSO", "secret"),
        ]
    }

    #[test]
    fn what_was_told_is_proved_by_the_same_hash_and_by_no_other() {
        for client in clients() {
            let here = response(&client);
            let there = Response::of_told(&here.told()).unwrap();
            let names = |it: &Response| (it.user().to_owned(), it.domain().to_owned());
            assert_eq!(names(&there), names(&here));
            assert_eq!(there.client_time(), here.client_time());
            assert_eq!(there.known_by(), here.known_by());
            assert_eq!(there.challenged_at(), Some(TIME));
            assert!(there.proves(&NtHash::of_password("secret")).is_some());
            assert!(there.proves(&NtHash::of_password("other")).is_none());
        }
    }

    #[test]
    fn every_byte_of_it_counts_or_is_a_name_that_is_not_proved() {
        for client in clients() {
            let told = response(&client).told();
            let workstation = {
                let mut before = Vec::new();
                put(&mut before, b"anna");
                put(&mut before, b"CONTOSO");
                before.len()
            };
            let named = response(&client).workstation().len();
            for at in 0..told.len() {
                let mut changed = told.clone();
                changed[at] ^= 1;
                let proves = Response::of_told(&changed)
                    .ok()
                    .and_then(|it| it.proves(&NtHash::of_password("secret")));
                // The workstation is no part of the proof, nor are flags that change nothing, nor a key that
                // was not exchanged.
                let flags = workstation + 4 + named;
                let is_free = (workstation + 4..flags + 4).contains(&at)
                    || (flags + 12..flags + 28).contains(&at);
                assert!(proves.is_none() || is_free, "byte {at}");
            }
        }
    }

    #[test]
    fn what_no_gate_passes_on_is_refused() {
        let [plain, modern] = clients().map(|client| response(&client));
        let refused = |response: &Response| Response::of_told(&response.told()).err();
        let without_mic = Response {
            mic: None,
            ..modern
        };
        let is = |error: NtlmError| Some(ToldParseError::Ntlm(error));
        assert_eq!(refused(&without_mic), is(NtlmError::MicAbsent));
        let nobody = Response {
            user: String::new(),
            ..response(&clients()[0])
        };
        assert_eq!(refused(&nobody), is(NtlmError::Anonymous));
        let old = Response { flags: 0, ..plain };
        assert_eq!(refused(&old), is(NtlmError::Flags));
        let short = Response {
            blob: vec![2],
            ..response(&clients()[0])
        };
        assert_eq!(refused(&short), is(NtlmError::NotNtlm2));
        let told = response(&clients()[1]).told();
        for length in 0..told.len() {
            assert!(Response::of_told(&told[..length]).is_err(), "{length}");
        }
        assert!(Response::of_told(&[told, vec![0]].concat()).is_err());
    }
}
