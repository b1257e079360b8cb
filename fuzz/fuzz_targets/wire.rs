//! Fuzzes `wire`; what is done with an input stands in `entry/wire.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/wire.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
