//! Counting what ran, from the runner's own closing lines.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::run::say;

/// What ran.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// What a runner knows of and did not run.
    pub(super) skipped: u64,
    /// Tests that took long, with their durations.
    pub(super) slow: Vec<(Duration, String)>,
}

/// Runs a test runner, shows what it prints and counts what it says.
pub(super) fn streamed(command: &mut Command, counts: &mut Counts) -> anyhow::Result<()> {
    // nextest speaks on standard error, cargo's own runner on standard output.
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let out = child
        .stdout
        .take()
        .context("the runner's output is piped")?;
    let err = child
        .stderr
        .take()
        .context("the runner's errors are piped")?;
    let reader = std::thread::spawn(move || {
        let mut counts = Counts::default();
        for line in BufReader::new(err).lines().map_while(Result::ok) {
            say(&line);
            counts.line(&line);
        }
        counts
    });
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        say(&line);
        counts.line(&line);
    }
    let Ok(said) = reader.join() else {
        bail!("the runner's errors cannot be read")
    };
    counts.passed += said.passed;
    counts.failed += said.failed;
    counts.skipped += said.skipped;
    counts.slow.extend(said.slow);
    let status = child.wait()?;
    if !status.success() {
        bail!("tests failed: {status}");
    }
    Ok(())
}

impl Counts {
    /// Takes a line: nextest's summary, cargo's `test result:`, or a slow test.
    fn line(&mut self, line: &str) {
        let line = without_colour(line);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result:") {
            self.passed += before(rest, " passed");
            self.failed += before(rest, " failed");
            self.skipped += before(rest, " ignored") + before(rest, " filtered out");
        }
        if let Some(rest) = line.strip_prefix("Summary ") {
            self.passed += before(rest, " passed");
            self.failed += before(rest, " failed") + before(rest, " timed out");
            self.skipped += before(rest, " skipped");
        }
        let timed = line
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once("s]"));
        if let (Some((seconds, name)), true) = (timed, line.starts_with("PASS")) {
            let took = seconds.trim().parse().ok().map(Duration::from_secs_f64);
            self.slow
                .extend(took.map(|took| (took, name.trim().to_owned())));
        }
    }
}

/// The number that stands before a word, 0 where there is none.
fn before(text: &str, word: &str) -> u64 {
    let number = text
        .split_once(word)
        .and_then(|(before, _)| before.split([' ', ',']).next_back());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

fn without_colour(line: &str) -> String {
    let mut plain = String::new();
    let mut is_escape = false;
    for character in line.chars() {
        match (is_escape, character) {
            (false, '\u{1b}') => is_escape = true,
            (false, shown) => plain.push(shown),
            (true, 'm') => is_escape = false,
            (true, _) => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_own_lines_are_counted() {
        let mut counts = Counts::default();
        for line in [
            "test result: ok. 16 passed; 0 failed; 2 ignored; 0 measured; 4 filtered out; finished",
            "     Summary [   3.1s] 27 tests run: 25 passed (1 slow), 2 failed, 8 skipped",
            "        \u{1b}[32mPASS\u{1b}[0m [  12.345s] wicketgate-e2e::stories a_story",
            "nothing of that",
        ] {
            counts.line(line);
        }
        let slow = vec![(
            Duration::from_millis(12_345),
            "wicketgate-e2e::stories a_story".to_owned(),
        )];
        assert_eq!(
            counts,
            Counts {
                passed: 41,
                failed: 2,
                skipped: 14,
                slow
            }
        );
    }
}
