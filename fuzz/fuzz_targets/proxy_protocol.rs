//! Fuzzes `proxy_protocol`; what is done with an input stands in `entry/proxy_protocol.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/proxy_protocol.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
