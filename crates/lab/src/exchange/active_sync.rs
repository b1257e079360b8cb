//! ActiveSync ([MS-ASHTTP], [MS-ASCMD]): what it offers, a Ping that is held, and empty answers.
//!
//! A Ping is held as the parameter `hold` or the header `x-lab-hold` says in seconds, else 900 s; its
//! own heartbeat interval, which is WBXML, is not read.

use http::{HeaderName, Method, StatusCode};

use crate::serve::http::Head;
use crate::serve::reply::Reply;

const WBXML: &str = "application/vnd.ms-sync.wbxml";
/// SPEC: [MS-ASWBXML]: the version, no charset but UTF-8, then page 13: `<Ping><Status>1</Status></Ping>`.
const NOTHING_NEW: [u8; 13] = [
    0x03, 0x01, 0x6a, 0x00, 0x00, 0x0d, 0x45, 0x47, 0x03, b'1', 0x00, 0x01, 0x01,
];
const PROTOCOL_VERSIONS: HeaderName = HeaderName::from_static("ms-asprotocolversions");
const PROTOCOL_COMMANDS: HeaderName = HeaderName::from_static("ms-asprotocolcommands");
const SERVER_VERSION: HeaderName = HeaderName::from_static("ms-server-activesync");

/// Answers whoever is known.
pub(super) async fn answer(head: &Head) -> Reply {
    let reply = match head.method {
        Method::OPTIONS => Reply::new(StatusCode::OK)
            .header(PROTOCOL_VERSIONS, "2.5,12.0,12.1,14.0,14.1")
            .header(
                PROTOCOL_COMMANDS,
                "Sync,SendMail,FolderSync,GetItemEstimate,MoveItems,Ping,Provision,Settings",
            ),
        Method::POST if is_command(head, "Ping") => {
            head.hold().await;
            Reply::with_body(StatusCode::OK, WBXML, NOTHING_NEW.as_slice())
        }
        // SPEC: [MS-ASCMD] 2.2.1.21: an empty answer says that nothing has changed.
        Method::POST => Reply::new(StatusCode::OK),
        _ => Reply::new(StatusCode::METHOD_NOT_ALLOWED),
    };
    reply.header(SERVER_VERSION, "15.0")
}

fn is_command(head: &Head, name: &str) -> bool {
    let command = head.parameter("Cmd");
    command.is_some_and(|command| command.eq_ignore_ascii_case(name))
}
