//! How a container is protected (RFC 6030 6): its key, pre-shared or of a password, and its MAC.
//!
//! SECURITY: a MAC is checked before its value is opened. A cipher that proves nothing by itself, without a MAC,
//! is refused unless whoever imports says otherwise. Start at [`Protection::open`].

use std::num::NonZeroU32;

use aws_lc_rs::{hmac, pbkdf2};
use xml::Element;
use zeroize::Zeroizing;

use super::cipher::{Cipher, CipherError};
use super::key::KeyError;
use super::value::{base64_of, encrypted_value};
use super::{NAMESPACE, SIGNATURE, shortened};

/// Most turns of the crank that a file may ask for: some seconds of work.
pub const MAX_ITERATIONS: u32 = 10_000_000;
/// Longest salt, in bytes.
pub const MAX_SALT_BYTES: usize = 256;
/// The namespace of XML encryption 1.1.
const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";

/// With what a file is opened.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The key or the password of the file.
    pub unlock: Unlock<'a>,
    /// What is done where an encrypted value has no MAC and needs one.
    pub missing_mac: MissingMac,
}

/// The key or the password of a file.
#[derive(Clone)]
pub enum Unlock<'a> {
    /// Neither: the file is plain.
    Nothing,
    /// The pre-shared key.
    Key(&'a [u8]),
    /// The password.
    Password(&'a str),
}

impl std::fmt::Debug for Unlock<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Key(_) => "Key(..)",
            Self::Password(_) => "Password(..)",
        })
    }
}

/// What is done where an encrypted value has no MAC and needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingMac {
    /// The key is refused.
    Refuse,
    /// It is taken, though it may have been altered: whoever imports has said so.
    Accept,
}

impl Opening<'_> {
    /// A plain file.
    pub const PLAIN: Self = Self {
        unlock: Unlock::Nothing,
        missing_mac: MissingMac::Refuse,
    };
}

/// Why the protection of a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtectionError {
    /// It is encrypted by a password, and another thing or nothing was given.
    #[error("the file is encrypted by a password: give the password")]
    NeedsPassword,
    /// It is encrypted by a pre-shared key, and another thing or nothing was given.
    #[error("the file is encrypted by a pre-shared key: give the key")]
    NeedsKey,
    /// It is encrypted to a certificate.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// An element that must be there is not.
    #[error("`{element}` is missing in `{inside}`")]
    Missing {
        /// Where it should be.
        inside: &'static str,
        /// Which.
        element: &'static str,
    },
    /// An element stands there twice.
    #[error("`{element}` stands there twice")]
    Repeated {
        /// Which.
        element: &'static str,
    },
    /// An element is not what it should be.
    #[error("`{element}` is not {expected}")]
    Wrong {
        /// Which.
        element: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// An algorithm is not taken.
    #[error("the algorithm `{uri}` of `{element}` is not taken")]
    Algorithm {
        /// Of which element.
        element: &'static str,
        /// As the file names it.
        uri: String,
    },
    /// There are more turns than anybody needs.
    #[error("`IterationCount` is {got}, and at most {MAX_ITERATIONS} are turned")]
    TooManyIterations {
        /// How many.
        got: u64,
    },
    /// The key of the MAC cannot be opened.
    #[error("`MACKey`: {0}")]
    MacKey(CipherError),
    /// The key of the MAC is named and not given.
    #[error("`MACKeyReference` names a key that is not in the file, which is not taken")]
    MacKeyReference,
}

/// A key that was given or derived, and the MAC of the file.
pub(super) struct Protection {
    key: Option<Zeroizing<Vec<u8>>>,
    mac: Option<hmac::Key>,
    missing_mac: MissingMac,
}

impl Protection {
    /// Reads `EncryptionKey` and `MACMethod`, and opens the key of the MAC.
    pub(super) fn read(
        container: Element<'_, '_>,
        opening: &Opening<'_>,
    ) -> Result<Self, ProtectionError> {
        let key = encryption_key(container, &opening.unlock)?;
        let method = once(container, NAMESPACE, "MACMethod")?;
        let mac = match (method, &key) {
            (Some(method), Some(key)) => Some(mac(method, key)?),
            _ => None,
        };
        Ok(Self {
            key,
            mac,
            missing_mac: opening.missing_mac,
        })
    }

    /// Opens a value whose MAC is right.
    pub(super) fn open(
        &self,
        element: &'static str,
        cipher: &str,
        (value, mac): (&[u8], Option<&[u8]>),
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let refused = |error| KeyError::Cipher { element, error };
        let cipher = Cipher::named(cipher).map_err(refused)?;
        let key = self.key.as_ref().ok_or(KeyError::Locked { element })?;
        match (&self.mac, mac) {
            (Some(key), Some(mac)) => {
                hmac::verify(key, value, mac).map_err(|_| KeyError::Mac { element })?;
            }
            (None, Some(_)) => return Err(KeyError::MacWithoutMethod { element }),
            (_, None) if cipher.proves_itself() => {}
            (_, None) if self.missing_mac == MissingMac::Accept => {}
            (_, None) => return Err(KeyError::NoMac { element }),
        }
        cipher.open(key, value).map_err(refused)
    }

    /// Whether a key or a password was given.
    pub(super) fn was_unlocked(&self) -> bool {
        self.key.is_some()
    }
}

/// The key that opens the values, where one was given.
fn encryption_key(
    container: Element<'_, '_>,
    unlock: &Unlock<'_>,
) -> Result<Option<Zeroizing<Vec<u8>>>, ProtectionError> {
    let Some(stated) = once(container, NAMESPACE, "EncryptionKey")? else {
        return match unlock {
            Unlock::Nothing => Ok(None),
            Unlock::Key(key) => Ok(Some(Zeroizing::new(key.to_vec()))),
            Unlock::Password(_) => Err(ProtectionError::Missing {
                inside: "KeyContainer",
                element: "EncryptionKey",
            }),
        };
    };
    if stated.child(SIGNATURE, "X509Data").is_some() {
        return Err(CipherError::PublicKey.into());
    }
    match (once(stated, ENCRYPTION_11, "DerivedKey")?, unlock) {
        (Some(derived), Unlock::Password(password)) => derived_key(derived, password).map(Some),
        (Some(_), Unlock::Nothing | Unlock::Key(_)) => Err(ProtectionError::NeedsPassword),
        (None, Unlock::Key(key)) => Ok(Some(Zeroizing::new(key.to_vec()))),
        (None, Unlock::Nothing | Unlock::Password(_)) => Err(ProtectionError::NeedsKey),
    }
}

/// PBKDF2 (RFC 6030 6.2; PKCS#5 5.2).
///
/// INTEROP: RFC 6030 itself writes the parameters in no namespace, multiOTP and others in that of PKCS#5 or of
/// XML encryption 1.1; only their names are looked at.
fn derived_key(
    derived: Element<'_, '_>,
    password: &str,
) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
    let method = named(derived, "KeyDerivationMethod", "DerivedKey")?;
    let uri = method.attribute("Algorithm").unwrap_or_default();
    if !DERIVATIONS.contains(&uri) {
        return Err(ProtectionError::Algorithm {
            element: "KeyDerivationMethod",
            uri: shortened(uri),
        });
    }
    let parameters = named(method, "PBKDF2-params", "KeyDerivationMethod")?;
    let salt = named(parameters, "Salt", "PBKDF2-params")?;
    let salt = base64_of(&named(salt, "Specified", "Salt")?.text())
        .filter(|salt| (1..=MAX_SALT_BYTES).contains(&salt.len()))
        .ok_or(ProtectionError::Wrong {
            element: "Salt",
            expected: "1 to 256 bytes in base64",
        })?;
    let iterations = iterations(parameters)?;
    let length = named(parameters, "KeyLength", "PBKDF2-params")?.text();
    let length = match length.trim_ascii() {
        "16" => 16,
        "24" => 24,
        "32" => 32,
        _ => {
            return Err(ProtectionError::Wrong {
                element: "KeyLength",
                expected: "16, 24 or 32 bytes, as AES needs",
            });
        }
    };
    let mut key = Zeroizing::new(vec![0; length]);
    let algorithm = pseudorandom_function(parameters)?;
    pbkdf2::derive(algorithm, iterations, &salt, password.as_bytes(), &mut key);
    Ok(key)
}

fn iterations(parameters: Element<'_, '_>) -> Result<NonZeroU32, ProtectionError> {
    let count = named(parameters, "IterationCount", "PBKDF2-params")?.text();
    let count = crate::seed_list::number(count.trim_ascii()).ok_or(ProtectionError::Wrong {
        element: "IterationCount",
        expected: "a whole number",
    })?;
    if count > u64::from(MAX_ITERATIONS) {
        return Err(ProtectionError::TooManyIterations { got: count });
    }
    let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
    count.ok_or(ProtectionError::Wrong {
        element: "IterationCount",
        expected: "at least 1",
    })
}

/// HMAC-SHA1 unless another is named (PKCS#5 A.2).
fn pseudorandom_function(
    parameters: Element<'_, '_>,
) -> Result<pbkdf2::Algorithm, ProtectionError> {
    let stated = any_namespace(parameters, "PRF")?;
    let Some(uri) = stated.and_then(|stated| stated.attribute("Algorithm")) else {
        return Ok(pbkdf2::PBKDF2_HMAC_SHA1);
    };
    match mac_of(uri) {
        Some(Mac::Sha1) => Ok(pbkdf2::PBKDF2_HMAC_SHA1),
        Some(Mac::Sha256) => Ok(pbkdf2::PBKDF2_HMAC_SHA256),
        Some(Mac::Sha512) => Ok(pbkdf2::PBKDF2_HMAC_SHA512),
        None => Err(ProtectionError::Algorithm {
            element: "PRF",
            uri: shortened(uri),
        }),
    }
}

/// `MACMethod` (RFC 6030 6.1.1): its key is encrypted as the values are.
fn mac(method: Element<'_, '_>, key: &[u8]) -> Result<hmac::Key, ProtectionError> {
    let uri = method.attribute("Algorithm").unwrap_or_default();
    let algorithm = match mac_of(uri) {
        Some(Mac::Sha1) => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Some(Mac::Sha256) => hmac::HMAC_SHA256,
        Some(Mac::Sha512) => hmac::HMAC_SHA512,
        None => {
            return Err(ProtectionError::Algorithm {
                element: "MACMethod",
                uri: shortened(uri),
            });
        }
    };
    let Some(mac_key) = once(method, NAMESPACE, "MACKey")? else {
        return Err(match method.child(NAMESPACE, "MACKeyReference") {
            Some(_) => ProtectionError::MacKeyReference,
            None => ProtectionError::Missing {
                inside: "MACMethod",
                element: "MACKey",
            },
        });
    };
    let (cipher, value) = encrypted_value(mac_key).map_err(|error| match error {
        KeyError::Repeated { element } => ProtectionError::Repeated { element },
        KeyError::Missing { inside, element } => ProtectionError::Missing { inside, element },
        _ => ProtectionError::Wrong {
            element: "MACKey",
            expected: "a value that is encrypted",
        },
    })?;
    let cipher = Cipher::named(&cipher).map_err(ProtectionError::MacKey)?;
    let opened = cipher.open(key, &value).map_err(ProtectionError::MacKey)?;
    Ok(hmac::Key::new(algorithm, &opened))
}

/// Which hash is under a MAC.
enum Mac {
    Sha1,
    Sha256,
    Sha512,
}

/// INTEROP: HMAC-SHA1 is written in the namespace of XML signatures and in that of its additions.
fn mac_of(uri: &str) -> Option<Mac> {
    match uri {
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
        | "http://www.w3.org/2001/04/xmldsig-more#hmac-sha1" => Some(Mac::Sha1),
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" => Some(Mac::Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512" => Some(Mac::Sha512),
        _ => None,
    }
}

/// What PBKDF2 is called: RFC 6030 has two names for it, XML encryption 1.1 a third.
const DERIVATIONS: [&str; 3] = [
    "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2",
    "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5#pbkdf2",
    "http://www.w3.org/2009/xmlenc11#pbkdf2",
];

/// The part of this name, whatever its namespace, which must be there once.
fn named<'a, 'i>(
    element: Element<'a, 'i>,
    name: &'static str,
    inside: &'static str,
) -> Result<Element<'a, 'i>, ProtectionError> {
    any_namespace(element, name)?.ok_or(ProtectionError::Missing {
        inside,
        element: name,
    })
}

fn any_namespace<'a, 'i>(
    element: Element<'a, 'i>,
    name: &'static str,
) -> Result<Option<Element<'a, 'i>>, ProtectionError> {
    let mut found = element.children().filter(|it| it.name() == name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(ProtectionError::Repeated { element: name }),
        (first, _) => Ok(first),
    }
}

fn once<'a, 'i>(
    element: Element<'a, 'i>,
    namespace: &str,
    name: &'static str,
) -> Result<Option<Element<'a, 'i>>, ProtectionError> {
    let mut found = element.children().filter(|it| it.is(namespace, name));
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(ProtectionError::Repeated { element: name }),
        (first, _) => Ok(first),
    }
}
