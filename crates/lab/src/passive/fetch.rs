//! Fetching the metadata of a security token service over https, from where the settings say its host is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use xml::Limits;

use super::StsParseError;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for a document.
///
/// # Errors
///
/// It is out of reach, or too large.
pub(super) async fn fetch(
    url: &str,
    at: SocketAddr,
    authorities: &[u8],
) -> Result<Vec<u8>, StsParseError> {
    let fetched = timeout(PATIENCE, asked(url, at, authorities)).await;
    let fetched = fetched.map_err(|_| "nobody answers".to_owned());
    fetched
        .and_then(|it| it)
        .map_err(StsParseError::Unreachable)
}

async fn asked(url: &str, at: SocketAddr, authorities: &[u8]) -> Result<Vec<u8>, String> {
    let uri: Uri = url.parse().map_err(told)?;
    let authority = uri.authority().ok_or("the address has no host")?.clone();
    let name = ServerName::try_from(authority.host().to_owned()).map_err(told)?;
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities) {
        roots.add(authority.map_err(told)?).map_err(told)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(told)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(at).await.map_err(told)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(told)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header("host", authority.as_str());
    let request = request.body(Empty::<Bytes>::new()).map_err(told)?;
    // It is dropped with the answer, whatever that is.
    let mut driven = JoinSet::new();
    driven.spawn(connection);
    let answer = sender.send_request(request).await.map_err(told)?;
    if answer.status() != StatusCode::OK {
        return Err(format!("it answers {}", answer.status()));
    }
    let body = Limited::new(answer.into_body(), Limits::METADATA.bytes);
    let body = body.collect().await.map_err(told)?;
    Ok(body.to_bytes().to_vec())
}

fn told(error: impl ToString) -> String {
    error.to_string()
}
