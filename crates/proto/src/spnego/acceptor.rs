//! One Negotiate exchange, from the client's first token to our last (RFC 4178 3.2 and 5).

use std::fmt;

use crate::ntlm::{Direction, SessionKey};

use super::der::{DerError, MAX_TOKEN};
use super::token::{self, NTLM, State, Token};

/// How a raw NTLM message begins.
const NTLMSSP: &[u8] = b"NTLMSSP\0";

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpnegoError {
    /// The token is malformed.
    #[error(transparent)]
    Malformed(#[from] DerError),
    /// The client's list does not have NTLM.
    #[error("the client does not offer NTLM")]
    NoCommonMechanism,
    /// The token does not belong at this place of the exchange.
    #[error("the token does not belong here")]
    OutOfOrder,
    /// The client says that the exchange has failed.
    #[error("the client rejects the exchange")]
    Rejected,
    /// The MIC of the mechanism list is wrong: somebody changed the list on its way.
    #[error("the mechanism list was changed")]
    MechanismListChanged,
    /// No MIC of the mechanism list was sent and one is demanded (RFC 4178 5).
    #[error("the mechanism list is not protected")]
    MechanismListUnprotected,
}

/// What to do with a client's token.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Give this NTLM message to the NTLM acceptor.
    Ntlm(Vec<u8>),
    /// Give this token to the Kerberos acceptor; nothing else comes in this exchange.
    Kerberos(Vec<u8>),
    /// Answer with this token and wait for the next.
    Answer(Vec<u8>),
}

/// The acceptor of one exchange. It is consumed by a new exchange, never reused.
#[derive(Default)]
pub struct Acceptor {
    takes_kerberos: bool,
    pub(super) frame: Frame,
    pub(super) mechanism_list: Vec<u8>,
    pub(super) mic: Option<Vec<u8>>,
    ntlm_messages: u8,
    is_mechanism_named: bool,
}

/// So many messages of a client are in an exchange of NTLM.
const LAST: u8 = 2;

/// How the client frames its NTLM messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Frame {
    /// Nothing came yet.
    #[default]
    Unknown,
    /// Raw NTLMSSP; answers are raw too.
    Raw,
    /// SPNEGO, NTLM the client's first choice.
    Preferred,
    /// SPNEGO, another mechanism first: the list must be protected both ways.
    Selected,
    /// Bare Kerberos; the answer is bare too.
    BareKerberos,
    /// SPNEGO, Kerberos the client's first choice, by this number. Nobody can have moved another there unseen:
    /// the token is Kerberos', and good as it is.
    Kerberos(&'static [u8]),
}

impl Acceptor {
    /// Begins an exchange that ends in NTLM.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins one that ends in Kerberos where that is the client's first choice and its token is there, else in
    /// NTLM.
    #[must_use]
    pub fn or_kerberos() -> Self {
        Self {
            takes_kerberos: true,
            ..Self::default()
        }
    }

    /// One that takes no token any more.
    pub(super) fn ended(frame: Frame, mechanism_list: &[u8], mic: Option<&[u8]>) -> Self {
        Self {
            frame,
            mechanism_list: mechanism_list.to_vec(),
            mic: mic.map(<[u8]>::to_vec),
            ntlm_messages: LAST,
            ..Self::default()
        }
    }

    /// Takes the client's next token.
    ///
    /// # Errors
    ///
    /// It is malformed, out of order, offers nothing that we have, or rejects the exchange.
    pub fn token(&mut self, bytes: &[u8]) -> Result<Step, SpnegoError> {
        if bytes.starts_with(NTLMSSP) {
            if !matches!(self.frame, Frame::Unknown | Frame::Raw) {
                return Err(SpnegoError::OutOfOrder);
            }
            self.frame = Frame::Raw;
            return self.ntlm(bytes);
        }
        if self.takes_kerberos && self.frame == Frame::Unknown && token::is_bare_kerberos(bytes) {
            self.frame = Frame::BareKerberos;
            return match bytes.len() {
                0..=MAX_TOKEN => Ok(Step::Kerberos(bytes.to_vec())),
                _ => Err(DerError::TooLong.into()),
            };
        }
        match (Token::parse(bytes)?, self.frame) {
            (Token::Init(init), Frame::Unknown) => {
                let first = init.mechanisms.first().copied();
                if self.takes_kerberos
                    && let (Some(number), Some(token)) =
                        (first.and_then(token::kerberos), init.token)
                {
                    self.frame = Frame::Kerberos(number);
                    return Ok(Step::Kerberos(token.to_vec()));
                }
                if !init.mechanisms.contains(&NTLM) {
                    return Err(SpnegoError::NoCommonMechanism);
                }
                self.mechanism_list = init.mechanism_list.to_vec();
                let is_preferred = first == Some(NTLM);
                self.frame = if is_preferred {
                    Frame::Preferred
                } else {
                    Frame::Selected
                };
                match init.token.filter(|_| is_preferred) {
                    Some(token) => self.ntlm(token),
                    None => Ok(Step::Answer(self.select())),
                }
            }
            (Token::Response(response), Frame::Preferred | Frame::Selected) => {
                if response.state == Some(State::Rejected) {
                    return Err(SpnegoError::Rejected);
                }
                self.mic = response.mic.map(<[u8]>::to_vec);
                self.ntlm(response.token.ok_or(SpnegoError::OutOfOrder)?)
            }
            _ => Err(SpnegoError::OutOfOrder),
        }
    }

    /// Frames the NTLM challenge as the client framed its message.
    #[must_use]
    pub fn wrap_challenge(&mut self, challenge: &[u8]) -> Vec<u8> {
        if self.frame == Frame::Raw {
            return challenge.to_vec();
        }
        let names_mechanism = !std::mem::replace(&mut self.is_mechanism_named, true);
        let state = if self.frame == Frame::Selected && names_mechanism {
            State::RequestMic
        } else {
            State::Incomplete
        };
        let selected = names_mechanism.then_some(NTLM);
        token::response(state, selected, Some(challenge), None)
    }

    /// Checks the mechanism list with the key of the proved session; gives the last token.
    ///
    /// # Errors
    ///
    /// The list was changed, or is not protected where it must be.
    pub fn complete(&self, key: &SessionKey) -> Result<Option<Vec<u8>>, SpnegoError> {
        if self.frame == Frame::Raw {
            return Ok(None);
        }
        let Some(sent) = &self.mic else {
            if self.frame == Frame::Selected {
                return Err(SpnegoError::MechanismListUnprotected);
            }
            return Ok(Some(token::response(State::Completed, None, None, None)));
        };
        if !key.verify(Direction::ClientToServer, 0, &self.mechanism_list, sent) {
            return Err(SpnegoError::MechanismListChanged);
        }
        let ours = key.sign(Direction::ServerToClient, 0, &self.mechanism_list);
        Ok(Some(token::response(
            State::Completed,
            None,
            None,
            Some(&ours),
        )))
    }

    /// The last token of an exchange that ended in Kerberos, around what Kerberos answers.
    ///
    /// The mechanism list needs no MIC: what was taken is its first, the client's own choice (RFC 4178 5).
    #[must_use]
    pub fn accepted(&self, answer: Option<&[u8]>) -> Option<Vec<u8>> {
        match self.frame {
            Frame::Kerberos(number) => {
                let selected = Some(number);
                Some(token::response(State::Completed, selected, answer, None))
            }
            Frame::Unknown
            | Frame::Raw
            | Frame::Preferred
            | Frame::Selected
            | Frame::BareKerberos => answer.map(<[u8]>::to_vec),
        }
    }

    fn ntlm(&mut self, message: &[u8]) -> Result<Step, SpnegoError> {
        if self.ntlm_messages == LAST {
            return Err(SpnegoError::OutOfOrder);
        }
        self.ntlm_messages += 1;
        Ok(Step::Ntlm(message.to_vec()))
    }

    fn select(&mut self) -> Vec<u8> {
        self.is_mechanism_named = true;
        let state = if self.frame == Frame::Selected {
            State::RequestMic
        } else {
            State::Incomplete
        };
        token::response(state, Some(NTLM), None, None)
    }
}

/// SECURITY: an NTLM message can be guessed against, and a Kerberos token is somebody until it is used; neither is
/// for logs.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ntlm(_) => "Ntlm(..)",
            Self::Kerberos(_) => "Kerberos(..)",
            Self::Answer(_) => "Answer(..)",
        })
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("frame", &self.frame)
            .field("ntlm_messages", &self.ntlm_messages)
            .finish_non_exhaustive()
    }
}
