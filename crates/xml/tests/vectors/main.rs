//! Every vector of other projects, one line each: what its author says and what becomes of it here.
//!
//! The tables stand beside this file; `UPDATE_EXPECT=1` writes them anew, and every line of a change is
//! to be judged by hand. The vectors are read from `../shared/data` beside the repository.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test target")]

mod attacks;
mod authors;
mod blocks;
mod encrypted;
mod signatures;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A folder of the shared vectors, where they lie beside the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if data.is_dir() {
        return Some(data.join(name));
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "../shared/data is missing"
    );
    eprintln!("SKIPPED: ../shared/data is not there, so {name} was not checked");
    if let Some(file) = std::env::var_os("WICKETGATE_SKIPPED") {
        use std::io::Write;
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file);
        writeln!(
            file.unwrap(),
            "vectors of {name}: ../shared/data is not there"
        )
        .unwrap();
    }
    None
}

/// All files below a folder, sorted, by their path from it.
fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                files.insert(name.to_owned(), path);
            }
        }
    }
    files
}

/// Compares what became of each vector with the table of that name.
fn check_table(name: &str, head: &str, outcomes: &BTreeMap<String, String>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    let lines = outcomes
        .iter()
        .map(|(vector, outcome)| format!("{vector} | {outcome}\n"));
    let actual = format!("{head}\n{}", lines.collect::<String>());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &actual).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    for (expected, actual) in expected.lines().zip(actual.lines()) {
        assert_eq!(expected, actual, "{name}");
    }
    assert_eq!(expected, actual, "{name}: UPDATE_EXPECT=1 writes it anew");
}
