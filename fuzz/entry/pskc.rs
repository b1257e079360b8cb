//! PSKC: whatever is read is either refused with its place or a token with a seed, and no secret is printed.

use proto::pskc::{MissingMac, Opening, Unlock, read};
use proto::seed_list::Place;

/// The key of RFC 6030's figure 6.
const KEY: [u8; 16] = [
    0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12,
];

/// Feeds one input; says whether a token came out.
pub(crate) fn run(data: &[u8]) -> bool {
    let mut openings = vec![
        (Unlock::Nothing, MissingMac::Refuse),
        (Unlock::Key(&KEY), MissingMac::Refuse),
        (Unlock::Key(&KEY), MissingMac::Accept),
    ];
    // A fuzzer finds the largest count of turns at once, and then tries nothing else.
    if !has_many_iterations(data) {
        openings.push((Unlock::Password("qwerty"), MissingMac::Refuse));
    }
    let mut was_read = false;
    for (unlock, missing_mac) in openings {
        let opening = Opening {
            unlock,
            missing_mac,
        };
        was_read |= is_read(data, &opening);
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

fn has_many_iterations(data: &[u8]) -> bool {
    const NAME: &[u8] = b"IterationCount";
    data.windows(NAME.len() + 30).any(|window| {
        let digits = window
            .iter()
            .skip(NAME.len())
            .filter(|it| it.is_ascii_digit());
        window.starts_with(NAME) && digits.count() > 4
    })
}
