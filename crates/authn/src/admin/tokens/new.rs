//! How tokens come: one by one, with a seed that is made here, or many at once from elsewhere.
//!
//! Start at [`enrol`] and [`import`].

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use proto::otp::{Algorithm, Digits, KeyUri, Moving, Period, Seed};
use zeroize::Zeroize;

use super::{TokenError, event, has_room};
use crate::account::{Account, AccountId};
use crate::admin::is_label;
use crate::attempt::Ports;
use crate::audit::{ByHand, Event, Kind, TokenAct};
use crate::credential::CredentialId;
use crate::credential::otp_token::{MAX_STEP, OtpToken, StoredOtpToken, TokenKind, TokenState};
use crate::place::ActivityId;
use crate::ports::Adding;

/// How many tokens one import may bring.
pub const MAX_IMPORT: usize = 200_000;

/// What is asked of a token whose seed is made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolling {
    /// What it is called.
    pub label: String,
    /// Who gives it out, as the phone shows it.
    pub issuer: String,
    /// What moves it on.
    pub kind: TokenKind,
    /// The hash function under its codes.
    pub algorithm: Algorithm,
    /// How many digits its codes have.
    pub digits: Digits,
}

/// The fresh random bytes of a new token; its id tells nothing of its seed.
#[derive(Clone)]
pub struct TokenRandomness {
    /// For the id.
    pub id: [u8; 16],
    /// For the seed.
    pub seed: [u8; 20],
}

impl Drop for TokenRandomness {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

/// A token whose seed was made elsewhere.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What is printed on it.
    pub serial: Option<String>,
    /// Whose it shall be.
    pub account: Option<AccountId>,
    /// What it is called.
    pub label: String,
    /// What moves it on.
    pub kind: TokenKind,
    /// The hash function under its codes.
    pub algorithm: Algorithm,
    /// How many digits its codes have.
    pub digits: Digits,
    /// The lowest step or counter that is not spent.
    pub next: u64,
    /// The seed.
    pub seed: Seed,
}

/// Whether an import stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// It is only seen whether it could be made.
    Dry,
    /// It is made.
    Kept,
}

/// A token as every phone can be one: the time, half a minute, six digits.
#[must_use]
pub fn of_a_phone(label: String, issuer: String) -> Enrolling {
    Enrolling {
        label,
        issuer,
        kind: TokenKind::Totp {
            period: Period::HALF_A_MINUTE,
        },
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
    }
}

/// Makes a token for an account; its seed leaves this program once, in the URI. It waits for its first code.
///
/// # Errors
///
/// The label is unusable, the account has too many, or the store is away.
pub async fn enrol(
    ports: &Ports,
    account: &Account,
    order: Enrolling,
    by: &ByHand,
    random: TokenRandomness,
) -> Result<(OtpToken, KeyUri), TokenError> {
    if !is_label(&order.label) || !is_label(&order.issuer) {
        return Err(TokenError::UnusableLabel);
    }
    has_room(ports, &account.id, 1).await?;
    let seed = Seed::made_from(random.seed);
    let record = OtpToken {
        id: CredentialId(ActivityId::from(random.id).0),
        serial: None,
        account: Some(account.id.clone()),
        label: order.label,
        kind: order.kind,
        algorithm: order.algorithm,
        digits: order.digits,
        state: TokenState::Pending,
        created: by.at,
        last_used: None,
        next: 0,
        offset: 0,
        drift: 0,
        failures: 0,
    };
    let uri = KeyUri {
        issuer: Some(order.issuer),
        name: account.upn.clone(),
        seed: seed.clone(),
        algorithm: record.algorithm,
        digits: record.digits,
        moving: match record.kind {
            TokenKind::Totp { period } => Moving::Time(period),
            TokenKind::Hotp => Moving::Counter(0),
        },
    };
    let event = event(by, &record, TokenAct::Enrolled);
    let token = StoredOtpToken {
        record: record.clone(),
        seed,
    };
    let adding = Adding::For(vec![event]);
    ports
        .otp_tokens
        .add_otp_tokens(vec![token], adding)
        .await??;
    Ok((record, uri))
}

/// Brings tokens whose seeds were made elsewhere, all or none, ready to be used; gives how many.
///
/// # Errors
///
/// A token is not fit, a serial number is another's or stands twice, an account is not there or would have too many,
/// or the store is away. Nothing was changed then.
pub async fn import(
    ports: &Ports,
    tokens: Vec<NewToken>,
    trial: Trial,
    by: &ByHand,
    random: [u8; 32],
) -> Result<u32, TokenError> {
    let count = u32::try_from(tokens.len()).ok();
    let count = count.filter(|_| tokens.len() <= MAX_IMPORT);
    let count = count.ok_or(TokenError::TooManyAtOnce)?;
    let mut owners: BTreeMap<&AccountId, usize> = BTreeMap::new();
    for token in &tokens {
        let is_named = token.serial.as_deref().is_none_or(is_label) && is_label(&token.label);
        if !is_named {
            return Err(TokenError::UnusableLabel);
        }
        if token.next > MAX_STEP {
            return Err(TokenError::CounterTooHigh);
        }
        if let Some(account) = &token.account {
            *owners.entry(account).or_default() += 1;
        }
    }
    for (account, more) in owners {
        let is_there = ports.accounts.by_id(account).await?.is_some();
        is_there.then_some(()).ok_or(TokenError::NoSuchAccount)?;
        has_room(ports, account, more).await?;
    }
    let ids = hmac::Key::new(hmac::HMAC_SHA256, &random);
    let tokens: Vec<StoredOtpToken> = (0_u32..)
        .zip(tokens)
        .map(|(index, token)| imported(token, &ids, index, by))
        .collect();
    let adding = match trial {
        Trial::Dry => Adding::OnTrial,
        Trial::Kept => Adding::For(said_of(&tokens, count, by)),
    };
    ports.otp_tokens.add_otp_tokens(tokens, adding).await??;
    Ok(count)
}

fn imported(token: NewToken, ids: &hmac::Key, index: u32, by: &ByHand) -> StoredOtpToken {
    let tag = hmac::sign(ids, &index.to_be_bytes());
    let random: [u8; 16] = tag.as_ref().first_chunk().copied().unwrap_or_default();
    let record = OtpToken {
        id: CredentialId(ActivityId::from(random).0),
        serial: token.serial,
        account: token.account,
        label: token.label,
        kind: token.kind,
        algorithm: token.algorithm,
        digits: token.digits,
        state: TokenState::Active,
        created: by.at,
        last_used: None,
        next: token.next,
        offset: 0,
        drift: 0,
        failures: 0,
    };
    let seed = token.seed;
    StoredOtpToken { record, seed }
}

/// What is audited of an import: that it was, and to whom a token was given with it.
fn said_of(tokens: &[StoredOtpToken], count: u32, by: &ByHand) -> Vec<Event> {
    let imported = Kind::OtpTokensImported { tokens: count };
    let given = tokens.iter().filter(|it| it.record.account.is_some());
    let given = given.map(|it| event(by, &it.record, TokenAct::Assigned));
    let mut events = vec![Event::by_hand(by, imported, None)];
    events.extend(given);
    events
}
