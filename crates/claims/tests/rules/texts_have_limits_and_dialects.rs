//! How much a text of rules may hold, what is told of it at once, and what only the wider dialect takes.

use claims::syntax::{MAX_DEPTH, MAX_ERRORS, MAX_PARTS, MAX_RULES, MAX_TEXT};
use claims::{Dialect, RuleSet};

#[test]
fn one_run_tells_of_every_rule() {
    let text = "c:[] => isue(claim = c);\nd:[] => issue(claim = d);\ne:[Typ == \"a\"] => issue(claim = e);";
    let errors = RuleSet::parse(text).unwrap_err();
    let lines: Vec<u32> = errors.iter().map(|it| it.line).collect();
    assert_eq!(lines, [1, 3]);
    let text = "c:[] => issue(claim = a);\nc:[] => issue(claim = b);";
    assert_eq!(RuleSet::parse(text).unwrap_err().iter().count(), 2);
    let many = "x; ".repeat(100);
    assert_eq!(
        RuleSet::parse(&many).unwrap_err().iter().count(),
        MAX_ERRORS
    );
    // As many wrong lines as fit, and the time of a few.
    let most = "x;\n".repeat(MAX_TEXT / 3);
    assert_eq!(
        RuleSet::parse(&most).unwrap_err().iter().count(),
        MAX_ERRORS
    );
    let many = "c:[]=>issue(claim=d);".repeat(100);
    assert_eq!(
        RuleSet::parse(&many).unwrap_err().iter().count(),
        MAX_ERRORS
    );
    let many = "\u{7} ".repeat(100);
    assert_eq!(
        RuleSet::parse(&many).unwrap_err().iter().count(),
        MAX_ERRORS
    );
}

#[test]
fn what_is_too_much_is_refused() {
    let of = |text: &str| RuleSet::parse(text).unwrap_err().to_string();
    let rule = "c:[]=>issue(claim=c);";
    assert!(RuleSet::parse(&rule.repeat(MAX_RULES)).is_ok());
    assert!(of(&rule.repeat(MAX_RULES + 1)).contains("more than 1000 rules"));
    assert!(of(&" ".repeat(MAX_TEXT + 1)).contains("bytes in the text"));
    let deep = "(".repeat(MAX_DEPTH);
    assert!(of(&format!("=> issue(Type = {deep}")).contains("expressions in one another"));
    let many = |part: &str| vec![part; MAX_PARTS + 1].join(", ");
    for (text, what) in [
        (
            format!("c:[{}] => issue(claim = c);", many("Type == \"a\"")),
            "tests",
        ),
        (
            format!("=> issue(store = \"s\", types = ({}));", many("\"a\"")),
            "types",
        ),
        (
            format!(
                "=> issue(store = \"s\", types = (\"a\"), {});",
                many("param = \"a\"")
            ),
            "parameters",
        ),
        (
            format!(
                "=> issue(Type = RegExReplace({}), Value = \"b\");",
                many("\"a\"")
            ),
            "arguments",
        ),
        (
            format!(
                "=> issue(Type = {}, Value = \"b\");",
                many("\"a\"").replace(',', "+")
            ),
            "terms",
        ),
        (
            format!("{} => issue(claim = c);", many("c:[]").replace(',', "&&")),
            "conditions",
        ),
        (
            format!(
                "{} c:[] => issue(claim = c);",
                "@a = \"b\" ".repeat(MAX_PARTS + 1)
            ),
            "annotations",
        ),
        (
            format!(
                "=> issue({});",
                (0..=MAX_PARTS)
                    .map(|it| format!("Properties[\"{it}\"] = \"a\""))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            "properties",
        ),
    ] {
        assert!(of(&text).contains(what), "{what}: {}", of(&text));
    }
}

#[test]
fn the_strict_dialect_is_ad_fss_own() {
    let strict = |text: &str| RuleSet::parse_as(text, Dialect::Strict);
    for (text, what) in [
        ("// remark\nc:[] => issue(claim = c);", "comments"),
        ("c:[] => /* remark */ issue(claim = c);", "comments"),
        (
            "c:[] => issue(Type = (\"a\"), Value = \"b\");",
            "parentheses in an expression",
        ),
        (
            "c:[] && EXISTS([]) => issue(claim = c);",
            "selectors beside EXISTS or COUNT",
        ),
    ] {
        assert!(RuleSet::parse(text).is_ok(), "{text}");
        let errors = strict(text).expect_err(text);
        assert!(
            errors
                .to_string()
                .contains(&format!("AD FS does not take {what}")),
            "{errors}"
        );
    }
    assert!(strict("c:[] => issue(claim = c); EXISTS([]) && COUNT([]) > 1 => issue(Type = \"a\", Value = \"b\");").is_ok());
}

#[test]
fn keywords_are_tags_where_a_tag_stands() {
    let text = "issue:[] && exists:[] && count:[] && not:[] && claim:[] && type:[]
        => issue(Type = claim.Type + type.Value + store.Value, Value = exists.Value);";
    let text = text.replace(" + store.Value", "");
    assert!(RuleSet::parse(&text).is_ok());
}

#[test]
fn a_byte_order_mark_and_any_white_space_are_passed_over() {
    let text = "\u{feff}c\r\n:\t[\u{a0}type\n==\"a\"]\r\n=>issue(claim=c)\r\n;";
    assert_eq!(RuleSet::parse(text).unwrap().rules().len(), 1);
}
