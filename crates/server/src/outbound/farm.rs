//! Back ends: to which member of a farm a request goes, and the connection to it.
//!
//! Addresses, TLS names and Hosts come from the configuration only; no byte of a request chooses one
//! (T-HTTP-10) but a cookie that the gate made itself. Start at [`Farm::choose`].

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::Digest;
use gateway::farm::affinity::Affinity;
use gateway::farm::health::Heard;
use gateway::farm::{Bound, Candidate, Rotation, Standing};
use http::HeaderValue;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::line::{Beside, watched};
use super::members::{Members, Tracked};
use super::tls::{TlsClient, TlsError};
use crate::config::settings::{self, KerberosToken};
use crate::vanished;

/// A farm of back ends that serve the same.
pub(crate) struct Farm {
    /// Its name.
    pub(crate) name: String,
    /// The cookie that names a member.
    pub(crate) affinity: Affinity,
    /// How often a member is sent a Kerberos token, where one is.
    pub(crate) kerberos_token: KerberosToken,
    pub(super) health: settings::Health,
    members: Vec<Member>,
    rotation: Mutex<Rotation>,
}

/// One back end.
pub(crate) struct Member {
    /// The Host that it is told; `None` keeps the published one.
    pub(crate) host: Option<HeaderValue>,
    /// The Host of its checks.
    pub(super) checked_host: HeaderValue,
    /// What is known of it.
    pub(crate) tracked: Arc<Tracked>,
    /// The service that Kerberos tokens for it are of.
    pub(crate) spn: Option<String>,
    weight: u32,
    tls: Option<TlsClient>,
}

/// A connection to a member, and the certificate that it showed.
pub(crate) struct Connected {
    /// The connection.
    pub(crate) transport: Box<dyn Transport>,
    /// The digest of the certificate (RFC 5929 4), where there is TLS.
    pub(crate) tls_server_end_point: Option<Digest>,
    /// Whether the member still keeps it.
    pub(crate) beside: Beside,
    /// The certificate itself.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// A connection to a back end, whatever it is made of.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Why a member could not be connected to; nothing was sent to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nobody answers at its address.
    #[error("`{address}` cannot be reached")]
    Tcp {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not whom the configuration names.
    #[error("`{address}` cannot be spoken to over TLS")]
    Tls {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It closed the connection before it took anything on it.
    #[error("`{address}` closed its connection at once")]
    Closed {
        /// Its address.
        address: String,
    },
    /// It took too long.
    #[error("`{address}` did not take a connection in time")]
    TooSlow {
        /// Its address.
        address: String,
    },
}

impl ConnectError {
    /// A member closed its connection before it took anything on it.
    pub(crate) fn closed(member: &Member) -> Self {
        let address = member.tracked.address().to_owned();
        Self::Closed { address }
    }
}

impl Farm {
    /// Takes a farm's settings; authorities are read here.
    ///
    /// # Errors
    ///
    /// The authorities or the name of a member's TLS are not usable.
    pub(crate) fn new(
        name: &str,
        settings: &settings::Farm,
        members: &Members,
    ) -> Result<Self, TlsError> {
        let member = |member: &settings::Member| {
            Ok(Member {
                host: member.host_header.clone(),
                checked_host: member.checked_host.clone(),
                tracked: members.of(name, &member.address),
                spn: member.spn.clone(),
                weight: member.weight,
                tls: member.tls.as_ref().map(TlsClient::new).transpose()?,
            })
        };
        let addresses = settings.members.iter().map(|member| &*member.address);
        Ok(Self {
            name: name.to_owned(),
            affinity: Affinity::new(members.cookies(), name, addresses),
            kerberos_token: settings.kerberos_token,
            health: settings.health.clone(),
            members: settings
                .members
                .iter()
                .map(member)
                .collect::<Result<_, TlsError>>()?,
            rotation: Mutex::default(),
        })
    }

    /// Reads what [`Farm::new`] reads, and keeps nothing.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn check(settings: &settings::Farm) -> Result<(), TlsError> {
        let mut tls = settings.members.iter().filter_map(|it| it.tls.as_ref());
        tls.try_for_each(|tls| TlsClient::new(tls).map(drop))
    }

    /// Its members, by their places.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Chooses a member for a request, but none of those that were tried.
    pub(crate) fn choose(&self, bound: Bound, tried: &BTreeSet<usize>) -> Option<(usize, &Member)> {
        let candidate = |(at, member): (usize, &Member)| Candidate {
            weight: member.weight,
            standing: member.tracked.standing(),
            was_tried: tried.contains(&at),
        };
        let candidates: Vec<_> = self.members.iter().enumerate().map(candidate).collect();
        let rotation = self.rotation.lock();
        let mut rotation = rotation.unwrap_or_else(PoisonError::into_inner);
        let chosen = rotation.choose(&candidates, bound)?;
        Some((chosen, self.members.get(chosen)?))
    }

    /// Takes what was heard of a member, and why.
    pub(crate) fn heard(&self, member: &Member, heard: Heard, why: &dyn std::fmt::Display) {
        let mut others = self.members.iter();
        let is_alone = !others.any(|other| {
            let is_other = !Arc::ptr_eq(&other.tracked, &member.tracked);
            is_other && other.tracked.standing() == Standing::Taking
        });
        let rules = (self.health.thresholds, is_alone);
        member.tracked.heard(heard, rules, why);
    }
}

impl Member {
    /// Connects to it.
    ///
    /// # Errors
    ///
    /// It cannot be reached, or is not who it should be.
    pub(crate) async fn connect(&self) -> Result<Connected, ConnectError> {
        let address = || self.tracked.address().to_owned();
        let tcp = |source| ConnectError::Tcp {
            address: address(),
            source,
        };
        let stream = TcpStream::connect(self.tracked.address());
        let stream = stream.await.map_err(tcp)?;
        stream.set_nodelay(true).map_err(tcp)?;
        vanished::noticed_of_member(&stream).map_err(tcp)?;
        let (line, beside) = watched(stream);
        match &self.tls {
            None => Ok(Connected {
                transport: Box::new(line),
                tls_server_end_point: None,
                beside,
                certificate: None,
            }),
            Some(tls) => {
                let connected = tls.connect(line, beside).await;
                connected.map_err(|source| ConnectError::Tls {
                    address: address(),
                    source,
                })
            }
        }
    }
}
