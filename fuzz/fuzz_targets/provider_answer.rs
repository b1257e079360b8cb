//! Fuzzes `provider_answer`; what is done with an input stands in `entry/provider_answer.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/provider_answer.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
