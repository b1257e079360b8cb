//! DNS: a resolver's answer to the question who serves a domain (RFC 2782).

use proto::dns::{self, Kind};

/// The name that every seed is about.
const NAME: &str = "_kerberos._tcp.contoso.com";

/// Feeds one input; says whether it was an answer.
pub(crate) fn run(data: &[u8]) -> bool {
    let question = dns::question(0x1234, NAME, Kind::Srv).expect("a name");
    let Ok(found) = dns::servers(data, &question) else {
        return false;
    };
    assert!(found.len() <= data.len() / 12);
    for server in found {
        assert!(server.port != 0 && !server.host.is_empty() && server.host.len() <= 253);
        assert!(
            !server
                .host
                .contains(|it: char| !it.is_ascii_alphanumeric() && !"-.".contains(it))
        );
    }
    true
}
