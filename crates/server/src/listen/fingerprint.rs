//! What a client's `ClientHello` is known again by (RFC 8446 4.1.2): what it offers, in the order in which it does.
//!
//! Left out is what is another each time: the name that is asked for, keys and random bytes, tickets, and the values that
//! clients draw so that servers get used to unknown ones (GREASE, RFC 8701). SECURITY: nobody is proved to be anybody by it, as
//! whoever likes offers the same. Start at [`of`].

use authn::place::TlsFingerprint;
use aws_lc_rs::digest::{Context, SHA256};
use rustls::server::ClientHello;

/// What stands before all else that is hashed, so that what is hashed otherwise one day is another's.
const LABEL: &[u8] = b"wicketgate tls fingerprint 1";

/// The fingerprint of a hello.
pub(super) fn of(hello: &ClientHello<'_>) -> TlsFingerprint {
    let suites = hello.cipher_suites().iter().map(|it| u16::from(*it));
    let schemes = hello.signature_schemes().iter().map(|it| u16::from(*it));
    let groups = hello.named_groups().unwrap_or_default();
    let groups = groups.iter().map(|it| u16::from(*it));
    let protocols = hello.alpn().into_iter().flatten();
    Offered {
        suites: suites.collect(),
        schemes: schemes.collect(),
        groups: groups.collect(),
        protocols: protocols.map(<[u8]>::to_vec).collect(),
    }
    .fingerprint()
}

/// What a client offers.
#[derive(Clone, Default)]
struct Offered {
    suites: Vec<u16>,
    schemes: Vec<u16>,
    groups: Vec<u16>,
    protocols: Vec<Vec<u8>>,
}

impl Offered {
    fn fingerprint(&self) -> TlsFingerprint {
        let mut context = Context::new(&SHA256);
        let mut part = |bytes: &[u8]| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(bytes);
        };
        part(LABEL);
        for numbers in [&self.suites, &self.schemes, &self.groups] {
            let kept = numbers.iter().filter(|it| !is_drawn(**it));
            let bytes: Vec<u8> = kept.flat_map(|it| it.to_be_bytes()).collect();
            part(&bytes);
        }
        let kept = self.protocols.iter().filter(|it| !is_drawn_name(it));
        for protocol in kept {
            part(protocol);
        }
        let digest = context.finish();
        TlsFingerprint(digest.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// Whether a number is one of those that clients draw: `0x0a0a`, `0x1a1a` to `0xfafa`.
fn is_drawn(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && high & 0x0f == 0x0a
}

/// The same of a protocol, which is two such bytes.
fn is_drawn_name(name: &[u8]) -> bool {
    <[u8; 2]>::try_from(name).is_ok_and(|bytes| is_drawn(u16::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered() -> Offered {
        Offered {
            suites: vec![0x1301, 0x1302, 0xc02f],
            schemes: vec![0x0403, 0x0804],
            groups: vec![0x001d, 0x0017],
            protocols: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        }
    }

    #[test]
    fn whatever_a_client_offers_otherwise_or_in_another_order_is_another_client() {
        let one = offered().fingerprint();
        assert_eq!(one, offered().fingerprint());
        let changes: [fn(&mut Offered); 8] = [
            |it| it.suites.swap(0, 1),
            |it| it.suites.truncate(2),
            |it| it.schemes.push(0x0805),
            |it| it.groups.swap(0, 1),
            |it| it.groups.clear(),
            |it| it.protocols.swap(0, 1),
            |it| it.protocols.clear(),
            // What moves from one list to the next is not the same.
            |it| it.schemes.insert(0, it.suites.pop().unwrap()),
        ];
        let mut seen = vec![one];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = offered();
            change(&mut other);
            let other = other.fingerprint();
            assert!(!seen.contains(&other), "{number}");
            seen.push(other);
        }
    }

    #[test]
    fn what_a_client_draws_anew_each_time_is_left_out() {
        let one = offered().fingerprint();
        for drawn in (0..16_u16).map(|it| (it << 12) | (it << 4) | 0x0a0a) {
            let mut other = offered();
            other.suites.insert(0, drawn);
            other.groups.insert(0, drawn);
            other.schemes.push(drawn);
            other.protocols.push(drawn.to_be_bytes().to_vec());
            assert_eq!(other.fingerprint(), one, "{drawn:04x}");
        }
        let mut other = offered();
        other.suites.insert(0, 0x0a1a);
        assert_ne!(other.fingerprint(), one);
    }
}
