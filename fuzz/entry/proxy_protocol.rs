//! PROXY protocol: read as a door reads it, byte for byte what was asked for, from what came.

use proto::proxy_protocol::{MAX_VERSION_2_BLOCK, Progress, Source, read};

/// Feeds one input; says whether it is one header.
pub(crate) fn run(data: &[u8]) -> bool {
    let mut taken = 0;
    loop {
        let so_far = data.get(..taken).unwrap_or_default();
        match read(so_far) {
            Ok(Progress::More(more)) => {
                assert!(more > 0 && taken + more <= 16 + MAX_VERSION_2_BLOCK);
                taken += more;
            }
            Ok(Progress::Whole(source)) => {
                if let Source::Client(address) = source {
                    assert_eq!(address.ip(), address.ip().to_canonical());
                }
                // Nothing that begins so, and is shorter or longer, is a header.
                let shorter = data.get(..taken - 1).unwrap_or_default();
                assert!(matches!(read(shorter), Ok(Progress::More(1))));
                return taken == data.len();
            }
            Err(_) => return false,
        }
        if taken > data.len() {
            return false;
        }
    }
}
