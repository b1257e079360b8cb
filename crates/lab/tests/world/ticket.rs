//! Web tickets: issued to whoever is known, for their own SIP address; taken back if untouched.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::lync::diagnostics::MsDiagnostics;
use proto::lync::webticket::Ticket;
use proto::wstrust::v13::{TOKEN_TYPE_COMPACT, TOKEN_TYPE_SAML_1_1};
use xml::{Algorithm, Document, SignatureError, VerifyingKeys, signature};

use crate::support::{
    ANNA, Answer, Lab, PASSWORD, SERVICE, USER_LINK, WEB, cut, get, post, rst, rst_of,
};

struct PoolKey<'a>(&'a [u8]);

impl VerifyingKeys for PoolKey<'_> {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.0);
        algorithm == Algorithm::RsaSha256 && key.verify(octets, signature).is_ok()
    }
}

async fn present(lab: &Lab, value: &str) -> Answer {
    let request = get(USER_LINK)
        .header("x-ms-webticket", value)
        .body(String::new());
    lab.front_end().await.send(WEB, request).await
}

#[tokio::test]
async fn a_saml_ticket_is_issued_as_sipe_cuts_it() {
    let lab = Lab::start().await;
    let answer = lab.web_ticket(rst(ANNA, TOKEN_TYPE_SAML_1_1)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tickets = Ticket::in_answer(answer.body.as_bytes()).expect("an answer");
    assert!(matches!(tickets[..], [Ticket::Saml { .. }]));
    // The lifetime is pasted as it stands: the prefix wsu, no space, no declarations.
    let lifetime = cut(&answer.body, "<Lifetime>", "</Lifetime>");
    assert!(lifetime.starts_with("<wsu:Created>") && lifetime.ends_with("Z</wsu:Expires>"));
    assert!(!lifetime.contains("xmlns") && !lifetime.contains(char::is_whitespace));
    // The first secret is the server's, of 32 bytes, and not the client's own back.
    let secret = cut(&answer.body, "<BinarySecret>", "</BinarySecret>");
    assert_eq!(STANDARD.decode(secret).expect("base64").len(), 32);
    assert!(
        !answer
            .body
            .contains("q83v3s0wT1f0mF0y0Cq1q1B0H6y1Yy4t9yQx3m2b7aA=")
    );
    assert!(answer.body.contains("Context=\"the context\""));
    assert!(answer.body.contains("AssertionID=\"SamlSecurityToken-"));
    assert!(
        answer
            .body
            .contains("claims/uri\">sip:anna@contoso.test</saml:NameIdentifier>")
    );
}

#[tokio::test]
async fn a_saml_ticket_verifies_and_a_changed_one_does_not() {
    let lab = Lab::start().await;
    let assertion = lab.saml_ticket().await;
    let key = PoolKey(lab.world.ticket_key());
    let verify = |text: &str| {
        let document = Document::parse(text).expect("XML");
        signature::verify(document.root(), &key)
    };
    assert!(verify(&assertion).is_ok());
    let changed = assertion.replace("sip:anna@", "sip:ben@");
    assert_eq!(verify(&changed), Err(SignatureError::Digest));
    let opaque = |text: &str| format!("opaque={}", STANDARD.encode(text));
    assert_eq!(present(&lab, &opaque(&assertion)).await.status, 200);
    assert_eq!(present(&lab, &opaque(&changed)).await.status, 401);
    let other = Lab::start().await;
    assert_eq!(present(&other, &opaque(&assertion)).await.status, 401);
}

#[tokio::test]
async fn a_compact_ticket_is_issued_and_taken_back() {
    let lab = Lab::start().await;
    let answer = lab
        .web_ticket(rst("sip:ANNA@contoso.test", TOKEN_TYPE_COMPACT))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let value = cut(&answer.body, "<UserToken>", "</UserToken>");
    assert!(value.starts_with("cwt="));
    assert_eq!(present(&lab, value).await.status, 200);
    for wrong in [
        &format!("{value}A"),
        "cwt=AAEB",
        "cwt=",
        "opaque=",
        "opaque=AAAA",
        "none",
    ] {
        let answer = present(&lab, wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        let url = "https://lyncweb.contoso.test:8443/WebTicket/WebTicketService.svc";
        assert_eq!(answer.all("x-ms-webticketurl"), [url]);
        assert!(answer.all("www-authenticate").is_empty());
    }
    let two = get(USER_LINK)
        .header("x-ms-webticket", value)
        .header("x-ms-webticket", value);
    let answer = lab
        .front_end()
        .await
        .send(WEB, two.body(String::new()))
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn anothers_sip_address_is_refused_with_a_fault() {
    let lab = Lab::start().await;
    let answer = lab
        .web_ticket(rst("sip:ben@contoso.test", TOKEN_TYPE_SAML_1_1))
        .await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("a:FailedAuthentication"),
        "{}",
        answer.body
    );
    let header = answer.all("x-ms-diagnostics");
    let diagnostics = MsDiagnostics::parse(header[0]).expect("diagnostics");
    assert!(diagnostics.reason.contains("does not match the SIP URI"));
}

#[tokio::test]
async fn what_is_no_request_for_a_ticket_gets_a_fault() {
    let lab = Lab::start().await;
    for (body, status) in [
        ("not XML".to_owned(), 400),
        ("<!DOCTYPE a><a/>".to_owned(), 400),
        (rst("", TOKEN_TYPE_SAML_1_1), 400),
        (rst(ANNA, "urn:other"), 500),
        (" ".repeat(64 * 1024 + 1), 413),
    ] {
        let answer = lab.web_ticket(body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(!answer.body.contains("Assertion"));
    }
}

#[tokio::test]
async fn nobody_gets_no_ticket() {
    let lab = Lab::start().await;
    let body = rst(ANNA, TOKEN_TYPE_SAML_1_1);
    let mut client = lab.front_end().await;
    for _ in 0..2 {
        let answer = client
            .send(WEB, post(SERVICE, &body).body(body.clone()))
            .await;
        assert_eq!(answer.status, 401);
    }
    for port in ["/Auth", "/cert"] {
        let path = format!("{SERVICE}{port}");
        let answer = client
            .send(WEB, post(&path, &body).body(body.clone()))
            .await;
        assert_eq!(answer.status, 500);
        assert!(answer.body.contains("28020"), "{}", answer.body);
    }
}

async fn on_port(lab: &Lab, port: &str, body: String) -> Answer {
    let request = post(&format!("{SERVICE}{port}"), &body).body(body);
    lab.front_end().await.send(WEB, request).await
}

#[tokio::test]
async fn a_username_token_gets_a_ticket_plain_or_in_base64() {
    let lab = Lab::start().await;
    let encoded = |text: &str| STANDARD.encode(text);
    for (name, password) in [
        ("CONTOSO\\anna".to_owned(), PASSWORD.to_owned()),
        ("anna@contoso.test".to_owned(), PASSWORD.to_owned()),
        (encoded("CONTOSO\\anna"), encoded(PASSWORD)),
    ] {
        for (token_type, mark) in [
            (TOKEN_TYPE_COMPACT, "<UserToken>cwt="),
            (TOKEN_TYPE_SAML_1_1, "SamlSecurityToken-"),
        ] {
            let body = rst_of(&name, &password, token_type);
            let answer = on_port(&lab, "/Auth", body).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(answer.body.contains(mark), "{}", answer.body);
            let seen = lab.world.requests().pop().expect("the request");
            assert_eq!(seen.how, Some(lab::How::UsernameToken));
            assert_eq!(seen.identity.as_deref(), Some("CONTOSO\\anna"));
        }
    }
}

#[tokio::test]
async fn a_wrong_username_token_gets_the_fault_28020() {
    let lab = Lab::start().await;
    for (name, password) in [
        ("anna", "other"),
        ("nobody", PASSWORD),
        ("YW5uYQ==", PASSWORD),
        ("guest", ""),
    ] {
        let body = rst_of(name, password, TOKEN_TYPE_COMPACT);
        let answer = on_port(&lab, "/Auth", body).await;
        assert_eq!(answer.status, 500, "{name}");
        assert!(answer.body.contains("<ErrorId>28020</ErrorId>"));
        let seen = lab.world.requests().pop().expect("the request");
        assert_eq!(seen.refused.as_deref(), Some("the password is wrong"));
    }
    let ben = rst_of("ben", PASSWORD, TOKEN_TYPE_COMPACT);
    let answer = on_port(&lab, "/Auth", ben).await;
    assert!(answer.body.contains("does not match the SIP URI"));
}

#[tokio::test]
async fn a_guest_gets_a_guests_ticket_that_opens_no_user_link() {
    let lab = Lab::start().await;
    let answer = on_port(&lab, "/Anon", rst(ANNA, TOKEN_TYPE_SAML_1_1)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let seen = lab.world.requests().pop().expect("the request");
    assert_eq!(
        (seen.identity.as_deref(), seen.how),
        (Some("guest"), Some(lab::How::Guest))
    );
    let ticket = cut(&answer.body, "<UserToken>", "</UserToken>");
    assert_eq!(present(&lab, ticket).await.status, 401);
    let seen = lab.world.requests().pop().expect("the request");
    assert!(seen.ticket && seen.refused.is_some());
}
