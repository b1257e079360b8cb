//! The table `sent_messages`: what waits to be sent, sealed, and what became of it, without what it said.

use authn::account::AccountId;
use authn::credential::sent_code::{
    Address, Carrier, Code, Content, Language, Message, MessageRecord, MessageState,
};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::destinations::carrier;
use super::{optional_time, time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// How a message of nobody stands.
pub(crate) const OF_NOBODY: &str = "nobody";

/// Adds a message ($1 to $9: id, account, carrier, masked address, state, when it was queued and when it ends, when it may
/// be taken, sealed).
pub(crate) const ADD: &str = "
    INSERT INTO sent_messages (id, account, carrier, masked, state, queued, ends, next, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Finds messages whose time has come ($1), the oldest first, so many ($2).
pub(crate) const DUE: &str = "
    SELECT id, account, queued, ends, sealed
    FROM sent_messages
    WHERE next <= $1
    ORDER BY queued, id
    LIMIT $2";

/// Claims a message ($1) whose time has come ($2) until another ($3).
///
/// SECURITY: this statement alone decides who sends it.
pub(crate) const CLAIM: &str = "
    UPDATE sent_messages
    SET state = 'sending', next = $3
    WHERE id = $1 AND next <= $2";

/// Notes that a message ($1) under a claim ($2) was sent or given up ($3 the state, $4 when, $5 by whom, $6 what was said);
/// what it says is gone.
pub(crate) const END: &str = "
    UPDATE sent_messages
    SET state = $3, ended = $4, provider = $5, said = $6, next = NULL, sealed = $7
    WHERE id = $1 AND state = 'sending' AND next = $2";

/// Notes that a message ($1) under a claim ($2) is tried again at a time ($3), and what was said ($4).
pub(crate) const AGAIN: &str = "
    UPDATE sent_messages
    SET state = 'queued', next = $3, said = $4
    WHERE id = $1 AND state = 'sending' AND next = $2";

/// Lists the latest messages of anybody, so many ($1).
pub(crate) const LATEST: &str = "
    SELECT id, account, carrier, masked, state, queued, ended, provider, said
    FROM sent_messages
    WHERE account IS NOT NULL
    ORDER BY queued DESC, id
    LIMIT $1";

/// Lists the latest messages of an account ($1), so many ($2).
pub(crate) const LATEST_OF: &str = "
    SELECT id, account, carrier, masked, state, queued, ended, provider, said
    FROM sent_messages
    WHERE account = $1
    ORDER BY queued DESC, id
    LIMIT $2";

/// Forgets messages that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM sent_messages
    WHERE ends < $1";

/// Forgets messages of nobody, and those that nobody sent, where they ended before a time ($1).
pub(crate) const FORGET_UNSENT: &str = "
    DELETE FROM sent_messages
    WHERE ends < $1 AND state IN ('queued', 'sending', 'nobody')";

/// Forgets all that waits.
pub(crate) const FORGET_WAITING: &str = "
    DELETE FROM sent_messages
    WHERE state IN ('queued', 'sending', 'nobody')";

/// Where a message is sealed: beside whose it is, and when.
pub(crate) fn place(
    id: &str,
    account: Option<&AccountId>,
    (queued, ends): (Timestamp, Timestamp),
) -> Place {
    let text = |time: Timestamp| Some(time.as_microsecond().to_string());
    Place::of_row(id)
        .beside("account", account.map(|it| it.0.clone()))
        .beside("queued", text(queued))
        .beside("ends", text(ends))
}

/// What is sealed of a message.
pub(crate) struct Said {
    pub(crate) address: Address,
    pub(crate) content: Content,
    pub(crate) language: Language,
}

impl Said {
    /// What is sealed of one.
    pub(crate) fn of(message: &Message) -> Self {
        Self {
            address: message.address.clone(),
            content: message.content.clone(),
            language: message.language,
        }
    }
}

/// A message that is due, still sealed.
pub(crate) struct Due {
    pub(crate) id: String,
    pub(crate) account: Option<AccountId>,
    pub(crate) queued: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) sealed: Sealed<Said>,
}

/// Reads a message that is due.
pub(crate) fn due(row: &Row) -> Result<Due, sqlx::Error> {
    Ok(Due {
        id: row.try_get("id")?,
        account: row.try_get::<Option<String>>("account")?.map(AccountId),
        queued: time(row, "queued")?,
        ends: time(row, "ends")?,
        sealed: Sealed::of_stored(row.try_get("sealed")?),
    })
}

/// Reads what is known of a message.
pub(crate) fn record(row: &Row) -> Result<MessageRecord, sqlx::Error> {
    let word: &str = row.try_get("state")?;
    let states = [
        MessageState::Queued,
        MessageState::Sending,
        MessageState::Sent,
        MessageState::Failed,
    ];
    let state = states.into_iter().find(|it| it.as_str() == word);
    Ok(MessageRecord {
        id: row.try_get("id")?,
        account: AccountId(row.try_get("account")?),
        carrier: carrier(row)?,
        to: row.try_get("masked")?,
        state: state.ok_or_else(|| unreadable("state", "an unknown state"))?,
        queued: time(row, "queued")?,
        ended: optional_time(row, "ended")?,
        provider: row.try_get("provider")?,
        said: row.try_get("said")?,
    })
}

/// Between the parts of what is sealed; none of them has one.
const BETWEEN: char = '\n';

impl Sealable for Said {
    const TABLE: &'static str = "sent_messages";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        let language = match self.language {
            Language::English => "en",
            Language::Swedish => "sv",
        };
        // With room from the start, so that no copy of a code is left behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(1024));
        let mut push = |text: &str| {
            plain.extend_from_slice(text.as_bytes());
            plain.push(b'\n');
        };
        push(language);
        push(self.address.carrier().as_str());
        push(self.address.as_str());
        match &self.content {
            Content::Code(code) => {
                push("code");
                push(code.shown().expose());
            }
            Content::Changed { by, to } => {
                push("changed");
                push(by.as_str());
                push(to);
            }
            Content::Enrolled { from } => {
                push("enrolled");
                push(from);
            }
            Content::LeaseLapsed => push("lease-lapsed"),
            Content::Test => push("test"),
        }
        plain
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(plain).ok()?;
        let mut lines = text.split(BETWEEN);
        let language = match lines.next()? {
            "en" => Language::English,
            "sv" => Language::Swedish,
            _ => return None,
        };
        let carrier = |word: &str| Carrier::ALL.into_iter().find(|it| it.as_str() == word);
        let by = carrier(lines.next()?)?;
        let address = Address::parse(by, lines.next()?)?;
        let content = match lines.next()? {
            "code" => Content::Code(Code::kept(lines.next()?.to_owned())),
            "changed" => Content::Changed {
                by: carrier(lines.next()?)?,
                to: lines.next()?.to_owned(),
            },
            "enrolled" => Content::Enrolled {
                from: lines.next()?.to_owned(),
            },
            "lease-lapsed" => Content::LeaseLapsed,
            "test" => Content::Test,
            _ => return None,
        };
        Some(Self {
            address,
            content,
            language,
        })
    }
}
