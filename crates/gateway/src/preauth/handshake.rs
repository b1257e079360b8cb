//! NTLM and Negotiate: one handshake at a time, its challenge good once and for 30 seconds
//! (T-CONN-5, T-CONN-6). Kerberos has no challenge: its one token is the whole exchange.

use jiff::{SignedDuration, Timestamp};
use proto::ntlm::{self, Expected, FileTime};
use proto::spnego;

use crate::route::Scheme;

/// How long a challenge may be answered.
const CHALLENGE_LIFE: SignedDuration = SignedDuration::from_secs(30);

/// A handshake that waits for the client's next message.
#[derive(Debug)]
pub(crate) struct Handshake {
    scheme: Scheme,
    acceptor: Option<Box<spnego::Acceptor>>,
    challenge: Option<ntlm::Challenge>,
    since: Timestamp,
}

/// What a message leads to.
#[derive(Debug)]
pub(crate) enum Step {
    /// Answer with this token and wait.
    Answer(Vec<u8>, Handshake),
    /// The exchange is whole and can be verified.
    Whole(Box<ntlm::Response>, Option<Box<spnego::Acceptor>>),
    /// A Kerberos token, which can be verified.
    Kerberos(Vec<u8>, Box<spnego::Acceptor>),
    /// The exchange names somebody, and no secret can make it right.
    Unprovable {
        /// The user that it names.
        user: String,
        /// The domain that it names.
        domain: String,
        /// What is wrong with it.
        error: ntlm::NtlmError,
    },
    /// The message is malformed, out of order, too late, or not what was agreed; why, for the log.
    Refused(String),
}

/// What a challenge is made of.
pub(crate) struct Fresh<'a> {
    /// The names it gives out.
    pub(crate) target: &'a ntlm::Target,
    /// Its eight bytes.
    pub(crate) server_challenge: [u8; 8],
    /// The time.
    pub(crate) now: Timestamp,
    /// Whether the client may sign in by Kerberos.
    pub(crate) takes_kerberos: bool,
}

/// Whether a token begins a handshake: a type 1 message, a NegTokenInit or bare Kerberos.
pub(crate) fn begins(token: &[u8]) -> bool {
    if token.starts_with(b"NTLMSSP\0") {
        return token.get(8) == Some(&1);
    }
    matches!(token.first(), Some(0x60 | 0xa0))
}

/// Begins a handshake anew; whatever was there before is gone already.
pub(crate) fn begun(scheme: Scheme, token: &[u8], fresh: &Fresh<'_>) -> Step {
    let acceptor = (scheme == Scheme::Negotiate).then(|| match fresh.takes_kerberos {
        true => Box::new(spnego::Acceptor::or_kerberos()),
        false => Box::default(),
    });
    let waiting = Handshake {
        scheme,
        acceptor,
        challenge: None,
        since: fresh.now,
    };
    waiting.goes_on(scheme, token, fresh, &Expected::default())
}

impl Handshake {
    /// Takes the client's next message. The handshake is consumed: one answer to one challenge.
    pub(crate) fn goes_on(
        mut self,
        scheme: Scheme,
        token: &[u8],
        fresh: &Fresh<'_>,
        expected: &Expected<'_>,
    ) -> Step {
        let age = fresh.now.duration_since(self.since);
        if scheme != self.scheme || age > CHALLENGE_LIFE || age.is_negative() {
            return Step::Refused("the challenge is of another scheme or too old".to_owned());
        }
        let message = match &mut self.acceptor {
            None => token.to_vec(),
            Some(acceptor) => match acceptor.token(token) {
                Ok(spnego::Step::Ntlm(message)) => message,
                Ok(spnego::Step::Kerberos(token)) => {
                    return Step::Kerberos(token, std::mem::take(acceptor));
                }
                Ok(spnego::Step::Answer(answer)) => return Step::Answer(answer, self),
                Err(error) => return Step::Refused(error.to_string()),
            },
        };
        match self.challenge.take() {
            None => self.challenged(&message, fresh),
            Some(challenge) => self.answered(challenge, &message, expected),
        }
    }

    fn challenged(mut self, message: &[u8], fresh: &Fresh<'_>) -> Step {
        let negotiate = match ntlm::Negotiate::parse(message) {
            Ok(negotiate) => negotiate,
            Err(error) => return Step::Refused(error.to_string()),
        };
        let now = FileTime::from_unix_micros(fresh.now.as_microsecond());
        let challenge =
            ntlm::Challenge::answer(negotiate, fresh.target, fresh.server_challenge, now);
        let token = match &mut self.acceptor {
            Some(acceptor) => acceptor.wrap_challenge(challenge.as_bytes()),
            None => challenge.as_bytes().to_vec(),
        };
        let waiting = Self {
            challenge: Some(challenge),
            since: fresh.now,
            ..self
        };
        Step::Answer(token, waiting)
    }

    fn answered(self, challenge: ntlm::Challenge, message: &[u8], expected: &Expected<'_>) -> Step {
        let message = match ntlm::Authenticate::parse(message) {
            Ok(message) => message,
            Err(error) => return Step::Refused(error.to_string()),
        };
        let (user, domain) = (message.user().to_owned(), message.domain().to_owned());
        match ntlm::Response::check(challenge, message, expected) {
            Ok(response) => Step::Whole(Box::new(response), self.acceptor),
            Err(error @ ntlm::NtlmError::Anonymous) => Step::Refused(error.to_string()),
            Err(error) => Step::Unprovable {
                user,
                domain,
                error,
            },
        }
    }
}
