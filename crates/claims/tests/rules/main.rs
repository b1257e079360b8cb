//! The rule language as an administrator meets it: what is taken, what comes out, what is refused.

#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test target"
)]

mod corpus;
mod support;

mod published_rules_parse;
mod published_rules_run;
mod rules_run_as_ad_fs_runs_them;
mod rules_stop_where_they_run_away;
