//! The PROXY protocol, versions 1 and 2: whose connection a balancer hands on (HAProxy's
//! "The PROXY protocol", revision of 2020/03/05).
//!
//! INVARIANT: [`read`] never asks for a byte that could be behind the header: what follows it is TLS,
//! and a byte of that taken here would be lost. Whether a header is wanted at all, and from whom, is
//! decided elsewhere. Start at [`read`].

mod checksum;
mod version_1;
mod version_2;

#[cfg(test)]
mod tests;

use core::net::SocketAddr;

/// The longest header of version 1, its end of line included (2.1).
pub const MAX_VERSION_1: usize = 107;
/// The longest block behind the first 16 bytes of version 2. A balancer's own words (TLS version,
/// a certificate's name, a cloud's endpoint) take some hundred; the field could say 65535.
pub const MAX_VERSION_2_BLOCK: usize = 2_048;
/// How many additional values (TLV) a header of version 2 may have.
pub const MAX_VALUES: usize = 32;

/// As much as tells the versions apart; no header that is taken is shorter.
const BEGINNING: usize = version_2::SIGNATURE.len();

/// What was read so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The header has at least so many bytes more, and never 0.
    More(usize),
    /// The bytes are a header, and nothing is behind it.
    Whole(Source),
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody whose connection is handed on, by the address that the balancer saw; an address of
    /// IPv4 is one, however it is written.
    Client(SocketAddr),
    /// The balancer itself, which looks whether we are there.
    Balancer,
}

/// Why bytes are no header that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyProtocolError {
    /// They begin as neither version does.
    #[error("it begins as no PROXY header does")]
    NoHeader,
    /// There is something behind the header.
    #[error("there is something behind the header")]
    TooMany,
    /// A line of version 1 is longer than any can be.
    #[error("the line is longer than {MAX_VERSION_1} bytes")]
    LineTooLong,
    /// A line of version 1 is not `PROXY TCP4` or `TCP6`, two addresses of that family and two ports.
    #[error("the line is malformed")]
    MalformedLine,
    /// The version or the command is none that is known.
    #[error("version and command {0:#04x} are not known")]
    UnknownCommand(u8),
    /// Whose connection it is cannot be said: it is not TCP over IPv4 or IPv6.
    #[error("the connection is not handed on as TCP over IPv4 or IPv6")]
    NotTcp,
    /// The source is nobody's address: unspecified, of a group, or of everybody.
    #[error("the source is nobody's address")]
    Nobody,
    /// The block of version 2 is longer than any real one.
    #[error("the block has {0} bytes, more than {MAX_VERSION_2_BLOCK}")]
    BlockTooLong(usize),
    /// The block of version 2 is too short for its addresses.
    #[error("the block is too short for its addresses")]
    BlockTooShort,
    /// A value of version 2 ends behind the block.
    #[error("a value is longer than what is left")]
    ValueTooLong,
    /// There are more values than any balancer sends.
    #[error("there are more than {MAX_VALUES} values")]
    TooManyValues,
    /// The checksum is not one, or there are two.
    #[error("the checksum is malformed")]
    MalformedChecksum,
    /// The checksum is of other bytes.
    #[error("the checksum is wrong")]
    WrongChecksum,
}

/// Reads the beginning of a header; once it is whole, says who is at the other end.
///
/// **Trusts**: whoever sent the bytes. Only a balancer that is known by its address may be asked for
/// a header, as a header says whatever its sender likes.
///
/// # Errors
///
/// The bytes are no beginning of a header that is taken.
pub fn read(bytes: &[u8]) -> Result<Progress, ProxyProtocolError> {
    let is_binary = begins(bytes, &version_2::SIGNATURE);
    if !is_binary && !begins(bytes, version_1::BEGINNING) {
        return Err(ProxyProtocolError::NoHeader);
    }
    match BEGINNING.checked_sub(bytes.len()) {
        Some(more @ 1..) => Ok(Progress::More(more)),
        _ if is_binary => version_2::read(bytes),
        _ => version_1::read(bytes),
    }
}

/// Whether bytes begin so, as far as there are any.
fn begins(bytes: &[u8], with: &[u8]) -> bool {
    bytes.iter().zip(with).all(|(one, other)| one == other)
}

/// A client at an address that one can have.
fn client(address: SocketAddr) -> Result<Source, ProxyProtocolError> {
    let ip = address.ip().to_canonical();
    let is_everybody = matches!(ip, core::net::IpAddr::V4(v4) if v4.is_broadcast());
    if ip.is_unspecified() || ip.is_multicast() || is_everybody {
        return Err(ProxyProtocolError::Nobody);
    }
    Ok(Source::Client(SocketAddr::new(ip, address.port())))
}
