//! Raw bytes that no honest client sends: framing, lengths, hosts and headers (T-HTTP-1 to 8).
//!
//! For each, the gate answers 4xx and closes, and the servers behind have seen nothing.

use std::sync::Arc;

use e2e::demo::Demo;
use e2e::raw::{Answer, Raw, tls};
use rustls::ClientConfig;

const HOST: &str = "lyncdiscover.contoso.localhost";

struct Gate {
    demo: Demo,
    tls: Arc<ClientConfig>,
}

impl Gate {
    fn open() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        Ok(Self { demo, tls })
    }

    fn connect(&self) -> anyhow::Result<Raw> {
        Raw::connect(&self.demo, &self.tls, HOST)
    }

    /// Sends bytes on a fresh connection; gives the first answer and whether the gate then closed.
    fn send(&self, bytes: &[u8]) -> anyhow::Result<(Option<Answer>, bool)> {
        let mut raw = self.connect()?;
        raw.send(bytes)?;
        let answer = raw.answer()?;
        let closed = raw.is_closed()?;
        Ok((answer, closed))
    }

    /// Demands that bytes are refused, the connection closed and nothing forwarded.
    fn refuses(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let before = self.demo.requests()?.len();
        let (answer, closed) = self.send(bytes)?;
        let status = answer.map(|answer| answer.status);
        assert!(
            matches!(status, None | Some(400..=499)),
            "{name}: {status:?}"
        );
        assert!(closed, "{name}: the connection stays open");
        assert_eq!(
            self.demo.requests()?.len(),
            before,
            "{name}: it was forwarded"
        );
        Ok(())
    }
}

/// A request with these header lines after the Host, and this body.
fn request(headers: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n{body}").into_bytes()
}

#[test]
fn t_http_1_two_ways_to_tell_the_length_are_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let smuggled = "0\r\n\r\nGET /WebTicket/WebTicketService.svc HTTP/1.1\r\nHost: x\r\n\r\n";
    let codings = [
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "xchunked",
        "chunked;q=1",
        "identity",
        "\"chunked\"",
        "chunked,",
        "CHUNKED x",
    ];
    for coding in codings {
        let headers = format!("Transfer-Encoding: {coding}\r\n");
        gate.refuses(coding, &request(&headers, smuggled))?;
    }
    for (name, headers) in [
        (
            "CL then TE",
            "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            "TE then CL",
            "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        ),
        (
            "TE twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            "TE folded",
            "Transfer-Encoding:\r\n chunked\r\nContent-Length: 6\r\n",
        ),
        (
            "TE with a space before the colon",
            "Transfer-Encoding : chunked\r\n",
        ),
        (
            "TE with a tab before the colon",
            "Transfer-Encoding\t: chunked\r\n",
        ),
    ] {
        gate.refuses(name, &request(headers, smuggled))?;
    }
    Ok(())
}

#[test]
fn t_http_2_an_old_protocol_with_chunks_is_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let old =
        format!("POST / HTTP/1.0\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    gate.refuses("HTTP/1.0 with TE", old.as_bytes())?;
    let older = format!("GET / HTTP/0.9\r\nHost: {HOST}\r\n\r\n");
    gate.refuses("HTTP/0.9", older.as_bytes())
}

#[test]
fn t_http_3_odd_lengths_are_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let lengths = [
        "+5",
        "5,5",
        "5, 5",
        "0x5",
        "-1",
        "5 5",
        "18446744073709551616",
        "5;",
        "",
    ];
    for length in lengths {
        let headers = format!("Content-Length: {length}\r\n");
        gate.refuses(&format!("length `{length}`"), &request(&headers, "12345"))?;
    }
    gate.refuses(
        "two lengths",
        &request("Content-Length: 5\r\nContent-Length: 6\r\n", "12345"),
    )?;
    for size in [
        "8000000000000000",
        "10000000000000000",
        "+1",
        "-1",
        "0x1",
        "",
        "g",
    ] {
        let body = format!("{size}\r\nx\r\n0\r\n\r\n");
        let bytes = request("Transfer-Encoding: chunked\r\n", &body);
        let (_, closed) = gate.send(&bytes)?;
        assert!(closed, "chunk size `{size}`: the connection stays open");
    }
    Ok(())
}

#[test]
fn t_http_4_broken_headers_are_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    for (name, line) in [
        ("an empty name", ": value\r\n".to_owned()),
        ("NUL in a value", "X-A: a\0b\r\n".to_owned()),
        ("NUL in a name", "X-\0A: b\r\n".to_owned()),
        ("a bare CR in a value", "X-A: a\rb\r\n".to_owned()),
        ("a space in a name", "X A: b\r\n".to_owned()),
        ("no colon", "X-A\r\n".to_owned()),
        (
            "70 KiB of headers",
            format!("X-A: {}\r\n", "a".repeat(70 * 1024)),
        ),
        ("a thousand headers", "X-A: b\r\n".repeat(1000)),
    ] {
        let bytes = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{line}\r\n").into_bytes();
        gate.refuses(name, &bytes)?;
    }
    Ok(())
}

#[test]
fn t_http_8_only_a_published_host_is_answered_and_none_is_echoed() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let hostile = [
        "evil.example",
        "lyncdiscover.contoso.localhost.evil.example",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "pool01.contoso.local",
        "lyncdiscover.contoso.localhost@evil.example",
        "evil.example#lyncdiscover.contoso.localhost",
        "lyncdiscover.contoso.localhost:80x",
        "lyncdiscover.contoso.localhost.",
        "xlyncdiscover.contoso.localhost",
        "*",
        "%00",
        "a b",
        "mail.contoso.localhost",
        "",
    ];
    for host in hostile {
        let bytes = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let before = gate.demo.requests()?.len();
        let mut raw = gate.connect()?;
        raw.send(&bytes)?;
        let answer = raw.answer()?.unwrap_or_default();
        let status = answer.status;
        assert!(matches!(status, 0 | 400 | 404 | 421), "{host}: {status}");
        let text = format!("{:?}{}", answer.headers, answer.text());
        assert!(
            host.len() < 4 || !text.contains(host),
            "{host} is echoed: {text}"
        );
        assert_eq!(
            gate.demo.requests()?.len(),
            before,
            "{host}: it was forwarded"
        );
    }
    gate.refuses("no Host", b"GET / HTTP/1.1\r\n\r\n")?;
    let twice = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nHost: {HOST}\r\n\r\n");
    gate.refuses("two Hosts", twice.as_bytes())?;
    let other = format!("GET https://mail.contoso.localhost/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    gate.refuses("another authority", other.as_bytes())
}

#[test]
fn t_http_9_paths_in_strange_spellings_are_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let strange = [
        "/%2e%2e/EWS",
        "/../EWS",
        "/./",
        "/a/../",
        "/%2f",
        "/%5c",
        "/\\",
        "//",
        "/%00",
        "/;a",
        "/%252e",
        "/a;b/",
        "/%2E%2e%2F",
        "/%c0%af",
        "/Autodiscover%2fAutodiscoverService.svc/root",
        "/Autodiscover/AutodiscoverService.svc/root.",
        "/Autodiscover/AutodiscoverService.svc/root%20",
    ];
    for path in strange {
        let before = gate.demo.requests()?.len();
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
        let (answer, _) = {
            let mut raw = gate.connect()?;
            raw.send(bytes)?;
            (raw.answer()?.unwrap_or_default(), ())
        };
        assert!(
            matches!(answer.status, 400 | 404),
            "{path}: {}",
            answer.status
        );
        assert_eq!(
            gate.demo.requests()?.len(),
            before,
            "{path}: it was forwarded"
        );
    }
    Ok(())
}

#[test]
fn t_conn_4_no_second_protocol_is_agreed_on() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let both = tls(&gate.demo, &[b"h2", b"http/1.1"])?;
    let raw = Raw::connect(&gate.demo, &both, HOST)?;
    assert_eq!(raw.protocol(), Some(b"http/1.1".as_slice()));
    assert!(Raw::connect(&gate.demo, &tls(&gate.demo, &[b"h2"])?, HOST).is_err());
    gate.refuses("the preface of h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
    let upgrade =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    let bytes = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{upgrade}\r\n");
    let mut raw = gate.connect()?;
    assert_ne!(raw.exchange(bytes)?.status, 101);
    Ok(())
}
