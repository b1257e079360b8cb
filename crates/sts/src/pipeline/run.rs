//! Running one set of rules, and asking attribute stores for it.

use claims::{ClaimSet, Evaluation, RuleSet, Settings, Step};

use super::{NotIssued, Pipeline};

impl Pipeline<'_> {
    /// Runs rules on behalf of an issuer; a store that does not answer fails them as a whole.
    pub(super) async fn run(
        &self,
        which: &'static str,
        (rules, issuer): (&RuleSet, &str),
        claims: &ClaimSet,
    ) -> Result<ClaimSet, NotIssued> {
        let failed = |error| NotIssued::Rules {
            rules: which,
            error: Box::new(error),
        };
        let evaluation = Evaluation::new(rules, claims, Settings::of(issuer));
        let mut step = evaluation.run().map_err(failed)?;
        loop {
            let query = match step {
                Step::Done(done) => return Ok(done.claims),
                Step::Query(query) => query,
            };
            let parameters: Vec<&str> = query.parameters().collect();
            let asked = (query.store(), query.text(), parameters.as_slice());
            let answer = self.stores.ask(asked, query.types().len()).await;
            step = match answer {
                Ok(rows) => query.answer(rows).map_err(failed)?,
                Err(reason) => return Err(failed(query.fail(reason))),
            };
        }
    }
}
