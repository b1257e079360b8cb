//! Keytabs: whatever is read names its owner and no more keys than its bytes can hold.

/// Feeds one input; says whether it has an AES key.
pub(crate) fn run(data: &[u8]) -> bool {
    let Some(entries) = gss::entries(data) else {
        return false;
    };
    assert!(entries.len() <= data.len() / 4);
    for entry in &entries {
        assert!(entry.principal.contains('@'));
        assert!(entry.principal.len() <= data.len() + 8);
    }
    entries.iter().any(gss::Entry::is_aes)
}
