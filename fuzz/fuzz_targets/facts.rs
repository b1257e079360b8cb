//! Fuzzes `facts`; what is done with an input stands in `entry/facts.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/facts.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
