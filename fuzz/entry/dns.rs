//! DNS: a resolver's answer to our question, which is written before it.

use proto::dns::{self, Kind};

/// The name that every seed is about.
const NAME: &str = "mail.contoso.com";

/// Feeds one input; says whether it was an answer.
pub(crate) fn run(data: &[u8]) -> bool {
    let question = dns::question(0x1234, NAME, Kind::A).expect("a name");
    let Ok(found) = dns::addresses(data, &question) else {
        return false;
    };
    assert!(found.len() <= data.len() / 4);
    true
}
