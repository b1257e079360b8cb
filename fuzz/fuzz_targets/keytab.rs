//! Fuzzes `keytab`; what is done with an input stands in `entry/keytab.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/keytab.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
