//! A back end that does nothing by itself: a story sees what came, byte by byte and on which connection,
//! and says when and what is answered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

use anyhow::{Context, bail};

/// How long something is waited for before the story fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The back end.
#[derive(Debug)]
pub struct BackEnd {
    /// Where it listens, on loopback.
    pub port: u16,
    events: Receiver<Event>,
    ended: Vec<usize>,
}

/// A request that came and is not answered.
#[derive(Debug)]
pub struct Held {
    /// Which connection it came on.
    pub connection: usize,
    /// Its head.
    pub head: String,
    /// Its body with its framing, to the last byte.
    pub body: String,
    stream: TcpStream,
}

#[derive(Debug)]
enum Event {
    Asked(Held),
    /// A connection's other end is gone.
    Ended(usize),
}

impl BackEnd {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// There is no port.
    pub fn new() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (say, events) = channel();
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let say = say.clone();
                std::thread::spawn(move || {
                    let tell = |held| say.send(Event::Asked(held)).is_ok();
                    // One that breaks off has ended like any other.
                    let _ = read(connection, stream, tell);
                    let _ = say.send(Event::Ended(connection));
                });
            }
        });
        Ok(Self {
            port,
            events,
            ended: Vec::new(),
        })
    }

    /// Waits for a request, which is held from then on.
    ///
    /// # Errors
    ///
    /// None comes in time.
    pub fn held(&mut self) -> anyhow::Result<Held> {
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(Event::Asked(held)) => return Ok(held),
                Ok(Event::Ended(connection)) => self.ended.push(connection),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    bail!("no request came")
                }
            }
        }
    }

    /// The request that came already, if one did.
    pub fn came(&mut self) -> Option<Held> {
        loop {
            match self.events.try_recv() {
                Ok(Event::Asked(held)) => return Some(held),
                Ok(Event::Ended(connection)) => self.ended.push(connection),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return None,
            }
        }
    }

    /// Waits for the end of a connection.
    ///
    /// # Errors
    ///
    /// It does not end in time, or something is asked meanwhile.
    pub fn ended(&mut self, connection: usize) -> anyhow::Result<()> {
        while !self.ended.contains(&connection) {
            match self.events.recv_timeout(PATIENCE) {
                Ok(Event::Ended(ended)) => self.ended.push(ended),
                Ok(Event::Asked(held)) => bail!("something was asked: {}", held.head),
                Err(_) => bail!("connection {connection} did not end"),
            }
        }
        Ok(())
    }
}

impl Held {
    /// Sends these bytes and nothing else.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
        Ok(self.stream.write_all(bytes.as_ref())?)
    }

    /// Answers it with a body.
    ///
    /// # Errors
    ///
    /// The connection is gone.
    pub fn answer(mut self, body: &str) -> anyhow::Result<()> {
        let length = body.len();
        self.say(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// The value of a header line, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let line = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        line.map(|(_, value)| value.trim())
    }
}

/// Reads requests to the end of a connection.
fn read(connection: usize, stream: TcpStream, tell: impl Fn(Held) -> bool) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut held = Held {
            connection,
            head: lines(&mut reader)?,
            body: String::new(),
            stream: stream.try_clone()?,
        };
        if let Some(length) = held.header("content-length") {
            let mut body = vec![0; length.parse()?];
            reader.read_exact(&mut body)?;
            held.body = String::from_utf8(body)?;
        } else if held.header("transfer-encoding").is_some() {
            held.body = chunks(&mut reader)?;
        }
        if !tell(held) {
            return Ok(());
        }
    }
}

/// Lines up to an empty one, which is the last.
fn lines(reader: &mut impl BufRead) -> anyhow::Result<String> {
    let mut lines = String::new();
    loop {
        let line = line(reader)?;
        lines.push_str(&line);
        if line == "\r\n" {
            return Ok(lines);
        }
    }
}

fn line(reader: &mut impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    anyhow::ensure!(line.ends_with('\n'), "it ended in a line");
    Ok(line)
}

/// Chunks as they came, with what follows the last.
fn chunks(reader: &mut impl BufRead) -> anyhow::Result<String> {
    let mut chunks = String::new();
    loop {
        let size = line(reader)?;
        chunks.push_str(&size);
        let size = size.trim().split(';').next().context("a size")?;
        let size = usize::from_str_radix(size, 16)?;
        if size == 0 {
            return Ok(chunks + &lines(reader)?);
        }
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk)?;
        chunks.push_str(&String::from_utf8(chunk)?);
    }
}
