//! What the reference says of running rules, sentence by sentence.

use crate::support::{claims, line, run};
use claims::evaluate::TextComparison;
use claims::{Claim, ClaimSet, EvaluateError, Failure, RuleSet, Settings};

fn rules(text: &str) -> RuleSet {
    RuleSet::parse(text).unwrap_or_else(|errors| panic!("{}", errors.report("rules")))
}

/// What is issued; the store of every question gives nothing.
fn issued(text: &str, came_in: &[&str]) -> Vec<String> {
    issued_as(text, came_in, Settings::of("AD AUTHORITY"))
}

fn issued_as(text: &str, came_in: &[&str], settings: Settings) -> Vec<String> {
    let (done, _) = run(&rules(text), &claims(came_in), settings, &[]);
    done.unwrap().claims.iter().map(line).collect()
}

fn failed(text: &str, came_in: &ClaimSet) -> EvaluateError {
    let (done, _) = run(&rules(text), came_in, Settings::of("AD AUTHORITY"), &[]);
    done.unwrap_err()
}

const NOTHING: [&str; 0] = [];

#[test]
fn no_condition_means_always_and_once() {
    let rule = r#"=> issue(Type = "a", Value = "b");"#;
    assert_eq!(issued(rule, &[]), ["a = b"]);
    assert_eq!(issued(rule, &["x = 1", "x = 2"]), ["a = b"]);
    assert_eq!(issued("", &["x = 1"]), NOTHING);
}

#[test]
fn rules_run_from_top_to_bottom_and_see_what_came_before() {
    let two = r#"c:[Type == "a"] => issue(Type = "b", Value = c.Value);
        c:[Type == "b"] => issue(Type = "c", Value = c.Value);"#;
    assert_eq!(issued(two, &["a = 1"]), ["b = 1", "c = 1"]);
    let turned = r#"c:[Type == "b"] => issue(Type = "c", Value = c.Value);
        c:[Type == "a"] => issue(Type = "b", Value = c.Value);"#;
    assert_eq!(issued(turned, &["a = 1"]), ["b = 1"]);
}

#[test]
fn add_is_for_the_rules_below_and_issue_for_the_result_too() {
    let rules = r#"=> add(Type = "flag", Value = "1");
        EXISTS([Type == "flag"]) => issue(Type = "seen", Value = "1");"#;
    assert_eq!(issued(rules, &[]), ["seen = 1"]);
}

#[test]
fn what_came_in_is_not_in_the_result() {
    assert_eq!(
        issued(r#"c:[Type == "no"] => issue(claim = c);"#, &["a = 1"]),
        NOTHING
    );
}

#[test]
fn a_rule_does_not_see_what_it_makes() {
    let rule = r#"c:[] => issue(Type = "a", Value = c.Value + "!");"#;
    assert_eq!(issued(rule, &["a = 1", "a = 2"]), ["a = 1!", "a = 2!"]);
}

#[test]
fn several_selectors_are_a_product_and_the_last_changes_first() {
    let rule = r#"c1:[Type == "first"] && c2:[Type == "last"]
        => issue(Type = "name", Value = c1.Value + " " + c2.Value);"#;
    let came_in = [
        "first = Frank",
        "last = Miller",
        "first = Alan",
        "last = Shen",
    ];
    assert_eq!(
        issued(rule, &came_in),
        [
            "name = Frank Miller",
            "name = Frank Shen",
            "name = Alan Miller",
            "name = Alan Shen"
        ]
    );
    assert_eq!(issued(rule, &["first = Frank"]), NOTHING);
}

#[test]
fn one_claim_may_stand_in_several_places() {
    let rule = r#"a:[] && b:[] => issue(Type = "pair", Value = a.Value + b.Value);"#;
    let pairs = ["pair = 11", "pair = 12", "pair = 21", "pair = 22"];
    assert_eq!(issued(rule, &["x = 1", "x = 2"]), pairs);
}

#[test]
fn a_selector_may_compare_with_a_claim_chosen_before_it() {
    let rule = r#"c1:[Type == "group"] && c2:[Type == "name", Value == c1.Value]
        => issue(claim = c2);"#;
    let came_in = ["group = b", "group = c", "name = a", "name = b", "name = c"];
    assert_eq!(issued(rule, &came_in), ["name = b", "name = c"]);
    let key = r#"c1:[Type == "key"] && c2:[Properties[c1.Value] == ""] => issue(claim = c1);"#;
    assert_eq!(issued(key, &["key = x"]), ["key = x"]);
}

#[test]
fn aggregates_run_the_statement_once() {
    let came_in = ["a = 1", "a = 2", "b = 3"];
    let then = |condition: &str| {
        let rule = format!("{condition} => issue(Type = \"yes\", Value = \"1\");");
        issued(&rule, &came_in).len()
    };
    for (condition, times) in [
        (r#"EXISTS([Type == "a"])"#, 1),
        (r#"EXISTS([Type == "c"])"#, 0),
        (r#"NOT EXISTS([Type == "a"])"#, 0),
        (r#"NOT EXISTS([Type == "c"])"#, 1),
        (r#"EXISTS([])"#, 1),
        (r#"COUNT([Type == "a"]) == 2"#, 1),
        (r#"COUNT([Type == "a"]) != 2"#, 0),
        (r#"COUNT([Type == "a"]) > 2"#, 0),
        (r#"COUNT([Type == "a"]) > 1"#, 1),
        (r#"COUNT([Type == "a"]) < 2"#, 0),
        (r#"COUNT([Type == "a"]) < 3"#, 1),
        (r#"COUNT([Type == "a"]) >= 2"#, 1),
        (r#"COUNT([Type == "a"]) <= 1"#, 0),
        (r#"COUNT([Type == "c"]) == 0"#, 1),
        (
            r#"EXISTS([Type == "a"]) && NOT EXISTS([Type == "c"]) && COUNT([]) == 3"#,
            1,
        ),
        (r#"EXISTS([Type == "a"]) && EXISTS([Type == "c"])"#, 0),
        (r#"[Type == "a"]"#, 2),
        (r#"[Type == "a"] && EXISTS([Type == "b"])"#, 2),
        (r#"EXISTS([Type == "c"]) && [Type == "a"]"#, 0),
    ] {
        assert_eq!(then(condition), times, "{condition}");
    }
}

#[test]
fn texts_are_compared_as_wholes_and_with_regard_to_case() {
    let fits = |test: &str, claim: &str| {
        !issued(&format!("c:[{test}] => issue(claim = c);"), &[claim]).is_empty()
    };
    assert!(fits(r#"Value == "Terry""#, "a = Terry"));
    assert!(!fits(r#"Value == "Terry""#, "a = terry"));
    assert!(!fits(r#"Value == "Terry""#, "a = Terry Adams"));
    assert!(fits(r#"Value != "Terry""#, "a = terry"));
    assert!(!fits(r#"Type == "A""#, "a = Terry"));
    assert!(fits(r#"Value =~ "err""#, "a = Terry"));
    assert!(!fits(r#"Value !~ "err""#, "a = Terry"));
    assert!(fits(r#"Value =~ "(?i)^TERRY$""#, "a = Terry"));
    assert!(fits(r#"Type == "a", Value == "Te" + "rry""#, "a = Terry"));
    assert!(fits(r#"Issuer == "AD AUTHORITY""#, "a = Terry"));
    assert!(!fits(r#"Issuer == "AD AUTHORITY""#, "a = Terry <- other"));
    assert!(fits(r#"OriginalIssuer == "other""#, "a = Terry <- other"));
    assert!(fits(r#"ValueType == "int""#, "a = 1 #int"));
    assert!(fits("", "a = Terry"));
}

#[test]
fn a_trust_may_compare_without_regard_to_case() {
    let settings = Settings {
        comparison: TextComparison::IgnoreCase,
        ..Settings::of("AD AUTHORITY")
    };
    let fits = |test: &str, claim: &str| {
        let rule = format!("c:[{test}] => issue(claim = c);");
        !issued_as(&rule, &[claim], settings.clone()).is_empty()
    };
    assert!(fits(r#"Value == "TERRY""#, "a = terry"));
    assert!(!fits(r#"Value != "TERRY""#, "a = terry"));
    assert!(fits(r#"Value == "ÄRGER""#, "a = ärger"));
    // Never across the border of ASCII: the long s is no s, the dotless i no i.
    assert!(!fits(r#"Value == "S""#, "a = \u{17f}"));
    assert!(!fits(r#"Value == "I""#, "a = \u{131}"));
    assert!(!fits(r#"Value == "STRASSE""#, "a = straße"));
    // Regular expressions say for themselves whether case counts.
    assert!(!fits(r#"Value =~ "TERRY""#, "a = terry"));
}

#[test]
fn a_new_claim_is_a_text_of_the_authority_whose_rules_run() {
    let rule = r#"c:[] => issue(Value = c.Value, Type = "b");"#;
    let settings = Settings::of("LOCAL AUTHORITY");
    let came_in = ["a = 1 <- partner #int"];
    assert_eq!(
        issued_as(rule, &came_in, settings),
        ["b = 1 <- LOCAL AUTHORITY"]
    );
}

#[test]
fn every_property_can_be_read_and_set() {
    let rule = r#"c:[] => issue(Type = c.Type + "2", Value = c.Value, ValueType = c.ValueType,
        Issuer = c.OriginalIssuer, OriginalIssuer = c.Issuer, Properties["old"] = c.Properties["none"],
        Properties["k" + c.Value] = "v");
        d:[Type == "a2", Properties["k1"] == "v"] => issue(Type = "read", Value = d.Properties["k1"]);"#;
    assert_eq!(
        issued(rule, &["a = 1 <- other #int"]),
        ["a2 = 1 <- other #int [k1: v] [old: ]", "read = v"]
    );
}

#[test]
fn an_absent_property_is_empty() {
    let rule =
        r#"c:[Properties["x"] == ""] => issue(Type = "b", Value = "<" + c.Properties["x"] + ">");"#;
    assert_eq!(issued(rule, &["a = 1"]), ["b = <>"]);
}

#[test]
fn a_copy_is_whole_and_adding_one_has_no_effect() {
    let mut claim = Claim::new("a", "1", "partner");
    claim.original_issuer = "first".into();
    claim.properties.insert("k".into(), "v".into());
    let came_in = ClaimSet::from_iter([claim.clone()]);
    let text = r#"c:[] => issue(claim = c);"#;
    let (done, _) = run(&rules(text), &came_in, Settings::of("x"), &[]);
    assert_eq!(done.unwrap().claims, ClaimSet::from_iter([claim]));
    let twice = r#"c:[Type == "a"] => add(claim = c);
        COUNT([Type == "a"]) == 1 => issue(Type = "b", Value = "1");"#;
    assert_eq!(issued(twice, &["a = 1"]), ["b = 1"]);
}

#[test]
fn the_same_claim_may_be_there_twice() {
    let rules = r#"c:[Type == "a"] => issue(claim = c); c:[Type == "a"] => issue(claim = c);"#;
    assert_eq!(issued(rules, &["a = 1"]), ["a = 1", "a = 1", "a = 1"]);
    let count = r#"COUNT([Type == "a"]) == 2 => issue(Type = "b", Value = "2");"#;
    assert_eq!(issued(count, &["a = 1", "a = 1"]), ["b = 2"]);
}

#[test]
fn keywords_properties_functions_and_tags_have_no_case() {
    let rule = r#"C:[TYPE == "a"] && not Exists([value == "x"]) && count([Type == "a"]) > 0
        => ISSUE(tYpE = "b", vALUE = rEGEXrEPLACE(c.VALUE, "1", "2"));"#;
    assert_eq!(issued(rule, &["a = 1"]), ["b = 2"]);
}

#[test]
fn a_backslash_is_a_backslash_and_x22_a_quotation_mark() {
    let rule =
        r#"=> issue(Type = "a\b\\", Value = "\x22\x41\"); => issue(Type = "b", Value = "c");"#;
    assert_eq!(issued(rule, &[]), [r#"a\b\\ = "\x41\"#, "b = c"]);
    let pattern = r#"c:[Value =~ "^\x22.+\\$"] => issue(claim = c);"#;
    assert_eq!(issued(pattern, &[r#"a = "x\"#]), [r#"a = "x\"#]);
}

#[test]
fn replacements_are_expressions_among_others() {
    let rule = r#"c:[] => issue(Type = "b", Value = ("<" + RegExReplace(RegExReplace(c.Value, "a", "b"), "b+", "$&$&")) + ">");"#;
    assert_eq!(issued(rule, &["x = cab"]), ["b = <cbbbb>"]);
    let made = r#"c:[Type == "with"] && d:[Type == "in"]
        => issue(Type = "b", Value = RegExReplace(d.Value, "(x)", c.Value));"#;
    assert_eq!(issued(made, &["with = [$1]", "in = axa"]), ["b = a[x]a"]);
}

#[test]
fn a_store_is_asked_once_for_each_tuple_and_its_columns_become_claims() {
    let text = r#"c:[Type == "account"]
        => issue(store = "Active Directory", types = ("mail", "t" + c.Value), query = ";mail,sn;{0}", param = c.Value);
        c:[Type == "mail"] => issue(Type = "seen", Value = c.Value);"#;
    let rows = vec![
        vec![Some("a@b".to_owned()), None],
        vec![Some("c@d".to_owned()), Some("e".to_owned())],
    ];
    let came_in = claims(&["account = X", "account = Y"]);
    let (done, asked) = run(
        &rules(text),
        &came_in,
        Settings::of("LOCAL AUTHORITY"),
        &rows,
    );
    assert_eq!(
        asked,
        [
            "Active Directory | ;mail,sn;{0} | X",
            "Active Directory | ;mail,sn;{0} | Y"
        ]
    );
    let issued: Vec<String> = done.unwrap().claims.iter().map(line).collect();
    assert_eq!(
        issued.get(..3).unwrap(),
        ["mail = a@b", "mail = c@d", "tX = e"]
    );
    assert_eq!(
        issued.get(3..6).unwrap(),
        ["mail = a@b", "mail = c@d", "tY = e"]
    );
    assert_eq!(issued.get(6).unwrap(), "seen = a@b <- LOCAL AUTHORITY");
    assert_eq!(issued.len(), 10);
}

#[test]
fn only_active_directory_speaks_with_its_own_authority() {
    let of = |store: &str| {
        let text =
            format!(r#"=> issue(store = "{store}", types = ("a"), query = "q", param = "p");"#);
        let rows = vec![vec![Some("1".to_owned())]];
        let (done, _) = run(
            &rules(&text),
            &claims(&[]),
            Settings::of("LOCAL AUTHORITY"),
            &rows,
        );
        line(done.unwrap().claims.iter().next().unwrap())
    };
    assert_eq!(of("Active Directory"), "a = 1");
    assert_eq!(of("active directory"), "a = 1 <- LOCAL AUTHORITY");
    assert_eq!(of("SQL"), "a = 1 <- LOCAL AUTHORITY");
}

#[test]
fn what_a_store_adds_is_for_the_rules_below() {
    let text = r#"=> add(store = "s", types = ("a")); c:[Type == "a"] => issue(Type = "b", Value = c.Value);"#;
    let rows = vec![vec![Some("1".to_owned())], vec![Some(String::new())]];
    let (done, asked) = run(
        &rules(text),
        &claims(&[]),
        Settings::of("AD AUTHORITY"),
        &rows,
    );
    assert_eq!(asked, ["s |  | "]);
    let issued: Vec<String> = done.unwrap().claims.iter().map(line).collect();
    assert_eq!(issued, ["b = 1", "b = "]);
}

#[test]
fn t_rule_2_a_value_reaches_a_store_as_a_parameter_and_never_in_the_text() {
    let hostile = r#"'; DROP TABLE users; -- *)(uid=* {0} {1}"#;
    let text = r#"c:[] => issue(store = "SQL", types = ("a"), query = "SELECT a FROM t WHERE n = {0}", param = c.Value);"#;
    let came_in = ClaimSet::from_iter([Claim::new("n", hostile, "partner")]);
    let (_, asked) = run(&rules(text), &came_in, Settings::of("x"), &[]);
    assert_eq!(
        asked,
        [format!("SQL | SELECT a FROM t WHERE n = {{0}} | {hostile}")]
    );
    for spliced in [
        r#"c:[] => issue(store = "SQL", types = ("a"), query = "n = '" + c.Value + "'");"#,
        r#"c:[] => issue(store = c.Value, types = ("a"), query = "q");"#,
        r#"c:[] => issue(Type = "a", Value = RegExReplace("x", c.Value, "y"));"#,
        r#"c:[] && d:[Value =~ c.Value] => issue(claim = d);"#,
    ] {
        assert!(RuleSet::parse(spliced).is_err(), "{spliced}");
    }
}

#[test]
fn a_store_that_fails_fails_everything_and_names_the_rule() {
    let text = r#"=> issue(Type = "a", Value = "1");

        @RuleName = "Phones"
        c:[] => issue(store = "HR", types = ("b", "c"), query = "{0}", param = c.Value);"#;
    let parsed = rules(text);
    let evaluation = claims::Evaluation::new(&parsed, &claims(&["x = 1"]), Settings::of("x"));
    let Ok(claims::Step::Query(query)) = evaluation.run() else {
        panic!("nothing is asked");
    };
    assert_eq!(query.rule(), 2);
    assert_eq!(query.types().collect::<Vec<_>>(), ["b", "c"]);
    let error = query.clone().fail("connection refused");
    assert_eq!(
        error.to_string(),
        "rule 2 `Phones` (line 3): POLICY0018: the query to the attribute store `HR` failed: connection refused"
    );
    let error = query.answer(vec![vec![Some("1".to_owned())]]).unwrap_err();
    assert_eq!(
        error.failure,
        Failure::Columns {
            store: "HR".to_owned(),
            types: 2,
            got: 1
        }
    );
}

#[test]
fn a_claim_without_a_type_is_none() {
    let error = failed(
        r#"c:[] => issue(Type = c.Value, Value = "x");"#,
        &claims(&["a = "]),
    );
    assert_eq!(error.failure, Failure::EmptyType);
    assert_eq!(
        error.to_string(),
        "rule 1 (line 1): a new claim would have an empty type"
    );
}

#[test]
fn the_same_rules_over_the_same_claims_give_the_same() {
    let text = r#"a:[] && b:[] => issue(Type = a.Type + b.Type, Value = a.Value + b.Value);"#;
    let came_in = ["a = 1", "b = 2", "c = 3"];
    assert_eq!(issued(text, &came_in), issued(text, &came_in));
}

/// Pairs of what goes in and what comes out that documentation states, each with the page that states it.
#[test]
fn documented_pairs_come_out_as_documented() {
    for (source, text, came_in, expected) in [
        (
            "The Role of the Claim Rule Language: a claim is issued whatever came in",
            r#"=> issue(type = "http://test/role", value = "employee");"#,
            vec![],
            vec!["http://test/role = employee"],
        ),
        (
            "the same: a value is made from two",
            r#"c:[type == "Name"] => issue(type = "Greeting", value = "Hello " + c.value);"#,
            vec!["Name = Frank"],
            vec!["Greeting = Hello Frank"],
        ),
        (
            "the same: both conditions must hold",
            r#"c1: [type == "http://test/name"] && c2: [type == "http://test/email"] => issue (claim = c1);"#,
            vec!["http://test/name = Terry"],
            vec![],
        ),
        (
            "the same: what add adds, rules below see",
            r#"c:[type == "Name", value == "domain user"] => add(type = "Role", value = "Editor");
               c:[type == "Role", value == "Editor"] => issue(type = "Editing", value = "yes");"#,
            vec!["Name = domain user"],
            vec!["Editing = yes"],
        ),
        (
            "the same: exists keeps what is issued from being there twice",
            r#"exists([issuer == "MSFT"]) => issue(type = "origin", value = "Microsoft");"#,
            vec!["a = 1 <- MSFT", "b = 2 <- MSFT"],
            vec!["origin = Microsoft"],
        ),
        (
            "When to Use a Custom Claim Rule: first and last names of two each are four names",
            r#"c1:[type == "firstname"] && c2:[type == "lastname"]
               => issue(type = "name", value = c1.value + " " + c2.value);"#,
            vec![
                "firstname = Frank",
                "firstname = Alan",
                "lastname = Miller",
                "lastname = Shen",
            ],
            vec![
                "name = Frank Miller",
                "name = Frank Shen",
                "name = Alan Miller",
                "name = Alan Shen",
            ],
        ),
        (
            "the same: more than none of a type",
            r#"count([type == "Reports"]) > 0 => issue(type = "ismanager", value = "true");"#,
            vec!["Reports = a", "Reports = b"],
            vec!["ismanager = true"],
        ),
        (
            "Manual configuration of hybrid join: the issuer's id from the UPN",
            r#"c:[Type == "UPN"] => issue(Type = "issuerid",
               Value = regexreplace(c.Value, ".+@(?<domain>.+)", "http://${domain}/adfs/services/trust/"));"#,
            vec!["UPN = anna@contoso.com"],
            vec!["issuerid = http://contoso.com/adfs/services/trust/"],
        ),
        (
            "Selectively send group memberships: whatever has the word in it, in any case",
            r#"c:[Type == "Group", Value =~ "(?i)adfs"] => issue(claim = c);"#,
            vec![
                "Group = ADFS admins",
                "Group = Staff",
                "Group = the adfs readers",
            ],
            vec!["Group = ADFS admins", "Group = the adfs readers"],
        ),
        (
            "AD FS questions: a quotation mark in JSON",
            r#"=> issue(Type = "j", Value = "{\x22a\x22:[1]}");"#,
            vec![],
            vec![r#"j = {"a":[1]}"#],
        ),
    ] {
        assert_eq!(issued(text, &came_in), expected, "{source}");
    }
}
