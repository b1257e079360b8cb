//! The Exchange: one operation of its Web Services, behind the same door.

use http::Request;

use crate::support::{Answer, HEADER, Lab, PASSWORD};

const HOST: &str = "mail.contoso.test";
const EWS: &str = "/EWS/Exchange.asmx";

fn resolve(entry: &str) -> String {
    operation(&format!(
        "<m:ResolveNames ReturnFullContactData=\"false\"><m:UnresolvedEntry>{entry}\
         </m:UnresolvedEntry></m:ResolveNames>"
    ))
}

fn operation(inside: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\">\
         <s:Body>{inside}</s:Body></s:Envelope>"
    )
}

async fn ask(lab: &Lab, body: String) -> Answer {
    let word = lab.assertion_with(EWS, |claims| {
        claims["aud"] = "exchange".into();
        claims["htm"] = "POST".into();
        claims["htu"] = format!("https://{HOST}{EWS}").into();
    });
    let request = Request::post(EWS).header(HEADER, word).body(body);
    lab.exchange().await.send(HOST, request).await
}

#[tokio::test]
async fn names_are_resolved_for_whoever_is_known() {
    let lab = Lab::start().await;
    let answer = ask(&lab, resolve("an")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer
            .body
            .contains("<t:EmailAddress>anna@contoso.test</t:EmailAddress>")
    );
    assert!(!answer.body.contains("ben@"));
    assert!(xml::Document::parse(&answer.body).is_ok());
    let nobody = ask(&lab, resolve("x&amp;y")).await;
    assert!(
        nobody.body.contains("ErrorNameResolutionNoResults"),
        "{}",
        nobody.body
    );
    let seen = lab.world.requests().remove(0);
    assert_eq!(seen.server, lab::Server::Exchange);
    assert_eq!(
        (seen.path.as_str(), seen.how),
        (EWS, Some(lab::How::Assertion))
    );
}

#[tokio::test]
async fn other_operations_and_broken_messages_get_faults() {
    let lab = Lab::start().await;
    let other = ask(&lab, operation("<m:GetFolder/>")).await;
    assert_eq!(other.status, 500);
    assert!(other.body.contains("ActionNotSupported"), "{}", other.body);
    assert_eq!(ask(&lab, "not XML".to_owned()).await.status, 400);
    assert_eq!(ask(&lab, resolve(&"a".repeat(70_000))).await.status, 413);
}

#[tokio::test]
async fn a_word_for_the_front_end_is_none_for_the_exchange() {
    let lab = Lab::start().await;
    let word = lab.assertion_with(EWS, |claims| {
        claims["htm"] = "POST".into();
        claims["htu"] = format!("https://{HOST}{EWS}").into();
    });
    let request = Request::post(EWS)
        .header(HEADER, word)
        .body(resolve("anna"));
    let answer = lab.exchange().await.send(HOST, request).await;
    assert_eq!(answer.status, 401);
    let seen = lab.world.requests().remove(0);
    assert_eq!(
        seen.refused.as_deref(),
        Some("the assertion has a wrong audience")
    );
}

#[tokio::test]
async fn the_domain_password_opens_and_nothing_does_not() {
    use base64::Engine;
    let lab = Lab::start().await;
    let mut client = lab.exchange().await;
    let echo = "/EWS/echo";
    let credentials =
        base64::engine::general_purpose::STANDARD.encode(format!("CONTOSO\\ben:{PASSWORD}"));
    let request = Request::get(echo).header("authorization", format!("Basic {credentials}"));
    let answer = client.send(HOST, request.body(String::new())).await;
    assert_eq!(answer.json()["identity"], "CONTOSO\\ben");
    assert_eq!(client.get(HOST, echo).await.status, 401);
    assert_eq!(client.get(HOST, EWS).await.status, 401);
    assert_eq!(client.get(HOST, "/owa").await.status, 404);
}
