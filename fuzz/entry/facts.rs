//! Facts of Windows: whatever is read stays within its caps, and twice the same file says it once.

use proto::facts::{Facts, MAX_ENTRIES, MAX_MISSING};

/// Feeds one input; says whether every part was read and nothing was missing.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(facts) = Facts::parse(data) else {
        return false;
    };
    assert!(facts.missing.len() <= MAX_MISSING);
    assert!(facts.problems.len() <= MAX_ENTRIES);
    for directory in facts.exchange.iter().flatten() {
        let site = directory.site().unwrap_or_default();
        assert!(directory.identity().len() >= site.len());
    }
    for account in facts.ad.iter().flat_map(|it| &it.accounts) {
        assert!(account.spns.iter().all(|spn| account.holds(spn)));
    }
    let once = facts.clone().merged(facts.clone());
    let twice = once.clone().merged(facts.clone());
    assert_eq!(once.exchange, twice.exchange);
    assert_eq!(once.lync, twice.lync);
    assert_eq!(once.ad, twice.ad);
    let is_whole = facts.exchange.is_some() && facts.lync.is_some() && facts.ad.is_some();
    is_whole && facts.missing.is_empty()
}
