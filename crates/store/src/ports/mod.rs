//! The ports, each written once for every database: a statement of `rows`, and what its rows become.

mod accounts;
mod api_tokens;
mod attempts;
mod client_codes;
pub(crate) mod credentials;
pub(crate) mod memorised_secrets;
mod ntlm_pins;
mod of_subject;
pub(crate) mod otp_tokens;
mod own_passwords;
pub(crate) mod passkeys;
mod second_factors;
mod secret_verdicts;
mod sent_budgets;
pub(crate) mod sent_codes;
mod session_grants;
pub(crate) mod spare_codes;
mod tickets;

mod invitations;
mod sessions;
mod sign_ins;

mod directory;
mod drains;
mod revocations;

pub(crate) mod ledger;
mod metadata_readers;
mod own_names;
mod partner_readings;
pub(crate) mod signing_keys;
pub(crate) mod trusts;
mod used_assertions;

pub(crate) mod audit;
mod trail;
