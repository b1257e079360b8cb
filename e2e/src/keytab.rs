//! A keytab (MIT's file format, version 0x502) for a service that nobody has a ticket of: a gate wants one before it offers
//! Kerberos.

/// AES-256 with HMAC-SHA1 (RFC 3962).
const AES_256: u16 = 18;
/// `KRB5_NT_PRINCIPAL` (RFC 4120 6.2).
const PRINCIPAL: u32 = 1;

/// One with a key of each principal of a realm, given in its parts.
#[must_use]
pub fn of(principals: &[&[&str]], realm: &str) -> Vec<u8> {
    with_key(principals, realm, &[7; 32])
}

/// One in which all have this key.
#[must_use]
pub fn with_key(principals: &[&[&str]], realm: &str, key: &[u8; 32]) -> Vec<u8> {
    let entries = principals.iter().flat_map(|parts| entry(parts, realm, key));
    [5, 2].into_iter().chain(entries).collect()
}

fn entry(parts: &[&str], realm: &str, key: &[u8; 32]) -> Vec<u8> {
    let count = u16::try_from(parts.len()).unwrap_or_default();
    let mut entry = count.to_be_bytes().to_vec();
    for text in [realm].iter().chain(parts) {
        counted(&mut entry, text.as_bytes());
    }
    entry.extend(PRINCIPAL.to_be_bytes());
    // When it was made, and the number of the key.
    entry.extend(0_u32.to_be_bytes());
    entry.push(1);
    entry.extend(AES_256.to_be_bytes());
    counted(&mut entry, key);
    let length = u32::try_from(entry.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &entry].concat()
}

fn counted(entry: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or_default();
    entry.extend(length.to_be_bytes());
    entry.extend(bytes);
}
