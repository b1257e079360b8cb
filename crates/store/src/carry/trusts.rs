//! What is carried of trusts: one that was changed or switched off after a backup was made stays as it became, and one that
//! was removed stays away.

use std::collections::BTreeMap;

use authn::audit::{ByHand, Event, Kind, TrustAct};
use sts::ports::KeptTrust;

use crate::chain::Head;
use crate::engine::{Connection, Row, query};
use crate::ports::trusts;
use crate::rows;
use crate::rows::trusts::{Seal, name_key};
use crate::seal::{KeyFile, Sealed};
use crate::sets::Set;
use crate::writer::WriteError;

/// The trusts of the store that is to be replaced, where they open with its keys, by kind and name.
pub(super) type Trusts = BTreeMap<(&'static str, String), (KeptTrust, Sealed<Seal>)>;

/// Reads them; none where somebody put others in their place, and nothing can be said of what became of any.
pub(super) async fn read(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Option<Trusts>, WriteError> {
    let rows = list(&mut *connection).await?;
    if !Set::Trusts
        .is_as_sealed(&mut *connection, &rows, keys)
        .await?
    {
        return Ok(None);
    }
    let mut known = Trusts::new();
    for row in &rows {
        match trusts::opened(row, keys) {
            Ok((_, trust)) => {
                let (_, _, sealed) = rows::trusts::trust(row)?;
                known.insert(key(&trust), (trust, sealed));
            }
            Err(WriteError::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(known))
}

/// Lays them upon a prepared store.
pub(super) async fn carry(
    connection: &mut Connection,
    (known, keys): (&Trusts, &KeyFile),
    head: &mut Head,
    by: &ByHand,
) -> Result<Vec<Event>, WriteError> {
    let mut number = Set::Trusts.of(*head)?.revision;
    let mut changed = Vec::new();
    let mut events = Vec::new();
    // First all go that are others by now, so that none is in another's way.
    for row in &list(&mut *connection).await? {
        let (revision, trust) = trusts::opened(row, keys)?;
        let later = known.get(&key(&trust));
        if later.is_some_and(|(later, _)| *later == trust) {
            continue;
        }
        let old = (trust.kind, trust.name.as_str());
        let removed = trusts::remove(&mut *connection, old, revision).await?;
        removed.map_err(|refused| crate::unavailable(refused.to_string()))?;
        let act = match later {
            Some(_) => TrustAct::Changed,
            None => TrustAct::Removed,
        };
        events.push(said(&trust, act, by));
        changed.extend(later);
    }
    for new in changed {
        number = number.saturating_add(1);
        let added = trusts::add(&mut *connection, new, number).await?;
        added.map_err(|refused| crate::unavailable(refused.to_string()))?;
    }
    let sealed = Set::Trusts
        .sealed(connection, number.saturating_add(1))
        .await?;
    head.sets = head.sets.map(|sets| sets.with(Set::Trusts, sealed));
    Ok(events)
}

fn said(trust: &KeptTrust, act: TrustAct, by: &ByHand) -> Event {
    let kind = Kind::Trust {
        kind: trust.kind.as_str().to_owned(),
        name: trust.name.clone(),
        act,
    };
    Event::by_hand(by, kind, None)
}

fn key(trust: &KeptTrust) -> (&'static str, String) {
    (trust.kind.as_str(), name_key(&trust.name))
}

async fn list(connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
    query(rows::trusts::LIST).fetch_all(connection).await
}
