//! Fuzzes `xml`; what is done with an input stands in `entry/xml.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/xml.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
