//! Back ends that break off, say nothing, or say what nobody understands.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A back end without TLS that does as its paths say.
pub(super) struct Faulty {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Faulty {
    /// Starts it.
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let list = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let list = Arc::clone(&list);
                // What becomes of a connection is the gate's to say.
                thread::spawn(move || serve(stream, &list));
            }
        });
        Ok(Self { port, seen })
    }

    /// How often a path was asked for.
    pub(super) fn asked_for(&self, path: &str) -> usize {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|it| *it == path).count()
    }
}

/// Answers what it does not know with 200, and the rest once each.
fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    loop {
        let path = path(&mut stream)?;
        let mut list = seen.lock().unwrap_or_else(PoisonError::into_inner);
        list.push(path.clone());
        drop(list);
        match path.as_str() {
            "/faults/resets" => {
                // Whoever closes with a reset closes in the middle of a sentence.
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
            "/faults/closes" => return Ok(()),
            "/faults/garbage" => stream.write_all(b"220 mail ready\r\n\r\n")?,
            "/faults/half-a-head" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le")?;
                return Ok(());
            }
            "/faults/two-lengths" => stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
            )?,
            "/faults/length-and-chunks" => stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                  5\r\nhello\r\n0\r\n\r\n",
            )?,
            "/faults/switches" => stream.write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
            )?,
            _ => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?,
        }
    }
}

/// The path of the next request, which has no body.
fn path(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head);
    Ok(head.split(' ').nth(1).unwrap_or_default().to_owned())
}

/// A port that takes connections and never says anything.
pub(super) fn silent() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        let kept: Vec<_> = listener.incoming().collect();
        drop(kept);
    });
    Ok(port)
}
