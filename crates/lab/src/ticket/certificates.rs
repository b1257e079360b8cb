//! The certificates that a pool issued, as its members know them again.
//!
//! A real pool stores what it issues and looks there at each sign-in. Nothing here is verified but that:
//! whether the signature beside a certificate is by its key is not looked at, so that the stand-in proves
//! nothing about that part of a real pool.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use proto::lync::certificate::Certificate;
use rcgen::{CertificateParams, DnType, KeyPair};

/// Every certificate that was issued, in DER, with the SIP address it names.
#[derive(Debug, Default)]
pub(crate) struct Certificates(Mutex<BTreeMap<Vec<u8>, String>>);

impl Certificates {
    /// Issues one for a key of ours, as no registrar of the lab asks for it.
    ///
    /// # Errors
    ///
    /// Something in us failed.
    pub(crate) fn issue(&self, entity: &str, sip: &str) -> Result<Vec<u8>, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, entity);
        let certificate = params.self_signed(&KeyPair::generate()?)?;
        let der = certificate.der().to_vec();
        let mut issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.insert(der.clone(), sip.to_owned());
        Ok(der)
    }

    /// Whose a certificate is, if it was issued here.
    pub(crate) fn sip_of(&self, certificate: &Certificate) -> Option<String> {
        let issued = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        issued.get(certificate.as_der()).cloned()
    }
}
