//! Fuzzes `sending`; what is done with an input stands in `entry/sending.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/sending.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
