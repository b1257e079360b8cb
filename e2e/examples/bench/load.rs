//! A load client that costs little and treats every server alike: TLS connections that stay, one
//! request at a time on each.
//!
//! One thread serves all connections in turn: it reads an answer, sends the next request and goes
//! on, so that the server always has work and this side spends few turns of the scheduler.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::raw::Answer;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::stopwatch::{Stopwatch, micros, timed};

/// How long an answer may take before the bench fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many threads open many connections.
const THREADS: usize = 4;

/// A TLS connection.
pub(crate) struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects from an address of the loopback network and shakes hands.
    ///
    /// # Errors
    ///
    /// The server does not let it.
    pub(crate) fn open(
        tls: &Arc<ClientConfig>,
        server: SocketAddr,
        host: &str,
        from: Ipv4Addr,
    ) -> anyhow::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(IpAddr::V4(from), 0).into())?;
        socket.connect(&server.into())?;
        let tcp = TcpStream::from(socket);
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from(host.to_owned())?;
        let tls = ClientConnection::new(Arc::clone(tls), name)?;
        let mut stream = StreamOwned::new(tls, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        let buffer = Vec::new();
        Ok(Self { stream, buffer })
    }

    /// Reads once what the server says after the handshake: by its session tickets it tells that
    /// the handshake is over on its side too.
    ///
    /// # Errors
    ///
    /// It says nothing.
    pub(crate) fn hear_tickets(&mut self) -> anyhow::Result<()> {
        self.stream.conn.complete_io(&mut self.stream.sock)?;
        Ok(())
    }

    /// Ends with a reset, which leaves no port waiting.
    ///
    /// # Errors
    ///
    /// The system refuses the option.
    pub(crate) fn reset(self) -> anyhow::Result<()> {
        let socket = socket2::SockRef::from(&self.stream.sock);
        Ok(socket.set_linger(Some(Duration::ZERO))?)
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    ///
    /// The connection ends first.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.send(request)?;
        self.receive()?;
        Answer::parse(&self.buffer)
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub(crate) fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request)?;
        Ok(self.stream.flush()?)
    }

    /// Reads one answer whose length is told; gives its status.
    fn receive(&mut self) -> anyhow::Result<u16> {
        self.buffer.clear();
        let mut part = [0; 4096];
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            let count = self.stream.read(&mut part)?;
            ensure!(count > 0, "the connection ended in an answer");
            self.buffer.extend(part.get(..count).unwrap_or_default());
            whole = whole.or_else(|| length(&self.buffer));
        }
        let status = self.buffer.get(9..12).context("no status")?;
        Ok(std::str::from_utf8(status)?.parse()?)
    }
}

/// The length of an answer with its head, once the head is whole.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let lines = answer.get(..head)?.split(|byte| *byte == b'\n');
    let mut values = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked(15)?;
        let value = std::str::from_utf8(value).ok()?;
        name.eq_ignore_ascii_case(b"content-length:")
            .then_some(value)
    });
    let body: usize = values
        .next()
        .map_or(Some(0), |value| value.trim().parse().ok())?;
    Some(head + 4 + body)
}

/// Connections of one client, and what it asks on each.
pub(crate) struct Load {
    connections: Vec<Connection>,
    request: Vec<u8>,
}

impl Load {
    /// The client of these connections.
    pub(crate) fn new(connections: Vec<Connection>, request: &str) -> Self {
        let request = request.as_bytes().to_vec();
        Self {
            connections,
            request,
        }
    }

    /// Asks for so long on all connections; gives how many answers came, and in what time.
    ///
    /// # Errors
    ///
    /// A connection ends, or an answer is not 200.
    pub(crate) fn ask_all(&mut self, lasting: Duration) -> anyhow::Result<(usize, Duration)> {
        let stopwatch = Stopwatch::begin();
        for connection in &mut self.connections {
            connection.send(&self.request)?;
        }
        let mut answers = 0;
        while stopwatch.elapsed() < lasting {
            for connection in &mut self.connections {
                receive_200(connection)?;
                connection.send(&self.request)?;
            }
            answers += self.connections.len();
        }
        for connection in &mut self.connections {
            receive_200(connection)?;
        }
        answers += self.connections.len();
        Ok((answers, stopwatch.elapsed()))
    }

    /// Asks for so long on one connection; gives the microseconds of each answer.
    ///
    /// # Errors
    ///
    /// The connection ends, or an answer is not 200.
    pub(crate) fn ask_one(&mut self, lasting: Duration) -> anyhow::Result<Vec<f64>> {
        let connection = self.connections.first_mut().context("a connection")?;
        let stopwatch = Stopwatch::begin();
        let mut times = Vec::new();
        while stopwatch.elapsed() < lasting {
            let (took, answered) = timed(|| {
                connection.send(&self.request)?;
                receive_200(connection)
            });
            answered?;
            times.push(micros(took));
        }
        Ok(times)
    }
}

fn receive_200(connection: &mut Connection) -> anyhow::Result<()> {
    let status = connection.receive()?;
    ensure!(
        status == 200,
        "{status}: {}",
        String::from_utf8_lossy(&connection.buffer)
    );
    Ok(())
}

/// The address of a connection, by its number: ten, as the gate takes an eighth of all from one at most.
pub(crate) fn one_of_ten(number: usize) -> Ipv4Addr {
    let [.., low] = (number % 10).to_be_bytes();
    Ipv4Addr::new(127, 101, low, 1)
}

/// Opens so many by their numbers, on a few threads.
///
/// # Errors
///
/// One of them cannot be opened.
pub(crate) fn in_threads<T: Send>(
    count: usize,
    open: impl Fn(usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    std::thread::scope(|scope| {
        let open = &open;
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let own = (thread..count).step_by(THREADS);
                scope.spawn(move || own.map(open).collect::<anyhow::Result<Vec<T>>>())
            })
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            let joined = thread.join();
            all.extend(joined.unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked")))?);
        }
        Ok(all)
    })
}
