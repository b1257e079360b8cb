//! What is encrypted is decrypted, and every way in which it must not be.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use jiff::Timestamp;

use super::*;
use crate::signature::{
    Algorithm, Partner, Policy, Prepared, PublicKey, SigningKey, VerifyingKeys, verify, verify_of,
};
use crate::{Document, Element, Verbatim};

struct Key(OaepPrivateDecryptingKey);

impl DecryptionKey for Key {
    fn unwrap(
        &self,
        transport: KeyTransport,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self
            .0
            .decrypt(transport.rule(), wrapped, &mut out, None)
            .map_err(|_| KeyFailure)?
            .len();
        out.truncate(length);
        Ok(out)
    }
}

fn pair() -> (Key, Recipient) {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let spki = private.public_key().as_der().unwrap();
    let public = PublicKey::from_spki(spki.as_ref()).unwrap();
    let key = Key(OaepPrivateDecryptingKey::new(private).unwrap());
    (key, Recipient::new(&public).unwrap())
}

const PLAIN: &str = "<a xmlns='urn:a' ID='x'>what nobody sees</a>";

fn draw() -> Draw {
    Draw {
        key: Zeroizing::new(*b"0123456789abcdef0123456789ABCDEF"),
        iv: [7; 16],
    }
}

fn encrypted(content: ContentAlgorithm, transport: KeyTransport, recipient: &Recipient) -> String {
    let how = Encryption {
        content,
        transport,
        recipient,
        certificate: Some(b"certificate"),
    };
    let plain = Verbatim::parse(PLAIN).unwrap();
    let text = encrypt(&plain, &how, &draw()).unwrap();
    assert!(!text.as_str().contains("nobody"));
    text.as_str().to_owned()
}

fn data_of<'a, 'i>(document: &'a Document<'i>) -> Element<'a, 'i> {
    let mut all = document.root().descendants();
    all.find(|it| it.is(NAMESPACE, "EncryptedData")).unwrap()
}

fn decrypted(text: &str, key: &Key) -> Result<String, DecryptionError> {
    let document = Document::parse(text).unwrap();
    let decrypted = decrypt(data_of(&document), key)?;
    let document = decrypted.document().unwrap();
    Ok(document.root().source().to_owned())
}

/// A signature key whose every signature holds, for messages that are signed around the encrypted part.
struct Signer;

impl SigningKey for Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        Ok(octets.to_vec())
    }
}

impl VerifyingKeys for Signer {
    fn verifies(&self, _: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        octets == signature
    }
}

fn signed_around(text: &str) -> String {
    let around = Verbatim::parse(format!("<m ID='m'>{text}</m>")).unwrap();
    let prepared = Prepared::new(&around, Signer.algorithm(), None).unwrap();
    prepared.sign(&Signer).unwrap().as_str().to_owned()
}

#[test]
fn what_is_encrypted_is_decrypted_by_its_recipient() {
    let (key, recipient) = pair();
    let (stranger, _) = pair();
    for content in ContentAlgorithm::ALL {
        for transport in KeyTransport::ALL {
            let text = encrypted(content, transport, &recipient);
            if content.is_authenticated() {
                assert_eq!(decrypted(&text, &key).as_deref(), Ok(PLAIN));
                assert_eq!(decrypted(&text, &stranger), Err(DecryptionError::Failed));
            } else {
                assert_eq!(decrypted(&text, &key), Err(DecryptionError::CbcNotSigned));
            }
        }
    }
}

#[test]
fn t_sig_8_cbc_is_read_only_in_what_a_signature_covers() {
    let (key, recipient) = pair();
    for content in ContentAlgorithm::ALL {
        let text = encrypted(content, KeyTransport::OaepSha1, &recipient);
        let signed = signed_around(&text);
        let message = Document::parse(&signed).unwrap();
        let verified = verify(message.root(), &Signer).unwrap();
        let document = verified.document().unwrap();
        let inner = decrypt_verified(&verified, data_of(&document), &key).unwrap();
        assert_eq!(inner.as_str(), PLAIN);
        // The same element of the message is not the one that was verified.
        let part = "EncryptedData";
        assert_eq!(
            decrypt_verified(&verified, data_of(&message), &key),
            Err(DecryptionError::Structure { part })
        );
        let other = text.replace("<e:CipherValue>", "<e:CipherValue> ");
        let other = Document::parse(&other).unwrap();
        assert!(decrypt_verified(&verified, data_of(&other), &key).is_err());
    }
}

/// T-SIG-8: anybody can encrypt to us, so that what is decrypted is still to be verified.
#[test]
fn t_sig_8_an_injected_encrypted_assertion_is_not_signed() {
    let (key, recipient) = pair();
    let injected = encrypted(
        ContentAlgorithm::Aes256Gcm,
        KeyTransport::OaepSha256,
        &recipient,
    );
    let document = Document::parse(&injected).unwrap();
    let decrypted = decrypt(document.root(), &key).unwrap();
    let inner = decrypted.document().unwrap();
    let policy = Policy::default();
    let partner = Partner {
        keys: &Signer,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(
        verify_of(inner.root(), &partner),
        Err(crate::SignatureError::NotOneSignature)
    );
}

/// T-SIG-8: there is one error, whatever is wrong.
#[test]
fn t_sig_8_every_changed_byte_ends_in_the_same_error() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let (key, recipient) = pair();
    for content in ContentAlgorithm::ALL {
        let text = encrypted(content, KeyTransport::OaepSha1, &recipient);
        let values: Vec<&str> = text
            .split("<e:CipherValue>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0)
            .collect();
        let mut refused = 0;
        for value in values {
            let bytes = STANDARD.decode(value).unwrap();
            let mut changes: Vec<Vec<u8>> = (0..bytes.len())
                .map(|at| {
                    let mut changed = bytes.clone();
                    *changed.get_mut(at).unwrap() ^= 0x81;
                    changed
                })
                .collect();
            changes.extend([0, 1, 12, 15, 16, 17].map(|length| {
                let mut short = bytes.clone();
                short.truncate(length);
                short
            }));
            for changed in changes {
                let text = text.replace(value, &STANDARD.encode(changed));
                let result = match content.is_authenticated() {
                    true => decrypted(&text, &key),
                    false => {
                        let signed = signed_around(&text);
                        let message = Document::parse(&signed).unwrap();
                        let verified = verify(message.root(), &Signer).unwrap();
                        let document = verified.document().unwrap();
                        decrypt_verified(&verified, data_of(&document), &key)
                            .map(|inner| inner.as_str().to_owned())
                    }
                };
                match result {
                    Err(error) => assert_eq!(error, DecryptionError::Failed),
                    // Without authentication a changed letter is a changed letter.
                    Ok(_) => {
                        assert!(!content.is_authenticated());
                        continue;
                    }
                }
                refused += 1;
            }
        }
        assert!(refused > 256, "{refused}");
    }
}

#[test]
fn a_key_beside_the_data_is_found_and_two_are_not() {
    let (key, recipient) = pair();
    let text = encrypted(
        ContentAlgorithm::Aes128Gcm,
        KeyTransport::OaepSha1,
        &recipient,
    );
    let start = text.find("<e:EncryptedKey").unwrap();
    let end = text.find("</e:EncryptedKey>").unwrap() + "</e:EncryptedKey>".len();
    let wrapped = text.get(start..end).unwrap();
    let bare = text.replace(wrapped, "<RetrievalMethod URI=\"#k\"/>");
    let beside = format!("<m>{bare}{wrapped}</m>");
    assert_eq!(decrypted(&beside, &key).as_deref(), Ok(PLAIN));
    let part = "EncryptedKey";
    for text in [
        format!("<m>{bare}</m>"),
        format!("<m>{bare}{wrapped}{wrapped}</m>"),
        text.replace(wrapped, &wrapped.repeat(2)),
    ] {
        assert_eq!(
            decrypted(&text, &key),
            Err(DecryptionError::Structure { part })
        );
    }
    let listed = wrapped.replace(
        "</e:EncryptedKey>",
        "<e:ReferenceList><e:DataReference URI=\"#d\"/></e:ReferenceList></e:EncryptedKey>",
    );
    let listed = text.replace(wrapped, &listed);
    assert_eq!(decrypted(&listed, &key).as_deref(), Ok(PLAIN));
}

#[test]
fn what_the_profile_does_not_have_is_refused() {
    let (key, recipient) = pair();
    let text = encrypted(
        ContentAlgorithm::Aes256Gcm,
        KeyTransport::OaepSha512,
        &recipient,
    );
    let structure = |part| DecryptionError::Structure { part };
    let algorithm = |part| DecryptionError::Algorithm { part };
    let oaep = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    let aes = ContentAlgorithm::Aes256Gcm.uri();
    let sha512 = "http://www.w3.org/2001/04/xmlenc#sha512";
    for (from, to, error) in [
        (
            aes,
            "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
            algorithm("EncryptionMethod"),
        ),
        (
            aes,
            "http://www.w3.org/2009/xmlenc11#chacha20",
            algorithm("EncryptionMethod"),
        ),
        (
            oaep,
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
            DecryptionError::Rsa15,
        ),
        (
            oaep,
            "http://www.w3.org/2001/04/xmlenc#kw-aes256",
            algorithm("EncryptedKey"),
        ),
        (
            oaep,
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            algorithm("EncryptedKey"),
        ),
        (
            sha512,
            "http://www.w3.org/2001/04/xmlenc#sha256",
            algorithm("EncryptedKey"),
        ),
        (
            "<MGF ",
            "<e:OAEPparams>AA==</e:OAEPparams><MGF ",
            algorithm("EncryptedKey"),
        ),
        ("xmlenc#Element\"", "xmlenc#Content\"", structure("Type")),
        (
            "<e:CipherValue>",
            "<e:CipherValue><!-- -->",
            structure("CipherData"),
        ),
        (
            "<e:CipherValue>",
            "<e:CipherValue>*",
            structure("CipherData"),
        ),
        (
            "<e:CipherValue>",
            "<e:CipherReference URI='http://192.0.2.1/'/><e:CipherValue>",
            structure("CipherData"),
        ),
        (
            "</e:EncryptionMethod>",
            "</e:EncryptionMethod><e:Other/>",
            structure("EncryptedKey"),
        ),
        (
            "</e:EncryptedData>",
            "<e:EncryptionProperties/></e:EncryptedData>",
            structure("EncryptedData"),
        ),
        ("e:EncryptedData", "e:Other", structure("EncryptedData")),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        let document = Document::parse(&changed).unwrap();
        let result = decrypt(document.root(), &key);
        assert_eq!(result.err(), Some(error), "{to}");
    }
    // Digest and mask of a kind, by either name.
    let sha1 = encrypted(
        ContentAlgorithm::Aes256Gcm,
        KeyTransport::OaepSha1,
        &recipient,
    );
    let by_the_newer = sha1.replace("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", oaep);
    assert_eq!(decrypted(&by_the_newer, &key).as_deref(), Ok(PLAIN));
}

#[test]
fn what_is_decrypted_is_within_the_caps_and_never_printed() {
    let (key, recipient) = pair();
    let how = Encryption {
        content: ContentAlgorithm::Aes256Gcm,
        transport: KeyTransport::OaepSha1,
        recipient: &recipient,
        certificate: None,
    };
    let limits = crate::Limits {
        depth: 100,
        ..crate::Limits::DEFAULT
    };
    let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
    let deep = Verbatim::parse_within(deep, limits).unwrap();
    let text = encrypt(&deep, &how, &draw()).unwrap();
    assert_eq!(decrypted(text.as_str(), &key), Err(DecryptionError::Failed));
    let text = encrypted(how.content, how.transport, &recipient);
    let document = Document::parse(&text).unwrap();
    let decrypted = decrypt(document.root(), &key).unwrap();
    assert_eq!(format!("{decrypted:?}"), "Decrypted(…)");
}

/// Content that others encrypted under a key that is at hand; the wrapped keys of the vectors are for
/// private keys that are not.
#[test]
fn aleksey_xmlenc_01_content() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = folder.join("../../../shared/data/xmldsig");
    if !folder.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"));
        eprintln!("SKIPPED: ../shared/data is not there");
        return;
    }
    let keys = std::fs::read_to_string(folder.join("keys/keys.xml")).unwrap();
    let keys = Document::parse(&keys).unwrap();
    let key_of = |name: &str| {
        let mut infos = keys.root().children();
        let info = infos.find(|info| info.children().any(|it| it.text().trim() == name));
        let value = info.unwrap().descendants().last().unwrap().text();
        let value: String = value.split_ascii_whitespace().collect();
        STANDARD.decode(value).unwrap()
    };
    let mut opened = 0;
    for name in [
        "enc-aes128cbc-keyname",
        "enc-aes192cbc-keyname",
        "enc-aes256cbc-keyname",
        "enc-aes128gcm-keyname",
        "enc-aes192gcm-keyname",
        "enc-aes256gcm-keyname",
    ] {
        let file = folder.join("aleksey-xmlenc-01").join(name);
        let text = std::fs::read_to_string(file.with_extension("xml")).unwrap();
        let document = Document::parse(&text).unwrap();
        let data = data_of(&document);
        let find = |name: &str| data.descendants().find(|it| it.name() == name).unwrap();
        let method = find("EncryptionMethod").attribute("Algorithm").unwrap();
        let algorithm = ContentAlgorithm::parse(method).unwrap();
        let key = key_of(find("KeyName").text().trim());
        let sealed: String = find("CipherValue")
            .text()
            .split_ascii_whitespace()
            .collect();
        let text = algorithm.open(&key, &STANDARD.decode(sealed).unwrap());
        let expected = std::fs::read(file.with_extension("data")).unwrap();
        assert_eq!(text.unwrap().as_slice(), expected, "{name}");
        opened += 1;
    }
    assert_eq!(opened, 6);
}
