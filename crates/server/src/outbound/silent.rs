//! Farms for tests whose members never take a connection, nor refuse one.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use gateway::farm::health::Thresholds;
use http::HeaderValue;
use proto::secret::Secret;
use tokio::net::{TcpListener, TcpSocket};

use super::farm::Farm;
use super::members::Members;
use crate::config::settings;
use crate::metrics::Metrics;

/// A farm, and what keeps its members silent.
pub(crate) struct Silent {
    pub(crate) farm: Farm,
    _members: Vec<(TcpListener, Vec<TcpStream>)>,
}

impl Silent {
    /// One of so many members.
    pub(crate) fn farm(count: usize) -> Self {
        let silent: Vec<_> = (0..count).map(|_| member()).collect();
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
        let members = Members::new(Arc::new(Metrics::new()), Secret::new([7; 32]));
        let farm = Farm::new("silent", &settings, &members).unwrap();
        members.watch_only(farm.members().iter().map(|member| &member.tracked));
        Self {
            farm,
            _members: silent,
        }
    }
}

/// A socket whose queue is full: who connects gets no answer at all.
fn member() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    // Linux takes one more than was asked for.
    let waiting =
        (0..2).map_while(|_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok());
    let waiting = waiting.collect();
    (listener, waiting)
}
