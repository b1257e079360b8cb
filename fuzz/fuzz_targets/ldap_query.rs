//! Fuzzes `ldap_query`; what is done with an input stands in `entry/ldap_query.rs`, which the seeds' test shares.

#![no_main]

#[path = "../entry/ldap_query.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    entry::run(data);
});
