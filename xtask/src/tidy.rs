//! `cargo xtask tidy`: the house's own rules, all of them, with everything that is wrong at once.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::bail;
use serde_json::Value;

use crate::run::{cargo, output, root, say};
use crate::{arrows, dependencies, keys, lints, map, requirements, security_tests, source};

/// Documents that must be there.
const DOCUMENTS: [&str; 13] = [
    "README.md",
    "ARCHITECTURE.md",
    "STYLE.md",
    "GLOSSARY.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "docs/MAP.md",
    "docs/requirements.md",
    "docs/security-tests.md",
    "docs/guide/README.md",
];

/// Checks everything.
///
/// # Errors
///
/// Something is wrong; all of it was printed.
pub fn run() -> anyhow::Result<()> {
    let (errors, warnings) = all()?;
    for warning in &warnings {
        say(&format!("warning: {warning}"));
    }
    for error in &errors {
        say(&format!("error: {error}"));
    }
    if !errors.is_empty() {
        bail!("{} of the house's rules are broken", errors.len());
    }
    Ok(())
}

/// Everything that is wrong, and what should be looked at.
///
/// # Errors
///
/// git or cargo does not answer.
pub fn all() -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut sources = BTreeMap::new();
    for file in map::files()? {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else {
            continue;
        };
        let path = Path::new(&file);
        errors.extend(source::machine(path, &text));
        if file.ends_with(".rs") {
            let found = source::rust(path, &text);
            errors.extend(found.errors);
            warnings.extend(found.warnings);
            sources.insert(file.clone(), text);
        } else if file.starts_with("crates/") && file.ends_with("README.md") {
            errors.extend(source::readme(path, &text));
        }
    }
    for document in DOCUMENTS {
        if !root().join(document).is_file() {
            errors.push(format!("{document} is missing"));
        }
    }
    let table = std::fs::read_to_string(root().join("docs/requirements.md")).unwrap_or_default();
    errors.extend(requirements::check(&table, &sources));
    let table = std::fs::read_to_string(root().join("docs/security-tests.md")).unwrap_or_default();
    errors.extend(security_tests::check(&table, &sources));
    let manifest = |path: &str| std::fs::read_to_string(root().join(path)).unwrap_or_default();
    errors.extend(lints::check(
        &manifest("Cargo.toml"),
        &manifest("crates/gss/Cargo.toml"),
    ));
    errors.extend(keys::check().err().map(|error| error.to_string()));
    errors.extend(map::check().err().map(|error| error.to_string()));
    errors.extend(arrows::check(&metadata(&["--no-deps"])?));
    errors.extend(dependencies::check(&tree(&["--all-features"])?));
    errors.extend(dependencies::check_default(&tree(&[])?));
    Ok((errors, warnings))
}

/// What cargo says of the workspace.
///
/// # Errors
///
/// Cargo does not answer.
pub fn metadata(arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = cargo();
    command
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments);
    Ok(serde_json::from_str(&output(&mut command)?)?)
}

/// What `cargo tree` prints of everything that is compiled into the program with these features, for any platform.
fn tree(features: &[&str]) -> anyhow::Result<String> {
    let mut command = cargo();
    command.args(["tree", "--locked", "--workspace", "--target", "all"]);
    command.args(features);
    command.args(["--edges", "normal,build", "--prefix", "none"]);
    command.args(["--format", dependencies::FORMAT]);
    output(&mut command)
}
