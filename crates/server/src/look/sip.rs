//! What a SIP edge offers to a client that proves nothing: a REGISTER (RFC 3261 10), and the challenges in its answer.
//!
//! Nothing is registered, as nobody is signed in.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::{anyone, within, words};
use crate::doctor::wire::Seen;

/// How long the edge may take, TLS included.
const PATIENCE: Duration = Duration::from_secs(6);
/// The longest answer that is read.
const MAX_BYTES: usize = 32 * 1024;

/// Looks at an edge.
pub(super) async fn look(edge: String) -> Seen {
    let offers = within(PATIENCE, offers(&edge)).await;
    Seen::Sip { edge, offers }
}

async fn offers(edge: &str) -> Result<Vec<String>, String> {
    let host = edge.rsplit_once(':').map_or(edge, |(host, _)| host);
    let mut stream = anyone::connect(edge, host).await?;
    let request = request(host, &Uuid::new_v4().simple().to_string());
    let failed = |error: std::io::Error| words(&error);
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut read = Vec::new();
    let mut stream = stream.take(u64::try_from(MAX_BYTES).unwrap_or(u64::MAX));
    loop {
        let count = stream.read_buf(&mut read).await.map_err(failed)?;
        if let Some(answer) = final_head(&read) {
            return challenged(answer);
        }
        if count == 0 {
            return Err("it closed the connection without an answer".to_owned());
        }
    }
}

/// A registration of nobody's, in the domain that the edge's name stands in.
fn request(host: &str, random: &str) -> String {
    let domain = host.split_once('.').map_or(host, |(_, domain)| domain);
    format!(
        "REGISTER sip:{domain} SIP/2.0\r\n\
         Via: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{random}\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:wicketgate-doctor@{domain}>;tag={random};epid=0123456789\r\n\
         To: <sip:wicketgate-doctor@{domain}>\r\n\
         Call-ID: {random}\r\n\
         CSeq: 1 REGISTER\r\n\
         Contact: <sip:127.0.0.1:5061;transport=tls>\r\n\
         User-Agent: wicketgate-doctor\r\n\
         Event: registration\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

/// The head of the first answer that is final: it is whole, and its status is 200 or more. Provisional answers have no
/// body.
fn final_head(read: &[u8]) -> Option<&str> {
    let mut rest = str::from_utf8(read).ok()?;
    loop {
        let (head, after) = rest.split_once("\r\n\r\n")?;
        if !head.starts_with("SIP/2.0 1") {
            return Some(head);
        }
        rest = after;
    }
}

/// The schemes that an answer offers.
fn challenged(head: &str) -> Result<Vec<String>, String> {
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let code = status.strip_prefix("SIP/2.0 ").and_then(|it| it.get(..3));
    if !matches!(code, Some("401" | "407")) {
        let shown: String = status.chars().take(80).collect();
        return Err(format!("it asks for nothing and answers `{shown}`"));
    }
    let scheme = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let asks = ["WWW-Authenticate", "Proxy-Authenticate"];
        let is_it = asks.iter().any(|it| name.trim().eq_ignore_ascii_case(it));
        let scheme = value.trim().split([' ', ',']).next()?;
        is_it.then(|| scheme.to_owned())
    };
    Ok(lines.filter_map(scheme).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: NTLM realm=\"SIP\", version=4\r\n\
        www-authenticate:TLS-DSK realm=\"SIP\"\r\nVia: x\r\n\r\n";

    #[test]
    fn s68_the_schemes_of_a_challenge_are_read_behind_what_is_provisional() {
        let text = format!("SIP/2.0 100 Trying\r\nVia: x\r\n\r\n{ASKED}");
        let head = final_head(text.as_bytes()).unwrap();
        assert_eq!(challenged(head).unwrap(), ["NTLM", "TLS-DSK"]);
    }

    #[test]
    fn an_answer_that_is_not_whole_or_asks_nothing_says_so() {
        assert_eq!(final_head(b"SIP/2.0 401 Unauthorized\r\nWWW-"), None);
        assert_eq!(final_head(b"SIP/2.0 100 Trying\r\n\r\n"), None);
        assert_eq!(final_head(b"\xff\r\n\r\n"), None);
        for other in [
            "SIP/2.0 200 OK",
            "SIP/2.0 404 Not Found",
            "HTTP/1.1 401 x",
            "",
        ] {
            assert!(challenged(other).is_err(), "{other}");
        }
    }

    #[test]
    fn rfc_3261_10_a_registration_is_in_the_domain_of_the_edge_and_proves_nothing() {
        let request = request("sip.contoso.com", "abc");
        assert!(request.starts_with("REGISTER sip:contoso.com SIP/2.0\r\n"));
        assert!(request.ends_with("Content-Length: 0\r\n\r\n"));
        assert!(!request.contains("Authorization"));
    }
}
