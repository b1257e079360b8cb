//! The port [`MetadataReaders`] on a database.

use async_trait::async_trait;
use authn::ports::Unavailable;
use jiff::Timestamp;
use sts::key_ring::KeyId;
use sts::ports::{MAX_READERS, MetadataReader, MetadataReaders, MetadataReading};

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl MetadataReaders for Store {
    async fn note_reader(
        &self,
        keys: &[KeyId],
        reader: &MetadataReader,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        let note = Note {
            keys: keys.to_vec(),
            reader: reader.clone(),
            at,
        };
        self.0.writer.submit(note).await
    }

    async fn readings(&self) -> Result<Vec<MetadataReading>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::metadata_readers::LIST)
            .fetch_all(&mut connection)
            .await;
        found
            .and_then(|rows| rows.iter().map(rows::metadata_readers::reading).collect())
            .map_err(|error| self.failed(&error))
    }
}

struct Note {
    keys: Vec<KeyId>,
    reader: MetadataReader,
    at: Timestamp,
}

#[async_trait]
impl Write for Note {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        for key in &self.keys {
            query(rows::metadata_readers::NOTE)
                .bind(&key.0)
                .bind(self.reader.source.to_string())
                .bind(&self.reader.agent)
                .bind(self.at.as_microsecond())
                .execute(&mut *writing.connection)
                .await?;
            query(rows::metadata_readers::FORGET_ALL_BUT)
                .bind(&key.0)
                .bind(i64::try_from(MAX_READERS).unwrap_or(i64::MAX))
                .execute(&mut *writing.connection)
                .await?;
        }
        Ok(Done::Keep(()))
    }
}
