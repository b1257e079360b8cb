//! The port [`SigningKeys`] on a database; private halves go in and out sealed.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use jiff::Timestamp;
use proto::secret::Secret;
use sts::key_ring::{KeyId, KeyState, TokenSigningCertificate};
use sts::ports::{KeptKeys, KeysChanged, SigningKeys};

use crate::Store;
use crate::engine::{Query, Row, query};
use crate::rows;
use crate::rows::signing_keys::{PrivateHalf, micros};
use crate::seal::{KeyFile, Sealed};
use crate::sets::Set;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl SigningKeys for Store {
    async fn keys_revision(&self) -> Result<i64, Unavailable> {
        self.last_change(Set::SigningKeys).await
    }

    async fn kept_keys(&self) -> Result<KeptKeys, Unavailable> {
        let (sealed, found) = self.set(Set::SigningKeys).await?;
        let opened = found.iter().map(|row| opened(row, &self.0.keys));
        let opened: Result<_, WriteError> = opened.collect();
        let keys: Vec<_> = opened.map_err(|error| self.unread(error))?;
        let keys = keys
            .into_iter()
            .map(|(key, half)| (key, half.map(|it| it.0)));
        let keys = keys.collect();
        Ok(KeptKeys {
            revision: sealed.revision,
            keys,
        })
    }

    async fn add_key(
        &self,
        key: &TokenSigningCertificate,
        private: &Secret<Vec<u8>>,
        event: Event,
    ) -> Result<KeysChanged, Unavailable> {
        let half = PrivateHalf(private.clone());
        let sealed = self.0.keys.seal(&rows::signing_keys::place(key), &half)?;
        let key = key.clone();
        let what = Changing::Add { key, sealed };
        self.0.writer.submit(Change { what, event }).await
    }

    async fn promote_key(
        &self,
        next: &KeyId,
        at: Timestamp,
        event: Event,
    ) -> Result<KeysChanged, Unavailable> {
        let next = next.clone();
        let what = Changing::Promote { next, at };
        self.0.writer.submit(Change { what, event }).await
    }

    async fn give_up_key(&self, next: &KeyId, event: Event) -> Result<KeysChanged, Unavailable> {
        let what = Changing::GiveUp(next.clone());
        self.0.writer.submit(Change { what, event }).await
    }
}

/// Reads a row and opens its private half, which proves what it is of.
pub(crate) fn opened(
    row: &Row,
    keys: &KeyFile,
) -> Result<(TokenSigningCertificate, Option<PrivateHalf>), WriteError> {
    let key = rows::signing_keys::key(row)?;
    let Some(sealed) = rows::signing_keys::private_half(row)? else {
        return Ok((key, None));
    };
    let private = keys.unseal(&rows::signing_keys::place(&key), &sealed)?;
    Ok((key, Some(private)))
}

enum Changing {
    Add {
        key: TokenSigningCertificate,
        sealed: Sealed<PrivateHalf>,
    },
    Promote {
        next: KeyId,
        at: Timestamp,
    },
    GiveUp(KeyId),
}

impl Changing {
    /// The statements; each must change a row.
    fn statements(&self) -> Vec<Query> {
        match self {
            Self::Add { key, sealed } => {
                let (text, at) = match key.state {
                    KeyState::Primary { since } => (rows::signing_keys::ADD_PRIMARY, since),
                    KeyState::Next { promotes_at } => (rows::signing_keys::ADD_NEXT, promotes_at),
                    // A key that signs no more is not added: there is no statement, and nothing is done.
                    KeyState::Retired { .. } => return Vec::new(),
                };
                let add = query(text)
                    .bind(&key.id.0)
                    .bind(key.algorithm.as_str())
                    .bind(key.certificate.der().to_vec())
                    .bind(micros(key.made))
                    .bind(micros(at))
                    .bind(sealed.as_bytes().to_vec());
                vec![add]
            }
            Self::Promote { next, at } => [rows::signing_keys::RETIRE, rows::signing_keys::PROMOTE]
                .into_iter()
                .map(|text| query(text).bind(&next.0).bind(micros(*at)))
                .collect(),
            Self::GiveUp(next) => vec![query(rows::signing_keys::GIVE_UP).bind(&next.0)],
        }
    }
}

struct Change {
    what: Changing,
    event: Event,
}

#[async_trait]
impl Write for Change {
    type Output = KeysChanged;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<KeysChanged>, WriteError> {
        let statements = self.what.statements();
        if statements.is_empty() {
            return Ok(Done::Undo(KeysChanged::Overtaken));
        }
        let revision = writing.set(Set::SigningKeys).await?.revision;
        for statement in statements {
            let changed = statement.execute(&mut *writing.connection).await?;
            if changed.rows_affected() == 0 {
                return Ok(Done::Undo(KeysChanged::Overtaken));
            }
        }
        let revision = revision.saturating_add(1);
        writing.seal_set(Set::SigningKeys, revision).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(KeysChanged::Done))
    }
}
