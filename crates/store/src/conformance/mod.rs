//! Conformance: what every store must do, whatever it keeps its rows in.
//!
//! [`crate::conformance!`] makes one test of each case, on a fresh store each. A new case is a
//! function here and a line in that macro.

mod accounts;
mod api_tokens;
mod audit;
mod changed_secrets;
mod client_codes;
mod counters;
mod credentials;
mod directory;
mod disowned_secrets;
mod drains;
mod first_secrets;
mod metadata_readers;
mod ntlm_pins;
mod otp_tokens;
mod own_names;
mod own_passwords;
mod page_app_passwords;
mod pages;
mod partner_readings;
mod passkeys;
mod revocations;
mod second_factors;
mod secret_verdicts;
mod sent_codes;
mod session_grants;
mod sessions;
mod signing_keys;
mod spare_codes;
mod tickets;
mod token_changes;
mod trusts;
mod used_assertions;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use ::authn::account::{Account, AccountId, AccountState};
use ::authn::audit::{Actor, ByHand, Event, Kind};
use ::authn::credential::CredentialId;
use ::authn::credential::app_password::{AppPassword, AppPasswordHashes, StoredAppPassword};
use ::authn::credential::grant::CodeSettlement;
use ::authn::lockout::{Place, Subject};
use ::authn::place::{Service, SourceNetwork};
use ::authn::ports::{
    Accounts, ApiTokens, Attempts, Audit, Credentials, DirectoryCopy, Drains, Invitations,
    MemorisedSecrets, NtlmPins, OtpTokens, Outbox, OwnPasswords, Passkeys, Revocations,
    SecondFactors, SentCodes, Sessions, Settled, Settlement, SignIns, SpareCodes, Succeeded,
    Tickets, Trail, Unavailable,
};
use jiff::{SignedDuration, Timestamp};
use proto::ntlm::NtHash;
use sts::ports::{
    KeptTrusts, Ledger, MetadataReaders, OwnNames, PartnerReadings, SigningKeys, UsedAssertions,
};

pub use accounts::*;
pub use api_tokens::*;
pub use audit::*;
pub use changed_secrets::*;
pub use client_codes::*;
pub use counters::*;
pub use credentials::*;
pub use directory::*;
pub use disowned_secrets::*;
pub use drains::*;
pub use first_secrets::*;
pub use metadata_readers::*;
pub use ntlm_pins::*;
pub use otp_tokens::*;
pub use own_names::*;
pub use own_passwords::*;
pub use page_app_passwords::*;
pub use pages::*;
pub use partner_readings::*;
pub use passkeys::*;
pub use revocations::*;
pub use second_factors::*;
pub use secret_verdicts::*;
pub use sent_codes::*;
pub use session_grants::*;
pub use sessions::*;
pub use signing_keys::*;
pub use spare_codes::*;
pub use tickets::*;
pub use token_changes::*;
pub use trusts::*;
pub use used_assertions::*;

/// A store of all ports.
pub trait Conforming:
    Accounts
    + Credentials
    + Attempts
    + Tickets
    + Revocations
    + Drains
    + DirectoryCopy
    + OwnPasswords
    + OtpTokens
    + SecondFactors
    + MemorisedSecrets
    + NtlmPins
    + SignIns
    + Sessions
    + Invitations
    + SentCodes
    + Outbox
    + Passkeys
    + SpareCodes
    + KeptTrusts
    + SigningKeys
    + Ledger
    + MetadataReaders
    + OwnNames
    + PartnerReadings
    + UsedAssertions
    + ApiTokens
    + Audit
    + Trail
    + 'static
{
}

impl<S> Conforming for S where
    S: Accounts
        + Credentials
        + Attempts
        + Tickets
        + Revocations
        + Drains
        + DirectoryCopy
        + OwnPasswords
        + OtpTokens
        + SecondFactors
        + MemorisedSecrets
        + NtlmPins
        + SignIns
        + Sessions
        + Invitations
        + SentCodes
        + Outbox
        + Passkeys
        + SpareCodes
        + KeptTrusts
        + SigningKeys
        + Ledger
        + MetadataReaders
        + OwnNames
        + PartnerReadings
        + UsedAssertions
        + ApiTokens
        + Audit
        + Trail
        + 'static
{
}

/// Makes a test of every case; `$fresh` is an expression that awaits a new store and something to
/// keep as long as it is used, or nothing where this machine has none.
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance! { $fresh =>
            every_name_leads_to_its_account
            accounts_are_listed_by_upn
            a_name_belongs_to_one_account
            a_state_is_changed_with_its_event
            an_app_password_keeps_all_its_fields
            an_unknown_subject_has_no_app_passwords
            an_app_password_needs_its_account
            an_app_password_is_revoked_once
            a_success_notes_the_last_use
            of_500_parallel_attempts_exactly_the_limit_get_a_place
            without_a_limit_every_attempt_gets_a_place
            a_limit_of_nothing_gives_no_place
            a_refused_attempt_counts_against_its_source
            a_counter_begins_anew_after_a_window_of_silence
            a_counter_never_drops_to_nothing_while_failures_go_on
            a_success_gives_its_place_back
            a_success_after_the_window_rolled_takes_nothing_from_later_failures
            late_places_do_not_upset_the_window
            subjects_and_sources_are_counted_apart
            a_source_is_familiar_to_whoever_signed_in_from_it
            a_source_that_was_not_seen_for_90_days_is_familiar_no_more
            a_ticket_is_found_until_it_ends
            a_ticket_ends_with_its_credential
            a_ticket_ends_with_its_account
            a_revoked_ticket_is_told_from_one_that_is_unknown
            a_ticket_by_kerberos_ends_with_its_account_alone
            a_ticket_of_a_stranger_is_not_found
            a_ticket_stays_whose_it_is
            a_ticket_is_recorded_with_all_that_belongs_to_it
            a_ticket_of_a_page_ends_with_its_secret_or_passkey
            a_ticket_of_a_page_ends_when_its_owner_signs_out
            of_16_parallel_uses_of_a_token_one_is_taken
            of_16_parallel_uses_of_another_s_token_one_is_taken
            the_tickets_of_one_credential_are_so_many_and_no_more
            a_token_and_what_it_rests_on_are_written_down_together_or_not_at_all
            of_a_sign_in_that_was_revoked_meanwhile_no_token_is_written_down
            what_was_revoked_is_told_in_its_order
            a_success_is_overtaken_by_a_revocation
            a_success_by_kerberos_is_overtaken_when_its_account_is_switched_off
            a_drained_member_is_listed_until_it_is_given_back
            the_last_member_in_use_is_drained_by_force_only
            an_account_keeps_what_the_directory_says
            whoever_stands_no_more_in_the_directory_is_put_out_and_comes_back
            a_success_is_overtaken_by_the_directory
            a_state_of_ours_and_a_standing_do_not_touch_each_other
            two_accounts_may_change_names_in_one_step
            a_step_to_a_name_of_another_comes_to_nothing
            a_name_of_somebody_gone_is_free
            a_step_from_elsewhere_is_left_out
            the_time_of_the_last_reading_is_every_account_s
            the_password_of_the_directory_is_its_account_s
            an_account_of_our_own_has_its_passwords_and_no_other_s
            a_token_keeps_all_its_fields
            an_unknown_subject_has_no_tokens
            a_serial_number_is_one_token_s
            of_64_parallel_codes_exactly_one_is_accepted
            a_spent_step_and_what_is_older_is_refused
            a_code_is_accepted_for_its_owner_alone
            of_64_parallel_guesses_five_are_looked_at
            each_kind_of_source_has_a_budget_of_its_own
            after_a_hundred_wrong_codes_in_a_row_none_is_looked_at
            an_accepted_code_gives_its_places_back
            a_token_is_changed_from_what_it_was
            a_change_that_spends_a_code_is_made_once
            what_rests_on_a_token_ends_with_it
            of_64_parallel_sign_ins_with_a_code_one_buys_a_grant
            a_grant_is_used_while_it_is_good
            a_grant_ends_with_all_that_it_rests_on
            a_typed_secret_that_comes_again_in_vain_is_counted_once
            a_right_code_that_was_spent_meanwhile_gives_its_place_back
            the_grants_of_one_account_are_so_many_and_no_more
            the_same_typed_secret_at_once_takes_one_place
            a_ticket_ends_with_the_token_behind_it
            an_account_remembers_its_first_and_its_last_second_factor
            a_lapse_is_told_once
            nobody_s_second_factor_is_not_noted
            a_success_notes_the_second_factor_that_it_proved
            a_ticket_remembers_what_was_proved_to_buy_it
            a_secret_keeps_all_its_fields
            of_500_parallel_secrets_ten_are_hashed
            after_fifty_wrong_secrets_in_a_row_none_is_looked_at
            a_completed_sign_in_gives_its_places_back
            each_step_of_a_sign_in_is_answered_once
            a_sign_in_is_completed_once
            a_session_ends_with_what_it_rests_on
            guesses_from_elsewhere_keep_nobody_from_another_secret
            a_session_has_so_many_places_for_an_old_secret
            after_fifty_old_secrets_in_a_row_none_is_looked_at
            who_stays_signed_in_does_so_until_the_end_of_it
            what_ended_by_itself_ends_nothing_that_lasts
            a_use_notes_its_browser
            a_session_that_nobody_may_use_can_be_ended
            a_new_sign_in_ends_the_session_that_its_browser_brought
            a_disowned_secret_opens_nothing_until_another_is_set
            who_has_no_secret_is_put_out_as_well
            a_destination_is_removed_beside_a_session_that_goes_on
            a_session_by_an_app_password_ends_with_it
            an_app_password_on_a_page_forgets_no_wrong_secret
            a_sign_in_by_an_app_password_that_ended_meanwhile_is_overtaken
            of_16_parallel_uses_of_a_new_sign_in_one_is_it
            the_sessions_of_an_account_are_so_many_and_no_more
            an_invitation_is_used_once
            a_first_secret_is_set_where_there_is_nothing
            a_first_secret_takes_the_place_of_nothing
            a_destination_keeps_all_its_fields_and_is_the_only_one_of_its_kind
            an_unknown_subject_has_no_destinations
            a_destination_that_is_set_or_removed_ends_the_sessions
            of_64_parallel_requests_so_many_codes_are_queued_as_a_budget_has_room_for
            a_code_without_room_moves_its_sign_in_on_all_the_same
            a_code_is_queued_for_a_sign_in_that_is_there
            a_code_of_nobody_is_nobodys_message
            of_64_parallel_guesses_at_sent_codes_five_are_looked_at
            after_a_hundred_guesses_in_a_row_none_is_looked_at_until_a_number_is_set
            a_sign_in_with_a_sent_code_gives_its_guess_back
            of_16_parallel_senders_one_gets_a_message
            a_message_that_was_sent_says_nothing_any_more
            a_message_is_tried_again_when_its_time_has_come
            the_latest_messages_are_listed_without_those_of_nobody
            of_64_parallel_requests_of_a_client_one_code_is_sent
            a_request_of_nobody_sends_nothing
            codes_that_nobody_types_are_few_and_one_that_is_typed_makes_room
            of_64_parallel_sign_ins_with_a_sent_code_one_buys_a_grant
            what_a_sent_code_bought_ends_with_its_destination
            what_a_secret_opened_ends_with_it_and_is_known_on
            a_text_that_was_refused_is_known_and_takes_one_place
            a_text_that_comes_at_once_over_many_connections_takes_one_place
            a_sign_in_gives_the_place_of_its_secret_back
            the_texts_of_one_subject_are_so_many_and_no_more
            what_is_hashed_for_looks_takes_no_place_of_a_secret
            a_text_that_is_counted_once_counts_each_time_against_its_source
            a_guess_at_a_code_of_a_client_takes_a_place
            an_ntlm_pin_keeps_all_its_fields
            what_rests_on_an_ntlm_pin_ends_with_it
            the_budget_of_an_ntlm_pin_is_its_own
            what_was_typed_before_is_known_latest_first
            a_passkey_keeps_all_its_fields
            what_rests_on_a_passkey_ends_with_it
            a_counter_of_a_passkey_never_goes_back
            the_touch_of_a_passkey_is_remembered
            a_challenge_is_answered_once
            new_spare_codes_end_the_old_of_their_kind
            a_spare_code_is_used_as_often_as_it_may_be
            spare_codes_have_a_budget_of_their_own
            s73_an_api_token_keeps_all_its_fields_and_is_gone_once_revoked
            an_alarm_is_raised_once_a_window
            the_audit_chain_is_whole_after_64_parallel_settlements
            the_audit_trail_is_read_in_pages
            what_came_to_nothing_is_not_audited
            the_oldest_events_are_removed_and_the_chain_goes_on
            events_are_removed_once_and_never_all_of_them
            what_the_collector_lacks_is_not_removed
            of_16_that_would_ship_the_trail_one_does
            what_the_collector_has_never_grows_less
            what_a_follower_says_is_written_once
            a_trust_keeps_all_its_fields
            a_name_and_an_identifier_are_one_trust_s
            a_trust_is_changed_from_what_it_was
            changes_of_trusts_are_made_all_or_none
            of_16_parallel_changes_of_a_trust_one_is_made
            a_signing_key_keeps_all_its_fields
            one_signing_key_is_primary_and_one_is_next
            a_promoted_key_signs_and_the_one_before_does_not
            a_next_key_is_given_up_and_a_primary_is_not
            t_saml_4_a_token_that_was_issued_is_found_and_no_other
            a_token_is_written_down_once
            a_reader_of_metadata_is_noted_for_each_key_with_the_last_time
            of_many_readers_of_metadata_the_last_are_kept
            a_partner_is_read_by_one_process_once_it_is_due
            what_was_seen_of_a_partner_goes_with_its_trust
            t_saml_5_a_suffix_of_any_account_is_one_of_ours_and_no_other
            t_saml_1_an_assertion_is_taken_once_and_no_other_with_it
            t_saml_1_of_many_at_once_one_takes_an_assertion
        }
    };
    ($fresh:expr => $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let Some((store, _kept)) = $fresh else { return };
                $crate::conformance::$case(std::sync::Arc::new(store)).await.unwrap();
            }
        )*
    };
}

const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// A time, in seconds after the beginning of the test's world.
fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH
        .saturating_add(SignedDuration::from_secs(
            1_700_000_000_i64.saturating_add(seconds),
        ))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn account(sam: &str) -> Account {
    Account {
        id: AccountId(format!("id-of-{sam}")),
        domain: "CONTOSO".to_owned(),
        sam: sam.to_owned(),
        upn: format!("{sam}@contoso.example"),
        realm: "CONTOSO.EXAMPLE".to_owned(),
        sid: Some("S-1-5-21-1-2-3-1104".to_owned()),
        sip_addresses: vec![
            format!("sip:{sam}@sip.example"),
            format!("sip:{sam}.2@sip.example"),
        ],
        mail: vec![format!("{sam}@mail.example")],
        state: AccountState::Active,
        directory: None,
        second_factor: None,
    }
}

pub(crate) fn app_password(id: &str, account: &Account) -> StoredAppPassword {
    StoredAppPassword {
        record: AppPassword {
            id: CredentialId(id.to_owned()),
            account: account.id.clone(),
            label: format!("the phone \"{id}\""),
            device: Some("phone".to_owned()),
            scope: BTreeSet::from([Service::LYNC, Service::EWS]),
            created: at(0),
            expires: Some(at(1_000_000)),
            last_used: None,
            seen_device: None,
            revoked: None,
        },
        hashes: AppPasswordHashes {
            grouped: NtHash::of_password(&format!("{id}-grouped")),
            plain: NtHash::of_password(id),
        },
    }
}

fn event(seconds: i64, kind: Kind, account: &Account) -> Event {
    by_hand(at(seconds), kind, account)
}

fn by_hand(at: Timestamp, kind: Kind, account: &Account) -> Event {
    let actor = Actor::named("root");
    Event::by_hand(
        &ByHand {
            at,
            actor,
            origin: None,
        },
        kind,
        Some(account.id.clone()),
    )
}

fn place(subject: Subject, source: IpAddr, seconds: i64) -> Place {
    let now = at(seconds);
    Place {
        subject,
        source: SourceNetwork::from(source),
        window_start: now.saturating_sub(WINDOW).unwrap_or(now),
        now,
        limit: None,
    }
}

fn of_account(account: &Account, seconds: i64) -> Place {
    place(Subject::Account(account.id.clone()), HOME, seconds)
}

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

/// An account with one app password.
async fn anna_with<S: Conforming>(store: &S, id: &str) -> Result<Account, Unavailable> {
    somebody_with(store, "anna", id).await
}

async fn somebody_with<S: Conforming>(
    store: &S,
    sam: &str,
    id: &str,
) -> Result<Account, Unavailable> {
    let somebody = account(sam);
    enrolled(store, &somebody, id).await?;
    Ok(somebody)
}

/// Adds an account and its app password.
pub(crate) async fn enrolled<S: Conforming>(
    store: &S,
    account: &Account,
    id: &str,
) -> Result<(), Unavailable> {
    let created = event(0, Kind::AccountCreated, account);
    assert_eq!(store.add(account, created).await?, Ok(()));
    add_app_password(store, id, account).await
}

async fn add_app_password<S: Conforming>(
    store: &S,
    id: &str,
    account: &Account,
) -> Result<(), Unavailable> {
    let password = app_password(id, account);
    let created = Kind::AppPasswordCreated {
        credential: password.record.id.clone(),
    };
    store
        .add_app_password(&password, event(1, created, account))
        .await
}

/// Takes a place that must be there.
async fn taken<S: Conforming>(
    store: &S,
    place: Place,
) -> Result<::authn::ports::Reservation, Unavailable> {
    let missing = Unavailable {
        what: "a place",
        detail: "refused".to_owned(),
    };
    store.reserve(place).await?.ok_or(missing)
}

/// A success from home.
fn from_home(account: &Account, credential: &CredentialId) -> Succeeded {
    Succeeded {
        account: account.id.clone(),
        credential: credential.clone(),
        source: HOME,
        device: None,
        second_factor: None,
    }
}

/// Signs in with an app password from an address.
async fn sign_in<S: Conforming>(
    store: &S,
    place: Place,
    (account, credential, source): (&Account, &str, IpAddr),
) -> Result<(), Unavailable> {
    let reservation = taken(store, place).await?;
    let credential = CredentialId(credential.to_owned());
    let kind = Kind::SignedIn {
        credential: credential.clone(),
        clock_skew: None,
        certificate: None,
    };
    let at = reservation.place.now;
    let events = vec![by_hand(at, kind, account)];
    let succeeded = Some(Succeeded {
        account: account.id.clone(),
        credential,
        source,
        device: None,
        second_factor: None,
    });
    let settlement = Settlement {
        code: CodeSettlement::None,
        reservation,
        succeeded,
        events,
        alarm: None,
    };
    let settled = store.settle(settlement).await?;
    assert_eq!(settled, Settled::Written { is_alarmed: false });
    Ok(())
}

/// Runs a task for each number at once and gathers what they say.
async fn all_at_once<S, T, F>(
    store: &Arc<S>,
    count: u32,
    task: impl Fn(Arc<S>, u32) -> F,
) -> Result<Vec<T>, Unavailable>
where
    S: Conforming,
    T: Send + 'static,
    F: Future<Output = Result<T, Unavailable>> + Send + 'static,
{
    let tasks: Vec<_> = (0..count)
        .map(|number| tokio::spawn(task(Arc::clone(store), number)))
        .collect();
    let mut said = Vec::new();
    for task in tasks {
        let joined = task.await;
        let failed = |error: tokio::task::JoinError| Unavailable {
            what: "a task",
            detail: error.to_string(),
        };
        said.push(joined.map_err(failed)??);
    }
    Ok(said)
}
