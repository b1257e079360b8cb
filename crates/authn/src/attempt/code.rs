//! A one-time code, typed behind an app password: looked at after its place was taken, and spent by the settlement.
//!
//! INVARIANT: where codes are taken at all, every attempt makes the same three port calls more, whoever is named and
//! whatever is offered; a place is taken of somebody's tokens only where nothing but the code is left to be judged,
//! so that whoever has no app password of theirs spends nothing of the owner's. Start at [`look`].

use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use super::said::{is_fresh, owns_what_is_claimed};
use super::{Circumstances, Ports, Rules};
use crate::account::Account;
use crate::audit::Reason;
use crate::credential::CredentialId;
use crate::credential::app_password::AppPassword;
use crate::credential::grant::{CLAIMED, Client, CodeSettlement, Grant, GrantKey, LONGEST};
use crate::credential::otp_token::{
    Acceptance, CodeFault, CodePlace, CodeReservation, CodesOf, Source, StoredOtpToken,
};
use crate::lockout::Subject;
use crate::place::Method;
use crate::policy;
use crate::ports::Unavailable;

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

/// Who typed what, and where they are known.
pub(super) struct Typed<'a> {
    pub(super) subject: &'a Subject,
    pub(super) account: Option<&'a Account>,
    pub(super) whole: &'a Secret<String>,
    /// The app password that was proved, and the code that was typed behind it.
    pub(super) proved: Option<(&'a AppPassword, &'a Secret<String>)>,
    pub(super) source: Source,
}

/// What was found out about a code.
pub(super) enum Second {
    /// None was typed behind a right app password, or none counts.
    Absent,
    /// It is right, or was not long ago.
    Right {
        settles: CodeSettlement,
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
    account: &'a Account,
    password: &'a AppPassword,
    code: &'a Secret<String>,
    key: GrantKey,
    client: Client,
    rules: &'a Rules,
}

/// Finds out about a code.
pub(super) async fn look(
    ports: &Ports,
    rules: &Rules,
    typed: Typed<'_>,
    at: &Circumstances,
) -> Result<Second, Unavailable> {
    let owner = typed.account.map(|account| &account.id);
    let key = GrantKey::of(&rules.grants_key, owner, typed.whole);
    let tokens = ports.otp_tokens.otp_tokens_of(typed.subject).await?;
    let mut known = ports.otp_tokens.grant(&key).await?;
    let right = typed.right(rules, key, at);
    let is_open = |known: &Option<Grant>| known.as_ref().is_none_or(|it| it.is_claim(at.now));
    let looked_at = right.as_ref().filter(|_| is_open(&known));
    let claim = looked_at.map(|right| right.grant(None, ends_after(at.now, CLAIMED), at.now));
    let of = match &claim {
        Some(_) => typed.subject.clone(),
        // It costs the same and takes no place.
        None => Subject::Unknown(0),
    };
    let place = CodePlace::now(CodesOf::Subject(of), typed.source, at.now);
    let reservation = ports.otp_tokens.reserve_code(place, claim).await?;
    let Some(right) = right else {
        return Ok(Second::Absent);
    };
    if !reservation.is_counted {
        // Another request with the same typed secret was faster: it may be decided meanwhile.
        known = ports.otp_tokens.grant(&right.key).await?;
    }
    Ok(match known.filter(|known| !known.is_claim(at.now)) {
        Some(known) => right.known(known, at),
        None => right.judge(tokens, reservation, at),
    })
}

fn ends_after(now: Timestamp, lasts: SignedDuration) -> Timestamp {
    now.checked_add(lasts).unwrap_or(now)
}

impl<'a> Typed<'a> {
    /// What is left to be judged by the code alone.
    fn right(&self, rules: &'a Rules, key: GrantKey, at: &Circumstances) -> Option<Right<'a>> {
        let (account, (password, code)) = self.account.zip(self.proved)?;
        let right = Right {
            account,
            password,
            code,
            key,
            client: at.source.into(),
            rules,
        };
        let is_right = account.may_sign_in().is_ok()
            && password.usable(&at.service, at.now).is_ok()
            && right.is_enough(at.now, at).is_ok()
            && owns_what_is_claimed(account, at).is_ok()
            && is_fresh(account, at).is_ok();
        is_right.then_some(right)
    }
}

impl Right<'_> {
    /// Until when it is enough with a code that was accepted at a time.
    fn is_enough(
        &self,
        accepted: Timestamp,
        at: &Circumstances,
    ) -> Result<Option<Timestamp>, Reason> {
        let both = [Method::AppPassword, Method::OneTimeCode].into();
        let shown = policy::Proved {
            methods: &both,
            made: Some(self.password.created),
            second_factor: Some(accepted),
        };
        let asking = at.asking(at.channel);
        self.rules
            .policy
            .judge(self.account, &asking, &shown, at.now)
    }

    /// What was typed is known.
    fn known(self, known: Grant, at: &Circumstances) -> Second {
        let is_its_own = known.account == self.account.id && known.credential == self.password.id;
        let is_good = is_its_own && known.is_good(&self.client, at.now);
        let good = known.token.clone().filter(|_| is_good);
        let good = good.ok_or(Reason::CodeSpent);
        let good = good.and_then(|token| self.is_enough(known.made, at).map(|_| token));
        match good {
            Ok(token) => Second::Right {
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

    /// The code is compared with those of the tokens whose budgets had room.
    fn judge(
        self,
        tokens: Vec<StoredOtpToken>,
        reservation: CodeReservation,
        at: &Circumstances,
    ) -> Second {
        let is_good = |token: &StoredOtpToken| token.record.is_good_for(&self.account.id);
        let mut good = tokens.into_iter().filter(is_good).peekable();
        if good.peek().is_none() {
            return Second::refused(Reason::NoToken);
        }
        let has_room = |token: &StoredOtpToken| reservation.tokens.contains(&token.record.id);
        let looked_at: Vec<StoredOtpToken> = good.filter(has_room).collect();
        if looked_at.is_empty() {
            return Second::refused(Reason::TooManyCodes);
        }
        // All are compared, whichever is right.
        let code = self.code.expose();
        let judged: Vec<_> = looked_at
            .iter()
            .map(|token| (&token.record.id, token.judge(code, at.now)))
            .collect();
        let is_spent = judged.iter().any(|(_, it)| *it == Err(CodeFault::Spent));
        let right = judged.into_iter().find_map(|(id, it)| Some((id, it.ok()?)));
        let Some((token, step)) = right else {
            let reason = match is_spent {
                true => Reason::CodeSpent,
                false => Reason::WrongCode,
            };
            let remembered = self.grant(None, at.now, at.now);
            let settles = CodeSettlement::Remembers(Box::new(remembered));
            return Second::Wrong { settles, reason };
        };
        let (account, token) = (Some(self.account.id.clone()), token.clone());
        let acceptance = Acceptance {
            reservation,
            token: token.clone(),
            account,
            step,
        };
        let lasts = ends_after(at.now, LONGEST);
        let grant = self.grant(Some(token.clone()), lasts, at.now);
        Second::Right {
            settles: CodeSettlement::Buys(Box::new((acceptance, grant))),
            token,
            proved: at.now,
            lasts,
        }
    }

    fn grant(&self, token: Option<CredentialId>, ends: Timestamp, made: Timestamp) -> Grant {
        Grant {
            key: self.key.clone(),
            account: self.account.id.clone(),
            credential: self.password.id.clone(),
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
        let settles = CodeSettlement::None;
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
