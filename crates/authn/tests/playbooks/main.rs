//! Playbooks of `authn`: attempts, faults and administration, on ports in memory and a fixed clock.
//!
//! Start at `world.rs` (accounts, clients, attempts) and `watched.rs` (ports that write down what
//! they were asked, and fail where a playbook says so). No network, no sleep, no real clock.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a playbook that cannot go on has failed"
)]

mod authenticator;
mod spnego;
mod watched;
mod world;

mod alike;
mod carried;
mod changed_secrets;
mod enumeration;
mod guessing;
mod keep_me_signed_in;
mod not_me;
mod page_app_passwords;
mod pages;
mod parallel;
mod passkeys;
mod refused_exchanges;
mod sent_codes;
mod side_doors;
mod spare_codes;
mod spellings;
mod spray;
mod telephone;

mod faults;
mod for_a_party;
mod repeats;

mod client_codes;
mod codes;
mod codes_and_leases;
mod directory;
mod kerberos;
mod lapses;
mod leases;
mod memorised_and_codes;
mod ntlm_pins;
mod office;
mod policy;
mod secrets;
mod tickets;

mod remote;

mod admin;
mod api_tokens;
mod retention;
mod tokens;
mod trail;
