//! `cargo xtask bench`: figures, each with its peer measured in the same run.

use crate::run::{cargo, succeed};

/// Runs the benches, or one of them.
///
/// # Errors
///
/// There is none of that name, or it fails.
pub fn run(arguments: &[&str]) -> anyhow::Result<()> {
    succeed(
        cargo()
            .args([
                "run",
                "--release",
                "--quiet",
                "--package",
                "wicketgate-e2e",
                "--example",
                "bench",
                "--",
            ])
            .args(arguments),
    )
}
