//! PSKC: whatever is read is either refused with its place or a token with a seed, and no secret is printed.

use proto::pskc::{MissingMac, Opening, Unlock, read};
use proto::seed_list::Place;

/// The key of RFC 6030's figure 6.
const KEY: [u8; 16] = [
    0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12,
];

/// Feeds one input; says whether a token came out.
pub(crate) fn run(data: &[u8]) -> bool {
    let mut unlocks = vec![Unlock::Nothing, Unlock::Key(&KEY)];
    // A fuzzer finds the largest count of turns at once, and then tries nothing else.
    if !has_large_number(data) {
        unlocks.push(Unlock::Password("qwerty"));
    }
    let mut was_read = false;
    for unlock in unlocks {
        for missing_mac in [MissingMac::Refuse, MissingMac::Accept] {
            let opening = Opening {
                unlock: unlock.clone(),
                missing_mac,
            };
            was_read |= is_read(data, &opening);
        }
    }
    was_read
}

fn is_read(data: &[u8], opening: &Opening<'_>) -> bool {
    let Ok(container) = read(data, opening) else {
        return false;
    };
    assert!(!container.keys.is_empty());
    let mut was_read = false;
    for entry in &container.keys {
        match entry {
            Ok(token) => {
                assert!(token.seed.as_bytes().len() >= 16);
                assert!(!token.serial.is_empty());
                was_read = true;
            }
            Err(refused) => {
                assert!(matches!(refused.place, Place::Key { number, .. } if number > 0));
                assert!(refused.to_string().len() < 1_000);
            }
        }
    }
    was_read
}

fn has_large_number(data: &[u8]) -> bool {
    let mut digits = 0;
    data.iter().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits == 6
    }) && data.windows(9).any(|window| window == b"Iteration")
}
