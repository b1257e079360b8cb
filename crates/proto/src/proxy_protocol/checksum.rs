//! CRC-32C (RFC 3385, Castagnoli), bit by bit: a header is short, and few carry one.

use std::ops::Range;

/// The polynomial, its lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The checksum of a header in which the checksum's own place is zeros.
pub(super) fn of_header(header: &[u8], place: Range<usize>) -> u32 {
    let zeroed = |(at, byte): (usize, &u8)| if place.contains(&at) { 0 } else { *byte };
    !header.iter().enumerate().map(zeroed).fold(!0, step)
}

fn step(sum: u32, byte: u8) -> u32 {
    (0..8).fold(sum ^ u32::from(byte), |sum, _| match sum & 1 {
        1 => (sum >> 1) ^ POLYNOMIAL,
        _ => sum >> 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32c() {
        assert_eq!(of_header(b"123456789", 0..0), 0xe306_9283);
    }

    #[test]
    fn the_place_of_the_checksum_counts_as_zeros() {
        assert_eq!(of_header(b"1\x05\x063", 1..3), of_header(b"1\0\x003", 0..0));
    }
}
