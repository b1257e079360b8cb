//! The passive way as conversations: a request goes in, a token, a sign-in or a refusal comes out. Ports are in memory, but
//! for the key, which signs.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test target"
)]

mod partner;
mod programs;
mod provider;
mod world;

mod somebody_gets_a_token;

mod metadata_names_the_keys_that_a_partner_bears;
mod nobody_gets_one_by_a_wrong_request;

mod rules_decide;

mod the_directory_is_asked;

mod our_own_directory_is_believed_as_its_trust_says;

mod a_sign_in_is_as_new_as_is_wanted;

mod somebody_signs_out;

mod a_token_is_of_the_type_that_its_party_takes;
mod home_realm_is_found;

mod a_partner_speaks_of_its_own_people;
mod a_partner_vouches_for_somebody;

mod a_partner_is_not_believed;

mod sha_1_is_believed_until_a_date;

mod a_service_provider_gets_an_assertion;

mod a_service_provider_is_not_believed;

mod a_service_provider_says_how_somebody_signs_on;

mod programs_ask_by_a_message;

mod the_policy_speaks_of_a_party;

mod a_sign_in_is_only_supposed;
