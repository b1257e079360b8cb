//! Fuzzes `oauthtoken`; what is done with an input stands in `entry/oauthtoken.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/oauthtoken.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
