//! `docs/requirements.md`: each of S1-S80 once, and each test that it names is there and says so.

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
                    wrong.extend(wrong_test(row, test, sources));
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
fn wrong_test(row: &str, test: &str, sources: &BTreeMap<String, String>) -> Option<String> {
    let Some((file, name)) = test.split_once("::") else {
        return Some(format!("{row} names `{test}`, which is not file.rs::test"));
    };
    let Some(text) = sources.get(file) else {
        return Some(format!("{row} names `{file}`, which is not there"));
    };
    let Some(at) = text.find(&format!("fn {name}(")) else {
        return Some(format!("{row} names `{name}`, which is not in {file}"));
    };
    let is_test = text.get(..at).is_some_and(|before| {
        let attribute = before.rfind("test]");
        attribute
            .is_some_and(|attribute| !before.get(attribute..).unwrap_or_default().contains("fn "))
    });
    if !is_test {
        return Some(format!("{row} names `{name}`, which is no test"));
    }
    let number = row.to_ascii_lowercase();
    let bears = name.split('_').any(|word| word == number);
    (!bears).then(|| format!("`{name}` does not bear the number of {row}"))
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
}
