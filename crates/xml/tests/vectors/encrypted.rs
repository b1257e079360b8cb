//! The interoperability vectors of XML encryption. Their private keys are not there, so that what is within
//! the profile is read as far as its wrapped key; the ciphers themselves are tested in the crate.

use std::cell::Cell;
use std::collections::BTreeMap;

use xml::encryption::{DecryptionKey, KeyTransport, NAMESPACE, decrypt};
use xml::{Document, KeyFailure, Limits};
use zeroize::Zeroizing;

use crate::{check_table, files, shared};

/// A key that is out of reach, and was asked.
#[derive(Default)]
struct Asked(Cell<Option<(KeyTransport, usize)>>);

impl DecryptionKey for Asked {
    fn unwrap(
        &self,
        transport: KeyTransport,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyFailure> {
        self.0.set(Some((transport, wrapped.len())));
        Err(KeyFailure)
    }
}

fn outcome(text: &[u8]) -> String {
    let limits = Limits {
        bytes: 1024 * 1024,
        ..Limits::DEFAULT
    };
    let document = match Document::parse_bytes_within(text, limits) {
        Ok(document) => document,
        Err(error) => return format!("refused: {error}"),
    };
    let encrypted = document
        .root()
        .descendants()
        .filter(|it| it.is(NAMESPACE, "EncryptedData"));
    let outcomes: Vec<String> = encrypted
        .map(|data| {
            let asked = Asked::default();
            let error = decrypt(data, &asked).unwrap_err();
            match asked.0.get() {
                Some((transport, bytes)) => {
                    format!("within: asks for {transport:?} of {bytes} bytes")
                }
                None => format!("refused: {error}"),
            }
        })
        .collect();
    outcomes.join("; ")
}

const HEAD: &str = "\
# Encrypted elements of other projects: each file with its `EncryptedData` in document order.
# `within` where all of it is within the profile and the private key is asked, or the reason for which it is refused.
# AES-CBC would be read under a signature; none of these is signed around.";

#[test]
fn encryption_vectors_are_within_the_profile_or_refused_as_the_table_says() {
    let Some(folder) = shared("xmldsig") else {
        return;
    };
    let mut outcomes = BTreeMap::new();
    for (name, path) in files(&folder) {
        let text = std::fs::read(path).unwrap();
        if name.ends_with(".xml") && String::from_utf8_lossy(&text).contains("EncryptedData") {
            outcomes.insert(name, outcome(&text));
        }
    }
    assert!(outcomes.len() > 150, "{}", outcomes.len());
    check_table("encrypted.txt", HEAD, &outcomes);
}
