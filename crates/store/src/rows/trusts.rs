//! The tables `trusts` and `trust_identifiers`: the written form as a text that nobody here reads, and a seal over it.

use aws_lc_rs::digest::{SHA256, digest};
use sts::ports::KeptTrust;
use sts::trust::{Identifier, Kind};
use zeroize::Zeroizing;

use super::accounts::{list, list_text};
use super::unreadable;
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Lists all trusts.
pub(crate) const LIST: &str = "
    SELECT kind, name, identifiers, revision, written, seal
    FROM trusts
    ORDER BY kind, name_key";

/// Adds a trust ($1 to $7 in the order of the columns), unless its name is another's.
pub(crate) const ADD: &str = "
    INSERT INTO trusts (kind, name_key, name, identifiers, revision, written, seal)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (kind, name_key) DO NOTHING";

/// Removes the trust of a kind ($1) and name ($2) whose last change had a number ($3).
///
/// SECURITY: this statement alone decides who of two that change one trust was first.
pub(crate) const REMOVE: &str = "
    DELETE FROM trusts
    WHERE kind = $1 AND name_key = $2 AND revision = $3";

/// Gives an identifier ($2) of a kind ($1) to the trust of a name ($3), unless it is another's.
pub(crate) const ADD_IDENTIFIER: &str = "
    INSERT INTO trust_identifiers (kind, identifier, name_key)
    VALUES ($1, $2, $3)
    ON CONFLICT (kind, identifier) DO NOTHING";

/// Takes the identifiers of a trust of a kind ($1) and name ($2).
pub(crate) const REMOVE_IDENTIFIERS: &str = "
    DELETE FROM trust_identifiers
    WHERE kind = $1 AND name_key = $2";

/// A name, as names are compared.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// How identifiers are written.
pub(crate) fn identifiers_text(identifiers: &[Identifier]) -> String {
    let texts: Vec<String> = identifiers.iter().map(Identifier::to_string).collect();
    list_text(&texts)
}

/// Reads a trust, with the number of its last change and its seal.
///
/// **Trusts** every column; only a seal that opens in its [`place`], with the digest of the text in it, proves them.
pub(crate) fn trust(row: &Row) -> Result<(i64, KeptTrust, Sealed<Seal>), sqlx::Error> {
    let kind: &str = row.try_get("kind")?;
    let identifiers = list(row, "identifiers")?;
    let identifiers = identifiers.iter().map(|it| Identifier::parse(it));
    let identifiers = identifiers.collect::<Result<_, _>>();
    let trust = KeptTrust {
        kind: Kind::named(kind).ok_or_else(|| unreadable("kind", "an unknown kind"))?,
        name: row.try_get("name")?,
        identifiers: identifiers.map_err(|error| unreadable("identifiers", error))?,
        text: row.try_get("written")?,
    };
    Ok((
        row.try_get("revision")?,
        trust,
        Sealed::of_stored(row.try_get("seal")?),
    ))
}

/// Every column of a row, for the digest of the set.
pub(crate) fn parts(row: &Row) -> Result<Vec<Option<Vec<u8>>>, sqlx::Error> {
    let text = |column| row.try_get::<&str>(column).map(|it| it.as_bytes().to_vec());
    let revision: i64 = row.try_get("revision")?;
    Ok([
        text("kind")?,
        text("name")?,
        text("identifiers")?,
        revision.to_be_bytes().to_vec(),
        text("written")?,
        row.try_get("seal")?,
    ]
    .map(Some)
    .to_vec())
}

/// The digest of a written form, which is sealed.
///
/// SECURITY: whoever can write into the database and has no key cannot make us believe somebody, or let somebody in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal([u8; 32]);

impl Seal {
    /// Of a written form.
    pub(crate) fn of(text: &str) -> Self {
        let made = digest(&SHA256, text.as_bytes());
        Self(made.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

impl Sealable for Seal {
    const TABLE: &'static str = "trusts";
    const COLUMN: &'static str = "seal";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        plain.try_into().ok().map(Self)
    }
}

/// Where a trust is sealed: beside its kind, its name and what it calls itself.
pub(crate) fn place(trust: &KeptTrust) -> Place {
    Place::of_row(&name_key(&trust.name))
        .beside("kind", Some(trust.kind.as_str().to_owned()))
        .beside("name", Some(trust.name.clone()))
        .beside("identifiers", Some(identifiers_text(&trust.identifiers)))
}
