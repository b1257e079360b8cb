//! The table `metadata_readers`: who fetched our metadata as it named a key.

use std::net::IpAddr;

use sts::key_ring::KeyId;
use sts::ports::{MetadataReader, MetadataReading};

use super::{time, unreadable};
use crate::engine::Row;

/// Notes that a reader ($2, $3) fetched the metadata with a key ($1) at a time ($4); what was noted later stays.
pub(crate) const NOTE: &str = "
    INSERT INTO metadata_readers (signing_key, source, agent, read_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (signing_key, source, agent) DO UPDATE
    SET read_at = excluded.read_at
    WHERE excluded.read_at > metadata_readers.read_at";

/// Forgets of a key ($1) all but so many ($2) that read last.
pub(crate) const FORGET_ALL_BUT: &str = "
    DELETE FROM metadata_readers
    WHERE signing_key = $1 AND (source, agent) NOT IN (
        SELECT source, agent
        FROM metadata_readers
        WHERE signing_key = $1
        ORDER BY read_at DESC, source, agent
        LIMIT $2
    )";

/// Lists all, whoever read last first.
pub(crate) const LIST: &str = "
    SELECT signing_key, source, agent, read_at
    FROM metadata_readers
    ORDER BY read_at DESC, source, agent";

/// Reads what was noted.
pub(crate) fn reading(row: &Row) -> Result<MetadataReading, sqlx::Error> {
    let source: String = row.try_get("source")?;
    let source: IpAddr = source
        .parse()
        .map_err(|error| unreadable("source", error))?;
    Ok(MetadataReading {
        key: KeyId(row.try_get("signing_key")?),
        reader: MetadataReader {
            source,
            agent: row.try_get("agent")?,
        },
        at: time(row, "read_at")?,
    })
}
