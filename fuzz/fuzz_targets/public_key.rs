//! Fuzzes `public_key`; what is done with an input stands in `entry/public_key.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/public_key.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
