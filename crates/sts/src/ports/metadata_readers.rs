//! The port of who fetched our metadata: what tells an administrator which partners have seen the next key.
//!
//! What somebody says of themselves is noted as they say it: anybody can ask for metadata, by any name.

use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Unavailable;
use crate::key_ring::KeyId;

/// Of each key, the readers that are kept: those that read last.
pub const MAX_READERS: usize = 200;

/// Somebody who fetches metadata.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataReader {
    /// From where.
    pub source: IpAddr,
    /// By what name, as they say it themselves.
    pub agent: String,
}

/// That somebody fetched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataReading {
    /// A key that it named.
    pub key: KeyId,
    /// Who.
    pub reader: MetadataReader,
    /// When last.
    pub at: Timestamp,
}

/// Who fetched our metadata.
#[async_trait]
pub trait MetadataReaders: Send + Sync {
    /// Notes that somebody fetched metadata that names these keys; of each key the last [`MAX_READERS`] are kept.
    async fn note_reader(
        &self,
        keys: &[KeyId],
        reader: &MetadataReader,
        at: Timestamp,
    ) -> Result<(), Unavailable>;
    /// All that is noted, whoever read last first.
    async fn readings(&self) -> Result<Vec<MetadataReading>, Unavailable>;
}
