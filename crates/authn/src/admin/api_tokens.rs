//! API tokens: what a help desk's portal or a script proves its role with, at the HTTP API.
//!
//! One is 256 random bits, shown once and known to the store by their digest alone. It has one role, it ends, and it is no
//! credential of any account: it opens nothing that is published. Start at [`recognised`].

use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use serde::{Deserialize, Serialize};

use super::is_label;
use super::role::Role;
use crate::audit::{Actor, ByHand, Event, Kind};
use crate::credential::CredentialId;
use crate::handle::Handle;
use crate::place::ActivityId;
use crate::ports::{ApiTokens, Unavailable};

/// How long one lasts at the most.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);
/// How many there may be.
pub const MAX_API_TOKENS: usize = 100;
/// What each begins with, so that whoever finds one knows what it is.
const BEGINS: &str = "wicketgate-api-";

/// What is known of an API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Its immutable id.
    pub id: CredentialId,
    /// What it is called: the portal or the script that has it.
    pub label: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

impl ApiToken {
    /// Who does what is done with it, as the audit names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let (role, id, label) = (self.role.as_str(), &self.id.0, &self.label);
        Actor::named(&format!("api {role} {id} {label}"))
    }
}

/// What is asked of a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiToken {
    /// What it is called.
    pub label: String,
    /// What it may do.
    pub role: Role,
    /// How long it lasts.
    pub lasting: SignedDuration,
}

/// The fresh random bytes of a new one; its id tells nothing of it.
#[derive(Clone, Copy)]
pub struct ApiTokenRandomness {
    /// For the id.
    pub id: [u8; 16],
    /// For the token.
    pub token: [u8; 32],
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiTokenError {
    /// Nobody could tell it from another.
    #[error(
        "an API token needs a label of 1 to {} printable characters",
        super::MAX_LABEL
    )]
    UnusableLabel,
    /// It would last too long, or not at all.
    #[error("an API token lasts from a minute to {} days", LONGEST.as_hours() / 24)]
    Lasting,
    /// There are too many.
    #[error("there are {MAX_API_TOKENS} API tokens already; revoke one that is not used")]
    TooMany,
    /// There is none.
    #[error("no API token has that id; `wicketgate api-token list` shows them")]
    NoSuchToken,
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Makes one; its text is given once and kept nowhere.
///
/// # Errors
///
/// It has no label or would not end, there are too many, or the store is away.
pub async fn make(
    tokens: &dyn ApiTokens,
    new: NewApiToken,
    by: &ByHand,
    random: ApiTokenRandomness,
) -> Result<(ApiToken, Secret<String>), ApiTokenError> {
    if !is_label(&new.label) {
        return Err(ApiTokenError::UnusableLabel);
    }
    let may_last = SignedDuration::from_mins(1)..=LONGEST;
    let ends = by.at.checked_add(new.lasting).ok();
    // SECURITY: there is none without an end.
    let ends = ends.filter(|_| may_last.contains(&new.lasting));
    let ends = ends.ok_or(ApiTokenError::Lasting)?;
    if tokens.api_tokens().await?.len() >= MAX_API_TOKENS {
        return Err(ApiTokenError::TooMany);
    }
    let record = ApiToken {
        id: CredentialId(ActivityId::from(random.id).0),
        label: new.label,
        role: new.role,
        made: by.at,
        ends,
    };
    let kind = Kind::ApiTokenMade {
        token: record.id.clone(),
        role: record.role,
        ends,
    };
    let handle = Handle::made_from(random.token);
    let event = Event::by_hand(by, kind, None);
    tokens.add_api_token(handle.key(), &record, event).await?;
    let shown = format!("{BEGINS}{}", handle.written().expose());
    Ok((record, Secret::new(shown)))
}

/// Revokes one: the next request with it is refused.
///
/// # Errors
///
/// There is none with that id, or the store is away.
pub async fn revoke(
    tokens: &dyn ApiTokens,
    id: &CredentialId,
    by: &ByHand,
) -> Result<(), ApiTokenError> {
    let kind = Kind::ApiTokenRevoked { token: id.clone() };
    let event = Event::by_hand(by, kind, None);
    let is_revoked = tokens.remove_api_token(id, event).await?;
    is_revoked.then_some(()).ok_or(ApiTokenError::NoSuchToken)
}

/// The token that a text is, where it stands: it was made here, was not revoked and has not ended.
///
/// SECURITY: what is looked up is a digest of 256 bits that nobody guesses, so that the time of the look-up tells nothing;
/// wrong, revoked and ended are one answer.
///
/// # Errors
///
/// The store is away.
pub async fn recognised(
    tokens: &dyn ApiTokens,
    text: &Secret<String>,
    now: Timestamp,
) -> Result<Option<ApiToken>, Unavailable> {
    let handle = text.expose().strip_prefix(BEGINS).and_then(Handle::parse);
    let Some(handle) = handle else {
        return Ok(None);
    };
    let found = tokens.api_token(handle.key()).await?;
    Ok(found.filter(|it| it.made <= now && now < it.ends))
}
