//! `keep_me_signed_in` of `[sts]`: whether people may ask to stay signed in, and for how long.

use authn::place::{Service, Zone};
use authn::policy::Policy;
use authn::session::{KeepMeSignedIn, LONGEST_STAY, SHORTEST_STAY, STAYS};
use authn::sign_in::{Purpose, Requirement};
use jiff::{SignedDuration, Timestamp};
use toml::Spanned;

use super::{Understanding, length_of};
use crate::config::ConfigError;
use crate::config::written::Written;

/// What is wrong with a key that says how, where nobody may.
const OFF: &str = "nobody may stay signed in; add `keep_me_signed_in = true`, or take this away";

impl Understanding<'_> {
    /// Whether people may stay signed in; what is not right is refused where it is off, too.
    pub(super) fn keep_me_signed_in(
        &self,
        written: &Written,
    ) -> Result<Option<KeepMeSignedIn>, ConfigError> {
        let Some(sts) = &written.sts else {
            return Ok(None);
        };
        let (lifetime, cutoff) = (
            &sts.keep_me_signed_in_lifetime,
            &sts.keep_me_signed_in_cutoff,
        );
        if !sts.keep_me_signed_in {
            let mut given = [lifetime, cutoff].into_iter().flatten();
            return match given.next() {
                Some(key) => Err(self.error(key, OFF)),
                None => Ok(None),
            };
        }
        let lifetime = lifetime.as_ref().map(|it| self.stay(it));
        let cutoff = cutoff.as_ref().map(|it| self.cutoff(it));
        Ok(Some(KeepMeSignedIn {
            lifetime: lifetime.transpose()?.unwrap_or(STAYS),
            cutoff: cutoff.transpose()?,
        }))
    }

    fn stay(&self, written: &Spanned<String>) -> Result<SignedDuration, ConfigError> {
        let typed = written.get_ref();
        let length = length_of(typed).ok_or_else(|| {
            let message = format!("`{typed}` is not a length of time such as `24 hours`");
            self.error(written, &message)
        })?;
        match (SHORTEST_STAY..=LONGEST_STAY).contains(&length) {
            true => Ok(length),
            false => {
                let message = format!(
                    "`{typed}` is not from {} hour to {} days",
                    SHORTEST_STAY.as_hours(),
                    LONGEST_STAY.as_hours() / 24
                );
                Err(self.error(written, &message))
            }
        }
    }

    fn cutoff(&self, written: &Spanned<String>) -> Result<Timestamp, ConfigError> {
        let typed = written.get_ref();
        typed.parse().map_err(|_| {
            let message = format!("`{typed}` is not a time such as `2026-12-01T08:00:00Z`");
            self.error(written, &message)
        })
    }
}

/// Where nobody can stay signed in, whatever they ask for.
pub(super) fn warning(policy: &Policy, may: KeepMeSignedIn) -> Option<String> {
    let zones = [Zone::EXTERNAL, Zone::INTERNAL];
    let both = Some(Requirement::SecretAndCode);
    let parties = policy.parties();
    let is_asked_for = |zone: &Zone| {
        parties.iter().any(|party| {
            let purpose = Purpose {
                service: &Service::STS,
                party: party.as_ref(),
            };
            Requirement::of(policy, zone, purpose) == both
        })
    };
    if !zones.iter().any(is_asked_for) {
        return Some(
            "`keep_me_signed_in` has no effect: nobody signs in for other parties (`sts`) by a secret and a code, and nobody \
             stays signed in by less"
                .to_owned(),
        );
    }
    let freshest = policy
        .rules
        .iter()
        .filter(|rule| rule.services.is_empty() || rule.services.contains(&Service::STS));
    let freshest = freshest.filter_map(|rule| rule.fresh).min();
    let freshest = freshest.filter(|fresh| *fresh < may.lifetime)?;
    Some(format!(
        "`keep_me_signed_in_lifetime` is {} minutes, and a [[policy]] for `sts` wants a second factor of the last {} minutes \
         (`fresh`): whoever stays signed in is asked again by then",
        may.lifetime.as_mins(),
        freshest.as_mins()
    ))
}
