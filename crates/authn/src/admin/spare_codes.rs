//! What the help desk does for somebody who has no token at hand: gives them a temporary code, shown once, or takes it
//! back. Nobody can read a code that was made.

use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use crate::account::Account;
use crate::audit::{ByHand, Event, Kind};
use crate::credential::CredentialId;
use crate::credential::spare_code::{
    LONGEST, MOST_USES, SpareCode, SpareKind, StoredSpareCode, Typed,
};
use crate::place::ActivityId;
use crate::ports::{SpareCodes, Unavailable};

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpareCodeError {
    /// It would last too long, or not at all.
    #[error("a temporary code lasts from a minute to {} hours", LONGEST.as_hours())]
    Lasting,
    /// It could be used too often, or not at all.
    #[error("a temporary code is used from once to {MOST_USES} times")]
    Uses,
    /// Whoever has it could not sign in.
    #[error("the account may not sign in; `wicketgate user enable` releases it")]
    MayNotSignIn,
    /// There is none.
    #[error("the account has no temporary code")]
    None,
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a temporary code shall be.
#[derive(Clone, Copy, Debug)]
pub struct TemporaryOrder {
    /// How long it lasts.
    pub lasting: SignedDuration,
    /// How often it may be used.
    pub uses: u32,
}

/// The fresh random bytes of a code.
#[derive(Clone, Copy)]
pub struct SpareRandomness {
    /// For the id.
    pub id: [u8; 16],
    /// For the code.
    pub code: [u8; 16],
}

/// Makes a temporary code in the place of the one before; its text is given once, with its end.
///
/// # Errors
///
/// It would have no end or one too far, the account may not sign in, or the store is away.
pub async fn give_temporary_code(
    codes: &dyn SpareCodes,
    account: &Account,
    order: TemporaryOrder,
    by: &ByHand,
    random: SpareRandomness,
) -> Result<(Secret<String>, Timestamp), SpareCodeError> {
    let may_last = SignedDuration::from_mins(1)..=LONGEST;
    let ends = by.at.checked_add(order.lasting).ok();
    // SECURITY: there is none without an end.
    let ends = ends.filter(|_| may_last.contains(&order.lasting));
    let ends = ends.ok_or(SpareCodeError::Lasting)?;
    if !(1..=MOST_USES).contains(&order.uses) {
        return Err(SpareCodeError::Uses);
    }
    let may_sign_in = account.may_sign_in();
    may_sign_in.map_err(|_| SpareCodeError::MayNotSignIn)?;
    let record = SpareCode {
        id: CredentialId(ActivityId::from(random.id).0),
        account: account.id.clone(),
        kind: SpareKind::Temporary,
        made: by.at,
        ends: Some(ends),
        uses: order.uses,
    };
    let kind = Kind::TemporaryCodeMade {
        code: record.id.clone(),
        ends,
        uses: order.uses,
    };
    let event = Event::by_hand(by, kind, Some(account.id.clone()));
    let (stored, shown) = made(record, random.code);
    let codes_of = (&account.id, SpareKind::Temporary);
    codes.set_spare_codes(codes_of, vec![stored], event).await?;
    Ok((shown, ends))
}

/// Takes a temporary code back that was given.
///
/// # Errors
///
/// There is none, or the store is away.
pub async fn end_temporary_code(
    codes: &dyn SpareCodes,
    account: &Account,
    by: &ByHand,
) -> Result<(), SpareCodeError> {
    let event = Event::by_hand(by, Kind::TemporaryCodeEnded, Some(account.id.clone()));
    let codes_of = (&account.id, SpareKind::Temporary);
    let is_ended = codes.set_spare_codes(codes_of, Vec::new(), event).await?;
    is_ended.then_some(()).ok_or(SpareCodeError::None)
}

/// A code as the store keeps it, and as its owner is shown it.
pub(crate) fn made(record: SpareCode, random: [u8; 16]) -> (StoredSpareCode, Secret<String>) {
    let code = Typed::fresh(record.kind, random);
    let hash = code.hash(&record.id);
    (StoredSpareCode { record, hash }, code.shown())
}
