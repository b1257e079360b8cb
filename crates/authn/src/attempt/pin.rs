//! A PIN with a one-time code behind it, proved by NTLM: counted before anything is tried, and the code is judged and spent
//! afterwards as behind any other secret.
//!
//! INVARIANT: where the policy takes a PIN of anybody there, every attempt by NTLM makes the same port calls and tries
//! [`TRIED`] texts, whoever is named. Without a place in the budget of the account nothing is tried. Start at [`prove`].

use proto::ntlm::NtHash;
use proto::secret::Secret;

use super::first::{First, Kind};
use super::offered::{Matched, Offered};
use super::{Circumstances, Ports, Rules};
use crate::audit::Reason;
use crate::credential::memorised_secret::{Budget, Guessed, Room, SecretPlace, Tried};
use crate::credential::ntlm_pin::{TRIED, Typable};
use crate::credential::otp_token::Source;
use crate::lockout::Subject;
use crate::place::{Method, SourceNetwork};
use crate::ports::{Reservation, Unavailable};

/// What stands in for the texts that an account does not have, and proves nothing; it is hashed as theirs are.
const NOBODYS: &str = "\u{fffd}no pin\u{fffd}";
/// What stands behind a text whose verdict is one of NTLM: no code is called so.
const BY_NTLM: &str = "ntlm-pin";

/// Whether a PIN may be proved there by anybody.
pub(super) fn is_taken(rules: &Rules, offered: &Offered, at: &Circumstances) -> bool {
    let asking = at.asking(at.channel);
    offered.is_ntlm() && rules.policy.may_take(&asking, Method::NtlmPin)
}

/// Whose PIN it is, where it was no app password, and what was typed; nothing was where nothing matches.
pub(super) async fn prove(
    (ports, rules): (&Ports, &Rules),
    (offered, proved): (&Offered, Result<First, Reason>),
    (subject, name): (&Subject, &str),
    reservation: &mut Option<Reservation>,
    at: &Circumstances,
) -> Result<(Result<First, Reason>, Secret<String>), Unavailable> {
    let nothing = Secret::new(String::new());
    let stored = ports.pins.ntlm_pin(subject).await?;
    let tokens = ports.otp_tokens.otp_tokens_of(subject).await?;
    let before = ports.pins.typed_before(subject).await?;
    let counts = reservation.as_ref().map(|it| it.counts);
    let source = match counts.is_some_and(|it| it.source_is_familiar) {
        true => Source::Familiar,
        false => Source::Unfamiliar,
    };
    // An app password is no guess at a PIN.
    let counted = match &proved {
        Ok(_) => Subject::Unknown(0),
        Err(_) => subject.clone(),
    };
    let place = SecretPlace {
        budget: Budget::OfPin,
        ..SecretPlace::now(counted, source, at.now)
    };
    let room = ports.secrets.reserve_secret(place.clone()).await?;
    if proved.is_ok() {
        return Ok((proved, nothing));
    }
    if room != Room::Taken {
        return Ok((Err(Reason::TooManyFailures), nothing));
    }
    let typable = stored
        .as_ref()
        .map(|it| it.typable(&tokens, &before, at.now));
    let typable = typable.unwrap_or_default();
    let padding = TRIED.saturating_sub(typable.len());
    let nobodys: Vec<NtHash> = (0..padding).map(|_| NtHash::of_password(NOBODYS)).collect();
    let hashes = typable.iter().map(|it| &it.hash).chain(&nobodys);
    let Some(Matched { index, reply_token }) = offered.first_proved(hashes) else {
        return Ok((proved, nothing));
    };
    let found = typable.into_iter().nth(index).zip(stored);
    let Some((Typable { text, code, .. }, stored)) = found else {
        return Ok((proved, nothing));
    };
    if let Some(reservation) = reservation {
        let network = SourceNetwork::from(at.source);
        let by_ntlm = Secret::new(BY_NTLM.to_owned());
        let known_by = (name, &network, None);
        let tried = Tried::of(&rules.grants_key, known_by, (&text, Some(&by_ntlm)));
        let verdict = tried.tag(true).clone();
        reservation.secret = Some(Guessed { place, verdict });
    }
    let first = First {
        kind: Kind::NtlmPin(stored.record),
        code: Some(code),
        reply_token,
    };
    Ok((Ok(first), text))
}
