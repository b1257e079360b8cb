//! The compact ticket, `cwt=`: tags, lengths and values in base64url, closed with a MAC.
//!
//! It is read in every spelling that a reader in .NET takes: either alphabet, padded or not, with bits beyond the last
//! byte. UNCONFIRMED: the layout is derived from samples of real ones; the MAC's key and extent are ours.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{
    GeneralPurpose, GeneralPurposeConfig, NO_PAD, URL_SAFE_NO_PAD,
};
use jiff::{SignedDuration, Timestamp};

use super::keys::CompactKey;
use super::{Sid, TicketError};

/// What a lenient reader takes.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, AS_READ);
const AS_READ: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
const VERSION: [u8; 2] = [0, 1];
const SID: u8 = 0x01;
const ID: u8 = 0x81;
const FLAGS: u8 = 0x82;
const MAC: u8 = 0x83;
const EXPIRY: u8 = 0x86;
const ID_AGAIN: u8 = 0x0d;
/// Length of the MAC.
const MAC_BYTES: usize = 32;
/// Seconds from the year 1 to 1970, as .NET counts its ticks of 100 ns.
const EPOCH_SECONDS: i64 = 62_135_596_800;

/// What a compact ticket says.
pub(super) struct Said {
    pub(super) sid: Sid,
    pub(super) expires: Timestamp,
}

/// Writes a ticket, `cwt=` included.
pub(super) fn write(sid: &Sid, id: [u8; 16], expires: Timestamp, key: &CompactKey) -> String {
    let head = [
        &VERSION,
        field(SID, sid.as_bytes()).as_slice(),
        &field(ID, &id),
        &field(FLAGS, &[0; 2]),
    ]
    .concat();
    let tail = [
        field(EXPIRY, &ticks(expires).to_le_bytes()),
        field(ID_AGAIN, &id),
    ]
    .concat();
    let mac = key.mac(&[head.as_slice(), &tail].concat());
    let bytes = [head, field(MAC, &mac), tail].concat();
    format!("cwt={}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads what stands behind `cwt=`, once its MAC is right.
pub(super) fn read(value: &str, key: &CompactKey) -> Result<Said, TicketError> {
    let value = value.trim_end_matches('=').replace('+', "-");
    let bytes = LENIENT
        .decode(value.replace('/', "_"))
        .map_err(|_| TicketError::Malformed)?;
    let mut rest = bytes.strip_prefix(&VERSION).ok_or(TicketError::Malformed)?;
    let mut covered = VERSION.to_vec();
    let (mut sid, mut mac, mut expires) = (None, None, None);
    while let Some((tag, value, after)) = next(rest) {
        match tag {
            MAC => mac = Some(value),
            SID => sid = Some(Sid::from_bytes(value)),
            EXPIRY => expires = time(value),
            _ => {}
        }
        if tag != MAC {
            covered.extend(field(tag, value));
        }
        rest = after;
    }
    let mac = mac.filter(|mac| mac.len() == MAC_BYTES && rest.is_empty());
    if !key.verifies(&covered, mac.ok_or(TicketError::Malformed)?) {
        return Err(TicketError::Signature);
    }
    Ok(Said {
        sid: sid.ok_or(TicketError::Malformed)?,
        expires: expires.ok_or(TicketError::Malformed)?,
    })
}

/// A field; no value of ours is longer than a length can say.
fn field(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap_or(u8::MAX);
    [&[tag, length], value].concat()
}

fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([tag, length], rest) = bytes.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((*tag, value, rest))
}

fn ticks(time: Timestamp) -> u64 {
    let seconds = time.as_second().saturating_add(EPOCH_SECONDS);
    u64::try_from(seconds)
        .unwrap_or(0)
        .saturating_mul(10_000_000)
}

fn time(value: &[u8]) -> Option<Timestamp> {
    let ticks = u64::from_le_bytes(*value.first_chunk()?);
    let seconds = i64::try_from(ticks / 10_000_000)
        .ok()?
        .checked_sub(EPOCH_SECONDS)?;
    Timestamp::UNIX_EPOCH
        .checked_add(SignedDuration::from_secs(seconds))
        .ok()
}
