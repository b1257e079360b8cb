//! `cargo xtask night`: what is too long for every change: stories in full, fuzzing, benches.

use anyhow::{Context, bail};

use crate::measured;
use crate::run::{cargo, command, output, packaged, root, say, succeed};

/// The tool that makes the Debian package.
const CARGO_DEB: &str = "3.8.0";
/// How long a night is where nobody says.
const MINUTES: u32 = 60;

/// Runs the night.
///
/// # Errors
///
/// Something failed.
pub fn run(arguments: &[&str]) -> anyhow::Result<()> {
    let minutes = match arguments {
        [] => MINUTES,
        ["--minutes", minutes] => minutes.parse().context("the number of minutes")?,
        _ => bail!("say how long, as: cargo xtask night --minutes 120"),
    };
    say("==> release build");
    succeed(&mut packaged())?;
    package(&[])?;
    old_windows()?;
    say("==> stories in full");
    let mut stories = cargo();
    stories.env("WICKETGATE_NIGHT", "1");
    stories.args([
        "test",
        "--package",
        "wicketgate-e2e",
        "--test",
        "stories",
        "--",
        "--nocapture",
    ]);
    succeed(&mut stories)?;
    measured::append("cargo xtask night: stories in full", "all passed")?;
    oracles()?;
    let targets = u32::try_from(crate::fuzz::targets()?.len())?;
    let seconds = (minutes * 60 / 2 / targets.max(1)).max(1).to_string();
    crate::fuzz::run(&[&seconds])?;
    say("==> benches");
    let mut bench = crate::bench::command(&[])?;
    measured::append("cargo xtask bench", &output(&mut bench)?)
}

/// Signatures, canonical forms and encryption beside xmlsec1 and xmllint, over 20,000 random documents.
fn oracles() -> anyhow::Result<()> {
    say("==> XML beside its oracles");
    let mut tests = cargo();
    tests.env("WICKETGATE_NIGHT", "1").env("CI", "true");
    tests.args(["test", "--package", "wicketgate-xml"]);
    succeed(tests.args(["--test", "xmlsec1", "--test", "wrapping"]))?;
    measured::append("cargo xtask night: XML beside its oracles", "all passed")
}

/// The release that brings OpenSSL with it, its package, and the stories that it is for; then the other release
/// is put back in its place.
fn old_windows() -> anyhow::Result<()> {
    say("==> release build with legacy-tls-vendored");
    let vendored = ["--features", "legacy-tls-vendored"];
    succeed(packaged().args(vendored))?;
    package(&["--variant", "legacy-tls"])?;
    let mut stories = cargo();
    stories.args(["test", "--package", "wicketgate-e2e", "--test", "stories"]);
    stories.args(["--", "old_windows", "--nocapture"]);
    stories.env(
        "WICKETGATE_BINARY",
        root().join("target/release/wicketgate"),
    );
    succeed(&mut stories)?;
    succeed(&mut packaged())
}

/// A Debian package, by a tool of its own that is built once; of the binary that was built already.
fn package(which: &[&str]) -> anyhow::Result<()> {
    say("==> Debian package");
    let tools = root().join("target/tools");
    let mut install = cargo();
    install.args(["install", "cargo-deb", "--locked", "--version", CARGO_DEB]);
    succeed(install.arg("--root").arg(&tools))?;
    let mut deb = command("target/tools/bin/cargo-deb");
    deb.args(["deb", "--package", "wicketgate", "--no-build", "--no-strip"]);
    succeed(deb.args(which))
}
