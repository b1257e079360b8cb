//! Fuzzes `rejection`; what is done with an input stands in `entry/rejection.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/rejection.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
