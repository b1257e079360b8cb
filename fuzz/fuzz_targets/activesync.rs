//! Fuzzes `activesync`; what is done with an input stands in `entry/activesync.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/activesync.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
