//! The demo's own authority, its certificates and the key that signs assertions.
//!
//! Each host name has an ECDSA and an RSA certificate side by side, as old Windows clients need.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm,
};

use super::files::write;
use crate::cli::CliError;

/// An authority that lives as long as the demo's folder.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, which clients are told to trust.
    pub(super) file: PathBuf,
}

/// A certificate and its key, both PEM, in files and in memory.
pub(super) struct Leaf {
    /// The chain.
    pub(super) chain: String,
    /// The private key (PKCS#8).
    pub(super) key: String,
}

impl Authority {
    /// Makes an authority and writes its certificate to `DIR/ca.pem`.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub(super) fn create(dir: &Path) -> Result<Self, CliError> {
        let key = key(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Wicketgate demo authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(failed)?;
        let file = dir.join("ca.pem");
        write(&file, &certificate.pem())?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            file,
        })
    }

    /// Issues a certificate for host names, with an ECDSA key.
    ///
    /// # Errors
    ///
    /// A name is not a host name.
    pub(super) fn issue_ecdsa(&self, names: &[String]) -> Result<Leaf, CliError> {
        self.issue(names, &PKCS_ECDSA_P256_SHA256)
    }

    /// Issues a certificate for host names, with an RSA key of 2048 bits.
    ///
    /// # Errors
    ///
    /// A name is not a host name.
    pub(super) fn issue_rsa(&self, names: &[String]) -> Result<Leaf, CliError> {
        self.issue(names, &PKCS_RSA_SHA256)
    }

    fn issue(
        &self,
        names: &[String],
        algorithm: &'static SignatureAlgorithm,
    ) -> Result<Leaf, CliError> {
        let key = key(algorithm)?;
        let mut params = CertificateParams::new(names.to_vec()).map_err(failed)?;
        if let Some(name) = names.first() {
            params
                .distinguished_name
                .push(DnType::CommonName, name.as_str());
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Leaf {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// Makes the key that signs onward assertions; gives its public half (PEM).
///
/// # Errors
///
/// The folder cannot be written.
pub(super) fn onward_key(file: &Path) -> Result<String, CliError> {
    let key = key(&PKCS_ECDSA_P256_SHA256)?;
    write(file, &key.serialize_pem())?;
    Ok(key.public_key_pem())
}

fn key(algorithm: &'static SignatureAlgorithm) -> Result<KeyPair, CliError> {
    KeyPair::generate_for(algorithm).map_err(failed)
}

fn failed(error: rcgen::Error) -> CliError {
    CliError::unavailable(format!("a certificate cannot be made: {error}"))
}
