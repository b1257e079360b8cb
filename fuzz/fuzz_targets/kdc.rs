//! Fuzzes `kdc`; what is done with an input stands in `entry/kdc.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/kdc.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
