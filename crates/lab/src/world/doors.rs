//! What stands between an accepted connection and the server behind it: TLS, HTTP or SIP, a number.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::serve::accept::{Door, secured};
use crate::serve::http::{self, Application, Connection};
use crate::sip::Registrar;

/// HTTP over TLS.
pub(super) struct Secure<App> {
    pub(super) tls: TlsAcceptor,
    pub(super) application: App,
    pub(super) numbers: Arc<Numbers>,
}

impl<App: Application> Door for Secure<Arc<App>> {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if let Some(stream) = secured(&self.tls, stream).await {
            let connection = Connection::new(self.numbers.next());
            http::serve(stream, Arc::clone(&self.application), connection).await;
        }
    }
}

/// HTTP without TLS.
pub(super) struct Plain<App> {
    pub(super) application: App,
    pub(super) numbers: Arc<Numbers>,
}

impl<App: Application> Door for Plain<Arc<App>> {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let connection = Connection::new(self.numbers.next());
        http::serve(stream, Arc::clone(&self.application), connection).await;
    }
}

/// SIP over TLS.
pub(super) struct Sip {
    pub(super) tls: TlsAcceptor,
    pub(super) registrar: Registrar,
    pub(super) numbers: Arc<Numbers>,
}

impl Door for Sip {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if let Some(stream) = secured(&self.tls, stream).await {
            self.registrar.serve(stream, self.numbers.next()).await;
        }
    }
}

/// The numbers of connections, over all servers.
#[derive(Debug, Default)]
pub(super) struct Numbers(AtomicU64);

impl Numbers {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
