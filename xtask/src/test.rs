//! `cargo xtask test`: everything the README promises, in one profile, with honest counts.
//!
//! Debian packages that the stories need are installed while cargo compiles. A failing step hides
//! no other: all run, then the list of failures is printed.

mod count;
mod install;

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::run::{cargo, has, root, say};
use count::Counts;

/// How many of the slowest steps are printed.
const SLOWEST: usize = 10;

/// What clippy is told of warnings.
const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

/// One step and how it went.
struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

/// Runs everything.
///
/// # Errors
///
/// A step failed, or something was skipped where CI is true.
pub fn run() -> anyhow::Result<()> {
    let mut steps = Vec::new();
    let skipped_file = root().join("target/skipped-stories.txt");
    std::fs::create_dir_all(root().join("target"))?;
    std::fs::write(&skipped_file, "")?;
    let mut features = Vec::new();
    step(&mut steps, "OpenSSL of legacy-tls", || {
        features = vec!["--features", crate::legacy_tls::feature()?];
        Ok(())
    });
    let features = features.as_slice();
    let installing = std::thread::spawn(install::all);
    step(&mut steps, "format", || {
        crate::run::succeed(cargo().args(["fmt", "--all", "--check"]))
    });
    step(&mut steps, "build", || {
        let everything = ["build", "--workspace", "--tests", "--bins"];
        crate::run::succeed(cargo().args(everything).args(features))
    });
    step(&mut steps, "clippy", || {
        let mut clippy = cargo();
        clippy.args(["clippy", "--workspace", "--all-targets"]);
        crate::run::succeed(clippy.args(features).args(DENY_WARNINGS))
    });
    // The program that most people have; nothing but itself is checked again.
    step(&mut steps, "clippy without legacy-tls", || {
        let mut clippy = cargo();
        crate::run::succeed(clippy.args(["clippy", "--workspace"]).args(DENY_WARNINGS))
    });
    step(&mut steps, "tidy", crate::tidy::run);
    step(
        &mut steps,
        "packages for the stories",
        || match installing.join() {
            Ok(installed) => installed,
            Err(_) => bail!("the installation panicked"),
        },
    );
    let mut counts = Counts::default();
    step(&mut steps, "tests and stories", || {
        tests(&mut counts, (&skipped_file, features))
    });
    step(&mut steps, "examples in the documentation", || {
        let mut command = cargo();
        command.args(["test", "--doc", "--workspace", "--quiet"]);
        crate::run::succeed(command.args(features))
    });
    report(&steps, &counts, &std::fs::read_to_string(&skipped_file)?)
}

/// Brings what the stories need, and no more.
///
/// # Errors
///
/// apt-get or pip fails.
pub fn packages() -> anyhow::Result<()> {
    install::all()
}

/// nextest where it is present, else cargo's own runner.
fn tests(
    counts: &mut Counts,
    (skipped_file, features): (&std::path::Path, &[&str]),
) -> anyhow::Result<()> {
    let mut command = cargo();
    if has("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
        command.args(["--status-level", "slow", "--final-status-level", "slow"]);
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]);
        command.args(["--lib", "--bins", "--tests"]);
    }
    command.args(features);
    let binary = root().join("target/debug/wicketgate");
    command
        .env("WICKETGATE_SKIPPED", skipped_file)
        .env("WICKETGATE_STORY_PYTHON", install::python())
        .env("WICKETGATE_BINARY", binary)
        .stdin(Stdio::null());
    count::streamed(&mut command, counts)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a step's duration is what is printed"
)]
fn step(steps: &mut Vec<Step>, name: &str, work: impl FnOnce() -> anyhow::Result<()>) {
    say(&format!("==> {name}"));
    let begun = Instant::now();
    let failure = work().err().map(|error| format!("{error:#}"));
    let took = begun.elapsed();
    let ended = if failure.is_some() { "FAILED" } else { "done" };
    say(&format!(
        "==> {name}: {ended} in {:.1} s",
        took.as_secs_f64()
    ));
    steps.push(Step {
        name: name.to_owned(),
        took,
        failure,
    });
}

/// Whether this run is the one that decides: a skip is a failure then.
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// What was not run and should have been.
fn left_out(counts: &Counts, skipped_stories: usize, in_ci: bool) -> Vec<String> {
    let mut failures = Vec::new();
    if in_ci && skipped_stories > 0 {
        failures.push("in CI nothing may be skipped".to_owned());
    }
    if counts.skipped > 0 {
        failures.push(format!(
            "{} tests were ignored, filtered out or skipped by the runner",
            counts.skipped
        ));
    }
    failures
}

fn report(steps: &[Step], counts: &Counts, skipped: &str) -> anyhow::Result<()> {
    let mut slowest: Vec<(Duration, String)> = steps
        .iter()
        .map(|step| (step.took, step.name.clone()))
        .collect();
    slowest.extend(counts.slow.iter().cloned());
    slowest.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    say("\nthe slowest steps:");
    for (took, name) in slowest.iter().take(SLOWEST) {
        say(&format!("  {:8.1} s  {name}", took.as_secs_f64()));
    }
    let mut failures: Vec<String> = steps
        .iter()
        .filter_map(|step| Some(format!("{}: {}", step.name, step.failure.as_ref()?)))
        .collect();
    let skipped: Vec<&str> = skipped.lines().collect();
    failures.extend(left_out(counts, skipped.len(), in_ci()));
    for failure in &failures {
        say(&format!("FAILED {failure}"));
    }
    say(&format!(
        "{} passed, {} failed, {} not run",
        counts.passed, counts.failed, counts.skipped
    ));
    say(&format!("stories skipped: {}", skipped.len()));
    for line in &skipped {
        say(&format!("  {line}"));
    }
    if counts.passed == 0 {
        bail!("no test ran");
    }
    if !failures.is_empty() {
        bail!("{} of {} steps failed", failures.len(), steps.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_was_not_run_fails_everywhere_and_a_skipped_story_where_it_counts() {
        let counts = |skipped| Counts {
            skipped,
            ..Counts::default()
        };
        assert_eq!(left_out(&counts(0), 0, true), Vec::<String>::new());
        assert_eq!(left_out(&counts(0), 3, false), Vec::<String>::new());
        assert_eq!(left_out(&counts(0), 3, true).len(), 1);
        for in_ci in [false, true] {
            assert_eq!(left_out(&counts(1), 0, in_ci).len(), 1);
        }
    }
}
