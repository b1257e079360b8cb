//! What rules may cost (T-RULE-1): nothing is issued by a set that would cost more.

use crate::support::run;
use claims::evaluate::Stop;
use claims::evaluate::budget::{MAX_CLAIMS, MAX_QUERIES, MAX_STEPS};
use claims::pattern::{MAX_BACKTRACKING_SUBJECT, MAX_SUBJECT};
use claims::{Claim, ClaimSet, Failure, RuleSet, Settings};

fn stop(text: &str, came_in: &ClaimSet) -> Stop {
    let rules = RuleSet::parse(text).unwrap();
    let (done, _) = run(&rules, came_in, Settings::of("x"), &[]);
    match done.unwrap_err().failure {
        Failure::Stop(stop) => stop,
        other => panic!("{other}"),
    }
}

fn many(number: usize) -> ClaimSet {
    (0..number)
        .map(|at| Claim::new("a", &at.to_string(), "x"))
        .collect()
}

fn long(length: usize) -> ClaimSet {
    ClaimSet::from_iter([Claim::new("a", &"a".repeat(length), "x")])
}

#[test]
fn t_rule_1_a_product_of_many_claims_is_stopped() {
    let pairs = r#"a:[] && b:[] => issue(claim = a);"#;
    assert_eq!(stop(pairs, &many(200)), Stop::Claims);
    let triples = r#"a:[] && b:[] && c:[Value == "none" + a.Value] => issue(claim = a);"#;
    assert_eq!(stop(triples, &many(500)), Stop::Steps);
}

#[test]
fn rules_that_double_the_claims_are_stopped() {
    let double = r#"c:[] => issue(claim = c);"#.repeat(20);
    assert_eq!(stop(&double, &many(10)), Stop::Claims);
}

#[test]
fn values_that_grow_are_stopped() {
    let grow =
        r#"c:[Type == "a"] => add(Type = "a", Value = c.Value + c.Value + c.Value + c.Value);"#;
    assert_eq!(stop(&grow.repeat(20), &long(1_000)), Stop::Bytes);
}

#[test]
fn too_many_claims_at_the_beginning_are_not_taken() {
    let rule = r#"=> issue(Type = "a", Value = "b");"#;
    assert_eq!(stop(rule, &many(MAX_CLAIMS + 1)), Stop::Claims);
    let rules = RuleSet::parse(rule).unwrap();
    let (done, _) = run(&rules, &many(MAX_CLAIMS), Settings::of("x"), &[]);
    assert_eq!(done.unwrap().claims.len(), 1);
}

#[test]
fn a_store_is_not_asked_without_end() {
    let ask = r#"c:[] => issue(store = "s", types = ("t"), query = "{0}", param = c.Value);"#;
    assert_eq!(stop(ask, &many(MAX_QUERIES + 1)), Stop::Queries);
}

#[test]
fn a_text_may_be_too_long_for_an_expression() {
    let plain = r#"c:[Value =~ "b$"] => issue(claim = c);"#;
    let limit = MAX_SUBJECT;
    assert_eq!(
        stop(plain, &long(limit + 1)),
        Stop::SubjectTooLong { limit }
    );
    let looks = r#"c:[Value =~ "a(?!a)b"] => issue(claim = c);"#;
    let limit = MAX_BACKTRACKING_SUBJECT;
    assert_eq!(
        stop(looks, &long(limit + 1)),
        Stop::SubjectTooLong { limit }
    );
}

/// Expressions that are known to run away, over texts that make them.
#[test]
fn t_rule_1_an_expression_that_runs_away_is_stopped() {
    let subjects = [100, 2_000, 100_000].map(long);
    let nested = [
        "(a+)+",
        "(a*)*",
        "(a|a)*",
        "(a|aa)+",
        "(a?){30}",
        "(.*a){12}",
        r"(\w+\s?)+",
        "(a|b|ab)*",
        "([a-z]+)*",
        "(.*)*",
        "(a+b?)+",
        "(?:a{1,9}){1,9}",
    ];
    let around = ["", "^", "(?=a)", "(?!b)", "(?<=a)", "(?>a)", "(?<!b)"];
    let ends = ["b", "$b", "(?=b)", r"\bb", "[^a]", "(?!a)b"];
    let mut refused = 0;
    let mut seen = 0;
    for middle in nested {
        for before in around {
            for end in ends {
                let text = format!("c:[Value =~ \"{before}{middle}{end}\"] => issue(claim = c);");
                let Ok(rules) = RuleSet::parse(&text) else {
                    refused += 1;
                    continue;
                };
                for subject in &subjects {
                    let (done, _) = run(&rules, subject, Settings::of("x"), &[]);
                    seen += 1;
                    match done {
                        Ok(done) => assert!(done.claims.is_empty() && done.steps <= MAX_STEPS),
                        Err(error) => assert!(matches!(error.failure, Failure::Stop(_)), "{error}"),
                    }
                }
            }
        }
    }
    assert!(
        seen > 1_500 && refused == 0,
        "{seen} ran and {refused} were refused"
    );
}

/// RUSTSEC-2022-0013 and its like: an expression that is small as text and large when compiled.
#[test]
fn t_rule_1_an_expression_that_is_large_when_compiled_is_refused() {
    for bomb in [
        "(?:a{1000}){1000}",
        r"(?:\w{100}){100}",
        "((((a{100}){100}){100}){100})",
        "(?:(?:){10000}){10000}a{9999}b{9999}",
        r"(?=\w{10000})",
        "(?:(?:a|b){9999}){9}(?=x)",
        "(?i)[\\u0000-\\uD7FF]{5000}",
    ] {
        let text = format!("c:[Value =~ \"{bomb}\"] => issue(claim = c);");
        let errors = RuleSet::parse(&text).expect_err(bomb);
        assert!(errors.to_string().contains("too large"), "{errors}");
        let error = match RuleSet::load(&text) {
            Ok(rules) => {
                let claim = Claim::new("a", "\u{e4}", "x");
                let came_in = ClaimSet::from_iter([claim]);
                run(&rules, &came_in, Settings::of("x"), &[]).0.unwrap_err()
            }
            Err(_) => continue,
        };
        assert_eq!(error.failure, Failure::Stop(Stop::PatternNotCompiled));
    }
}
