//! Fuzzes `key_uri`; what is done with an input stands in `entry/key_uri.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/key_uri.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
