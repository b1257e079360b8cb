//! A thousand relying parties with twenty rules each, from their written form as the store has it to where a sign-in finds them.

use std::hint::black_box;

use anyhow::Context;
use sts::ports::{Kept, KeptTrust};
use sts::trust::{Identifier, Kind, TrustBook};

use crate::figure::Figure;
use crate::stopwatch::{median, micros, timed};

/// How many parties.
const PARTIES: usize = 1_000;
/// How many rules each has.
const RULES: usize = 20;
/// How often they are read; the middle one counts.
const TIMES: usize = 9;
/// How many are looked up together.
const TOGETHER: usize = 100_000;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let trusts = (0..PARTIES).map(|number| Ok((number as i64, party(number)?)));
    let trusts = trusts.collect::<anyhow::Result<_>>()?;
    let kept = Kept {
        revision: 1,
        trusts,
    };
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let (took, (book, errors)) = timed(|| TrustBook::of_kept(&kept));
        anyhow::ensure!(errors.is_empty(), "a trust was not read: {errors:?}");
        anyhow::ensure!(
            book.relying_parties().len() == PARTIES,
            "some are not there"
        );
        times.push(micros(took) / 1_000.0);
    }
    let (book, _) = TrustBook::of_kept(&kept);
    let asked = kept.trusts.get(PARTIES / 2).context("a trust")?;
    let asked = asked.1.identifiers.first().context("an identifier")?;
    let (took, found) = timed(|| {
        (0..TOGETHER)
            .filter(|_| book.relying_party(black_box(asked)).is_some())
            .count()
    });
    anyhow::ensure!(found == TOGETHER, "a party was not found");
    Ok(vec![
        Figure {
            name: format!("{PARTIES} relying parties with {RULES} rules each read"),
            value: median(&times),
            unit: "ms",
            peer: None,
            budget: "200 ms",
        },
        Figure {
            name: "one of them found".to_owned(),
            value: micros(took) * 1_000.0 / TOGETHER as f64,
            unit: "ns",
            peer: None,
            budget: "a request pays nothing else",
        },
    ])
}

/// A party as the store has it.
fn party(number: usize) -> anyhow::Result<KeptTrust> {
    let rules: Vec<String> = (0..RULES).map(rule).collect();
    let identifier = format!("https://party{number}.contoso.com/");
    let text = serde_json::json!({
        "version": 1,
        "relying_party": [{
            "name": format!("party {number}"),
            "identifiers": [identifier],
            "wsfed_endpoint": format!("{identifier}signin"),
            "issuance_transform_rules": rules.concat(),
        }],
    });
    Ok(KeptTrust {
        kind: Kind::RelyingParty,
        name: format!("party {number}"),
        identifiers: vec![Identifier::parse(&identifier)?],
        text: text.to_string(),
    })
}

/// Rules of the kinds that there are most of: passed through, mapped, by a group, by a pattern.
fn rule(number: usize) -> String {
    let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    match number % 4 {
        0 => {
            format!("@RuleName = \"{number}\" c:[Type == \"{claims}/upn\"] => issue(claim = c);\n")
        }
        1 => format!(
            "c:[Type == \"{claims}/emailaddress\"] => issue(Type = \"{claims}/nameidentifier\", Issuer = c.Issuer, \
             Value = c.Value, ValueType = c.ValueType);\n"
        ),
        2 => format!(
            "c:[Type == \"http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid\", Value == \
             \"S-1-5-21-1-2-3-{number}\", Issuer == \"AD AUTHORITY\"] => issue(Type = \"{claims}/role\", Value = \"{number}\");\n"
        ),
        _ => format!(
            "c:[Type == \"{claims}/upn\", Value =~ \"^(?i)[a-z{number}]+@contoso\\.com$\"] => issue(Type = \"{claims}/name\", \
             Value = RegExReplace(c.Value, \"@.*$\", \"\"));\n"
        ),
    }
}
