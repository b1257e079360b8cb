//! Readers that several tables share.

use crate::import::dress::{self, Wrong};
use crate::import::report::Fate;
use crate::import::value::Value;
use crate::trust::{Identifier, RevocationCheck, SignatureAlgorithm};

/// What is read of a yes or no: what it is taken as either way.
pub(super) fn either(value: &Value, into: &mut bool, yes: &str, no: &str) -> Result<Fate, Wrong> {
    *into = dress::flag(value)?;
    Ok(Fate::taken(match *into {
        true => yes,
        false => no,
    }))
}

/// What is said of so many of something.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// An administrator's words.
pub(super) fn notes(value: &Value, into: &mut Option<String>) -> Result<Fate, Wrong> {
    *into = dress::text(value)?.map(str::to_owned);
    Ok(Fate::taken(match into {
        Some(_) => "the notes",
        None => "no notes",
    }))
}

/// What is lost or changed where there is a value, and not needed where there is none.
pub(super) fn unless_null(value: &Value, set: Fate) -> Result<Fate, Wrong> {
    Ok(match dress::text(value)? {
        None => Fate::not_needed("none"),
        Some(_) => set,
    })
}

/// A name, which must be there.
pub(super) fn named(value: &Value) -> Result<String, Wrong> {
    let name = dress::text(value)?.map(str::to_owned);
    name.ok_or_else(|| "a trust has a name".to_owned())
}

/// One of two fates, by a yes or no.
pub(super) fn switch(value: &Value, no: Fate, yes: Fate) -> Result<Fate, Wrong> {
    Ok(match dress::flag(value)? {
        true => yes,
        false => no,
    })
}

/// How a certificate is looked up.
pub(super) fn revocation(value: &Value, into: &mut RevocationCheck) -> Result<Fate, Wrong> {
    *into = dress::choice(value)?;
    Ok(match *into {
        RevocationCheck::None => Fate::taken("revocation lists are not asked"),
        _ => Fate::not_yet(
            "no revocation list is asked: take a certificate that is revoked out of the trust",
        ),
    })
}

/// By what something is signed.
pub(super) fn algorithm(value: &Value) -> Result<SignatureAlgorithm, Wrong> {
    let uri = dress::text(value)?.unwrap_or_default();
    let found = SignatureAlgorithm::of_uri(uri);
    found.ok_or_else(|| format!("`{uri}` is not known here"))
}

/// What is done with metadata without anybody's asking.
pub(super) fn by_itself(
    value: &Value,
    into: &mut bool,
    (yes, no): (&str, &str),
) -> Result<Fate, Wrong> {
    *into = dress::flag(value)?;
    Ok(Fate::taken(if *into { yes } else { no }))
}

/// The claim types of claim descriptions.
pub(super) fn claim_types(value: &Value, into: &mut Vec<Identifier>) -> Result<Fate, Wrong> {
    let mut types = Vec::new();
    for entry in value.entries() {
        let described = dress::object(entry)?;
        let claim_type = described.field("ClaimType").unwrap_or(&Value::Null);
        types.extend(dress::identifier(claim_type)?);
    }
    let fate = Fate::taken(counted(types.len(), "claim type", "claim types"));
    *into = types;
    Ok(fate)
}

/// A trust of a group stands alone.
pub(super) fn group(value: &Value) -> Result<Fate, Wrong> {
    Ok(match dress::text(value)? {
        None => Fate::not_needed("it is in no group"),
        Some(_) => Fate::changed("it is in a group, and stands alone here"),
    })
}
