//! PSKC (RFC 6030): the XML in which vendors send the seeds of their tokens, plain or encrypted.
//!
//! SECURITY: where a file is encrypted, the MAC of a value is checked before the value is opened, and a policy
//! that is not understood refuses its key. A digital signature is noticed and not checked. Never reads files
//! or randomness. Start at [`read`].

mod cipher;
mod key;
mod parts;
mod policy;
mod protection;
mod value;

pub use cipher::{Cipher, CipherError, MAX_CIPHER_BYTES, Size};
pub use key::KeyError;
pub use policy::PolicyError;
pub use protection::{
    MAX_ITERATIONS, MAX_SALT_BYTES, MissingMac, Opening, ProtectionError, Unlock,
};

use xml::{Document, Element, Limits};

use crate::seed_list::{Entry, Place, refuse_twins};
use protection::Protection;

/// What a file may ask for: room for [`MAX_KEYS`] of the most talkative vendor.
///
/// Depth and attributes are held low, because a declaration of a namespace costs as much as stand around it,
/// and some writers declare theirs anew at each key.
pub const LIMITS: Limits = Limits {
    bytes: 512 * 1024 * 1024,
    depth: 16,
    attributes: 16,
    namespace_declarations: 400_000,
    namespaces_in_scope: 256,
    nodes: 16_000_000,
};
/// Most keys of a file.
pub const MAX_KEYS: usize = 200_000;
/// The namespace of PSKC (RFC 6030 1.3).
const NAMESPACE: &str = "urn:ietf:params:xml:ns:keyprov:pskc";
/// That of XML signatures.
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Why a file is not read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PskcParseError {
    /// It is not XML, or more than may be.
    #[error("it is not taken as XML: {0}")]
    Xml(#[from] xml::ParseError),
    /// It is XML of something else.
    #[error(
        "it is not a PSKC file: it begins with `{got}`, and `KeyContainer` of {NAMESPACE} is expected"
    )]
    NotPskc {
        /// What it begins with.
        got: String,
    },
    /// It is of another version, or of none.
    #[error("it is of version `{got}`, and 1.0 is read")]
    Version {
        /// Its version.
        got: String,
    },
    /// A part of the container has a name that RFC 6030 does not give.
    #[error("`{got}` is unknown in a `KeyContainer`")]
    Unknown {
        /// Its name.
        got: String,
    },
    /// It holds more keys than may be.
    #[error("it has more than {MAX_KEYS} keys: split it")]
    TooManyKeys,
    /// It holds no key.
    #[error("it has no `KeyPackage` with a `Key`")]
    NoKeys,
    /// What the whole file is encrypted by is not taken.
    #[error(transparent)]
    Protection(#[from] ProtectionError),
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its keys in their order, each taken or not.
    pub keys: Vec<Entry>,
    /// Whether it bears a digital signature, which nobody has checked here.
    pub is_signed: bool,
}

/// Reads a file.
///
/// **Trusts** what is not encrypted: without a key or password, and without a signature that somebody else has
/// checked, whoever brought the file may have written it.
///
/// # Errors
///
/// The file as a whole is not taken; what is wrong with one key stands in [`Container::keys`].
pub fn read(bytes: &[u8], opening: &Opening<'_>) -> Result<Container, PskcParseError> {
    let document = Document::parse_bytes_within(bytes, LIMITS)?;
    let container = document.root();
    if !container.is(NAMESPACE, "KeyContainer") {
        return Err(PskcParseError::NotPskc {
            got: shortened(container.name()),
        });
    }
    // RFC 6030 1.2: a minor version that is higher says nothing that must be understood.
    let version = container.attribute("Version").unwrap_or("none");
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if major.trim_start_matches('0') != "1" || !is_number(major) || !is_number(minor) {
        let got = shortened(version);
        return Err(PskcParseError::Version { got });
    }
    for part in container.children() {
        let is_known =
            part.is(SIGNATURE, "Signature") || PARTS.iter().any(|name| part.is(NAMESPACE, name));
        if !is_known {
            let got = shortened(part.name());
            return Err(PskcParseError::Unknown { got });
        }
    }
    let protection = Protection::read(container, opening)?;
    Ok(Container {
        keys: keys(container, &protection)?,
        is_signed: container.child(SIGNATURE, "Signature").is_some(),
    })
}

/// What a container is made of (RFC 6030 11).
const PARTS: [&str; 4] = ["EncryptionKey", "MACMethod", "KeyPackage", "Extensions"];

fn keys(container: Element<'_, '_>, protection: &Protection) -> Result<Vec<Entry>, PskcParseError> {
    let mut found = Vec::new();
    for package in container
        .children()
        .filter(|it| it.is(NAMESPACE, "KeyPackage"))
    {
        for key in package.children().filter(|it| it.is(NAMESPACE, "Key")) {
            let number = found.len().saturating_add(1);
            if number > MAX_KEYS {
                return Err(PskcParseError::TooManyKeys);
            }
            found.push((
                Place::Key {
                    number,
                    name: key::name(package, key),
                },
                package,
                key,
            ));
        }
    }
    if found.is_empty() {
        return Err(PskcParseError::NoKeys);
    }
    let keys = found.into_iter().map(|(place, package, key)| {
        let token = key::token(package, key, protection);
        let entry = token.map_err(|why| crate::seed_list::Refused {
            place: place.clone(),
            why: why.into(),
        });
        (place, key.attribute("Id").map(str::to_owned), entry)
    });
    Ok(refuse_twins(told_apart(keys.collect())))
}

/// Several keys of one device have its serial number in common (RFC 6030 8): each is then called by its id, too.
fn told_apart(keys: Vec<(Place, Option<String>, Entry)>) -> Vec<(Place, Entry)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for (_, _, entry) in &keys {
        if let Ok(token) = entry {
            *counts.entry(token.serial.clone()).or_default() += 1;
        }
    }
    let told = keys.into_iter().map(|(place, id, entry)| {
        let entry = entry.map(|mut token| {
            if let Some(id) = id.as_deref().and_then(crate::seed_list::text)
                && counts.get(&token.serial).is_some_and(|count| *count > 1)
            {
                let told = format!("{}/{id}", token.serial);
                // Where that is too long, the second of them is refused as a twin.
                token.serial = crate::seed_list::text(&told).unwrap_or(token.serial);
            }
            token
        });
        (place, entry)
    });
    told.collect()
}

/// What a file says, for a message: not endless and without control characters.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let shown = text.chars().filter(|it| !it.is_control());
    shown.take(MOST).collect()
}

#[cfg(test)]
mod tests;
