//! The repository's own tools: what checks, measures and maps it. Start at [`test`].

pub mod test;

pub mod tidy;

pub mod arrows;
pub mod dependencies;
pub mod keys;
pub mod lints;
pub mod map;
pub mod requirements;
pub mod security_tests;
pub mod source;

pub mod bench;
pub mod fuzz;
pub mod night;
pub mod screenshots;

mod legacy_tls;
pub mod measured;
pub mod packages;
pub mod run;
