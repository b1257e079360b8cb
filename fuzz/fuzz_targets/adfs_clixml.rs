//! Fuzzes `adfs_clixml`; what is done with an input stands in `entry/adfs_clixml.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/adfs_clixml.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
