//! What must not come back to life when a backup was put back, in a file or on a server: one list for both.
//!
//! A server's database is put back by the server's own means; what is done here must follow before a gate is started. Where
//! nothing says what became of the store since the backup was made, whatever could be good twice ends. Start at
//! [`Store::after_restore`].

use authn::audit::{ByHand, Event, Kind};

use crate::carry::{self, Bans, Replaced, Restored};
use crate::chain::Head;
use crate::copy::must_be_unused;
use crate::database::Database;
use crate::durable::{check_keys, must_be_there};
use crate::engine::{Connection, query};
use crate::ports::audit;
use crate::seal::KeyFile;
use crate::writer::WriteError;
use crate::{Store, StoreError, rows, sets};

/// The tables of which rows are dropped, and what drops them.
const FORGOTTEN: [(&str, &str); 14] = [
    ("tickets", rows::tickets::REVOKE_ALL),
    ("session_grants", rows::session_grants::FORGET_ALL),
    ("client_codes", rows::client_codes::FORGET_ALL),
    ("secret_verdicts", rows::secret_verdicts::FORGET_ALL),
    ("sign_ins", rows::sign_ins::FORGET_ALL),
    ("ceremonies", rows::ceremonies::FORGET_ALL),
    ("sessions", rows::sessions::FORGET_ALL),
    ("invitations", rows::invitations::FORGET_ALL),
    // One that was revoked since would come back to life.
    ("api_tokens", rows::api_tokens::FORGET_ALL),
    ("ntlm_pins", rows::ntlm_pins::FORGET_ALL),
    ("sent_messages", rows::sent_messages::FORGET_WAITING),
    ("counters", rows::counters::FORGET_ALL),
    ("familiar_sources", rows::counters::FORGET_FAMILIAR),
    // Who was switched off in the directory since is not let in before it is read again.
    ("directory_reads", rows::directory::FORGET_READS),
];

/// What became of a database that was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutBack {
    /// How many rows were dropped, by table.
    pub forgotten: Vec<(String, u64)>,
    /// What was carried over, or ended because nothing could be.
    pub restored: Restored,
}

/// Whether it is done, or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It stays.
    Earnest,
    /// It is undone.
    Trial,
}

impl Store {
    /// Takes out of a database that was put back by a server's own means what must not come back to life; what became of
    /// the store since is carried over from the database that was there `before`, where there is one.
    ///
    /// # Errors
    ///
    /// A gate uses it, it is not up to date, was sealed with other keys or is damaged, or the one before cannot be read.
    /// Nothing was changed then.
    pub async fn after_restore(
        (database, before): (&Database, Option<&Database>),
        keys: &KeyFile,
        by: &ByHand,
        doing: Doing,
    ) -> Result<PutBack, StoreError> {
        must_be_there(database)?;
        let names = Self::pending_in(database).await?;
        if !names.is_empty() {
            return Err(StoreError::Pending { names });
        }
        must_be_unused(database).await?;
        let bans = match before {
            None => (Replaced::Nothing, Bans::default()),
            Some(before) => (Replaced::Read, carry::read(before, keys, by.at).await?),
        };
        let mut connection = database.to_make().await?;
        check_keys(&mut connection, keys).await?;
        let head = audit::verify(&mut connection, keys).await?;
        if let Some(before) = before {
            must_go_on(before, head).await?;
        }
        match head.sets {
            Some(_) => sets::must_fit(&mut connection, head).await?,
            None => sets::seal_first(&mut connection, keys).await?,
        }
        // What is not committed is undone with its connection.
        connection.begin_making().await?;
        let put_back = forget_and_note(&mut connection, keys, bans, by).await?;
        match doing {
            Doing::Earnest => connection.commit().await?,
            Doing::Trial => connection.rollback().await?,
        }
        connection.close().await?;
        Ok(put_back)
    }
}

/// SECURITY: an older copy, this database itself or a strange one says of nobody that they were shut out since.
async fn must_go_on(before: &Database, head: Head) -> Result<(), StoreError> {
    let mut connection = before.to_examine().await?;
    let last = query(rows::audit::LAST).fetch_one(&mut connection).await?;
    let last: Option<i64> = last.try_get("last")?;
    let there = query(rows::audit::READ)
        .bind(head.number)
        .bind(1)
        .fetch_all(&mut connection)
        .await?;
    connection.close().await?;
    let hash = match there.first() {
        Some(row) if row.try_get::<i64>("number")? == head.number => {
            Some(row.try_get::<Vec<u8>>("hash")?)
        }
        _ => None,
    };
    let is_same = hash.is_some_and(|hash| hash == head.hash);
    match is_same && last.is_some_and(|last| last > head.number) {
        true => Ok(()),
        false => Err(StoreError::NotWhatCameAfter),
    }
}

/// Drops what must not come back to life, shuts out who was, and says so in the audit trail; in a transaction that was begun.
pub(crate) async fn forget_and_note(
    connection: &mut Connection,
    keys: &KeyFile,
    bans: (Replaced, Bans),
    by: &ByHand,
) -> Result<PutBack, WriteError> {
    let mut forgotten = Vec::new();
    for (table, statement) in FORGOTTEN {
        let dropped = query(statement).execute(&mut *connection).await?;
        forgotten.push((table.to_owned(), dropped.rows_affected()));
    }
    let mut head = audit::head(&mut *connection, keys).await?;
    let is_known = bans.0 == Replaced::Read;
    let (mut restored, carried) =
        carry::carry(&mut *connection, (keys, &mut head), bans, by).await?;
    let mut events = vec![Event::by_hand(by, Kind::StoreRestored, None)];
    events.extend(carried);
    if !is_known {
        let ended = carry::end_what_is_good_once(&mut *connection, keys, by).await?;
        forgotten.push(("spare_codes".to_owned(), ended.spare_codes));
        restored.blocked.extend(ended.tokens);
        events.extend(ended.events);
    }
    let head = audit::append(&mut *connection, head, events).await?;
    audit::write_head(&mut *connection, keys, head).await?;
    Ok(PutBack {
        forgotten,
        restored,
    })
}
