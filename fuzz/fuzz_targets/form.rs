//! Fuzzes `form`; what is done with an input stands in `entry/form.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/form.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
