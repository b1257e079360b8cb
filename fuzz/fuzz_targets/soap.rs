//! Fuzzes `soap`; what is done with an input stands in `entry/soap.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/soap.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
