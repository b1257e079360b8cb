//! Running programs: in the repository's root, with progress, and an error that names them.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// A program to be run in the root.
#[must_use]
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Cargo, as it runs this.
#[must_use]
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned());
    let mut command = Command::new(cargo);
    command.current_dir(root());
    command
}

/// A build of the program as it is packaged: a smaller file, for twice the time of the release build that anybody makes to look at
/// it (`docs/measured.md`).
#[must_use]
pub fn packaged() -> Command {
    let mut command = cargo();
    command.args(["build", "--release", "--package", "wicketgate"]);
    command.env("CARGO_PROFILE_RELEASE_LTO", "fat");
    command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
    command
}

/// Runs a program and demands that it succeeds.
///
/// # Errors
///
/// It does not.
pub fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let name = format!("{command:?}");
    let status = command
        .status()
        .with_context(|| format!("{name} cannot be run"))?;
    if !status.success() {
        bail!("{name} failed: {status}");
    }
    Ok(())
}

/// Runs a program that must succeed and gives what it printed.
///
/// # Errors
///
/// It does not succeed.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = format!("{command:?}");
    let output = command
        .output()
        .with_context(|| format!("{name} cannot be run"))?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is installed.
#[must_use]
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Says something on standard output.
pub fn say(text: &str) {
    // Progress is worth nothing to whoever closed standard output.
    let _ = writeln!(std::io::stdout(), "{text}");
}
