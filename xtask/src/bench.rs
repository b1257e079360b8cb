//! `cargo xtask bench`: figures, each with its peer measured in the same run.

mod peers;

use std::process::Command;

use crate::run::{cargo, packaged, root, succeed};

/// Runs the benches, or one of them.
///
/// # Errors
///
/// There is none of that name, or it fails.
pub fn run(arguments: &[&str]) -> anyhow::Result<()> {
    succeed(&mut command(arguments)?)
}

/// The command that runs them, on the program as it is packaged; their peers are brought first.
///
/// # Errors
///
/// The program does not build.
pub(crate) fn command(arguments: &[&str]) -> anyhow::Result<Command> {
    peers::bring()?;
    succeed(packaged().arg("--quiet"))?;
    // The gate's Kerberos as a program of its own, for what goes on inside a lab.
    succeed(cargo().args(["build", "--release", "--quiet"]).args([
        "--package",
        "wicketgate-e2e",
        "--bins",
    ]))?;
    let mut command = cargo();
    command
        .args(["run", "--release", "--quiet", "--package", "wicketgate-e2e"])
        .args(["--example", "bench", "--"])
        .args(arguments)
        .env(
            "WICKETGATE_BINARY",
            root().join("target/release/wicketgate"),
        );
    Ok(command)
}
