//! Handshakes, and to which certificate what is proved on them is bound.

use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConnection};

use super::*;
use crate::config::settings::{Certificate, Place};

const HOST: &str = "lync.contoso.com";

/// A door with a certificate of its own, which a client is told to trust.
fn door(trusted: &mut RootCertStore) -> Door {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([HOST.to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let (chain, key_file) = (
        folder.path().join("chain.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&chain, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    trusted.add(certificate.der().clone()).unwrap();
    Door::new(&Listener {
        address: SocketAddr::from(([127, 0, 0, 1], 443)),
        internal_zone: None,
        balancers: Vec::new(),
        certificates: vec![Certificate {
            chain,
            key: key_file,
            place: Place::new(std::path::Path::new("a.toml"), "", None),
        }],
        channel_binding: Demand::Require,
        mic: proto::ntlm::WhenAbsent::Allow,
        legacy_tls: None,
    })
    .unwrap()
}

/// How a client comes to a door, and to which certificate it binds what it proves.
fn comes(client: &Arc<ClientConfig>, door: &Door) -> (HandshakeKind, Vec<u8>) {
    let name = HOST.try_into().unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let Spoken::Modern { single, .. } = &door.spoken else {
        panic!("it is an ordinary one");
    };
    let mut server = ServerConnection::new(Arc::clone(single)).unwrap();
    let mut wire = Vec::new();
    // More turns than any handshake has; the tickets come after it.
    for _ in 0..8 {
        wire.clear();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    let shown = client.peer_certificates().unwrap().first().unwrap();
    let digest = crate::binding::digest_of(shown).unwrap();
    (client.handshake_kind().unwrap(), digest.as_ref().to_vec())
}

#[test]
fn a_new_certificate_ends_resumption_so_that_nobody_is_bound_to_the_old_one() {
    let mut trusted = RootCertStore::empty();
    let (old, new) = (door(&mut trusted), door(&mut trusted));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let client = Arc::new(client);
    let is_ours = |door: &Door, digest: &[u8]| {
        let ours = door.certificates.end_points(Some(HOST));
        ours.iter().any(|end_point| end_point.digest() == digest)
    };
    for (door, kind) in [
        (&old, HandshakeKind::Full),
        (&old, HandshakeKind::Resumed),
        (&new, HandshakeKind::Full),
        (&new, HandshakeKind::Resumed),
    ] {
        let (came, digest) = comes(&client, door);
        assert_eq!(came, kind);
        assert!(is_ours(door, &digest), "{kind:?}");
    }
}

/// What a client offers to a server that it meets for the first time.
fn offers(client: &Arc<ClientConfig>) -> TlsFingerprint {
    let name = HOST.try_into().unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let (mut wire, mut acceptor) = (Vec::new(), Acceptor::default());
    client.write_tls(&mut wire).unwrap();
    acceptor.read_tls(&mut wire.as_slice()).unwrap();
    let accepted = acceptor.accept().ok().flatten().unwrap();
    fingerprint::of(&accepted.client_hello())
}

#[test]
fn a_client_is_known_again_by_what_its_tls_offers_also_where_it_resumes() {
    let client = |change: &dyn Fn(&mut rustls::crypto::CryptoProvider), protocols: &[&[u8]]| {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        change(&mut provider);
        let mut trusted = RootCertStore::empty();
        let door = door(&mut trusted);
        let mut client = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        client.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
        (Arc::new(client), door)
    };
    let (one, door) = client(&|_| {}, &[HTTP_1]);
    let known = offers(&one);
    assert_eq!(comes(&one, &door).0, HandshakeKind::Full);
    assert_eq!(comes(&one, &door).0, HandshakeKind::Resumed);
    assert_eq!(offers(&one), known);
    assert_eq!(offers(&client(&|_| {}, &[HTTP_1]).0), known);
    let others = [
        client(&|it| it.cipher_suites.swap(0, 1), &[HTTP_1]).0,
        client(&|it| it.kx_groups.truncate(1), &[HTTP_1]).0,
        client(&|_| {}, &[HTTP_2, HTTP_1]).0,
        client(&|_| {}, &[]).0,
    ];
    for (number, other) in others.iter().enumerate() {
        assert_ne!(offers(other), known, "{number}");
    }
}

/// What ends TLS in front of us offers the same for everybody.
#[test]
fn t_otp_6_where_bindings_are_off_no_tls_is_taken_for_its_clients_own() {
    let mut door = door(&mut RootCertStore::empty());
    let offered = Some(TlsFingerprint([1; 32]));
    let address = IpAddr::from([192, 0, 2, 1]);
    assert_eq!(door.peer((address, offered), None).tls, offered);
    assert_eq!(door.peer((address, None), None).tls, None);
    Arc::make_mut(&mut door.settings).channel_binding = Demand::Off;
    assert_eq!(door.peer((address, offered), None).tls, None);
}

#[test]
fn nobody_is_internal_without_a_network_and_a_balancer_never() {
    let networks =
        |text: &[&str]| -> Vec<IpNet> { text.iter().map(|text| text.parse().unwrap()).collect() };
    let listener = Listener {
        address: SocketAddr::from(([127, 0, 0, 1], 443)),
        internal_zone: Some((Zone::INTERNAL, networks(&["10.0.0.0/8"]))),
        balancers: networks(&["10.0.0.5/32"]),
        certificates: Vec::new(),
        channel_binding: Demand::Allow,
        mic: proto::ntlm::WhenAbsent::Allow,
        legacy_tls: None,
    };
    let of = |text: &str| zone(&listener, text.parse().unwrap());
    assert_eq!(of("10.0.0.4"), Zone::INTERNAL);
    assert_eq!(of("10.0.0.5"), Zone::EXTERNAL);
    assert_eq!(of("192.0.2.1"), Zone::EXTERNAL);
    let open = Listener {
        internal_zone: None,
        ..listener
    };
    assert_eq!(zone(&open, "10.0.0.4".parse().unwrap()), Zone::EXTERNAL);
}
