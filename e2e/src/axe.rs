//! axe-core, which looks at a page as Chromium shows it and finds what keeps people from using it (WCAG 2.2 AA).
//!
//! It comes into the page through WebDriver, which no policy of content governs: the pages keep theirs. `cargo xtask
//! packages` brings it. Start at [`Axe::here`].

use std::path::PathBuf;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::demo::root;
use crate::webdriver::Chromium;

/// What is looked for; the size of targets is not among what its tag turns on by itself.
const ALL: &str = "{ runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', \
                   'best-practice'] }, rules: { 'target-size': { enabled: true } } }";
/// What is another where it is dark.
const COLOURS: &str = "{ runOnly: { type: 'rule', values: ['color-contrast'] } }";

/// Looks, and tells what was found.
const RUN: &str = "\
const told = arguments[arguments.length - 1];
axe.run(document, OPTIONS).then(
  (seen) => told({
    looked: seen.passes.length + seen.violations.length,
    found: seen.violations.flatMap((rule) => rule.nodes.map((node) =>
      `${rule.id} at ${node.target.join(' ')}: ${node.failureSummary}`)),
  }),
  (error) => told({ looked: 0, found: [String(error)] }),
);";

/// The program.
#[derive(Debug)]
pub struct Axe(String);

impl Axe {
    /// It, where it was brought.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn here() -> anyhow::Result<Option<Self>> {
        let file = file();
        match file.is_file() {
            true => Ok(Some(Self(std::fs::read_to_string(file)?))),
            false => Ok(None),
        }
    }

    /// What it finds on the page that is shown, a sentence each.
    ///
    /// # Errors
    ///
    /// It looks at nothing.
    pub fn finds(&self, chromium: &Chromium) -> anyhow::Result<Vec<String>> {
        self.finds_by(chromium, ALL)
    }

    /// What it finds of the colours alone.
    ///
    /// # Errors
    ///
    /// As [`Axe::finds`].
    pub fn finds_of_colours(&self, chromium: &Chromium) -> anyhow::Result<Vec<String>> {
        self.finds_by(chromium, COLOURS)
    }

    fn finds_by(&self, chromium: &Chromium, options: &str) -> anyhow::Result<Vec<String>> {
        let Self(program) = self;
        // A page that was looked at has it already.
        if chromium.run("return typeof axe")?.as_str() == Some("undefined") {
            chromium.run(program)?;
        }
        let seen = chromium.run_until_told(&RUN.replace("OPTIONS", options))?;
        let looked = seen.get("looked").and_then(Value::as_u64);
        let found = seen.get("found").and_then(Value::as_array);
        let found = found.context("no findings, and no word that there are none")?;
        let found = found.iter().filter_map(Value::as_str);
        let found: Vec<String> = found.map(str::to_owned).collect();
        ensure!(looked > Some(0), "it looked at nothing: {found:?}");
        Ok(found)
    }
}

fn file() -> PathBuf {
    root().join("target/story-npm/node_modules/axe-core/axe.min.js")
}
