//! Fuzzes `dns_servers`; what is done with an input stands in `entry/dns_servers.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/dns_servers.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
