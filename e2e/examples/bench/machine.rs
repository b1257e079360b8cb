//! The machine: which processors whom belongs to, what a process used of them and of memory.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

/// Clock ticks a second in `/proc/PID/stat`, the same on every Linux that this builds for.
const TICKS: f64 = 100.0;

/// The processors, divided: one for the server that is measured, the others for everybody else.
///
/// While this lives, the bench and what it starts keep off the server's.
pub(crate) struct Apart {
    all: String,
    server: Option<String>,
}

impl Apart {
    /// Keeps this process and its children to come off the first processor, where there is another.
    ///
    /// # Errors
    ///
    /// The system does not say which there are.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let all = status_line("self", "Cpus_allowed_list")?;
        let numbers = processors(&all)?;
        let server = match numbers.as_slice() {
            [server, others @ ..] if !others.is_empty() => {
                let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                keep_to(&others.join(","))?;
                Some(server.to_string())
            }
            _ => None,
        };
        Ok(Self { all, server })
    }

    /// What to run the server under, so that it has its processor alone and knows that it is one.
    pub(crate) fn launcher(&self) -> Vec<&str> {
        match &self.server {
            Some(server) => vec!["taskset", "--cpu-list", server],
            None => Vec::new(),
        }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // A bench that cannot have its processors back is only slower.
        let _ = keep_to(&self.all);
    }
}

/// Keeps every thread of this process to these processors.
fn keep_to(processors: &str) -> anyhow::Result<()> {
    let own = std::process::id().to_string();
    let arguments = ["--all-tasks", "--cpu-list", "--pid", processors, &own];
    let output = Command::new("taskset")
        .args(arguments)
        .output()
        .context("taskset (the package `util-linux` has it)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "taskset {processors}: {said}");
    Ok(())
}

/// `0-1,4` as numbers.
fn processors(list: &str) -> anyhow::Result<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(first.parse::<usize>()?..=last.parse()?);
    }
    Ok(numbers)
}

/// Lets this process and its children open as many files as the system allows; gives how many.
pub(crate) fn open_files() -> anyhow::Result<usize> {
    let own = std::process::id().to_string();
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(4));
    let hard = hard.context("no limit of open files")?;
    let output = Command::new("prlimit")
        .args(["--pid", &own, &format!("--nofile={hard}:{hard}")])
        .output()
        .context("prlimit (the package `util-linux` has it)")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "prlimit: {said}");
    // Where there is no limit it is a word.
    Ok(hard.parse().unwrap_or(usize::MAX))
}

/// How much time of processors a process has used, its threads included.
pub(crate) fn used(process: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, which may hold anything, ends with the last bracket; the state follows.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(Duration::from_secs_f64(ticks / TICKS))
}

/// Megabytes of memory that a process holds.
pub(crate) fn resident(process: u32) -> anyhow::Result<f64> {
    let line = status_line(&process.to_string(), "VmRSS")?;
    let kibibytes: f64 = line.trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

fn status_line(process: &str, key: &str) -> anyhow::Result<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let value = line.and_then(|line| line.strip_prefix(':'));
    Ok(value
        .with_context(|| format!("no {key}"))?
        .trim()
        .to_owned())
}
