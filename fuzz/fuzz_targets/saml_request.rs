//! Fuzzes `saml_request`; what is done with an input stands in `entry/saml_request.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/saml_request.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
