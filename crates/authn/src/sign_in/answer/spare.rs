//! A spare code on the page that asks for a code: a recovery code, or one that the help desk gave.

use super::{Asking, Named};
use crate::audit::{Kind, Reason};
use crate::credential::memorised_secret::SecretPlace;
use crate::credential::spare_code::{self, SpareCode, SpareFault, SpareUse, Typed};
use crate::lockout::Subject;
use crate::ports::Unavailable;

use super::super::{Completion, Outcome, SecretProved, familiarity};

impl Asking<'_> {
    /// INVARIANT: as with the codes of tokens, where the secret was wrong they are looked for as of nobody.
    pub(super) async fn spare(
        &self,
        (name, named): (&str, Named),
        proved: Option<&SecretProved>,
        typed: &Typed,
        random: [u8; 32],
    ) -> Result<Outcome, Unavailable> {
        let (codes, at) = (&self.ports.spare_codes, self.at);
        let subject = match proved {
            Some(_) => named.subject.clone(),
            None => Subject::Unknown(0),
        };
        let stored = codes.spare_codes_of(&subject).await?;
        let source = familiarity(named.reservation.counts.source_is_familiar);
        let place = SecretPlace::now(subject, source, at.now);
        let has_room = codes.reserve_spare(place.clone()).await?;
        let method = typed.kind.method();
        let judged = match has_room {
            true => spare_code::judge(&stored, typed, at.now).map_err(reason),
            false => Err(Reason::TooManyCodes),
        };
        let accepted = match (proved, named.account.as_ref()) {
            (None, _) | (_, None) => Err(Reason::WrongSecret),
            (Some(proved), Some(account)) => judged.and_then(|code| {
                self.may_sign_in_by(account, proved, method)?;
                let left = stored
                    .iter()
                    .filter(|it| it.record.kind == code.kind && it.record.uses > 0);
                let left = left.count().saturating_sub(1);
                Ok(self.by_spare(proved, (&named, code, left), place, random))
            }),
        };
        self.judged_code((name, &named), proved, accepted, random)
            .await
    }

    fn by_spare(
        &self,
        proved: &SecretProved,
        (named, code, left): (&Named, &SpareCode, usize),
        place: SecretPlace,
        random: [u8; 32],
    ) -> Completion {
        let method = code.kind.method();
        let kind = Kind::SpareCodeUsed {
            code: code.id.clone(),
            method,
            left: u32::try_from(left).unwrap_or(u32::MAX),
        };
        let account = Some(proved.account.clone());
        let event = self.at.event(kind, &self.sign_in.service, account);
        let places = vec![proved.place(), named.reservation.place.clone()];
        let mut completion = self.completion(proved, (places, None), random);
        completion.session.methods = vec![proved.method, method];
        completion.session.stays = None;
        completion.spare = Some(SpareUse {
            code: code.id.clone(),
            place,
            event,
        });
        completion
    }
}

fn reason(fault: SpareFault) -> Reason {
    match fault {
        SpareFault::Wrong => Reason::WrongCode,
        SpareFault::Spent => Reason::CodeSpent,
        SpareFault::Ended => Reason::Expired,
    }
}
