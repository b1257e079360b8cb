//! The stories: one file each, named as a sentence. Recommended first reading.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a story that cannot go on has failed"
)]

mod a_client_finds_its_way_before_it_is_asked_who_it_is;
mod an_external_lync_client_gets_its_ticket_with_an_app_password;

mod a_real_lync_client_signs_in;
mod pyspnego_is_let_in_by_every_form_of_negotiate;

mod no_byte_of_doubtful_framing_reaches_a_back_end;

mod a_first_configuration_is_made_by_answering;
mod the_demo_says_three_commands_and_they_answer_as_it_says;

mod a_body_neither_breaks_a_handshake_nor_holds_the_gate;
mod a_connection_is_whoever_last_proved_it;
mod a_gate_without_its_store_lets_nobody_in;
mod certificate_and_configuration_are_replaced_without_a_failed_request;
mod every_way_in_ends_at_the_same_check;
mod guessing_gets_nobody_in_and_locks_nobody_out;
mod revoking_ends_what_is_open_within_two_seconds;
mod several_protocols_are_spoken_at_the_same_time;
mod sixty_four_users_woven_together_stay_apart;
mod the_command_line_says_what_is_wrong_and_where;
mod the_gate_tells_how_it_is;
mod the_house_is_in_order;
mod the_service_is_hardened_and_says_when_it_is_ready;
mod the_ticket_is_what_it_claims_and_opens_the_user_link;
mod what_a_client_says_about_itself_is_not_believed;
mod what_was_acknowledged_survives_kill_9;
