//! Raw bytes that no honest client sends: framing, lengths, hosts and headers (T-HTTP-1 to 8).
//!
//! A request whose framing is in doubt carries another that would be served if it were read by
//! itself. The gate answers 400 and closes, and the servers behind have seen neither of the two.

use std::sync::Arc;

use e2e::demo::{Demo, Person};
use e2e::doubt;
use e2e::raw::{Answer, Raw, tls};
use e2e::sign_in::{Ntlm, Request};
use rustls::ClientConfig;

const HOST: &str = "lyncdiscover.contoso.localhost";
const MAIL: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
/// How many of the generated heads are sent where it is not night: every so-many-th.
const BY_DAY: usize = 16;
/// After how many connections the list of the servers behind is looked at.
const BATCH: usize = 50;

struct Gate {
    demo: Demo,
    tls: Arc<ClientConfig>,
    anna: Person,
}

impl Gate {
    fn open() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        let anna = demo.person(0);
        Ok(Self { demo, tls, anna })
    }

    fn connect(&self) -> anyhow::Result<Raw> {
        Raw::connect(&self.demo, &self.tls, HOST)
    }

    /// A connection that is Anna's, so that whatever is sent on it is served as hers. She proves it
    /// elsewhere: every echo that the servers behind have seen is one of a story's own.
    fn annas(&self) -> anyhow::Result<Raw> {
        let mut raw = Raw::connect(&self.demo, &self.tls, MAIL)?;
        let elsewhere = Request::new(MAIL, "/EWS/Exchange.asmx");
        let ntlm = Ntlm::modern(&self.anna, &self.anna.app_password, 7);
        let signed_in = ntlm.sign_in(&mut raw, &elsewhere)?;
        assert_eq!(signed_in.status, 405, "Exchange knows her and wants a POST");
        Ok(raw)
    }

    /// How many echoes the servers behind have seen.
    fn echoes(&self) -> anyhow::Result<usize> {
        let seen = self.demo.requests()?;
        Ok(seen.iter().filter(|seen| seen["path"] == ECHO).count())
    }

    /// Sends bytes on a connection of Anna's; gives the first answer and whether the gate closed
    /// behind it.
    fn carry(&self, bytes: &[u8]) -> anyhow::Result<(Option<Answer>, bool)> {
        let mut raw = self.annas()?;
        raw.send(bytes)?;
        let answer = raw.answer()?;
        Ok((answer, raw.is_closed()?))
    }

    /// Demands 400 and a closed connection for each, and that the servers behind saw none.
    fn doubts(&self, heads: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
        let before = self.echoes()?;
        for batch in heads.chunks(BATCH) {
            for (name, bytes) in batch {
                let (answer, closed) = self.carry(bytes)?;
                let status = answer.map(|answer| answer.status);
                assert_eq!((status, closed), (Some(400), true), "{name:?}");
            }
            let names: Vec<&String> = batch.iter().map(|(name, _)| name).collect();
            assert_eq!(self.echoes()?, before, "one of these passed: {names:?}");
        }
        Ok(())
    }

    /// Demands that bytes are refused, the connection closed and nothing forwarded.
    fn refuses(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let before = self.demo.requests()?.len();
        let mut raw = self.connect()?;
        raw.send(bytes)?;
        let status = raw.answer()?.map(|answer| answer.status);
        let closed = raw.is_closed()?;
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

/// A request that is served wherever it is read as one.
fn smuggled() -> String {
    Request::new(MAIL, "/EWS/echo?nonce=smuggled").text()
}

/// A carrier with these header lines after the Host, and this behind its head.
fn carrier(version: &str, headers: &str, behind: &str) -> Vec<u8> {
    format!("POST {ECHO}?nonce=carrier HTTP/{version}\r\nHost: {MAIL}\r\n{headers}\r\n{behind}")
        .into_bytes()
}

/// A carrier whose body is over, for chunks and for a length of five alike, where the other begins.
fn doubtful(headers: &str) -> (String, Vec<u8>) {
    let behind = format!("0\r\n\r\n{}", smuggled());
    (headers.to_owned(), carrier("1.1", headers, &behind))
}

#[test]
fn t_http_1_what_is_told_once_and_plainly_is_served_and_so_is_the_next() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let sound = doubt::sound();
    assert_eq!(sound.len(), 24, "{sound:?}");
    for headers in &sound {
        let mut raw = gate.annas()?;
        raw.send(doubtful(headers).1)?;
        let carrier = raw.answer()?.expect("an answer");
        assert_eq!(carrier.status, 200, "{headers:?}");
        assert_eq!(carrier.header("x-lab-nonce"), Some("carrier"));
        let next = raw.answer()?.expect("an answer");
        assert_eq!(next.status, 200, "{headers:?}");
        assert_eq!(next.header("x-lab-nonce"), Some("smuggled"));
    }
    assert_eq!(gate.echoes()?, 2 * sound.len());
    Ok(())
}

/// Some hundreds in `test`, all in `night`.
#[test]
fn t_http_1_t_http_3_a_length_told_in_doubtful_ways_is_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let all = doubt::doubtful();
    let step = if std::env::var_os("WICKETGATE_NIGHT").is_some() {
        1
    } else {
        BY_DAY
    };
    let heads: Vec<_> = all.iter().step_by(step).map(|it| doubtful(it)).collect();
    assert!(heads.len() >= 500, "{} of {}", heads.len(), all.len());
    gate.doubts(&heads)
}

#[test]
fn t_http_1_the_known_ways_to_smuggle_are_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let chunked = "Transfer-Encoding: chunked\r\n";
    let known = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".to_owned(),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        format!("{chunked}Transfer-Encoding: identity\r\n"),
        format!("Transfer-Encoding: identity\r\n{chunked}"),
        format!("X-A: b\n{chunked}"),
        format!("X-A: b\r{chunked}"),
        format!(" {chunked}"),
        "Transfer-Encoding:\u{b}chunked\r\n".to_owned(),
        "Transfer-Encoding: \u{a0}chunked\r\n".to_owned(),
        "Transfer-Encoding: chunked\0\r\n".to_owned(),
        "Transfer_Encoding : chunked\r\n".to_owned(),
        format!("{chunked}Host: {MAIL}\r\n"),
    ];
    let heads: Vec<_> = known.iter().map(|it| doubtful(it)).collect();
    gate.doubts(&heads)
}

#[test]
fn t_http_2_an_old_protocol_with_chunks_is_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let behind = format!("0\r\n\r\n{}", smuggled());
    let chunked = "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n";
    let old = carrier("1.0", chunked, &behind);
    gate.doubts(&[("HTTP/1.0 with chunks".to_owned(), old)])?;
    let older = format!("GET / HTTP/0.9\r\nHost: {HOST}\r\n\r\n");
    gate.refuses("HTTP/0.9", older.as_bytes())
}

/// The carrier's head is sound, so that it may be on its way when its body goes wrong; what is behind
/// the doubt is nobody's request.
#[test]
fn t_http_3_behind_a_doubtful_chunk_there_is_no_request() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let sizes = [
        "10000000000000000",
        "+0",
        "-0",
        "0x0",
        "",
        "g",
        " 0",
        "0 0",
        "0_0",
        "00000000000000000",
    ];
    let extensions = ["", ";a", ";a=b", ";a=\"b\"", ";a\n", "\n", ";\r", "\0"];
    let mut bodies = 0;
    for size in sizes.iter().chain(&["0", "00"]) {
        for extension in extensions {
            let is_sound = ["0", "00"].contains(size) && !extension.contains(['\n', '\r', '\0']);
            if is_sound {
                continue;
            }
            let name = format!("{size:?}{extension:?}");
            let behind = format!("{size}{extension}\r\n\r\n{}", smuggled());
            let bytes = carrier("1.1", "Transfer-Encoding: chunked\r\n", &behind);
            let mut raw = gate.annas()?;
            raw.send(bytes)?;
            // One that is forgiven is answered; what is behind it is refused or not even read.
            let first = raw.answer()?.map(|answer| answer.status);
            assert!(matches!(first, None | Some(200 | 400)), "{name}: {first:?}");
            let second = raw.answer()?.map(|answer| answer.status);
            assert!(matches!(second, None | Some(400)), "{name}: {second:?}");
            assert!(raw.is_closed()?, "{name}: the connection stays open");
            bodies += 1;
        }
    }
    assert!(
        gate.echoes()? <= bodies,
        "at most the carriers, and none twice"
    );
    Ok(())
}

#[test]
fn t_http_3_sound_extensions_and_trailers_end_where_everybody_says() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    for extension in ["", ";a", ";a=b", " ;a=\"b\""] {
        for trailers in ["", "X-A: b\r\n", "Host: evil.example\r\nX-B: c\r\n"] {
            let behind = format!(
                "3{extension}\r\nabc\r\n0{extension}\r\n{trailers}\r\n{}",
                smuggled()
            );
            let mut raw = gate.annas()?;
            raw.send(carrier("1.1", "Transfer-Encoding: chunked\r\n", &behind))?;
            for nonce in ["carrier", "smuggled"] {
                let answer = raw.answer()?.expect("an answer");
                let seen = (answer.status, answer.header("x-lab-nonce"));
                assert_eq!(seen, (200, Some(nonce)), "{extension:?} {trailers:?}");
            }
        }
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
fn t_conn_4_no_second_protocol_is_agreed_on_where_ntlm_is() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let both = tls(&gate.demo, &[b"h2", b"http/1.1"])?;
    for host in ["lyncweb.contoso.localhost", "mail.contoso.localhost"] {
        let raw = Raw::connect(&gate.demo, &both, host)?;
        assert_eq!(raw.protocol(), Some(b"http/1.1".as_slice()));
        assert!(Raw::connect(&gate.demo, &tls(&gate.demo, &[b"h2"])?, host).is_err());
    }
    gate.refuses("the preface of h2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
    let upgrade =
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    let bytes = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n{upgrade}\r\n");
    let mut raw = gate.connect()?;
    assert_ne!(raw.exchange(bytes)?.status, 101);
    Ok(())
}
