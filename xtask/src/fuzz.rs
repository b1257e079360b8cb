//! `cargo xtask fuzz`: every decoder, on the pinned toolchain, with its corpus kept.
//!
//! The working corpus stays in `fuzz/corpus`, which git does not see; what of it covers more than the
//! seeds do is kept beside them in `fuzz/seeds`, by its digest, and replayed by the tests.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};

use crate::measured;
use crate::run::{cargo, has, output, root, say, succeed};

/// Most files that a target keeps in `fuzz/seeds`, those that people wrote included.
const MAX_SEEDS: usize = 200;
/// Largest file that the fuzzer may add to them, in bytes.
const MAX_SEED_BYTES: usize = 8 * 1024;
/// How long one input may take, in seconds; a longer one is a finding.
const TIMEOUT: &str = "-timeout=5";

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
        .args(["--", "-max_len=65536", "-rss_limit_mb=4096", TIMEOUT])
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
    let kept = keep(target, &corpus, &seeds)?;
    let result = format!(
        "{target}: {runs} runs in {seconds} s, coverage {coverage} edges, no finding; {kept} found \
         inputs among the seeds"
    );
    say(&result);
    Ok(result)
}

/// Replaces what the fuzzer found among the seeds by what covers more than the written ones do; says
/// how many files that are.
fn keep(target: &str, corpus: &Path, seeds: &Path) -> anyhow::Result<usize> {
    let merged = root().join("fuzz/target/merged").join(target);
    if merged.exists() {
        std::fs::remove_dir_all(&merged)?;
    }
    std::fs::create_dir_all(&merged)?;
    let before = files(seeds)?;
    let written: Vec<&String> = before.keys().filter(|name| !is_found(name)).collect();
    for name in &written {
        std::fs::copy(seeds.join(name), merged.join(name))?;
    }
    let mut command = cargo();
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", target])
        .args([merged.as_path(), seeds, corpus])
        .args(["--", "-merge=1", "-rss_limit_mb=4096", TIMEOUT])
        .arg(format!("-max_len={MAX_SEED_BYTES}"));
    output(&mut command).with_context(|| format!("the corpus of {target} cannot be merged"))?;
    let kept = kept(&files(&merged)?, MAX_SEEDS.saturating_sub(written.len()));
    for name in before.keys().filter(|name| is_found(name)) {
        std::fs::remove_file(seeds.join(name))?;
    }
    for name in &kept {
        std::fs::copy(merged.join(name), seeds.join(name))?;
    }
    Ok(kept.len())
}

/// Which of the files (by name, with their sizes) are kept where there is room for so many: of those
/// that the fuzzer found the smallest, for they say most by the byte.
fn kept(files: &BTreeMap<String, u64>, room: usize) -> Vec<String> {
    let limit = u64::try_from(MAX_SEED_BYTES).unwrap_or_default();
    let mut found: Vec<(u64, &String)> = files
        .iter()
        .filter(|(name, size)| is_found(name) && **size <= limit)
        .map(|(name, size)| (*size, name))
        .collect();
    found.sort_unstable();
    let smallest = found.into_iter().take(room);
    smallest.map(|(_, name)| name.clone()).collect()
}

/// The fuzzer names a file by its SHA-1.
fn is_found(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The files of a folder with their sizes.
fn files(folder: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, entry.metadata()?.len());
    }
    Ok(files)
}

fn after<'a>(text: &'a str, word: &str) -> &'a str {
    text.lines()
        .rev()
        .find_map(|line| Some(line.split_once(word)?.1.trim()))
        .unwrap_or("?")
}

/// The targets, by their files.
pub(crate) fn targets() -> anyhow::Result<Vec<String>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_found() {
        let targets = targets().unwrap();
        assert!(targets.contains(&"spnego".to_owned()) && targets.contains(&"xml".to_owned()));
    }

    #[test]
    fn only_what_was_found_and_is_small_is_kept_and_never_more_than_there_is_room_for() {
        let name = |digit: char| digit.to_string().repeat(40);
        let files = BTreeMap::from([
            ("written.xml".to_owned(), 1),
            (name('a'), 300),
            (name('b'), 8 * 1024),
            (name('c'), 8 * 1024 + 1),
            (name('d'), 2),
        ]);
        assert_eq!(kept(&files, 200), [name('d'), name('a'), name('b')]);
        assert_eq!(kept(&files, 1), [name('d')]);
        assert_eq!(kept(&files, 0), Vec::<String>::new());
    }
}
