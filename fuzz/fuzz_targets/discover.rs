//! Fuzzes `discover`; what is done with an input stands in `entry/discover.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/discover.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
