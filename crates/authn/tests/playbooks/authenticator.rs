//! A device that keeps a passkey, in software: it does what it is told, honest or not (W3C Web Authentication 6).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa,
    KeyPair as CertifiedKey, KeyUsagePurpose,
};
use serde_json::{Value, json};

/// The user was there (6.1).
const PRESENT: u8 = 0x01;
/// The user was verified.
const VERIFIED: u8 = 0x04;
/// A key comes with it.
const ATTESTED: u8 = 0x40;

/// One key, and how the device and its browser behave.
pub(crate) struct Authenticator {
    key: EcdsaKeyPair,
    pub(crate) id: Vec<u8>,
    /// Whose it says that it is.
    pub(crate) user: Vec<u8>,
    /// What it counts to with each use; 0 where it does not count.
    pub(crate) counter: u32,
    /// Whether it verifies its user.
    pub(crate) verifies: bool,
    /// The page on which its browser is.
    pub(crate) origin: String,
    /// Whether that page is in a frame of another.
    pub(crate) is_framed: bool,
    /// The name for which it is asked.
    pub(crate) party: String,
    /// Which make it is, as it says.
    pub(crate) aaguid: [u8; 16],
    /// Who vouches for it.
    pub(crate) maker: Option<Maker>,
}

/// A maker of devices, who vouches for each by a key in it (8.2).
pub(crate) struct Maker {
    authority: CertifiedIssuer<'static, CertifiedKey>,
}

impl Maker {
    pub(crate) fn called(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = CertifiedKey::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { authority }
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> String {
        self.authority.pem()
    }

    /// What a device of a make says of itself over some data: its certificate, and its signature.
    fn vouches(&self, aaguid: [u8; 16], data: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        for (kind, value) in [
            (DnType::CountryName, "SE"),
            (DnType::OrganizationName, "Maker"),
            (DnType::OrganizationalUnitName, "Authenticator Attestation"),
            (DnType::CommonName, "Device"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        let oid = [1, 3, 6, 1, 4, 1, 45_724, 1, 1, 4];
        let octets = [&[4, 16], &aaguid[..]].concat();
        let extension = CustomExtension::from_oid_content(&oid, octets);
        params.custom_extensions.push(extension);
        let key = CertifiedKey::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let alg = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::from_pkcs8(alg, &key.serialize_der()).unwrap();
        let signature = key.sign(&SystemRandom::new(), data).unwrap();
        (certificate.der().to_vec(), signature.as_ref().to_vec())
    }
}

impl Authenticator {
    /// An honest one at a page of ours.
    pub(crate) fn at(origin: &str, id: u8) -> Self {
        let random = SystemRandom::new();
        let alg = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(alg, &random).unwrap();
        let (_, host) = origin.split_once("://").unwrap();
        Self {
            key: EcdsaKeyPair::from_pkcs8(alg, pkcs8.as_ref()).unwrap(),
            id: vec![id; 32],
            user: Vec::new(),
            counter: 1,
            verifies: true,
            origin: origin.to_owned(),
            is_framed: false,
            party: host.split(':').next().unwrap().to_owned(),
            aaguid: [0; 16],
            maker: None,
        }
    }

    /// What a browser posts of a new key that was asked for.
    pub(crate) fn creates(&mut self, asked: &Value) -> String {
        let asked = asked.get("publicKey").unwrap();
        self.user = bytes(asked.pointer("/user/id").unwrap());
        let client = self.client_data("webauthn.create", asked);
        let mut data = self.data(ATTESTED);
        data.extend(self.aaguid);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose_key());
        // A map of three: {"fmt", "attStmt", "authData"} (RFC 8949).
        let mut attestation = match &self.maker {
            None => b"\xa3\x63fmt\x64none\x67attStmt\xa0".to_vec(),
            Some(maker) => {
                let signed = [&data[..], digest(&SHA256, &client).as_ref()].concat();
                let (certificate, signature) = maker.vouches(self.aaguid, &signed);
                let mut packed = b"\xa3\x63fmt\x66packed\x67attStmt\xa3\x63alg\x26\x63sig".to_vec();
                packed.extend(cbor_bytes(&signature));
                packed.extend(b"\x63x5c\x81");
                packed.extend(cbor_bytes(&certificate));
                packed
            }
        };
        attestation.extend(b"\x68authData");
        attestation.extend(cbor_bytes(&data));
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "response": { "clientDataJSON": text(&client), "attestationObject": text(&attestation) },
        })
        .to_string()
    }

    /// What a browser posts of the key's use.
    pub(crate) fn answers(&self, asked: &Value) -> String {
        let client = self.client_data("webauthn.get", asked.get("publicKey").unwrap());
        let data = self.data(0);
        let signed = [&data[..], digest(&SHA256, &client).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": text(&client),
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
                "userHandle": text(&self.user),
            },
        })
        .to_string()
    }

    fn client_data(&self, kind: &str, asked: &Value) -> Vec<u8> {
        json!({
            "type": kind,
            "challenge": asked.get("challenge"),
            "origin": self.origin,
            "crossOrigin": self.is_framed,
        })
        .to_string()
        .into_bytes()
    }

    fn data(&self, more: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = digest(&SHA256, self.party.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | verified | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// A map of five: an EC2 key for ES256 on P-256 (RFC 9053 7.1).
    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = point.get(1..).unwrap().split_at(32);
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(x);
        key.extend(b"\x22\x58\x20");
        key.extend(y);
        key
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// A byte string whose length is written in two bytes.
fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0x59], &length[..], bytes].concat()
}
