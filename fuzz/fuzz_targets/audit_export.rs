//! Fuzzes `audit_export`; what is done with an input stands in `entry/audit_export.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/audit_export.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
