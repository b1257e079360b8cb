//! A back end that takes Kerberos tokens bound to a certificate and nothing else, as an Exchange with Extended
//! Protection at `Require` does: 200 with the name of whoever came, or 401.
//!
//! Apache's module cannot demand a binding, so this stands where a story needs one that does. Start at
//! [`Bound::serve`].

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gss::{AcceptError, Acceptor, BadToken, ChannelBinding};
use http::header::{AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::serve::body;
use crate::settings::{LabError, TlsFiles};

/// The object identifier of Kerberos 5 and the number of an AP-REQ (RFC 4121 4.1).
const AP_REQ: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00,
];
/// `[APPLICATION 0]` around a token (RFC 2743 3.1).
const APPLICATION: u8 = 0x60;

/// The back end.
pub struct Bound {
    acceptor: Acceptor,
    binding: ChannelBinding,
    tls: Option<TlsAcceptor>,
    connections: AtomicU64,
}

impl Bound {
    /// One that demands the binding of a certificate's digest (RFC 5929 4), and shows a certificate itself where
    /// it is given one; else somebody else ends TLS in front of it.
    ///
    /// # Errors
    ///
    /// The files are not PEM, or do not go together.
    pub fn new(
        acceptor: Acceptor,
        digest: &[u8],
        files: Option<&TlsFiles>,
    ) -> Result<Self, LabError> {
        Ok(Self {
            acceptor,
            binding: ChannelBinding::tls_server_end_point(digest),
            tls: files.map(crate::serve::accept::tls).transpose()?,
            connections: AtomicU64::new(0),
        })
    }

    /// Serves whoever comes, for ever.
    ///
    /// # Errors
    ///
    /// No connection can be taken any more.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<Infallible> {
        loop {
            let (stream, _) = listener.accept().await?;
            let this = Arc::clone(&self);
            tokio::spawn(async move {
                match &this.tls {
                    None => Arc::clone(&this).answer(stream).await,
                    Some(tls) => {
                        if let Some(stream) = crate::serve::accept::secured(tls, stream).await {
                            Arc::clone(&this).answer(stream).await;
                        }
                    }
                }
            });
        }
    }

    async fn answer<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: Arc<Self>,
        stream: S,
    ) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let service = service_fn(move |request: Request<Incoming>| {
            let this = Arc::clone(&self);
            async move {
                let (head, body) = request.into_parts();
                // What is not read would be taken for the next request.
                let is_read = body::drain(body).await.is_ok();
                let mut answer = this.judged(head.headers, number).await;
                if !is_read {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(CONNECTION, close);
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        if let Err(error) = serving.await {
            tracing::debug!(%error, "a connection ended");
        }
    }

    /// Who came, or why not.
    async fn judged(self: Arc<Self>, headers: HeaderMap, number: u64) -> Response<Full<Bytes>> {
        let presented = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
        let encoded = presented.and_then(|it| it.strip_prefix("Negotiate "));
        let token = encoded.and_then(|it| STANDARD.decode(it).ok());
        let Some(token) = token
            .as_deref()
            .and_then(kerberos_token)
            .map(<[u8]>::to_vec)
        else {
            return refused("no token");
        };
        let accepting = tokio::task::spawn_blocking(move || {
            let bindings = [self.binding.clone()];
            self.acceptor.accept(&token, &bindings)
        });
        match accepting.await {
            Ok(Ok(accepted)) if accepted.is_bound => {
                let said = format!("{} on connection {number}", accepted.initiator);
                Response::new(Full::new(Bytes::from(said)))
            }
            Ok(Ok(_)) => refused("no binding"),
            Ok(Err(AcceptError::Token(BadToken::WrongBindings(_)))) => refused("another binding"),
            Ok(Err(error)) => refused(&error.to_string()),
            Err(_) => refused("it broke"),
        }
    }
}

fn refused(why: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(why.as_bytes())));
    *answer.status_mut() = StatusCode::UNAUTHORIZED;
    let offer = HeaderValue::from_static("Negotiate");
    answer.headers_mut().insert(WWW_AUTHENTICATE, offer);
    tracing::info!(why, "somebody is refused");
    answer
}

/// The Kerberos token within a NegTokenInit that has one as its last field, or a plain one.
fn kerberos_token(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(AP_REQ.len()).position(|it| it == AP_REQ)?;
    // The length before the identifier takes one to four bytes, and counts to the end.
    let framed = |length: usize| {
        let begins = at.checked_sub(1 + length)?;
        let token = bytes.get(begins..)?;
        (token.first() == Some(&APPLICATION)).then_some(token)
    };
    (1..=4).find_map(framed)
}
