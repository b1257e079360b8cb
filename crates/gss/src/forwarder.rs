//! Between libkrb5 and the domain controllers: finds one that answers, quickly.
//!
//! libkrb5 1.20 asks one after the other and waits for each as long as it likes: with the first of two silent, one
//! sign-in took 40 s. It is told this address alone, and here the next is asked when one refuses or is late.
//!
//! TCP only, on both sides: every KDC must speak it (RFC 4120 7.2.2), an answer with a PAC does not fit into a
//! datagram, and a datagram's sender can be forged. Nothing is read but the length in front of each message, and
//! whether a controller says that it is out of service.

use std::io::{self, Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Largest message either way, in bytes.
const MAX_MESSAGE: usize = 128 * 1024;
/// How long a domain controller has to itself before the next is asked as well.
const HEAD_START: Duration = Duration::from_millis(250);
/// How long a question may take, whoever answers; one sign-in asks up to four, but the first that nobody
/// answers is its last.
const PATIENCE: Duration = Duration::from_millis(1200);
/// Most questions at the same time: those of the pool, and some of another's that found the port.
const MAX_CONNECTIONS: usize = 64;

/// How far into an answer its error code is looked for: behind it stand names and texts.
const HEAD: usize = 96;
/// `error-code` of a KRB-ERROR that says `KDC_ERR_SVC_UNAVAILABLE` (RFC 4120 5.9.1, 7.5.9), in DER.
const OUT_OF_SERVICE: [u8; 5] = [0xa6, 0x03, 0x02, 0x01, 29];

/// A running forwarder, ended when it is dropped.
#[derive(Debug)]
pub struct Forwarder {
    address: SocketAddr,
    controllers: Arc<Controllers>,
    listening: JoinHandle<()>,
}

/// The domain controllers.
#[derive(Debug)]
struct Controllers {
    /// Each a host or address and a port; names are looked up anew with every question.
    names: Mutex<Arc<[String]>>,
    /// Who answered last, and is asked first.
    preferred: AtomicUsize,
    questions: AtomicU64,
}

impl Forwarder {
    /// Listens on a free port of the loopback address, for these domain controllers in this order: each a host or
    /// address and a port.
    ///
    /// # Errors
    ///
    /// It cannot listen.
    pub async fn start(names: Vec<String>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let controllers = Arc::new(Controllers {
            names: Mutex::new(names.into()),
            preferred: AtomicUsize::new(0),
            questions: AtomicU64::new(0),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&controllers)));
        Ok(Self {
            address,
            controllers,
            listening,
        })
    }

    /// Where it listens: the one KDC of [`Settings`](crate::Settings).
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks these domain controllers from here on; whoever answered last stays the first where it is among them.
    pub fn ask_from_now_on(&self, names: Vec<String>) {
        self.controllers.become_these(names.into());
    }

    /// How many questions came from libkrb5 so far.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.controllers.questions.load(Ordering::Relaxed)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, controllers: Arc<Controllers>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // It never closes.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                let controllers = Arc::clone(&controllers);
                tokio::spawn(async move {
                    // A closed connection is the only answer that says "nobody": libkrb5 gives up at once.
                    let _ = serve(client, &controllers).await;
                    drop(place);
                });
            }
            // Out of files: without a pause this would be a busy loop.
            Err(_) => tokio::time::sleep(HEAD_START).await,
        }
    }
}

async fn serve(mut client: TcpStream, controllers: &Controllers) -> io::Result<()> {
    client.set_nodelay(true)?;
    let question = within(PATIENCE, read(&mut client)).await?;
    let answer = within(PATIENCE, controllers.ask(question)).await?;
    within(PATIENCE, write(&mut client, &answer)).await
}

impl Controllers {
    /// The first answer that comes. Everybody is asked in turn, the next as soon as one refuses or has had its head
    /// start.
    async fn ask(&self, question: Vec<u8>) -> io::Result<Vec<u8>> {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let question: Arc<[u8]> = question.into();
        let names = Arc::clone(&self.names());
        let first = self.preferred.load(Ordering::Relaxed);
        let count = names.len();
        let order = (0..count).map(|number| (first + number) % count);
        let mut left = order.filter_map(|at| Some((at, names.get(at)?.clone())));
        let mut asked = JoinSet::new();
        let mut out_of_service = None;
        loop {
            let is_more = match left.next() {
                Some((at, name)) => {
                    let question = Arc::clone(&question);
                    asked.spawn(async move { (at, ask(&name, &question).await) });
                    true
                }
                None => false,
            };
            let head_start = if is_more { HEAD_START } else { PATIENCE };
            match timeout(head_start, asked.join_next()).await {
                Ok(Some(Ok((_, Ok(answer))))) if is_out_of_service(&answer) => {
                    out_of_service = Some(answer);
                }
                Ok(Some(Ok((at, Ok(answer))))) => {
                    self.prefer(at, &names);
                    return Ok(answer);
                }
                // Refused, or late: the next one's turn.
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => return out_of_service.ok_or(ErrorKind::HostUnreachable.into()),
            }
        }
    }

    fn become_these(&self, new: Arc<[String]>) {
        let mut names = self.names();
        let first = names.get(self.preferred.load(Ordering::Relaxed));
        let at = first.and_then(|first| new.iter().position(|it| it == first));
        self.preferred.store(at.unwrap_or(0), Ordering::Relaxed);
        *names = new;
    }

    /// Whoever answered is asked first from here on, unless there are others by now.
    fn prefer(&self, at: usize, asked: &Arc<[String]>) {
        let names = self.names();
        if Arc::ptr_eq(&names, asked) {
            self.preferred.store(at, Ordering::Relaxed);
        }
    }

    fn names(&self) -> MutexGuard<'_, Arc<[String]>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a controller says that another should be asked.
fn is_out_of_service(answer: &[u8]) -> bool {
    let head = answer.get(..HEAD).unwrap_or(answer);
    let mut windows = head.windows(OUT_OF_SERVICE.len());
    answer.first() == Some(&0x7e) && windows.any(|it| it == OUT_OF_SERVICE)
}

async fn ask(name: &str, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut controller = TcpStream::connect(name).await?;
    controller.set_nodelay(true)?;
    write(&mut controller, question).await?;
    read(&mut controller).await
}

/// One message with its length in front (RFC 4120 7.2.2).
async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length == 0 || length > MAX_MESSAGE {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(Error::other)?;
    let framed = [&length.to_be_bytes(), message].concat();
    stream.write_all(&framed).await
}

async fn within<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(patience, work).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A domain controller that answers each question with itself and one letter more.
    async fn answering(letter: u8) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut message = read(&mut client).await.unwrap();
                message.push(letter);
                write(&mut client, &message).await.unwrap();
            }
        });
        address.to_string()
    }

    /// One that always answers the same.
    async fn saying(message: Vec<u8>) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let _ = read(&mut client).await.unwrap();
                write(&mut client, &message).await.unwrap();
            }
        });
        address.to_string()
    }

    /// A KRB-ERROR with a code, as far as its realm (RFC 4120 5.9.1).
    fn krb_error(code: u8) -> Vec<u8> {
        let mut fields = vec![0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 30, 0xa4, 17, 0x18, 15];
        fields.extend(b"20261130080000Z");
        fields.extend([0xa5, 3, 2, 1, 0, 0xa6, 3, 2, 1, code]);
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
        let sequence = [&[0x30, length(&fields)], &*fields].concat();
        [&[0x7e, length(&sequence)], &*sequence].concat()
    }

    #[tokio::test]
    async fn whoever_is_out_of_service_is_passed_over_and_heard_where_nobody_is_in_it() {
        let out = saying(krb_error(29)).await;
        let forwarder = Forwarder::start(vec![out.clone(), answering(b'b').await]);
        let forwarder = forwarder.await.unwrap();
        assert_eq!(asked(&forwarder).await.unwrap(), b"?b");
        let forwarder = Forwarder::start(vec![out, absent().await]).await.unwrap();
        assert_eq!(asked(&forwarder).await.unwrap(), krb_error(29));
        // Another error is an answer like any other: somebody is unknown everywhere.
        let unknown = saying(krb_error(6)).await;
        let forwarder = Forwarder::start(vec![unknown, answering(b'b').await]);
        let forwarder = forwarder.await.unwrap();
        assert_eq!(asked(&forwarder).await.unwrap(), krb_error(6));
    }

    /// One that takes connections and never says a word.
    async fn silent() -> (String, TcpListener) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        (listener.local_addr().unwrap().to_string(), listener)
    }

    /// One that is not there.
    async fn absent() -> String {
        silent().await.0
    }

    async fn asked(forwarder: &Forwarder) -> io::Result<Vec<u8>> {
        ask(&forwarder.address().to_string(), b"?").await
    }

    #[tokio::test]
    async fn whoever_refuses_or_is_silent_is_passed_over_and_then_asked_last() {
        let (quiet, _kept) = silent().await;
        let all = vec![absent().await, quiet, answering(b'c').await];
        let forwarder = Forwarder::start(all).await.unwrap();
        assert_eq!(asked(&forwarder).await.unwrap(), b"?c");
        assert_eq!(asked(&forwarder).await.unwrap(), b"?c");
    }

    #[tokio::test]
    async fn the_one_that_answered_last_is_asked_first() {
        let (quiet, kept) = silent().await;
        let forwarder = Forwarder::start(vec![quiet, answering(b'b').await])
            .await
            .unwrap();
        for _ in 0..20 {
            assert_eq!(asked(&forwarder).await.unwrap(), b"?b");
        }
        // Asked at first, and never again.
        let kept = kept.into_std().unwrap();
        kept.set_nonblocking(true).unwrap();
        assert!(kept.accept().is_ok());
        assert!(kept.accept().is_err());
    }

    #[tokio::test]
    async fn others_are_asked_from_the_moment_on_that_they_are_named() {
        let (a, b) = (answering(b'a').await, answering(b'b').await);
        let forwarder = Forwarder::start(vec![]).await.unwrap();
        assert!(asked(&forwarder).await.is_err());
        forwarder.ask_from_now_on(vec![a.clone()]);
        assert_eq!(asked(&forwarder).await.unwrap(), b"?a");
        forwarder.ask_from_now_on(vec![b.clone(), a.clone()]);
        assert_eq!(asked(&forwarder).await.unwrap(), b"?a", "it answered last");
        forwarder.ask_from_now_on(vec![b]);
        assert_eq!(asked(&forwarder).await.unwrap(), b"?b");
    }

    #[tokio::test]
    async fn when_nobody_answers_the_connection_is_closed_in_time() {
        let (quiet, _kept) = silent().await;
        for all in [vec![], vec![absent().await], vec![quiet, absent().await]] {
            let forwarder = Forwarder::start(all).await.unwrap();
            let closed = timeout(2 * PATIENCE, asked(&forwarder)).await.unwrap();
            assert!(closed.is_err());
        }
    }

    #[tokio::test]
    async fn a_message_of_an_impossible_length_is_not_passed_on() {
        let forwarder = Forwarder::start(vec![answering(b'a').await]).await.unwrap();
        for length in [0_u32, 0x8000_0000, u32::MAX] {
            let mut client = TcpStream::connect(forwarder.address()).await.unwrap();
            client.write_u32(length).await.unwrap();
            assert!(read(&mut client).await.is_err());
        }
    }
}
