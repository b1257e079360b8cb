//! Full TLS 1.3 handshakes beside nginx: ECDSA P-256, X25519, nothing resumed, the same processor.
//!
//! The client checks no certificate, as its checks would cost more than the server's work. It may
//! still be the slower side, so that handshakes for each second of the server's processor are told
//! beside those for each second of the clock.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use e2e::demo::Demo;
use e2e::serve::Serve;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group::X25519};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::figure::Figure;
use crate::load::Connection;
use crate::machine::{Apart, used};
use crate::nginx::{Nginx, free, tls_lines};
use crate::stopwatch::{Stopwatch, median, rate};

/// The name that is asked for.
const HOST: &str = "mail.contoso.localhost";
/// How many clients shake hands at the same time.
const CLIENTS: usize = 8;
/// How often each side is measured; the middle one counts.
const ROUNDS: usize = 5;
/// How long a round is.
const ROUND: Duration = Duration::from_secs(2);

/// What the rounds of one side gave: handshakes for each second of the clock, and of the processor.
#[derive(Default)]
struct Side {
    by_clock: Vec<f64>,
    by_processor: Vec<f64>,
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let apart = Apart::new()?;
    let demo = Demo::start()?;
    let gate = Serve::start_under(&apart.launcher(), &demo, |config| config)?;
    let address = free()?;
    let blocks = format!(
        "server {{ listen {address} ssl backlog=4096; {} location / {{ return 404; }} }}",
        tls_lines(&demo)
    );
    let nginx = Nginx::start(&apart.launcher(), &blocks, address)?;
    let tls = client()?;
    let (mut here, mut there) = (Side::default(), Side::default());
    for _ in 0..ROUNDS {
        here.round(&tls, gate.address, gate.process())?;
        there.round(&tls, address, nginx.process())?;
    }
    let figure = |what: &str, here: &[f64], there: &[f64]| Figure {
        name: format!("full TLS 1.3 handshakes, {CLIENTS} clients, {what}"),
        value: median(here),
        unit: "/s",
        peer: Some(("nginx".to_owned(), median(there))),
        budget: "at least 1.5 of nginx",
    };
    Ok(vec![
        figure("by the clock", &here.by_clock, &there.by_clock),
        figure("by the processor", &here.by_processor, &there.by_processor),
    ])
}

impl Side {
    fn round(
        &mut self,
        tls: &Arc<ClientConfig>,
        server: SocketAddr,
        process: u32,
    ) -> anyhow::Result<()> {
        let before = used(process)?;
        let stopwatch = Stopwatch::begin();
        let made = std::thread::scope(|scope| {
            let shake = || shake_hands(tls, server, stopwatch);
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(shake)).collect();
            let joined = clients.into_iter().map(|client| match client.join() {
                Ok(made) => made,
                Err(_) => Err(anyhow::anyhow!("a client panicked")),
            });
            joined.sum::<anyhow::Result<usize>>()
        })?;
        let took = stopwatch.elapsed();
        let used = used(process)?.saturating_sub(before);
        self.by_clock.push(rate(made, took));
        self.by_processor.push(rate(made, used));
        Ok(())
    }
}

/// Shakes hands until the round is over; gives how often.
fn shake_hands(
    tls: &Arc<ClientConfig>,
    server: SocketAddr,
    begun: Stopwatch,
) -> anyhow::Result<usize> {
    let mut made = 0;
    while begun.elapsed() < ROUND {
        let mut connection = Connection::open(tls, server, HOST, Ipv4Addr::LOCALHOST)?;
        connection.hear_tickets()?;
        connection.reset()?;
        made += 1;
    }
    Ok(made)
}

/// A client that resumes nothing and believes any certificate.
fn client() -> anyhow::Result<Arc<ClientConfig>> {
    let mut provider = default_provider();
    provider.kx_groups = vec![X25519];
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Believes anyone.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
