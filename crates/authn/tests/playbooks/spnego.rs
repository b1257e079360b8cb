//! A client that would rather speak Kerberos and ends up with NTLM (RFC 4178), as far as the playbooks
//! need one: the list of mechanisms that it signs need not be the one that arrives.

use authn::Proof;
use proto::ntlm::Direction;
use proto::ntlm::client::Client;
use proto::spnego::{Acceptor, Step};

use crate::world::Exchange;

pub(crate) const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
pub(crate) const NEGOEX: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e];
pub(crate) const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// What happens to the client's list of mechanisms on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// It arrives as it was sent, signed.
    Signed,
    /// It arrives as it was sent, and nobody signed it.
    Unsigned,
    /// A mechanism was taken out on the way.
    Tampered,
}

/// The proof of a client that offers Kerberos first.
pub(crate) fn optimistic(client: &Client, listed: Listed) -> Proof {
    let sent: &[&[u8]] = match listed {
        Listed::Tampered => &[NEGOEX, KERBEROS, NTLM],
        Listed::Signed | Listed::Unsigned => &[KERBEROS, NTLM],
    };
    let exchange = Exchange::of(client);
    let mut acceptor = Acceptor::new();
    let arrived = init(&[KERBEROS, NTLM]);
    assert!(matches!(acceptor.token(&arrived), Ok(Step::Answer(_))));
    acceptor.token(&answer(&client.negotiate(), None)).unwrap();
    let _ = acceptor.wrap_challenge(&exchange.challenge);
    let signature = exchange.key.sign(Direction::ClientToServer, 0, &list(sent));
    let signature = (listed != Listed::Unsigned).then_some(signature.as_slice());
    acceptor
        .token(&answer(&exchange.message, signature))
        .unwrap();
    Proof::Ntlm {
        response: Box::new(exchange.response),
        negotiation: Some(Box::new(acceptor)),
    }
}

fn list(mechanisms: &[&[u8]]) -> Vec<u8> {
    let oids: Vec<u8> = mechanisms.iter().flat_map(|oid| der(0x06, oid)).collect();
    der(0x30, &oids)
}

fn init(mechanisms: &[&[u8]]) -> Vec<u8> {
    let ticket = der(0xa2, &der(0x04, b"a made-up ticket"));
    let fields = [der(0xa0, &list(mechanisms)), ticket].concat();
    let token = der(0xa0, &der(0x30, &fields));
    der(0x60, &[der(0x06, SPNEGO), token].concat())
}

fn answer(token: &[u8], signature: Option<&[u8]>) -> Vec<u8> {
    let mut fields = der(0xa2, &der(0x04, token));
    if let Some(signature) = signature {
        fields.extend(der(0xa3, &der(0x04, signature)));
    }
    der(0xa1, &der(0x30, &fields))
}

/// A value in DER, its length in one, two or three bytes.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let header = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header.as_slice(), value].concat()
}
