//! Fuzzes `ntlm`; what is done with an input stands in `entry/ntlm.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/ntlm.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
