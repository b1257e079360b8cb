//! The key file: one key a line, `id base64key`, the first of them current.
//!
//! SECURITY: it is made with mode 0600 and refused when group or others may read it. The text and
//! the keys are wiped once they are with the cipher; no error and no `Debug` shows more than ids.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::head::TrailKeys;

/// The longest id of a key.
const MAX_ID: usize = 64;

/// The keys that seal secrets in the store, several while they are rotated.
pub struct KeyFile {
    current: (String, Key),
    others: BTreeMap<String, Key>,
}

/// What one line of the file becomes.
struct Key {
    /// For sealed columns.
    cipher: RandomizedNonceKey,
    /// For the ends of the audit trail.
    trails: TrailKeys,
    /// For the cookies that name a member of a farm.
    cookies: Secret<[u8; 32]>,
    /// For the grants that one-time codes buy.
    grants: Secret<[u8; 32]>,
    /// For vouchers to gateways.
    vouchers: Secret<[u8; 32]>,
}

/// The keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("the key file `{}`: {error}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Others than its owner may use it.
    #[error(
        "the key file `{}` has mode {mode:04o}; nobody but its owner may use it: chmod 600",
        path.display()
    )]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line is not `id base64key`.
    #[error("the key file `{}`, line {line}: {problem}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it; never what it holds.
        problem: &'static str,
    },
}

impl KeyFile {
    /// Makes a file with one key, from random bytes (8 for the id, 32 for the key).
    ///
    /// # Errors
    ///
    /// The file is there already, or cannot be written.
    pub fn create(path: &Path, random: [u8; 40]) -> Result<Self, KeyFileError> {
        let random = Zeroizing::new(random);
        let (id, key) = random.split_at(8);
        let id = crate::hex(id);
        let encoded = Zeroizing::new(STANDARD.encode(key));
        let line = Zeroizing::new(format!("{id} {}\n", *encoded));
        let unusable = |error| KeyFileError::Unusable {
            path: path.to_owned(),
            error,
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(unusable)?;
        file.write_all(line.as_bytes())
            .and_then(|()| crate::hand_over(&file, path))
            .and_then(|()| file.sync_all())
            .map_err(unusable)?;
        crate::sync_folder_of(path).map_err(unusable)?;
        Self::parse(path, &line)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, others may read it, or a line is malformed.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let unusable = |error| KeyFileError::Unusable {
            path: path.to_owned(),
            error,
        };
        let mut file = File::open(path).map_err(unusable)?;
        let mode = file.metadata().map_err(unusable)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed {
                path: path.to_owned(),
                mode,
            });
        }
        let mut text = Zeroizing::new(String::with_capacity(4_096));
        file.read_to_string(&mut text).map_err(unusable)?;
        Self::parse(path, &text)
    }

    /// The ids of the keys, the current one first.
    #[must_use]
    pub fn ids(&self) -> Vec<&str> {
        std::iter::once(&self.current.0)
            .chain(self.others.keys())
            .map(String::as_str)
            .collect()
    }

    /// The key of the cookies that name a member of a farm; another one after the keys were rotated.
    #[must_use]
    pub fn for_cookies(&self) -> &Secret<[u8; 32]> {
        &self.current.1.cookies
    }

    /// The key by which what was typed with a one-time code is known again; another one after the keys were rotated,
    /// which ends all grants.
    #[must_use]
    pub fn for_grants(&self) -> &Secret<[u8; 32]> {
        &self.current.1.grants
    }

    /// The seed of the key that signs vouchers; another one after the keys were rotated.
    #[must_use]
    pub fn for_vouchers(&self) -> &Secret<[u8; 32]> {
        &self.current.1.vouchers
    }

    /// The key that seals.
    pub(super) fn current(&self) -> (&str, &RandomizedNonceKey) {
        (&self.current.0, &self.current.1.cipher)
    }

    /// The key of an id.
    pub(super) fn by_id(&self, id: &str) -> Option<&RandomizedNonceKey> {
        self.line(id).map(|key| &key.cipher)
    }

    /// The keys that seal the ends of the trail.
    pub(super) fn current_for_trails(&self) -> (&str, &TrailKeys) {
        (&self.current.0, &self.current.1.trails)
    }

    /// Those of an id.
    pub(super) fn for_trails(&self, id: &str) -> Option<&TrailKeys> {
        self.line(id).map(|key| &key.trails)
    }

    fn line(&self, id: &str) -> Option<&Key> {
        if id == self.current.0 {
            Some(&self.current.1)
        } else {
            self.others.get(id)
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, KeyFileError> {
        let malformed = |line: usize, problem| KeyFileError::Malformed {
            path: path.to_owned(),
            line,
            problem,
        };
        let mut keys = text.lines().zip(1..).map(|(line, number)| {
            parse_line(line)
                .map_err(|problem| malformed(number, problem))
                .map(|key| (number, key))
        });
        let (_, current) = keys
            .next()
            .ok_or_else(|| malformed(1, "there is no key"))??;
        let mut others = BTreeMap::new();
        for key in keys {
            let (number, (id, key)) = key?;
            if id == current.0 || others.insert(id, key).is_some() {
                return Err(malformed(number, "an id that was given already"));
            }
        }
        Ok(Self { current, others })
    }
}

fn parse_line(line: &str) -> Result<(String, Key), &'static str> {
    let (id, encoded) = line.split_once(' ').ok_or("expected `id base64key`")?;
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(is_id) {
        return Err("expected an id of letters, digits, dots, dashes, at most 64");
    }
    let key = STANDARD
        .decode(encoded)
        .map(Zeroizing::new)
        .map_err(|_| "the key is no base64")?;
    if key.len() != 32 {
        return Err("the key is not 32 bytes long");
    }
    let unusable = |_| "the key is unusable";
    let key = Key {
        cipher: RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(unusable)?,
        trails: TrailKeys::derived(&key).map_err(unusable)?,
        cookies: derived(&key, COOKIES).map_err(unusable)?,
        grants: derived(&key, GRANTS).map_err(unusable)?,
        vouchers: derived(&key, VOUCHERS).map_err(unusable)?,
    };
    Ok((id.to_owned(), key))
}

/// What the key of cookies is derived for.
const COOKIES: &[u8] = b"wicketgate affinity cookie 1";
/// What the seed of vouchers is derived for.
const VOUCHERS: &[u8] = b"wicketgate voucher seed 1";
/// What the key of grants is derived for.
const GRANTS: &[u8] = b"wicketgate session grant 1";

/// Derives what a purpose needs from a key of the file.
fn derived(key: &[u8], purpose: &[u8]) -> Result<Secret<[u8; 32]>, Unspecified> {
    let secret = Salt::new(HKDF_SHA256, &[]).extract(key);
    let mut derived = Zeroizing::new([0; 32]);
    secret
        .expand(&[purpose], HKDF_SHA256)?
        .fill(&mut *derived)?;
    Ok(Secret::new(*derived))
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyFile").field(&self.ids()).finish()
    }
}
