//! Every published rule parses and prints, or is refused with the reason that is listed here.

use crate::corpus;
use claims::syntax::{Code, Warning};
use claims::{Dialect, RuleSet};

/// What is refused: the block, and of each error the code, line and column, and words of its report.
struct Refused(u32, &'static [(Code, u32, u32, &'static str)]);

const REFUSED: [Refused; 7] = [
    Refused(
        14,
        &[
            (Code::Policy0030, 2, 49, "a comma too many before ]"),
            (Code::Policy0029, 3, 65, "typographic quotation mark"),
        ],
    ),
    Refused(
        16,
        &[(Code::Policy0029, 1, 16, "typographic quotation mark")],
    ),
    Refused(
        51,
        &[(Code::Policy0030, 1, 3, "unexpected `;`, expected `:`")],
    ),
    Refused(
        52,
        &[(Code::Policy0011, 1, 20, "no condition has the tag `c2`")],
    ),
    Refused(53, &[(Code::Policy0029, 1, 24, "unexpected input `1`")]),
    Refused(
        54,
        &[(Code::Policy0030, 2, 49, "unexpected `==`, expected `=`")],
    ),
    Refused(60, &[(Code::Policy0030, 1, 10, "did you mean `issue`?")]),
];

#[test]
fn a_valid_rule_parses_and_a_wrong_one_is_refused_with_its_code_and_place() {
    for block in corpus::blocks() {
        let refused = REFUSED.iter().find(|it| it.0 == block.number);
        let is_invalid = block.kind.starts_with("invalid");
        assert_eq!(refused.is_some(), is_invalid, "{block:?}");
        match (RuleSet::parse(&block.text), refused) {
            (Ok(_), None) => {}
            (Ok(_), Some(_)) => panic!("{} is taken", block.number),
            (Err(errors), None) => panic!("{}:\n{}", block.number, errors.report("rule")),
            (Err(errors), Some(Refused(_, expected))) => {
                let found: Vec<_> = errors.iter().collect();
                assert_eq!(found.len(), expected.len(), "{}", errors.report("rule"));
                for (error, (code, line, column, words)) in found.iter().zip(*expected) {
                    let place = (error.code(), error.line, error.column);
                    assert_eq!(place, (*code, *line, *column), "{}", error.report("rule"));
                    assert!(
                        error.report("rule").contains(words),
                        "{}",
                        error.report("rule")
                    );
                }
                let codes = ["POLICY0011", "POLICY0029", "POLICY0030"];
                for code in codes.iter().filter(|it| block.note.contains(**it)) {
                    assert!(found.iter().any(|it| it.code().to_string() == **code));
                }
            }
        }
    }
}

#[test]
fn a_printed_rule_parses_to_the_equal_tree() {
    for block in corpus::blocks() {
        let Ok(rules) = RuleSet::parse(&block.text) else {
            continue;
        };
        let printed = rules.to_string();
        let again = RuleSet::parse(&printed).unwrap_or_else(|it| panic!("{printed}\n{it}"));
        assert_eq!(again, rules, "{printed}");
        assert_eq!(again.to_string(), printed);
        assert!(again.warnings().is_empty());
    }
}

#[test]
fn the_lenient_one_parses_with_a_warning_and_no_other_does() {
    for block in corpus::blocks() {
        let Ok(rules) = RuleSet::parse(&block.text) else {
            continue;
        };
        let is_lenient = block.kind == "lenient";
        match rules.warnings() {
            [Warning::NoSemicolon { .. }] if is_lenient => {}
            [] if !is_lenient => {}
            other => panic!("{}: {other:?}", block.number),
        }
    }
}

#[test]
fn nothing_that_ad_fs_takes_needs_the_wider_dialect() {
    for block in corpus::blocks().iter().filter(|it| it.kind == "valid") {
        let strict = RuleSet::parse_as(&block.text, Dialect::Strict);
        assert!(!strict.unwrap().rules().is_empty());
    }
}
