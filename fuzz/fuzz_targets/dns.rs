//! Fuzzes `dns`; what is done with an input stands in `entry/dns.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/dns.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
