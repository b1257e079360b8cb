//! Farms for tests whose members are silent: they take no connection and refuse none, or take one, and
//! whatever is sent on it, and never answer.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use gateway::farm::health::Thresholds;
use http::HeaderValue;
use proto::secret::Secret;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket};

use super::farm::Farm;
use super::members::Members;
use crate::config::settings;
use crate::metrics::Metrics;

/// A farm, and what keeps its members silent.
pub(crate) struct Silent {
    pub(crate) farm: Farm,
    pub(crate) metrics: Arc<Metrics>,
    members: Vec<(TcpListener, Vec<TcpStream>)>,
}

impl Silent {
    /// One of so many members, which take no connection.
    pub(crate) fn farm(count: usize) -> Self {
        Self::of((0..count).map(|_| full()).collect())
    }

    /// One of so many members, which take every connection and what is sent on it.
    pub(crate) fn listening(count: usize) -> Self {
        Self::of((0..count).map(|_| (listener(8), Vec::new())).collect())
    }

    /// What was sent on each connection that was made, to its end.
    pub(crate) async fn heard(self) -> Vec<String> {
        let mut heard = Vec::new();
        for (listener, _) in self.members {
            let listener = listener.into_std().unwrap();
            // It does not block: there is none, or it waits already.
            while let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true).unwrap();
                let mut text = String::new();
                let mut stream = tokio::net::TcpStream::from_std(stream).unwrap();
                stream.read_to_string(&mut text).await.unwrap();
                heard.push(text);
            }
        }
        heard
    }

    fn of(silent: Vec<(TcpListener, Vec<TcpStream>)>) -> Self {
        let members = silent.iter().map(|(listener, _)| settings::Member {
            address: listener.local_addr().unwrap().to_string(),
            tls: None,
            host_header: None,
            spn: None,
            checked_host: HeaderValue::from_static("silent"),
            weight: 1,
        });
        let settings = settings::Farm {
            members: members.collect(),
            kerberos_token: settings::KerberosToken::PerRequest,
            health: settings::Health {
                path: None,
                statuses: Vec::new(),
                interval: Duration::from_secs(5),
                timeout: Duration::from_secs(3),
                thresholds: Thresholds { fall: 2, rise: 2 },
            },
        };
        let metrics = Arc::new(Metrics::new());
        let members = Members::new(Arc::clone(&metrics), Secret::new([7; 32]));
        let farm = Farm::new("silent", &settings, &members).unwrap();
        members.watch_only(farm.members().iter().map(|member| &member.tracked));
        Self {
            farm,
            metrics,
            members: silent,
        }
    }
}

/// A socket that connections wait at, so many and one more.
fn listener(waiting: u32) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(waiting).unwrap()
}

/// A socket whose queue is full: who connects gets no answer at all.
fn full() -> (TcpListener, Vec<TcpStream>) {
    let listener = listener(0);
    let address = listener.local_addr().unwrap();
    // Linux takes one more than was asked for.
    let waiting =
        (0..2).map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok());
    let waiting = waiting.collect();
    (listener, waiting)
}
