//! NTLM exchanges that no secret can make right: somebody is named, so they count and are audited.

use authn::audit::{Kind, Reason};
use authn::place::Channel;
use authn::{Attempt, Proof, Refusal};
use proto::ntlm::{NtlmError, NtlmParseError};

use crate::world::{By, Try, World, refusal};

/// An attempt with an exchange that failed for a reason.
fn unprovable(user: &str, error: NtlmError) -> Attempt {
    Attempt {
        proof: Proof::Unprovable {
            user: user.to_owned(),
            domain: "CONTOSO".to_owned(),
            error,
        },
        channel: Channel::Ntlm,
        ..Try::new(By::Ntlm, user, "").into()
    }
}

#[tokio::test]
async fn a_refused_exchange_costs_and_counts_what_a_wrong_secret_does() {
    let world = World::new();
    let anna = world.person("anna").await;
    let wrong = Try::new(By::Ntlm, "CONTOSO\\anna", "wrong");
    world.watched.calls();
    world.verify(wrong).await;
    let expected = world.watched.calls();
    for (number, (error, reason)) in (2..).zip([
        (NtlmError::ChannelBinding, Reason::ChannelBinding),
        (NtlmError::ChannelBindingAbsent, Reason::ChannelBinding),
        (NtlmError::TargetName, Reason::TargetName),
        (NtlmError::NotNtlm2, Reason::NotNtlm2),
        (NtlmError::NotEchoed, Reason::ExchangeNotAccepted),
        (NtlmError::Flags, Reason::ExchangeNotAccepted),
        (NtlmError::MicAbsent, Reason::ExchangeNotAccepted),
        (
            NtlmError::Malformed(NtlmParseError::MalformedPairs),
            Reason::ExchangeNotAccepted,
        ),
    ]) {
        world.watched.calls();
        world.watched.reserved();
        let outcome = world.attempt(unprovable("anna", error)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{error}");
        assert_eq!(world.watched.calls(), expected, "{error}");
        let reserved = world.watched.reserved();
        assert_eq!(
            reserved.first().map(|(_, counts)| counts.subject),
            Some(number)
        );
        assert_eq!(world.reason().await, Some(reason), "{error}");
        let trail = world.watched.trail().await;
        let event = &trail.last().unwrap().event;
        assert_eq!(event.account.as_ref(), Some(&anna.account.id), "{error}");
    }
}

#[tokio::test]
async fn a_refused_exchange_of_nobody_known_is_audited_by_its_name() {
    let world = World::new();
    let outcome = world
        .attempt(unprovable("nobody", NtlmError::NotNtlm2))
        .await;
    assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
    let trail = world.watched.trail().await;
    let expected = Kind::Refused {
        reason: Reason::UnknownName,
        name: "CONTOSO\\nobody".to_owned(),
    };
    assert_eq!(trail.last().unwrap().event.kind, expected);
}

#[tokio::test]
async fn t_dos_5_junk_that_names_nobody_is_counted_and_not_audited() {
    let world = World::new();
    for name in ["", " ", "@", "\\", "..", "\u{200b}"] {
        world.watched.reserved();
        let outcome = world.verify(Try::new(By::Basic, name, "x")).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{name:?}");
        assert_eq!(world.watched.reserved().len(), 1, "{name:?}");
    }
    assert_eq!(world.watched.trail().await, []);
}
