//! Fuzzes `wsfed`; what is done with an input stands in `entry/wsfed.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/wsfed.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
