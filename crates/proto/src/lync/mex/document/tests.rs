//! What the reader of metadata takes and refuses, and what an edited document looks like.

use expect_test::expect;

use super::*;
use crate::lync::mex::{Edit, Logon, WebTicketService};

const SERVICE: &str = "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc";

/// A document with what editing must get right: quotes, entities, comments, CDATA, odd spacing.
const ODD: &str = r##"<?xml version="1.0"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/"   xmlns:s='http://schemas.xmlsoap.org/wsdl/soap12/'
 xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:a="http://www.w3.org/2005/08/addressing"
 xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
 <!-- <w:port name="no"/> --> <w:import location='https://pool01.contoso.local/x?a=1&amp;b=2'/>
 <p:Policy u:Id="shared"><p:All><i><a:Address>
   https://pool01.contoso.local/<![CDATA[WebTicket]]><!-- c -->.svc </a:Address></i></p:All></p:Policy>
 <p:Policy u:Id="only-pin"><p:All><a:Address>https://pool01.contoso.local/pin</a:Address></p:All></p:Policy>
 <p:Policy u:Id="unused"/>
 <w:binding name="bOne"><p:PolicyReference URI="#shared"/></w:binding>
 <w:binding name="bPin"><p:PolicyReference URI="#only-pin"/><p:PolicyReference URI="#shared"/></w:binding>
 <w:service name="S"><w:port name="One" binding="t:bOne"><s:address location = 'https://pool01.contoso.local/one'/></w:port>
  <w:port binding="bPin" name="Pin"><s:address location="https://pool01.contoso.local/pin"/><a:EndpointReference><a:Address>https://other.example/</a:Address></a:EndpointReference></w:port></w:service>
</w:definitions>
"##;

fn to_gate(url: &str) -> Option<String> {
    url.strip_prefix("https://pool01.contoso.local")
        .map(|path| format!("https://gate\"&<'{path}"))
}

fn minimal() -> String {
    let logons = vec![
        Logon::WinNegotiate,
        Logon::WinNtlm,
        Logon::Auth,
        Logon::Anon,
        Logon::Cert,
    ];
    WebTicketService {
        address: SERVICE.to_owned(),
        logons,
    }
    .to_xml()
}

fn urls(document: &Document<'_>) -> Vec<String> {
    document
        .addresses()
        .iter()
        .map(|address| address.url.clone())
        .collect()
}

#[test]
fn the_minimal_document_is_read_back() {
    let text = minimal();
    let document = Document::parse(&text).unwrap();
    let ports: Vec<_> = document
        .ports()
        .iter()
        .map(|port| {
            let policy = document.policy_of(port).unwrap();
            (
                port.name.as_str(),
                port.address.as_deref().unwrap(),
                policy.id.as_str(),
            )
        })
        .collect();
    expect![[r#"
        [
            (
                "WebTicketServiceWinNegotiate",
                "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc",
                "WebTicketServiceWinNegotiate_policy",
            ),
            (
                "WebTicketServiceWinNtlm",
                "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc",
                "WebTicketServiceWinNtlm_policy",
            ),
            (
                "WebTicketServiceAuth",
                "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc/Auth",
                "WebTicketServiceAuth_policy",
            ),
            (
                "WebTicketServiceAnon",
                "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc/Anon",
                "WebTicketServiceAnon_policy",
            ),
            (
                "WebTicketServiceCert",
                "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc/cert",
                "WebTicketServiceCert_policy",
            ),
        ]
    "#]]
    .assert_debug_eq(&ports);
}

#[test]
fn every_address_is_listed() {
    let document = Document::parse(ODD).unwrap();
    expect![[r#"
        [
            "https://pool01.contoso.local/x?a=1&b=2",
            "https://pool01.contoso.local/WebTicket.svc",
            "https://pool01.contoso.local/pin",
            "https://pool01.contoso.local/one",
            "https://pool01.contoso.local/pin",
            "https://other.example/",
        ]
    "#]]
    .assert_debug_eq(&urls(&document));
    let one = document.port("One").unwrap();
    let policy = document.policy_of(one).unwrap();
    assert_eq!(policy.id, "shared");
    assert_eq!(
        document.issuers(policy).collect::<Vec<_>>(),
        ["https://pool01.contoso.local/WebTicket.svc"]
    );
}

#[test]
fn a_policy_elsewhere_and_an_address_of_any_namespace_are_listed() {
    let text = ODD
        .replace(
            "URI=\"#only-pin\"",
            "URI=\"https://pool01.contoso.local/p\"",
        )
        .replace(
            "</w:service>",
            "<x:Address xmlns:x=\"urn:x\">https://fe/</x:Address></w:service>",
        );
    let found = urls(&Document::parse(&text).unwrap());
    assert!(found.contains(&"https://pool01.contoso.local/p".to_owned()));
    assert!(found.contains(&"https://fe/".to_owned()));
}

#[test]
fn an_edit_that_changes_nothing_keeps_every_byte() {
    for text in [ODD, &minimal(), &format!("\u{feff}{ODD}")] {
        let document = Document::parse(text).unwrap();
        let edited = document.edited(Edit {
            map_address: &|_| None,
            keeps_port: &|_| true,
        });
        assert_eq!(edited, text);
    }
}

#[test]
fn addresses_are_replaced_in_place() {
    let document = Document::parse(ODD).unwrap();
    let edited = document.edited(Edit {
        map_address: &to_gate,
        keeps_port: &|_| true,
    });
    let expected = ODD
        .replace("<a:Address>\n   https://pool01.contoso.local/<![CDATA[WebTicket]]><!-- c -->.svc </a:Address>", "<a:Address>https://gate\"&amp;&lt;'/WebTicket.svc</a:Address>")
        .replace("<a:Address>https://pool01.contoso.local/pin", "<a:Address>https://gate\"&amp;&lt;'/pin")
        .replace("https://pool01.contoso.local", "https://gate&quot;&amp;&lt;&#39;");
    assert_eq!(edited, expected);
    let again = Document::parse(&edited).unwrap();
    assert_eq!(urls(&again)[0], "https://gate\"&<'/x?a=1&b=2");
    assert_eq!(urls(&again).len(), 6);
}

#[test]
fn a_removed_port_takes_its_binding_and_its_own_policy_along() {
    let document = Document::parse(ODD).unwrap();
    let edited = document.edited(Edit {
        map_address: &|_| None,
        keeps_port: &|name| name != "Pin",
    });
    for gone in ["Pin", "only-pin", "other.example"] {
        assert!(!edited.contains(gone), "{gone}\n{edited}");
    }
    for kept in [
        "bOne",
        "u:Id=\"shared\"",
        "u:Id=\"unused\"",
        "<!-- <w:port name=\"no\"/> -->",
    ] {
        assert!(edited.contains(kept), "{kept}\n{edited}");
    }
    let again = Document::parse(&edited).unwrap();
    assert_eq!(again.ports().len(), 1);
    assert_eq!(again.policy_of(&again.ports()[0]).unwrap().id, "shared");
}

#[test]
fn a_policy_named_after_its_port_goes_without_a_reference() {
    let text = minimal();
    let without_references: String = text
        .split("<wsp:PolicyReference")
        .enumerate()
        .map(|(n, part)| {
            if n == 0 {
                part
            } else {
                part.split_once("/>").unwrap().1
            }
        })
        .collect();
    for text in [text, without_references] {
        let document = Document::parse(&text).unwrap();
        let keeps_port = |name: &str| name == "WebTicketServiceWinNegotiate";
        let edited = document.edited(Edit {
            map_address: &|_| None,
            keeps_port: &keeps_port,
        });
        let again = Document::parse(&edited).unwrap();
        assert_eq!(again.ports().len(), 1);
        assert_eq!(again.policies().len(), 1);
        assert_eq!(again.bindings.len(), 1);
        assert!(again.policy_of(&again.ports()[0]).is_some());
    }
}

#[test]
fn definitions_in_a_metadata_section_are_read() {
    let inside = minimal().split_once("?>").unwrap().1.to_owned();
    let text = format!(
        "<m:Metadata xmlns:m='urn:m'><m:MetadataSection>{inside}</m:MetadataSection></m:Metadata>"
    );
    assert_eq!(Document::parse(&text).unwrap().ports().len(), 5);
}

#[test]
fn other_documents_are_refused() {
    let definitions = |inside: &str| format!("<definitions xmlns='{WSDL}'>{inside}</definitions>");
    for (text, error) in [
        ("<definitions/>".to_owned(), MexParseError::NoDefinitions),
        (definitions("<port/>"), MexParseError::PortWithoutName),
        (
            definitions(&"<port name='x'/>".repeat(65)),
            MexParseError::TooManyPorts,
        ),
        (
            definitions(&"<import location='x'/>".repeat(513)),
            MexParseError::TooManyAddresses,
        ),
        (
            definitions(&format!("<import location='{}'/>", "x".repeat(2049))),
            MexParseError::AddressTooLong,
        ),
        (
            "<!DOCTYPE a><a/>".to_owned(),
            MexParseError::Xml(ParseError::DocumentType),
        ),
        (
            definitions(&"<a xmlns='x'/>".repeat(256)),
            MexParseError::Xml(ParseError::TooManyNamespaceDeclarations { limit: 256 }),
        ),
        (
            definitions(&"<a/>".repeat(16_384)),
            MexParseError::Xml(ParseError::TooManyNodes { limit: 16_384 }),
        ),
    ] {
        assert_eq!(Document::parse(&text).unwrap_err(), error, "{text:.80}");
    }
    assert_eq!(
        Document::parse_bytes(b"<a>\xff</a>").unwrap_err(),
        MexParseError::Xml(ParseError::NotUtf8)
    );
    assert_eq!(
        Document::parse_bytes(&vec![b' '; 256 * 1024 + 1]).unwrap_err(),
        MexParseError::Xml(ParseError::TooLarge { limit: 256 * 1024 })
    );
}
