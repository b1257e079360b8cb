//! Fuzzes `adfs_json`; what is done with an input stands in `entry/adfs_json.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/adfs_json.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
