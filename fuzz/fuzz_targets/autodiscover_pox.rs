//! Fuzzes `autodiscover_pox`; what is done with an input stands in `entry/autodiscover_pox.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/autodiscover_pox.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
