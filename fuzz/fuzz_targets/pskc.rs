//! Fuzzes `pskc`; what is done with an input stands in `entry/pskc.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/pskc.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
