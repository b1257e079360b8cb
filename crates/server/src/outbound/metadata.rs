//! Fetches a partner's metadata, when an administrator says so or a trust is monitored: one GET over TLS, bounded, and never led elsewhere.
//!
//! SECURITY: an address of metadata must not become a way to ask this machine's own services, or those of the network behind
//! it. No redirect is followed; this machine and link-local addresses are never asked, and private networks only where that is
//! allowed by name. The address that was checked is the one that is connected to. Start at [`fetch`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use sts::trust::Url;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::tls::{self, TlsError};
use crate::config::settings::messages::Authorities;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest head.
const HEAD_BYTES: usize = 64 * 1024;
/// The largest document.
pub(crate) const BODY_BYTES: usize = 16 * 1024 * 1024;

/// Why metadata was not fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The name leads nowhere.
    #[error("`{host}` cannot be found: {reason}")]
    NoAddress {
        /// The name.
        host: String,
        /// Why.
        reason: String,
    },
    /// The name leads where nobody may be asked.
    #[error("`{host}` is at {address}, {what}; it is not asked")]
    Forbidden {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
        /// What that is.
        what: String,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It led elsewhere.
    #[error("it leads elsewhere (HTTP {0}), and is not followed; say the right address")]
    Redirect(u16),
    /// Something else was answered.
    #[error("HTTP {0} was answered")]
    Status(u16),
    /// It could not be asked, or broke off.
    #[error("{0}")]
    Failed(String),
    /// It is no text.
    #[error("it is no UTF-8")]
    NotText,
}

/// Whom one may ask.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// Whether a partner may be on a private network.
    pub(crate) allows_private: bool,
    /// Who vouches for it, where not the system's authorities do.
    pub(crate) authorities: Option<PathBuf>,
    /// By what a private network is allowed.
    pub(crate) allowed_by: &'static str,
}

/// Fetches a document.
///
/// # Errors
///
/// It is not where it should be, may not be asked for, or is too large.
pub(crate) async fn fetch(url: &Url, asking: &Asking) -> Result<String, FetchError> {
    let fetched = timeout(PATIENCE, fetched(url, asking)).await;
    let late = || FetchError::Failed(format!("no answer in {} s", PATIENCE.as_secs()));
    fetched.map_err(|_| late())?
}

async fn fetched(url: &Url, asking: &Asking) -> Result<String, FetchError> {
    let failed = |error: &dyn std::fmt::Display| FetchError::Failed(error.to_string());
    let uri: Uri = url.as_str().parse().map_err(|error| failed(&error))?;
    let host = uri.host().unwrap_or_default().to_owned();
    let bare = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = uri.port_u16().unwrap_or(443);
    let address = allowed(&bare, port, asking).await?;
    let name = ServerName::try_from(bare.clone());
    let name = name.map_err(|_| TlsError::Name { name: bare })?;
    let authorities = match &asking.authorities {
        Some(file) => Authorities::File(file.clone()),
        None => Authorities::System,
    };
    let mut config = tls::client_of(&authorities)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await;
    let stream = stream.map_err(|error| failed(&error))?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await;
    let stream = stream.map_err(|error| FetchError::Failed(format!("no TLS: {error}")))?;
    exchanged(stream, &uri).await
}

/// Asks on a connection.
async fn exchanged<T>(stream: T, uri: &Uri) -> Result<String, FetchError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |error: &dyn std::fmt::Display| FetchError::Failed(error.to_string());
    let handshake = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|error| failed(&error))?;
    // It ends with the answer, or with the time that it may take.
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(connection);
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let authority = uri.authority().map_or("", |it| it.as_str());
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, "wicketgate")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new());
    let request = request.map_err(|error| failed(&error))?;
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|error| failed(&error))?;
    let status = answer.status();
    if status.is_redirection() {
        return Err(FetchError::Redirect(status.as_u16()));
    }
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    let body = Limited::new(answer.into_body(), BODY_BYTES).collect().await;
    let body = body.map_err(|error| failed(&error))?.to_bytes();
    String::from_utf8(body.to_vec()).map_err(|_| FetchError::NotText)
}

/// The first address of a host; none of its addresses may be one that is not asked.
async fn allowed(host: &str, port: u16, asking: &Asking) -> Result<SocketAddr, FetchError> {
    let no_address = |reason: String| FetchError::NoAddress {
        host: host.to_owned(),
        reason,
    };
    let found = lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found
        .map_err(|error| no_address(error.to_string()))?
        .collect();
    for address in &found {
        if let Some(what) = forbidden(address.ip(), asking.allows_private) {
            let allowed_by = (what == PRIVATE).then_some(asking.allowed_by);
            let allowed_by = allowed_by.map(|it| format!(", which {it} allows"));
            return Err(FetchError::Forbidden {
                host: host.to_owned(),
                address: address.ip(),
                what: format!("{what}{}", allowed_by.unwrap_or_default()),
            });
        }
    }
    found
        .first()
        .copied()
        .ok_or_else(|| no_address("it has no address".to_owned()))
}

/// What an address is that may be allowed.
const PRIVATE: &str = "a private network";

/// What an address is, where it is not asked.
///
/// SECURITY: an address of IPv6 that stands for one of IPv4 is both, whoever translates it on the way.
fn forbidden(address: IpAddr, allows_private: bool) -> Option<&'static str> {
    let address = address.to_canonical();
    if let IpAddr::V6(it) = address
        && let Some(inside) = stands_for(it)
        && let Some(what) = forbidden(inside.into(), allows_private)
    {
        return Some(what);
    }
    let (is_own, is_link, is_private, is_none) = match address {
        IpAddr::V4(it) => (
            it.is_loopback(),
            it.is_link_local(),
            it.is_private() || matches!(it.octets(), [100, 64..=127, ..] | [198, 18..=19, ..]),
            // 0.0.0.0/8 is this network (RFC 1122 3.2.1.3), 240.0.0.0/4 is reserved.
            matches!(it.octets(), [0 | 240..=255, ..]) || it.is_multicast(),
        ),
        IpAddr::V6(it) => (
            it.is_loopback(),
            it.is_unicast_link_local(),
            // Site-local addresses (fec0::/10) are no more, and some networks have them still.
            it.is_unique_local() || matches!(it.segments(), [0xfec0..=0xfeff, ..]),
            it.is_unspecified() || it.is_multicast(),
        ),
    };
    match (is_own, is_link, is_private) {
        (true, ..) => Some("this machine itself"),
        (_, true, _) => Some("a link-local address"),
        (.., true) if !allows_private => Some(PRIVATE),
        _ => is_none.then_some("no address of a machine"),
    }
}

/// The address of IPv4 that one of IPv6 stands for: NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), and what
/// is compatible or translated (RFC 4291 2.5.5.1, RFC 2765).
fn stands_for(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x64, 0xff9b, 1, .., high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x2001, 0, .., high, low] => Some(of(!high, !low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(of(high, low)),
        // `::` and `::1` are themselves.
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 || low > 1 => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_mex_1_an_address_that_stands_for_another_is_that_too() {
        for address in [
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::169.254.169.254",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::0.0.0.0",
            "0.1.2.3",
            "240.0.0.1",
        ] {
            let parsed = address.parse().unwrap();
            assert!(forbidden(parsed, true).is_some(), "{address}");
        }
        for address in [
            "64:ff9b::10.0.0.1",
            "2002:c0a8:101::1",
            "fec0::1",
            "198.18.0.1",
        ] {
            let parsed = address.parse().unwrap();
            assert!(forbidden(parsed, false).is_some(), "{address}");
            assert_eq!(forbidden(parsed, true), None, "{address}");
        }
        for address in ["64:ff9b::192.0.2.1", "2002:c000:201::1"] {
            let parsed = address.parse().unwrap();
            assert_eq!(forbidden(parsed, false), None, "{address}");
        }
    }

    fn asking() -> Asking {
        Asking {
            allows_private: true,
            authorities: None,
            allowed_by: "nothing",
        }
    }

    #[test]
    fn t_mex_1_this_machine_and_what_is_beside_it_are_never_asked() {
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "::",
        ] {
            assert!(
                forbidden(address.parse().unwrap(), true).is_some(),
                "{address}"
            );
        }
        for address in [
            "169.254.169.254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
        ] {
            assert!(
                forbidden(address.parse().unwrap(), true).is_some(),
                "{address}"
            );
        }
    }

    #[test]
    fn t_mex_1_private_networks_are_asked_where_that_is_allowed() {
        for address in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
        ] {
            let address = address.parse().unwrap();
            assert!(forbidden(address, false).is_some(), "{address}");
            assert_eq!(forbidden(address, true), None, "{address}");
        }
        for address in ["192.0.2.1", "2001:db8::1"] {
            assert_eq!(
                forbidden(address.parse().unwrap(), false),
                None,
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn t_mex_1_an_address_on_this_machine_is_refused_before_it_is_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"] {
            let url = Url::parse(&format!("https://{host}:{port}/metadata.xml")).unwrap();
            let refused = fetch(&url, &asking()).await;
            assert!(
                matches!(refused, Err(FetchError::Forbidden { .. })),
                "{host}: {refused:?}"
            );
        }
        let came = timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(came.is_err(), "somebody connected");
    }

    /// What comes of an answer.
    async fn answered(answer: String) -> Result<String, FetchError> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let serving = tokio::spawn(async move {
            let mut asked = vec![0; 4096];
            let length = theirs.read(&mut asked).await.unwrap();
            // Who has heard enough hangs up.
            let _ = theirs.write_all(answer.as_bytes()).await;
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let uri = "https://partner.example/metadata.xml?a=b".parse().unwrap();
        let got = exchanged(ours, &uri).await;
        let asked = serving.await.unwrap();
        assert!(
            asked.starts_with("GET /metadata.xml?a=b HTTP/1.1\r\n"),
            "{asked}"
        );
        assert!(asked.contains("host: partner.example\r\n"), "{asked}");
        got
    }

    #[tokio::test]
    async fn t_mex_1_a_redirect_is_not_followed_and_an_error_is_no_metadata() {
        let whole = answered("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n<a/>".to_owned()).await;
        assert_eq!(whole.unwrap(), "<a/>");
        let led =
            "HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ncontent-length: 0\r\n\r\n";
        let led = answered(led.to_owned()).await;
        assert!(matches!(led, Err(FetchError::Redirect(302))), "{led:?}");
        let missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\n<a/>";
        let missing = answered(missing.to_owned()).await;
        assert!(
            matches!(missing, Err(FetchError::Status(404))),
            "{missing:?}"
        );
    }

    #[tokio::test]
    async fn a_document_that_is_too_large_or_no_text_is_refused() {
        let length = BODY_BYTES + 1;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let large = answered(head + &"a".repeat(length)).await;
        assert!(matches!(large, Err(FetchError::Failed(_))));
    }
}
