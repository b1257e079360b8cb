//! Fuzzes `voucher`; what is done with an input stands in `entry/voucher.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/voucher.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
