//! A connection that ends when more has come by it than may.
//!
//! SECURITY: the library that reads LDAP keeps a message until it is whole, however long it says that it is; only whoever stands
//! before it can say that it is too long. What is counted is what comes on the wire, TLS included. Start at [`Metered::connect`].

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, copy};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;

/// What came by a connection.
pub(super) struct Metered(Arc<AtomicBool>);

impl Metered {
    /// Connects, and gives the end that is read from; it is driven as long as `driving` is.
    ///
    /// # Errors
    ///
    /// Nobody is there.
    pub(super) async fn connect(
        place: (&str, u16),
        most: u64,
        driving: &mut JoinSet<()>,
    ) -> io::Result<(Self, std::net::TcpStream)> {
        let there = TcpStream::connect(place).await?;
        // A pair of sockets that nobody else reaches; the library wants one by the name of TCP, and reads and writes it alone.
        let (here, given) = std::os::unix::net::UnixStream::pair()?;
        here.set_nonblocking(true)?;
        let here = UnixStream::from_std(here)?;
        let is_over = Arc::new(AtomicBool::new(false));
        driving.spawn(passed_on(there, here, most, Arc::clone(&is_over)));
        Ok((Self(is_over), OwnedFd::from(given).into()))
    }

    /// Whether it ended as more came than may.
    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Passes on what is said, both ways, until one side ends or enough has come.
async fn passed_on(
    mut there: TcpStream,
    mut here: UnixStream,
    most: u64,
    is_over: Arc<AtomicBool>,
) {
    let (from_there, mut to_there) = there.split();
    let (mut from_here, mut to_here) = here.split();
    let mut from_there = from_there.take(most);
    // How a side ends is seen by the other as an end.
    tokio::select! {
        _ = copy(&mut from_there, &mut to_here) => {}
        _ = copy(&mut from_here, &mut to_there) => {}
    }
    if from_there.limit() == 0 {
        is_over.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    const MOST: u64 = 100_000;

    /// Whether all came of a peer that echoes this many bytes, and whether the connection ended by that.
    async fn echoed(bytes: usize) -> (bool, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut driving = JoinSet::new();
        driving.spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let (mut read, mut write) = peer.split();
            // It ends when it is cut off.
            let _ = copy(&mut read, &mut write).await;
        });
        let connected = Metered::connect(("127.0.0.1", port), MOST, &mut driving).await;
        let (metered, stream) = connected.unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::from_std(stream).unwrap();
        let (mut read, mut write) = stream.split();
        let said = vec![b'a'; bytes];
        let mut came = vec![0; bytes];
        // Saying ends by itself, or is cut off.
        let (_, heard) = tokio::join!(write.write_all(&said), read.read_exact(&mut came));
        (heard.is_ok(), metered.is_over())
    }

    #[tokio::test]
    async fn what_may_come_comes_and_what_is_more_is_cut_off() {
        assert_eq!(echoed(90_000).await, (true, false));
        assert_eq!(echoed(200_000).await, (false, true));
    }
}
