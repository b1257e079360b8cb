//! What may go wrong, by whose fault it is: the person's, the token's, our own world's, or nobody honest's.
//!
//! Whatever comes from the library carries the library's own words, which name principals and never hold
//! a secret.

use proto::kerberos::Sid;
use proto::kerberos::pac::Owner;

use crate::principal::{Principal, Service};

/// Why there is no token for a person.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The person may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Something that must never happen: nothing was sent, and somebody has to look.
    #[error(transparent)]
    Alarm(#[from] Alarm),
    /// Our own world is broken or set up wrongly.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a client's token is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The client erred, or is no friend.
    #[error(transparent)]
    Token(#[from] BadToken),
    /// Our own world is broken or set up wrongly.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The domain controller says no, for a reason that lies in the person's account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such account.
    #[error("`{user}` is unknown to the domain: {said}")]
    UnknownUser {
        /// Who.
        user: Principal,
        /// The library's words.
        said: String,
    },
    /// The account is disabled or locked; Kerberos has one code for both.
    #[error("`{user}` is disabled or locked out: {said}")]
    Revoked {
        /// Who.
        user: Principal,
        /// The library's words.
        said: String,
    },
    /// The account has expired.
    #[error("the account of `{user}` has expired: {said}")]
    Expired {
        /// Who.
        user: Principal,
        /// The library's words.
        said: String,
    },
    /// The password has expired or must be changed.
    #[error("the password of `{user}` has expired: {said}")]
    PasswordExpired {
        /// Who.
        user: Principal,
        /// The library's words.
        said: String,
    },
    /// Its policy forbids it; Samba says this of disabled accounts as well.
    #[error("the domain's policy refuses `{user}`: {said}")]
    Policy {
        /// Who.
        user: Principal,
        /// The library's words.
        said: String,
    },
    /// A ticket came that may not be passed on: the account is sensitive or in Protected Users; or, where
    /// it is so for everybody, the gate's account lacks protocol transition.
    #[error(
        "the ticket of `{user}` may not be passed on: the account is sensitive, or the gate's account lacks protocol transition"
    )]
    NotDelegable {
        /// Who.
        user: Principal,
    },
}

/// Nothing of this may ever be seen: each rings, and not a byte of the token went anywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// The library does not say whose the token is.
    #[error("a token for `{wanted}` names no initiator")]
    Unnamed {
        /// For whom it was asked.
        wanted: Principal,
    },
    /// The token is another's.
    #[error("a token for `{wanted}` is `{got}`'s")]
    AnotherName {
        /// For whom it was asked.
        wanted: Principal,
        /// Whose it is.
        got: String,
    },
    /// The ticket is of another account, which has the name by now: names change owners, and the names here are
    /// older than the domain's; or a domain controller took one name for another.
    #[error(
        "the names here are older than the domain's: the ticket of `{wanted}`, here {}, is {} there",
        here.as_ref().map_or("an account without a SID".to_owned(), Sid::to_string),
        shown(got.as_ref())
    )]
    AnotherAccount {
        /// For whom it was asked.
        wanted: Principal,
        /// Which account that is here, where that is known.
        here: Option<Sid>,
        /// Whose the ticket is, where it says so.
        got: Option<Owner>,
    },
    /// The token is not one finished step of plain Kerberos, so that its initiator cannot be known.
    #[error("a token for `{wanted}` is not what was asked for: {what}")]
    Unexpected {
        /// For whom it was asked.
        wanted: Principal,
        /// What is wrong.
        what: &'static str,
    },
}

fn shown(owner: Option<&Owner>) -> String {
    owner.map_or("nobody's that it names".to_owned(), |owner| {
        format!("{owner}'s")
    })
}

/// A token that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is bound to another TLS connection.
    #[error("the token is bound to another connection: {0}")]
    WrongBindings(String),
    /// It was used before.
    #[error("the token was used before: {0}")]
    Replayed(String),
    /// None of the keys of the services here opens its ticket.
    #[error("no key of ours opens the ticket: {0}")]
    NotForUs(String),
    /// Its ticket has expired, or is not good yet.
    #[error("the ticket is out of its time: {0}")]
    OutOfTime(String),
    /// The client's clock is off.
    #[error("the client's clock is off: {0}")]
    ClockSkew(String),
    /// Its encryption is one that is not taken.
    #[error("its encryption is not taken here: {0}")]
    Weak(String),
    /// It wants more than one step.
    #[error("the token asks for more than one step")]
    MoreSteps,
    /// Nobody is named in it.
    #[error("the token names nobody")]
    Unnamed,
    /// It is larger than any honest one.
    #[error("the token has {bytes} bytes")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// It is none.
    #[error("the token is none: {0}")]
    Malformed(String),
}

/// Our own world is broken, or set up wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The library is not there.
    #[error("MIT Kerberos cannot be loaded; install the package libgssapi-krb5-2: {detail}")]
    NoLibrary {
        /// What the loader said.
        detail: String,
    },
    /// No domain controller answers.
    #[error("no domain controller answers: {0}")]
    KdcUnreachable(String),
    /// A domain controller did not answer in time.
    #[error("Kerberos did not answer within {millis} ms")]
    TimedOut {
        /// How long was waited.
        millis: u64,
    },
    /// More wait than may.
    #[error("{waiting} wait for Kerberos already")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// Nobody answered of late, so that nobody is asked for a while.
    #[error("no domain controller answered of late; one is asked again within {seconds} s")]
    Resting {
        /// How long it lasts at most.
        seconds: u64,
    },
    /// Our clock and the domain's differ too much.
    #[error("the clock of this machine and the domain's differ too much: {0}")]
    ClockSkew(String),
    /// The keytab cannot be used.
    #[error("the keytab `{path}`: {why}")]
    Keytab {
        /// Which.
        path: String,
        /// What is wrong with it.
        why: KeytabFault,
    },
    /// The domain does not take the gate's own key: the keytab is older than the account's password.
    #[error("the domain does not take the key of `{gateway}`; is the keytab an old one? {said}")]
    OldKey {
        /// The gate's account.
        gateway: Principal,
        /// The library's words.
        said: String,
    },
    /// No key in the keytab opens a ticket to the gate itself, so that nobody can see whose it is.
    #[error(
        "no key in the keytab opens the tickets of `{gateway}`: it is older than the account's password, or the account has no AES keys: {said}"
    )]
    OwnTicket {
        /// The gate's account.
        gateway: Principal,
        /// The library's words.
        said: String,
    },
    /// The domain refuses the gate's own account.
    #[error("the domain refuses the gate's account `{gateway}`: {said}")]
    GatewayRefused {
        /// The gate's account.
        gateway: Principal,
        /// The library's words.
        said: String,
    },
    /// The gate may not pass tickets on to this service.
    #[error(
        "delegation to `{target}` is not allowed to the gate's account, whose msDS-AllowedToDelegateTo must list it: {said}"
    )]
    TargetNotAllowed {
        /// To whom.
        target: Service,
        /// The library's words.
        said: String,
    },
    /// The domain knows no such service.
    #[error("`{target}` is no service principal name in the domain: {said}")]
    UnknownTarget {
        /// To whom.
        target: Service,
        /// The library's words.
        said: String,
    },
    /// There is no encryption that both sides take: accounts need AES.
    #[error("no encryption suits both sides; do both accounts have AES keys? {0}")]
    NoCommonEncryption(String),
    /// A file that the library needs cannot be written.
    #[error("`{path}` cannot be written: {detail}")]
    Write {
        /// Which.
        path: String,
        /// Why.
        detail: String,
    },
    /// Anything else.
    #[error("Kerberos failed ({major:#x}, {minor}): {said}")]
    Other {
        /// The status of the interface.
        major: u32,
        /// The status of Kerberos.
        minor: i32,
        /// The library's words.
        said: String,
    },
}

/// What is wrong with a keytab.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeytabFault {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It is none.
    #[error("is no keytab")]
    Malformed,
    /// It has no key of this principal.
    #[error("has no key of `{0}`")]
    WithoutKey(String),
    /// Its keys of this principal are not AES.
    #[error("has no AES key of `{0}`")]
    WithoutAes(String),
}
