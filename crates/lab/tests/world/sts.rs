//! A security token service of the test's own: one RSA key with its certificate, metadata, and tokens by the crate `xml`.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use xml::{Algorithm, KeyFailure, Prepared, SigningKey, Verbatim};

use crate::support::seconds;

/// What it calls itself.
pub(crate) const ISSUER: &str = "http://sts.contoso.test/adfs/services/trust";
/// Where browsers are sent.
pub(crate) const PAGE: &str = "https://sts.contoso.test/adfs/ls/";
pub(crate) const ANNA: &str = "S-1-5-21-1-2-3-1104";

/// The key, and its certificate in DER.
pub(crate) struct Sts {
    pair: RsaKeyPair,
    pub(crate) certificate: Vec<u8>,
}

/// What a token says; times are seconds from now.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) lasts: (i64, i64),
    pub(crate) attributes: String,
    pub(crate) confirmation: String,
}

impl Token {
    /// A good one of Anna's.
    pub(crate) fn new(id: &str, realm: &str) -> Self {
        Self {
            id: id.to_owned(),
            issuer: ISSUER.to_owned(),
            audience: realm.to_owned(),
            lasts: (0, 3_600),
            attributes: primary_sid(ANNA),
            confirmation: "urn:oasis:names:tc:SAML:1.0:cm:bearer".to_owned(),
        }
    }
}

pub(crate) fn primary_sid(sid: &str) -> String {
    format!(
        "<saml:Attribute AttributeName=\"primarysid\" AttributeNamespace=\
         \"http://schemas.microsoft.com/ws/2008/06/identity/claims\"><saml:AttributeValue>{sid}\
         </saml:AttributeValue></saml:Attribute>"
    )
}

impl Sts {
    pub(crate) fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let private = PrivatePkcs8KeyDer::from(private.as_ref().to_vec());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&private, &PKCS_RSA_SHA256).unwrap();
        let params = CertificateParams::new(Vec::new()).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().to_vec();
        Self { pair, certificate }
    }

    /// Federation metadata that names these keys.
    pub(crate) fn metadata(keys: &[&Self]) -> String {
        let key = |sts: &&Self| {
            let certificate = STANDARD.encode(&sts.certificate);
            format!(
                "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\
                 <X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>\
                 </KeyDescriptor>"
            )
        };
        let keys: String = keys.iter().map(key).collect();
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{ISSUER}\">\
             <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" \
             xsi:type=\"fed:SecurityTokenServiceType\" protocolSupportEnumeration=\
             \"http://docs.oasis-open.org/wsfed/federation/200706\">{keys}\
             <fed:PassiveRequestorEndpoint><EndpointReference xmlns=\
             \"http://www.w3.org/2005/08/addressing\"><Address>{PAGE}</Address></EndpointReference>\
             </fed:PassiveRequestorEndpoint></RoleDescriptor></EntityDescriptor>"
        )
    }

    /// A token, signed.
    pub(crate) fn signs(&self, token: &Token) -> String {
        let unsigned = Verbatim::parse(assertion(token)).unwrap();
        let prepared = Prepared::new(&unsigned, Algorithm::RsaSha256, Some(&self.certificate));
        prepared.unwrap().sign(self).unwrap().as_str().to_owned()
    }
}

impl SigningKey for Sts {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let mut value = vec![0; self.pair.public_modulus_len()];
        let signed = self
            .pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), octets, &mut value);
        signed.map(|()| value).map_err(|_| KeyFailure)
    }
}

/// A token as AD FS writes it, not signed.
pub(crate) fn assertion(token: &Token) -> String {
    let at = |offset: i64| {
        let time = Timestamp::from_second(seconds() + offset).unwrap();
        time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    };
    let Token {
        id,
        issuer,
        audience,
        lasts: (from, until),
        attributes,
        confirmation,
    } = token;
    let (issued, from, until) = (at(0), at(*from), at(*until));
    let subject = format!(
        "<saml:Subject><saml:SubjectConfirmation><saml:ConfirmationMethod>{confirmation}\
         </saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>"
    );
    format!(
        "<saml:Assertion MajorVersion=\"1\" MinorVersion=\"1\" AssertionID=\"{id}\" Issuer=\"{issuer}\" \
         IssueInstant=\"{issued}\" xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\"><saml:Conditions \
         NotBefore=\"{from}\" NotOnOrAfter=\"{until}\"><saml:AudienceRestrictionCondition><saml:Audience>\
         {audience}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>\
         <saml:AttributeStatement>{subject}{attributes}</saml:AttributeStatement>\
         <saml:AuthenticationStatement AuthenticationMethod=\"urn:oasis:names:tc:SAML:1.0:am:password\" \
         AuthenticationInstant=\"{issued}\">{subject}</saml:AuthenticationStatement></saml:Assertion>"
    )
}

/// The answer around a token.
pub(crate) fn response(token: &str) -> String {
    format!(
        "<t:RequestSecurityTokenResponse xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\">\
         <t:RequestedSecurityToken>{token}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse>"
    )
}
