//! Claim rules over claims: each published rule set of the corpus, and the groups of somebody who has 2,000 of them.

use std::hint::black_box;

use anyhow::Context;
use claims::claim::AD_AUTHORITY;
use claims::claim_type::GROUP_SID;
use claims::{Claim, ClaimSet, Evaluation, RuleSet, Settings, Step};
use e2e::demo::root;

use crate::figure::Figure;
use crate::stopwatch::{median, micros, timed};

/// How many runs are timed together.
const TOGETHER: usize = 1_000;
/// How often anything is done; the middle one counts.
const TIMES: usize = 9;
/// How many groups somebody has.
const GROUPS: usize = 2_000;
/// Some pass one group through and some write it as a role, as the templates of AD FS's console do.
const OF_GROUPS: &str = r#"
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid"] => issue(claim = c);
c:[Type == "http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid", Value == "S-1-5-21-1-2-3-1999", Issuer == "AD AUTHORITY"]
 => issue(Type = "http://schemas.xmlsoap.org/claims/Group", Value = "Finance", Issuer = c.Issuer, OriginalIssuer = c.OriginalIssuer, ValueType = c.ValueType);
"#;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let corpus = root().join("../shared/data/claim-rules/corpus.txt");
    let text =
        std::fs::read_to_string(&corpus).context("the published rules beside the repository")?;
    let sets: Vec<RuleSet> = text
        .split("\n%%% ")
        .skip(1)
        .filter_map(|block| {
            let lines = block.lines().skip(1).filter(|line| !line.starts_with("% "));
            RuleSet::parse(&lines.collect::<Vec<_>>().join("\n")).ok()
        })
        .collect();
    anyhow::ensure!(sets.len() > 100, "{} rule sets alone are read", sets.len());
    let somebody = somebody(20);
    let mut each = Vec::new();
    for rules in &sets {
        each.push(took(rules, &somebody, TOGETHER)?);
    }
    let of_groups = RuleSet::parse(OF_GROUPS).context("rules")?;
    let in_many = took(&of_groups, &self::somebody(GROUPS), 10)?;
    Ok(vec![
        Figure {
            name: format!(
                "a rule set of the corpus over 28 claims, the middle one of {}",
                sets.len()
            ),
            value: median(&each),
            unit: "us",
            peer: None,
            budget: "20 us",
        },
        Figure {
            name: "the slowest of them".to_owned(),
            value: each.iter().copied().fold(0.0, f64::max),
            unit: "us",
            peer: None,
            budget: "20 us",
        },
        Figure {
            name: format!("{GROUPS} groups of one person passed through, and one of them named"),
            value: in_many / 1_000.0,
            unit: "ms",
            peer: None,
            budget: "1 ms",
        },
    ])
}

/// Microseconds for one run.
fn took(rules: &RuleSet, came_in: &ClaimSet, together: usize) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let (took, done) = timed(|| (0..together).filter(|_| is_run(rules, came_in)).count());
        anyhow::ensure!(done == together, "a rule failed");
        times.push(micros(took) / together as f64);
    }
    Ok(median(&times))
}

/// Runs rules to their end; a store answers without rows.
fn is_run(rules: &RuleSet, came_in: &ClaimSet) -> bool {
    let settings = Settings::of("LOCAL AUTHORITY");
    let mut step = Evaluation::new(rules, black_box(came_in), settings).run();
    loop {
        match step {
            Ok(Step::Query(query)) => step = query.answer(Vec::new()),
            Ok(Step::Done(done)) => {
                black_box(done);
                return true;
            }
            Err(_) => return false,
        }
    }
}

/// The claims of somebody with so many groups.
fn somebody(groups: usize) -> ClaimSet {
    let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    let ms = "http://schemas.microsoft.com/ws/2008/06/identity/claims";
    let own = [
        (format!("{ms}/windowsaccountname"), "CONTOSO\\anna"),
        (format!("{claims}/name"), "CONTOSO\\anna"),
        (format!("{claims}/upn"), "anna@contoso.com"),
        (format!("{claims}/emailaddress"), "anna@contoso.com"),
        (format!("{claims}/givenname"), "Anna"),
        (format!("{claims}/surname"), "Svensson"),
        (format!("{ms}/primarysid"), "S-1-5-21-1-2-3-1105"),
        (format!("{ms}/role"), "employee"),
    ];
    let own = own.map(|(of, value)| Claim::new(&of, value, AD_AUTHORITY));
    let groups = (0..groups)
        .map(|number| Claim::new(GROUP_SID, &format!("S-1-5-21-1-2-3-{number}"), AD_AUTHORITY));
    own.into_iter().chain(groups).collect()
}
