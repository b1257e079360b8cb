//! `cargo xtask fuzz`: every decoder, on the pinned toolchain, with its corpus kept.

use std::path::Path;

use anyhow::{Context, bail};

use crate::measured;
use crate::run::{cargo, has, root, say, succeed};

/// Fuzzes every target, or one, for so many seconds each.
///
/// # Errors
///
/// A finding, or no fuzzer.
pub fn run(arguments: &[&str]) -> anyhow::Result<()> {
    let (seconds, only) = match arguments {
        [seconds] => (seconds, None),
        [seconds, target] => (seconds, Some(*target)),
        _ => bail!("say for how many seconds, as: cargo xtask fuzz 60"),
    };
    let seconds: u32 = seconds.parse().context("the number of seconds")?;
    if !has("cargo-fuzz") {
        succeed(cargo().args(["install", "cargo-fuzz", "--locked", "--version", "0.13.2"]))?;
    }
    let targets: Vec<String> = targets()?
        .into_iter()
        .filter(|target| only.is_none_or(|only| only == target))
        .collect();
    if targets.is_empty() {
        bail!("there is no target of that name");
    }
    let mut results = Vec::new();
    for target in &targets {
        results.push(one(target, seconds)?);
    }
    measured::append(
        &format!("cargo xtask fuzz {}", arguments.join(" ")),
        &results.join("\n"),
    )
}

fn one(target: &str, seconds: u32) -> anyhow::Result<String> {
    say(&format!("==> fuzz {target} for {seconds} s"));
    let corpus = root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    let seeds = root().join("fuzz/seeds").join(target);
    let limits = [
        format!("-max_total_time={seconds}"),
        "-print_final_stats=1".to_owned(),
    ];
    let output = cargo()
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", target])
        .args([corpus.as_path(), seeds.as_path()])
        .args(["--", "-max_len=65536", "-rss_limit_mb=4096", "-timeout=5"])
        .args(&limits)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = said.lines().rev().take(40).collect();
        bail!(
            "{target} has a finding:\n{}",
            tail.into_iter().rev().collect::<Vec<_>>().join("\n")
        );
    }
    let runs = after(&said, "stat::number_of_executed_units:");
    let coverage = said
        .lines()
        .rev()
        .find_map(|line| Some(line.split_once("cov: ")?.1));
    let coverage = coverage
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or("?");
    let result =
        format!("{target}: {runs} runs in {seconds} s, coverage {coverage} edges, no finding");
    say(&result);
    Ok(result)
}

fn after<'a>(text: &'a str, word: &str) -> &'a str {
    text.lines()
        .rev()
        .find_map(|line| Some(line.split_once(word)?.1.trim()))
        .unwrap_or("?")
}

/// The targets, by their files.
fn targets() -> anyhow::Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let name = path
            .file_stem()
            .map(Path::new)
            .map(|stem| stem.display().to_string());
        targets.extend(name.filter(|_| is_rust));
    }
    targets.sort();
    Ok(targets)
}
