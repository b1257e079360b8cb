//! What is carried of signing keys and of the ledger: a key that was retired after a backup was made does not sign again, and a
//! token that was issued since is known.

use authn::audit::{ByHand, Event, KeyAct, Kind};
use jiff::Timestamp;
use sts::key_ring::{KeyState, TokenSigningCertificate};
use sts::ledger::LedgerEntry;

use crate::chain::Head;
use crate::engine::{Connection, query};
use crate::ports::ledger;
use crate::rows;
use crate::rows::signing_keys::micros;
use crate::seal::KeyFile;
use crate::sets::Set;
use crate::writer::WriteError;

/// The keys of the store that is to be replaced, each with its private half as it is sealed, and the tokens that are good.
#[derive(Debug)]
pub(super) struct Signing {
    keys: Vec<(TokenSigningCertificate, Option<Vec<u8>>)>,
    tokens: Vec<LedgerEntry>,
}

/// Reads them.
pub(super) async fn read(
    connection: &mut Connection,
    (keys, now): (&KeyFile, Timestamp),
) -> Result<Signing, WriteError> {
    let mut found = query(rows::signing_keys::LIST)
        .fetch_all(&mut *connection)
        .await?;
    let set = Set::SigningKeys;
    if !set.is_as_sealed(&mut *connection, &found, keys).await? {
        found.clear();
    }
    let keys = found.iter().map(|row| {
        let sealed = rows::signing_keys::private_half(row)?;
        let sealed = sealed.map(|sealed| sealed.as_bytes().to_vec());
        Ok((rows::signing_keys::key(row)?, sealed))
    });
    let keys = keys.collect::<Result<_, sqlx::Error>>()?;
    let found = query(rows::token_ledger::GOOD_AFTER)
        .bind(now.as_microsecond())
        .fetch_all(&mut *connection)
        .await?;
    let tokens = found.iter().map(rows::token_ledger::entry);
    let tokens = tokens.collect::<Result<_, _>>()?;
    Ok(Signing { keys, tokens })
}

/// Lays them upon a prepared store.
pub(super) async fn carry(
    connection: &mut Connection,
    known: &Signing,
    head: &mut Head,
    by: &ByHand,
) -> Result<Vec<Event>, WriteError> {
    for token in &known.tokens {
        let there = query(rows::token_ledger::BY_ID)
            .bind(&token.token.0)
            .fetch_optional(&mut *connection)
            .await?;
        if there.is_none() {
            ledger::add(&mut *connection, token).await?;
        }
    }
    if known.keys.is_empty() {
        return Ok(Vec::new());
    }
    let found = query(rows::signing_keys::LIST)
        .fetch_all(&mut *connection)
        .await?;
    let found = found.iter().map(rows::signing_keys::key);
    let found: Vec<TokenSigningCertificate> = found.collect::<Result<_, _>>()?;
    if found.iter().eq(known.keys.iter().map(|(key, _)| key)) {
        return Ok(Vec::new());
    }
    query(rows::signing_keys::REMOVE_ALL)
        .execute(&mut *connection)
        .await?;
    let mut events = Vec::new();
    for (key, sealed) in &known.keys {
        let (state, since, promotes_at, retired) = match key.state {
            KeyState::Primary { since } => ("primary", Some(since), None, None),
            KeyState::Next { promotes_at } => ("next", None, Some(promotes_at), None),
            KeyState::Retired { since, until } => ("retired", Some(since), None, Some(until)),
        };
        query(rows::signing_keys::CARRY)
            .bind(&key.id.0)
            .bind(key.algorithm.as_str())
            .bind(key.certificate.der().to_vec())
            .bind(micros(key.made))
            .bind(state)
            .bind(since.map(micros))
            .bind(promotes_at.map(micros))
            .bind(retired.map(micros))
            .bind(sealed.clone())
            .execute(&mut *connection)
            .await?;
        if state == "primary" {
            events.push(said(key, by));
        }
    }
    let last = Set::SigningKeys.of(*head)?.revision;
    let sealed = Set::SigningKeys.sealed(connection, last.saturating_add(1));
    let sealed = sealed.await?;
    head.sets = head.sets.map(|sets| sets.with(Set::SigningKeys, sealed));
    Ok(events)
}

fn said(key: &TokenSigningCertificate, by: &ByHand) -> Event {
    let kind = Kind::SigningKey {
        key: key.id.0.clone(),
        thumbprint: key.certificate.thumbprint().to_owned(),
        act: KeyAct::Promoted,
    };
    Event::by_hand(by, kind, None)
}
