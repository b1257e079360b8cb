//! What was revoked or switched off after a backup was made stays so when the backup is put back, and whom we trust and what
//! we sign with stays what it became.
//!
//! SECURITY: a restore must not be a way to let somebody in again. A row of the replaced store that
//! does not open with its keys may have lost its revocation, and counts as revoked.

mod passkeys;
mod signing_keys;
mod spare_codes;
mod tokens;
mod trusts;

use std::collections::BTreeMap;

use authn::account::{Account, AccountId, AccountState};
use authn::audit::{ByHand, Event, Kind};
use authn::credential::CredentialId;
use authn::credential::app_password::AppPassword;
use authn::credential::otp_token::OtpToken;
use authn::credential::sent_code::Destination;
use jiff::Timestamp;

use crate::chain::Head;
use crate::database::Database;
use crate::durable::{check_keys, must_be_there, was_opened};
use crate::engine::{Connection, query};
use crate::ports::{credentials, memorised_secrets, sent_codes};
use crate::seal::KeyFile;
use crate::writer::WriteError;
use crate::{StoreError, migrate, rows};

/// What a restored store took over from the one in whose place it was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was in its place.
    pub replaced: Replaced,
    /// The app passwords that are active in the backup and stay revoked, each with its account.
    pub revoked: Vec<(Account, AppPassword)>,
    /// The accounts that are active in the backup and stay disabled or locked.
    pub accounts: Vec<Account>,
    /// The tokens that are not blocked in the backup and are with this: they were blocked, given to another or
    /// removed since.
    pub blocked: Vec<OtpToken>,
}

/// What a restored store was put in the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// There was no store.
    Nothing,
    /// A store that was compared with the backup.
    Read,
    /// A store that cannot be compared with the backup.
    Unreadable {
        /// Why.
        problem: String,
    },
}

/// Who may not come in, as the store says that is to be replaced.
#[derive(Debug, Default)]
pub(super) struct Bans {
    app_passwords: BTreeMap<CredentialId, Timestamp>,
    accounts: BTreeMap<AccountId, AccountState>,
    tokens: Option<tokens::Tokens>,
    secrets: Option<BTreeMap<AccountId, Option<CredentialId>>>,
    destinations: Option<Vec<Destination>>,
    passkeys: Option<passkeys::Passkeys>,
    spare_codes: Option<spare_codes::SpareCodes>,
    trusts: Option<trusts::Trusts>,
    signing: Option<signing_keys::Signing>,
}

/// Reads the bans of a store that is to be replaced, as far as it can be read.
pub(super) async fn bans(database: &Database, keys: &KeyFile, by: &ByHand) -> (Replaced, Bans) {
    if must_be_there(database).is_err() {
        return (Replaced::Nothing, Bans::default());
    }
    match read(database, keys, by.at).await {
        Ok(bans) => (Replaced::Read, bans),
        Err(error) => {
            let problem = error.to_string();
            (Replaced::Unreadable { problem }, Bans::default())
        }
    }
}

/// Lays bans upon a prepared store, and seals its sets with its head; gives what it changed and the events that say so.
pub(super) async fn carry(
    connection: &mut Connection,
    (keys, head): (&KeyFile, &mut Head),
    (replaced, bans): (Replaced, Bans),
    by: &ByHand,
) -> Result<(Restored, Vec<Event>), WriteError> {
    let mut restored = Restored {
        replaced,
        revoked: Vec::new(),
        accounts: Vec::new(),
        blocked: Vec::new(),
    };
    let mut events = Vec::new();
    for (id, at) in bans.app_passwords {
        if !credentials::revoke(&mut *connection, keys, (&id, at)).await? {
            continue;
        }
        let row = query(rows::app_passwords::BY_ID)
            .bind(&id.0)
            .fetch_one(&mut *connection)
            .await?;
        let record = rows::app_passwords::record(&row)?;
        if let Some(account) = account(&mut *connection, &record.account).await? {
            let kind = Kind::AppPasswordRevoked { credential: id };
            events.push(Event::by_hand(by, kind, Some(account.id.clone())));
            restored.revoked.push((account, record));
        }
    }
    for (id, state) in bans.accounts {
        let found = account(&mut *connection, &id).await?;
        let Some(found) = found.filter(|found| found.state == AccountState::Active) else {
            continue;
        };
        query(rows::accounts::SET_STATE)
            .bind(&id.0)
            .bind(rows::accounts::state_text(state))
            .execute(&mut *connection)
            .await?;
        let kind = Kind::AccountStateChanged { state };
        events.push(Event::by_hand(by, kind, Some(id)));
        restored.accounts.push(Account { state, ..found });
    }
    if let Some(known) = &bans.secrets {
        events.extend(carry_secrets(&mut *connection, known, by).await?);
    }
    if let Some(known) = &bans.destinations {
        events.extend(carry_destinations(&mut *connection, (known, keys), by).await?);
    }
    if let Some(known) = &bans.passkeys {
        events.extend(passkeys::carry(&mut *connection, known, by).await?);
    }
    if let Some(known) = &bans.spare_codes {
        spare_codes::carry(&mut *connection, known).await?;
    }
    if let Some(known) = &bans.trusts {
        events.extend(trusts::carry(&mut *connection, (known, keys), head, by).await?);
    }
    if let Some(known) = &bans.signing {
        events.extend(signing_keys::carry(&mut *connection, known, head, by).await?);
    }
    if let Some(known) = &bans.tokens {
        let (blocked, said) = tokens::carry(&mut *connection, keys, known, by).await?;
        restored.blocked = blocked;
        events.extend(said);
    }
    Ok((restored, events))
}

/// What ended because nobody can say whether it was used.
pub(super) struct Ended {
    /// How many recovery and temporary codes.
    pub(super) spare_codes: u64,
    /// The tokens with a button.
    pub(super) tokens: Vec<OtpToken>,
    /// The events that say so.
    pub(super) events: Vec<Event>,
}

/// Ends what is good once and may have been used since the backup was made: recovery and temporary codes, and tokens with
/// a button, which are blocked until somebody finds out where they are.
pub(super) async fn end_what_is_good_once(
    connection: &mut Connection,
    keys: &KeyFile,
    by: &ByHand,
) -> Result<Ended, WriteError> {
    let (tokens, events) = tokens::block_buttons(&mut *connection, keys, by).await?;
    let spare_codes = query(rows::spare_codes::FORGET_ALL).execute(connection);
    Ok(Ended {
        spare_codes: spare_codes.await?.rows_affected(),
        tokens,
        events,
    })
}

/// Removes each secret that is another's place by now, or none's: who knew the old one must not come in by it.
async fn carry_secrets(
    connection: &mut Connection,
    known: &BTreeMap<AccountId, Option<CredentialId>>,
    by: &ByHand,
) -> Result<Vec<Event>, WriteError> {
    let mut events = Vec::new();
    let found = query(rows::memorised_secrets::LIST)
        .fetch_all(&mut *connection)
        .await?;
    for row in &found {
        let record = rows::memorised_secrets::record(row)?;
        let later = known.get(&record.account).and_then(Option::as_ref);
        if later == Some(&record.id) {
            continue;
        }
        query(rows::memorised_secrets::REMOVE)
            .bind(&record.account.0)
            .execute(&mut *connection)
            .await?;
        let account = Some(record.account);
        events.push(Event::by_hand(by, Kind::MemorisedSecretRemoved, account));
    }
    Ok(events)
}

/// Removes each destination that is another by now, or none: whoever has an old number must not get codes by it.
async fn carry_destinations(
    connection: &mut Connection,
    (known, keys): (&[Destination], &KeyFile),
    by: &ByHand,
) -> Result<Vec<Event>, WriteError> {
    let mut events = Vec::new();
    let found = query(rows::destinations::LIST)
        .fetch_all(&mut *connection)
        .await?;
    for row in &found {
        let destination = sent_codes::opened(row, keys)?;
        if known.contains(&destination) {
            continue;
        }
        let carrier = destination.address.carrier();
        query(rows::destinations::REMOVE)
            .bind(&destination.account.0)
            .bind(carrier.as_str())
            .execute(&mut *connection)
            .await?;
        let kind = Kind::DestinationRemoved { by: carrier };
        events.push(Event::by_hand(by, kind, Some(destination.account)));
    }
    Ok(events)
}

/// Reads who may not come in.
///
/// # Errors
///
/// It is not there, was sealed with other keys, is of another version or damaged.
pub(super) async fn read(
    database: &Database,
    keys: &KeyFile,
    at: Timestamp,
) -> Result<Bans, StoreError> {
    must_be_there(database)?;
    let mut connection = database.to_examine().await?;
    let read = read_from(&mut connection, keys, at).await;
    // Closed in any case: a connection that is dropped closes when it likes, also while its file is
    // being moved.
    connection.close().await?;
    read
}

async fn read_from(
    connection: &mut Connection,
    keys: &KeyFile,
    at: Timestamp,
) -> Result<Bans, StoreError> {
    let names = migrate::pending(&mut *connection).await?;
    if !names.is_empty() {
        return Err(StoreError::Pending { names });
    }
    let mut bans = Bans::default();
    if was_opened(&mut *connection).await? {
        // With other keys nothing would open, and everything would count as revoked.
        check_keys(&mut *connection, keys).await?;
    }
    let found = query(rows::app_passwords::LIST)
        .fetch_all(&mut *connection)
        .await?;
    for row in &found {
        let record = rows::app_passwords::record(row)?;
        let revoked = match credentials::opened(row, keys) {
            Ok(_) => record.revoked,
            Err(WriteError::Unavailable(_)) => Some(record.revoked.unwrap_or(at)),
            Err(error) => return Err(error.into()),
        };
        bans.app_passwords
            .extend(revoked.map(|revoked| (record.id, revoked)));
    }
    bans.tokens = Some(tokens::read(&mut *connection, keys).await?);
    bans.passkeys = Some(passkeys::read(&mut *connection, keys).await?);
    bans.spare_codes = Some(spare_codes::read(&mut *connection, keys).await?);
    bans.trusts = trusts::read(&mut *connection, keys).await?;
    bans.signing = Some(signing_keys::read(&mut *connection, (keys, at)).await?);
    bans.secrets = Some(secrets(&mut *connection, keys).await?);
    bans.destinations = Some(destinations(&mut *connection, keys).await?);
    let found = query(rows::accounts::LIST).fetch_all(connection).await?;
    for row in &found {
        let account = rows::accounts::account(row)?;
        if account.state != AccountState::Active {
            bans.accounts.insert(account.id, account.state);
        }
    }
    Ok(bans)
}

/// The secret of every account that has one; none of an account whose secret does not open, or was disowned: it must not
/// open anything again because it did when the backup was made.
async fn secrets(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<BTreeMap<AccountId, Option<CredentialId>>, WriteError> {
    let found = query(rows::memorised_secrets::LIST)
        .fetch_all(connection)
        .await?;
    let mut secrets = BTreeMap::new();
    for row in &found {
        let record = rows::memorised_secrets::record(row)?;
        let id = match memorised_secrets::opened(row, keys) {
            Ok(stored) => stored.standing().map(|it| it.record.id),
            Err(WriteError::Unavailable(_)) => None,
            Err(error) => return Err(error),
        };
        secrets.insert(record.account, id);
    }
    Ok(secrets)
}

/// Where codes go; nothing of what does not open.
async fn destinations(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Vec<Destination>, WriteError> {
    let found = query(rows::destinations::LIST)
        .fetch_all(connection)
        .await?;
    let mut destinations = Vec::new();
    for row in &found {
        match sent_codes::opened(row, keys) {
            Ok(destination) => destinations.push(destination),
            Err(WriteError::Unavailable(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(destinations)
}

async fn account(
    connection: &mut Connection,
    id: &AccountId,
) -> Result<Option<Account>, sqlx::Error> {
    let row = query(rows::accounts::BY_ID)
        .bind(&id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(rows::accounts::account).transpose()
}
