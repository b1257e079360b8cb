//! Version 1: one line of words (2.1), `PROXY TCP4 192.0.2.7 192.0.2.1 56324 443`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::{MAX_VERSION_1, Progress, ProxyProtocolError, Source, client};

pub(super) const BEGINNING: &[u8] = b"PROXY ";
/// No line that is taken is shorter than `PROXY TCP6 :: :: 1 1`.
const SHORTEST: usize = 22;

/// Reads a line of which the first words are there. While its end is not, two bytes are to come at
/// least, and one where the first of them is there.
pub(super) fn read(bytes: &[u8]) -> Result<Progress, ProxyProtocolError> {
    // `PROXY UNKNOWN` may end before the shortest line that is taken.
    if bytes.starts_with(b"PROXY UNKNOW") {
        return Err(ProxyProtocolError::NotTcp);
    }
    if !bytes.starts_with(b"PROXY TCP4 ") && !bytes.starts_with(b"PROXY TCP6 ") {
        return Err(ProxyProtocolError::MalformedLine);
    }
    if let Some(line) = bytes.strip_suffix(b"\r\n").filter(|line| is_one(line)) {
        return words(line).map(Progress::Whole);
    }
    if bytes.windows(2).any(|pair| pair == b"\r\n") {
        return Err(ProxyProtocolError::TooMany);
    }
    let more = match bytes.last() {
        Some(b'\r') => 1,
        _ => SHORTEST.saturating_sub(bytes.len()).max(2),
    };
    match bytes.len() + more > MAX_VERSION_1 {
        true => Err(ProxyProtocolError::LineTooLong),
        false => Ok(Progress::More(more)),
    }
}

fn is_one(line: &[u8]) -> bool {
    !line.windows(2).any(|pair| pair == b"\r\n")
}

fn words(line: &[u8]) -> Result<Source, ProxyProtocolError> {
    let malformed = ProxyProtocolError::MalformedLine;
    let line = std::str::from_utf8(line).map_err(|_| malformed)?;
    let words: Vec<&str> = line.split(' ').collect();
    let [_, family, source, destination, from, to] = *words else {
        return Err(malformed);
    };
    let source = match family {
        "TCP4" => both::<Ipv4Addr>(source, destination).map(IpAddr::V4),
        _ => both::<Ipv6Addr>(source, destination).map(IpAddr::V6),
    };
    let source = source.ok_or(malformed)?;
    let (port, _) = port(from).zip(port(to)).ok_or(malformed)?;
    client(SocketAddr::new(source, port))
}

/// The first of two addresses of one family.
fn both<A: FromStr>(source: &str, destination: &str) -> Option<A> {
    let destination: Result<A, _> = destination.parse();
    destination.ok()?;
    source.parse().ok()
}

/// A port without a sign and without zeros before it, both of which `u16` takes.
fn port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && is_short)
}
