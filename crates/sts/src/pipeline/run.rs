//! Running one set of rules, and asking attribute stores for it.

use claims::{ClaimSet, Done, EvaluateError, Evaluation, Query, Row, RuleSet, Settings, Step};

use super::{NotIssued, Pipeline, Seen};

impl Pipeline<'_> {
    /// Runs rules on behalf of an issuer; a store that does not answer fails them as a whole.
    pub(super) async fn run(
        &self,
        which: &'static str,
        (rules, issuer): (&RuleSet, &str),
        claims: &ClaimSet,
    ) -> Result<ClaimSet, NotIssued> {
        let evaluation = Evaluation::new(rules, claims, Settings::of(issuer));
        let done = match self.observer {
            Some(observer) => {
                let done = self.done(evaluation.explained()).await;
                observer.saw(Seen::Rules {
                    which,
                    came_in: claims.clone(),
                    done: done.clone(),
                });
                done
            }
            None => self.done(evaluation).await,
        };
        done.map(|it| it.claims).map_err(|error| NotIssued::Rules {
            rules: which,
            error,
        })
    }

    async fn done(&self, evaluation: Evaluation<'_>) -> Result<Done, Box<EvaluateError>> {
        let mut step = evaluation.run()?;
        loop {
            let query = match step {
                Step::Done(done) => return Ok(done),
                Step::Query(query) => query,
            };
            step = match self.answer(&query).await {
                Ok(rows) => query.answer(rows)?,
                Err(reason) => return Err(Box::new(query.fail(reason))),
            };
        }
    }

    async fn answer(&self, query: &Query<'_>) -> Result<Vec<Row>, String> {
        let given = self.observer.and_then(|it| it.answers(query));
        match given {
            Some(given) => given,
            None => self.stores.answer(query).await,
        }
    }
}
