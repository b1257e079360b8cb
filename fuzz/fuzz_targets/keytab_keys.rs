//! Fuzzes `keytab_keys`; what is done with an input stands in `entry/keytab_keys.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/keytab_keys.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
