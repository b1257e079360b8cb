//! `cargo xtask map`: the tree with each file's first sentence, so that the map cannot lie.

use std::fmt::Write;
use std::path::Path;

use anyhow::bail;

use crate::run::{command, output, root, say};

const MAP: &str = "docs/MAP.md";

/// Writes the map.
///
/// # Errors
///
/// A file cannot be read.
pub fn write() -> anyhow::Result<()> {
    std::fs::write(root().join(MAP), drawn()?)?;
    say(&format!("wrote {MAP}"));
    Ok(())
}

/// Demands that the map is fresh.
///
/// # Errors
///
/// It is stale.
pub fn check() -> anyhow::Result<()> {
    let written = std::fs::read_to_string(root().join(MAP)).unwrap_or_default();
    if written != drawn()? {
        bail!("{MAP} is stale: run cargo xtask map");
    }
    Ok(())
}

/// The files that git knows or would know, in order.
///
/// # Errors
///
/// git does not answer.
pub fn files() -> anyhow::Result<Vec<String>> {
    let listed =
        output(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut files: Vec<String> = listed.lines().map(str::to_owned).collect();
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

fn drawn() -> anyhow::Result<String> {
    let mut map = String::from(
        "# The map\n\nMade by `cargo xtask map` from the first sentence of each file; do not edit it.\n",
    );
    let mut folder = String::new();
    for file in files()?.into_iter().filter(|file| file.ends_with(".rs")) {
        let path = Path::new(&file);
        let parent = path
            .parent()
            .map(|parent| parent.display().to_string())
            .unwrap_or_default();
        if parent != folder {
            write!(map, "\n## {parent}\n\n")?;
            folder = parent;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(root().join(path))?;
        writeln!(map, "- `{name}`: {}", purpose(&text, path))?;
    }
    Ok(map)
}

/// The first sentence of a file, or of the README that it includes.
fn purpose(text: &str, path: &Path) -> String {
    let said: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .collect();
    if said.is_empty() {
        let readme = path
            .parent()
            .and_then(Path::parent)
            .map(|it| it.join("README.md"));
        let text = readme.and_then(|readme| std::fs::read_to_string(root().join(readme)).ok());
        let title = text.unwrap_or_default();
        return title
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("# ")
            .to_owned();
    }
    let paragraph: Vec<&str> = said
        .into_iter()
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_first_sentence_is_its_line() {
        let text = "//! What it is for,\n//! in two lines. And more.\n//!\n//! Else.\nuse a;\n";
        assert_eq!(
            purpose(text, Path::new("a/src/b.rs")),
            "What it is for, in two lines."
        );
    }
}
