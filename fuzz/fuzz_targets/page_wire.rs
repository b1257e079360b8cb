//! Fuzzes `page_wire`; what is done with an input stands in `entry/page_wire.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/page_wire.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
