//! Tokens that our own security token service issued, as far as it concerns who somebody is: for whom, and on what
//! sign-in of a page they rest (decision 0015).
//!
//! Holds none of a token's words but its id. Start at [`IssuedToken`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::credential::CredentialId;
use crate::place::Method;

/// The id of a token: the `AssertionID` of SAML 1.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId(pub String);

/// A token that was issued, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// Its id.
    pub id: TokenId,
    /// For whom.
    pub account: AccountId,
    /// The credential that the sign-in rests on.
    pub credential: CredentialId,
    /// The token whose code it rests on, where one was asked for.
    pub token: Option<CredentialId>,
    /// What was proved.
    pub methods: BTreeSet<Method>,
    /// When the second factor among these was proved, where there is one.
    pub second_factor: Option<Timestamp>,
    /// When it ends.
    pub expires: Timestamp,
}
