//! Fuzzes `partner_metadata`; what is done with an input stands in `entry/partner_metadata.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/partner_metadata.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
