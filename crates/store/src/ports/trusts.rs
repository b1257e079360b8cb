//! The port [`KeptTrusts`] on a database; each written form goes in and out under a seal.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use sts::ports::{Change, ChangeRefused, Kept, KeptTrust, KeptTrusts};
use sts::trust::Kind;

use crate::Store;
use crate::engine::{Connection, Row, query};
use crate::rows;
use crate::rows::trusts::{Seal, name_key};
use crate::seal::{KeyFile, Sealed};
use crate::sets::Set;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl KeptTrusts for Store {
    async fn revision(&self) -> Result<i64, Unavailable> {
        self.last_change(Set::Trusts).await
    }

    async fn kept(&self) -> Result<Kept, Unavailable> {
        let (sealed, found) = self.set(Set::Trusts).await?;
        let opened = found.iter().map(|row| opened(row, &self.0.keys));
        let opened: Result<_, WriteError> = opened.collect();
        let trusts = opened.map_err(|error| self.unread(error))?;
        Ok(Kept {
            revision: sealed.revision,
            trusts,
        })
    }

    async fn change(
        &self,
        changes: Vec<(Change, Event)>,
    ) -> Result<Result<i64, ChangeRefused>, Unavailable> {
        let sealed = changes.into_iter().map(|(change, event)| {
            let with = match change {
                Change::Add(with) => Step::of(None, Some(self.sealed(with)?)),
                Change::Replace {
                    name,
                    revision,
                    with,
                } => {
                    let old = (with.kind, name, revision);
                    Step::of(Some(old), Some(self.sealed(with)?))
                }
                Change::Remove {
                    kind,
                    name,
                    revision,
                } => Step::of(Some((kind, name, revision)), None),
            };
            Ok((with, event))
        });
        let steps = sealed.collect::<Result<_, Unavailable>>()?;
        self.0.writer.submit(Changing(steps)).await
    }
}

impl Store {
    fn sealed(&self, trust: KeptTrust) -> Result<(KeptTrust, Sealed<Seal>), Unavailable> {
        let seal = Seal::of(&trust.text);
        let sealed = self.0.keys.seal(&rows::trusts::place(&trust), &seal)?;
        Ok((trust, sealed))
    }
}

/// Reads a row and opens its seal, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<(i64, KeptTrust), WriteError> {
    let (revision, trust, sealed) = rows::trusts::trust(row)?;
    let seal = keys.unseal(&rows::trusts::place(&trust), &sealed)?;
    if seal != Seal::of(&trust.text) {
        let detail = format!("`{}` was changed without the key", trust.name);
        let what = "a trust";
        return Err(Unavailable { what, detail }.into());
    }
    Ok((revision, trust))
}

/// What goes, and what comes in its place.
struct Step {
    old: Option<(Kind, String, i64)>,
    new: Option<(KeptTrust, Sealed<Seal>)>,
}

impl Step {
    fn of(old: Option<(Kind, String, i64)>, new: Option<(KeptTrust, Sealed<Seal>)>) -> Self {
        Self { old, new }
    }
}

struct Changing(Vec<(Step, Event)>);

#[async_trait]
impl Write for Changing {
    type Output = Result<i64, ChangeRefused>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let mut revision = writing.set(Set::Trusts).await?.revision;
        let connection = &mut *writing.connection;
        let mut events = Vec::new();
        for (step, event) in &self.0 {
            revision = revision.saturating_add(1);
            if let Some((kind, name, was)) = &step.old
                && let Err(refused) = remove(connection, (*kind, name), *was).await?
            {
                return Ok(Done::Undo(Err(refused)));
            }
            if let Some(new) = &step.new
                && let Err(refused) = add(connection, new, revision).await?
            {
                return Ok(Done::Undo(Err(refused)));
            }
            events.push(event.clone());
        }
        writing.seal_set(Set::Trusts, revision).await?;
        writing.append(events)?;
        Ok(Done::Keep(Ok(revision)))
    }
}

/// Removes a trust whose last change has this number.
pub(crate) async fn remove(
    connection: &mut Connection,
    (kind, name): (Kind, &str),
    revision: i64,
) -> Result<Result<(), ChangeRefused>, WriteError> {
    query(rows::trusts::REMOVE_IDENTIFIERS)
        .bind(kind.as_str())
        .bind(name_key(name))
        .execute(&mut *connection)
        .await?;
    let removed = query(rows::trusts::REMOVE)
        .bind(kind.as_str())
        .bind(name_key(name))
        .bind(revision)
        .execute(&mut *connection)
        .await?;
    Ok(match removed.rows_affected() {
        0 => Err(ChangeRefused::Overtaken {
            kind,
            name: name.to_owned(),
        }),
        _ => Ok(()),
    })
}

/// Adds a trust, whose change gets this number.
pub(crate) async fn add(
    connection: &mut Connection,
    (trust, sealed): &(KeptTrust, Sealed<Seal>),
    revision: i64,
) -> Result<Result<(), ChangeRefused>, WriteError> {
    let (kind, name) = (trust.kind.as_str(), &trust.name);
    let added = query(rows::trusts::ADD)
        .bind(kind)
        .bind(name_key(name))
        .bind(name)
        .bind(rows::trusts::identifiers_text(&trust.identifiers))
        .bind(revision)
        .bind(&trust.text)
        .bind(sealed.as_bytes().to_vec())
        .execute(&mut *connection)
        .await?;
    if added.rows_affected() == 0 {
        return Ok(Err(ChangeRefused::NameTaken {
            kind: trust.kind,
            name: name.clone(),
        }));
    }
    for identifier in &trust.identifiers {
        let added = query(rows::trusts::ADD_IDENTIFIER)
            .bind(kind)
            .bind(identifier.as_str())
            .bind(name_key(name))
            .execute(&mut *connection)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(Err(ChangeRefused::IdentifierTaken {
                name: name.clone(),
                identifier: identifier.clone(),
            }));
        }
    }
    Ok(Ok(()))
}
