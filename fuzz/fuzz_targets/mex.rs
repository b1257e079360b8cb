//! Fuzzes `mex`; what is done with an input stands in `entry/mex.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/mex.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
