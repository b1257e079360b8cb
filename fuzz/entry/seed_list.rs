//! Lists of seeds: each line is a token or refused at a column that it has, whatever the list says of itself.

use proto::otp::{Algorithm, Digits, Period};
use proto::seed_list::{Encoding, Entry, Kind, Place, Reading, Stated, csv, uris};

/// Feeds one input to each reader; says whether a token came out of one.
pub(crate) fn run(data: &[u8]) -> bool {
    let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
    let stated = Stated {
        encoding: Some(Encoding::Hex),
        kind: Some(Kind::Totp),
        digits: Some(Digits::SIX),
        period: Some(Period::HALF_A_MINUTE),
        algorithm: Some(Algorithm::Sha1),
        manufacturer: None,
    };
    let told = Reading {
        stated,
        ..Reading::default()
    };
    let lists = [csv(data, &Reading::default()), csv(data, &told), uris(data)];
    let mut was_read = false;
    for list in lists.into_iter().flatten() {
        assert!(!list.is_empty() && list.len() <= lines);
        was_read |= list.iter().any(|entry| is_read(entry, lines));
    }
    was_read
}

fn is_read(entry: &Entry, lines: usize) -> bool {
    match entry {
        Ok(token) => {
            assert!(token.seed.as_bytes().len() >= 16);
            assert!(!token.serial.trim().is_empty());
            true
        }
        Err(refused) => {
            let is_there = matches!(
                refused.place,
                Place::Line { line, column } if (1..=lines).contains(&line) && column > 0
            );
            assert!(is_there);
            assert!(refused.to_string().len() < 1_000);
            false
        }
    }
}
