//! What can be open, how it is opened, how it shows that it lives, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use e2e::demo::Person;
use e2e::messages::opaque;
use e2e::raw::Raw;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::ticket::{self, USER_LINK, WEB};

use super::{APP, Scene, Told};

/// An answer that never comes.
const STALLED: &str = "/EWS/echo?stall=1";
const ECHO: &str = "/EWS/echo";
/// How long a look at a connection takes on which nothing has to come.
const LOOK: Duration = Duration::from_millis(1);
/// A ping of a WebSocket, masked with zeros.
const WEBSOCKET_PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
const MAIL: &str = "mail.contoso.localhost";
/// The handshake of RFC 6455 1.3.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/// One way of being open.
pub(super) struct Channel {
    pub(super) name: &'static str,
    pub(super) opens: fn(&Scene, &Person) -> anyhow::Result<Open>,
}

/// All of them.
pub(super) const CHANNELS: [Channel; 12] = [
    channel("NTLM, idle", by_ntlm),
    channel("NTLM, a request under way", by_ntlm_under_way),
    channel("a held Ping", held_ping),
    channel("EWS streaming", streaming),
    channel("an upload", uploading),
    channel("Basic once more", basic_again),
    channel("a web ticket", ticket_again),
    channel("a web ticket's connection", ticket_s_connection),
    channel("a cwt on UCWA", compact_ticket_again),
    channel("UCWA's event channel", event_channel),
    channel("a WebSocket", web_socket),
    channel("a stream of HTTP/2", stream),
];

const fn channel(
    name: &'static str,
    opens: fn(&Scene, &Person) -> anyhow::Result<Open>,
) -> Channel {
    Channel { name, opens }
}

/// What somebody has open.
pub(super) enum Open {
    /// A connection that ends.
    Connection(Box<Raw>, Sign),
    /// A request that is let in on a connection of its own, until it is refused.
    Request { host: &'static str, text: String },
    /// A client that ends with its connection.
    Client(Child),
}

/// How a connection shows that it lives.
pub(super) enum Sign {
    /// It stays.
    Stays,
    /// What is sent last is answered, and that was all.
    Finishes(String),
    /// A request is answered with 200.
    Answers(String),
    /// Something comes by itself.
    Speaks,
    /// What is sent comes back.
    Echoes,
}

impl Open {
    /// Shows that it lives.
    pub(super) fn lives(&mut self, scene: &Scene) -> anyhow::Result<()> {
        match self {
            Self::Connection(raw, sign) => {
                let is_open = raw.is_open(LOOK)?;
                ensure!(is_open, "it is closed");
                sign.shows(raw)
            }
            Self::Request { host, text } => {
                let status = scene.connect(host)?.exchange(text)?.status;
                ensure!(status == 200 || status == 201, "it got {status}");
                Ok(())
            }
            Self::Client(child) => {
                let ended = child.try_wait()?;
                ensure!(ended.is_none(), "it ended with {ended:?}");
                Ok(())
            }
        }
    }

    /// What was begun is finished, where anything was.
    pub(super) fn finishes(&mut self) -> anyhow::Result<()> {
        if let Self::Connection(raw, Sign::Finishes(rest)) = self {
            let status = raw.exchange(rest)?.status;
            ensure!(status == 200, "it got {status}");
        }
        Ok(())
    }

    /// Waits for its end; `None` where it did not come in time.
    pub(super) fn ends(&mut self, scene: &Scene, told: Told) -> anyhow::Result<Option<Duration>> {
        while !told.is_over() {
            let is_open = match self {
                Self::Connection(raw, _) => raw.is_open(10 * LOOK)?,
                Self::Request { host, text } => is_let_in(&mut scene.connect(host)?, text)?,
                Self::Client(child) => {
                    thread::yield_now();
                    child.try_wait()?.is_none()
                }
            };
            if !is_open {
                return Ok((!told.is_over()).then(|| told.began()));
            }
        }
        Ok(None)
    }
}

/// Whether a request is not refused; whoever is put out meanwhile comes back and is refused then.
fn is_let_in(raw: &mut Raw, text: &str) -> anyhow::Result<bool> {
    raw.send(text)?;
    match raw.answer()?.map(|answer| answer.status) {
        None | Some(200 | 201) => Ok(true),
        Some(401) => Ok(false),
        Some(other) => bail!("it got {other}"),
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Self::Client(child) = self {
            // One that ended already needs no killing.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Sign {
    fn shows(&self, raw: &mut Raw) -> anyhow::Result<()> {
        match self {
            Self::Stays | Self::Finishes(_) => {}
            Self::Answers(request) => {
                let status = raw.exchange(request)?.status;
                ensure!(status == 200, "it got {status}");
            }
            Self::Speaks => {
                raw.bytes(1)?;
            }
            Self::Echoes => {
                raw.send(WEBSOCKET_PING)?;
                ensure!(raw.bytes(WEBSOCKET_PING.len())? == WEBSOCKET_PING);
            }
        }
        Ok(())
    }
}

fn connection(raw: Raw, sign: Sign) -> Open {
    Open::Connection(Box::new(raw), sign)
}

/// A request with the app password in it.
fn with_password<'a>(request: Request<'a>, person: &Person) -> Request<'a> {
    request.header(&basic(&person.upn, &person.app_password))
}

fn signed_in(scene: &Scene, person: &Person) -> anyhow::Result<Raw> {
    let mut raw = scene.connect(MAIL)?;
    let signing = Ntlm::modern(person, &person.app_password, 7);
    let answer = signing.sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    ensure!(answer.status == 200, "{}", answer.text());
    Ok(raw)
}

fn by_ntlm(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let raw = signed_in(scene, person)?;
    let request = Request::new(MAIL, ECHO).text();
    Ok(connection(raw, Sign::Answers(request)))
}

fn by_ntlm_under_way(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let mut raw = signed_in(scene, person)?;
    scene.sends(&mut raw, &Request::new(MAIL, STALLED).text())?;
    Ok(connection(raw, Sign::Stays))
}

fn held_ping(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let path = "/Microsoft-Server-ActiveSync?Cmd=Ping&User=a&DeviceId=APPL7&DeviceType=iPhone";
    let mut raw = scene.connect(MAIL)?;
    let ping = with_password(Request::post(MAIL, path, "x"), person);
    scene.sends(&mut raw, &ping.text())?;
    Ok(connection(raw, Sign::Stays))
}

fn streaming(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let asking = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
        <m:GetStreamingEvents \
        xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\">\
        <m:ConnectionTimeout>30</m:ConnectionTimeout></m:GetStreamingEvents></s:Body></s:Envelope>";
    let request = Request::post(MAIL, "/EWS/Exchange.asmx?every=0.1", asking);
    let mut raw = scene.connect(MAIL)?;
    raw.send(with_password(request, person).text())?;
    let status = raw.interim()?.status;
    ensure!(status == 200, "it got {status}");
    Ok(connection(raw, Sign::Speaks))
}

/// Half of what is announced is sent.
fn uploading(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let half = "x".repeat(1_000);
    let mut raw = signed_in(scene, person)?;
    let upload = format!(
        "POST {ECHO} HTTP/1.1\r\nHost: {MAIL}\r\nContent-Length: {}\r\n\r\n{half}",
        2 * half.len()
    );
    scene.sends(&mut raw, &upload)?;
    Ok(connection(raw, Sign::Finishes(half)))
}

fn basic_again(_: &Scene, person: &Person) -> anyhow::Result<Open> {
    let text = with_password(Request::new(MAIL, ECHO), person).text();
    Ok(Open::Request { host: MAIL, text })
}

fn with_ticket(scene: &Scene, person: &Person) -> anyhow::Result<String> {
    let assertion = ticket::by_ntlm(
        &mut scene.connect(WEB)?,
        WEB,
        &scene.demo,
        (person, &person.app_password),
    )?;
    let request = Request::new(WEB, USER_LINK).header(&opaque(&assertion));
    Ok(request.text())
}

fn ticket_again(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let text = with_ticket(scene, person)?;
    Ok(Open::Request { host: WEB, text })
}

fn ticket_s_connection(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let request = with_ticket(scene, person)?;
    Ok(connection(scene.connect(WEB)?, Sign::Answers(request)))
}

fn with_compact_ticket<'a>(
    scene: &Scene,
    person: &Person,
    request: Request<'a>,
) -> anyhow::Result<Request<'a>> {
    let compact = ticket::by_grant(&mut scene.connect(WEB)?, WEB, person)?;
    Ok(request.header(&ticket::bearer(&compact)))
}

fn compact_ticket_again(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let asking = Request::post(WEB, "/ucwa/oauth/v1/applications", "{}");
    let text = with_compact_ticket(scene, person, asking)?.text();
    Ok(Open::Request { host: WEB, text })
}

fn event_channel(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let waiting = Request::new(WEB, "/ucwa/oauth/v1/applications/1/events");
    let waiting = with_compact_ticket(scene, person, waiting)?.text();
    let mut raw = scene.connect(WEB)?;
    scene.sends(&mut raw, &waiting)?;
    Ok(connection(raw, Sign::Stays))
}

fn web_socket(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let asking = with_password(Request::new(APP, "/ws").header(UPGRADE), person);
    let mut raw = scene.connect(APP)?;
    raw.send(asking.text())?;
    let status = raw.interim()?.status;
    ensure!(status == 101, "it got {status}");
    Ok(connection(raw, Sign::Echoes))
}

/// curl says what was agreed on, and waits for its answer.
fn stream(scene: &Scene, person: &Person) -> anyhow::Result<Open> {
    let before = scene.demo.requests()?.len();
    let mut child = Command::new("curl")
        .args([
            "--http2",
            "--noproxy",
            "*",
            "--verbose",
            "--no-progress-meter",
        ])
        .args(["--cacert", &scene.demo.text("/ca")])
        .args(["--connect-to", &format!("::{}", scene.serve.address)])
        .args(["--user", &format!("{}:{}", person.upn, person.app_password)])
        .arg(format!("https://{APP}{STALLED}"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let said = child.stderr.take().context("its errors are piped")?;
    let mut said = BufReader::new(said).lines().map_while(Result::ok);
    let agreed = said.find(|line| line.contains("server accepted"));
    let agreed = agreed.context("curl agreed on nothing")?;
    ensure!(agreed.ends_with("h2"), "{agreed}");
    // It says more, and somebody has to listen.
    thread::spawn(|| said.for_each(drop));
    let open = Open::Client(child);
    scene.arrives(before)?;
    Ok(open)
}
