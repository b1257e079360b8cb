//! `docs/security-tests.md`: each threat that has a row of its own once, with tests that are there and say
//! so, or a reason why there is none.

use std::collections::{BTreeMap, BTreeSet};

use crate::requirements;

/// Threats that must have a row; others may have one.
const ROWS: [(&str, u32); 10] = [
    ("T-XML", 3),
    ("T-SIG", 9),
    ("T-CRED", 9),
    ("T-OTP", 10),
    ("T-PHISH", 3),
    ("T-DB", 2),
    ("T-LOG", 2),
    ("T-DEV", 2),
    ("T-SAML", 5),
    ("T-RULE", 2),
];

/// What is wrong with the table, one sentence each; `sources` are all Rust files by path.
#[must_use]
pub fn check(table: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, row, _, status, tests, ..] = cells.as_slice() else {
            continue;
        };
        if !row.starts_with("T-") {
            continue;
        }
        if !seen.insert((*row).to_owned()) {
            wrong.push(format!("{row} stands there twice"));
        }
        match *status {
            "open" if tests.is_empty() => wrong.push(format!("{row} is open without a reason")),
            "open" => {}
            "done" if !tests.is_empty() => {
                let bears = row.to_ascii_lowercase().replace('-', "_");
                for test in tests
                    .split("<br>")
                    .map(|test| test.trim().trim_matches('`'))
                {
                    let bears = |name: &str| name.starts_with(&format!("{bears}_"));
                    wrong.extend(requirements::wrong_test(row, test, sources, bears));
                }
            }
            "done" => wrong.push(format!("{row} is done and names no test")),
            other => wrong.push(format!("{row} has the status `{other}`")),
        }
    }
    for (area, count) in ROWS {
        let rows = (1..=count).map(|number| format!("{area}-{number}"));
        let missing = rows.filter(|row| !seen.contains(row));
        wrong.extend(missing.map(|row| format!("{row} is missing")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(row: &str) -> Vec<String> {
        let source = "#[test]\nfn t_xml_1_it_holds() {}\n#[test]\nfn t_xml_11_it_holds() {}\n";
        let sources = BTreeMap::from([("a.rs".to_owned(), source.to_owned())]);
        let rest: String = ROWS
            .iter()
            .flat_map(|(area, count)| (1..=*count).map(move |number| format!("{area}-{number}")))
            .filter(|row| row != "T-XML-1")
            .map(|row| format!("| {row} | x | open | why |\n"))
            .collect();
        check(&format!("{row}\n{rest}"), &sources)
    }

    #[test]
    fn a_whole_table_is_right() {
        for row in [
            "| T-XML-1 | x | done | `a.rs::t_xml_1_it_holds` |",
            "| T-XML-1 | x | open | for a reason |\n| T-INS-1 | x | open | another |",
        ] {
            assert_eq!(checked(row), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn rows_that_promise_what_is_not_there_are_found() {
        for row in [
            "",
            "| T-XML-1 | x | open | |",
            "| T-XML-1 | x | done | |",
            "| T-XML-1 | x | derived | `a.rs::t_xml_1_it_holds` |",
            "| T-XML-1 | x | done | `a.rs::t_xml_11_it_holds` |",
            "| T-XML-1 | x | done | `a.rs::t_xml_1_is_not_there` |",
            "| T-XML-1 | x | open | why |\n| T-XML-1 | x | open | why |",
        ] {
            assert_eq!(checked(row).len(), 1, "{row}");
        }
    }
}
