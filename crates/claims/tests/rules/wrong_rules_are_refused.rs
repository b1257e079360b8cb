//! Each thing that can be wrong with a text of rules: its code, its place, what was expected, and the hint.

use claims::RuleSet;
use expect_test::{Expect, expect};

fn refused(text: &str, expected: &str) {
    let errors = RuleSet::parse(text).expect_err(text);
    let first = errors.iter().next().unwrap();
    let hint = first.hint.iter().map(|it| format!(" [{it}]"));
    let found = format!("{first}{}", hint.collect::<String>());
    assert_eq!(found, expected, "{text}");
}

fn drawn(text: &str, expected: Expect) {
    let errors = RuleSet::parse(text).expect_err(text);
    expected.assert_eq(&errors.report("rules.txt"));
}

const PROPERTIES: &str = "`Type`, `Value`, `ValueType`, `Issuer`, `OriginalIssuer` or `Properties`";

#[test]
fn the_skeleton_of_a_rule_is_expected() {
    for (text, expected) in [
        (
            "issue(claim = c);",
            "line 1, column 6: POLICY0030: unexpected `(`, expected `:`",
        ),
        (
            "c:[] issue(claim = c);",
            "line 1, column 6: POLICY0030: unexpected `issue`, expected `&&` or `=>`",
        ),
        (
            "c:[] || d:[] => issue(claim = c);",
            "line 1, column 6: POLICY0029: unexpected input `|` [there is no \"or\": write two rules]",
        ),
        (
            "c:[] & d:[] => issue(claim = c);",
            "line 1, column 6: POLICY0029: unexpected input `&` [conditions are joined by &&]",
        ),
        (
            "c:[] && => issue(claim = c);",
            "line 1, column 9: POLICY0030: unexpected `=>`, expected a condition",
        ),
        (
            "; c:[] => issue(claim = c);",
            "line 1, column 1: POLICY0030: unexpected `;`, expected `@`, a condition or `=>`",
        ),
        (
            "@RuleName = \"x\" ;",
            "line 1, column 17: POLICY0030: unexpected `;`, expected a condition or `=>`",
        ),
        (
            "c:[] =>",
            "line 1, column 8: POLICY0030: unexpected end of the text, expected `issue` or `add`",
        ),
        (
            "c:[] => permit(claim = c);",
            "line 1, column 9: POLICY0030: unexpected `permit`, expected `issue` or `add`",
        ),
        (
            "c:[] => isue(claim = c);",
            "line 1, column 9: POLICY0030: unexpected `isue`, expected `issue` or `add` [did you mean `issue`?]",
        ),
        (
            "c:[] => issue claim = c;",
            "line 1, column 15: POLICY0030: unexpected `claim`, expected `(`",
        ),
        (
            "c:[] => issue(claim = c) => issue(claim = c);",
            "line 1, column 26: POLICY0030: unexpected `=>`, expected `;`",
        ),
        (
            "c:[] => issue(claim = c), issue(claim = c);",
            "line 1, column 25: POLICY0030: unexpected `,`, expected `;`",
        ),
        (
            "@RuleName \"x\" => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 11: POLICY0030: unexpected string \"x\", expected `=`",
        ),
        (
            "@ = \"x\" => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 3: POLICY0030: unexpected `=`, expected a name",
        ),
        (
            "@RuleName = x => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 13: POLICY0030: unexpected `x`, expected a string",
        ),
    ] {
        refused(text, expected);
    }
}

#[test]
fn the_parts_of_a_condition_are_expected() {
    let test = "a test compares with ==, != , =~ or !~";
    for (text, expected) in [
        (
            "c[] => issue(claim = c);",
            "line 1, column 2: POLICY0030: unexpected `[`, expected `:`".to_owned(),
        ),
        (
            "c:(Type == \"a\") => issue(claim = c);",
            "line 1, column 3: POLICY0030: unexpected `(`, expected `[`".to_owned(),
        ),
        (
            "NOT [] => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 5: POLICY0030: unexpected `[`, expected `EXISTS`".to_owned(),
        ),
        (
            "exists [] => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 8: POLICY0030: unexpected `[`, expected `:`".to_owned(),
        ),
        (
            "exists(Type == \"a\") => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 8: POLICY0030: unexpected `Type`, expected `[`".to_owned(),
        ),
        (
            "exists([] => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 11: POLICY0030: unexpected `=>`, expected `)`".to_owned(),
        ),
        (
            "count([]) => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 11: POLICY0030: unexpected `=>`, expected `==`, `!=`, `>`, `<`, `>=` or `<=`".to_owned(),
        ),
        (
            "count([]) > \"1\" => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 13: POLICY0030: unexpected string \"1\", expected a number".to_owned(),
        ),
        (
            "count([]) > 4294967296 => issue(Type = \"a\", Value = \"b\");",
            "line 1, column 13: POLICY0002: there are more than 4294967295 claims to count to".to_owned(),
        ),
        (
            "c:[Name == \"a\"] => issue(claim = c);",
            format!("line 1, column 4: POLICY0030: unexpected `Name`, expected {PROPERTIES}"),
        ),
        (
            "c:[Typ == \"a\"] => issue(claim = c);",
            format!("line 1, column 4: POLICY0030: unexpected `Typ`, expected {PROPERTIES} [did you mean `Type`?]"),
        ),
        (
            "c:[Type = \"a\"] => issue(claim = c);",
            format!("line 1, column 9: POLICY0030: unexpected `=`, expected `==`, `!=`, `=~` or `!~` [{test}]"),
        ),
        (
            "c:[Type > \"a\"] => issue(claim = c);",
            "line 1, column 9: POLICY0030: unexpected `>`, expected `==`, `!=`, `=~` or `!~`".to_owned(),
        ),
        (
            "c:[Type == \"a\",] => issue(claim = c);",
            format!("line 1, column 16: POLICY0030: unexpected `]`, expected {PROPERTIES} [there is a comma too many before ]]"),
        ),
        (
            "c:[Type == \"a\" Value == \"b\"] => issue(claim = c);",
            "line 1, column 16: POLICY0030: unexpected `Value`, expected `,` or `]`".to_owned(),
        ),
        (
            "c:[Type == 1] => issue(claim = c);",
            "line 1, column 12: POLICY0029: unexpected input `1`, expected a string, a property as `c.Value` or a function [values are strings: put it between \"]".to_owned(),
        ),
        (
            "c:[Type == 'a'] => issue(claim = c);",
            "line 1, column 12: POLICY0029: unexpected input `'` [strings stand between \"]".to_owned(),
        ),
        (
            "c:[Type ! \"a\"] => issue(claim = c);",
            "line 1, column 9: POLICY0029: unexpected input `!` [the negations are NOT EXISTS, != and !~]".to_owned(),
        ),
        (
            "c:[Properties == \"a\"] => issue(claim = c);",
            "line 1, column 15: POLICY0030: unexpected `==`, expected `[`".to_owned(),
        ),
        (
            "c:[Properties[\"a\" == \"a\"] => issue(claim = c);",
            "line 1, column 19: POLICY0030: unexpected `==`, expected `]`".to_owned(),
        ),
    ] {
        refused(text, &expected);
    }
}

#[test]
fn the_parts_of_a_statement_are_expected() {
    let beginnings = "`claim`, `store`, `Type`, `Value`, `ValueType`, `Issuer`, `OriginalIssuer` or `Properties`";
    for (text, expected) in [
        (
            "issue()",
            format!("line 1, column 15: POLICY0030: unexpected `)`, expected {beginnings}"),
        ),
        (
            "issue(foo = \"a\")",
            format!("line 1, column 15: POLICY0030: unexpected `foo`, expected {beginnings}"),
        ),
        (
            "issue(claim c)",
            "line 1, column 21: POLICY0030: unexpected `c`, expected `=`".to_owned(),
        ),
        (
            "issue(claim = \"c\")",
            "line 1, column 23: POLICY0030: unexpected string \"c\", expected a tag".to_owned(),
        ),
        (
            "issue(claim = c, Value = \"a\")",
            "line 1, column 24: POLICY0030: unexpected `,`, expected `)`".to_owned(),
        ),
        (
            "issue(Type == \"a\", Value = \"b\")",
            "line 1, column 20: POLICY0030: unexpected `==`, expected `=` [a property is set with a single =]".to_owned(),
        ),
        (
            "issue(Type = \"a\" Value = \"b\")",
            "line 1, column 26: POLICY0030: unexpected `Value`, expected `,` or `)`".to_owned(),
        ),
        (
            "issue(Type = \"a\", claim = c)",
            format!("line 1, column 27: POLICY0030: unexpected `claim`, expected {PROPERTIES}"),
        ),
        (
            "issue(Value = \"a\")",
            "line 1, column 15: POLICY0002: a new claim has no `Type`".to_owned(),
        ),
        (
            "issue(Type = \"a\")",
            "line 1, column 15: POLICY0002: a new claim has no `Value`".to_owned(),
        ),
        (
            "issue(Type = \"a\", Value = \"b\", TYPE = \"c\")",
            "line 1, column 40: POLICY0002: `TYPE` is set twice".to_owned(),
        ),
        (
            "issue(Type = \"a\", Value = \"b\", Properties[\"a\"] = \"c\", Properties[\"a\"] = \"d\")",
            "line 1, column 63: POLICY0002: `Properties` is set twice".to_owned(),
        ),
        (
            "issue(store = \"s\")",
            "line 1, column 26: POLICY0030: unexpected `)`, expected `,`".to_owned(),
        ),
        (
            "issue(store = \"s\", query = \"q\")",
            "line 1, column 28: POLICY0030: unexpected `query`, expected `types`".to_owned(),
        ),
        (
            "issue(store = \"s\", types = \"t\")",
            "line 1, column 36: POLICY0030: unexpected string \"t\", expected `(`".to_owned(),
        ),
        (
            "issue(store = \"s\", types = ())",
            "line 1, column 37: POLICY0030: unexpected `)`, expected a string, a property as `c.Value` or a function".to_owned(),
        ),
        (
            "issue(store = \"s\", types = (\"t\";))",
            "line 1, column 40: POLICY0030: unexpected `;`, expected `,` or `)`".to_owned(),
        ),
        (
            "issue(store = \"s\", types = (\"t\"), param = \"p\", query = \"q\")",
            "line 1, column 56: POLICY0030: unexpected `query`, expected `param`".to_owned(),
        ),
        (
            "issue(store = \"s\", types = (\"t\"), Value = \"p\")",
            "line 1, column 43: POLICY0030: unexpected `Value`, expected `query` or `param`".to_owned(),
        ),
        (
            "issue(store = \"s\", types = (\"t\"), query = \"q\", query = \"q\")",
            "line 1, column 56: POLICY0030: unexpected `query`, expected `param`".to_owned(),
        ),
    ] {
        refused(&format!("c:[] => {text};"), &expected);
    }
}

#[test]
fn expressions_and_functions_are_known() {
    for (value, expected) in [
        (
            "c",
            "line 1, column 39: POLICY0030: unexpected `)`, expected `.` or `(`",
        ),
        (
            "c.Name",
            "line 1, column 40: POLICY0030: unexpected `Name`, expected `Type`, `Value`, `ValueType`, `Issuer`, `OriginalIssuer` or `Properties`",
        ),
        (
            "\"a\" + ",
            "line 1, column 44: POLICY0030: unexpected `)`, expected a string, a property as `c.Value` or a function",
        ),
        (
            "\"a\" \"b\"",
            "line 1, column 42: POLICY0030: unexpected string \"b\", expected `,` or `)`",
        ),
        (
            "Upper(c.Value)",
            "line 1, column 38: POLICY0002: there is no function `Upper` [the one function is RegExReplace]",
        ),
        (
            "RegExReplace(c.Value, \"a\")",
            "line 1, column 38: POLICY0002: `RegExReplace` takes 3 arguments and has 2",
        ),
        (
            "RegExReplace(c.Value, \"a\", \"b\", \"c\")",
            "line 1, column 38: POLICY0002: `RegExReplace` takes 3 arguments and has 4",
        ),
        (
            "RegExReplace(c.Value; \"a\")",
            "line 1, column 58: POLICY0030: unexpected `;`, expected `,` or `)`",
        ),
        (
            "(\"a\";",
            "line 1, column 42: POLICY0030: unexpected `;`, expected `)`",
        ),
    ] {
        refused(
            &format!("c:[] => issue(Type = \"a\", Value =    {value});"),
            expected,
        );
    }
}

#[test]
fn tags_are_bound_once_and_before_they_are_used() {
    for (text, expected) in [
        (
            "c:[] => issue(claim = d);",
            "line 1, column 23: POLICY0011: no condition has the tag `d`",
        ),
        (
            "=> issue(Type = \"a\", Value = c.Value);",
            "line 1, column 30: POLICY0011: no condition has the tag `c`",
        ),
        (
            "EXISTS([]) => issue(Type = \"a\", Value = c.Value);",
            "line 1, column 41: POLICY0011: no condition has the tag `c`",
        ),
        (
            "c:[] && C:[] => issue(claim = c);",
            "line 1, column 9: POLICY0002: two conditions have the tag `C`",
        ),
        (
            "c:[Value == c.Type] => issue(claim = c);",
            "line 1, column 13: POLICY0011: the tag `c` is used before its condition is through",
        ),
        (
            "c:[Value == d.Type] && d:[] => issue(claim = c);",
            "line 1, column 13: POLICY0011: the tag `d` is used before its condition is through",
        ),
        (
            "c:[] && EXISTS([Value == c.Value]) => issue(claim = c);",
            "line 1, column 26: POLICY0002: `c` is used inside EXISTS or COUNT, which are looked at first",
        ),
    ] {
        refused(text, expected);
    }
}

#[test]
fn what_no_claim_may_have_a_say_in_is_constant() {
    for (text, expected) in [
        (
            "c:[] => issue(store = c.Value, types = (\"t\"));",
            "line 1, column 23: POLICY0002: the name of a store must be a string, without claims in it",
        ),
        (
            "c:[] => issue(store = \"s\", types = (\"t\"), query = \"a=\" + c.Value);",
            "line 1, column 51: POLICY0002: a query must be a string, without claims in it",
        ),
        (
            "c:[] && d:[Value =~ c.Value] => issue(claim = d);",
            "line 1, column 21: POLICY0002: a regular expression must be a string, without claims in it",
        ),
        (
            "c:[] => issue(Type = \"a\", Value = RegExReplace(\"x\", c.Value, \"y\"));",
            "line 1, column 53: POLICY0002: a regular expression must be a string, without claims in it",
        ),
    ] {
        refused(text, expected);
    }
}

#[test]
fn an_expression_that_cannot_be_honoured_is_refused_where_it_is_wrong() {
    refused(
        r#"c:[Value =~ "a(?<b-c>d)"] => issue(claim = c);"#,
        "line 1, column 15: POLICY0002: the regular expression is refused: balancing groups are not supported, at character 2 of the expression",
    );
    refused(
        r#"c:[Value =~ "a" + "(b"] => issue(claim = c);"#,
        "line 1, column 13: POLICY0002: the regular expression is refused: a group or set is not closed, at character 2 of the expression",
    );
}

#[test]
fn what_is_not_closed_is_named_where_it_opens() {
    refused(
        "c:[Type == \"a] => issue(claim = c);",
        "line 1, column 12: POLICY0029: a string is not closed",
    );
    refused(
        "c:[] => /* issue(claim = c);",
        "line 1, column 9: POLICY0029: a comment is not closed",
    );
    refused(
        "c:[] => issue(claim = c); # remark",
        "line 1, column 27: POLICY0029: unexpected input `#` [AD FS has no comments; here they begin with //]",
    );
    refused(
        "\u{7}",
        "line 1, column 1: POLICY0029: unexpected input U+0007",
    );
}

#[test]
fn an_error_is_drawn_below_its_line() {
    drawn(
        "@RuleName = \"x\"\n\tc:[Type == “role”,\n\t   Value == \"a\"]\n => issue(claim = d)\n",
        expect![[r#"
            rules.txt:2:13: POLICY0029: unexpected input `“`
              |
            2 | 	c:[Type == “role”,
              | 	           ^
              = hint: typographic quotation mark; use ""#]],
    );
    drawn(
        "c:[] => isue(claim = c);\nd:[] =>\n  issue(claim = c);",
        expect![[r#"
            rules.txt:1:9: POLICY0030: unexpected `isue`, expected `issue` or `add`
              |
            1 | c:[] => isue(claim = c);
              |         ^^^^
              = hint: did you mean `issue`?"#]],
    );
    let long = format!(
        "c:[Type == \"{}\" Value == \"b\"] => issue(claim = c);",
        "a".repeat(200)
    );
    drawn(
        &long,
        expect![[r#"
            rules.txt:1:215: POLICY0030: unexpected `Value`, expected `,` or `]`
              |
            1 | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" Value == "b"] => issue(claim = c);
              |                                                  ^^^^^"#]],
    );
}
