//! A value of `Data` (RFC 6030 4.1): plain, or encrypted with a MAC over what is encrypted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::Element;
use zeroize::Zeroizing;

use super::key::KeyError;
use super::parts::{Foreign, Parts};
use super::protection::Protection;
use crate::seed_list::number;

/// The namespace of XML encryption.
const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// Longest text in base 64 that is read, in bytes.
const MAX_BASE64: usize = 4096;

/// A value as its container keeps it.
enum Kept {
    Plain(Zeroizing<String>),
    Opened(Zeroizing<Vec<u8>>),
}

/// Bytes, such as a seed.
pub(super) fn bytes(
    element: Element<'_, '_>,
    name: &'static str,
    protection: &Protection,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match kept(element, name, protection)? {
        // SECURITY: whoever gave a key expects an encrypted file. One that is plain may be anybody's.
        Kept::Plain(_) if protection.was_unlocked() => {
            Err(KeyError::NotEncrypted { element: name })
        }
        Kept::Plain(text) => base64_of(&text).ok_or(KeyError::Wrong {
            element: name,
            expected: "base64",
        }),
        Kept::Opened(bytes) => Ok(bytes),
    }
}

/// A number, such as a counter.
///
/// INTEROP: RFC 6030 does not say how a number is written before it is encrypted; multiOTP and ActivIdentity
/// encrypt 4 or 8 bytes, others the digits.
pub(super) fn whole_number(
    element: Element<'_, '_>,
    name: &'static str,
    protection: &Protection,
) -> Result<u64, KeyError> {
    let found = match kept(element, name, protection)? {
        Kept::Plain(text) => number(text.trim_ascii()),
        Kept::Opened(bytes) => {
            let digits = str::from_utf8(&bytes).ok().and_then(number);
            let long = bytes.as_array().map(|it| u64::from_be_bytes(*it));
            let short = bytes
                .as_array()
                .map(|it| u64::from(u32::from_be_bytes(*it)));
            digits.or(long).or(short)
        }
    };
    found.ok_or(KeyError::Wrong {
        element: name,
        expected: "a whole number that is not below zero",
    })
}

fn kept(
    element: Element<'_, '_>,
    name: &'static str,
    protection: &Protection,
) -> Result<Kept, KeyError> {
    let known = ["PlainValue", "EncryptedValue", "ValueMAC"];
    let parts = Parts::of(element, name, &known, Foreign::Refused)?;
    let (plain, encrypted) = (parts.get("PlainValue"), parts.get("EncryptedValue"));
    let mac = parts.get("ValueMAC");
    match (plain, encrypted) {
        (Some(plain), None) if mac.is_none() && plain.children().next().is_none() => {
            Ok(Kept::Plain(Zeroizing::new(plain.text())))
        }
        (None, Some(encrypted)) => {
            let mac = mac.map(|mac| {
                base64_of(&mac.text()).ok_or(KeyError::Wrong {
                    element: "ValueMAC",
                    expected: "base64",
                })
            });
            let mac = mac.transpose()?;
            let (cipher, value) = encrypted_value(encrypted)?;
            let mac = mac.as_ref().map(|mac| mac.as_slice());
            protection
                .open(name, &cipher, (&value, mac))
                .map(Kept::Opened)
        }
        _ => Err(KeyError::Wrong {
            element: name,
            expected: "one `PlainValue` alone, or one `EncryptedValue` with its `ValueMAC`",
        }),
    }
}

/// The URI of the cipher and the encrypted bytes of an element such as `EncryptedValue` or `MACKey`.
pub(super) fn encrypted_value(
    element: Element<'_, '_>,
) -> Result<(String, Zeroizing<Vec<u8>>), KeyError> {
    let method = only(element, "EncryptionMethod", "EncryptedValue")?;
    let cipher = method.attribute("Algorithm").ok_or(KeyError::Missing {
        inside: "EncryptionMethod",
        element: "Algorithm",
    })?;
    let data = only(element, "CipherData", "EncryptedValue")?;
    let value = only(data, "CipherValue", "CipherData")?;
    let value = base64_of(&value.text()).ok_or(KeyError::Wrong {
        element: "CipherValue",
        expected: "base64",
    })?;
    Ok((cipher.to_owned(), value))
}

/// The one part of this name in the namespace of XML encryption.
fn only<'a, 'i>(
    element: Element<'a, 'i>,
    name: &'static str,
    inside: &'static str,
) -> Result<Element<'a, 'i>, KeyError> {
    let mut found = element.children().filter(|it| it.is(ENCRYPTION, name));
    let first = found.next();
    if found.next().is_some() {
        return Err(KeyError::Repeated { element: name });
    }
    first.ok_or(KeyError::Missing {
        inside,
        element: name,
    })
}

/// Reads base 64 as XML has it: white space may stand anywhere.
pub(super) fn base64_of(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > MAX_BASE64 {
        return None;
    }
    let mut dense = Zeroizing::new(String::with_capacity(text.len()));
    dense.extend(
        text.chars()
            .filter(|it| !matches!(it, ' ' | '\t' | '\r' | '\n')),
    );
    STANDARD.decode(dense.as_bytes()).ok().map(Zeroizing::new)
}
