//! The rule language as an administrator meets it: what is taken, what comes out, what is refused.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test target"
)]

mod corpus;
mod support;

mod published_rules_lint;
mod published_rules_parse;
mod published_rules_run;

mod a_run_is_explained;
mod any_rules;
mod rules_run_as_ad_fs_runs_them;
mod rules_stop_where_they_run_away;
mod texts_have_limits_and_dialects;
mod wrong_rules_are_refused;
