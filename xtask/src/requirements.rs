//! `docs/requirements.md`: each of S1-S80 once, and each test that it names is there, is compiled and
//! says so.

use std::collections::BTreeMap;

/// How many rows there are.
const ROWS: u32 = 80;

/// What is wrong with the table, one sentence each; `sources` are all Rust files by path.
#[must_use]
pub fn check(table: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, row, _, status, tests, ..] = cells.as_slice() else {
            continue;
        };
        let Some(number) = row.strip_prefix('S').and_then(|number| number.parse().ok()) else {
            continue;
        };
        *seen.entry(number).or_default() += 1;
        match *status {
            "open" if tests.is_empty() => {}
            "open" => wrong.push(format!("{row} is open and names a test")),
            "done" | "derived" if !tests.is_empty() => {
                for test in tests
                    .split("<br>")
                    .map(|test| test.trim().trim_matches('`'))
                {
                    let number = row.to_ascii_lowercase();
                    let bears = |name: &str| name.split('_').any(|word| word == number);
                    wrong.extend(wrong_test(row, test, sources, bears));
                }
            }
            "done" | "derived" => wrong.push(format!("{row} is {status} and names no test")),
            other => wrong.push(format!("{row} has the status `{other}`")),
        }
    }
    for number in 1..=ROWS {
        match seen.get(&number) {
            Some(1) => {}
            Some(_) => wrong.push(format!("S{number} stands there twice")),
            None => wrong.push(format!("S{number} is missing")),
        }
    }
    wrong
}

/// A test is named as `path/of/file.rs::name`.
pub(crate) fn wrong_test(
    row: &str,
    test: &str,
    sources: &BTreeMap<String, String>,
    bears: impl Fn(&str) -> bool,
) -> Option<String> {
    let Some((file, name)) = test.split_once("::") else {
        return Some(format!("{row} names `{test}`, which is not file.rs::test"));
    };
    let Some(text) = sources.get(file) else {
        return Some(format!("{row} names `{file}`, which is not there"));
    };
    let Some(at) = text.find(&format!("fn {name}(")) else {
        return Some(format!("{row} names `{name}`, which is not in {file}"));
    };
    if !text.get(..at).is_some_and(ends_in_a_tests_attribute) {
        return Some(format!("{row} names `{name}`, which is no test"));
    }
    if !is_compiled(file, sources) {
        return Some(format!("{row} names `{file}`, which no `mod` names"));
    }
    (!bears(name)).then(|| format!("`{name}` does not bear the number of {row}"))
}

/// Whether what follows a text is the function of a test.
fn ends_in_a_tests_attribute(before: &str) -> bool {
    let attributes = ["#[test]", "#[tokio::test]", "#[tokio::test("];
    for line in before.lines().rev().map(str::trim_start) {
        if attributes.iter().any(|it| line.starts_with(it)) {
            return true;
        }
        if !line.starts_with("//") && line.contains("fn ") {
            return false;
        }
    }
    false
}

/// Whether a file is part of what cargo compiles: a target's own file, or named by `mod` in one that
/// is.
fn is_compiled(file: &str, sources: &BTreeMap<String, String>) -> bool {
    let Some((folder, name)) = file.rsplit_once('/') else {
        return true;
    };
    let (module, place) = match (name.trim_end_matches(".rs"), folder.rsplit_once('/')) {
        ("main" | "lib", _) => return true,
        ("mod", Some((outside, module))) => (module, outside),
        (module, _) => (module, folder),
    };
    let holders = [
        format!("{place}/main.rs"),
        format!("{place}/lib.rs"),
        format!("{place}/mod.rs"),
        format!("{place}.rs"),
    ];
    let mut present = holders
        .iter()
        .filter_map(|holder| Some((holder, sources.get(holder)?)))
        .peekable();
    // Cargo finds a test's file by itself where its folder is `tests` and has no `main.rs`.
    if present.peek().is_none() {
        return place.ends_with("/tests");
    }
    present.any(|(holder, text)| names(text, module) && is_compiled(holder, sources))
}

/// Whether a source has `mod` with this name and a file.
fn names(source: &str, module: &str) -> bool {
    source.lines().any(|line| {
        let named = line.trim().strip_suffix(';').unwrap_or_default();
        let (visibility, named) = named.split_once("mod ").unwrap_or_default();
        named == module && (visibility.is_empty() || visibility.starts_with("pub"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(rows: &str) -> Vec<String> {
        let source = "#[test]\nfn s2_it_works() {}\nfn s2_no_test() {}\n".to_owned();
        let sources = BTreeMap::from([("a.rs".to_owned(), source)]);
        let rest: String = (3..=80)
            .map(|row| format!("| S{row} | x | open | |\n"))
            .collect();
        check(&format!("| S1 | x | open | |\n{rows}\n{rest}"), &sources)
    }

    #[test]
    fn a_whole_table_is_right() {
        assert_eq!(
            checked("| S2 | x | done | `a.rs::s2_it_works` |"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn rows_that_promise_what_is_not_there_are_found() {
        for row in [
            "| S2 | x | done | |",
            "| S2 | x | maybe | |",
            "| S2 | x | open | `a.rs::s2_it_works` |",
            "| S2 | x | done | `b.rs::s2_it_works` |",
            "| S2 | x | done | `a.rs::s2_is_not_there` |",
            "| S2 | x | done | `a.rs::s2_no_test` |",
            "| S2 | x | done | nonsense |",
            "",
        ] {
            assert_eq!(checked(row).len(), 1, "{row}");
        }
        let twice = "| S2 | x | open | |\n| S2 | x | open | |";
        assert_eq!(checked(twice), ["S2 stands there twice"]);
        let other = checked("| S2 | x | open | |").len();
        assert_eq!(other, 0);
    }

    #[test]
    fn a_test_is_one_by_whatever_attribute() {
        for (attribute, is_test) in [
            ("#[test]", true),
            ("#[tokio::test]", true),
            (
                "#[tokio::test(flavor = \"multi_thread\", worker_threads = 2)]",
                true,
            ),
            (
                "#[tokio::test(\n    start_paused = true\n)]\n/// fn of a test",
                true,
            ),
            ("#[test]\nfn other() {}\n", false),
            ("// #[test]", false),
            ("#[derive(Debug)]", false),
        ] {
            let before = format!("//! Why.\n{attribute}\nasync ");
            assert_eq!(ends_in_a_tests_attribute(&before), is_test, "{attribute}");
        }
    }

    #[test]
    fn a_file_that_no_mod_names_is_found() {
        let sources: BTreeMap<String, String> = [
            (
                "e2e/tests/main.rs",
                "mod named;\n// mod unnamed;\nmod folder;\n",
            ),
            ("crates/a/tests/playbooks/main.rs", "mod world;\n"),
            ("crates/a/src/lib.rs", "pub mod b;\n"),
            (
                "crates/a/src/b/mod.rs",
                "#[cfg(test)]\nmod tests;\npub(crate) mod c;\n",
            ),
            ("crates/a/src/b/c.rs", "#[cfg(test)]\nmod tests;\n"),
            ("crates/a/src/lost.rs", "mod tests;\n"),
        ]
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
        .into();
        for (file, is_named) in [
            ("e2e/tests/main.rs", true),
            ("e2e/tests/named.rs", true),
            ("e2e/tests/folder/mod.rs", true),
            ("e2e/tests/unnamed.rs", false),
            ("crates/a/tests/playbooks/world.rs", true),
            ("crates/a/tests/playbooks/lost.rs", false),
            ("crates/a/tests/own.rs", true),
            ("crates/a/src/b/tests.rs", true),
            ("crates/a/src/b/c/tests.rs", true),
            ("crates/a/src/lost/tests.rs", false),
            ("crates/a/src/b/lost.rs", false),
        ] {
            assert_eq!(is_compiled(file, &sources), is_named, "{file}");
        }
        let table: String = (1..=ROWS)
            .map(|row| match row {
                2 => "| S2 | x | done | `e2e/tests/unnamed.rs::s2_x` |\n".to_owned(),
                row => format!("| S{row} | x | open | |\n"),
            })
            .collect();
        let mut sources = sources;
        let test = "#[test]\nfn s2_x() {}\n".to_owned();
        sources.insert("e2e/tests/unnamed.rs".to_owned(), test);
        let wrong = check(&table, &sources);
        assert_eq!(
            wrong,
            ["S2 names `e2e/tests/unnamed.rs`, which no `mod` names"]
        );
    }
}
