//! The port [`SpareCodes`] on a database; hashes go in and out sealed.

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::memorised_secret::SecretPlace;
use authn::credential::spare_code::{
    MAX_IN_A_ROW, MAX_IN_WINDOW, SpareCode, SpareHash, SpareKind, SpareUse, StoredSpareCode,
};
use authn::lockout::Subject;
use authn::ports::{SpareCodes, Unavailable};
use jiff::Timestamp;

use crate::Store;
use crate::engine::{Row, query};
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl SpareCodes for Store {
    async fn spare_codes_of(&self, subject: &Subject) -> Result<Vec<StoredSpareCode>, Unavailable> {
        let found = self.rows_of(rows::spare_codes::OF_ACCOUNT, subject).await?;
        let opened = found.iter().map(|row| opened(row, &self.0.keys));
        let opened: Result<_, WriteError> = opened.collect();
        opened.map_err(|error| self.unread(error))
    }

    async fn set_spare_codes(
        &self,
        (account, kind): (&AccountId, SpareKind),
        codes: Vec<StoredSpareCode>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let keys = &self.0.keys;
        let sealed = codes.into_iter().map(|code| {
            let sealed = keys.seal(&rows::spare_codes::place(&code.record), &code.hash)?;
            Ok((code.record, sealed))
        });
        let codes = sealed.collect::<Result<_, Unavailable>>()?;
        let account = account.clone();
        let set = Set {
            account,
            kind,
            codes,
            event,
        };
        self.0.writer.submit(set).await
    }

    async fn reserve_spare(&self, place: SecretPlace) -> Result<bool, Unavailable> {
        self.0.writer.submit(Reserve(place)).await
    }
}

/// Reads a row and opens its hash, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<StoredSpareCode, WriteError> {
    let record = rows::spare_codes::record(row)?;
    let sealed = rows::spare_codes::hash(row)?;
    let hash = keys.unseal(&rows::spare_codes::place(&record), &sealed)?;
    Ok(StoredSpareCode { record, hash })
}

/// Uses a code of an account and gives its place back; `false` where it may not be used any more.
pub(super) async fn note_use(
    writing: &mut Writing<'_>,
    (account, used): (&AccountId, &SpareUse),
    now: Timestamp,
) -> Result<bool, WriteError> {
    let spent = query(rows::spare_codes::USE)
        .bind(&used.code.0)
        .bind(&account.0)
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    if spent.rows_affected() == 0 {
        return Ok(false);
    }
    let (kind, name) = rows::spare_codes::subject_key(&used.place.subject);
    query(rows::memorised_secrets::GIVE_BACK)
        .bind(kind)
        .bind(name)
        .bind(rows::memorised_secrets::source_text(used.place.source))
        .bind(used.place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(true)
}

struct Set {
    account: AccountId,
    kind: SpareKind,
    codes: Vec<(SpareCode, Sealed<SpareHash>)>,
    event: Event,
}

#[async_trait]
impl Write for Set {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let ended = query(rows::spare_codes::END)
            .bind(&self.account.0)
            .bind(rows::spare_codes::kind_text(self.kind))
            .execute(&mut *writing.connection)
            .await?;
        if self.codes.is_empty() && ended.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        for (record, sealed) in &self.codes {
            query(rows::spare_codes::ADD)
                .bind(&record.id.0)
                .bind(&record.account.0)
                .bind(rows::spare_codes::kind_text(record.kind))
                .bind(record.made.as_microsecond())
                .bind(record.ends.map(Timestamp::as_microsecond))
                .bind(i64::from(record.uses))
                .bind(sealed.as_bytes().to_vec())
                .execute(&mut *writing.connection)
                .await?;
        }
        query(rows::spare_codes::FORGIVE)
            .bind(&self.account.0)
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Reserve(SecretPlace);

#[async_trait]
impl Write for Reserve {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let Self(place) = self;
        let (kind, name) = rows::spare_codes::subject_key(&place.subject);
        let taken = query(rows::memorised_secrets::RESERVE)
            .bind(kind)
            .bind(name)
            .bind(rows::memorised_secrets::source_text(place.source))
            .bind(place.window_start.as_microsecond())
            .bind(place.now.as_microsecond())
            .bind(i64::from(MAX_IN_WINDOW))
            .bind(i64::from(MAX_IN_A_ROW))
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(taken.rows_affected() > 0))
    }
}
