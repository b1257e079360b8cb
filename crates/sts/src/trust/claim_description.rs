//! A claim type as an administrator knows it: its name, and whether metadata says that it is taken or offered.

use super::identifier::Identifier;

/// What is said of a claim type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimDescription {
    /// What it is called.
    pub name: String,
    /// What a claim of it has in `Type`.
    pub claim_type: Identifier,
    /// What it is called in a JSON web token.
    pub short_name: Option<String>,
    /// Whether metadata says that claims of it are taken.
    pub is_accepted: bool,
    /// Whether metadata says that claims of it are issued.
    pub is_offered: bool,
    /// Whether metadata says that it must be there.
    pub is_required: bool,
    /// An administrator's words.
    pub notes: Option<String>,
}
