//! AD FS's claim rules: what is taken prints to a text that says the same, and runs over claims made of its own
//! strings within its budget, loaded or parsed.

use claims::evaluate::Stop;
use claims::evaluate::budget::{MAX_CLAIMS, MAX_STEPS};
use claims::{Claim, ClaimSet, Done, EvaluateError, Evaluation, Failure, RuleSet, Settings, Step};

/// Feeds one input; says whether it was a set of rules.
pub(crate) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let rules = match RuleSet::parse(text) {
        Ok(rules) => rules,
        Err(errors) => {
            assert!(!errors.report("rules").is_empty());
            return false;
        }
    };
    let printed = rules.to_string();
    assert_eq!(RuleSet::parse(&printed).as_ref(), Ok(&rules), "{printed}");
    assert!(
        claims::lint(&rules)
            .iter()
            .all(|it| it.line > 0 && it.column > 0)
    );

    let came_in = of_its_own_strings(&rules);
    let found = evaluated(&rules, &came_in);
    let loaded = RuleSet::load(text).expect("parsed rules load");
    assert_eq!(evaluated(&loaded, &came_in), found);
    if let Ok(issued) = &found {
        assert!(issued.len() <= MAX_CLAIMS);
    }
    !rules.is_empty()
}

/// Claims whose types and values are the strings of the rules, so that conditions hold.
fn of_its_own_strings(rules: &RuleSet) -> ClaimSet {
    let strings = rules.rules().iter().flat_map(|it| it.literals());
    let strings: Vec<String> = strings.map(|it| it.value().into_owned()).take(16).collect();
    let pairs = strings.iter().zip(strings.iter().cycle().skip(1));
    pairs
        .map(|(claim_type, value)| Claim::new(claim_type, value, "AD AUTHORITY"))
        .collect()
}

fn evaluated(rules: &RuleSet, came_in: &ClaimSet) -> Result<ClaimSet, String> {
    let settings = Settings::of("LOCAL AUTHORITY");
    let mut step = Evaluation::new(rules, came_in, settings).explained().run();
    loop {
        step = match step {
            Ok(Step::Query(query)) => {
                let row = query.types().map(|it| Some(it.to_owned())).collect();
                let nothing = query.types().map(|_| None).collect();
                query.answer(vec![row, nothing])
            }
            Ok(Step::Done(Done {
                claims,
                explained,
                steps,
            })) => {
                assert!(steps <= MAX_STEPS && explained.len() == rules.rules().len());
                return Ok(claims);
            }
            Err(error) => {
                // What could not be compiled was refused when it was parsed.
                assert_ne!(error.failure, Failure::Stop(Stop::PatternNotCompiled));
                return Err(EvaluateError::to_string(&error));
            }
        }
    }
}
