//! The entrance of every listener: a place for each connection, and whose it is.
//!
//! SECURITY: a PROXY header says whatever its sender likes. It is read from listed balancers only, from
//! those always, and before anything else; of anybody else not a byte is taken. Start at
//! [`Entrance::admit`].

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BufMut as _;
use ipnet::IpNet;
use proto::proxy_protocol::{self, Progress, ProxyProtocolError, Source};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::places::{Place, Places};
use super::room::Room;
use crate::metrics::{Metrics, Unnamed};
use crate::pace::Pace;
use crate::proxy::limits;

/// What all listeners share.
pub(super) struct Entrance {
    places: Arc<Places>,
    metrics: Arc<Metrics>,
    unnamed: Mutex<Pace>,
}

/// A connection that there is a place for.
pub(super) struct Arrival {
    entrance: Arc<Entrance>,
    kind: &'static str,
    address: IpAddr,
    is_handed_on: bool,
    stream: TcpStream,
    place: Place,
}

/// A connection whose client is known.
pub(super) struct Named {
    /// The connection, whose next byte is the client's.
    pub(super) stream: TcpStream,
    /// The client's address.
    pub(super) address: IpAddr,
    /// Its place, which is the client's.
    pub(super) place: Place,
}

/// Why nobody knows whose a connection is.
#[derive(Debug, thiserror::Error)]
enum HeaderError {
    /// It ended before it began, as where a balancer only looks whether somebody listens.
    #[error("it said nothing")]
    Silent,
    /// It ended within the header.
    #[error("it ended within its header: {0}")]
    Ended(io::Error),
    /// It is no header.
    #[error("{0}; the balancer must send one")]
    Malformed(#[from] ProxyProtocolError),
    /// None came.
    #[error("no PROXY header came in time; the balancer must send one")]
    Slow,
}

impl Entrance {
    /// One with room for so many.
    pub(super) fn new(room: Room, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            places: Places::new(room.in_all, room.of_one),
            metrics,
            unnamed: Mutex::new(Pace::new(limits::UNNAMED_LOG)),
        })
    }

    /// Takes a connection in, where there is a place for it.
    pub(super) fn admit(
        self: &Arc<Self>,
        (stream, address): (TcpStream, SocketAddr),
        kind: &'static str,
        balancers: &[IpNet],
    ) -> Option<Arrival> {
        let address = address.ip().to_canonical();
        let is_handed_on = balancers.iter().any(|network| network.contains(&address));
        let place = match is_handed_on {
            true => self.places.take_unnamed(address),
            false => self.places.take(address),
        };
        let Some(place) = place else {
            self.is_full(kind, address);
            return None;
        };
        Some(Arrival {
            entrance: Arc::clone(self),
            kind,
            address,
            is_handed_on,
            stream,
            place,
        })
    }

    /// Says that there was no place.
    pub(super) fn is_full(&self, kind: &'static str, address: IpAddr) {
        self.metrics.refused_connection(kind);
        tracing::debug!(%address, "there is no place for another connection");
    }

    fn refused(&self, balancer: IpAddr, error: &HeaderError) {
        let reason = match error {
            HeaderError::Silent => return,
            HeaderError::Ended(_) => Unnamed::Ended,
            HeaderError::Malformed(_) => Unnamed::Malformed,
            HeaderError::Slow => Unnamed::Slow,
        };
        self.metrics.not_named(reason);
        let mut pace = self.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = pace.count(Instant::now()) {
            tracing::warn!(times, last.balancer = %balancer, "a balancer did not say whose a connection is: {error}");
        }
    }
}

impl Arrival {
    /// Finds out whose it is; `None` where it ends here.
    pub(super) async fn named(mut self) -> Option<Named> {
        if !self.is_handed_on {
            let (stream, address, place) = (self.stream, self.address, self.place);
            return Some(Named {
                stream,
                address,
                place,
            });
        }
        let read = timeout(limits::PROXY_HEADER, source(&mut self.stream)).await;
        let address = match read.unwrap_or(Err(HeaderError::Slow)) {
            Ok(Source::Client(client)) => client.ip(),
            // It looks whether we are there, and is served as anybody is.
            Ok(Source::Balancer) => self.address,
            Err(error) => {
                self.entrance.refused(self.address, &error);
                return None;
            }
        };
        let Some(place) = self.place.named(address) else {
            self.entrance.is_full(self.kind, address);
            return None;
        };
        let stream = self.stream;
        Some(Named {
            stream,
            address,
            place,
        })
    }
}

/// Reads a PROXY header and not a byte behind it.
async fn source(stream: &mut (impl AsyncRead + Unpin)) -> Result<Source, HeaderError> {
    let mut header = Vec::new();
    loop {
        let more = match proxy_protocol::read(&header)? {
            Progress::Whole(source) => return Ok(source),
            Progress::More(more) => more,
        };
        let read = stream.read_buf(&mut (&mut header).limit(more)).await;
        match read.map_err(HeaderError::Ended)? {
            0 if header.is_empty() => return Err(HeaderError::Silent),
            0 => return Err(HeaderError::Ended(io::ErrorKind::UnexpectedEof.into())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n";

    #[tokio::test]
    async fn not_a_byte_behind_the_header_is_read_however_the_header_comes() {
        for packet in [1, 5, LINE.len(), 100] {
            let (mut balancer, mut gate) = tokio::io::duplex(packet);
            let sent = tokio::spawn(async move {
                let all = [LINE, b"\x16hello"].concat();
                balancer.write_all(&all).await
            });
            let client = source(&mut gate).await.unwrap();
            assert_eq!(client, Source::Client("192.0.2.7:56324".parse().unwrap()));
            let mut rest = Vec::new();
            gate.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"\x16hello", "in packets of {packet}");
            sent.await.unwrap().unwrap();
        }
    }

    /// What a connection from a balancer becomes that a listener of that address took.
    async fn arrived(
        entrance: &Arc<Entrance>,
        (listens, connects): (&str, &str),
        says: &[u8],
    ) -> Option<Named> {
        let listener = TcpListener::bind(listens).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut balancer = TcpStream::connect((connects, port)).await.unwrap();
        balancer.write_all(says).await.unwrap();
        let taken = listener.accept().await.unwrap();
        let balancers = ["127.0.0.1/32".parse().unwrap()];
        entrance.admit(taken, "tls", &balancers)?.named().await
    }

    fn entrance(in_all: usize, of_one: usize) -> Arc<Entrance> {
        Entrance::new(Room { in_all, of_one }, Arc::new(Metrics::new()))
    }

    #[tokio::test]
    async fn a_balancer_is_known_by_its_address_of_ipv4_on_a_listener_of_both() {
        for listens in ["127.0.0.1:0", "[::]:0"] {
            let entrance = entrance(10, 10);
            let named = arrived(&entrance, (listens, "127.0.0.1"), LINE).await;
            let address = named.expect("somebody").address;
            assert_eq!(address, "192.0.2.7".parse::<IpAddr>().unwrap(), "{listens}");
        }
    }

    #[tokio::test]
    async fn whoever_a_balancer_names_has_a_place_of_their_own_or_none() {
        let entrance = entrance(10, 1);
        let here = ("127.0.0.1:0", "127.0.0.1");
        let named = arrived(&entrance, here, LINE).await.expect("somebody");
        let client = named.address;
        assert!(
            entrance.places.take(client).is_none(),
            "the place is the client's"
        );
        assert!(
            arrived(&entrance, here, LINE).await.is_none(),
            "no second one"
        );
        let other = b"PROXY TCP4 192.0.2.8 192.0.2.1 56324 443\r\n";
        assert!(
            arrived(&entrance, here, other).await.is_some(),
            "another's is free"
        );
        drop(named);
        assert!(
            entrance.places.take(client).is_some(),
            "and free again afterwards"
        );
    }

    #[tokio::test]
    async fn what_is_no_header_is_told_apart() {
        let of = async |bytes: &'static [u8]| source(&mut &*bytes).await.unwrap_err();
        assert!(matches!(of(b"").await, HeaderError::Silent));
        assert!(matches!(of(&LINE[..20]).await, HeaderError::Ended(_)));
        assert!(matches!(
            of(b"\x16\x03\x01").await,
            HeaderError::Malformed(_)
        ));
    }
}
