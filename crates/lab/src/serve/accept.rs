//! Accepting connections until it is time to stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::requests::Server;
use crate::settings::{LabError, TlsFiles};

/// Most connections of one server; beyond it new ones are closed at once.
const MAX_CONNECTIONS: usize = 16_384;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long accepting rests after the system refused a connection.
const REST: Duration = Duration::from_millis(20);

/// Binds a loopback port; 0 is any.
///
/// # Errors
///
/// The port cannot be had.
pub(crate) async fn bind(server: Server, port: u16) -> Result<TcpListener, LabError> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .map_err(|source| LabError::Bind { server, source })
}

/// Makes the TLS configuration of the servers.
///
/// # Errors
///
/// The files are not PEM, or do not go together.
pub(crate) fn tls(files: &TlsFiles) -> Result<TlsAcceptor, LabError> {
    let chain = CertificateDer::pem_slice_iter(&files.chain).collect::<Result<Vec<_>, _>>();
    let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(LabError::Pem)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(LabError::Pem)?, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Does the handshake; a client that is too slow or fails gets nothing.
pub(crate) async fn secured(tls: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// What takes connections.
pub(crate) trait Door: Send + Sync + 'static {
    /// Serves one until it ends.
    fn serve(self: Arc<Self>, stream: TcpStream) -> impl Future<Output = ()> + Send;
}

/// Serves every connection while a server is up; when it goes down, ends those open and gives up its
/// port, which it takes again when it is up again. Ends when nobody is left to tell it.
pub(crate) async fn accept_while_up(
    listener: TcpListener,
    mut is_up: watch::Receiver<bool>,
    door: Arc<impl Door>,
) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let mut listener = Some(listener);
    while is_up.wait_for(|up| *up).await.is_ok() {
        let listener = match listener.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(address).await {
                Ok(listener) => listener,
                Err(_) => {
                    tokio::time::sleep(REST).await;
                    continue;
                }
            },
        };
        let (stop, stopped) = watch::channel(());
        let accepting = accept(listener, stopped, Arc::clone(&door));
        tokio::pin!(accepting);
        tokio::select! {
            () = &mut accepting => return,
            _ = is_up.wait_for(|up| !*up) => {}
        }
        stop.send_replace(());
        accepting.await;
    }
}

/// Serves every connection until told to stop, or nobody is left to tell; then ends those open.
pub(crate) async fn accept(
    listener: TcpListener,
    mut stop: watch::Receiver<()>,
    door: Arc<impl Door>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                    // Small answers must not wait for more; without it they are only slower.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(Arc::clone(&door).serve(stream));
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(REST).await,
            },
        }
    }
    connections.shutdown().await;
}
