//! Ports: the gate asks one question, *who is this?*, follows what is revoked, has two things written
//! down, and asks for tokens that tell a back end who it is.

use std::fmt;

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use authn::revocation::Revocation;
use authn::ticket::Relaying;
use authn::{Attempt, Authenticated, Outcome};

/// Whoever answers who somebody is: in this process, or an authentication server elsewhere.
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Verifies an attempt; what it counted and audited is durable when this returns.
    async fn verify(&self, attempt: Attempt) -> Outcome;
    /// Records a ticket that is about to be relayed, with all that belongs to it; unless what it rests on was
    /// revoked after the number of the last revocation that was heard of when it was asked for.
    async fn relayed(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable>;
    /// Waits a while for revocations after a number, and gives those that there are; none is word,
    /// too, that nothing was revoked.
    async fn revocations(&self, after: i64) -> Result<Vec<Revocation>, Unavailable>;
    /// The number of the last revocation.
    async fn last_revocation(&self) -> Result<i64, Unavailable>;
    /// Writes events of the gate's own.
    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable>;
}

/// Whoever makes Kerberos tokens for people (design 13): in this process, or an authentication server that
/// keeps the keytab and reaches the domain controllers.
#[async_trait]
pub trait Delegation: Send + Sync {
    /// One fresh token for somebody, wrapped as a first message of SPNEGO (RFC 4178 4.2.1).
    ///
    /// # Errors
    ///
    /// There is none; nothing was sent to anybody but a domain controller.
    async fn token(
        &self,
        who: &Authenticated,
        target: Target<'_>,
    ) -> Result<KerberosToken, NoToken>;
    /// Drops the tickets of somebody, so that the next token is of a fresh one.
    async fn forget(&self, who: &Authenticated);
}

/// For whom a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The service principal name, from the configuration and never from a request.
    pub service: &'a str,
    /// The digest of the certificate that the back end showed (RFC 5929 4), to which the token is bound;
    /// `None` where there is no TLS.
    pub tls_server_end_point: Option<&'a [u8]>,
}

/// A token for a back end. Whoever has it is its user, once.
pub struct KerberosToken(Vec<u8>);

impl KerberosToken {
    /// Around a token as SPNEGO carries it.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sent to the one back end that it is for.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for KerberosToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KerberosToken({} bytes)", self.0.len())
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// The domain refuses this person: no other is affected.
    #[error("the domain gives no ticket: {0}")]
    Denied(String),
    /// This account is never passed on.
    #[error("the account is not passed on to servers: {0}")]
    NotDelegable(String),
    /// What came is not this person's; it was thrown away.
    #[error("a ticket is not whose it should be: {0}")]
    Alarm(String),
    /// What came is of another account, which has the name in the domain by now; it was thrown away.
    #[error("a ticket is another account's: {0}")]
    AnotherAccount(String),
    /// Our own world is broken or set up wrongly.
    #[error("no ticket can be had: {0}")]
    Unavailable(String),
}
