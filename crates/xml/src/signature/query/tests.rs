//! Queries that are verified and each way in which one must not be.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jiff::Timestamp;

use super::*;
use crate::signature::{Policy, PublicKey};

struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn public(&self) -> PublicKey {
        use aws_lc_rs::encoding::AsDer;
        let spki = self.0.public_key().as_der().unwrap();
        PublicKey::from_spki(spki.as_ref()).unwrap()
    }
}

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let signed = self.0.sign(&SystemRandom::new(), octets);
        Ok(signed.unwrap().as_ref().to_vec())
    }
}

fn message() -> Message {
    Message {
        kind: Kind::Request,
        encoded: "fZJ+/A==".to_owned(),
        relay_state: Some("where é & = from".to_owned()),
    }
}

fn signed(key: &Key) -> String {
    let unsigned = Unsigned::new(&message(), key.algorithm());
    unsigned.sign(key).unwrap()
}

fn verified(query: &str, key: &Key) -> Result<Message, SignatureError> {
    let (policy, public) = (Policy::default(), key.public());
    let partner = Partner {
        keys: &public,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    Query::parse(query).unwrap().verify(&partner)
}

#[test]
fn a_signed_query_is_verified_and_read() {
    let key = Key::new();
    let query = signed(&key);
    assert_eq!(verified(&query, &key), Ok(message()));
    let lower = query.replace("%2B", "%2b");
    assert_eq!(
        verified(&lower, &key),
        Err(SignatureError::Signature),
        "the bytes are those that came"
    );
    let other = format!("client-request-id=7&{query}&");
    assert_eq!(verified(&other, &key), Ok(message()));
}

#[test]
fn a_query_that_was_encoded_in_another_way_is_verified_over_its_own_bytes() {
    let key = Key::new();
    let octets = format!(
        "SAMLRequest=fZJ%2b%2fA%3d%3d&RelayState=a+b&SigAlg={}",
        encoded(key.algorithm().uri()).to_lowercase()
    );
    let value = encoded(&STANDARD.encode(key.sign(octets.as_bytes()).unwrap()));
    let read = verified(&format!("{octets}&Signature={value}"), &key).unwrap();
    assert_eq!(read.encoded, "fZJ+/A==");
    assert_eq!(read.relay_state.as_deref(), Some("a b"));
}

#[test]
fn whatever_is_changed_is_refused() {
    let key = Key::new();
    let query = signed(&key);
    for (from, to) in [
        ("SAMLRequest=fZ", "SAMLRequest=gZ"),
        ("RelayState=where", "RelayState=there"),
        ("RelayState=", "SAMLEncoding=&Relay="),
        ("SAMLRequest=", "SAMLResponse="),
    ] {
        let changed = query.replace(from, to);
        assert_ne!(changed, query);
        let read = Query::parse(&changed);
        if read.is_ok() {
            assert_eq!(
                verified(&changed, &key),
                Err(SignatureError::Signature),
                "{from}"
            );
        }
    }
    let stranger = Key::new();
    assert_eq!(verified(&query, &stranger), Err(SignatureError::Signature));
    let hmac = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23hmac-sha256";
    let other = query.replace(&encoded(Algorithm::EcdsaSha256.uri()), hmac);
    let part = "SigAlg";
    assert_eq!(
        verified(&other, &key),
        Err(SignatureError::Algorithm { part })
    );
    let sha1 = query.replace(
        &encoded(Algorithm::EcdsaSha256.uri()),
        &encoded(Algorithm::RsaSha1.uri()),
    );
    let part = "SignatureMethod";
    assert_eq!(verified(&sha1, &key), Err(SignatureError::Sha1 { part }));
    let (before, _) = query.split_once("&Signature=").unwrap();
    let part = "Signature";
    assert_eq!(
        verified(&format!("{before}&Signature=%2A"), &key),
        Err(SignatureError::NotBase64 { part })
    );
    assert_eq!(
        verified("SAMLRequest=x", &key),
        Err(SignatureError::NotOneSignature)
    );
}

/// T-SIG-7: no second reading of the query is left to anybody.
#[test]
fn t_sig_7_doubled_and_disguised_parameters_are_refused() {
    let key = Key::new();
    let query = signed(&key);
    for (prefix, error) in [
        ("%53AMLRequest=x", QueryError::Name),
        ("SAMLReq%75est=x", QueryError::Name),
        ("Relay%53tate=x", QueryError::Name),
        ("+SAMLRequest=x", QueryError::Name),
        ("samlrequest=x", QueryError::Name),
        ("SIGALG=x", QueryError::Name),
        ("SAMLRequest=x", QueryError::Repeated),
        ("SAMLResponse=x", QueryError::Repeated),
        ("SAMLResponse", QueryError::Repeated),
        ("RelayState=", QueryError::Repeated),
        ("SigAlg=x", QueryError::Repeated),
        ("Signature=x", QueryError::Repeated),
        ("SAMLEncoding=urn:other", QueryError::Value),
    ] {
        for query in [format!("{prefix}&{query}"), format!("{query}&{prefix}")] {
            assert_eq!(Query::parse(&query).unwrap_err(), error, "{prefix}");
        }
    }
}

#[test]
fn queries_that_say_nothing_or_half_are_refused() {
    for (query, error) in [
        ("", QueryError::NoMessage),
        ("RelayState=x", QueryError::NoMessage),
        ("SAMLRequest=x&Signature=y", QueryError::HalfSigned),
        ("SAMLRequest=x&SigAlg=y", QueryError::HalfSigned),
        ("SAMLRequest=%", QueryError::Value),
        ("SAMLRequest=%2", QueryError::Value),
        ("SAMLRequest=%+2", QueryError::Value),
        ("SAMLRequest=%00", QueryError::Value),
        ("SAMLRequest=%ff", QueryError::Value),
    ] {
        assert_eq!(Query::parse(query).unwrap_err(), error, "{query}");
    }
    let long = format!("SAMLRequest={}", "x".repeat(MAX_QUERY_BYTES));
    assert_eq!(Query::parse(&long).unwrap_err(), QueryError::TooLong);
    let many = format!("SAMLRequest=x{}", "&a=b".repeat(MAX_PARAMETERS));
    assert_eq!(Query::parse(&many).unwrap_err(), QueryError::TooLong);
}

#[test]
fn an_unsigned_query_is_read_by_whoever_says_so() {
    let query = Query::parse("SAMLRequest=x%2By").unwrap();
    assert!(!query.is_signed());
    assert_eq!(query.unverified().encoded, "x+y");
}
