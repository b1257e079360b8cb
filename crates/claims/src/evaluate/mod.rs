//! Running rules over claims (AD FS, "The Role of the Claims Engine").
//!
//! Rules run once each, from the first to the last. Each sees the claims that came in and those that rules before it
//! issued or added, never its own. What was issued is the result. A rule that asks an attribute store halts the
//! evaluation: [`Step::Query`] says what is asked, and its answer goes on. Whatever fails, fails the whole. Nothing is
//! looked up, and nothing is drawn, here. Start at [`Evaluation::run`].

pub mod budget;
mod error;
pub(crate) mod matching;
mod text;

use std::sync::Arc;

pub use budget::Stop;
pub use error::{EvaluateError, Failure};

use crate::claim::{AD_AUTHORITY, Claim, ClaimSet, STRING};
use crate::explain::{Explained, ExplainedQuery};
use crate::program::{Action, Field, Program, Question, Value};
use crate::rule_set::RuleSet;
use crate::syntax::ast::Verb;
use budget::{Budget, MAX_CLAIMS};
use matching::Tuples;

/// The store whose claims Active Directory vouches for.
const ACTIVE_DIRECTORY: &str = "Active Directory";

/// How `==` and `!=` compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextComparison {
    /// Character by character.
    #[default]
    Ordinal,
    /// The same without regard to case.
    IgnoreCase,
}

/// For whom rules run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whose word a new claim is where a rule does not say: `LOCAL AUTHORITY` at a relying party.
    pub issuer: Arc<str>,
    /// How `==` and `!=` compare.
    pub comparison: TextComparison,
}

impl Settings {
    /// For an issuer; texts compare character by character.
    #[must_use]
    pub fn of(issuer: &str) -> Self {
        Self {
            issuer: issuer.into(),
            comparison: TextComparison::Ordinal,
        }
    }
}

/// Rules that run over claims.
#[derive(Clone, Debug)]
pub struct Evaluation<'a> {
    rules: &'a RuleSet,
    settings: Settings,
    /// What the rules see.
    input: Vec<Arc<Claim>>,
    /// What was issued.
    output: ClaimSet,
    budget: Budget,
    /// The rule that is at work, from 0.
    at: usize,
    work: Option<Work>,
    explained: Option<Vec<Explained>>,
}

/// What came of running as far as possible.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is moved once a query"
)]
pub enum Step<'a> {
    /// A rule asks an attribute store.
    Query(Query<'a>),
    /// Every rule has run.
    Done(Done),
}

/// The result.
#[derive(Clone, Debug)]
pub struct Done {
    /// The claims that were issued, in order.
    pub claims: ClaimSet,
    /// What each rule did, where that was asked for.
    pub explained: Vec<Explained>,
    /// How many steps it took.
    pub steps: usize,
}

/// A question to an attribute store; the evaluation goes on with its answer.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    evaluation: Evaluation<'a>,
    asked: Asked,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    store: Arc<str>,
    types: Vec<Arc<str>>,
    text: Arc<str>,
    parameters: Vec<Arc<str>>,
}

/// One row of an answer: a value for each type, or none.
pub type Row = Vec<Option<String>>;

/// A rule that is at work.
#[derive(Clone, Debug)]
struct Work {
    tuples: Tuples,
    /// How many of them are done.
    done: usize,
    made: Vec<Arc<Claim>>,
    explained: Option<Explained>,
}

impl<'a> Evaluation<'a> {
    /// Begins with the claims that came in.
    #[must_use]
    pub fn new(rules: &'a RuleSet, claims: &ClaimSet, settings: Settings) -> Self {
        Self {
            rules,
            settings,
            input: claims.shared().to_vec(),
            output: ClaimSet::new(),
            budget: Budget::FULL,
            at: 0,
            work: None,
            explained: None,
        }
    }

    /// Writes down what each rule does, which costs time and memory.
    #[must_use]
    pub fn explained(mut self) -> Self {
        self.explained = Some(Vec::new());
        self
    }

    /// Runs to the end, or to the next question.
    ///
    /// # Errors
    ///
    /// A rule fails or would cost too much; there is no result then.
    pub fn run(mut self) -> Result<Step<'a>, EvaluateError> {
        let rules = self.rules;
        if self.input.len() > MAX_CLAIMS {
            return Err(self.failed(Stop::Claims.into()));
        }
        while let Some(program) = rules.programs().get(self.at) {
            let work = match self.work.take() {
                Some(work) => work,
                None => match self.begin(program) {
                    Ok(work) => work,
                    Err(stop) => return Err(self.failed(stop.into())),
                },
            };
            match self.go_on(program, work) {
                Ok(None) => {}
                Ok(Some(asked)) => {
                    return Ok(Step::Query(Query {
                        evaluation: self,
                        asked,
                    }));
                }
                Err(failure) => return Err(self.failed(failure)),
            }
        }
        Ok(Step::Done(Done {
            claims: self.output,
            explained: self.explained.unwrap_or_default(),
            steps: self.budget.taken(),
        }))
    }

    /// Finds what a rule's conditions select.
    fn begin(&mut self, program: &Program) -> Result<Work, Stop> {
        let found = matching::find(
            program,
            &self.input,
            self.settings.comparison,
            &mut self.budget,
        )?;
        let explained = match (&self.explained, self.rules.rules().get(self.at)) {
            (Some(_), Some(rule)) => Some(Explained::of(
                self.at,
                rule,
                program,
                &self.input,
                &found,
                self.settings.comparison,
            )),
            _ => None,
        };
        Ok(Work {
            tuples: found,
            done: 0,
            made: Vec::new(),
            explained,
        })
    }

    /// Runs the rule's statement for each tuple that is left; a question halts it.
    fn go_on(&mut self, program: &Program, mut work: Work) -> Result<Option<Asked>, Failure> {
        while let Some(tuple) = work.tuples.get(work.done) {
            work.done += 1;
            match &program.action {
                Action::Copy(selector) => {
                    // "add" of a claim that is there already has no effect.
                    let copied = tuple.get(*selector).and_then(|at| self.input.get(*at));
                    if let (Verb::Issue, Some(claim)) = (program.verb, copied) {
                        self.budget.claims(1)?;
                        work.made.push(Arc::clone(claim));
                    }
                }
                Action::New(assignments) => {
                    let claim = self.new_claim(assignments, tuple)?;
                    self.keep(&mut work, claim)?;
                }
                Action::Query(question) => {
                    self.budget.query()?;
                    let asked = self.asked(question, tuple)?;
                    self.work = Some(work);
                    return Ok(Some(asked));
                }
            }
        }
        self.finish(program, work);
        Ok(None)
    }

    /// Gives what a rule made to the rules below and, if it was issued, to the result.
    fn finish(&mut self, program: &Program, work: Work) {
        if let (Some(all), Some(mut explained)) = (&mut self.explained, work.explained) {
            explained.made = work.made.iter().map(|it| Claim::clone(it)).collect();
            all.push(explained);
        }
        for claim in work.made {
            if program.verb == Verb::Issue {
                self.output.push_shared(Arc::clone(&claim));
            }
            self.input.push(claim);
        }
        self.at += 1;
    }

    fn new_claim(
        &mut self,
        assignments: &[(Field, Value)],
        tuple: &[usize],
    ) -> Result<Claim, Failure> {
        let mut claim = Claim {
            claim_type: "".into(),
            value: "".into(),
            value_type: STRING.into(),
            issuer: Arc::clone(&self.settings.issuer),
            original_issuer: Arc::clone(&self.settings.issuer),
            properties: std::collections::BTreeMap::new(),
        };
        for (field, value) in assignments {
            let value = text::value(value, tuple, &self.input, &mut self.budget)?;
            match field {
                Field::Type => claim.claim_type = value,
                Field::Value => claim.value = value,
                Field::ValueType => claim.value_type = value,
                Field::Issuer => claim.issuer = value,
                Field::OriginalIssuer => claim.original_issuer = value,
                Field::Property(key) => {
                    let key = text::value(key, tuple, &self.input, &mut self.budget)?;
                    claim.properties.insert(key, value);
                }
            }
        }
        Ok(claim)
    }

    fn asked(&mut self, question: &Question, tuple: &[usize]) -> Result<Asked, Failure> {
        let mut values = |values: &[Value]| -> Result<Vec<Arc<str>>, Stop> {
            let values = values.iter();
            values
                .map(|it| text::value(it, tuple, &self.input, &mut self.budget))
                .collect()
        };
        Ok(Asked {
            types: values(&question.types)?,
            parameters: values(&question.parameters)?,
            store: Arc::clone(&question.store),
            text: Arc::clone(&question.query),
        })
    }

    fn keep(&mut self, work: &mut Work, claim: Claim) -> Result<(), Failure> {
        if claim.claim_type.is_empty() {
            return Err(Failure::EmptyType);
        }
        self.budget.claims(1)?;
        self.budget.take_bytes(claim.size())?;
        work.made.push(Arc::new(claim));
        Ok(())
    }

    fn failed(self, failure: Failure) -> EvaluateError {
        let rule = self.rules.rules().get(self.at);
        EvaluateError {
            rule: self.at + 1,
            name: rule.and_then(|it| Some(it.name()?.into_owned())),
            line: rule.map_or(0, |it| it.place.line),
            failure,
            explained: self.explained.unwrap_or_default(),
        }
    }
}

impl<'a> Query<'a> {
    /// The name of the store.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.asked.store
    }

    /// The text of the question, as the rule has it; `{0}` and so on stand for the parameters, which are to be bound
    /// and never to be spliced.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.asked.text
    }

    /// The parameters in order.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = &str> {
        self.asked.parameters.iter().map(AsRef::as_ref)
    }

    /// The types of the claims that the columns of a row become.
    pub fn types(&self) -> impl ExactSizeIterator<Item = &str> {
        self.asked.types.iter().map(AsRef::as_ref)
    }

    /// Which rule asks, from 1.
    #[must_use]
    pub fn rule(&self) -> usize {
        self.evaluation.at + 1
    }

    /// Goes on with the rows that the store gave. A column without a value makes no claim.
    ///
    /// # Errors
    ///
    /// A row has another number of columns than the rule has types, or as [`Evaluation::run`].
    pub fn answer(self, rows: Vec<Row>) -> Result<Step<'a>, EvaluateError> {
        let Self {
            mut evaluation,
            asked,
        } = self;
        match evaluation.take_answer(&asked, rows) {
            Ok(()) => evaluation.run(),
            Err(failure) => Err(evaluation.failed(failure)),
        }
    }

    /// Gives up, as the store did not answer; the whole evaluation fails, and `reason` says why in one sentence.
    #[must_use]
    pub fn fail(self, reason: impl Into<String>) -> EvaluateError {
        let store = self.asked.store.as_ref().to_owned();
        let reason = reason.into();
        self.evaluation.failed(Failure::Store { store, reason })
    }
}

impl Evaluation<'_> {
    fn take_answer(&mut self, asked: &Asked, rows: Vec<Row>) -> Result<(), Failure> {
        let Some(mut work) = self.work.take() else {
            return Ok(());
        };
        let is_directory = &*asked.store == ACTIVE_DIRECTORY;
        let issuer: Arc<str> = match is_directory {
            true => AD_AUTHORITY.into(),
            false => Arc::clone(&self.settings.issuer),
        };
        let value_type: Arc<str> = STRING.into();
        if let Some(explained) = &mut work.explained {
            explained.queries.push(ExplainedQuery {
                store: asked.store.as_ref().to_owned(),
                text: asked.text.as_ref().to_owned(),
                parameters: asked
                    .parameters
                    .iter()
                    .map(|it| it.as_ref().to_owned())
                    .collect(),
                rows: rows.len(),
            });
        }
        for row in rows {
            if row.len() != asked.types.len() {
                return Err(Failure::Columns {
                    store: asked.store.as_ref().to_owned(),
                    types: asked.types.len(),
                    got: row.len(),
                });
            }
            self.budget.steps(1 + row.len())?;
            for (claim_type, value) in asked.types.iter().zip(row) {
                let Some(value) = value else { continue };
                let claim = Claim {
                    claim_type: Arc::clone(claim_type),
                    value: value.into(),
                    value_type: Arc::clone(&value_type),
                    issuer: Arc::clone(&issuer),
                    original_issuer: Arc::clone(&issuer),
                    properties: std::collections::BTreeMap::new(),
                };
                self.keep(&mut work, claim)?;
            }
        }
        self.work = Some(work);
        Ok(())
    }
}
