//! Fuzzes `passkey`; what is done with an input stands in `entry/passkey.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/passkey.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
