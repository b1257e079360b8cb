//! Fuzzes `usernamemixed`; what is done with an input stands in `entry/usernamemixed.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/usernamemixed.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
