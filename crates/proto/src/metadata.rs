//! Federation metadata (SAML 2.0 metadata, WS-Federation 1.2 section 3.1): what a security token service says of itself to
//! partners that read it by themselves.
//!
//! Roles, elements and their order are those of AD FS, as far as there is something behind them: what is written is kept.
//! Start at [`EntityDescriptor::to_verbatim`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::write::{self, element};
use xml::{Limits, ParseError, Verbatim};

use crate::saml::v2::{POST, PROTOCOL, REDIRECT};
use crate::soap::namespace::{ADDRESSING, SAML_2, SIGNATURE, TRUST_1_3, TRUST_2005};

/// SAML 2.0 metadata.
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// WS-Federation 1.2.
const FEDERATION: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
/// Claim types of WS-Federation 1.2.
const AUTHORIZATION: &str = "http://docs.oasis-open.org/wsfed/authorization/200706";
/// The exchange of metadata (WS-MetadataExchange).
const METADATA_EXCHANGE: &str = "http://schemas.xmlsoap.org/ws/2004/09/mex";
/// Names of attributes that are URIs.
const ATTRIBUTE_NAME_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
/// Types of elements in a document.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What a service says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityDescriptor {
    /// What the document calls itself: an XML name.
    pub id: String,
    /// What the service calls itself, as the issuer of its tokens.
    pub entity_id: String,
    /// It as a relying party of others.
    pub application_service: ApplicationService,
    /// It as the issuer of tokens.
    pub security_token_service: SecurityTokenService,
    /// It as the identity provider of SAML 2.0.
    pub identity_provider: IdentityProvider,
}

/// The role of a service that takes tokens of others (`fed:ApplicationServiceType`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationService {
    /// What people see.
    pub display_name: String,
    /// By what a partner may know it as a relying party, beside its address.
    pub target_scope: String,
    /// The claim types that it takes.
    pub claim_types: Vec<ClaimType>,
    /// Where browsers bring answers, the passive way.
    pub passive_requestor_endpoint: String,
}

/// The role of a service that issues tokens (`fed:SecurityTokenServiceType`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityTokenService {
    /// What people see.
    pub display_name: String,
    /// The certificates of its keys in DER, the one that signs first.
    pub signing: Vec<Vec<u8>>,
    /// The token types, as URIs.
    pub token_types: Vec<&'static str>,
    /// The claim types that it may issue.
    pub claim_types: Vec<ClaimType>,
    /// Where programs ask, where they may.
    pub active: Option<Active>,
    /// Where browsers ask, the passive way.
    pub passive_requestor_endpoint: String,
}

/// Where programs ask, by WS-Trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// The endpoints, the one of February 2005 first, as AD FS names that.
    pub endpoints: Vec<String>,
    /// Where their policies are told.
    pub metadata_exchange: String,
}

/// The role of a service that signs people on to service providers of SAML 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    /// The certificates of its keys in DER, the one that signs first.
    pub signing: Vec<Vec<u8>>,
    /// The kinds of name that rules may issue, as URIs.
    pub name_id_formats: Vec<&'static str>,
    /// The claim types that it may issue, as attributes.
    pub claim_types: Vec<ClaimType>,
    /// Where browsers bring requests, by either binding.
    pub single_sign_on_service: String,
}

/// A claim type that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimType {
    /// Its URI.
    pub uri: String,
    /// What it is called.
    pub display_name: String,
    /// What it is.
    pub description: String,
}

impl EntityDescriptor {
    /// Writes the document, ready to be signed.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn to_verbatim(&self) -> Result<Verbatim, ParseError> {
        let written = element("EntityDescriptor")
            .attribute("ID", self.id.clone())
            .attribute("entityID", self.entity_id.clone())
            .namespace("", METADATA)
            .child(self.application_service.element())
            .child(self.security_token_service.element())
            .child(self.identity_provider.element());
        Verbatim::parse_within(written.to_xml(), Limits::METADATA)
    }
}

impl ApplicationService {
    /// INTEROP: AD FS wants an ApplicationServiceEndpoint; a service that takes no tokens by WS-Trust names its passive one.
    fn element(&self) -> write::Element {
        let passive = || reference(&self.passive_requestor_endpoint);
        let scopes = element("fed:TargetScopes")
            .child(passive())
            .child(reference(&self.target_scope));
        let requested = claim_types("fed:ClaimTypesRequested", &self.claim_types);
        let requested = (!self.claim_types.is_empty()).then_some(requested);
        role("fed:ApplicationServiceType", &self.display_name, FEDERATION)
            .children(requested)
            .child(scopes)
            .child(element("fed:ApplicationServiceEndpoint").child(passive()))
            .child(element("fed:PassiveRequestorEndpoint").child(passive()))
    }
}

impl SecurityTokenService {
    fn element(&self) -> write::Element {
        let token_type = |uri: &&'static str| element("fed:TokenType").attribute("Uri", *uri);
        let token_types = self.token_types.iter().map(token_type);
        let endpoint = |name| element(name).child(reference(&self.passive_requestor_endpoint));
        let both = format!("{TRUST_1_3} {TRUST_2005} {FEDERATION}");
        let (protocols, active) = match &self.active {
            Some(active) => (both.as_str(), active.elements()),
            // INTEROP: WIF wants one; a service without WS-Trust names its passive endpoint, as Entra ID does.
            None => (
                FEDERATION,
                vec![endpoint("fed:SecurityTokenServiceEndpoint")],
            ),
        };
        role(
            "fed:SecurityTokenServiceType",
            &self.display_name,
            protocols,
        )
        .children(self.signing.iter().map(|der| key_descriptor(der)))
        .child(element("fed:TokenTypesOffered").children(token_types))
        .child(claim_types("fed:ClaimTypesOffered", &self.claim_types))
        .children(active)
        .child(endpoint("fed:PassiveRequestorEndpoint"))
    }
}

impl Active {
    /// The endpoints, each with where its policy is told, in AD FS's spelling.
    fn elements(&self) -> Vec<write::Element> {
        let address = |address: &str| element("Address").text(address);
        let of = |endpoint: &String| {
            let exchanged = address(&self.metadata_exchange).namespace("", ADDRESSING);
            let section = element("wsx:MetadataSection")
                .attribute("Dialect", METADATA_EXCHANGE)
                .child(element("wsx:MetadataReference").child(exchanged));
            let metadata = element("wsx:Metadata").namespace("wsx", METADATA_EXCHANGE);
            let reference = element("EndpointReference")
                .namespace("", ADDRESSING)
                .child(address(endpoint))
                .child(element("Metadata").child(metadata.child(section)));
            element("fed:SecurityTokenServiceEndpoint").child(reference)
        };
        self.endpoints.iter().map(of).collect()
    }
}

impl IdentityProvider {
    fn element(&self) -> write::Element {
        let format = |it: &&'static str| element("NameIDFormat").text(*it);
        let service = |binding| {
            element("SingleSignOnService")
                .attribute("Binding", binding)
                .attribute("Location", self.single_sign_on_service.clone())
        };
        element("IDPSSODescriptor")
            .attribute("WantAuthnRequestsSigned", "false")
            .attribute("protocolSupportEnumeration", PROTOCOL)
            .children(self.signing.iter().map(|der| key_descriptor(der)))
            .children(self.name_id_formats.iter().map(format))
            .children([REDIRECT, POST].map(service))
            .children(self.claim_types.iter().map(ClaimType::attribute))
    }
}

fn role(kind: &'static str, display_name: &str, protocols: &str) -> write::Element {
    element("RoleDescriptor")
        .attribute("xsi:type", kind)
        .attribute("protocolSupportEnumeration", protocols)
        .attribute("ServiceDisplayName", display_name)
        .namespace("xsi", SCHEMA_INSTANCE)
        .namespace("fed", FEDERATION)
}

fn reference(address: &str) -> write::Element {
    element("wsa:EndpointReference")
        .namespace("wsa", ADDRESSING)
        .child(element("wsa:Address").text(address))
}

fn claim_types(name: &'static str, all: &[ClaimType]) -> write::Element {
    element(name)
        .namespace("auth", AUTHORIZATION)
        .children(all.iter().map(ClaimType::element))
}

impl ClaimType {
    fn attribute(&self) -> write::Element {
        element("Attribute")
            .namespace("", SAML_2)
            .attribute("Name", self.uri.clone())
            .attribute("NameFormat", ATTRIBUTE_NAME_URI)
            .attribute("FriendlyName", self.display_name.clone())
    }

    fn element(&self) -> write::Element {
        element("auth:ClaimType")
            .attribute("Uri", self.uri.clone())
            .attribute("Optional", "true")
            .child(element("auth:DisplayName").text(self.display_name.clone()))
            .child(element("auth:Description").text(self.description.clone()))
    }
}

fn key_descriptor(der: &[u8]) -> write::Element {
    let certificate = element("X509Certificate").text(STANDARD.encode(der));
    element("KeyDescriptor").attribute("use", "signing").child(
        element("KeyInfo")
            .namespace("", SIGNATURE)
            .child(element("X509Data").child(certificate)),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_roles_are_written_as_ad_fs_does() {
        let descriptor = EntityDescriptor {
            id: "_2f9e0b1c".to_owned(),
            entity_id: "http://sts.contoso.com/adfs/services/trust".to_owned(),
            application_service: ApplicationService {
                display_name: "Contoso & Co".to_owned(),
                target_scope: "http://sts.contoso.com/adfs/services/trust".to_owned(),
                claim_types: Vec::new(),
                passive_requestor_endpoint: "https://sts.contoso.com/adfs/ls/".to_owned(),
            },
            security_token_service: SecurityTokenService {
                display_name: "Contoso & Co".to_owned(),
                signing: vec![vec![1, 2, 3], vec![4, 5, 6]],
                token_types: vec!["urn:oasis:names:tc:SAML:1.0:assertion"],
                claim_types: vec![ClaimType {
                    uri: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn".to_owned(),
                    display_name: "UPN".to_owned(),
                    description: "The user principal name".to_owned(),
                }],
                active: None,
                passive_requestor_endpoint: "https://sts.contoso.com/adfs/ls/".to_owned(),
            },
            identity_provider: IdentityProvider {
                signing: vec![vec![1, 2, 3]],
                name_id_formats: vec![crate::saml::v2::TRANSIENT],
                claim_types: Vec::new(),
                single_sign_on_service: "https://sts.contoso.com/adfs/ls/".to_owned(),
            },
        };
        let written = descriptor.to_verbatim().unwrap();
        expect![[r#"
            <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_2f9e0b1c" entityID="http://sts.contoso.com/adfs/services/trust">
            <RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:ApplicationServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" ServiceDisplayName="Contoso &amp; Co">
            <fed:TargetScopes>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://sts.contoso.com/adfs/ls/</wsa:Address>
            </wsa:EndpointReference>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>http://sts.contoso.com/adfs/services/trust</wsa:Address>
            </wsa:EndpointReference>
            </fed:TargetScopes>
            <fed:ApplicationServiceEndpoint>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://sts.contoso.com/adfs/ls/</wsa:Address>
            </wsa:EndpointReference>
            </fed:ApplicationServiceEndpoint>
            <fed:PassiveRequestorEndpoint>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://sts.contoso.com/adfs/ls/</wsa:Address>
            </wsa:EndpointReference>
            </fed:PassiveRequestorEndpoint>
            </RoleDescriptor>
            <RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" ServiceDisplayName="Contoso &amp; Co">
            <KeyDescriptor use="signing">
            <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
            <X509Data>
            <X509Certificate>AQID</X509Certificate>
            </X509Data>
            </KeyInfo>
            </KeyDescriptor>
            <KeyDescriptor use="signing">
            <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
            <X509Data>
            <X509Certificate>BAUG</X509Certificate>
            </X509Data>
            </KeyInfo>
            </KeyDescriptor>
            <fed:TokenTypesOffered>
            <fed:TokenType Uri="urn:oasis:names:tc:SAML:1.0:assertion"/>
            </fed:TokenTypesOffered>
            <fed:ClaimTypesOffered xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706">
            <auth:ClaimType Uri="http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn" Optional="true">
            <auth:DisplayName>UPN</auth:DisplayName>
            <auth:Description>The user principal name</auth:Description>
            </auth:ClaimType>
            </fed:ClaimTypesOffered>
            <fed:SecurityTokenServiceEndpoint>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://sts.contoso.com/adfs/ls/</wsa:Address>
            </wsa:EndpointReference>
            </fed:SecurityTokenServiceEndpoint>
            <fed:PassiveRequestorEndpoint>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://sts.contoso.com/adfs/ls/</wsa:Address>
            </wsa:EndpointReference>
            </fed:PassiveRequestorEndpoint>
            </RoleDescriptor>
            <IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
            <KeyDescriptor use="signing">
            <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
            <X509Data>
            <X509Certificate>AQID</X509Certificate>
            </X509Data>
            </KeyInfo>
            </KeyDescriptor>
            <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
            <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sts.contoso.com/adfs/ls/"/>
            <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sts.contoso.com/adfs/ls/"/>
            </IDPSSODescriptor>
            </EntityDescriptor>"#]].assert_eq(&written.as_str().replace("><", ">\n<"));
    }

    #[test]
    fn programs_find_their_endpoints_and_where_the_policies_are_told() {
        let service = SecurityTokenService {
            display_name: "Contoso".to_owned(),
            signing: Vec::new(),
            token_types: Vec::new(),
            claim_types: Vec::new(),
            active: Some(Active {
                endpoints: vec!["https://sts/2005".to_owned(), "https://sts/13".to_owned()],
                metadata_exchange: "https://sts/mex".to_owned(),
            }),
            passive_requestor_endpoint: "https://sts/adfs/ls/".to_owned(),
        };
        let written = service.element().to_xml();
        let (_, behind) = written.split_once("protocolSupportEnumeration=").unwrap();
        expect![[r#"
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512 http://schemas.xmlsoap.org/ws/2005/02/trust http://docs.oasis-open.org/wsfed/federation/200706" ServiceDisplayName="Contoso">
            <fed:TokenTypesOffered/>
            <fed:ClaimTypesOffered xmlns:auth="http://docs.oasis-open.org/wsfed/authorization/200706"/>
            <fed:SecurityTokenServiceEndpoint>
            <EndpointReference xmlns="http://www.w3.org/2005/08/addressing">
            <Address>https://sts/2005</Address>
            <Metadata>
            <wsx:Metadata xmlns:wsx="http://schemas.xmlsoap.org/ws/2004/09/mex">
            <wsx:MetadataSection Dialect="http://schemas.xmlsoap.org/ws/2004/09/mex">
            <wsx:MetadataReference>
            <Address xmlns="http://www.w3.org/2005/08/addressing">https://sts/mex</Address>
            </wsx:MetadataReference>
            </wsx:MetadataSection>
            </wsx:Metadata>
            </Metadata>
            </EndpointReference>
            </fed:SecurityTokenServiceEndpoint>
            <fed:SecurityTokenServiceEndpoint>
            <EndpointReference xmlns="http://www.w3.org/2005/08/addressing">
            <Address>https://sts/13</Address>
            <Metadata>
            <wsx:Metadata xmlns:wsx="http://schemas.xmlsoap.org/ws/2004/09/mex">
            <wsx:MetadataSection Dialect="http://schemas.xmlsoap.org/ws/2004/09/mex">
            <wsx:MetadataReference>
            <Address xmlns="http://www.w3.org/2005/08/addressing">https://sts/mex</Address>
            </wsx:MetadataReference>
            </wsx:MetadataSection>
            </wsx:Metadata>
            </Metadata>
            </EndpointReference>
            </fed:SecurityTokenServiceEndpoint>
            <fed:PassiveRequestorEndpoint>
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://sts/adfs/ls/</wsa:Address>
            </wsa:EndpointReference>
            </fed:PassiveRequestorEndpoint>
            </RoleDescriptor>"#]].assert_eq(&behind.replace("><", ">\n<"));
    }

    #[test]
    fn claim_types_that_are_taken_and_issued_are_named_in_each_role() {
        let claim_type = ClaimType {
            uri: "urn:claim".to_owned(),
            display_name: "A & B".to_owned(),
            description: String::new(),
        };
        let party = ApplicationService {
            display_name: String::new(),
            target_scope: "urn:sts".to_owned(),
            claim_types: vec![claim_type.clone()],
            passive_requestor_endpoint: "https://sts/adfs/ls/".to_owned(),
        };
        let written = party.element().to_xml();
        let (requested, scopes) = (
            written.find("<fed:ClaimTypesRequested").unwrap(),
            written.find("<fed:TargetScopes").unwrap(),
        );
        assert!(
            requested < scopes && written.contains("Uri=\"urn:claim\""),
            "{written}"
        );
        let provider = IdentityProvider {
            signing: Vec::new(),
            name_id_formats: Vec::new(),
            claim_types: vec![claim_type],
            single_sign_on_service: "https://sts/adfs/ls/".to_owned(),
        };
        let written = provider.element().to_xml();
        let attribute = "<Attribute xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" Name=\"urn:claim\" \
            NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\" FriendlyName=\"A &amp; B\"/></IDPSSODescriptor>";
        assert!(written.ends_with(attribute), "{written}");
    }

    #[test]
    fn a_long_list_of_claim_types_has_its_place() {
        let claim_type = |number: usize| ClaimType {
            uri: format!("urn:claim:{number}"),
            display_name: String::new(),
            description: String::new(),
        };
        let descriptor = EntityDescriptor {
            id: "_1".to_owned(),
            entity_id: "urn:sts".to_owned(),
            application_service: ApplicationService {
                display_name: String::new(),
                target_scope: "urn:sts".to_owned(),
                claim_types: Vec::new(),
                passive_requestor_endpoint: "https://sts.contoso.com/adfs/ls/".to_owned(),
            },
            security_token_service: SecurityTokenService {
                display_name: String::new(),
                signing: Vec::new(),
                token_types: Vec::new(),
                claim_types: (0..5_000).map(claim_type).collect(),
                active: None,
                passive_requestor_endpoint: "https://sts.contoso.com/adfs/ls/".to_owned(),
            },
            identity_provider: IdentityProvider {
                signing: Vec::new(),
                name_id_formats: Vec::new(),
                claim_types: Vec::new(),
                single_sign_on_service: "https://sts.contoso.com/adfs/ls/".to_owned(),
            },
        };
        assert!(descriptor.to_verbatim().is_ok());
    }
}
