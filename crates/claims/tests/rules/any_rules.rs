//! Whatever the rules are: what is printed is read as the same, and nothing panics.

use claims::evaluate::Stop;
use claims::syntax::ast::{
    Annotation, Assignment, Body, Comparison, Condition, Expression, Function, Literal, Operator,
    Place, Property, Rule, Selector, Statement, StoreQuery, Tag, Term, Test, Verb,
};
use claims::{Claim, ClaimSet, Evaluation, Failure, RuleSet, Settings, Step};
use proptest::prelude::*;

const HERE: Place = Place {
    line: 1,
    column: 1,
    length: 1,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c\"\\\\; \u{e4}]{0,6}",
        "(?s).{0,6}",
        Just("a".to_owned())
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    text().prop_map(|value| Literal::of(&value))
}

fn constant() -> impl Strategy<Value = Expression> {
    let literals = prop::collection::vec(literal().prop_map(Term::Literal), 1..3);
    literals.prop_map(|terms| Expression { terms, place: HERE })
}

/// An expression over the claim `c`.
fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        literal().prop_map(Term::Literal),
        plain_property().prop_map(|property| Term::Property {
            tag: tag(),
            property: Box::new(property),
        }),
    ];
    let sum = |terms| Expression { terms, place: HERE };
    let simple = prop::collection::vec(leaf, 1..3).prop_map(sum);
    simple.prop_recursive(2, 8, 2, move |inner| {
        let replace =
            (inner.clone(), inner.clone()).prop_map(|(subject, replacement)| Term::Call {
                function: Function::RegExReplace,
                arguments: vec![subject, pattern(), replacement],
                place: HERE,
            });
        let key = inner.prop_map(|key| Term::Property {
            tag: tag(),
            property: Box::new(Property::Properties(key)),
        });
        prop::collection::vec(prop_oneof![replace, key], 1..3).prop_map(sum)
    })
}

fn pattern() -> Expression {
    let literal = Literal::of("(a|b)+");
    Expression {
        terms: vec![Term::Literal(literal)],
        place: HERE,
    }
}

fn tag() -> Tag {
    Tag {
        name: "c".to_owned(),
        place: HERE,
    }
}

fn plain_property() -> impl Strategy<Value = Property> {
    prop_oneof![
        Just(Property::Type),
        Just(Property::Value),
        Just(Property::ValueType),
        Just(Property::Issuer),
        Just(Property::OriginalIssuer),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let property = prop_oneof![plain_property(), constant().prop_map(Property::Properties)];
    let equal = prop_oneof![Just(Operator::Equal), Just(Operator::NotEqual)];
    let matches = prop_oneof![Just(Operator::Matches), Just(Operator::MatchesNot)];
    let compared = prop_oneof![
        (equal, constant().boxed()),
        (matches, Just(pattern()).boxed())
    ];
    (property, compared).prop_map(|(property, (operator, operand))| Test {
        property,
        operator,
        operand,
        place: HERE,
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let tests = || prop::collection::vec(test(), 0..3);
    let comparison = prop_oneof![
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
        Just(Comparison::Greater),
        Just(Comparison::Less),
        Just(Comparison::AtLeast),
        Just(Comparison::AtMost),
    ];
    prop_oneof![
        tests().prop_map(|tests| Condition::Selector(Selector {
            tag: None,
            tests,
            place: HERE
        })),
        (any::<bool>(), tests()).prop_map(|(is_negated, tests)| Condition::Exists {
            is_negated,
            tests,
            place: HERE
        }),
        (tests(), comparison, any::<u32>()).prop_map(|(tests, comparison, number)| {
            Condition::Count {
                tests,
                comparison,
                number,
                place: HERE,
            }
        }),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let assign = |property, value| Assignment {
        property,
        value,
        place: HERE,
    };
    let new = (expression(), expression(), prop::option::of(expression())).prop_map(
        move |(claim_type, value, issuer)| {
            let mut assigned = vec![assign(Property::Value, value)];
            assigned.extend(issuer.map(|it| assign(Property::Issuer, it)));
            assigned.push(assign(Property::Type, claim_type));
            Body::New(assigned)
        },
    );
    let several = |least| prop::collection::vec(expression(), least..3);
    let query = (
        constant(),
        several(1),
        prop::option::of(constant()),
        several(0),
    )
        .prop_map(|(store, types, query, parameters)| {
            Body::Query(StoreQuery {
                store,
                types,
                query,
                parameters,
            })
        });
    prop_oneof![Just(Body::Copy(tag())), new, query]
}

fn rule() -> impl Strategy<Value = Rule> {
    let annotation =
        ("[A-Za-z_][A-Za-z0-9_]{0,5}", literal()).prop_map(|(name, value)| Annotation {
            name,
            value,
            place: HERE,
        });
    let comments = prop::collection::vec("[a-z/*\"]( ?[a-z/*;\"]){0,5}", 0..2);
    let annotations = prop::collection::vec(annotation, 0..2);
    let conditions = prop::collection::vec(condition(), 0..3);
    let verb = prop_oneof![Just(Verb::Issue), Just(Verb::Add)];
    (comments, annotations, conditions, verb, body()).prop_map(
        |(comments, annotations, mut conditions, verb, body)| {
            conditions.push(Condition::Selector(Selector {
                tag: Some(tag()),
                tests: Vec::new(),
                place: HERE,
            }));
            Rule {
                comments,
                annotations,
                conditions,
                statement: Statement {
                    verb,
                    body,
                    place: HERE,
                },
                place: HERE,
            }
        },
    )
}

/// Words of the language, in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "c",
        ":",
        "[",
        "]",
        "Type",
        "Value",
        "==",
        "=~",
        "\"a\"",
        "\"(\"",
        ",",
        "&&",
        "=>",
        "issue",
        "add",
        "(",
        ")",
        "claim",
        "=",
        ";",
        "EXISTS",
        "NOT",
        "COUNT",
        ">",
        "1",
        "+",
        ".",
        "store",
        "types",
        "query",
        "param",
        "RegExReplace",
        "@",
        "RuleName",
        "Properties",
        "//",
        "/*",
        "\n",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|words| words.join(" "))
}

/// Reads rules and, where they are taken, does everything with them.
fn everything(text: &str) {
    let Ok(rules) = RuleSet::parse(text) else {
        return;
    };
    let printed = rules.to_string();
    assert_eq!(RuleSet::parse(&printed).as_ref(), Ok(&rules), "{printed}");
    let _ = claims::lint(&rules).len();
    let came_in = ClaimSet::from_iter([Claim::new("a", "ab", "a"), Claim::new("b", "", "b")]);
    let mut step = Evaluation::new(&rules, &came_in, Settings::of("a"))
        .explained()
        .run();
    while let Ok(Step::Query(query)) = step {
        let row = query.types().map(|it| Some(it.to_owned())).collect();
        step = query.answer(vec![row]);
    }
}

proptest! {
    #[test]
    fn a_printed_rule_is_read_as_the_same(rules in prop::collection::vec(rule(), 0..4)) {
        let printed: String = rules.iter().map(|it| format!("{it}\n")).collect();
        let read = RuleSet::parse(&printed);
        let read = read.unwrap_or_else(|errors| panic!("{printed}\n{}", errors.report("rules")));
        prop_assert_eq!(read.rules(), rules.as_slice(), "{}", printed);
        everything(&printed);
    }

    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        everything(&text);
    }

    #[test]
    fn no_order_of_words_panics(text in soup()) {
        everything(&text);
    }

    #[test]
    fn no_expression_panics_and_a_literal_matches_itself(
        pattern in r"[a-c()\[\]{}|*+?^$.\\,0-2dwsbkpPx<>=!:i-]{0,12}",
        subject in "(?s).{0,12}",
    ) {
        let text = format!("c:[Value =~ \"{pattern}\"] => issue(Type = \"a\", Value = RegExReplace(c.Value, \"{pattern}\", \"<$&$1>\"));");
        let came_in = ClaimSet::from_iter([Claim::new("a", &subject, "a")]);
        if let Ok(rules) = RuleSet::parse(&text) {
            let failure = Evaluation::new(&rules, &came_in, Settings::of("a")).run().err();
            // What could not be compiled was refused when it was parsed.
            let not_compiled = Failure::Stop(Stop::PatternNotCompiled);
            prop_assert!(failure.is_none_or(|it| it.failure != not_compiled), "{}", text);
        }
        let escaped: String = subject
            .chars()
            .map(|it| format!("\\u{:04X}", u32::from(it)))
            .collect();
        if subject.chars().all(|it| u32::from(it) < 0x1_0000) {
            let text = format!("c:[Value =~ \"\\A{escaped}\\z\"] => issue(claim = c);");
            let rules = RuleSet::parse(&text).unwrap();
            let step = Evaluation::new(&rules, &came_in, Settings::of("a")).run();
            prop_assert!(matches!(step, Ok(Step::Done(done)) if done.claims.len() == 1), "{}", text);
        }
    }
}
