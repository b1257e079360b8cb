//! What is wrong with a written trust, and where.

use claims::ParseErrors;
use thiserror::Error;

use super::{MAX_NAME, VERSION};
use crate::trust::{
    CertificateError, IdentifierError, Kind, NotBeforeSkew, Purpose, Rules, SharedIdentifier,
    TokenLifetime, UrlError,
};

/// A written trust that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenError {
    /// Of what, where that is known.
    pub of: Option<(Kind, String)>,
    /// The key, where one is meant.
    pub key: Option<&'static str>,
    /// Why.
    pub problem: Problem,
}

impl std::error::Error for WrittenError {}

impl std::fmt::Display for WrittenError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some((kind, name)) = &self.of {
            write!(out, "{kind} `{name}`: ")?;
        }
        if let Some(key) = self.key {
            write!(out, "`{key}`: ")?;
        }
        self.problem.fmt(out)
    }
}

/// Why a value is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// It is not the form at all.
    #[error("{0}")]
    Malformed(String),
    /// It is of another version.
    #[error("version {0} of the form is not known, only {VERSION}")]
    Version(u32),
    /// What is kept under a kind and a name is something else.
    #[error("what is kept under this name is something else")]
    Another,
    /// Two have one identifier.
    #[error(transparent)]
    Shared(#[from] SharedIdentifier),
    /// A name that cannot be one.
    #[error("a name has 1 to {MAX_NAME} characters that can be seen")]
    Name,
    /// There is none, and one is needed.
    #[error("one at least is needed")]
    Missing,
    /// It is no identifier.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// It is the name of our own authorities.
    #[error("claims that we ourselves issue are called so, and no partner is")]
    Reserved,
    /// It is no address.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// It is no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Nothing can be encrypted with it.
    #[error(
        "nothing can be encrypted with it, and nobody would get a token: ask the party for a certificate with a key of {}, or leave \
         it out, or set `encrypt_claims` to false, and its tokens are signed alone",
        Purpose::Encryption.keys()
    )]
    NotEncrypting,
    /// It is no Base64.
    #[error("it is not Base64")]
    Base64,
    /// It is none of the words.
    #[error("`{got}` is not one of {known}")]
    Word {
        /// What is written.
        got: String,
        /// What may be.
        known: String,
    },
    /// A lifetime out of bounds.
    #[error("it is 1 to {} minutes", TokenLifetime::MOST)]
    Lifetime,
    /// A skew out of bounds.
    #[error("it is 0 to {} minutes", NotBeforeSkew::MOST)]
    Skew,
    /// Rules that are none.
    #[error("{0}")]
    Rules(ParseErrors),
    /// Rules and a policy at once.
    #[error("authorization rules and an access control policy exclude each other")]
    RulesAndPolicy,
    /// A policy that is for groups, and names none.
    #[error("the policy is for groups, and none is named")]
    NoGroups,
    /// Signatures that are not made, and believed until a date alone.
    #[error(
        "nothing is signed with SHA-1 here, and RSA-SHA256 is what every product of the last ten years takes; where the party signs \
         its own requests with SHA-1, `sha1_until` says until when they are believed"
    )]
    Sha1,
    /// A date for signatures of SHA-1 that nobody makes.
    #[error("it goes with `signature_algorithm` RSA-SHA1 alone")]
    NotSha1,
    /// It is no date.
    #[error("it is no date as 2027-06-30")]
    Date,
    /// A group that nobody is found in.
    #[error("`{0}` is neither the SID of a group nor its name as DOMAIN\\group")]
    UnclearGroup(String),
    /// A policy that is not for groups, and names some.
    #[error("the policy is not for groups")]
    Groups,
    /// A claims provider whose tokens nothing would verify.
    #[error("without a certificate nothing that it signs can be believed")]
    NoCertificate,
}

impl WrittenError {
    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        Self::of_nothing(Problem::Malformed(error.to_string()))
    }

    pub(super) fn version(version: u32) -> Self {
        Self::of_nothing(Problem::Version(version))
    }

    pub(super) fn shared(shared: SharedIdentifier) -> Self {
        Self::of_nothing(Problem::Shared(shared))
    }

    pub(super) fn another(kind: Kind, name: &str) -> Self {
        Self {
            of: Some((kind, name.to_owned())),
            ..Self::of_nothing(Problem::Another)
        }
    }

    fn of_nothing(problem: Problem) -> Self {
        Self {
            of: None,
            key: None,
            problem,
        }
    }
}

/// How a form is read: as a new one is, or as one that was taken before, which may say what is taken no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// As a new one.
    New,
    /// As one that was taken before.
    Kept,
}

/// Whose values are being read.
#[derive(Clone, Debug)]
pub(super) struct Of {
    kind: Kind,
    name: String,
    read: As,
}

impl Of {
    /// Something of a kind, by a name that can be one.
    pub(super) fn named(kind: Kind, name: &str) -> Result<Self, WrittenError> {
        Self::read_as(kind, name, As::New)
    }

    /// The same, read in a way.
    pub(super) fn read_as(kind: Kind, name: &str, read: As) -> Result<Self, WrittenError> {
        let of = Self {
            kind,
            name: name.to_owned(),
            read,
        };
        let is_seen = name.trim() == name && !name.is_empty() && !name.contains(char::is_control);
        match is_seen && name.chars().count() <= MAX_NAME {
            true => Ok(of),
            false => Err(of.wrong("name", Problem::Name)),
        }
    }

    /// Whether it is a new one.
    pub(super) fn is_new(&self) -> bool {
        self.read == As::New
    }

    /// Whether it is of a kind.
    pub(super) fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// Rules of it.
    pub(super) fn rules(&self, text: &str) -> Result<Rules, ParseErrors> {
        match self.read {
            As::New => Rules::parse(text),
            As::Kept => Rules::load(text),
        }
    }

    /// A value of it is wrong.
    pub(super) fn wrong(&self, key: &'static str, problem: impl Into<Problem>) -> WrittenError {
        WrittenError {
            of: Some((self.kind, self.name.clone())),
            key: Some(key),
            problem: problem.into(),
        }
    }
}
