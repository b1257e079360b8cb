//! What a partner signed, by SHA-2 or by the SHA-1 that its trust has until a date.
//!
//! SECURITY: SHA-2 is tried first and alone; SHA-1 is taken where it is what was wanting, and is then written down. Start at
//! [`verified`].

use authn::audit::{Kind, shown_name};
use jiff::Timestamp;
use xml::{Partner, Policy, SignatureError, VerifyingKeys};

use crate::trust::Sha1Until;

/// By what something was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignedBy {
    /// By SHA-2.
    Sha2,
    /// By SHA-1, which is believed of this partner until a date.
    Sha1(Sha1Until),
}

impl SignedBy {
    /// Until when it is believed; nothing of SHA-2, which has no end.
    pub(super) fn until(self) -> Option<Sha1Until> {
        match self {
            Self::Sha2 => None,
            Self::Sha1(until) => Some(until),
        }
    }
}

/// What the audit says of a partner that calls itself so and is believed by SHA-1 until then.
pub(super) fn told(partner: &str, until: Sha1Until) -> Kind {
    Kind::BelievedBySha1 {
        partner: shown_name(partner, ""),
        until: until.to_string(),
    }
}

/// What a check of a signature gives, and by what it was signed.
///
/// # Errors
///
/// No key of the partner signed it, or by what it may not sign with.
pub(super) fn verified<T>(
    (keys, until): (&impl VerifyingKeys, Option<Sha1Until>),
    now: Timestamp,
    verify: impl Fn(&Partner<'_>) -> Result<T, SignatureError>,
) -> Result<(T, SignedBy), SignatureError> {
    let by = |policy: &Policy| verify(&Partner { keys, policy, now });
    match (by(&Policy::default()), until) {
        (Err(SignatureError::Sha1 { .. }), Some(until)) => {
            let verified = by(&until.policy())?;
            Ok((verified, SignedBy::Sha1(until)))
        }
        (verified, _) => Ok((verified?, SignedBy::Sha2)),
    }
}
