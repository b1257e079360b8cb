//! The keytab on the disk: replaced in one step, and nobody else's to read.
//!
//! What is new is laid beside it first, so that whoever cannot write there learns it before a key is changed. Start at
//! [`KeytabFile::prepare`].

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use proto::kerberos::{Entry, Keytab};
use rustix::fs::{FlockOperation, Gid, Uid, fchown, flock};
use rustix::io::Errno;
use zeroize::Zeroizing;

/// A keytab that is about to get new keys.
pub(crate) struct KeytabFile {
    path: PathBuf,
    beside: PathBuf,
    file: File,
    keytab: Keytab,
    /// Whoever changes keys has its folder to himself until this is dropped.
    _folder: File,
}

impl KeytabFile {
    /// Reads what is there and opens what will take its place. It will belong to whom the present one belongs to;
    /// where there is none, to the owner of `like`, as whom the gate runs.
    ///
    /// # Errors
    ///
    /// There is something else in its place, nothing can be written there, or somebody else is changing keys there.
    pub(crate) fn prepare(path: &Path, like: &Path) -> io::Result<Self> {
        let folder = folder_to_oneself(path)?;
        let (keytab, owner) = match std::fs::read(path).map(Zeroizing::new) {
            Ok(bytes) => {
                let keytab = Keytab::parse(&bytes);
                let keytab = keytab.map_err(|error| io::Error::new(ErrorKind::InvalidData, error));
                (keytab?, std::fs::metadata(path)?)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                (Keytab::default(), std::fs::metadata(like)?)
            }
            Err(error) => return Err(error),
        };
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        // Left by a process that was killed.
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        let prepared = Self {
            path: path.to_owned(),
            beside,
            file,
            keytab,
            _folder: folder,
        };
        let ours = prepared.file.metadata()?;
        if (ours.uid(), ours.gid()) != (owner.uid(), owner.gid()) {
            let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
            fchown(&prepared.file, Some(user), Some(group))?;
        }
        Ok(prepared)
    }

    /// The highest version of an account's keys that was there.
    pub(crate) fn version(&self, account: &str) -> Option<u32> {
        let theirs = self.keytab.entries.iter();
        let theirs = theirs.filter(|it| it.principal == account);
        theirs.map(|it| it.version).max()
    }

    /// Puts new keys in front, keeps the former ones behind them, and replaces the file. Nobody else changes keys
    /// before this is dropped.
    ///
    /// # Errors
    ///
    /// It cannot be written; then the old one is still there.
    pub(crate) fn put(&mut self, new: Vec<Entry>) -> io::Result<()> {
        self.keytab.roll(new);
        let bytes = self.keytab.to_bytes();
        let bytes = bytes.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        self.file.write_all(&bytes)?;
        self.file.sync_all()?;
        std::fs::rename(&self.beside, &self.path)?;
        File::open(folder_of(&self.path))?.sync_all()
    }
}

/// Two who change the account's password at once would each overwrite what the other knows of it.
fn folder_to_oneself(path: &Path) -> io::Result<File> {
    let folder = File::open(folder_of(path))?;
    let taken = |error: Errno| match error {
        Errno::WOULDBLOCK => {
            io::Error::other("somebody else is changing keys at this moment; try again")
        }
        other => io::Error::new(
            io::Error::from(other).kind(),
            format!(
                "its folder cannot be locked ({other}); is it of a network file system without locks?"
            ),
        ),
    };
    flock(&folder, FlockOperation::NonBlockingLockExclusive).map_err(taken)?;
    Ok(folder)
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

impl Drop for KeytabFile {
    fn drop(&mut self) {
        // Once it was put in place it is not there any more.
        let _ = std::fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proto::kerberos::{ITERATIONS, Kind, string_to_key};

    use super::*;

    fn key(version: u32) -> Vec<Entry> {
        let key = string_to_key(Kind::Aes256, ("a", "b"), ITERATIONS).unwrap();
        vec![Entry::new("gate$@A.TEST", version, &key, 1)]
    }

    fn versions(path: &Path) -> Vec<u32> {
        let keys = gss::keys(path).unwrap();
        keys.into_iter().map(|it| it.version).collect()
    }

    #[test]
    fn a_new_key_comes_first_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate.keytab");
        for (version, expected) in [(2, &[2][..]), (3, &[3, 2]), (4, &[4, 3])] {
            let mut file = KeytabFile::prepare(&path, folder.path()).unwrap();
            let other = KeytabFile::prepare(&path, folder.path()).err().unwrap();
            assert!(other.to_string().contains("somebody else"), "{other}");
            file.put(key(version)).unwrap();
            assert!(
                KeytabFile::prepare(&path, folder.path()).is_err(),
                "until it is dropped"
            );
            assert_eq!(versions(&path), expected);
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_keytab_stays_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate.keytab");
        std::fs::write(&path, "a letter").unwrap();
        assert!(KeytabFile::prepare(&path, folder.path()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"a letter");
        let other = folder.path().join("other.keytab");
        drop(KeytabFile::prepare(&other, folder.path()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(KeytabFile::prepare(&folder.path().join("none/a"), folder.path()).is_err());
    }
}
