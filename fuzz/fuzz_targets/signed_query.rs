//! Fuzzes `signed_query`; what is done with an input stands in `entry/signed_query.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/signed_query.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
