//! `cargo xtask bench`: what the program costs, each figure with its peer measured in the same run.
//!
//! A speed is reported and never asserted: the machine that runs this decides as much as the code.

#![expect(
    clippy::as_conversions,
    reason = "counts and durations become figures, whose last digits nobody reads"
)]

mod enumeration;
mod figure;
mod ntlm;
mod peer;
mod sign_ins;
mod sign_on;
mod stopwatch;

use anyhow::bail;
use figure::Figure;

/// A bench: what it is called, what it answers, and what runs it.
type Bench = (
    &'static str,
    &'static str,
    fn() -> anyhow::Result<Vec<Figure>>,
);

const BENCHES: [Bench; 4] = [
    ("ntlm", "what one NTLMv2 exchange costs to check", ntlm::run),
    ("sign-ins", "durable sign-ins on SQLite", sign_ins::run),
    (
        "sign-on",
        "a whole NTLM sign-on with web ticket",
        sign_on::run,
    ),
    (
        "enumeration",
        "G-14: can a clock tell who is known?",
        enumeration::run,
    ),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_json = arguments.iter().any(|argument| argument == "--json");
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| *argument != "--json")
        .collect();
    let known = BENCHES.map(|(name, ..)| name);
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!(
            "there is no bench `{unknown}`; there are: {}",
            known.join(", ")
        );
    }
    for (name, what, run) in BENCHES {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        figure::headline(is_json, name, what)?;
        for figure in run()? {
            figure.print(is_json)?;
        }
    }
    Ok(())
}
