//! For phones that know nothing newer than TLS 1.0: a listener of its own, with RSA certificates.

use std::io;
use std::path::Path;
use std::pin::Pin;

use openssl::pkey::{Id, PKey, Private};
use openssl::ssl::{
    AlpnError, NameType, SniError, Ssl, SslAlert, SslContext, SslContextBuilder, SslRef,
    SslVersion, select_next_proto,
};
use openssl::x509::X509;
use proto::secret::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_openssl::SslStream;

use super::{HTTP_1, LegacyError, context};
use crate::listen::certificates::{Names, Shown};

/// Suites that a client of TLS 1.0 may have: the best first, those of a key exchange by RSA last.
///
/// TLS 1.0 signs over MD5 and SHA-1, which OpenSSL allows at this level only. DES, RC4 and export suites are at no
/// level.
const SUITES: &str = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:\
                      ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:\
                      ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:\
                      AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA:@SECLEVEL=0";

/// TLS towards clients.
#[derive(Clone)]
pub(crate) struct Acceptor(SslContext);

impl Acceptor {
    /// Takes certificates, each with its key; a client that asks for no name is shown the first.
    ///
    /// # Errors
    ///
    /// There is none, one is not of RSA, or a key cannot be used.
    pub(crate) fn new(shown: &[Shown<'_>]) -> Result<Self, LegacyError> {
        let first = shown.first().ok_or(LegacyError::NoCertificate)?;
        let mut front = holding(first)?;
        let mut named = Vec::new();
        for shown in shown {
            named.push((shown.names.clone(), holding(shown)?.build()));
        }
        front.set_servername_callback(move |ssl, alert| choose(&named, ssl, alert));
        Ok(Self(front.build()))
    }

    /// Agrees on TLS with a client; gives the name that it asked for, too.
    ///
    /// # Errors
    ///
    /// Nothing was agreed on.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<(SslStream<S>, Option<String>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ssl = Ssl::new(&self.0).map_err(io::Error::other)?;
        let mut stream = SslStream::new(ssl, stream).map_err(io::Error::other)?;
        let accepting = Pin::new(&mut stream).accept().await;
        accepting.map_err(io::Error::other)?;
        let name = asked_for(stream.ssl());
        Ok((stream, name))
    }
}

/// A context with one certificate.
fn holding(shown: &Shown<'_>) -> Result<SslContextBuilder, LegacyError> {
    let mut context = context(SslVersion::TLS1, SUITES)?;
    context.set_private_key(&*key(shown.key)?)?;
    let mut chain = shown.chain.iter();
    let leaf = chain.next().ok_or(LegacyError::NoCertificate)?;
    context.set_certificate(&*X509::from_der(leaf)?)?;
    for issuer in chain {
        context.add_extra_chain_cert(X509::from_der(issuer)?)?;
    }
    context.check_private_key()?;
    context.set_alpn_select_callback(|_, offered| {
        select_next_proto(HTTP_1, offered)
            .filter(|chosen| HTTP_1.ends_with(chosen))
            .ok_or(AlpnError::ALERT_FATAL)
    });
    Ok(context)
}

fn key(file: &Path) -> Result<PKey<Private>, LegacyError> {
    let shown = || file.display().to_string();
    let unreadable = || LegacyError::Key { file: shown() };
    let text = Secret::new(std::fs::read(file).map_err(|_| unreadable())?);
    let key = PKey::private_key_from_pem(text.expose()).map_err(|_| unreadable())?;
    match key.id() {
        Id::RSA => Ok(key),
        _ => Err(LegacyError::NotRsa { file: shown() }),
    }
}

/// Shows the first certificate that has the name which is asked for.
fn choose(
    named: &[(Names, SslContext)],
    ssl: &mut SslRef,
    alert: &mut SslAlert,
) -> Result<(), SniError> {
    let Some(name) = asked_for(ssl) else {
        return Ok(());
    };
    let mut held = named.iter();
    let chosen = held.find(|(names, _)| names.cover(&name));
    let Some((_, context)) = chosen else {
        *alert = SslAlert::UNRECOGNIZED_NAME;
        return Err(SniError::ALERT_FATAL);
    };
    let taken = ssl.set_ssl_context(context);
    taken.map_err(|_| SniError::ALERT_FATAL)
}

fn asked_for(ssl: &SslRef) -> Option<String> {
    let name = ssl.servername(NameType::HOST_NAME)?;
    Some(name.to_ascii_lowercase())
}
