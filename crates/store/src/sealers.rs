//! Who seals by which key of the key file: each process that serves says so again and again, so that no key is taken out by
//! which one of them, that has not read the newer file, seals on. Start at [`Store::say_sealing`].

use async_trait::async_trait;
use authn::ports::Unavailable;
use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

/// How long a process is taken to live of which nothing more is heard.
pub const SEALER_LIVES: SignedDuration = SignedDuration::from_mins(3);

/// How long what a process said is kept: who lives is read by the time, and a clock that is ahead makes nobody else forgotten.
const SEALER_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A process that seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealer {
    /// What it is called: its machine, and its number there.
    pub called: String,
    /// The id of the key by which it seals.
    pub key: String,
    /// When it said so last.
    pub said: Timestamp,
}

impl Store {
    /// Says by which key this process seals, under an id of its own and what it is called; gives the id of the key. Of whom
    /// nothing was heard for long is forgotten.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub async fn say_sealing(
        &self,
        (process, called): (&str, &str),
        now: Timestamp,
    ) -> Result<String, Unavailable> {
        let say = Say {
            process: process.to_owned(),
            called: called.to_owned(),
            key: self.sealing_key(),
            now,
        };
        let key = say.key.clone();
        self.0.writer.submit(say).await?;
        Ok(key)
    }

    /// The id of the key by which this process seals.
    #[must_use]
    pub fn sealing_key(&self) -> String {
        self.0.keys.current_id()
    }

    /// Reads the key file again where another process that is taken to live at a time seals by a key that was not read here.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub async fn meet_sealers(&self, now: Timestamp) -> Result<(), Unavailable> {
        for sealer in self.sealers(now).await? {
            // Where the file does not have it yet, it is looked for again the next time.
            let _ = self.0.keys.has(&sealer.key);
        }
        Ok(())
    }

    /// The processes that are taken to live at a time.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub async fn sealers(&self, now: Timestamp) -> Result<Vec<Sealer>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::sealers::LIST)
            .bind(alive_since(now).as_microsecond())
            .fetch_all(&mut connection)
            .await;
        found
            .and_then(|rows| rows.iter().map(rows::sealers::sealer).collect())
            .map_err(|error| self.failed(&error))
    }
}

fn alive_since(now: Timestamp) -> Timestamp {
    now.checked_sub(SEALER_LIVES).unwrap_or(Timestamp::MIN)
}

struct Say {
    process: String,
    called: String,
    key: String,
    now: Timestamp,
}

#[async_trait]
impl Write for Say {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::sealers::SAY)
            .bind(&self.process)
            .bind(&self.called)
            .bind(&self.key)
            .bind(self.now.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        let kept_since = self.now.checked_sub(SEALER_KEPT);
        query(rows::sealers::FORGET)
            .bind(kept_since.unwrap_or(Timestamp::MIN).as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(()))
    }
}
