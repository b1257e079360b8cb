//! The domain password by NTLM, Negotiate or Basic, as IIS takes it: so that a leak through the gate
//! shows.
//!
//! NTLM makes a whole connection somebody's ([MS-NTHT] 3.1); [`WindowsLogon`] is one connection's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use proto::http_auth;
use proto::http_auth::{Credentials, HttpAuthParseError};
use proto::ntlm::{
    Authenticate, Challenge, Expected, FileTime, Negotiate, NtlmError, NtlmParseError, Response,
    Target,
};
use proto::spnego::{Acceptor, SpnegoError, Step};
use thiserror::Error;

use super::{Caller, How, binding};
use crate::clock;
use crate::people::{People, Person};

/// What one connection's logon needs to know of its server.
#[derive(Debug)]
pub(crate) struct Logon {
    /// The names that the challenge gives out.
    pub(crate) target: Target,
    /// Who there is.
    pub(crate) people: Arc<People>,
}

/// Where one connection stands.
#[derive(Debug, Default)]
pub(crate) struct WindowsLogon {
    stage: Mutex<Stage>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Nobody,
    Midway(Box<Handshake>),
    Somebody(Arc<Person>),
}

impl WindowsLogon {
    /// Takes the next request's credentials.
    pub(crate) fn check(&self, headers: &HeaderMap, logon: &Logon, now: Timestamp) -> Caller {
        let credentials = match credentials(headers) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return self.standing(),
            Err(error) => return refused(&error),
        };
        match credentials {
            Credentials::Basic { username, password } => match logon.people.named("", &username) {
                Some(person) if person.has_password(password.expose()) => {
                    known(person, How::Basic, None)
                }
                _ => refused(&LogonError::WrongPassword),
            },
            Credentials::Ntlm(token) => self.step(Scheme::Ntlm, &token, logon, now),
            Credentials::Negotiate(token) => self.step(Scheme::Negotiate, &token, logon, now),
            Credentials::Bearer | Credentials::Other => refused(&LogonError::Scheme),
        }
    }

    fn standing(&self) -> Caller {
        match &*self.lock() {
            Stage::Somebody(person) => known(person, How::Ntlm, None),
            Stage::Nobody | Stage::Midway(_) => Caller::Nobody,
        }
    }

    fn step(&self, scheme: Scheme, token: &[u8], logon: &Logon, now: Timestamp) -> Caller {
        let mut stage = self.lock();
        // Whatever comes of this step, the one before is used up.
        let mut handshake = match std::mem::take(&mut *stage) {
            Stage::Midway(handshake) if handshake.scheme == scheme => handshake,
            _ => Box::new(Handshake::new(scheme)),
        };
        match handshake.step(token, logon, now) {
            Ok(Outcome::Answer(token)) => {
                *stage = Stage::Midway(handshake);
                Caller::Midway {
                    challenge: scheme.written(&token),
                }
            }
            Ok(Outcome::Proved(person, token)) => {
                let token = token.map(|token| scheme.written(&token));
                let caller = known(&person, How::Ntlm, token);
                *stage = Stage::Somebody(person);
                caller
            }
            Err(error) => refused(&error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        // No code that holds the lock can panic, so that the stage is whole even then.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One handshake.
#[derive(Debug)]
struct Handshake {
    scheme: Scheme,
    acceptor: Acceptor,
    challenge: Option<Challenge>,
}

enum Outcome {
    Answer(Vec<u8>),
    Proved(Arc<Person>, Option<Vec<u8>>),
}

impl Handshake {
    fn new(scheme: Scheme) -> Self {
        Self {
            scheme,
            acceptor: Acceptor::new(),
            challenge: None,
        }
    }

    fn step(&mut self, token: &[u8], logon: &Logon, now: Timestamp) -> Result<Outcome, LogonError> {
        let message = match self.acceptor.token(token)? {
            Step::Ntlm(message) => message,
            Step::Answer(answer) => return Ok(Outcome::Answer(answer)),
            // It has no key in any domain, and its acceptor is told so.
            Step::Kerberos(_) => return Err(SpnegoError::NoCommonMechanism.into()),
        };
        let Some(challenge) = self.challenge.take() else {
            let random = clock::random().map_err(|_| LogonError::Random)?;
            let now = FileTime::from_unix_micros(now.as_microsecond());
            let negotiate = Negotiate::parse(&message)?;
            let challenge = Challenge::answer(negotiate, &logon.target, random, now);
            let answer = self.acceptor.wrap_challenge(challenge.as_bytes());
            self.challenge = Some(challenge);
            return Ok(Outcome::Answer(answer));
        };
        let authenticate = Authenticate::parse(&message)?;
        let named = binding::named_in(&message);
        let expected = Expected {
            channel_bindings: named.as_slice(),
            ..Expected::default()
        };
        let response = Response::check(challenge, authenticate, &expected)?;
        let person = logon.people.named(response.domain(), response.user());
        let person = person.ok_or(LogonError::WrongPassword)?;
        let key = response
            .proves(person.hash())
            .ok_or(LogonError::WrongPassword)?;
        Ok(Outcome::Proved(
            Arc::clone(person),
            self.acceptor.complete(&key)?,
        ))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Ntlm,
    Negotiate,
}

impl Scheme {
    fn written(self, token: &[u8]) -> String {
        match self {
            Self::Ntlm => http_auth::Challenge::Ntlm(Some(token)).to_string(),
            Self::Negotiate => http_auth::Challenge::Negotiate(Some(token)).to_string(),
        }
    }
}

/// Why a domain password is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum LogonError {
    #[error(transparent)]
    Header(#[from] HttpAuthParseError),
    #[error("more than one Authorization")]
    Repeated,
    #[error("the scheme is none of ours")]
    Scheme,
    #[error(transparent)]
    Spnego(#[from] SpnegoError),
    #[error(transparent)]
    Parse(#[from] NtlmParseError),
    #[error(transparent)]
    Ntlm(#[from] NtlmError),
    #[error("the password is wrong")]
    WrongPassword,
    #[error("the system gives no random bytes")]
    Random,
}

fn credentials(headers: &HeaderMap) -> Result<Option<Credentials>, LogonError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(Credentials::parse(value.as_bytes())?)),
        (Some(_), Some(_)) => Err(LogonError::Repeated),
    }
}

fn known(person: &Arc<Person>, how: How, challenge: Option<String>) -> Caller {
    Caller::Known {
        person: Arc::clone(person),
        how,
        challenge,
    }
}

fn refused(error: &LogonError) -> Caller {
    Caller::Refused {
        reason: error.to_string(),
    }
}
