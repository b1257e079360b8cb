//! The word to somebody whose app password waits because its lease has lapsed: one mail for each proof that ran out.
//!
//! SECURITY: it is said to whoever owns the account, by an address of its own, after the app password itself was right: nobody
//! else can have it sent. The store decides by one statement that it was not said of that proof before, so that a device
//! that goes on trying sends nothing more, on whichever node; and so it needs no budget. Nobody is let in by any of it.

use jiff::{SignedDuration, Timestamp};
use proto::sending::Mailbox;

use super::{Circumstances, Ports, Rules};
use crate::account::Account;
use crate::credential::sent_code::{Address, Carrier, Content, Message};
use crate::place::ActivityId;
use crate::ports::Unavailable;
use crate::sign_in::Asked;

/// How long the word is worth sending.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Tells the owner of an app password that was made at a time, where a mail can be sent and a second factor renews it.
pub(super) async fn tell(
    (ports, rules): (&Ports, &Rules),
    (account, made): (&Account, Timestamp),
    asked: Asked,
    at: &Circumstances,
) -> Result<(), Unavailable> {
    let carriers = rules.sending.iter().flat_map(|it| &it.carriers);
    let is_mailed = carriers.clone().any(|it| *it == Carrier::Mail);
    // What was made before any second factor none renews.
    let factor = account.second_factor.filter(|it| made >= it.first);
    let mailbox = account.mail.iter().find_map(|it| Mailbox::parse(it).ok());
    let (true, Some(factor), Some(mailbox)) = (is_mailed, factor, mailbox) else {
        return Ok(());
    };
    let message = Message {
        // A code that is asked for by the same attempt has the id itself.
        id: ActivityId::from(asked.id.map(|byte| !byte)).0,
        account: Some(account.id.clone()),
        address: Address::Mail(mailbox),
        content: Content::LeaseLapsed,
        language: asked.language,
        queued: at.now,
        ends: at.now.checked_add(TOLD_FOR).unwrap_or(at.now),
    };
    let sent = &ports.sent_codes;
    sent.tell_of_lapse(&account.id, factor.last, message)
        .await
        .map(drop)
}
