//! The key file, rewritten: a key more, another one first, one less.
//!
//! INVARIANT: a file is written whole beside the old one and takes its place by one rename, for the same owner and nobody
//! else; whoever is killed meanwhile leaves the old one. The lines of other keys stay as they are, byte for byte.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{KeyFile, KeyFileError};

/// Where a key stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It seals.
    First,
    /// It only opens.
    Last,
}

impl KeyFile {
    /// Adds a key from random bytes (8 for the id, 32 for the key); gives its id.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written; it is as it was then.
    pub fn add(path: &Path, random: [u8; 40], stands: Stands) -> Result<String, KeyFileError> {
        let (id, line) = line_of(random);
        rewrite(path, |mut lines| {
            match stands {
                Stands::First => lines.insert(0, line),
                Stands::Last => lines.push(line),
            }
            Ok(lines)
        })?;
        Ok(id)
    }

    /// Puts a key first, so that it seals.
    ///
    /// # Errors
    ///
    /// There is no such key, or the file cannot be read or written; it is as it was then.
    pub fn promote(path: &Path, id: &str) -> Result<(), KeyFileError> {
        rewrite(path, |mut lines| {
            let at = position(path, &lines, id)?;
            let line = lines.remove(at);
            lines.insert(0, line);
            Ok(lines)
        })
    }

    /// Takes a key out.
    ///
    /// **Trusts** that it seals nothing any more; whatever it does seal opens never again.
    ///
    /// # Errors
    ///
    /// There is no such key, it is the one that seals, or the file cannot be read or written; it is as it was then.
    pub fn remove(path: &Path, id: &str) -> Result<(), KeyFileError> {
        rewrite(path, |mut lines| {
            match position(path, &lines, id)? {
                0 => return Err(unusable(path, io::Error::other("its first key seals"))),
                at => lines.remove(at),
            };
            Ok(lines)
        })
    }
}

/// A line of a new key, behind its id.
pub(super) fn line_of(random: [u8; 40]) -> (String, Zeroizing<String>) {
    let random = Zeroizing::new(random);
    let (id, key) = random.split_at(8);
    let id = crate::hex(id);
    let encoded = Zeroizing::new(STANDARD.encode(key));
    let line = Zeroizing::new(format!("{id} {}", *encoded));
    (id, line)
}

fn position(path: &Path, lines: &[Zeroizing<String>], id: &str) -> Result<usize, KeyFileError> {
    let of = |line: &Zeroizing<String>| line.split(' ').next() == Some(id);
    lines.iter().position(of).ok_or_else(|| {
        let problem = format!("it has no key `{}`", id.escape_debug());
        unusable(path, io::Error::other(problem))
    })
}

fn rewrite(
    path: &Path,
    change: impl FnOnce(Vec<Zeroizing<String>>) -> Result<Vec<Zeroizing<String>>, KeyFileError>,
) -> Result<(), KeyFileError> {
    // What is read here is what is understood by everybody else.
    drop(KeyFile::open(path)?);
    let old = fs::read_to_string(path).map(Zeroizing::new);
    let old = old.map_err(|error| unusable(path, error))?;
    let lines = change(
        old.lines()
            .map(|line| Zeroizing::new(line.to_owned()))
            .collect(),
    )?;
    let room = lines.iter().map(|line| line.len().saturating_add(1)).sum();
    let mut text = Zeroizing::new(String::with_capacity(room));
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    let fresh = beside(path);
    let written = write(path, &fresh, &text);
    if written
        .as_ref()
        .is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists)
    {
        // It may not be there.
        let _ = fs::remove_file(&fresh);
    }
    written.map_err(|error| unusable(&fresh, error))
}

fn write(path: &Path, fresh: &Path, text: &str) -> io::Result<()> {
    let owner = fs::metadata(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(fresh)?;
    let made = file.metadata()?;
    if (made.uid(), made.gid()) != (owner.uid(), owner.gid()) {
        fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(fresh, path)?;
    crate::sync_folder_of(path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn unusable(path: &Path, error: io::Error) -> KeyFileError {
    KeyFileError::Unusable {
        path: path.to_owned(),
        error,
    }
}
