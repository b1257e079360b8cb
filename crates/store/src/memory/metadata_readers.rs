//! The port [`MetadataReaders`] in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use authn::ports::Unavailable;
use jiff::Timestamp;
use sts::key_ring::KeyId;
use sts::ports::{MAX_READERS, MetadataReader, MetadataReaders, MetadataReading};

use super::Memory;

#[async_trait]
impl MetadataReaders for Memory {
    async fn note_reader(
        &self,
        keys: &[KeyId],
        reader: &MetadataReader,
        at: Timestamp,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        for key in keys {
            let known = state.readers.entry(key.0.clone()).or_default();
            let before = known.iter().find(|(_, it)| it == reader);
            let at = before.map_or(at, |(before, _)| at.max(*before));
            known.retain(|(_, it)| it != reader);
            known.push((at, reader.clone()));
            known.sort_by_key(|(at, it)| (Reverse(*at), it.source.to_string(), it.agent.clone()));
            known.truncate(MAX_READERS);
        }
        Ok(())
    }

    async fn readings(&self) -> Result<Vec<MetadataReading>, Unavailable> {
        let state = self.open()?;
        let of = |(key, readers): (&String, &Vec<(Timestamp, MetadataReader)>)| {
            let reading = |(at, reader): &(Timestamp, MetadataReader)| MetadataReading {
                key: KeyId(key.clone()),
                reader: reader.clone(),
                at: *at,
            };
            readers.iter().map(reading).collect::<Vec<_>>()
        };
        let mut all: Vec<MetadataReading> = state.readers.iter().flat_map(of).collect();
        all.sort_by_key(|it| Reverse(it.at));
        Ok(all)
    }
}
