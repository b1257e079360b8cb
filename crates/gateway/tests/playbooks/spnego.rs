//! A Negotiate client, as far as the playbooks need one (RFC 4178 4.2, DER by hand).

use proto::ntlm::client::{Client, Draw};
use proto::ntlm::{Direction, SessionKey};

/// The mechanisms that a client may list.
pub(crate) const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];
pub(crate) const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// The first token: the mechanisms, and a token of the first.
pub(crate) fn init(mechanisms: &[&[u8]], token: &[u8]) -> Vec<u8> {
    let fields = [
        value(0xa0, &list(mechanisms)),
        value(0xa2, &value(0x04, token)),
    ];
    let init = value(0xa0, &value(0x30, &fields.concat()));
    value(0x60, &[value(0x06, SPNEGO), init].concat())
}

/// A later token, with the MIC of the mechanism list where one is sent.
pub(crate) fn response(token: &[u8], mic: Option<&[u8]>) -> Vec<u8> {
    let mut fields = value(0xa2, &value(0x04, token));
    if let Some(mic) = mic {
        fields.extend(value(0xa3, &value(0x04, mic)));
    }
    value(0xa1, &value(0x30, &fields))
}

/// The NTLM message inside a token of the server's.
pub(crate) fn inner(token: &[u8]) -> Vec<u8> {
    let start = token.windows(8).position(|bytes| bytes == b"NTLMSSP\0");
    token.get(start.unwrap()..).unwrap().to_vec()
}

/// A type 3 message in a token with the MIC of a list of mechanisms, and the MIC that the server
/// must answer with.
pub(crate) fn authenticate(
    client: &Client,
    challenge: &[u8],
    mechanisms: &[&[u8]],
) -> (Vec<u8>, [u8; 16]) {
    let draw = Draw {
        client_challenge: [1; 8],
        session_key: [2; 16],
        time: None,
    };
    let (message, key): (Vec<u8>, SessionKey) = client.authenticate(challenge, draw).unwrap();
    let sign = |direction| key.sign(direction, 0, &list(mechanisms));
    let token = response(&message, Some(&sign(Direction::ClientToServer)));
    (token, sign(Direction::ServerToClient))
}

fn list(mechanisms: &[&[u8]]) -> Vec<u8> {
    let named: Vec<u8> = mechanisms.iter().flat_map(|oid| value(0x06, oid)).collect();
    value(0x30, &named)
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    match (high, low) {
        (0, 0..=127) => bytes.push(low),
        (0, _) => bytes.extend([0x81, low]),
        _ => bytes.extend([0x82, high, low]),
    }
    bytes.extend(content);
    bytes
}
