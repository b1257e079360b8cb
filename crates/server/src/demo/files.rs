//! The demo's folder: empty, or one that an earlier demo made; nothing outside it is written.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::cli::CliError;

/// The file by which an earlier demo's folder is known.
const MARK: &str = ".wicketgate-demo";

/// Makes the folder, or empties the one of an earlier demo.
///
/// # Errors
///
/// The folder holds anything that no demo made, or cannot be written.
pub(super) fn folder(dir: Option<PathBuf>, suffix: u64) -> Result<PathBuf, CliError> {
    let dir =
        dir.unwrap_or_else(|| std::env::temp_dir().join(format!("wicketgate-demo-{suffix:016x}")));
    fs::create_dir_all(&dir).map_err(|error| cannot(&dir, &error))?;
    let mut entries = fs::read_dir(&dir).map_err(|error| cannot(&dir, &error))?;
    if entries.next().is_some() {
        empty(&dir)?;
    }
    write(
        &dir.join(MARK),
        "This folder belongs to `wicketgate demo` and is emptied by it.\n",
    )?;
    fs::canonicalize(&dir).map_err(|error| cannot(&dir, &error))
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

fn empty(dir: &Path) -> Result<(), CliError> {
    if !dir.join(MARK).exists() {
        let message = format!(
            "`{}` is not empty and not a demo's folder; give --dir an empty one",
            dir.display()
        );
        return Err(CliError::refused(message));
    }
    for entry in fs::read_dir(dir).map_err(|error| cannot(dir, &error))? {
        let path = entry.map_err(|error| cannot(dir, &error))?.path();
        if path.is_file() {
            fs::remove_file(&path).map_err(|error| cannot(&path, &error))?;
        }
    }
    Ok(())
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::unavailable(format!("`{}` cannot be used: {error}", path.display()))
}
