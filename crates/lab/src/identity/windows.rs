//! The domain password by NTLM or Basic, as IIS takes it: so that a leak through the gate shows.
//!
//! NTLM makes a whole connection somebody's ([MS-NTHT] 3.1); [`WindowsLogon`] is one connection's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use proto::ntlm::{
    Authenticate, Challenge, Expected, FileTime, Negotiate, NtlmError, Response, Target,
};

use super::credentials::{Authorization, Token, authorization};
use super::{Caller, How};
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
    Challenged(Box<Challenge>),
    Somebody(Arc<Person>),
}

impl WindowsLogon {
    /// Takes the next request's credentials.
    pub(crate) fn check(&self, headers: &HeaderMap, logon: &Logon, now: Timestamp) -> Caller {
        let mut stage = self.lock();
        match authorization(headers) {
            Authorization::Absent => match &*stage {
                Stage::Somebody(person) => known(person, How::Ntlm),
                Stage::Nobody | Stage::Challenged(_) => Caller::Nobody,
            },
            Authorization::Unreadable => refused("the credentials cannot be read"),
            Authorization::Basic { user, password } => match logon.people.named("", &user) {
                Some(person) if person.has_password(password.expose()) => known(person, How::Basic),
                _ => refused("the password is wrong"),
            },
            Authorization::Token(token) => {
                // Whatever comes of this step, the one before is used up.
                match std::mem::take(&mut *stage) {
                    Stage::Challenged(challenge) => finish(*challenge, &token, logon, &mut stage),
                    Stage::Nobody | Stage::Somebody(_) => begin(&token, logon, now, &mut stage),
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        // No code that holds the lock can panic, so that the stage is whole even then.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin(token: &Token, logon: &Logon, now: Timestamp, stage: &mut Stage) -> Caller {
    let negotiate = match Negotiate::parse(&token.bytes) {
        Ok(negotiate) => negotiate,
        Err(error) => return refused(&error.to_string()),
    };
    let Ok(server_challenge) = clock::random() else {
        return refused("the system gives no random bytes");
    };
    let now = FileTime::from_unix_micros(now.as_microsecond());
    let challenge = Challenge::answer(negotiate, &logon.target, server_challenge, now);
    let text = format!("{} {}", token.scheme, STANDARD.encode(challenge.as_bytes()));
    *stage = Stage::Challenged(Box::new(challenge));
    Caller::Midway { challenge: text }
}

fn finish(challenge: Challenge, token: &Token, logon: &Logon, stage: &mut Stage) -> Caller {
    match proved(challenge, token, logon) {
        Ok(Some(person)) => {
            let caller = known(&person, How::Ntlm);
            *stage = Stage::Somebody(person);
            caller
        }
        Ok(None) => refused("the password is wrong"),
        Err(error) => refused(&error.to_string()),
    }
}

fn proved(
    challenge: Challenge,
    token: &Token,
    logon: &Logon,
) -> Result<Option<Arc<Person>>, NtlmError> {
    let authenticate = Authenticate::parse(&token.bytes)?;
    let response = Response::check(challenge, authenticate, &Expected::default())?;
    let person = logon.people.named(response.domain(), response.user());
    Ok(person
        .filter(|person| response.proves(person.hash()).is_some())
        .cloned())
}

fn known(person: &Arc<Person>, how: How) -> Caller {
    Caller::Known {
        person: Arc::clone(person),
        how,
    }
}

fn refused(reason: &str) -> Caller {
    Caller::Refused {
        reason: reason.to_owned(),
    }
}
