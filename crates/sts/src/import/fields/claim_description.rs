//! What `Get-AdfsClaimDescription` prints of a claim type, field by field.

use super::shared::{either, named, notes};
use super::{Field, field};
use crate::import::dress;
use crate::import::report::Fate;
use crate::trust::{ClaimDescription, Identifier};

/// A description that is being read.
#[derive(Default)]
pub(in crate::import) struct Draft {
    name: String,
    claim_type: Option<Identifier>,
    short_name: Option<String>,
    is_accepted: bool,
    is_offered: bool,
    is_required: bool,
    notes: Option<String>,
}

/// What becomes of each field.
pub(in crate::import) const TABLE: &[Field<Draft>] = &[
    field("Name", "`name`", |value, draft: &mut Draft| {
        draft.name = named(value)?;
        Ok(Fate::taken("the name"))
    }),
    field("ShortName", "`short_name`", |value, draft: &mut Draft| {
        draft.short_name = dress::text(value)?.map(str::to_owned);
        Ok(Fate::taken("what it is called in a JSON web token"))
    })
    .newer(),
    field("ClaimType", "`claim_type`", |value, draft: &mut Draft| {
        draft.claim_type = dress::identifier(value)?;
        match &draft.claim_type {
            Some(it) if claims::ClaimType::meant_by(it.as_str()).is_some() => {
                let remark = "no claim is ever called that: the type begins with http";
                Ok(Fate::taken("the claim type").with_remark(remark))
            }
            Some(_) => Ok(Fate::taken("the claim type")),
            None => Err("a description is of a claim type".to_owned()),
        }
    }),
    field("IsAccepted", "`is_accepted`", |value, draft: &mut Draft| {
        either(
            value,
            &mut draft.is_accepted,
            "metadata says that it is taken",
            "metadata does not say that it is taken",
        )
    }),
    field("IsOffered", "`is_offered`", |value, draft: &mut Draft| {
        either(
            value,
            &mut draft.is_offered,
            "metadata says that it is issued",
            "metadata does not say that it is issued",
        )
    }),
    field("IsRequired", "`is_required`", |value, draft: &mut Draft| {
        either(
            value,
            &mut draft.is_required,
            "metadata says that it must be there",
            "it need not be there",
        )
    }),
    field("Notes", "`notes`", |value, draft: &mut Draft| {
        notes(value, &mut draft.notes)
    }),
];

impl Draft {
    /// The description.
    pub(in crate::import) fn finish(self) -> Option<ClaimDescription> {
        Some(ClaimDescription {
            name: self.name,
            claim_type: self.claim_type?,
            short_name: self.short_name,
            is_accepted: self.is_accepted,
            is_offered: self.is_offered,
            is_required: self.is_required,
            notes: self.notes,
        })
    }
}
