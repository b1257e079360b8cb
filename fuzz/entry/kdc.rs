//! Domain controllers: the time in an error, and nothing from anything else.

/// Feeds one input; says whether it told a time.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(told) = proto::kdc::time(data) else {
        return false;
    };
    assert!(told.to_string().len() < 40);
    true
}
