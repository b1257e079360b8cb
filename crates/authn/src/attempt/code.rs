//! A one-time code, typed behind an app password or a memorised secret: looked at after its place was taken, and spent by
//! the settlement.
//!
//! INVARIANT: where codes are taken at all, every attempt asks for a place, whoever is named and whatever is offered; one
//! is taken of somebody's only where nothing but the code is left to be judged, so that whoever has no secret of theirs
//! spends nothing of the owner's. Start at [`look`].

use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use super::field::{Field, Known};
use super::first::First;
use super::said::{is_fresh, owns_what_is_claimed};
use crate::account::Account;
use crate::audit::Reason;
use crate::credential::CredentialId;
use crate::credential::grant::{
    Bought, CLAIMED, Client, CodeSettlement, Grant, GrantKey, LONGEST, Spends,
};
use crate::credential::otp_token::{
    Acceptance, CodeFault, CodePlace, CodeReservation, CodesOf, Step, StoredOtpToken,
};
use crate::credential::sent_code::{BudgetPlace, ClientCode, SentFault};
use crate::lockout::Subject;
use crate::place::Method;
use crate::ports::Unavailable;
use crate::watch::TWO_PLACES;

/// How many digits may be a code at the end of what was typed.
const DIGITS: [usize; 3] = [6, 7, 8];

/// What was typed, taken apart in one way.
pub(super) struct Form {
    /// The app password.
    pub(super) secret: Secret<String>,
    /// The code behind it.
    pub(super) code: Option<Secret<String>>,
}

/// The ways in which what was typed may be an app password, with a code behind it or without.
///
/// SECURITY: as many are tried of every text, whether it ends in digits or not.
pub(super) fn forms(typed: &Secret<String>, takes_codes: bool) -> Vec<Form> {
    let text = typed.expose();
    let of = |secret: &str, code: Option<&str>| Form {
        secret: Secret::new(secret.to_owned()),
        code: code.map(|code| Secret::new(code.to_owned())),
    };
    let mut forms = vec![of(text, None)];
    let lengths = DIGITS.iter().filter(|_| takes_codes);
    forms.extend(lengths.map(|digits| {
        let at = text.len().checked_sub(*digits);
        let split = at.and_then(|at| text.split_at_checked(at));
        let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_digit());
        match split.filter(|(_, code)| is_code(code)) {
            Some((secret, code)) => of(secret, Some(code)),
            None => of(text, None),
        }
    }));
    forms
}

/// What was found out about a code.
pub(super) enum Second {
    /// None was typed behind a right secret, or none counts.
    Absent,
    /// It is right, or was not long ago.
    Right {
        settles: CodeSettlement,
        /// Which kind it is.
        method: Method,
        /// The token, or what stands for where it was sent.
        token: CredentialId,
        /// When it was accepted.
        proved: Timestamp,
        lasts: Timestamp,
    },
    /// It is wrong or spent.
    Wrong {
        settles: CodeSettlement,
        reason: Reason,
    },
}

/// Everything but the code is right.
struct Right<'a> {
    field: &'a Field<'a>,
    account: &'a Account,
    first: &'a First,
    code: &'a Secret<String>,
    key: GrantKey,
    /// By what it is known that the code was looked at.
    claimed: GrantKey,
    client: Client,
}

/// Which code was right.
enum Found {
    OfToken(CredentialId, Step),
    Sent(ClientCode),
}

/// Finds out about a code.
pub(super) async fn look(
    field: &Field<'_>,
    known: Known,
    first: Option<&First>,
) -> Result<Second, Unavailable> {
    let (tokens, now) = (&field.ports.otp_tokens, field.at.now);
    let mut granted = known.grant;
    let is_elsewhere = granted
        .as_ref()
        .is_some_and(|it| field.is_wrong_elsewhere(it));
    let right = first.and_then(|first| Right::of(field, first, known.key.clone()));
    // SECURITY: a code that was wrong for another client is a guess at this one's, and is claimed and counted as one.
    let right = right.map(|right| match is_elsewhere {
        true => right.of_this_client(),
        false => right,
    });
    let is_open = granted.as_ref().is_none_or(|it| it.is_claim(now)) || is_elsewhere;
    let claim = right.as_ref().filter(|_| is_open);
    let claim = claim.map(|right| right.grant(None, ends_after(now, CLAIMED), now));
    let place = place(field, (claim.is_some(), is_elsewhere));
    let reservation = tokens.reserve_code(place, claim).await?;
    let Some(right) = right else {
        return Ok(Second::Absent);
    };
    if !reservation.is_counted {
        // Another request with the same typed secret was faster: it may be decided meanwhile.
        granted = tokens.grant(&right.key).await?;
    }
    Ok(match granted.filter(|granted| !granted.is_claim(now)) {
        Some(_) if is_elsewhere && reservation.is_counted => {
            right.judge((Vec::new(), known.sent), reservation)
        }
        Some(granted) => right.known(granted),
        None => right.judge((known.tokens, known.sent), reservation),
    })
}

/// The places that are asked for: somebody's, or those of nobody at the same cost. Where nothing but the code of this
/// client is looked at, tokens lose none.
fn place(field: &Field<'_>, (is_somebodys, is_elsewhere): (bool, bool)) -> CodePlace {
    let of = |is_somebodys: bool| match is_somebodys {
        true => field.subject.clone(),
        false => Subject::Unknown(0),
    };
    let (source, now) = (field.source(), field.at.now);
    let guess = BudgetPlace::of_guess(&of(is_somebodys), source, now);
    let tokens = CodesOf::Subject(of(is_somebodys && !is_elsewhere));
    CodePlace {
        guess: Some(guess).filter(|_| field.takes.sent),
        ..CodePlace::now(tokens, source, now)
    }
}

fn ends_after(now: Timestamp, lasts: SignedDuration) -> Timestamp {
    now.checked_add(lasts).unwrap_or(now)
}

impl<'a> Right<'a> {
    /// What is left to be judged by the code alone.
    fn of(field: &'a Field<'a>, first: &'a First, key: GrantKey) -> Option<Self> {
        let (account, code) = field.account.zip(first.code.as_ref())?;
        let at = field.at;
        let right = Self {
            field,
            account,
            first,
            code,
            claimed: key.clone(),
            key,
            client: at.client(),
        };
        let is_right = account.may_sign_in().is_ok()
            && first.usable(at).is_ok()
            && (right.takes(Method::OneTimeCode) || right.takes(Method::SentCode))
            && owns_what_is_claimed(account, at).is_ok()
            && is_fresh(account, at).is_ok();
        is_right.then_some(right)
    }

    /// The same, where it is known for this client alone that the code was looked at.
    fn of_this_client(self) -> Self {
        let (key, owner) = (&self.field.rules.grants_key, &self.account.id);
        let client = self.field.at.source.into();
        let claimed = GrantKey::of_client(key, (owner, &client), self.field.whole);
        Self { claimed, ..self }
    }

    /// Whether a code of a kind would be enough, if it were right.
    fn takes(&self, code: Method) -> bool {
        self.is_enough(code, self.field.at.now).is_ok()
    }

    /// Until when it is enough with a code that was accepted at a time.
    fn is_enough(&self, code: Method, accepted: Timestamp) -> Result<Option<Timestamp>, Reason> {
        let (rules, at) = (self.field.rules, self.field.at);
        let with_code = Some((code, accepted));
        self.first.is_enough((self.account, with_code), rules, at)
    }

    /// What was typed is known.
    fn known(self, known: Grant) -> Second {
        let is_its_own =
            known.account == self.account.id && known.credential == *self.first.credential();
        let is_good =
            is_its_own && known.is_good((&self.client, self.field.bound_to()), self.field.at.now);
        // A device that goes on sending what was right once is no second place of a code that is right now.
        let was_right_lately =
            known.token.is_some() && self.field.at.now.duration_since(known.made) <= TWO_PLACES;
        let reason = match was_right_lately {
            true => Reason::CodeSpent,
            false => Reason::CodeAgain,
        };
        let good = known.token.clone().filter(|_| is_good);
        let good = good.ok_or(reason).and_then(|token| {
            let method = match token.is_destination() {
                true => Method::SentCode,
                false => Method::OneTimeCode,
            };
            self.is_enough(method, known.made).map(|_| (method, token))
        });
        match good {
            Ok((method, token)) => Second::Right {
                method,
                token,
                proved: known.made,
                lasts: known.ends,
                settles: CodeSettlement::Uses(Box::new((known, None))),
            },
            Err(reason) => Second::Wrong {
                settles: CodeSettlement::Again(self.key, None),
                reason,
            },
        }
    }

    /// The code is compared with those of the tokens whose budgets had room, and with the one that was sent; all of them,
    /// whichever is right.
    fn judge(
        self,
        (tokens, sent): (Vec<StoredOtpToken>, Option<ClientCode>),
        reservation: CodeReservation,
    ) -> Second {
        let now = self.field.at.now;
        let takes_sent = self.field.takes.sent && self.takes(Method::SentCode);
        let of_token = self.of_token(tokens, &reservation);
        let of_sent = self.of_sent(sent, (takes_sent, &reservation));
        let found = match (of_sent, of_token) {
            (Ok(sent), _) => Ok(Found::Sent(sent)),
            (_, Ok((token, step))) => Ok(Found::OfToken(token, step)),
            (Err(sent), Err(token)) => Err(match (token, sent) {
                // Where none was sent, none is right.
                (Reason::NoToken | Reason::WrongCode, sent) if takes_sent => sent,
                (token, _) => token,
            }),
        };
        match found {
            Ok(found) => self.right(found, reservation),
            // Nothing was looked at.
            Err(reason @ (Reason::NoToken | Reason::TooManyCodes)) => Second::refused(reason),
            Err(reason) => {
                let remembered = self.grant(None, now, now);
                let settles = CodeSettlement::Remembers(Box::new(remembered));
                Second::Wrong { settles, reason }
            }
        }
    }

    fn of_token(
        &self,
        tokens: Vec<StoredOtpToken>,
        reservation: &CodeReservation,
    ) -> Result<(CredentialId, Step), Reason> {
        let is_good = |token: &StoredOtpToken| token.record.is_good_for(&self.account.id);
        let mut good = tokens.into_iter().filter(is_good).peekable();
        if good.peek().is_none() || !self.takes(Method::OneTimeCode) {
            return Err(Reason::NoToken);
        }
        let has_room = |token: &StoredOtpToken| reservation.tokens.contains(&token.record.id);
        let looked_at: Vec<StoredOtpToken> = good.filter(has_room).collect();
        if looked_at.is_empty() {
            return Err(Reason::TooManyCodes);
        }
        let (code, now) = (self.code.expose(), self.field.at.now);
        let judged: Vec<_> = looked_at
            .iter()
            .map(|token| (&token.record.id, token.judge(code, now)))
            .collect();
        let is_spent = judged.iter().any(|(_, it)| *it == Err(CodeFault::Spent));
        let right = judged.into_iter().find_map(|(id, it)| Some((id, it.ok()?)));
        let right = right.map(|(id, step)| (id.clone(), step));
        right.ok_or(match is_spent {
            true => Reason::CodeSpent,
            false => Reason::WrongCode,
        })
    }

    fn of_sent(
        &self,
        sent: Option<ClientCode>,
        (takes_sent, reservation): (bool, &CodeReservation),
    ) -> Result<ClientCode, Reason> {
        let (code, now) = (self.code.expose(), self.field.at.now);
        let key = &self.field.rules.grants_key;
        let judged = ClientCode::judge(sent.as_ref(), key, code, now);
        match (judged, sent) {
            _ if !takes_sent => Err(Reason::WrongCode),
            _ if !reservation.may_guess => Err(Reason::TooManyCodes),
            (Ok(()), Some(sent)) => Ok(sent),
            (Err(SentFault::Ended), Some(_)) => Err(Reason::CodeEnded),
            (_, Some(_) | None) => Err(Reason::WrongCode),
        }
    }

    fn right(self, found: Found, reservation: CodeReservation) -> Second {
        let now = self.field.at.now;
        let (method, token, spends) = match found {
            Found::OfToken(token, step) => {
                let acceptance = Acceptance {
                    reservation,
                    token: token.clone(),
                    account: Some(self.account.id.clone()),
                    step,
                };
                (Method::OneTimeCode, token, Spends::OfToken(acceptance))
            }
            Found::Sent(sent) => {
                let destination = sent.destination();
                (
                    Method::SentCode,
                    destination,
                    Spends::Sent(sent, reservation),
                )
            }
        };
        let lasts = ends_after(now, LONGEST);
        // SECURITY: who cannot be known again as the policy wants it comes in this once, and has no grant: what was typed is
        // known as spent.
        let grant_ends = match self.field.bound_to().knows(&self.client) {
            true => lasts,
            false => now,
        };
        let grant = Grant {
            key: self.key.clone(),
            ..self.grant(Some(token.clone()), grant_ends, now)
        };
        Second::Right {
            settles: CodeSettlement::Buys(Box::new(Bought { spends, grant })),
            method,
            token,
            proved: now,
            lasts,
        }
    }

    fn grant(&self, token: Option<CredentialId>, ends: Timestamp, made: Timestamp) -> Grant {
        Grant {
            key: self.claimed.clone(),
            account: self.account.id.clone(),
            credential: self.first.credential().clone(),
            token,
            client: self.client.clone(),
            made,
            used: made,
            ends,
        }
    }
}

impl Second {
    fn refused(reason: Reason) -> Self {
        let settles = CodeSettlement::OfNobody;
        Self::Wrong { settles, reason }
    }

    /// What the settlement does about the code.
    pub(super) fn settles(&self) -> CodeSettlement {
        match self {
            Self::Absent => CodeSettlement::None,
            Self::Right { settles, .. } | Self::Wrong { settles, .. } => settles.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(text: &str, takes_codes: bool) -> Vec<(String, Option<String>)> {
        let forms = forms(&Secret::new(text.to_owned()), takes_codes).into_iter();
        let shown = |form: Form| {
            let code = form.code.map(|code| code.expose().clone());
            (form.secret.expose().clone(), code)
        };
        forms.map(shown).collect()
    }

    #[test]
    fn the_last_digits_are_the_code_and_nothing_else_is() {
        let alone = |text: &str| (text.to_owned(), None);
        let split = |secret: &str, code: &str| (secret.to_owned(), Some(code.to_owned()));
        let text = "ab212345678";
        assert_eq!(
            taken_apart(text, true),
            [
                alone(text),
                split("ab212", "345678"),
                split("ab21", "2345678"),
                split("ab2", "12345678"),
            ]
        );
        assert_eq!(taken_apart(text, false), [alone(text)]);
        for text in [
            "",
            "12345",
            "ab 12345",
            "ab12345 ",
            "ab-12345",
            "\u{ff11}23456\u{e9}",
        ] {
            assert_eq!(taken_apart(text, true), vec![alone(text); 4], "{text}");
        }
        assert_eq!(taken_apart("123456", true)[1], split("", "123456"));
    }
}
