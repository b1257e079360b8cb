//! What the linter says of the published rules: the line and the name of each finding.

use claims::RuleSet;
use claims::lint::{Lint, lint};

use crate::corpus;

/// Blocks with findings other than rewritten schemes; those of rules that stand alone here and have their reader
/// elsewhere (`never-read`) are left out too.
const FOUND: [(u32, &str); 18] = [
    (4, "1:many-times"),
    (12, "1:no-semicolon"),
    (23, "1:many-times"),
    (24, "1:many-times 1:looks-like-pattern"),
    (25, "1:many-times"),
    (26, "1:many-times"),
    (27, "1:many-times"),
    (28, "1:many-times"),
    (30, "1:case-trap"),
    (35, "2:case-trap"),
    (36, "2:many-times"),
    (37, "2:many-times"),
    (38, "2:many-times"),
    (41, "2:many-times"),
    (79, "1:unanchored-sid 2:unanchored-sid"),
    (80, "3:unescaped-dots"),
    (159, "2:many-times"),
    (168, "1:many-times"),
];

#[test]
fn the_published_rules_have_the_faults_that_are_known() {
    for block in corpus::blocks() {
        let Ok(rules) = RuleSet::parse(&block.text) else {
            continue;
        };
        let findings = lint(&rules);
        let others = findings
            .iter()
            .filter(|it| !matches!(it.lint, Lint::HttpsScheme | Lint::NeverRead));
        let others: Vec<String> = others
            .map(|it| format!("{}:{}", it.line, it.lint.name()))
            .collect();
        let expected = match block.number {
            169 => "1:many-times 1:only-empty",
            number => FOUND
                .iter()
                .find(|(it, _)| *it == number)
                .map_or("", |(_, it)| it),
        };
        assert_eq!(others.join(" "), expected, "{}", block.number);
        let rewritten = findings
            .iter()
            .filter(|it| it.lint == Lint::HttpsScheme)
            .count();
        let written = block.text.matches("https://schemas.microsoft.com/").count();
        assert_eq!(rewritten, written, "{}", block.number);
    }
}
