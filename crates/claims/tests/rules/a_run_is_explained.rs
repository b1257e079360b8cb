//! `explain`: rule by rule, what matched, what nearly did, what was asked, what came out.

use claims::explain::{Explained, MAX_NEAR, MAX_SHOWN, Outcome};
use claims::{RuleSet, Settings};

use crate::support::{claims, line, run};

fn explained(text: &str, came_in: &[&str]) -> Vec<Explained> {
    let rules = RuleSet::parse(text).unwrap();
    let rows = [vec![Some("r".to_owned())]];
    let (done, _) = run(
        &rules,
        &claims(came_in),
        Settings::of("AD AUTHORITY"),
        &rows,
    );
    done.unwrap().explained
}

#[test]
fn every_rule_says_what_it_found_and_made() {
    let text = r#"@RuleName = "Flag"
        c:[Type == "a"] => add(Type = "flag", Value = c.Value);
        EXISTS([Type == "flag"]) && COUNT([]) > 5 => issue(Type = "b", Value = "1");
        c:[Type == "flag"] => add(claim = c);
        c:[Type == "flag"] => issue(store = "s", types = ("t"), query = "q {0}", param = c.Value);"#;
    let explained = explained(text, &["a = 1", "a = 2"]);
    let outcomes: Vec<Outcome> = explained.iter().map(|it| it.outcome).collect();
    let ran = Outcome::Ran { times: 2 };
    assert_eq!(outcomes, [ran, Outcome::Nothing, Outcome::NoEffect, ran]);
    let [flag, guarded, _, asks] = explained.as_slice() else {
        panic!("four rules");
    };
    assert_eq!(
        (flag.rule, flag.name.as_deref(), flag.line),
        (1, Some("Flag"), 1)
    );
    assert!(!flag.is_issued && guarded.is_issued);
    assert_eq!(
        flag.made.iter().map(line).collect::<Vec<_>>(),
        ["flag = 1", "flag = 2"]
    );
    let found: Vec<String> = flag.conditions[0].found.iter().map(line).collect();
    assert_eq!(
        (flag.conditions[0].number, found),
        (2, vec!["a = 1".to_owned(), "a = 2".to_owned()])
    );
    assert_eq!(guarded.conditions[0].holds, Some(true));
    assert_eq!(guarded.conditions[1].text, "COUNT([]) > 5");
    assert_eq!(
        (guarded.conditions[1].number, guarded.conditions[1].holds),
        (4, Some(false))
    );
    assert_eq!(guarded.made, []);
    let asked: Vec<_> = asks
        .queries
        .iter()
        .map(|it| (it.text.as_str(), it.parameters.clone(), it.rows))
        .collect();
    assert_eq!(
        asked,
        [
            ("q {0}", vec!["1".to_owned()], 1),
            ("q {0}", vec!["2".to_owned()], 1)
        ]
    );
    assert_eq!(asks.made.len(), 2);
    assert_eq!(
        asks.text,
        "c:[Type == \"flag\"]\n => issue(store = \"s\", types = (\"t\"), query = \"q {0}\", param = c.Value);"
    );
}

#[test]
fn a_claim_that_one_test_kept_out_is_shown_with_the_test() {
    let near = |condition: &str, came_in: &[&str]| -> Vec<String> {
        let explained = explained(&format!("{condition} => issue(claim = c);"), came_in);
        let near = &explained[0].conditions[0].near;
        near.iter()
            .map(|it| format!("{}: {}", line(&it.claim), it.test))
            .collect()
    };
    let two = r#"c:[Type == "group", Value == "Admins"]"#;
    assert_eq!(
        near(two, &["group = admins", "other = x"]),
        ["group = admins: Value == \"Admins\""]
    );
    assert_eq!(near(two, &["group = Admins"]), Vec::<String>::new());
    let many = ["group = a", "group = b", "group = c", "group = d"];
    assert_eq!(near(two, &many).len(), MAX_NEAR);
    let with_case = ["group = a", "group = b", "group = c", "group = ADMINS"];
    assert_eq!(
        near(two, &with_case).first().unwrap(),
        "group = ADMINS: Value == \"Admins\""
    );
    let one = r#"c:[Type == "https://contoso.com/Role"]"#;
    assert_eq!(
        near(
            one,
            &[
                "http://contoso.com/role = x",
                "http://contoso.com/other = x"
            ]
        ),
        ["http://contoso.com/role = x: Type == \"https://contoso.com/Role\""]
    );
}

#[test]
fn a_joined_condition_is_looked_at_anew_for_each_claim() {
    let text = r#"c:[Type == "a"] && d:[Type == "b", Value == c.Value] => issue(claim = d);"#;
    let explained = explained(text, &["a = 1", "b = 1", "b = 2"]);
    assert_eq!(explained[0].conditions[1].holds, None);
    assert_eq!(explained[0].outcome, Outcome::Ran { times: 1 });
}

#[test]
fn no_more_than_some_claims_are_shown() {
    let came_in = vec!["a = 1"; MAX_SHOWN + 5];
    let explained = explained(r#"c:[] => issue(claim = c);"#, &came_in);
    let condition = &explained[0].conditions[0];
    assert_eq!(
        (condition.number, condition.found.len()),
        (MAX_SHOWN + 5, MAX_SHOWN)
    );
}

#[test]
fn a_failure_says_what_the_rules_before_it_did_and_nothing_is_kept_unasked() {
    let text = r#"c:[] => issue(claim = c); c:[Type == "a"] => issue(Type = c.Properties["x"], Value = "b");"#;
    let rules = RuleSet::parse(text).unwrap();
    let came_in = claims(&["a = 1"]);
    let (done, _) = run(&rules, &came_in, Settings::of("x"), &[]);
    let error = done.unwrap_err();
    assert_eq!((error.rule, error.explained.len()), (2, 1));
    let error = claims::Evaluation::new(&rules, &came_in, Settings::of("x"))
        .run()
        .unwrap_err();
    assert_eq!(error.explained, []);
}
