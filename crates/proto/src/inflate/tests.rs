//! What zlib deflates is inflated, and what grows too long or is no such thing is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Blocks that bring nothing cost as others do, and no ratio holds them.
#[test]
fn t_xml_3_blocks_that_bring_nothing_are_counted() {
    // A last block by the fixed code: one bit, two bits of kind, seven of its end.
    let empty = |count: usize| {
        let mut bits = Vec::new();
        for at in 0..count {
            bits.push(at + 1 == count);
            bits.extend([true, false]);
            bits.extend([false; 7]);
        }
        let bytes = bits.chunks(8).map(|byte| {
            let set = byte.iter().enumerate().filter(|(_, bit)| **bit);
            set.fold(0_u8, |byte, (at, _)| byte | 1 << at)
        });
        bytes.collect::<Vec<u8>>()
    };
    assert_eq!(inflate(&empty(MAX_BLOCKS), 1_024), Ok(Vec::new()));
    assert_eq!(
        inflate(&empty(MAX_BLOCKS + 1), 1_024),
        Err(InflateError::TooLong)
    );
    assert_eq!(inflate(&empty(4_800), 1_024), Err(InflateError::TooLong));
}

const REQUEST: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-01-01T10:00:00Z"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:sp</saml:Issuer></samlp:AuthnRequest>"#;

/// The same request, as zlib deflates it: by its own codes, by those that are fixed, and without repetitions.
const DEFLATED: [&str; 3] = [
    "fY8xC8IwEIX/SrldTTs4HEmg4FLQRcXBRUIJWGgvNXcBf75JXeoivOXee9zH0+ymccY2yZPO/pU8S/WeRmJcAgMpEgbHAyO5yTNKj5f2dMRmq3COQUIfRqi6g4FHDdXNRx4CGchxdpmT74jFkWRLNfuNqrOutUJVdAerCweXZlyR/4Mds4+SQWBLjWe9W72x3+t3lf0A",
    "sylOzM0psHIsLcnIC0otLE0tLlGoyM3JK7YCS9gqlRblWeUnFmcWW+Ul5qYWW5UkWwU7+vpYGekZWBUU5ZfkJ+fnKCl4utgqxRsqKYSlFhVn5ufZKgGlgaLFxaWpnnnFJYl5JUAhAyMzXQNDIAoxNLAyAKEoJTsbkD1WYJVFSDbjtzixuDi1qARokZIdSFlxgY0+kjF2EB6qr+wA",
    "BcExisMwEAXQqxj1ccYuUnxsg2EbQ9IkyxbbLEMYiEEaOfoS5Pj73kRN8cDa6svv9m7G2n1SdIKa4jGHVhxZuROuyYj6xGO9XTH2gqPkmp85hm77msPfELofK9yzz2HsJXQb2WxzVvU6h1HGy0mGkwzfg0AEIr9hmagpYiOble6TohPUFOfQiiMrd8I1GVGfeKy3K8ZeoKSVumcPSysOHtOZmiI2sllZpjM1xQNrqy+/27sZ6/IP",
];

fn unpacked(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

/// Writes bits as a compressor does.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    count: usize,
}

impl Written {
    fn bit(&mut self, bit: u8) {
        if self.count.is_multiple_of(8) {
            self.bytes.push(0);
        }
        *self.bytes.last_mut().unwrap() |= bit << (self.count % 8);
        self.count += 1;
    }

    /// A code, from its highest bit on.
    fn code(mut self, bits: &str) -> Self {
        bits.bytes().for_each(|it| self.bit(it - b'0'));
        self
    }
}

/// A block of the fixed codes that has one byte in it and then repeats it, 258 times with each 13 bits.
fn repeated(repeats: usize) -> Vec<u8> {
    let mut written = Written::default().code("1").code("10").code("01110001");
    for _ in 0..repeats {
        written = written.code("11000101").code("00000");
    }
    written.code("0000000").bytes
}

#[test]
fn what_zlib_deflates_is_inflated() {
    for text in DEFLATED {
        let inflated = inflate(&unpacked(text), 1024).unwrap();
        assert_eq!(String::from_utf8(inflated).unwrap(), REQUEST);
    }
    let mut stored = vec![0b1, 3, 0, !3, !0];
    stored.extend(b"abc");
    assert_eq!(inflate(&stored, 1024).unwrap(), b"abc");
    assert_eq!(inflate(&repeated(1), 1024).unwrap(), vec![b'A'; 259]);
}

#[test]
fn t_xml_3_a_message_is_no_longer_than_is_taken_and_buys_little_for_its_bytes() {
    let request = unpacked(DEFLATED[0]);
    assert!(inflate(&request, REQUEST.len()).is_ok());
    let short = inflate(&request, REQUEST.len() - 1);
    assert_eq!(short, Err(InflateError::TooLong));
    // A thousand bytes that would become 160,000.
    let bomb = repeated(630);
    assert_eq!(bomb.len(), 1026);
    assert_eq!(inflate(&bomb, usize::MAX), Err(InflateError::TooLong));
    let within = inflate(&repeated(3), usize::MAX).unwrap();
    assert_eq!(within.len(), 1 + 3 * 258, "a short one may grow more");
    assert_eq!(
        inflate(&repeated(4), usize::MAX),
        Err(InflateError::TooLong)
    );
}

#[test]
fn what_no_compressor_makes_is_refused() {
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 1].to_vec();
    let mut behind = unpacked(DEFLATED[0]);
    behind.push(0);
    let far = Written::default().code("1").code("10").code("01110001");
    let far = far.code("0000001").code("00001").code("0000000").bytes;
    let unknown = Written::default().code("1").code("10").code("01110001");
    let unknown = unknown.code("0000001").code("11110").code("0000000").bytes;
    for malformed in [
        Vec::new(),
        cut(&unpacked(DEFLATED[0])),
        cut(&unpacked(DEFLATED[1])),
        behind,
        vec![0b111],
        vec![0b1, 3, 0, 0, 0, b'a', b'b', b'c'],
        vec![0b1, 3, 0, !3, !0, b'a', b'b'],
        far,
        unknown,
        // The codes of code lengths are too many for their lengths.
        vec![
            0b1110_0101,
            0b1110_0000,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
        ],
        vec![0xfd, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        let inflated = inflate(&malformed, 1024);
        assert_eq!(inflated, Err(InflateError::Malformed), "{malformed:?}");
    }
}
