//! Fuzzes `pac`; what is done with an input stands in `entry/pac.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/pac.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
