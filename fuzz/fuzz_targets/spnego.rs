//! Fuzzes `spnego`; what is done with an input stands in `entry/spnego.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/spnego.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
