//! Fuzzes `claim_rules`; what is done with an input stands in `entry/claim_rules.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/claim_rules.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
