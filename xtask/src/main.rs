//! `cargo xtask`: everything that is checked, measured or generated, as one command.

use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test              everything the README promises: format, lints, tidy, tests, stories
cargo xtask tidy              the house's own rules only
cargo xtask map [--check]     write docs/MAP.md, or say whether it is stale
cargo xtask keys [--check]    write docs/guide/configuration.md, or say whether it is stale
cargo xtask packages          bring the packages that stories need: Debian's as root, Python's and npm's below target/
cargo xtask screenshots       take the pictures of all pages that the guide shows, into docs/guide/pages
cargo xtask bench [NAME] [--json]
                              measure, each figure beside its peer
cargo xtask fuzz SECONDS [TARGET]
                              fuzz every decoder (or one) for so long each; what its corpus adds is
                              merged into fuzz/seeds/TARGET, 200 files of 8 KiB at most
cargo xtask night [--minutes N]
                              release build, stories in full, fuzzing, benches; into docs/measured.md

Examples:
  cargo xtask test
  cargo xtask bench ntlm
  cargo xtask fuzz 600 spnego
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] | ["help" | "--help" | "-h"] => write!(std::io::stdout(), "{HELP}").map_err(Into::into),
        ["test"] => xtask::test::run(),
        ["tidy"] => xtask::tidy::run(),
        ["map"] => xtask::map::write(),
        ["map", "--check"] => xtask::map::check(),
        ["keys"] => xtask::keys::write(),
        ["keys", "--check"] => xtask::keys::check(),
        ["packages"] => xtask::test::packages(),
        ["screenshots"] => xtask::screenshots::take(),
        ["bench", rest @ ..] => xtask::bench::run(rest),
        ["fuzz", rest @ ..] => xtask::fuzz::run(rest),
        ["night", rest @ ..] => xtask::night::run(rest),
        _ => {
            say(&format!(
                "there is no `cargo xtask {}`; see cargo xtask help",
                words.join(" ")
            ));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Says something on standard error; nothing is left to be done where that is closed.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "xtask: {text}");
}
