//! Connections to members of farms, as the gate makes them, and the certificates on both sides.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use aws_lc_rs::digest::Digest;
use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, CertificateError, Error};
use tokio::net::TcpStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Look, one, too_slow, words};
use crate::clock;
use crate::config::{Settings, settings};
use crate::doctor::wire::{Held, Reached, Seen};
use crate::listen::Certificates;
use crate::outbound::farm::Transport;
use crate::outbound::line::watched;
use crate::outbound::tls::{NotAgreed, TlsClient};

/// How long a connection to a back end may take, TLS included.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to a back end that is who it should be.
pub(super) struct Open {
    /// The connection.
    pub(super) transport: Box<dyn Transport>,
    /// The digest of its certificate (RFC 5929 4), where there is TLS.
    pub(super) digest: Option<Digest>,
    /// In how many days its certificate ends.
    days: Option<i64>,
}

/// A look at each member of each farm.
pub(super) fn looks(settings: &Settings) -> Vec<Look> {
    let look = |(farm, it): (&String, &settings::Farm)| {
        let farm = farm.clone();
        let look = move |member: &settings::Member| one(look(farm.clone(), member.clone()));
        it.members.iter().map(look).collect::<Vec<_>>()
    };
    settings.farms.iter().flat_map(look).collect()
}

async fn look(farm: String, member: settings::Member) -> Seen {
    let reached = match open(&member).await {
        Ok(open) => Reached::Open { days: open.days },
        Err(reached) => reached,
    };
    Seen::BackEnd {
        farm,
        member: member.address,
        reached,
    }
}

/// Connects to a member and verifies who it is, in bounded time.
///
/// # Errors
///
/// It cannot be reached, or is not who it should be.
pub(super) async fn open(member: &settings::Member) -> Result<Open, Reached> {
    let opened = tokio::time::timeout(PATIENCE, connect(member)).await;
    opened.unwrap_or_else(|_| Err(Reached::Silent(too_slow(PATIENCE))))
}

async fn connect(member: &settings::Member) -> Result<Open, Reached> {
    let silent = |error: &dyn std::error::Error| Reached::Silent(words(error));
    let stream = TcpStream::connect(&member.address).await;
    let stream = stream.map_err(|error| silent(&error))?;
    let Some(tls) = &member.tls else {
        return Ok(Open {
            transport: Box::new(stream),
            digest: None,
            days: None,
        });
    };
    let tls = TlsClient::new(tls).map_err(|error| Reached::BadCertificate(words(&error)))?;
    let (line, beside) = watched(stream);
    let connected = tls.connect(line, beside).await;
    let connected = connected.map_err(|error| why(&error))?;
    let days = connected.certificate.as_ref().and_then(days);
    Ok(Open {
        transport: connected.transport,
        digest: connected.tls_server_end_point,
        days,
    })
}

/// In how many days a certificate ends.
fn days(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(days_until(parsed.validity().not_after.timestamp()))
}

fn days_until(moment: i64) -> i64 {
    const DAY: i64 = 24 * 60 * 60;
    (moment - clock::now().as_second()).div_euclid(DAY)
}

/// What a handshake that failed says of the other side.
fn why(error: &io::Error) -> Reached {
    let said = words(error);
    let inner = error.get_ref();
    if inner.is_some_and(|it| it.is::<NotAgreed>()) {
        return Reached::Incompatible(said);
    }
    let Some(cause) = inner.and_then(|it| it.downcast_ref::<Error>()) else {
        return Reached::Silent(said);
    };
    match cause {
        Error::InvalidCertificate(invalid) => match invalid {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Reached::AnotherName(said)
            }
            CertificateError::UnknownIssuer => Reached::UnknownAuthority(said),
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Reached::OutOfTime(said),
            _ => Reached::BadCertificate(said),
        },
        Error::AlertReceived(
            AlertDescription::InsufficientSecurity | AlertDescription::ProtocolVersion,
        )
        | Error::PeerMisbehaved(_)
        | Error::InvalidMessage(_) => Reached::Incompatible(said),
        _ => Reached::Silent(said),
    }
}

/// The certificates of the listeners, as `serve` would load them.
pub(super) async fn certificates(settings: Settings) -> Seen {
    let reading = tokio::task::spawn_blocking(move || held(&settings));
    let (held, unnamed) = match reading.await {
        Ok(Ok((held, unnamed))) => (Ok(held), unnamed),
        Ok(Err(why)) => (Err(why), Vec::new()),
        Err(error) => (Err(words(&error)), Vec::new()),
    };
    Seen::Certificates { held, unnamed }
}

fn held(settings: &Settings) -> Result<(Vec<Held>, Vec<String>), String> {
    let mut ends = BTreeMap::new();
    let mut unnamed: Vec<String> = settings.published.keys().cloned().collect();
    for listener in &settings.listeners {
        let held = Certificates::load(&listener.certificates).map_err(|error| words(&error))?;
        unnamed.retain(|host| !held.cover(host));
        ends.extend(held.ends());
    }
    let held = ends.into_iter().map(|(file, end)| Held {
        file: file.display().to_string(),
        days: days_until(end),
    });
    Ok((held.collect(), unnamed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_that_fails_says_what_is_to_be_mended() {
        let of = |error: Error| why(&io::Error::other(error));
        let unknown = of(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        assert!(matches!(unknown, Reached::UnknownAuthority(_)));
        let named = of(Error::InvalidCertificate(CertificateError::NotValidForName));
        assert!(matches!(named, Reached::AnotherName(_)));
        let ended = of(Error::InvalidCertificate(CertificateError::Expired));
        assert!(matches!(ended, Reached::OutOfTime(_)));
        let bad = of(Error::InvalidCertificate(CertificateError::BadSignature));
        assert!(matches!(bad, Reached::BadCertificate(_)));
        let old = of(Error::AlertReceived(AlertDescription::ProtocolVersion));
        assert!(matches!(old, Reached::Incompatible(_)));
        // How Windows breaks a handshake off is `outbound::tls`'s to know.
        let gone = why(&io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(matches!(gone, Reached::Silent(_)));
        let other = of(Error::AlertReceived(AlertDescription::InternalError));
        assert!(matches!(other, Reached::Silent(_)));
    }
}
