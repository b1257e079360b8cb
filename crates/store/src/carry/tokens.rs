//! What is carried of one-time code tokens: a step that was spent after a backup was made stays spent, and a token
//! that was blocked, taken away or removed works for nobody.

use std::collections::BTreeMap;

use authn::audit::{ByHand, Event, Kind, TokenAct};
use authn::credential::CredentialId;
use authn::credential::otp_token::{OtpToken, StoredOtpToken, TokenKind, TokenState};

use crate::engine::{Connection, Row, query};
use crate::ports::otp_tokens;
use crate::rows;
use crate::seal::KeyFile;
use crate::writer::WriteError;

/// The tokens of the store that is to be replaced: what they are, where they open with its keys.
pub(super) type Tokens = BTreeMap<CredentialId, Option<OtpToken>>;

/// Reads them.
pub(super) async fn read(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Tokens, WriteError> {
    let mut tokens = Tokens::new();
    for row in &list(connection).await? {
        let id = rows::otp_tokens::record(row)?.id;
        let token = match otp_tokens::opened(row, keys) {
            Ok(token) => Some(token.record),
            Err(WriteError::Unavailable(_)) => None,
            Err(error) => return Err(error),
        };
        tokens.insert(id, token);
    }
    Ok(tokens)
}

/// Lays them upon a prepared store; gives those that are blocked with this, and the events that say so.
pub(super) async fn carry(
    connection: &mut Connection,
    keys: &KeyFile,
    known: &Tokens,
    by: &ByHand,
) -> Result<(Vec<OtpToken>, Vec<Event>), WriteError> {
    let what = |record: &OtpToken| {
        let later = known.get(&record.id).and_then(Option::as_ref);
        carried(record, later)
    };
    lay(connection, keys, what, by).await
}

/// Blocks every token with a button, as nobody can say which of its codes were used.
pub(super) async fn block_buttons(
    connection: &mut Connection,
    keys: &KeyFile,
    by: &ByHand,
) -> Result<(Vec<OtpToken>, Vec<Event>), WriteError> {
    let what = |record: &OtpToken| match record.kind {
        TokenKind::Hotp => carried(record, None),
        TokenKind::Totp { .. } => record.clone(),
    };
    lay(connection, keys, what, by).await
}

/// Makes of each token what it becomes; gives those that are blocked with this, and the events that say so.
async fn lay(
    connection: &mut Connection,
    keys: &KeyFile,
    what: impl Fn(&OtpToken) -> OtpToken,
    by: &ByHand,
) -> Result<(Vec<OtpToken>, Vec<Event>), WriteError> {
    let (mut blocked, mut events) = (Vec::new(), Vec::new());
    for row in &list(&mut *connection).await? {
        let StoredOtpToken { record, seed } = otp_tokens::opened(row, keys)?;
        let carried = what(&record);
        if carried == record {
            continue;
        }
        let sealed = keys.seal(&rows::otp_tokens::place(&carried), &seed)?;
        query(rows::otp_tokens::CARRY)
            .bind(&carried.id.0)
            .bind(rows::otp_tokens::state_text(carried.state))
            .bind(rows::otp_tokens::step(carried.next))
            .bind(i64::from(carried.failures))
            .bind(sealed.as_bytes().to_vec())
            .execute(&mut *connection)
            .await?;
        if carried.state != record.state {
            let kind = Kind::OtpToken {
                token: carried.id.clone(),
                act: TokenAct::Blocked,
            };
            events.push(Event::by_hand(by, kind, carried.account.clone()));
            blocked.push(carried);
        }
    }
    Ok((blocked, events))
}

/// What a token of the backup becomes by what is known of it; by nothing where it was removed, or did not open.
fn carried(record: &OtpToken, later: Option<&OtpToken>) -> OtpToken {
    let is_the_same = later
        .is_some_and(|later| later.account == record.account && later.state != TokenState::Blocked);
    let next = later.map_or(0, |later| later.next);
    let failures = later.map_or(0, |later| later.failures);
    OtpToken {
        state: match is_the_same {
            true => record.state,
            false => TokenState::Blocked,
        },
        next: record.next.max(next),
        failures: record.failures.max(failures),
        ..record.clone()
    }
}

async fn list(connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
    query(rows::otp_tokens::LIST)
        .bind("")
        .bind(i64::MAX)
        .fetch_all(connection)
        .await
}
