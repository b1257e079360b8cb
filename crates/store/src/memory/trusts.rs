//! The port [`KeptTrusts`] in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use sts::ports::{Change, ChangeRefused, Kept, KeptTrust, KeptTrusts};
use sts::trust::Kind;

use super::Memory;
use crate::rows::trusts::name_key;

/// The trusts, by kind and name.
#[derive(Clone, Debug, Default)]
pub(super) struct Trusts {
    revision: i64,
    of: BTreeMap<(&'static str, String), (i64, KeptTrust)>,
}

impl Trusts {
    /// The number of the last change of each.
    pub(super) fn revisions(&self) -> BTreeSet<i64> {
        self.of.values().map(|(revision, _)| *revision).collect()
    }

    fn remove(&mut self, kind: Kind, name: &str, revision: i64) -> Result<(), ChangeRefused> {
        let key = (kind.as_str(), name_key(name));
        match self.of.get(&key) {
            Some((known, _)) if *known == revision => {
                self.of.remove(&key);
                Ok(())
            }
            _ => Err(ChangeRefused::Overtaken {
                kind,
                name: name.to_owned(),
            }),
        }
    }

    fn add(&mut self, trust: KeptTrust) -> Result<(), ChangeRefused> {
        let (kind, name) = (trust.kind, trust.name.clone());
        let key = (kind.as_str(), name_key(&name));
        if self.of.contains_key(&key) {
            return Err(ChangeRefused::NameTaken { kind, name });
        }
        let others = self.of.values().filter(|(_, it)| it.kind == kind);
        let others: Vec<_> = others.flat_map(|(_, it)| &it.identifiers).collect();
        let mut own = Vec::new();
        for identifier in &trust.identifiers {
            if others.contains(&identifier) || own.contains(&identifier) {
                let identifier = identifier.clone();
                return Err(ChangeRefused::IdentifierTaken { name, identifier });
            }
            own.push(identifier);
        }
        self.of.insert(key, (self.revision, trust));
        Ok(())
    }
}

#[async_trait]
impl KeptTrusts for Memory {
    async fn revision(&self) -> Result<i64, Unavailable> {
        Ok(self.open()?.trusts.revision)
    }

    async fn kept(&self) -> Result<Kept, Unavailable> {
        let state = self.open()?;
        Ok(Kept {
            revision: state.trusts.revision,
            trusts: state.trusts.of.values().cloned().collect(),
        })
    }

    async fn change(
        &self,
        changes: Vec<(Change, Event)>,
    ) -> Result<Result<i64, ChangeRefused>, Unavailable> {
        let mut state = self.open()?;
        let mut trusts = state.trusts.clone();
        let mut events = Vec::new();
        for (change, event) in changes {
            trusts.revision += 1;
            let changed = match change {
                Change::Add(with) => trusts.add(with),
                Change::Replace {
                    name,
                    revision,
                    with,
                } => trusts
                    .remove(with.kind, &name, revision)
                    .and_then(|()| trusts.add(with)),
                Change::Remove {
                    kind,
                    name,
                    revision,
                } => trusts.remove(kind, &name, revision),
            };
            if let Err(refused) = changed {
                return Ok(Err(refused));
            }
            events.push(event);
        }
        state.append(events)?;
        let revision = trusts.revision;
        state.trusts = trusts;
        Ok(Ok(revision))
    }
}
