//! The written form of a claim description.

use serde::{Deserialize, Serialize};

use super::error::{Of, WrittenError};
use super::parts::{identifier, is_off};
use crate::trust::{ClaimDescription, Kind};

/// A claim description, as it is written; the keys are explained at [`ClaimDescription`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each is a field of the typed one, and is explained there"
)]
pub struct WrittenClaimDescription {
    pub name: String,
    pub claim_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_name: Option<String>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub is_accepted: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub is_offered: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub is_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

impl WrittenClaimDescription {
    /// What a description is written as.
    #[must_use]
    pub fn of(description: &ClaimDescription) -> Self {
        Self {
            name: description.name.clone(),
            claim_type: description.claim_type.to_string(),
            short_name: description.short_name.clone(),
            is_accepted: description.is_accepted,
            is_offered: description.is_offered,
            is_required: description.is_required,
            notes: description.notes.clone(),
        }
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// A value is none that its field may have.
    pub fn read(self) -> Result<ClaimDescription, WrittenError> {
        let of = Of::named(Kind::ClaimDescription, &self.name)?;
        Ok(ClaimDescription {
            claim_type: identifier(&of, "claim_type", &self.claim_type)?,
            name: self.name,
            short_name: self.short_name,
            is_accepted: self.is_accepted,
            is_offered: self.is_offered,
            is_required: self.is_required,
            notes: self.notes,
        })
    }
}
