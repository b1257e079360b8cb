//! The tools, called over many files at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Files of one call; a command line has its bounds.
pub(crate) const BATCH: usize = 400;

pub(crate) fn xmlsec1(arguments: &[&str], files: &[PathBuf]) -> Output {
    run(Command::new("xmlsec1").args(arguments).args(files))
}

pub(crate) fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// Demands that every file is verified, and names the first that is not.
pub(crate) fn all_verified(arguments: &[&str], files: &[PathBuf]) {
    for batch in files.chunks(BATCH) {
        if xmlsec1(arguments, batch).status.success() {
            continue;
        }
        for file in batch {
            let output = xmlsec1(arguments, std::slice::from_ref(file));
            let said = String::from_utf8_lossy(&output.stderr);
            let text = std::fs::read_to_string(file).unwrap();
            assert!(output.status.success(), "{said}\n{text}");
        }
    }
}

/// What the tool makes of each file, one after the other.
pub(crate) fn all_made(arguments: &[&str], files: &[PathBuf]) -> Vec<String> {
    const DECLARATION: &str = "<?xml version=\"1.0\"";
    let mut made = Vec::new();
    for batch in files.chunks(BATCH) {
        let output = xmlsec1(arguments, batch);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let text = String::from_utf8(output.stdout).unwrap();
        let documents = text.split(DECLARATION).skip(1);
        let before = made.len();
        made.extend(documents.map(|document| format!("{DECLARATION}{document}")));
        assert_eq!(made.len() - before, batch.len());
    }
    made
}

pub(crate) fn written(folder: &Path, number: usize, text: &str) -> PathBuf {
    let file = folder.join(format!("{number}.xml"));
    std::fs::write(&file, text).unwrap();
    file
}
