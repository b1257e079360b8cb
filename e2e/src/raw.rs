//! Raw connections: bytes as they are written here, for what no honest client would send.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::demo::Demo;

/// How long a raw connection waits for bytes before the story fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a taken port is tried.
const DIALS: usize = 100_000;

/// A TLS connection to a demo's gate.
#[derive(Debug)]
pub struct Raw {
    stream: StreamOwned<ClientConnection, TcpStream>,
    read: Vec<u8>,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether "100 Continue" came before it.
    pub continued: bool,
}

/// A TLS configuration that trusts the demo's authority.
///
/// # Errors
///
/// The authority cannot be read.
pub fn tls(demo: &Demo, alpn: &[&[u8]]) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(demo.text("/ca"))?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

impl Raw {
    /// Connects to a host of the demo from 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect(demo: &Demo, config: &Arc<ClientConfig>, host: &str) -> anyhow::Result<Self> {
        Self::connect_from(demo, config, host, (Ipv4Addr::LOCALHOST, 0))
    }

    /// Connects to a gate beside a demo's.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect_to(
        gate: SocketAddr,
        config: &Arc<ClientConfig>,
        host: &str,
    ) -> anyhow::Result<Self> {
        Self::connect_to_from(gate, config, host, Ipv4Addr::LOCALHOST)
    }

    /// The same from an address of the loopback network.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect_to_from(
        gate: SocketAddr,
        config: &Arc<ClientConfig>,
        host: &str,
        from: Ipv4Addr,
    ) -> anyhow::Result<Self> {
        Self::shake_hands(gate, config, host, ((from, 0), &[]))
    }

    /// The same with bytes before TLS, as a balancer sends them.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect_behind(
        gate: SocketAddr,
        config: &Arc<ClientConfig>,
        host: &str,
        (from, first): (Ipv4Addr, &[u8]),
    ) -> anyhow::Result<Self> {
        Self::shake_hands(gate, config, host, ((from, 0), first))
    }

    /// Connects from an address and port (0: any) of the loopback network.
    ///
    /// # Errors
    ///
    /// The connection or the handshake fails.
    pub fn connect_from(
        demo: &Demo,
        config: &Arc<ClientConfig>,
        host: &str,
        from: (Ipv4Addr, u16),
    ) -> anyhow::Result<Self> {
        Self::shake_hands(demo.address(), config, host, (from, &[]))
    }

    fn shake_hands(
        gate: SocketAddr,
        config: &Arc<ClientConfig>,
        host: &str,
        ((address, port), first): ((Ipv4Addr, u16), &[u8]),
    ) -> anyhow::Result<Self> {
        let mut stream = dial(gate, SocketAddr::new(IpAddr::V4(address), port))?;
        stream.set_nodelay(true)?;
        stream.write_all(first)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from(host.to_owned())?;
        let tls = ClientConnection::new(Arc::clone(config), name)?;
        let mut stream = StreamOwned::new(tls, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self {
            stream,
            read: Vec::new(),
        })
    }

    /// The protocol that ALPN agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream.conn.alpn_protocol()
    }

    /// The certificate that the gate showed.
    ///
    /// # Errors
    ///
    /// It showed none.
    pub fn certificate(&self) -> anyhow::Result<Vec<u8>> {
        let shown = self.stream.conn.peer_certificates().and_then(<[_]>::first);
        Ok(shown.context("no certificate was shown")?.to_vec())
    }

    /// The TCP connection below, for resets and half-closes.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        &self.stream.sock
    }

    /// Ends the connection with a reset, so that its port is free at once.
    ///
    /// # Errors
    ///
    /// The system refuses the option.
    pub fn reset(self) -> anyhow::Result<()> {
        let at_once = Some(Duration::ZERO);
        Ok(socket2::SockRef::from(self.tcp()).set_linger(at_once)?)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        Ok(self.stream.flush()?)
    }

    /// Reads one answer; `Ok(None)` where the gate closed before one began.
    ///
    /// # Errors
    ///
    /// The answer ends in its middle, or does not come.
    pub fn answer(&mut self) -> anyhow::Result<Option<Answer>> {
        self.answer_to("GET")
    }

    /// Reads the answer to a method (HEAD has no body).
    ///
    /// # Errors
    ///
    /// The answer ends in its middle, or does not come.
    pub fn answer_to(&mut self, method: &str) -> anyhow::Result<Option<Answer>> {
        let end = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more()? {
                if self.read.is_empty() {
                    return Ok(None);
                }
                bail!("the connection ended in a head");
            }
        };
        let rest = self.read.split_off(end);
        let head = std::mem::replace(&mut self.read, rest);
        let mut answer = Answer::head(&head)?;
        if (100..200).contains(&answer.status) {
            let last = self.answer_to(method)?;
            return Ok(last.map(|last| Answer {
                continued: true,
                ..last
            }));
        }
        let has_body = method != "HEAD" && !matches!(answer.status, 204 | 304);
        answer.body = if has_body {
            self.body(&answer)?
        } else {
            Vec::new()
        };
        Ok(Some(answer))
    }

    /// Reads the head of the next answer, and nothing behind it, whatever its status.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn interim(&mut self) -> anyhow::Result<Answer> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                return Answer::head(&self.take(end + 4)?);
            }
            anyhow::ensure!(self.more()?, "the connection ended in a head");
        }
    }

    /// Reads so many bytes as they come.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn bytes(&mut self, length: usize) -> anyhow::Result<Vec<u8>> {
        self.take(length)
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub fn exchange(&mut self, request: impl AsRef<[u8]>) -> anyhow::Result<Answer> {
        self.send(request)?;
        self.answer()?.context("the gate closed without an answer")
    }

    /// Whether the gate has closed: nothing more comes.
    ///
    /// # Errors
    ///
    /// It neither closes nor sends in time.
    pub fn is_closed(&mut self) -> anyhow::Result<bool> {
        Ok(self.read.is_empty() && !self.more()?)
    }

    /// Whether the gate has not closed so long from now; what comes meanwhile is kept.
    ///
    /// # Errors
    ///
    /// The connection fails otherwise than by its end.
    pub fn is_open(&mut self, wait: Duration) -> anyhow::Result<bool> {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        self.tcp().set_read_timeout(Some(wait))?;
        let more = self.more();
        self.tcp().set_read_timeout(Some(PATIENCE))?;
        match more {
            Ok(is_more) => Ok(is_more),
            Err(error) => match error.downcast_ref::<std::io::Error>() {
                Some(error) if matches!(error.kind(), TimedOut | WouldBlock) => Ok(true),
                _ => Err(error),
            },
        }
    }

    fn body(&mut self, answer: &Answer) -> anyhow::Result<Vec<u8>> {
        if answer.header("transfer-encoding").is_some() {
            return self.chunks();
        }
        let Some(length) = answer.header("content-length") else {
            while self.more()? {}
            return Ok(std::mem::take(&mut self.read));
        };
        self.take(length.parse()?)
    }

    fn chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size.trim(), 16)?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size)?);
            self.take(2)?;
        }
    }

    fn line(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n") {
                let line = self.take(end)?;
                self.take(2)?;
                return Ok(String::from_utf8(line)?);
            }
            anyhow::ensure!(self.more()?, "the connection ended in a line");
        }
    }

    fn take(&mut self, length: usize) -> anyhow::Result<Vec<u8>> {
        while self.read.len() < length {
            anyhow::ensure!(self.more()?, "the connection ended in a body");
        }
        let rest = self.read.split_off(length);
        Ok(std::mem::replace(&mut self.read, rest))
    }

    fn more(&mut self) -> anyhow::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(count) => {
                self.read.extend(buffer.get(..count).unwrap_or_default());
                Ok(true)
            }
            Err(error) if is_close(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Connects from an address and port.
///
/// A port that was closed is still taken for a moment where another test starts a program just then:
/// until that runs, it holds a copy of every connection.
///
/// # Errors
///
/// Nobody listens there, or the address cannot be had.
pub fn dial(gate: SocketAddr, from: SocketAddr) -> anyhow::Result<TcpStream> {
    for _ in 0..DIALS {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&from.into())?;
        match socket.connect(&gate.into()) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {
                std::thread::yield_now();
            }
            connected => {
                connected?;
                return Ok(socket.into());
            }
        }
    }
    bail!("{from} stays taken")
}

impl Answer {
    /// Reads a whole answer whose body ends with its bytes.
    ///
    /// # Errors
    ///
    /// It has no head.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let end = find(bytes, b"\r\n\r\n").context("no head")? + 4;
        let (head, body) = bytes.split_at(end);
        Ok(Self {
            body: body.to_vec(),
            ..Self::head(head)?
        })
    }

    fn head(bytes: &[u8]) -> anyhow::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .context("no status")?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Self {
            status: status.parse()?,
            headers,
            ..Self::default()
        })
    }

    /// The first header of a name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every header of a name (lower case).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.headers
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The SHA-256 of a certificate, for channel bindings.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
        .as_ref()
        .to_vec()
}

fn is_close(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
    )
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
