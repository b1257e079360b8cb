//! Towards back ends on Windows Server 2008 R2 to 2012 R2: the configured name is sent and verified, by the
//! configured authorities and no others, as rustls does it for all other back ends.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslVerifyMode, SslVersion};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags};
use openssl::x509::{X509, X509VerifyResult};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use super::{HTTP_1, LegacyError, context};
use crate::config::settings::Tls;

/// The suites that those versions of Windows have and that keep what was said secret when a key is lost, those
/// without CBC first (Microsoft, "TLS Cipher Suites in Windows 7" and "in Windows 8.1").
const SUITES: &str = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:\
                      ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:\
                      ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:\
                      ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA";
/// OpenSSL's level with 112 bits for every part.
const STRONG: &str = "@SECLEVEL=2";
/// The level at which a handshake of TLS 1.0 may be signed, which it is over MD5 and SHA-1.
const WEAK: &str = "@SECLEVEL=0";
/// What certificates must have at either: RSA of 2048 bits and SHA-256, which is what rustls asks for.
const CERTIFICATES: i32 = 2;

/// TLS towards one back end.
#[derive(Clone)]
pub(crate) struct Client {
    context: SslContext,
    name: String,
    tls: Tls,
}

/// Why a back end was not spoken to.
#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    /// Nobody that the configuration trusts vouches for its certificate, or for its name.
    #[error("its certificate is not valid: {0}")]
    Certificate(X509VerifyResult),
    /// No TLS 1.2 was agreed on.
    #[error(
        "no TLS 1.2 was agreed on; where it knows only TLS 1.0, as Server 2008 R2 does by default, `tls` must \
         be `legacy-tls10`"
    )]
    NotAgreed(#[source] openssl::ssl::Error),
    /// Nothing was agreed on.
    #[error("no TLS was agreed on")]
    Nothing(#[source] openssl::ssl::Error),
    /// It is nobody.
    #[error("it showed no certificate")]
    Nobody,
}

impl Client {
    /// Takes a name that is sent and verified, those who may vouch for it, and how old TLS may be.
    ///
    /// # Errors
    ///
    /// OpenSSL cannot take them.
    pub(crate) fn new(
        name: &str,
        authorities: &[CertificateDer<'_>],
        tls: Tls,
    ) -> Result<Self, LegacyError> {
        let (oldest, level) = match tls {
            Tls::Modern | Tls::Legacy => (SslVersion::TLS1_2, STRONG),
            Tls::LegacyTls10 => (SslVersion::TLS1, WEAK),
        };
        let mut context = context(oldest, &format!("{SUITES}:{level}"))?;
        context.set_cert_store(trusted(authorities)?);
        context.set_verify(SslVerifyMode::PEER);
        let verify = context.verify_param_mut();
        verify.set_auth_level(CERTIFICATES);
        // Whoever the configuration names may vouch, whoever vouches for them.
        verify.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        verify.set_hostflags(
            X509CheckFlags::NO_PARTIAL_WILDCARDS | X509CheckFlags::NEVER_CHECK_SUBJECT,
        );
        context.set_alpn_protos(HTTP_1)?;
        let client = Self {
            context: context.build(),
            name: name.to_owned(),
            tls,
        };
        client.ssl()?;
        Ok(client)
    }

    /// Speaks TLS over a connection; gives the certificate that the other side showed, too.
    ///
    /// # Errors
    ///
    /// The other side is not who it should be, or does not speak such TLS.
    pub(crate) async fn connect<S>(
        &self,
        stream: S,
    ) -> io::Result<(SslStream<S>, CertificateDer<'static>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ssl = self.ssl().map_err(io::Error::other)?;
        let mut stream = SslStream::new(ssl, stream).map_err(io::Error::other)?;
        if let Err(error) = Pin::new(&mut stream).connect().await {
            let error = match stream.ssl().verify_result() {
                X509VerifyResult::OK if self.tls == Tls::Legacy => HandshakeError::NotAgreed(error),
                X509VerifyResult::OK => HandshakeError::Nothing(error),
                refused => HandshakeError::Certificate(refused),
            };
            return Err(io::Error::other(error));
        }
        let shown = stream.ssl().peer_certificate();
        let shown = shown.ok_or_else(|| io::Error::other(HandshakeError::Nobody))?;
        let leaf = CertificateDer::from(shown.to_der().map_err(io::Error::other)?);
        Ok((stream, leaf))
    }

    /// One handshake that is to come.
    fn ssl(&self) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        match self.name.parse::<IpAddr>() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => {
                ssl.set_hostname(&self.name)?;
                ssl.param_mut().set_host(&self.name)?;
            }
        }
        Ok(ssl)
    }
}

fn trusted(authorities: &[CertificateDer<'_>]) -> Result<X509Store, ErrorStack> {
    let mut store = X509StoreBuilder::new()?;
    for authority in authorities {
        store.add_cert(X509::from_der(authority)?)?;
    }
    Ok(store.build())
}
