//! For every published rule one set of claims that fires it, with what comes out, and one that does not.
//!
//! In `testdata/published_rules_run.txt` `+` is a claim that comes in, `r` a row that the attribute store gives, `?` what
//! it is asked, `=` a claim that is issued, `~` one that is added, `-` a claim of the set that does not fire the rule (a
//! bare one is an empty set), and `always` says that there is no such set.

use crate::corpus;
use crate::support::{claims, line, run};
use claims::{RuleSet, Settings};

const RUNS: &str = include_str!("../../testdata/published_rules_run.txt");

/// What is written of one rule.
struct Written<'a> {
    number: u32,
    lines: Vec<&'a str>,
}

impl<'a> Written<'a> {
    fn all() -> Vec<Self> {
        let blocks = RUNS.split("# ").skip(1).filter(|it| !it.trim().is_empty());
        let written = blocks.filter_map(|block| {
            let (number, rest) = block.split_once('\n')?;
            let number = number.parse().ok()?;
            let lines = rest.lines().collect();
            Some(Written { number, lines })
        });
        written.collect()
    }

    fn of(&self, sign: &str) -> Vec<&'a str> {
        let lines = self.lines.iter().filter_map(|it| it.strip_prefix(sign));
        lines
            .map(|it| it.strip_prefix(' ').unwrap_or(it))
            .filter(|it| !it.is_empty())
            .collect()
    }

    fn has(&self, sign: &str) -> bool {
        self.lines.iter().any(|it| it.starts_with(sign))
    }
}

#[test]
fn a_published_rule_fires_as_written_down_and_otherwise_does_not() {
    let written = Written::all();
    for block in corpus::blocks()
        .iter()
        .filter(|it| !it.kind.starts_with("invalid"))
    {
        let number = block.number;
        let expected = written.iter().find(|it| it.number == number);
        let expected = expected.unwrap_or_else(|| panic!("{number} is not written down"));
        let rules = RuleSet::parse(&block.text).unwrap();
        let row: Vec<_> = expected.of("r ").iter().map(|it| row(it)).collect();
        let settings = Settings::of("LOCAL AUTHORITY");
        let (done, asked) = run(&rules, &claims(&expected.of("+")), settings.clone(), &row);
        let done = done.unwrap();
        let made = |is_issued: bool| -> Vec<String> {
            let rules = done.explained.iter().filter(|it| it.is_issued == is_issued);
            rules.flat_map(|it| &it.made).map(line).collect()
        };
        assert_eq!(made(true), expected.of("="), "{number}: issued");
        assert_eq!(made(false), expected.of("~"), "{number}: added");
        assert_eq!(asked, expected.of("?"), "{number}: asked");
        let issued: Vec<String> = done.claims.iter().map(line).collect();
        assert_eq!(issued, expected.of("="), "{number}: the result");
        assert!(expected.has("=") || expected.has("~"), "{number} fires");
        if expected.has("always") {
            let (done, _) = run(&rules, &claims(&[]), settings, &row);
            assert!(!done.unwrap().claims.is_empty(), "{number}");
            continue;
        }
        assert!(expected.has("-"), "{number} does not fire");
        let (done, asked) = run(&rules, &claims(&expected.of("-")), settings, &row);
        assert_eq!(asked, Vec::<String>::new(), "{number}: not asked");
        let made: usize = done.unwrap().explained.iter().map(|it| it.made.len()).sum();
        assert_eq!(made, 0, "{number}: not made");
    }
}

fn row(line: &str) -> claims::Row {
    line.split(" | ").map(|it| Some(it.to_owned())).collect()
}
