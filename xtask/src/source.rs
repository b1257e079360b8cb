//! The house's rules for source files: headers, sizes, and words that do not belong.

use std::path::Path;

/// Production lines of a file.
const FILE_WARN: usize = 500;
const FILE_FAIL: usize = 800;
/// Lines of a function.
const FUNCTION_WARN: usize = 60;
const FUNCTION_FAIL: usize = 100;
/// Inline tests beyond this move to a file of their own.
const INLINE_TESTS: usize = 150;

/// What was found in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What must be mended.
    pub errors: Vec<String>,
    /// What should be looked at.
    pub warnings: Vec<String>,
}

/// Reads one Rust file.
#[must_use]
pub fn rust(path: &Path, text: &str) -> Findings {
    let mut found = Findings::default();
    let name = path.display();
    let first = text.lines().next().unwrap_or_default();
    if !first.starts_with("//!") && !first.starts_with("#![doc = include_str!") {
        found.errors.push(format!(
            "{name}: the first line does not say why the file exists (//!)"
        ));
    }
    let is_test = path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs");
    let (production, tests) = match text.find("#[cfg(test)]\nmod tests {") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    sizes(&mut found, path, production, tests, is_test);
    let is_foundation = FOUNDATIONS.iter().any(|folder| path.starts_with(folder));
    let production_lines = production.lines().count();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", number + 1);
        let is_test = is_test || number >= production_lines;
        words(&mut found, &place, line, is_test);
        if is_foundation && !is_test {
            found.errors.extend(reach(&place, line));
        }
    }
    if has_conditional_ignore(text) {
        found
            .errors
            .push(format!("{name}: a test that is ignored on a condition"));
    }
    found
}

/// The sources of the foundations.
const FOUNDATIONS: [&str; 3] = ["crates/xml/src", "crates/claims/src", "crates/proto/src"];

/// What a foundation may not do: wait, do I/O, read the clock, log.
fn reach(place: &str, line: &str) -> Option<String> {
    let code = line.trim_start();
    if code.starts_with("//") {
        return None;
    }
    let paths = [
        "async fn",
        "async move",
        "async {",
        "std::net",
        "std::fs",
        "std::env",
    ];
    let names = ["SystemTime", "Instant", "tracing"];
    let grouped = ["net", "fs", "env"];
    let is_word = |word: &&str| has_word(code, word);
    let found = paths
        .iter()
        .find(|path| code.contains(**path))
        .or_else(|| names.iter().find(|name| is_word(name)))
        .or_else(|| {
            let mut grouped = grouped.iter();
            grouped.find(|name| code.starts_with("use std::{") && is_word(name))
        })?;
    Some(format!("{place}: `{found}` in a foundation"))
}

/// Whether a word stands in a line as a whole.
fn has_word(line: &str, word: &str) -> bool {
    line.split(|it: char| !it.is_alphanumeric() && it != '_')
        .any(|it| it == word)
}

/// Whether an attribute ignores a test where something holds; it may have several lines.
fn has_conditional_ignore(text: &str) -> bool {
    text.split(concat!("#[cfg_", "attr(")).skip(1).any(|rest| {
        let attribute = rest.split_once(")]").map_or(rest, |(inside, _)| inside);
        has_word(attribute, concat!("ig", "nore"))
    })
}

fn sizes(found: &mut Findings, path: &Path, production: &str, tests: &str, is_test: bool) {
    let name = path.display();
    let lines = production.lines().count();
    if lines > FILE_FAIL {
        found
            .errors
            .push(format!("{name}: {lines} lines; {FILE_FAIL} are the most"));
    } else if lines > FILE_WARN {
        found
            .warnings
            .push(format!("{name}: {lines} lines; two rooms may be clearer"));
    }
    if tests.lines().count() > INLINE_TESTS {
        found.warnings.push(format!(
            "{name}: inline tests of more than {INLINE_TESTS} lines"
        ));
    }
    if is_test {
        return;
    }
    for (function, length) in functions(production) {
        if length > FUNCTION_FAIL {
            found
                .errors
                .push(format!("{name}: `{function}` has {length} lines"));
        } else if length > FUNCTION_WARN {
            found
                .warnings
                .push(format!("{name}: `{function}` has {length} lines"));
        }
    }
}

/// Functions and their lengths, by the indentation that rustfmt gives them.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some((before, rest)) = code.split_once("fn ") else {
            continue;
        };
        let is_item = before.split_whitespace().all(|word| {
            word.starts_with("pub") || ["async", "const", "unsafe", "extern"].contains(&word)
        });
        let is_flat = at > 0
            && lines
                .get(at - 1)
                .is_some_and(|it| it.contains("tidy: flat, because"));
        if !is_item || is_flat {
            continue;
        }
        let indent = line.len() - code.len();
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines
            .iter()
            .skip(at)
            .take_while(|line| **line != end)
            .count()
            + 1;
        let name: String = rest
            .chars()
            .take_while(|it| it.is_alphanumeric() || *it == '_')
            .collect();
        let has_body = lines
            .iter()
            .skip(at)
            .find(|line| line.ends_with(['{', ';']));
        if has_body.is_some_and(|line| line.ends_with('{')) {
            found.push((name, length));
        }
    }
    found
}

fn words(found: &mut Findings, place: &str, line: &str, is_test: bool) {
    // Written in two parts, so that this file does not find itself.
    let ignored = concat!("#[", "ignore");
    let todo = concat!("TO", "DO");
    if line.contains(ignored) {
        found
            .errors
            .push(format!("{place}: a test that is ignored"));
    }
    let is_comment = line.trim_start().starts_with("//");
    if is_comment && line.contains(todo) && !line.contains(concat!("TO", "DO(#")) {
        found
            .errors
            .push(format!("{place}: a {todo} without its issue"));
    }
    let sleeps = line.contains(concat!("thread::", "sleep"))
        || line.contains(concat!("time::", "sleep"))
        || calls_a_bare(concat!("sle", "ep("), line);
    if is_test && sleeps && !is_comment {
        found.errors.push(format!("{place}: a test that sleeps"));
    }
    for banned in ["Manager", "Helper", "Util", "Handler"] {
        let declares = ["struct ", "enum ", "trait ", "mod "]
            .iter()
            .any(|kind| line.contains(kind));
        if declares && line.contains(banned) && !is_comment && !line.contains('"') {
            found
                .errors
                .push(format!("{place}: a name with {banned} in it"));
        }
    }
}

/// Whether a function is called by its name alone: neither a method nor of another module, and not
/// where it is declared.
fn calls_a_bare(call: &str, line: &str) -> bool {
    line.match_indices(call).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let is_part = before.ends_with(|it: char| it.is_alphanumeric() || "_.:".contains(it));
        !is_part && !before.ends_with("fn ")
    })
}

/// What no tracked file may name: a path of a developer's machine, or a package registry's host.
#[must_use]
pub fn machine(path: &Path, text: &str) -> Vec<String> {
    let paths = [concat!("/wo", "rk/"), concat!("/bash_", "jobs")];
    let hosts = [
        concat!("crates", ".io"),
        concat!("npmjs", ".com"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("debian", ".org"),
    ];
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let is_registry = hosts
            .iter()
            .any(|host| line.contains(&format!("://{host}")))
            || hosts.iter().any(|host| line.contains(&format!(".{host}/")));
        if is_registry || paths.iter().any(|path| line.contains(path)) {
            found.push(format!(
                "{}:{}: a path of a machine, or a registry",
                path.display(),
                number + 1
            ));
        }
    }
    found
}

/// Whether a crate's README has the five headings and is short.
#[must_use]
pub fn readme(path: &Path, text: &str) -> Vec<String> {
    let headings = [
        "## What this is for",
        "## What never enters",
        "## Start reading at",
        "## Words",
        "## How to test it",
    ];
    let mut found: Vec<String> = headings
        .iter()
        .filter(|heading| !text.lines().any(|line| line == **heading))
        .map(|heading| format!("{}: the heading `{heading}` is missing", path.display()))
        .collect();
    if text.lines().count() > 40 {
        found.push(format!("{}: more than 40 lines", path.display()));
    }
    let is_empty = text
        .lines()
        .zip(text.lines().skip(2))
        .any(|(a, b)| a.starts_with("## ") && b.starts_with("## "));
    if is_empty {
        found.push(format!(
            "{}: a heading with nothing under it",
            path.display()
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        rust(Path::new("crates/a/src/lib.rs"), text).errors
    }

    #[test]
    fn a_file_without_its_purpose_is_found() {
        assert_eq!(errors("use std::fmt;\n").len(), 1);
        assert_eq!(errors("//! Why.\n"), Vec::<String>::new());
    }

    #[test]
    fn files_and_functions_that_are_too_long_are_found() {
        let long = format!("//! Why.\n{}", "const A: u8 = 0;\n".repeat(900));
        assert_eq!(errors(&long).len(), 1);
        let body = "    let a = 0;\n".repeat(120);
        let function = format!("//! Why.\npub async fn long() {{\n{body}}}\n");
        assert_eq!(errors(&function).len(), 1);
        let flat = function.replace(
            "pub async",
            "// tidy: flat, because it is a table\npub async",
        );
        assert_eq!(errors(&flat), Vec::<String>::new());
    }

    #[test]
    fn ignored_tests_open_ends_and_vague_names_are_found() {
        assert_eq!(errors(concat!("//! Why.\n#[", "ignore]\n")).len(), 1);
        assert_eq!(errors(concat!("//! Why.\n// TO", "DO: later\n")).len(), 1);
        assert_eq!(errors("//! Why.\nstruct UserManager;\n").len(), 1);
        let sleepy = concat!("//! Why.\nstd::thread::", "sle", "ep(a);\n");
        assert_eq!(rust(Path::new("e2e/tests/a.rs"), sleepy).errors.len(), 1);
        assert_eq!(errors(sleepy), Vec::<String>::new());
        for name in ["FileUtil", "FileUtils", "RequestHandler", "Helpers"] {
            assert_eq!(errors(&format!("//! Why.\npub struct {name};\n")).len(), 1);
        }
    }

    #[test]
    fn a_test_that_is_ignored_on_a_condition_is_found() {
        let attribute = concat!("//! Why.\n#[cfg_", "attr(windows, ig", "nore = \"x\")]\n");
        assert_eq!(errors(attribute).len(), 1);
        assert_eq!(
            errors(&attribute.replace("(windows, ", "(\n    windows,\n    ")).len(),
            1
        );
        let other = attribute.replace(concat!("ig", "nore"), "path");
        assert_eq!(errors(&other), Vec::<String>::new());
    }

    #[test]
    fn an_imported_sleep_in_a_test_is_found() {
        let found = |line: &str| {
            let text = format!("//! Why.\n{}\n", line.replace('~', concat!("sle", "ep")));
            rust(Path::new("e2e/tests/a.rs"), &text).errors.len()
        };
        assert_eq!(found("    ~(a).await;"), 1);
        assert_eq!(found("    let nap = (~(a), 1);"), 1);
        for line in [
            "fn ~() {",
            "bed.~(a);",
            "over~(a);",
            "// ~(a)",
            "let ~ = 1;",
        ] {
            assert_eq!(found(line), 0, "{line}");
        }
    }

    #[test]
    fn a_foundation_that_reaches_out_is_found() {
        let found = |file: &str, line: &str| {
            let text = format!("//! Why.\n{line}\n#[cfg(test)]\nmod tests {{\nuse std::fs;\n}}\n");
            rust(Path::new(file), &text).errors.len()
        };
        for line in [
            "pub async fn a() {}",
            "use std::net::IpAddr;",
            "use std::{fmt, fs};",
            "    std::env::var(a);",
            "    let now = time::SystemTime::now();",
            "use std::time::Instant;",
            "    tracing::info!(a);",
        ] {
            assert_eq!(found("crates/proto/src/a.rs", line), 1, "{line}");
            assert_eq!(found("crates/proto/src/a/tests.rs", line), 0, "{line}");
            assert_eq!(found("crates/server/src/a.rs", line), 0, "{line}");
        }
        for line in [
            "// An Instant of std::fs.",
            "struct InstantMessage;",
            "use std::{fmt, str};",
        ] {
            assert_eq!(found("crates/xml/src/a.rs", line), 0, "{line}");
        }
    }

    #[test]
    fn machines_and_registries_are_found() {
        let found = |text: &str| machine(Path::new("a"), text).len();
        assert_eq!(found(concat!("see /wo", "rk/main\n")), 1);
        assert_eq!(found(concat!("https://crates", ".io/x\n")), 1);
        assert_eq!(found("a framework\n"), 0);
    }

    #[test]
    fn a_readme_without_its_headings_is_found() {
        assert_eq!(readme(Path::new("a"), "# a\n").len(), 5);
    }
}
