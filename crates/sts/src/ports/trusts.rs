//! The ports of trusts: as a sign-in sees them, all of one moment, and as they are kept and changed.

use std::sync::Arc;

use async_trait::async_trait;
use authn::audit::Event;

use super::Unavailable;
use crate::trust::{Identifier, Kind, TrustBook};

/// The trusts, as a sign-in sees them.
#[async_trait]
pub trait Trusts: Send + Sync {
    /// All trusts of one moment. It costs a request nothing: whoever implements this reads them when they change.
    async fn current(&self) -> Result<Arc<TrustBook>, Unavailable>;
}

#[async_trait]
impl Trusts for Arc<TrustBook> {
    async fn current(&self) -> Result<Self, Unavailable> {
        Ok(Self::clone(self))
    }
}

/// The trusts, as they are kept: by kind and name, in their written form, which the keeper does not read.
#[async_trait]
pub trait KeptTrusts: Send + Sync {
    /// The number of the last change; it grows with every one.
    async fn revision(&self) -> Result<i64, Unavailable>;
    /// All of one moment, by kind and name.
    async fn kept(&self) -> Result<Kept, Unavailable>;
    /// Makes changes with the event of each, all or none, and says the number of the last.
    ///
    /// `Err` where one is refused: what it would replace or remove is not what it was, or a name or an identifier is
    /// another's.
    async fn change(
        &self,
        changes: Vec<(Change, Event)>,
    ) -> Result<Result<i64, ChangeRefused>, Unavailable>;
}

/// What is kept, of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The number of the last change.
    pub revision: i64,
    /// Each with the number of its own last change.
    pub trusts: Vec<(i64, KeptTrust)>,
}

/// One trust, or claim description, in its written form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTrust {
    /// What it is.
    pub kind: Kind,
    /// What it is called; no other of its kind is called so, in any case of letters.
    pub name: String,
    /// What it calls itself; no other of its kind does.
    pub identifiers: Vec<Identifier>,
    /// Its written form ([`crate::trust::written`]).
    pub text: String,
}

/// A change of what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something new.
    Add(KeptTrust),
    /// Something in the place of what has its kind and this name, whose last change had this number.
    Replace {
        /// The name before.
        name: String,
        /// The number of its last change.
        revision: i64,
        /// What takes its place.
        with: KeptTrust,
    },
    /// Nothing in the place of what has this kind and name, whose last change had this number.
    Remove {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The number of its last change.
        revision: i64,
    },
}

/// Why a change is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// Another is called so.
    #[error("there is a {kind} called `{name}` already")]
    NameTaken {
        /// Its kind.
        kind: Kind,
        /// The name.
        name: String,
    },
    /// Another calls itself so.
    #[error("the identifier `{identifier}` of `{name}` is another's already")]
    IdentifierTaken {
        /// Whose it would be.
        name: String,
        /// The identifier.
        identifier: Identifier,
    },
    /// It is not there, or somebody changed it meanwhile.
    #[error("the {kind} `{name}` was changed or removed by somebody else meanwhile")]
    Overtaken {
        /// Its kind.
        kind: Kind,
        /// The name.
        name: String,
    },
}
