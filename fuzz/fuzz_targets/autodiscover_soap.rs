//! Fuzzes `autodiscover_soap`; what is done with an input stands in `entry/autodiscover_soap.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/autodiscover_soap.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
