//! `cargo xtask bench`: what the program costs, each figure with its peer measured in the same run.
//!
//! A speed is reported and never asserted: the machine that runs this decides as much as the code.

#![expect(
    clippy::as_conversions,
    reason = "counts and durations become figures, whose last digits nobody reads"
)]

mod delegation;
mod enumeration;
mod forward;
mod forward_h2;
mod handshakes;
mod issuing;
mod junk;
mod memory;
mod ntlm;
mod pings;
mod portal;
mod rules;
mod sign_ins;
mod sign_on;
mod start;
mod tokens;
mod trusts;
mod xml;

mod apache;
mod load;
mod nginx;
mod peer;

mod figure;
mod machine;
mod stopwatch;

use anyhow::bail;
use figure::Figure;

/// A bench: what it is called, what it answers, and what runs it.
type Bench = (
    &'static str,
    &'static str,
    fn() -> anyhow::Result<Vec<Figure>>,
);

const BENCHES: [Bench; 18] = [
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
    (
        "junk",
        "what 500 guesses a second at memorised secrets cost the others",
        junk::run,
    ),
    (
        "forward",
        "forwarding over a pinned authenticated connection",
        forward::run,
    ),
    ("forward-h2", "forwarding over HTTP/2", forward_h2::run),
    ("handshakes", "full TLS 1.3 handshakes", handshakes::run),
    (
        "memory",
        "memory, idle and with 10,000 connections",
        memory::run,
    ),
    ("delegation", "Kerberos towards back ends", delegation::run),
    ("pings", "memory of held Pings, 10,000 of them", pings::run),
    (
        "start",
        "start to ready with 100,000 users and 300,000 app passwords",
        start::run,
    ),
    (
        "tokens",
        "100,000 tokens imported, and one looked up among them",
        tokens::run,
    ),
    ("portal", "a page of the portal", portal::run),
    (
        "trusts",
        "1,000 relying parties with 20 rules each read",
        trusts::run,
    ),
    (
        "rules",
        "the published claim rules, and somebody with 2,000 groups",
        rules::run,
    ),
    (
        "issuing",
        "tokens through rules, signature and ledger",
        issuing::run,
    ),
    (
        "xml",
        "a token signed and verified, metadata of 10 MB read",
        xml::run,
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
    let mut failed = Vec::new();
    for (name, what, run) in BENCHES {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        figure::headline(is_json, name, what)?;
        // A bench that cannot run here, or panics, hides no other.
        match std::thread::spawn(run).join() {
            Ok(Ok(figures)) => figures
                .iter()
                .try_for_each(|figure| figure.print(is_json))?,
            Ok(Err(error)) => failed.push(format!("{name}: {error:#}")),
            Err(_) => failed.push(format!("{name}: it panicked, as is said above")),
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}
