//! Skips that are counted: a story that cannot run here says why, and fails where CI is true.

use std::fs::OpenOptions;
use std::io::Write;

/// Says that a story is skipped, and why; `cargo xtask test` prints the list last.
///
/// # Errors
///
/// In CI nothing may be skipped, so there it is an error.
pub fn skip(story: &str, reason: &str) -> anyhow::Result<()> {
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        anyhow::bail!("{story} cannot run here: {reason}");
    }
    writeln!(std::io::stderr(), "SKIPPED {story}: {reason}")?;
    if let Some(file) = std::env::var_os("WICKETGATE_SKIPPED") {
        let mut file = OpenOptions::new().append(true).create(true).open(file)?;
        writeln!(file, "{story}: {reason}")?;
    }
    Ok(())
}

/// Whether a program is installed.
#[must_use]
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// How much of a count is run: all of it at night, a tenth of what is above 10,000 otherwise.
#[must_use]
pub fn count(full: usize) -> usize {
    if is_night() || full <= 10_000 {
        full
    } else {
        full / 10
    }
}

/// Whether `cargo xtask night` runs, which has time for what takes minutes.
#[must_use]
pub fn is_night() -> bool {
    std::env::var_os("WICKETGATE_NIGHT").is_some()
}
