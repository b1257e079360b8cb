//! Fuzzes `passive`; what is done with an input stands in `entry/passive.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/passive.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
