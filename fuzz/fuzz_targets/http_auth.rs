//! Fuzzes `http_auth`; what is done with an input stands in `entry/http_auth.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/http_auth.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
