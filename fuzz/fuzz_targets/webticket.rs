//! Fuzzes `webticket`; what is done with an input stands in `entry/webticket.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/webticket.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
