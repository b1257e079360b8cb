//! Fuzzes `inflate`; what is done with an input stands in `entry/inflate.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/inflate.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
