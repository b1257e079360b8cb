//! Both sides against each other and against what old machines speak: what is agreed on, and what is refused.

use std::path::PathBuf;
use std::pin::Pin;

use openssl::nid::Nid;
use openssl::ssl::{Ssl, SslVerifyMode};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_openssl::SslStream;

use super::*;
use crate::config::settings::Tls;
use crate::listen::certificates::Shown;

const NAME: &str = "fe01.contoso.local";
/// What Windows Server 2012 R2 has for an RSA certificate, without what OpenSSL has no more.
const SERVER_2012_R2: &str = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:\
                              ECDHE-RSA-AES128-SHA:AES256-SHA:AES128-SHA:@SECLEVEL=0";

/// An authority, and a certificate of `NAME` that it vouches for, with its key in a file.
struct Made {
    authority: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    key: PathBuf,
    _folder: tempfile::TempDir,
}

fn made(key: &KeyPair) -> Made {
    made_with(key, |_| {})
}

/// The same with a certificate that was changed before it was signed.
fn made_with(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = &mut authority.distinguished_name;
    name.push(DnType::CommonName, "an authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut server = CertificateParams::new([NAME.to_owned()]).unwrap();
    // Nobody may go by this one.
    let name = &mut server.distinguished_name;
    name.push(DnType::CommonName, "cn.contoso.local");
    change(&mut server);
    let leaf = server.signed_by(key, &authority).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.key");
    std::fs::write(&file, key.serialize_pem()).unwrap();
    Made {
        authority: authority.der().clone(),
        leaf: leaf.der().clone(),
        key: file,
        _folder: folder,
    }
}

fn rsa() -> Made {
    made(&KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
}

impl Made {
    fn acceptor(&self) -> Result<Acceptor, LegacyError> {
        let names = NAME.into();
        Acceptor::new(&[Shown {
            names: &names,
            chain: std::slice::from_ref(&self.leaf),
            key: &self.key,
        }])
    }

    fn client(&self, name: &str, tls: Tls) -> Client {
        Client::new(name, std::slice::from_ref(&self.authority), tls).unwrap()
    }

    /// An old server with these suites, and no newer version than this.
    fn old(&self, newest: SslVersion, suites: &str) -> SslContext {
        let mut old = SslContext::builder(SslMethod::tls_server()).unwrap();
        old.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
        old.set_max_proto_version(Some(newest)).unwrap();
        old.set_cipher_list(suites).unwrap();
        let leaf = openssl::x509::X509::from_der(&self.leaf).unwrap();
        old.set_certificate(&leaf).unwrap();
        let key = std::fs::read(&self.key).unwrap();
        let key = openssl::pkey::PKey::private_key_from_pem(&key).unwrap();
        old.set_private_key(&key).unwrap();
        old.build()
    }
}

/// What a client of ours gets from an old server: the suite and the version, or why nothing was agreed on.
async fn towards(client: &Client, server: &SslContext) -> Result<(String, String), String> {
    let (near, far) = duplex(16 * 1024);
    let ssl = Ssl::new(server).unwrap();
    let serving = tokio::spawn(async move {
        let mut stream = SslStream::new(ssl, far).unwrap();
        Pin::new(&mut stream).accept().await.ok()?;
        let asked = stream.ssl().servername(openssl::ssl::NameType::HOST_NAME);
        assert_eq!(asked, Some(NAME));
        Some(stream)
    });
    let (stream, leaf) = client.connect(near).await.map_err(|it| it.to_string())?;
    assert!(!leaf.is_empty());
    let suite = stream.ssl().current_cipher().unwrap().name().to_owned();
    let agreed = (suite, stream.ssl().version_str().to_owned());
    assert!(serving.await.unwrap().is_some());
    Ok(agreed)
}

#[tokio::test]
async fn a_back_end_on_old_windows_is_spoken_to_and_its_certificate_is_known() {
    let made = rsa();
    let server = made.old(SslVersion::TLS1_2, SERVER_2012_R2);
    for tls in [Tls::Legacy, Tls::LegacyTls10] {
        let agreed = towards(&made.client(NAME, tls), &server).await.unwrap();
        let expected = ("ECDHE-RSA-AES256-SHA384", "TLSv1.2");
        assert_eq!((&*agreed.0, &*agreed.1), expected);
    }
    let (near, far) = duplex(16 * 1024);
    let ssl = Ssl::new(&server).unwrap();
    let serving = tokio::spawn(async move {
        let mut stream = SslStream::new(ssl, far).unwrap();
        Pin::new(&mut stream).accept().await.unwrap();
    });
    let client = made.client(NAME, Tls::Legacy);
    let (_, leaf) = client.connect(near).await.unwrap();
    serving.await.unwrap();
    assert_eq!(leaf, made.leaf, "what a token is bound to");
}

#[tokio::test]
async fn tls_1_0_is_spoken_where_it_is_asked_for_by_name_only() {
    let made = rsa();
    let server = made.old(SslVersion::TLS1, SERVER_2012_R2);
    let asked = made.client(NAME, Tls::LegacyTls10);
    let agreed = towards(&asked, &server).await.unwrap();
    assert_eq!(agreed.1, "TLSv1");
    let refused = towards(&made.client(NAME, Tls::Legacy), &server).await;
    refused.expect_err("a version below 1.2");
}

#[tokio::test]
async fn a_suite_that_keeps_no_secret_when_a_key_is_lost_is_not_spoken() {
    let made = rsa();
    for suites in ["AES256-SHA:@SECLEVEL=0", "AES128-SHA256:@SECLEVEL=0"] {
        let server = made.old(SslVersion::TLS1_2, suites);
        for tls in [Tls::Legacy, Tls::LegacyTls10] {
            let refused = towards(&made.client(NAME, tls), &server).await;
            refused.expect_err(suites);
        }
    }
}

#[tokio::test]
async fn who_is_not_vouched_for_or_has_another_name_is_refused() {
    let (made, other) = (rsa(), rsa());
    let server = made.old(SslVersion::TLS1_2, SERVER_2012_R2);
    for tls in [Tls::Legacy, Tls::LegacyTls10] {
        let stranger = other.client(NAME, tls);
        let refused = towards(&stranger, &server).await.unwrap_err();
        assert!(refused.contains("certificate is not valid"), "{refused}");
        for name in ["fe02.contoso.local", "cn.contoso.local", "127.0.0.1"] {
            let refused = connected_as(&made, name, tls, &server).await.unwrap_err();
            assert!(refused.contains("mismatch"), "{name}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_certificate_for_clients_or_of_another_time_is_refused() {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let of_clients = made_with(&key, |server| {
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let over = made_with(&key, |server| {
        server.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    for (made, why) in [(of_clients, "purpose"), (over, "expired")] {
        let server = made.old(SslVersion::TLS1_2, SERVER_2012_R2);
        for tls in [Tls::Legacy, Tls::LegacyTls10] {
            let refused = connected_as(&made, NAME, tls, &server).await.unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}

/// Connects under a name, whatever the other side makes of it.
async fn connected_as(
    made: &Made,
    name: &str,
    tls: Tls,
    server: &SslContext,
) -> Result<(), String> {
    let (near, far) = duplex(16 * 1024);
    let ssl = Ssl::new(server).unwrap();
    tokio::spawn(async move {
        let mut stream = SslStream::new(ssl, far).unwrap();
        let _ = Pin::new(&mut stream).accept().await;
    });
    let client = made.client(name, tls);
    client
        .connect(near)
        .await
        .map(drop)
        .map_err(|it| it.to_string())
}

#[tokio::test]
async fn a_weak_certificate_is_refused_even_where_tls_1_0_is_spoken() {
    let authority = openssl::rsa::Rsa::generate(1_024).unwrap();
    let key = openssl::pkey::PKey::from_rsa(authority).unwrap();
    let mut name = openssl::x509::X509Name::builder().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, NAME).unwrap();
    let name = name.build();
    let mut leaf = openssl::x509::X509::builder().unwrap();
    leaf.set_version(2).unwrap();
    leaf.set_subject_name(&name).unwrap();
    leaf.set_issuer_name(&name).unwrap();
    leaf.set_pubkey(&key).unwrap();
    let days = |days| openssl::asn1::Asn1Time::days_from_now(days).unwrap();
    leaf.set_not_before(&days(0)).unwrap();
    leaf.set_not_after(&days(2)).unwrap();
    let names = openssl::x509::extension::SubjectAlternativeName::new()
        .dns(NAME)
        .build(&leaf.x509v3_context(None, None))
        .unwrap();
    leaf.append_extension(names).unwrap();
    leaf.sign(&key, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let leaf = leaf.build();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.key");
    std::fs::write(&file, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    let der = CertificateDer::from(leaf.to_der().unwrap());
    let weak = Made {
        authority: der.clone(),
        leaf: der,
        key: file,
        _folder: folder,
    };
    let server = weak.old(SslVersion::TLS1, SERVER_2012_R2);
    let client = weak.client(NAME, Tls::LegacyTls10);
    let refused = towards(&client, &server).await.unwrap_err();
    assert!(refused.contains("key too weak"), "{refused}");
}

/// What an old phone gets from a listener of ours that is asked for a name, or for none.
async fn phone(acceptor: &Acceptor, name: Option<&str>, alpn: &[u8]) -> Result<String, String> {
    let mut old = SslContext::builder(SslMethod::tls_client()).unwrap();
    old.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
    old.set_max_proto_version(Some(SslVersion::TLS1)).unwrap();
    old.set_cipher_list("AES128-SHA:@SECLEVEL=0").unwrap();
    old.set_verify(SslVerifyMode::NONE);
    if !alpn.is_empty() {
        old.set_alpn_protos(alpn).unwrap();
    }
    let mut ssl = Ssl::new(&old.build()).unwrap();
    if let Some(name) = name {
        ssl.set_hostname(name).unwrap();
    }
    let (near, far) = duplex(16 * 1024);
    let acceptor = acceptor.clone();
    let asked = name.map(str::to_ascii_lowercase);
    let serving = tokio::spawn(async move {
        let (mut stream, name) = acceptor.accept(far).await.ok()?;
        assert_eq!(name, asked);
        stream.write_all(b"hello").await.ok()
    });
    let mut stream = SslStream::new(ssl, near).unwrap();
    let shaken = Pin::new(&mut stream).connect().await;
    shaken.map_err(|error| error.to_string())?;
    let mut said = [0; 5];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
    serving.await.unwrap().unwrap();
    let agreed = stream.ssl().selected_alpn_protocol().unwrap_or_default();
    Ok(String::from_utf8(agreed.to_vec()).unwrap())
}

#[tokio::test]
async fn an_old_phone_is_taken_in_by_its_name_or_without_one() {
    let acceptor = rsa().acceptor().unwrap();
    for name in [None, Some(NAME), Some("FE01.contoso.local")] {
        assert_eq!(phone(&acceptor, name, b"").await.unwrap(), "");
    }
    let both = b"\x02h2\x08http/1.1";
    assert_eq!(phone(&acceptor, None, both).await.unwrap(), "http/1.1");
    let other = phone(&acceptor, Some("other.contoso.local"), b"").await;
    other.expect_err("a name of nobody's");
    let h2 = phone(&acceptor, None, b"\x02h2").await;
    h2.expect_err("HTTP/2");
}

#[test]
fn a_listener_for_old_phones_shows_rsa_certificates() {
    let ecdsa = made(&KeyPair::generate().unwrap());
    let refused = ecdsa.acceptor().err().unwrap();
    assert!(matches!(refused, LegacyError::NotRsa { .. }), "{refused}");
    let none = Acceptor::new(&[]).err().unwrap();
    assert!(matches!(none, LegacyError::NoCertificate), "{none}");
    let (made, other) = (rsa(), rsa());
    let foreign = Made {
        key: other.key.clone(),
        ..made
    };
    let refused = foreign.acceptor().err().unwrap();
    assert!(matches!(refused, LegacyError::OpenSsl(_)), "{refused}");
}
