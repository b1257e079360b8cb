//! Namespace names of SOAP, the WS-* specifications and Lync's own.

/// SOAP 1.1 envelope.
pub const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// SOAP 1.2 envelope.
pub const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Trust of February 2005.
pub const TRUST_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
/// WS-Trust 1.3.
pub const TRUST_1_3: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
/// WS-Policy 1.2.
pub const POLICY: &str = "http://schemas.xmlsoap.org/ws/2004/09/policy";
/// WS-Addressing 1.0.
pub const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
/// WS-Addressing of August 2004.
pub const ADDRESSING_2004: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Security extensions.
pub const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// WS-Security utility: timestamps and ids.
pub const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// SAML 1.1 assertions.
pub const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
/// SAML 2.0 assertions.
pub const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// XML signatures.
pub const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The authorization claims of a web ticket request.
pub const AUTHORIZATION: &str = "http://schemas.xmlsoap.org/ws/2006/12/authorization";
/// Lync's web authentication ([MS-OCAUTHWS]).
pub const WEB_AUTHENTICATION: &str = "urn:component:Microsoft.Rtc.WebAuthentication.2010";
