//! The demo's folder: empty, or one that an earlier demo made; nothing outside it is written.
//!
//! Two demos never share one: the file by which a demo's folder is known is locked while it runs.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::cli::CliError;

/// The file by which an earlier demo's folder is known.
const MARK: &str = ".wicketgate-demo";

/// A folder that is this demo's alone until this is dropped; a temporary one is removed then.
#[derive(Debug)]
pub(super) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    is_temporary: bool,
    _lock: File,
}

impl Folder {
    /// Makes the folder, or empties the one of an earlier demo.
    ///
    /// # Errors
    ///
    /// A demo runs in it, it holds anything that no demo made, or it cannot be written.
    pub(super) fn open(dir: Option<PathBuf>, suffix: u64) -> Result<Self, CliError> {
        let is_temporary = dir.is_none();
        let name = format!("wicketgate-demo-{suffix:016x}");
        let dir = dir.unwrap_or_else(|| std::env::temp_dir().join(name));
        // SECURITY: a temporary folder is made here or not at all, so that nobody else's is taken.
        let mut builder = DirBuilder::new();
        let made = builder.mode(0o700).recursive(!is_temporary).create(&dir);
        made.map_err(|error| cannot(&dir, &error))?;
        let path = fs::canonicalize(&dir).map_err(|error| cannot(&dir, &error))?;
        let mut entries = fs::read_dir(&path).map_err(|error| cannot(&path, &error))?;
        if entries.next().is_some() && !path.join(MARK).exists() {
            let message = format!(
                "`{}` is not empty and not a demo's folder; give --dir an empty one",
                path.display()
            );
            return Err(CliError::refused(message));
        }
        let lock = lock(&path)?;
        empty(&path)?;
        Ok(Self {
            path,
            is_temporary,
            _lock: lock,
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!("`{}` cannot be removed: {error}", self.path.display());
        }
    }
}

/// Writes a file that only its owner may read.
///
/// # Errors
///
/// It cannot be written.
pub(super) fn write(file: &Path, text: &str) -> Result<(), CliError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut open| open.write_all(text.as_bytes()))
        .map_err(|error| cannot(file, &error))
}

fn lock(dir: &Path) -> Result<File, CliError> {
    let mark = dir.join(MARK);
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&mark);
    let mut file = opened.map_err(|error| cannot(&mark, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let message = format!(
                "a demo runs in `{}` already; stop it, or give --dir another folder",
                dir.display()
            );
            return Err(CliError::refused(message));
        }
        Err(TryLockError::Error(error)) => return Err(cannot(&mark, &error)),
    }
    file.set_len(0)
        .and_then(|()| {
            file.write_all(b"This folder belongs to `wicketgate demo` and is emptied by it.\n")
        })
        .map_err(|error| cannot(&mark, &error))?;
    Ok(file)
}

fn empty(dir: &Path) -> Result<(), CliError> {
    for entry in fs::read_dir(dir).map_err(|error| cannot(dir, &error))? {
        let path = entry.map_err(|error| cannot(dir, &error))?.path();
        if path.is_file() && !path.ends_with(MARK) {
            fs::remove_file(&path).map_err(|error| cannot(&path, &error))?;
        }
    }
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::unavailable(format!("`{}` cannot be used: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_is_one_demo_s_until_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("demo");
        let first = Folder::open(Some(dir.clone()), 0).unwrap();
        write(&first.path.join("kept"), "while it runs").unwrap();
        let second = Folder::open(Some(dir.clone()), 0);
        assert!(matches!(second, Err(CliError::Refused(_))), "{second:?}");
        assert!(dir.join("kept").exists());
        drop(first);
        Folder::open(Some(dir.clone()), 0).unwrap();
        assert!(dir.exists() && !dir.join("kept").exists());
    }

    #[test]
    fn a_temporary_folder_is_its_owner_s_and_goes_with_the_demo() {
        let suffix = u64::from(std::process::id());
        let folder = Folder::open(None, suffix).unwrap();
        let path = folder.path.clone();
        write(&path.join("secret"), "x").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(Folder::open(None, suffix).is_err(), "it is nobody else's");
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_no_demo_made_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("mine"), "x").unwrap();
        let refused = Folder::open(Some(dir.path().to_owned()), 0);
        assert!(matches!(refused, Err(CliError::Refused(_))));
        assert!(dir.path().join("mine").exists());
    }
}
