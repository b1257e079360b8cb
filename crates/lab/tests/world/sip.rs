//! The registrar: online without a proof, and nothing else.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::Lab;

fn request(method: &str, to: &str, more: &str) -> String {
    format!(
        "{method} sip:contoso.test SIP/2.0\r\n\
         Via: SIP/2.0/tls 192.0.2.10:50123;branch=z9hG4bK1\r\n\
         Via: SIP/2.0/tls 192.0.2.11:50124\r\n\
         From: <{to}>;tag=12;epid=0123456789ab\r\nTo: <{to}>\r\nMax-Forwards: 70\r\n\
         CSeq: 1 {method}\r\nCall-ID: 1A2B\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

const CONTACT: &str = "Contact: <sip:192.0.2.10:50123;transport=tls;ms-opaque=d3>;\
     methods=\"INVITE\";proxy=replace;+sip.instance=\"<urn:uuid:f1f8c1de>\"\r\n";

/// Sends all at once, with an end, and gives what came back.
async fn answers(lab: &Lab, text: &str) -> String {
    let mut stream = lab.connect(lab.world.sip).await;
    stream.write_all(text.as_bytes()).await.expect("sending");
    stream.shutdown().await.expect("an end");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.expect("answers");
    answers
}

#[tokio::test]
async fn a_known_person_registers_without_a_proof() {
    let lab = Lab::start().await;
    let answer = answers(&lab, &request("REGISTER", "sip:anna@contoso.test", CONTACT)).await;
    for line in [
        "SIP/2.0 200 OK",
        "Via: SIP/2.0/tls 192.0.2.10:50123;branch=z9hG4bK1",
        "Via: SIP/2.0/tls 192.0.2.11:50124",
        "From: <sip:anna@contoso.test>;tag=12;epid=0123456789ab",
        "Call-ID: 1A2B",
        "CSeq: 1 REGISTER",
        "Expires: 600",
        "Contact: <sip:192.0.2.10:50123;transport=tls;ms-opaque=d3>;expires=600;\
         +sip.instance=\"<urn:uuid:f1f8c1de>\"",
        "Content-Length: 0",
    ] {
        assert!(answer.contains(&format!("{line}\r\n")), "{line}: {answer}");
    }
    assert!(
        answer.contains("To: <sip:anna@contoso.test>;tag="),
        "{answer}"
    );
    assert!(!answer.contains("Allow-Events"), "{answer}");
    let seen = lab.world.requests().remove(0);
    assert_eq!(seen.server, lab::Server::Sip);
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("REGISTER", "sip:contoso.test")
    );
    assert_eq!(seen.host, "contoso.test");
}

#[tokio::test]
async fn a_registration_lasts_as_long_as_is_asked_within_bounds() {
    let lab = Lab::start().await;
    for (more, expires) in [
        ("Expires: 60\r\n", 60),
        ("Expires: 999999\r\n", 7200),
        ("Expires: 0\r\n", 0),
        ("Expires: x\r\n", 600),
        ("Expires: 60\r\nContact: <sip:a>;expires=30\r\n", 30),
        ("Contact: <sip:a;expires=5>;x=y\r\n", 600),
    ] {
        let answer = answers(&lab, &request("REGISTER", "sip:ANNA@contoso.test", more)).await;
        assert!(
            answer.contains(&format!("\r\nExpires: {expires}\r\n")),
            "{more}: {answer}"
        );
    }
}

#[tokio::test]
async fn other_methods_get_what_suits_them() {
    let lab = Lab::start().await;
    let anna = "sip:anna@contoso.test";
    for (method, to, status) in [
        ("REGISTER", "sip:nobody@contoso.test", "404 Not Found"),
        ("OPTIONS", anna, "200 OK"),
        ("BYE", anna, "200 OK"),
        ("INVITE", anna, "480 Temporarily Unavailable"),
        ("MESSAGE", anna, "480 Temporarily Unavailable"),
        ("SUBSCRIBE", anna, "405 Method Not Allowed"),
        ("SERVICE", anna, "405 Method Not Allowed"),
    ] {
        let answer = answers(&lab, &request(method, to, "")).await;
        assert!(
            answer.starts_with(&format!("SIP/2.0 {status}\r\n")),
            "{method}: {answer}"
        );
    }
    assert_eq!(answers(&lab, &request("ACK", anna, "")).await, "");
}

#[tokio::test]
async fn keep_alives_are_answered_and_what_is_no_sip_ends_the_connection() {
    let lab = Lab::start().await;
    let register = request("REGISTER", "sip:anna@contoso.test", "");
    let answer = answers(&lab, &format!("\r\n\r\n{register}\r\n\r\n")).await;
    assert!(answer.starts_with("\r\nSIP/2.0 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n\r\n"), "{answer}");
    let answer = answers(&lab, &format!("GET / HTTP/1.1\r\n\r\n{register}")).await;
    assert_eq!(
        answer,
        "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    );
}
