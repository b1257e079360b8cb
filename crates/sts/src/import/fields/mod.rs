//! What each field of AD FS becomes: one table for each cmdlet, which the import reads by and the guide's mapping is made
//! from.
//!
//! Start at [`read`].

mod shared;

mod rules;
mod saml_endpoint;

mod relying_party;

mod claims_provider;

mod claim_description;
mod endpoint;
mod service;

pub(super) use claim_description::{Draft as ClaimDescriptionDraft, TABLE as CLAIM_DESCRIPTION};
pub(super) use claims_provider::{Draft as ClaimsProviderDraft, TABLE as CLAIMS_PROVIDER};
pub(super) use endpoint::{Draft as EndpointDraft, FAMILIES, PATHS, Served, TABLE as ENDPOINT};
pub(super) use relying_party::{Draft as RelyingPartyDraft, TABLE as RELYING_PARTY};
pub(super) use rules::fate as fate_of_rules;
pub(super) use saml_endpoint::TABLE as SAML_ENDPOINT;
pub(super) use service::{Draft as ServiceDraft, TABLE as SERVICE};

use super::dress::Wrong;
use super::report::{Fate, FieldReport};
use super::value::{Object, Value};

/// One field of AD FS.
pub(super) struct Field<T: 'static> {
    /// Its name, as `Get-` prints it.
    pub(super) name: &'static str,
    /// The parameter of `Add-` or `Set-` that makes it; nothing where there is none.
    pub(super) parameter: Option<&'static str>,
    /// Whether an object without it cannot be judged: every version of AD FS prints it.
    is_everywhere: bool,
    /// What becomes of a value of it.
    pub(super) becomes: Becomes<T>,
}

/// What becomes of the values of a field.
pub(super) enum Becomes<T: 'static> {
    /// That depends on them: in a few words for the guide, and how they are read.
    Read(&'static str, Read<T>),
    /// The same, and they are objects whose fields are told as well.
    Nested(&'static str, ReadNested<T>),
    /// Nothing here needs them, for this reason.
    NotNeeded(&'static str),
    /// They say something that is not there yet, and no sign-in fails for it.
    NotYet(&'static str),
}

/// Reads a value into what is being made, and says what became of it.
pub(super) type Read<T> = fn(&Value, &mut T) -> Result<Fate, Wrong>;

/// Reads objects inside a field; what became of their fields is told beside what became of the whole.
pub(super) type ReadNested<T> = fn(&Value, &mut T) -> Result<(Fate, Vec<FieldReport>), Wrong>;

/// A field that every version prints, under the name of its parameter.
const fn field<T>(name: &'static str, becomes: &'static str, read: Read<T>) -> Field<T> {
    of(name, Becomes::Read(becomes, read))
}

/// The same, of objects.
const fn nested<T>(name: &'static str, becomes: &'static str, read: ReadNested<T>) -> Field<T> {
    of(name, Becomes::Nested(becomes, read))
}

/// The same, which nothing here needs.
const fn not_needed<T>(name: &'static str, why: &'static str) -> Field<T> {
    of(name, Becomes::NotNeeded(why))
}

/// The same, of something that is not there yet.
const fn not_yet<T>(name: &'static str, what: &'static str) -> Field<T> {
    of(name, Becomes::NotYet(what))
}

const fn of<T>(name: &'static str, becomes: Becomes<T>) -> Field<T> {
    Field {
        name,
        parameter: Some(name),
        is_everywhere: true,
        becomes,
    }
}

/// What is said of everything that only OAuth 2.0 needs.
const OAUTH: &str = "OAuth 2.0 is not served, and clients that use it get no token";

impl<T> Field<T> {
    /// The same, which another parameter makes.
    const fn by(mut self, parameter: &'static str) -> Self {
        self.parameter = Some(parameter);
        self
    }

    /// The same, which no parameter makes.
    const fn printed(mut self) -> Self {
        self.parameter = None;
        self
    }

    /// The same, which only newer versions print.
    const fn newer(mut self) -> Self {
        self.is_everywhere = false;
        self
    }
}

/// What PowerShell adds to objects of another machine.
const OF_REMOTING: [&str; 3] = ["PSComputerName", "RunspaceId", "PSShowComputerName"];

/// Reads an object by its table.
pub(super) fn read<T>(object: &Object, table: &[Field<T>], into: &mut T) -> Vec<FieldReport> {
    let mut reports = Vec::new();
    for (name, value) in &object.fields {
        let mut known = table.iter();
        let known = known.find(|field| field.name.eq_ignore_ascii_case(name));
        let is_of_remoting = OF_REMOTING.iter().any(|it| it.eq_ignore_ascii_case(name));
        let mut inside = Vec::new();
        let fate = match known {
            Some(field) => match field.becomes {
                Becomes::Read(_, read) => read(value, into).unwrap_or_else(Fate::refused),
                Becomes::Nested(_, read) => match read(value, into) {
                    Ok((fate, told)) => {
                        inside = told;
                        fate
                    }
                    Err(why) => Fate::refused(why),
                },
                Becomes::NotNeeded(why) => Fate::not_needed(why),
                Becomes::NotYet(what) => Fate::not_yet(what),
            },
            None if is_of_remoting => Fate::not_needed("PowerShell's own, about the connection"),
            None => Fate::unknown(),
        };
        reports.push(FieldReport {
            field: name.clone(),
            fate,
        });
        for told in inside {
            let field = format!("{name}{}", told.field);
            let fate = told.fate;
            reports.push(FieldReport { field, fate });
        }
    }
    let missing = table.iter().filter(|field| field.is_everywhere);
    for field in missing.filter(|field| object.field(field.name).is_none()) {
        let why = "it is not in the export, and every AD FS has it: export whole objects";
        reports.push(FieldReport {
            field: field.name.to_owned(),
            fate: Fate::refused(why),
        });
    }
    reports
}
