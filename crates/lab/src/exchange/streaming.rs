//! GetStreamingEvents ([MS-OXWSNTIF] 3.1.4.2): an answer that lasts for minutes, piece by piece.
//!
//! Each piece is an envelope. They come as often as the parameter `every` says in seconds, else every
//! 45 s, for the minutes that the message asks for, of which `for` in seconds makes fewer.

use std::time::Duration;

use xml::write::element;

use super::XML;
use super::services::{MESSAGES, message, response, success};
use crate::serve::http::Head;
use crate::serve::reply::{Pieces, Reply};

/// How often a real server says that it is still there.
const EVERY: Duration = Duration::from_secs(45);
/// The longest that a client may ask for.
const MAX_MINUTES: u64 = 30;

/// Answers a message.
pub(super) fn answer(content: xml::Element<'_, '_>, head: &Head) -> Reply {
    let minutes = content.child(MESSAGES, "ConnectionTimeout");
    let minutes = minutes.and_then(|minutes| minutes.text().trim().parse().ok());
    let during = Duration::from_secs(60 * minutes.unwrap_or(MAX_MINUTES).min(MAX_MINUTES));
    let every = head.seconds("every").unwrap_or(EVERY);
    let during = head.seconds("for").unwrap_or(during);
    let pieces = Pieces::new(piece("OK"), piece("Closed"), every, during);
    Reply::with_pieces(XML, pieces)
}

fn piece(status: &'static str) -> bytes::Bytes {
    let said = success("m:GetStreamingEventsResponseMessage")
        .child(element("m:ConnectionStatus").text(status));
    message(response("m:GetStreamingEventsResponse", vec![said]))
}
