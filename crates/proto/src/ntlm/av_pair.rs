//! AV_PAIR lists ([MS-NLMP] 2.2.2.1): what we say of ourselves, and what must come back.

use super::wire::{self, NtlmParseError};

/// The most pairs that are read.
const MAX_PAIRS: usize = 64;

/// MsvAvId values.
pub(super) const NETBIOS_COMPUTER: u16 = 1;
pub(super) const NETBIOS_DOMAIN: u16 = 2;
pub(super) const DNS_COMPUTER: u16 = 3;
pub(super) const DNS_DOMAIN: u16 = 4;
pub(super) const FLAGS: u16 = 6;
pub(super) const TIMESTAMP: u16 = 7;
pub(super) const TARGET_NAME: u16 = 9;
pub(super) const CHANNEL_BINDINGS: u16 = 10;

/// The bit of MsvAvFlags that announces a MIC.
pub(super) const FLAG_MIC: u32 = 0x2;

/// A time in units of 100 ns since 1601 ([MS-DTYP] 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTime(pub u64);

/// The seconds from 1601 to 1970.
const EPOCH_SECONDS: i64 = 11_644_473_600;

impl FileTime {
    /// From microseconds since 1970.
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Self {
        let since_1601 = micros
            .saturating_add(EPOCH_SECONDS * 1_000_000)
            .saturating_mul(10);
        Self(u64::try_from(since_1601).unwrap_or_default())
    }

    /// To microseconds since 1970.
    #[must_use]
    pub fn to_unix_micros(self) -> i64 {
        let since_1601 = i64::try_from(self.0 / 10).unwrap_or(i64::MAX);
        since_1601.saturating_sub(EPOCH_SECONDS * 1_000_000)
    }

    /// The seconds from a time since 1970 to this one, rounded down; negative where it is earlier.
    #[must_use]
    pub fn seconds_after(self, unix_seconds: i64) -> i64 {
        let seconds = self.to_unix_micros().div_euclid(1_000_000);
        seconds.saturating_sub(unix_seconds)
    }
}

/// A list of pairs, as it stood in a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AvPairs(Vec<(u16, Vec<u8>)>);

impl AvPairs {
    /// Reads a list up to its end mark; an id that stands twice is refused, as is a list without
    /// an end.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, NtlmParseError> {
        let mut pairs: Vec<(u16, Vec<u8>)> = Vec::new();
        let mut at = 0;
        loop {
            let id = wire::short(bytes, at).map_err(|_| NtlmParseError::MalformedPairs)?;
            let length = wire::short(bytes, at + 2).map_err(|_| NtlmParseError::MalformedPairs)?;
            let start = at + 4;
            let end = start + usize::from(length);
            let value = bytes
                .get(start..end)
                .ok_or(NtlmParseError::MalformedPairs)?;
            if id == 0 {
                let is_sound = length == 0;
                return is_sound
                    .then_some(Self(pairs))
                    .ok_or(NtlmParseError::MalformedPairs);
            }
            if pairs.len() == MAX_PAIRS || pairs.iter().any(|(known, _)| *known == id) {
                return Err(NtlmParseError::MalformedPairs);
            }
            pairs.push((id, value.to_vec()));
            at = end;
        }
    }

    /// The value of an id.
    pub(super) fn value(&self, id: u16) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, value)| value.as_slice())
    }

    /// Adds or replaces a pair.
    pub(super) fn set(&mut self, id: u16, value: Vec<u8>) {
        self.0.retain(|(known, _)| *known != id);
        self.0.push((id, value));
    }

    /// Whether every pair of `sent` stands here unchanged.
    pub(super) fn echoes(&self, sent: &Self) -> bool {
        sent.0
            .iter()
            .all(|(id, value)| self.value(*id) == Some(value.as_slice()))
    }

    /// The list with its end mark.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (id, value) in &self.0 {
            let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
            bytes.extend(id.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(value.iter().take(usize::from(length)));
        }
        bytes.extend([0; 4]);
        bytes
    }
}
