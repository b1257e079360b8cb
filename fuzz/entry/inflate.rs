//! What a deflating compressor made: no more comes out than is taken, whatever goes in.

use proto::inflate::{MAX_RATIO, inflate};

/// As much as the shortest of callers takes.
const AT_MOST: usize = 64 * 1024;

/// Feeds one input; says whether it was inflated.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(inflated) = inflate(data, AT_MOST) else {
        return false;
    };
    assert!(inflated.len() <= AT_MOST && inflated.len() <= data.len() * MAX_RATIO + 1024);
    let shorter = inflated.len().checked_sub(1);
    assert!(shorter.is_none_or(|it| inflate(data, it).is_err()));
    true
}
