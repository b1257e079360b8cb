//! Fuzzes `certificate`; what is done with an input stands in `entry/certificate.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/certificate.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
