//! Fuzzes `seed_list`; what is done with an input stands in `entry/seed_list.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/seed_list.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
