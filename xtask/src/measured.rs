//! `docs/measured.md`: what was measured, by which command, on which commit and day.

use std::fs::OpenOptions;
use std::io::Write;

use crate::run::{command, output, root};

/// Appends a measurement.
///
/// # Errors
///
/// git does not answer, or the file cannot be written.
pub fn append(ran: &str, result: &str) -> anyhow::Result<()> {
    let commit = output(command("git").args(["rev-parse", "--short", "HEAD"]))?;
    let day = output(command("date").args(["-u", "+%Y-%m-%d"]))?;
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(root().join("docs/measured.md"))?;
    let (commit, day) = (commit.trim(), day.trim());
    writeln!(
        file,
        "\n## `{ran}`, {day}, commit {commit}\n\n```\n{}\n```",
        result.trim()
    )?;
    Ok(())
}
