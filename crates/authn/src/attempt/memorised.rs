//! A memorised secret with a code behind it, in the field for a password: counted before it is hashed, and hashed once.
//!
//! SECURITY: what was typed is taken apart in one way, whatever it is, so that one attempt is one hash. Where the policy
//! takes memorised secrets at all, nobody is refused without a hash (T-CRED-8): whoever has no secret, or was refused for
//! something else, waits for one of nobody's. Only the budget shuts before it, for unknown names as for known ones; and a
//! text that was refused before is known, be it right or wrong, costs no further hash and takes no further place. What a
//! code bought passes without one: the MAC of the typed secret proves that it was right. Start at [`prove`].

use proto::secret::Secret;

use super::field::{Field, Known};
use super::first::{First, Kind};
use crate::account::Account;
use crate::audit::Reason;
use crate::credential::memorised_secret::{
    Budget, Guessed, MemorisedSecret, Room, SecretHash, SecretPlace, StoredMemorisedSecret, Tried,
    Typed,
};
use crate::place::{Method, SourceNetwork};
use crate::ports::{Reservation, Unavailable};

/// How many digits a code has where nobody says otherwise: those that are sent, and those that nobody has.
pub(super) const USUAL_DIGITS: usize = 6;

/// What was typed, taken apart.
struct Parts {
    secret: Secret<String>,
    code: Option<Secret<String>>,
}

/// What was found out about a memorised secret.
pub(super) struct Proved {
    pub(super) first: Result<First, Reason>,
    /// Whether a wrong one would have cost no more.
    pub(super) is_paid: bool,
}

/// Whose secret it is; the place of the guess is noted in the reservation.
pub(super) async fn prove(
    field: &Field<'_>,
    known: &Known,
    stored: Option<StoredMemorisedSecret>,
    reservation: &mut Option<Reservation>,
) -> Result<Proved, Unavailable> {
    let parts = Parts::of(field, known);
    let granted = stored.as_ref().map(|it| &it.record);
    if let Some(record) = granted.filter(|record| is_granted(field, known, record)) {
        // Its code was accepted; what counts as one is known by the whole text.
        let code = Some(parts.code.unwrap_or(Secret::new(String::new())));
        return Ok(Proved {
            first: Ok(of(record.clone(), code)),
            is_paid: false,
        });
    }
    let (hash, record) = match stored {
        Some(stored) => (stored.hash, Some(stored.record)),
        None => (SecretHash::of_nobody(), None),
    };
    let text = (&parts.secret, parts.code.as_ref());
    let network = SourceNetwork::from(field.at.source);
    let guess = Guess {
        tried: Tried::of(
            &field.rules.grants_key,
            (field.name, &network, record.as_ref()),
            text,
        ),
        budget: Budget::OfSecret,
    };
    let is_right = guess
        .judged(field, (&parts.secret, hash), reservation)
        .await?;
    let first = is_right.and_then(|is_right| {
        let record = record.filter(|_| is_right).ok_or(Reason::WrongSecret)?;
        Ok(of(record, parts.code))
    });
    Ok(Proved {
        first,
        is_paid: true,
    })
}

/// What an attempt costs that is refused for something else: as much as a wrong secret, as often, and no place of
/// anybody's secret. `false` where such a refusal looks as if the budget had no room.
pub(super) async fn as_of_nobody(
    field: &Field<'_>,
    reservation: &mut Option<Reservation>,
) -> Result<bool, Unavailable> {
    let network = SourceNetwork::from(field.at.source);
    let guess = Guess {
        tried: Tried::of(
            &field.rules.grants_key,
            (field.name, &network, None),
            (field.whole, None),
        ),
        budget: Budget::ForLooks,
    };
    let hash = SecretHash::of_nobody();
    let judged = guess
        .judged(field, (field.whole, hash), reservation)
        .await?;
    Ok(judged.is_ok())
}

/// A text that may have to be hashed.
struct Guess {
    tried: Tried,
    budget: Budget,
}

impl Guess {
    /// Whether it is right: as it was found before, or by its hash, where there is a place for it.
    async fn judged(
        self,
        field: &Field<'_>,
        (secret, hash): (&Secret<String>, SecretHash),
        reservation: &mut Option<Reservation>,
    ) -> Result<Result<bool, Reason>, Unavailable> {
        let place = SecretPlace {
            budget: self.budget,
            tried: Some(self.tried.clone()),
            ..SecretPlace::now(field.subject.clone(), field.source(), field.at.now)
        };
        match field.ports.secrets.reserve_secret(place.clone()).await? {
            Room::Full => return Ok(Err(Reason::TooManyFailures)),
            Room::Known { is_right } => return Ok(Ok(is_right)),
            Room::Taken => {}
        }
        let (hasher, typed) = (&field.ports.hasher, Typed::to_sign_in(secret));
        let is_right = match hasher.proves(typed, hash, field.queue()).await {
            Ok(is_right) => is_right,
            Err(error) => {
                field.had_no_turn().await?;
                return Err(error);
            }
        };
        if let Some(reservation) = reservation {
            let verdict = self.tried.tag(is_right).clone();
            reservation.secret = Some(Guessed { place, verdict });
        }
        Ok(Ok(is_right))
    }
}

fn of(record: MemorisedSecret, code: Option<Secret<String>>) -> First {
    First {
        kind: Kind::MemorisedSecret(record),
        code,
        reply_token: Ok(None),
    }
}

/// Whether what was typed opened something by that secret and a code, and is good for this client.
fn is_granted(field: &Field<'_>, known: &Known, record: &MemorisedSecret) -> bool {
    let client = (&field.at.client(), field.bound_to());
    known.grant.as_ref().is_some_and(|grant| {
        grant.credential == record.id
            && grant.account == record.account
            && grant.is_good(client, field.at.now)
    })
}

impl Parts {
    fn of(field: &Field<'_>, known: &Known) -> Self {
        let text = field.whole.expose();
        let digits = digits(text, &lengths(field, known));
        let is_alone = |account: &Account| {
            let asking = field.at.asking(field.at.channel);
            let policy = &field.rules.policy;
            policy.takes_alone(account, &asking, Method::MemorisedSecret)
        };
        let digits = digits.filter(|_| !field.account.is_some_and(is_alone));
        let at = digits.and_then(|digits| text.len().checked_sub(digits));
        let split = at.and_then(|at| text.split_at_checked(at));
        let (secret, code) = match split {
            Some((secret, code)) => (secret, Some(code)),
            None => (text.as_str(), None),
        };
        Self {
            secret: Secret::new(secret.to_owned()),
            code: code.map(|code| Secret::new(code.to_owned())),
        }
    }
}

/// How many digits the codes of an account have.
fn lengths(field: &Field<'_>, known: &Known) -> Vec<usize> {
    let account = field.account.map(|account| &account.id);
    let tokens = known.tokens.iter().map(|token| &token.record);
    let good = tokens.filter(|record| account.is_some_and(|it| record.is_good_for(it)));
    let mut lengths: Vec<usize> = good
        .map(|record| usize::from(record.digits.count()))
        .collect();
    if field.takes.sent || lengths.is_empty() {
        lengths.push(USUAL_DIGITS);
    }
    lengths
}

/// How many digits at the end are the code: all of them, where a code has so many; else as many as the longest code has
/// that fits, as the secret may end in digits, too.
fn digits(text: &str, lengths: &[usize]) -> Option<usize> {
    let run = digits_at_the_end(text);
    match lengths.contains(&run) {
        true => Some(run),
        false => lengths.iter().copied().filter(|it| *it < run).max(),
    }
}

/// How many digits stand at the end of what was typed.
pub(super) fn digits_at_the_end(text: &str) -> usize {
    let bytes = text.bytes().rev();
    bytes.take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_taken_apart_in_one_way() {
        for (text, lengths, expected) in [
            ("four horses123456", &[6][..], Some(6)),
            ("four horses12345678", &[6, 8], Some(8)),
            ("four horses123456", &[6, 8], Some(6)),
            ("winter2024123456", &[6], Some(6)),
            ("winter202412345678", &[6, 8], Some(8)),
            ("four horses", &[6], None),
            ("four horses12345", &[6], None),
            ("four horses1234567", &[8], None),
            ("four horses 123456", &[6], Some(6)),
            ("four horses123456 ", &[6], None),
            ("\u{ff11}\u{ff12}123456", &[6], Some(6)),
            ("123456", &[6], Some(6)),
            ("", &[6], None),
        ] {
            assert_eq!(digits(text, lengths), expected, "{text} {lengths:?}");
        }
    }
}
