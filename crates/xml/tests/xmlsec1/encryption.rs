//! Encrypted elements, both ways.

use std::process::Command;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::encryption::{
    ContentAlgorithm, DecryptionKey, Draw, Encryption, KeyTransport, Recipient, decrypt,
    decrypt_verified, encrypt,
};
use xml::{
    Algorithm, Document, Element, KeyFailure, Prepared, PublicKey, SigningKey, Verbatim,
    VerifyingKeys, signature,
};
use zeroize::Zeroizing;

use crate::random::{Random, Wants, content, tag};
use crate::tool::{run, written};
use crate::{documents, folder, has};

struct Key(OaepPrivateDecryptingKey);

impl DecryptionKey for Key {
    fn unwrap(
        &self,
        transport: KeyTransport,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let opened = self.0.decrypt(transport.rule(), wrapped, &mut out, None);
        let length = opened.map_err(|_| KeyFailure)?.len();
        out.truncate(length);
        Ok(out)
    }
}

/// Signs around what was encrypted, for CBC; its signatures are the octets themselves.
struct Around;

impl SigningKey for Around {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        Ok(octets.to_vec())
    }
}

impl VerifyingKeys for Around {
    fn verifies(&self, _: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        octets == signature
    }
}

/// What xmlsec1 1.2 has; the newer name of RSA-OAEP came with 1.3.
const CIPHERS: [(ContentAlgorithm, &str); 6] = [
    (ContentAlgorithm::Aes128Gcm, "aes-128"),
    (ContentAlgorithm::Aes192Gcm, "aes-192"),
    (ContentAlgorithm::Aes256Gcm, "aes-256"),
    (ContentAlgorithm::Aes128Cbc, "aes-128"),
    (ContentAlgorithm::Aes192Cbc, "aes-192"),
    (ContentAlgorithm::Aes256Cbc, "aes-256"),
];

fn plain(number: usize) -> String {
    let mut random = Random::new(u64::try_from(number).unwrap() + 5_000_000);
    let mut wants = Wants {
        comments_in_texts: true,
        declarations: 30,
    };
    let (tag, bound) = tag(&mut random, &Vec::new(), &mut wants);
    let inside = content(&mut random, &bound, wants);
    format!("<plain{tag}>{inside}</plain>")
}

fn data_of<'a, 'i>(document: &'a Document<'i>) -> Element<'a, 'i> {
    let mut all = document.root().descendants();
    all.find(|it| it.name() == "EncryptedData").unwrap()
}

fn canonical(text: &str) -> String {
    let document = Document::parse(text).unwrap();
    xml::c14n::exclusive(document.root(), &[]).unwrap()
}

fn decrypted(text: &str, content: ContentAlgorithm, key: &Key) -> String {
    let document = Document::parse(text).unwrap();
    let data = data_of(&document);
    if content.is_authenticated() {
        let decrypted = decrypt(data, key).unwrap();
        let document = decrypted.document().unwrap();
        return document.root().source().to_owned();
    }
    let around = format!("<m ID='m'>{}</m>", data.source());
    let prepared = Prepared::new(&Verbatim::parse(around).unwrap(), Around.algorithm(), None);
    let signed = prepared.unwrap().sign(&Around).unwrap();
    let document = Document::parse(signed.as_str()).unwrap();
    let verified = signature::verify(document.root(), &Around).unwrap();
    let document = verified.document().unwrap();
    let inner = decrypt_verified(&verified, data_of(&document), key).unwrap();
    inner.as_str().to_owned()
}

fn template(content: ContentAlgorithm) -> String {
    format!(
        "<e:EncryptedData xmlns:e='http://www.w3.org/2001/04/xmlenc#' \
         Type='http://www.w3.org/2001/04/xmlenc#Element'><e:EncryptionMethod Algorithm='{}'/>\
         <KeyInfo xmlns='{}'><e:EncryptedKey>\
         <e:EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'/>\
         <KeyInfo/><e:CipherData><e:CipherValue/></e:CipherData></e:EncryptedKey></KeyInfo>\
         <e:CipherData><e:CipherValue/></e:CipherData></e:EncryptedData>",
        content.uri(),
        signature::NAMESPACE
    )
}

#[test]
fn what_one_side_encrypts_the_other_decrypts() {
    if !has("xmlsec1", "encryption") {
        return;
    }
    let folder = folder("encryption");
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = private.as_der().unwrap();
    let spki: PublicKeyX509Der<'_> = private.public_key().as_der().unwrap();
    let pem = |kind: &str, der: &[u8]| {
        let file = folder.join(format!("{kind}.pem"));
        let body: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        let body = body.join("\n");
        let text = format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
        std::fs::write(&file, text).unwrap();
        file
    };
    let private_pem = pem("PRIVATE KEY", pkcs8.as_ref());
    let public_pem = pem("PUBLIC KEY", spki.as_ref());
    let public = PublicKey::from_spki(spki.as_ref()).unwrap();
    let recipient = Recipient::new(&public).unwrap();
    let key = Key(OaepPrivateDecryptingKey::new(private).unwrap());
    let random = SystemRandom::new();
    for number in 0..documents(5, 100) {
        for (algorithm, session_key) in CIPHERS {
            let plain = plain(number);
            let mut draw = Draw {
                key: Zeroizing::new([0; 32]),
                iv: [0; 16],
            };
            random.fill(draw.key.as_mut()).unwrap();
            random.fill(&mut draw.iv).unwrap();
            let how = Encryption {
                content: algorithm,
                transport: KeyTransport::OaepSha1,
                recipient: &recipient,
                certificate: None,
            };
            let encrypted = encrypt(&Verbatim::parse(plain.as_str()).unwrap(), &how, &draw);
            let file = written(&folder, 1, encrypted.unwrap().as_str());
            let mut xmlsec1 = Command::new("xmlsec1");
            xmlsec1
                .args(["--decrypt", "--privkey-pem"])
                .arg(&private_pem);
            let output = run(xmlsec1.arg(&file));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{algorithm:?} {said} {plain}");
            let theirs = String::from_utf8(output.stdout).unwrap();
            assert_eq!(canonical(&theirs), canonical(&plain));

            let data = written(&folder, 2, &plain);
            let template = written(&folder, 3, &template(algorithm));
            let output = run(Command::new("xmlsec1")
                .args(["--encrypt", "--pubkey-pem"])
                .arg(&public_pem)
                .args(["--session-key", session_key, "--xml-data"])
                .arg(&data)
                .args(["--node-xpath", "/*"])
                .arg(&template));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{algorithm:?} {said}");
            let theirs = String::from_utf8(output.stdout).unwrap();
            let ours = decrypted(&theirs, algorithm, &key);
            assert_eq!(canonical(&ours), canonical(&plain), "{algorithm:?}");
        }
    }
}
