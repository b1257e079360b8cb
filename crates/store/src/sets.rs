//! Sets of rows that are sealed as a whole: trusts, and signing keys.
//!
//! SECURITY: a seal over a row says that the row was written here, and not that it still stands: whoever writes into the
//! database without the key could put an older one back, and a trust that was switched off would go on. The number of the last
//! change of a set and a digest over all its rows are sealed with the head of the audit trail, so that a set goes back only
//! with the whole trail. Start at [`Set::must_fit`].

use authn::ports::Unavailable;
use aws_lc_rs::digest::{SHA256, digest};

use crate::Store;
use crate::chain::Head;
use crate::engine::{Connection, Row, query};
use crate::ports::audit;
use crate::rows;
use crate::seal::KeyFile;
use crate::writer::WriteError;

/// How often a set is read that changes while it is read.
const TRIES: usize = 5;

/// A set of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Whom we trust.
    Trusts,
    /// What we sign with.
    SigningKeys,
}

/// What is sealed of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedSet {
    /// The number of its last change.
    pub(crate) revision: i64,
    /// The digest of all its rows.
    pub(crate) digest: [u8; 32],
}

/// What is sealed of all sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sets {
    /// Of trusts.
    pub(crate) trusts: SealedSet,
    /// Of signing keys.
    pub(crate) signing_keys: SealedSet,
}

impl Sets {
    /// Of a store in which nothing is.
    pub(crate) const EMPTY: Self = Self {
        trusts: SealedSet::EMPTY,
        signing_keys: SealedSet::EMPTY,
    };

    /// The same with another seal of one set.
    pub(crate) fn with(self, set: Set, sealed: SealedSet) -> Self {
        match set {
            Set::Trusts => Self {
                trusts: sealed,
                ..self
            },
            Set::SigningKeys => Self {
                signing_keys: sealed,
                ..self
            },
        }
    }
}

impl SealedSet {
    const EMPTY: Self = Self {
        revision: 0,
        digest: [0; 32],
    };
}

impl Set {
    const ALL: [Self; 2] = [Self::Trusts, Self::SigningKeys];

    /// What a head has of it.
    ///
    /// # Errors
    ///
    /// Nothing was sealed.
    pub(crate) fn of(self, head: Head) -> Result<SealedSet, Unavailable> {
        let sets = head.sets.ok_or_else(|| self.refused("are not sealed"))?;
        Ok(match self {
            Self::Trusts => sets.trusts,
            Self::SigningKeys => sets.signing_keys,
        })
    }

    /// Its rows.
    pub(crate) async fn rows(self, connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
        let list = match self {
            Self::Trusts => rows::trusts::LIST,
            Self::SigningKeys => rows::signing_keys::LIST,
        };
        query(list).fetch_all(connection).await
    }

    /// Whether these are the rows that were sealed.
    ///
    /// # Errors
    ///
    /// They are not: none of them is believed.
    pub(crate) fn must_fit(self, rows: &[Row], sealed: SealedSet) -> Result<(), WriteError> {
        match self.digest(rows)? == sealed.digest {
            true => Ok(()),
            false => Err(self.refused("are not what was sealed").into()),
        }
    }

    /// Whether rows of it are those that were sealed, for whoever cannot be told; the log is.
    pub(crate) async fn is_as_sealed(
        self,
        connection: &mut Connection,
        rows: &[Row],
        keys: &KeyFile,
    ) -> Result<bool, WriteError> {
        let head = match audit::head(connection, keys).await {
            Err(WriteError::Broken(_)) => return Ok(false),
            head => head?,
        };
        if head.sets.is_none() {
            return Ok(true);
        }
        match self.must_fit(rows, self.of(head)?) {
            Err(WriteError::Unavailable(unfit)) => {
                tracing::warn!("nothing is taken over of what was there: {unfit}");
                Ok(false)
            }
            fits => fits.map(|()| true),
        }
    }

    /// The seal of it as it is, up to the change of this number; whoever changed it looked before whether it fitted.
    pub(crate) async fn sealed(
        self,
        connection: &mut Connection,
        revision: i64,
    ) -> Result<SealedSet, sqlx::Error> {
        let digest = self.digest(&self.rows(connection).await?)?;
        Ok(SealedSet { revision, digest })
    }

    /// The digest of its rows, in whatever order an engine has them.
    fn digest(self, rows: &[Row]) -> Result<[u8; 32], sqlx::Error> {
        let parts = |row| match self {
            Self::Trusts => rows::trusts::parts(row),
            Self::SigningKeys => rows::signing_keys::parts(row),
        };
        let of_rows = rows.iter().map(|row| Ok(of_parts(&parts(row)?)));
        let mut of_rows = of_rows.collect::<Result<Vec<_>, sqlx::Error>>()?;
        of_rows.sort_unstable();
        Ok(match of_rows.is_empty() {
            true => SealedSet::EMPTY.digest,
            false => sha_256(&of_rows.concat()),
        })
    }

    fn refused(self, how: &str) -> Unavailable {
        let (what, table) = match self {
            Self::Trusts => ("the trusts", "trusts"),
            Self::SigningKeys => ("the signing keys", "signing_keys"),
        };
        let detail = format!(
            "the rows of `{table}` {how} with the head of the audit trail: somebody wrote into the database, or put an \
             older row back. No token is issued. Find out who did, and put a backup back: `wicketgate db restore`"
        );
        Unavailable { what, detail }
    }
}

impl Store {
    /// What is sealed of a set, and its rows of the same moment.
    ///
    /// # Errors
    ///
    /// They do not fit, or the store is unavailable.
    pub(crate) async fn set(&self, set: Set) -> Result<(SealedSet, Vec<Row>), Unavailable> {
        let found = self.read_set(set).await;
        found.map_err(|error| self.unread(error))
    }

    /// The number of the last change of a set, as it is sealed.
    pub(crate) async fn last_change(&self, set: Set) -> Result<i64, Unavailable> {
        let mut connection = self.reader().await?;
        let head = audit::head(&mut connection, &self.0.keys).await;
        let head = head.map_err(|error| self.unread(error))?;
        Ok(set.of(head)?.revision)
    }

    async fn read_set(&self, set: Set) -> Result<(SealedSet, Vec<Row>), WriteError> {
        let mut connection = self.reader().await?;
        for _ in 0..TRIES {
            let before = set.of(audit::head(&mut connection, &self.0.keys).await?)?;
            let rows = set.rows(&mut connection).await?;
            // Every change has a number of its own, so that between two heads with one number there was none.
            let after = set.of(audit::head(&mut connection, &self.0.keys).await?)?;
            if before == after {
                set.must_fit(&rows, before)?;
                return Ok((before, rows));
            }
        }
        Err(crate::unavailable("a set changed whenever it was read").into())
    }
}

/// Seals the sets of a store that was brought up to date and not opened since, as they are.
pub(crate) async fn seal_first(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<(), WriteError> {
    if audit::head(&mut *connection, keys).await?.sets.is_some() {
        return Ok(());
    }
    connection.begin_writing().await?;
    let sealed = seal_all(&mut *connection, keys).await;
    match sealed {
        Ok(()) => Ok(connection.commit().await?),
        Err(error) => {
            connection.rollback().await?;
            Err(error)
        }
    }
}

async fn seal_all(connection: &mut Connection, keys: &KeyFile) -> Result<(), WriteError> {
    let head = audit::head(&mut *connection, keys).await?;
    // Another process may have been first.
    if head.sets.is_some() {
        return Ok(());
    }
    let mut sets = Sets::EMPTY;
    for set in Set::ALL {
        let what = match set {
            Set::Trusts => "trusts",
            Set::SigningKeys => "signing-keys",
        };
        let last = query(rows::revisions::LAST).bind(what);
        let last = rows::revisions::number(&last.fetch_one(&mut *connection).await?)?;
        sets = sets.with(set, set.sealed(&mut *connection, last).await?);
    }
    let sets = Some(sets);
    Ok(audit::write_head(connection, keys, Head { sets, ..head }).await?)
}

/// Whether all sets are what was sealed with a head.
///
/// # Errors
///
/// One is not.
pub(crate) async fn must_fit(connection: &mut Connection, head: Head) -> Result<(), WriteError> {
    for set in Set::ALL {
        let rows = set.rows(&mut *connection).await?;
        set.must_fit(&rows, set.of(head)?)?;
    }
    Ok(())
}

/// The digest of a row's parts, each behind its length, a missing one unlike any other.
fn of_parts(parts: &[Option<Vec<u8>>]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            None => bytes.push(0),
            Some(part) => {
                let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
                bytes.push(1);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(part);
            }
        }
    }
    sha_256(&bytes)
}

fn sha_256(bytes: &[u8]) -> [u8; 32] {
    let made = digest(&SHA256, bytes);
    made.as_ref().first_chunk().copied().unwrap_or_default()
}
