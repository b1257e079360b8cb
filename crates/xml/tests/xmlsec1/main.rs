//! Two other implementations as oracles: Debian's xmlsec1 verifies what we sign and decrypts what we
//! encrypt, we do so with what it made, and xmllint makes the same canonical forms.
//!
//! By day over some hundred random documents, with `WICKETGATE_NIGHT` over 20,000.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test target")]

mod canonical;
mod differential;

mod encryption;
mod keys;
mod parts;
mod random;
mod signatures;
mod tool;

use std::path::PathBuf;

/// How many documents: by day, or by night.
fn documents(by_day: usize, by_night: usize) -> usize {
    match std::env::var_os("WICKETGATE_NIGHT") {
        Some(_) => by_night,
        None => by_day,
    }
}

/// A fresh folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Whether a program is there; a test that cannot run says so, and fails where CI is true.
fn has(program: &str, test: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    let reason = format!("{test}: {program} is not installed");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{reason}");
    eprintln!("SKIPPED {reason}");
    if let Some(file) = std::env::var_os("WICKETGATE_SKIPPED") {
        use std::io::Write;
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file);
        writeln!(file.unwrap(), "{reason}").unwrap();
    }
    false
}
