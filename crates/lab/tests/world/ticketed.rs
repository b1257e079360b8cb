//! The services that take a ticket in a message or in a header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::lync::mex;

use crate::support::{ANNA, Answer, Lab, PASSWORD, POOL, WEB, basic, cut, get, post};

const CERT_PROV: &str = "/CertProv/CertProvisioningService.svc";
const PROOF: &str = "/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1";
const BEARER: &str = "/groupexpansion/service.svc/WebTicket_Bearer";

/// A message with a ticket in its security header.
fn message(ticket: &str, content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>\
         <wsse:Security xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/\
         oasis-200401-wss-wssecurity-secext-1.0.xsd\">{ticket}</wsse:Security></s:Header>\
         <s:Body>{content}</s:Body></s:Envelope>"
    )
}

fn certificate_of(entity: &str) -> String {
    format!(
        "<GetAndPublishCert xmlns=\"http://schemas.microsoft.com/OCS/AuthWebServices/\" \
         DeviceId=\"{{f1f8c1de-0a8f-5b5e-8d0f-2f7e6c1b9a33}}\" Entity=\"{entity}\"/>"
    )
}

async fn send(lab: &Lab, path: &str, body: String) -> Answer {
    let request = post(path, &body).body(body);
    lab.front_end().await.send(WEB, request).await
}

#[tokio::test]
async fn metadata_of_both_services_lead_to_the_web_ticket_service() {
    let lab = Lab::start().await;
    for (path, port, tokens) in [
        (
            format!("{CERT_PROV}/mex"),
            "CertProvisioningServiceWebTicketProof_SHA1",
            "sp:EndorsingSupportingTokens",
        ),
        (
            "/groupexpansion/service.svc/mex".to_owned(),
            "AddressBookWebTicketBearer",
            "sp:SignedSupportingTokens",
        ),
    ] {
        let answer = lab.front_end().await.get(WEB, &path).await;
        assert_eq!(answer.status, 200);
        let document = mex::Document::parse(&answer.body).expect("metadata");
        let port = document.port(port).expect("the port");
        let address = port.address.as_deref().expect("an address");
        assert!(address.starts_with(&format!("https://{POOL}/")));
        assert!(answer.body.contains(tokens));
        let policy = document.policy_of(port).expect("its policy");
        let issuers: Vec<_> = document.issuers(policy).collect();
        let service = format!("https://{POOL}/WebTicket/WebTicketService.svc");
        assert_eq!(issuers, [service.as_str()]);
    }
}

#[tokio::test]
async fn a_certificate_is_issued_for_the_owner_of_the_ticket() {
    let lab = Lab::start().await;
    let ticket = lab.saml_ticket().await;
    let body = message(&ticket, &certificate_of("anna@contoso.test"));
    let answer = send(&lab, PROOF, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("Entity=\"anna@contoso.test\""));
    let (_, token) = answer.body.split_once("<BinarySecurityToken").expect("it");
    let certificate = STANDARD.decode(cut(token, ">", "<")).expect("base64");
    assert_eq!(certificate.first(), Some(&0x30), "a DER sequence");
    let seen = lab.world.requests().pop().expect("the request");
    assert_eq!((seen.ticket, seen.how), (true, Some(lab::How::Ticket)));
    assert_eq!(seen.identity.as_deref(), Some("CONTOSO\\anna"));
    let bens = message(&ticket, &certificate_of("ben@contoso.test"));
    assert_eq!(send(&lab, PROOF, bens).await.status, 500);
    let other = message(&ticket, "<x/>");
    assert!(send(&lab, PROOF, other).await.body.contains("ActionNot"));
    let search = message(&ticket, "<x/>");
    assert_eq!(send(&lab, BEARER, search).await.status, 200);
}

#[tokio::test]
async fn a_message_without_a_good_ticket_gets_a_fault() {
    let lab = Lab::start().await;
    let ticket = lab.saml_ticket().await;
    let changed = ticket.replace("sip:anna@", "sip:ben@");
    for path in [PROOF, BEARER] {
        for (body, status, id) in [
            (message("", "<x/>"), 500, "28020"),
            (message(&changed, "<x/>"), 500, "28032"),
            ("not XML".to_owned(), 400, "no SOAP"),
        ] {
            let answer = send(&lab, path, body).await;
            assert_eq!(answer.status, status);
            assert!(answer.body.contains(id), "{}", answer.body);
        }
    }
    let seen = lab.world.requests();
    let refused = seen.iter().filter(|seen| seen.refused.is_some());
    assert!(refused.clone().all(|seen| seen.ticket));
    assert_eq!(refused.count(), 2);
}

#[tokio::test]
async fn a_file_is_there_for_a_ticket_or_for_a_leaked_password() {
    let lab = Lab::start().await;
    let ticket = lab.compact_ticket().await;
    for path in ["/abs/handler/C-0000-0000.lsabs", "/Mcx/McxService.svc"] {
        for (name, value) in [
            ("x-ms-webticket", ticket.clone()),
            ("authorization", format!("Bearer {ticket}")),
            ("authorization", basic("anna", PASSWORD)),
        ] {
            let request = get(path).header(name, &value).body(String::new());
            let answer = lab.front_end().await.send(WEB, request).await;
            assert_eq!(answer.status, 200, "{name}");
            assert!(answer.body.contains("CONTOSO\\anna"), "{}", answer.body);
        }
        let wrong = get(path).header("x-ms-webticket", "cwt=AAEB");
        for request in [wrong, get(path)] {
            let request = request.body(String::new());
            let answer = lab.front_end().await.send(WEB, request).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.all("x-ms-webticketurl").len(), 1);
            assert_eq!(answer.all("www-authenticate").len(), 3);
        }
    }
}

/// A request for a ticket beside a certificate; the signature says nothing.
fn signed(certificate: &str, sip: &str) -> String {
    let seed = include_str!("../../../../fuzz/seeds/certificate/request.xml");
    let (before, token) = seed.split_once("<o:BinarySecurityToken").expect("a token");
    let (attributes, rest) = token.split_once('>').expect("its end");
    let (_, after) = rest.split_once('<').expect("the rest");
    let text = format!("{before}<o:BinarySecurityToken{attributes}>{certificate}<{after}");
    text.replace("sip:anna@contoso.com", sip)
}

#[tokio::test]
async fn a_certificate_buys_a_ticket_of_its_owner_where_it_was_issued_here() {
    let lab = Lab::start().await;
    let ticket = lab.saml_ticket().await;
    let body = message(&ticket, &certificate_of("anna@contoso.test"));
    let issued = send(&lab, PROOF, body).await.body;
    let (_, token) = issued.split_once("<BinarySecurityToken").expect("it");
    let certificate = cut(token, ">", "<");
    let cert = "/WebTicket/WebTicketService.svc/cert";
    let answer = send(&lab, cert, signed(certificate, ANNA)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("<saml:Assertion"), "{}", answer.body);
    let seen = lab.world.requests().pop().expect("the request");
    assert_eq!(seen.how, Some(lab::How::Certificate));
    let others = signed(certificate, "sip:ben@contoso.test");
    assert!(send(&lab, cert, others).await.body.contains("28020"));
    let unknown = signed("MAMCAQE=", ANNA);
    let answer = send(&lab, cert, unknown).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("28020"), "{}", answer.body);
    assert_eq!(send(&lab, cert, "not XML".to_owned()).await.status, 400);
    let answer = send(&lab, cert, message("", "<x/>")).await;
    assert!(answer.body.contains("28020"), "{}", answer.body);
}
