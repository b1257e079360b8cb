//! The key file: one key a line, `id base64key`, the first of them current.
//!
//! It is read again when that is asked for, and when something is met that was sealed by a key which was not read yet, so that
//! keys are rotated while a gate runs. What is derived from a key for other ends stays that of the key which the store
//! names as its own, until everything is sealed by another.
//!
//! SECURITY: it is made with mode 0600 and refused when group or others may read it. The text and
//! the keys are wiped once they are with the cipher; no error and no `Debug` shows more than ids.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::head::TrailKeys;
use super::rewritten::line_of;

/// The longest id of a key.
const MAX_ID: usize = 64;

/// The keys that seal secrets in the store, several while they are rotated.
pub struct KeyFile {
    path: PathBuf,
    read: RwLock<Arc<Lines>>,
}

/// The file as it was read.
#[derive(Clone)]
struct Lines {
    /// The first line, which seals.
    current: Arc<Key>,
    /// The lines behind it.
    others: Vec<Arc<Key>>,
    /// The id of the key that the store names as its own.
    stores: Option<String>,
}

/// What one line of the file becomes.
pub(super) struct Key {
    /// What it is called in envelopes.
    pub(super) id: String,
    /// For sealed columns.
    pub(super) cipher: RandomizedNonceKey,
    /// For the ends of the audit trail.
    pub(super) trails: TrailKeys,
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
    /// A key has the id of another that is in use.
    #[error("the key file `{}` has another key by the id `{id}` than it had: give it another id", path.display())]
    Another {
        /// Which.
        path: PathBuf,
        /// The id.
        id: String,
    },
}

impl KeyFile {
    /// Makes a file with one key, from random bytes (8 for the id, 32 for the key).
    ///
    /// # Errors
    ///
    /// The file is there already, or cannot be written.
    pub fn create(path: &Path, random: [u8; 40]) -> Result<Self, KeyFileError> {
        let (_, line) = line_of(random);
        let line = Zeroizing::new(format!("{}\n", *line));
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
        Ok(Self::of(path, parse(path, &line)?))
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, others may read it, or a line is malformed.
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self::of(path, read(path)?))
    }

    /// The file as it is on the disk, to be looked at before it is [taken](Self::take).
    ///
    /// # Errors
    ///
    /// As [`KeyFile::open`], or a key has the id of another that is in use.
    pub(crate) fn reread(&self) -> Result<Self, KeyFileError> {
        let again = read(&self.path)?;
        self.lines().must_agree(&again, &self.path)?;
        Ok(Self::of(&self.path, again))
    }

    /// Takes what another reading of the file found, and no key beside.
    pub(crate) fn take(&self, again: &Self) {
        self.replace(again.lines());
    }

    /// Whose keys the others' are derived from, as the store says; what is current where it does not say.
    pub(crate) fn belongs_to(&self, id: &str) {
        let mut lines = (*self.lines()).clone();
        lines.stores = Some(id.to_owned());
        self.replace(Arc::new(lines));
    }

    /// The ids of the keys, the current one first.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let lines = self.lines();
        lines.all().map(|key| key.id.clone()).collect()
    }

    /// The key of the cookies that name a member of a farm; another one after the keys were rotated.
    #[must_use]
    pub fn for_cookies(&self) -> Secret<[u8; 32]> {
        Secret::new(*self.stores().cookies.expose())
    }

    /// The key by which what was typed with a one-time code is known again; another one after the keys were rotated,
    /// which ends all grants.
    #[must_use]
    pub fn for_grants(&self) -> Secret<[u8; 32]> {
        Secret::new(*self.stores().grants.expose())
    }

    /// The seed of the key that signs vouchers; another one after the keys were rotated.
    #[must_use]
    pub fn for_vouchers(&self) -> Secret<[u8; 32]> {
        Secret::new(*self.stores().vouchers.expose())
    }

    /// The key that seals.
    pub(super) fn current(&self) -> Arc<Key> {
        Arc::clone(&self.lines().current)
    }

    /// The key of an id; where it was not read yet, the file is read again.
    pub(super) fn by_id(&self, id: &str) -> Option<Arc<Key>> {
        self.lines().by_id(id).or_else(|| self.met(id))
    }

    /// The id of the key that seals.
    pub(crate) fn current_id(&self) -> String {
        self.current().id.clone()
    }

    /// Whether a key is here, or in the file by now.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.by_id(id).is_some()
    }

    /// The key that the store names as its own.
    fn stores(&self) -> Arc<Key> {
        let lines = self.lines();
        let stores = lines.stores.as_deref();
        let found = stores.and_then(|id| lines.by_id(id));
        found.unwrap_or_else(|| Arc::clone(&lines.current))
    }

    /// Looks whether a key that was met is in the file by now. The keys that were read stay, lest somebody who truncates
    /// the file locks everybody out.
    fn met(&self, id: &str) -> Option<Arc<Key>> {
        let again = match self.reread() {
            Ok(again) => again,
            Err(error) => {
                tracing::error!("a key that was not read yet is looked for: {error}");
                return None;
            }
        };
        let found = again.lines().by_id(id)?;
        let before = self.lines();
        let mut lines = (*again.lines()).clone();
        lines.stores.clone_from(&before.stores);
        let left_out = before
            .all()
            .filter(|it| again.lines().by_id(&it.id).is_none());
        lines.others.extend(left_out.cloned());
        self.replace(Arc::new(lines));
        tracing::info!(keys = ?self.ids(), "the key file was read again");
        Some(found)
    }

    fn of(path: &Path, lines: Lines) -> Self {
        Self {
            path: path.to_owned(),
            read: RwLock::new(Arc::new(lines)),
        }
    }

    fn lines(&self) -> Arc<Lines> {
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&read)
    }

    fn replace(&self, lines: Arc<Lines>) {
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = lines;
    }
}

impl Lines {
    fn all(&self) -> impl Iterator<Item = &Arc<Key>> {
        std::iter::once(&self.current).chain(&self.others)
    }

    fn by_id(&self, id: &str) -> Option<Arc<Key>> {
        self.all().find(|key| key.id == id).cloned()
    }

    /// SECURITY: a key that has the id of another opens nothing of what is there, and what it seals nobody else opens.
    fn must_agree(&self, again: &Self, path: &Path) -> Result<(), KeyFileError> {
        let is_another = |key: &&Arc<Key>| {
            let known = self.by_id(&key.id);
            known.is_some_and(|known| !known.cookies.is(key.cookies.expose()))
        };
        match again.all().find(is_another) {
            None => Ok(()),
            Some(key) => Err(KeyFileError::Another {
                path: path.to_owned(),
                id: key.id.clone(),
            }),
        }
    }
}

fn read(path: &Path) -> Result<Lines, KeyFileError> {
    let unusable = |error| KeyFileError::Unusable {
        path: path.to_owned(),
        error,
    };
    let mut file = File::open(path).map_err(unusable)?;
    let state = file.metadata().map_err(unusable)?;
    let mode = state.permissions().mode() & 0o7777;
    if !is_private(path, mode, (state.uid(), state.gid())) {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::with_capacity(4_096));
    file.read_to_string(&mut text).map_err(unusable)?;
    parse(path, &text)
}

/// The folder in which systemd shows a service its credentials.
const CREDENTIALS: &str = "/run/credentials";

/// Whether nobody but its owner may use it. A credential of systemd is root's, and the service reads it by an access list,
/// whose mask is what the mode shows as the group's.
pub(super) fn is_private(path: &Path, mode: u32, (user, group): (u32, u32)) -> bool {
    let is_credential = path.starts_with(CREDENTIALS) && (user, group) == (0, 0);
    match mode & 0o077 {
        0 => true,
        0o040 => is_credential,
        _ => false,
    }
}

fn parse(path: &Path, text: &str) -> Result<Lines, KeyFileError> {
    let malformed = |line: usize, problem| KeyFileError::Malformed {
        path: path.to_owned(),
        line,
        problem,
    };
    let mut keys = text.lines().zip(1..).map(|(line, number)| {
        parse_line(line)
            .map_err(|problem| malformed(number, problem))
            .map(|key| (number, Arc::new(key)))
    });
    let (_, current) = keys
        .next()
        .ok_or_else(|| malformed(1, "there is no key"))??;
    let mut lines = Lines {
        current,
        others: Vec::new(),
        stores: None,
    };
    for key in keys {
        let (number, key) = key?;
        if lines.by_id(&key.id).is_some() {
            return Err(malformed(number, "an id that was given already"));
        }
        lines.others.push(key);
    }
    Ok(lines)
}

fn parse_line(line: &str) -> Result<Key, &'static str> {
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
    Ok(Key {
        id: id.to_owned(),
        cipher: RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(unusable)?,
        trails: TrailKeys::derived(&key).map_err(unusable)?,
        cookies: derived(&key, COOKIES).map_err(unusable)?,
        grants: derived(&key, GRANTS).map_err(unusable)?,
        vouchers: derived(&key, VOUCHERS).map_err(unusable)?,
    })
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
