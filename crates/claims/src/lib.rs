#![doc = include_str!("../README.md")]

pub mod claim;
pub mod claim_type;

pub mod syntax;

mod program;
mod rule_set;

pub mod pattern;

pub mod evaluate;
pub mod explain;

pub mod lint;
pub mod template;

pub use claim::{Claim, ClaimSet};
pub use claim_type::ClaimType;
pub use evaluate::{Done, EvaluateError, Evaluation, Failure, Query, Row, Settings, Step};
pub use explain::Explained;
pub use lint::{Finding, lint};
pub use rule_set::RuleSet;
pub use syntax::{Dialect, ParseError, ParseErrors};
pub use template::Template;
