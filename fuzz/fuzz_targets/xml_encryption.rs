//! Fuzzes `xml_encryption`; what is done with an input stands in `entry/xml_encryption.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/xml_encryption.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
