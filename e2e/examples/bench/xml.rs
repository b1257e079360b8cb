//! Metadata of 10 MB read and verified, and a SAML 1.1 token signed and verified.

use anyhow::{Context, bail};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use xml::signature::verify;
use xml::{Algorithm, Document, KeyFailure, Limits, Prepared, PublicKey, SigningKey, Verbatim};

use crate::figure::Figure;
use crate::peer::{openssl_rsa_2048, xmllint};
use crate::stopwatch::{median, micros, timed};

/// How many tokens are timed together.
const TOGETHER: usize = 200;
/// How often anything is done; the middle one counts.
const TIMES: usize = 9;
/// Bytes of the metadata.
const METADATA: usize = 10_000_000;

struct Key(KeyPair);

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let mut value = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &random, octets, &mut value);
        signed.map_err(|_| KeyFailure)?;
        Ok(value)
    }
}

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let key = Key(KeyPair::generate(KeySize::Rsa2048)?);
    let spki = key.0.public_key().as_der()?;
    let public = PublicKey::from_spki(spki.as_ref())?;
    let mut figures = token(&key, &public)?;
    figures.extend(metadata(&key, &public)?);
    Ok(figures)
}

fn token(key: &Key, public: &PublicKey) -> anyhow::Result<Vec<Figure>> {
    let text = token_text();
    let unsigned = Verbatim::parse(text.as_str())?;
    let sign = || -> Option<String> {
        let prepared = Prepared::new(&unsigned, key.algorithm(), Some(&[7; 800])).ok()?;
        Some(prepared.sign(key).ok()?.as_str().to_owned())
    };
    let signed = sign().context("the token is not signed")?;
    let check = || -> Option<usize> {
        let document = Document::parse(&signed).ok()?;
        Some(verify(document.root(), public).ok()?.as_str().len())
    };
    check().context("the token does not verify")?;
    let (private, verified) = openssl_rsa_2048()?;
    let each = |work: &dyn Fn() -> bool| -> anyhow::Result<f64> {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let (took, done) = timed(|| (0..TOGETHER).filter(|_| work()).count());
            anyhow::ensure!(done == TOGETHER, "a token failed");
            times.push(micros(took) / TOGETHER as f64);
        }
        Ok(median(&times))
    };
    let peer = |name: &str, value| Some((format!("{name} of RSA-2048 by OpenSSL"), value));
    Ok(vec![
        Figure {
            name: format!("a SAML 1.1 token of {} bytes signed, RSA-2048", text.len()),
            value: each(&|| sign().is_some())?,
            unit: "us",
            peer: peer("one private operation", private),
            budget: "the operation is the floor",
        },
        Figure {
            name: format!(
                "the same, {} bytes with its signature, verified",
                signed.len()
            ),
            value: each(&|| check().is_some())?,
            unit: "us",
            peer: peer("one public operation", verified),
            budget: "100 us",
        },
    ])
}

fn metadata(key: &Key, public: &PublicKey) -> anyhow::Result<Vec<Figure>> {
    let text = metadata_text();
    let unsigned = Verbatim::parse_within(text, Limits::METADATA)?;
    let signed = Prepared::new(&unsigned, key.algorithm(), None)?.sign(key)?;
    let signed = signed.as_str();
    let milliseconds = |work: &dyn Fn() -> bool| -> anyhow::Result<f64> {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let (took, done) = timed(work);
            if !done {
                bail!("the metadata is not taken");
            }
            times.push(micros(took) / 1000.0);
        }
        Ok(median(&times))
    };
    let read = || Document::parse_within(signed, Limits::METADATA);
    let check = || {
        let document = read().ok()?;
        verify(document.root(), public).ok()
    };
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), signed)?;
    let peer = xmllint(file.path()).map(|took| ("xmllint, with its start".to_owned(), took));
    let megabytes = signed.len() as f64 / 1e6;
    Ok(vec![
        Figure {
            name: format!("metadata of {megabytes:.1} MB read"),
            value: milliseconds(&|| read().is_ok())?,
            unit: "ms",
            peer,
            budget: "300 ms",
        },
        Figure {
            name: "the same, verified and read from what was signed".to_owned(),
            value: milliseconds(&|| check().is_some())?,
            unit: "ms",
            peer: None,
            budget: "",
        },
    ])
}

/// 23 attributes, as a directory's groups become.
fn token_text() -> String {
    let attributes: String = (0..23)
        .map(|number| {
            format!(
                "<saml:Attribute AttributeName=\"claim{number}\" \
                 AttributeNamespace=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims\">\
                 <saml:AttributeValue>S-1-5-21-1004336348-1177238915-682003330-{number}</saml:AttributeValue>\
                 </saml:Attribute>"
            )
        })
        .collect();
    let subject = "<saml:Subject><saml:NameIdentifier>anna@contoso.com</saml:NameIdentifier>\
                   <saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer\
                   </saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>";
    format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\" MajorVersion=\"1\" \
         MinorVersion=\"1\" AssertionID=\"_b3b1c8c0-7d1c-4a3e\" Issuer=\"http://sts.contoso.com/adfs/services/trust\" \
         IssueInstant=\"2014-04-17T08:00:00.000Z\"><saml:Conditions NotBefore=\"2014-04-17T08:00:00.000Z\" \
         NotOnOrAfter=\"2014-04-17T09:00:00.000Z\"><saml:AudienceRestrictionCondition><saml:Audience>\
         https://lync.contoso.com/passiveauth</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>\
         <saml:AttributeStatement>{subject}{attributes}</saml:AttributeStatement>\
         <saml:AuthenticationStatement AuthenticationMethod=\"urn:oasis:names:tc:SAML:1.0:am:password\" \
         AuthenticationInstant=\"2014-04-17T08:00:00.000Z\">{subject}</saml:AuthenticationStatement></saml:Assertion>"
    )
}

/// A federation whose members each declare their own namespaces.
fn metadata_text() -> String {
    let certificate = "MIIDdDCCAlygAwIBAgIGAVISlIlYMA0GCSqGSIb3DQEBCwUAMHsx".repeat(24);
    let mut text = String::from(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_federation\">",
    );
    let mut number = 0;
    while text.len() < METADATA {
        text.push_str(&format!(
            "<md:EntityDescriptor entityID=\"https://member{number}.example.org/saml\">\n  \
             <md:Extensions><rpi:RegistrationInfo xmlns:rpi=\"urn:oasis:names:tc:SAML:metadata:rpi\" \
             registrationAuthority=\"https://example.org/\"/></md:Extensions>\n  <md:IDPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n    <md:KeyDescriptor \
             use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
             <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\n    \
             <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://member{number}.example.org/sso\"/>\n  </md:IDPSSODescriptor>\n  <md:Organization>\
             <md:OrganizationName xml:lang=\"en\">Member {number} &amp; others</md:OrganizationName>\
             </md:Organization>\n</md:EntityDescriptor>\n"
        ));
        number += 1;
    }
    text.push_str("</md:EntitiesDescriptor>");
    text
}
