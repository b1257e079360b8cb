//! Version 2: a signature, a command, a family, a length, and a block of so many bytes (2.2).

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::checksum;
use super::{MAX_VALUES, MAX_VERSION_2_BLOCK, Progress, ProxyProtocolError, Source, client};

pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, command, family and length.
const FIXED: usize = 16;

/// The balancer speaks for itself.
const LOCAL: u8 = 0x20;
/// The balancer hands somebody's connection on.
const PROXY: u8 = 0x21;
/// TCP over IPv4.
const TCP4: u8 = 0x11;
/// TCP over IPv6.
const TCP6: u8 = 0x21;
/// The value that is a CRC-32C of the whole header (2.2.3).
const CRC32C: u8 = 0x03;

pub(super) fn read(bytes: &[u8]) -> Result<Progress, ProxyProtocolError> {
    let Some((fixed, block)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(Progress::More(FIXED - bytes.len()));
    };
    let [.., command, family, high, low] = *fixed;
    if command != LOCAL && command != PROXY {
        return Err(ProxyProtocolError::UnknownCommand(command));
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_VERSION_2_BLOCK {
        return Err(ProxyProtocolError::BlockTooLong(length));
    }
    match length.checked_sub(block.len()) {
        None => return Err(ProxyProtocolError::TooMany),
        Some(0) => {}
        Some(more) => return Ok(Progress::More(more)),
    }
    // Of a balancer that speaks for itself everything else is discarded, the family included (2.2).
    let source = match command {
        LOCAL => Source::Balancer,
        _ => handed_on(bytes, family, block)?,
    };
    Ok(Progress::Whole(source))
}

fn handed_on(bytes: &[u8], family: u8, block: &[u8]) -> Result<Source, ProxyProtocolError> {
    let too_short = ProxyProtocolError::BlockTooShort;
    let (source, values) = match family {
        TCP4 => {
            let (addresses, values) = block.split_first_chunk::<12>().ok_or(too_short)?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses;
            let port = u16::from_be_bytes([high, low]);
            (SocketAddr::from((Ipv4Addr::new(a, b, c, d), port)), values)
        }
        TCP6 => {
            let (addresses, values) = block.split_first_chunk::<36>().ok_or(too_short)?;
            let (source, rest) = addresses.split_first_chunk::<16>().ok_or(too_short)?;
            let (_, ports) = rest.split_first_chunk::<16>().ok_or(too_short)?;
            let [high, low, ..] = *ports else {
                return Err(too_short);
            };
            let port = u16::from_be_bytes([high, low]);
            (SocketAddr::from((Ipv6Addr::from(*source), port)), values)
        }
        _ => return Err(ProxyProtocolError::NotTcp),
    };
    check_values(bytes, values)?;
    client(source)
}

/// Goes over the values behind the addresses; of them only the checksum means anything here.
fn check_values(bytes: &[u8], mut values: &[u8]) -> Result<(), ProxyProtocolError> {
    let mut is_summed = false;
    for _ in 0..MAX_VALUES {
        let (kind, value, rest) = match values {
            [] => return Ok(()),
            [kind, high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let split = rest.split_at_checked(length);
                let (value, rest) = split.ok_or(ProxyProtocolError::ValueTooLong)?;
                (*kind, value, rest)
            }
            _ => return Err(ProxyProtocolError::ValueTooLong),
        };
        if kind == CRC32C {
            let sum: Option<[u8; 4]> = value.try_into().ok().filter(|_| !is_summed);
            let sum = sum.ok_or(ProxyProtocolError::MalformedChecksum)?;
            let at = bytes.len() - rest.len() - value.len();
            if checksum::of_header(bytes, at..at + value.len()) != u32::from_be_bytes(sum) {
                return Err(ProxyProtocolError::WrongChecksum);
            }
            is_summed = true;
        }
        values = rest;
    }
    match values {
        [] => Ok(()),
        _ => Err(ProxyProtocolError::TooManyValues),
    }
}
