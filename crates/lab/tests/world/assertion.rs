//! The gate's word: believed once, for one request, from one key; refused in every other case.

use crate::support::{HEADER, Lab, WEB, assertion_of_a_stranger, get, seconds};

const ECHO: &str = "/lab/echo";

/// What the front end says to a request with these assertions, and what it wrote down.
async fn said_to(lab: &Lab, words: &[&str]) -> (u16, String) {
    let mut request = get(ECHO);
    for word in words {
        request = request.header(HEADER, *word);
    }
    let answer = lab
        .front_end()
        .await
        .send(WEB, request.body(String::new()))
        .await;
    let seen = lab.world.requests().pop().expect("the request");
    let refused = seen.refused.unwrap_or_default();
    assert_eq!(seen.identity.is_some(), answer.status.is_success());
    (answer.status.as_u16(), refused)
}

#[tokio::test]
async fn the_gates_word_is_believed_once() {
    let lab = Lab::start().await;
    let word = lab.assertion("GET", ECHO);
    assert_eq!(said_to(&lab, &[&word]).await, (200, String::new()));
    let seen = lab.world.requests().pop().expect("the request");
    assert_eq!(seen.identity.as_deref(), Some("CONTOSO\\anna"));
    assert_eq!(seen.how, Some(lab::How::Assertion));
    let again = said_to(&lab, &[&word]).await;
    assert_eq!(again, (401, "the assertion was used before".to_owned()));
}

#[tokio::test]
async fn a_word_that_differs_in_any_member_is_refused() {
    let lab = Lab::start().await;
    let now = seconds();
    let mut wrong = Vec::new();
    for (member, value, reason) in [
        (
            "iss",
            "https://other.contoso.test".into(),
            "the assertion has a wrong issuer",
        ),
        (
            "aud",
            "exchange".into(),
            "the assertion has a wrong audience",
        ),
        (
            "aud",
            vec!["lync-front-end"].into(),
            "the assertion is malformed",
        ),
        ("exp", (now - 1).into(), "the assertion has expired"),
        ("exp", (now + 3600).into(), "the assertion lives too long"),
        ("iat", (now + 20).into(), "the assertion is from the future"),
        ("htm", "POST".into(), "the assertion is for another request"),
        (
            "htu",
            format!("https://{WEB}/EWS").into(),
            "the assertion is for another request",
        ),
        (
            "sub",
            "nobody@CONTOSO.TEST".into(),
            "the assertion names nobody",
        ),
        (
            "sub",
            "anna@OTHER.TEST".into(),
            "the assertion names nobody",
        ),
    ] {
        wrong.push((
            lab.assertion_with(ECHO, |claims| claims[member] = value),
            reason,
        ));
    }
    for member in ["iss", "aud", "sub", "iat", "exp", "jti", "htm", "htu"] {
        let word = lab.assertion_with(ECHO, |claims| {
            claims.as_object_mut().expect("an object").remove(member);
        });
        wrong.push((word, "the assertion is malformed"));
    }
    for (word, reason) in wrong {
        assert_eq!(said_to(&lab, &[&word]).await, (401, reason.to_owned()));
    }
}

#[tokio::test]
async fn a_word_of_another_key_or_kind_is_refused() {
    let lab = Lab::start().await;
    let word = lab.assertion("GET", ECHO);
    let (signed, signature) = word.rsplit_once('.').expect("three parts");
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoid2lja2V0Z2F0ZS1pZGVudGl0eStqd3QifQ";
    let (_, claims) = signed.split_once('.').expect("three parts");
    let stranger = assertion_of_a_stranger(ECHO);
    let (_, other) = stranger.rsplit_once('.').expect("three parts");
    for (word, reason) in [
        (stranger.clone(), "the assertion has a wrong signature"),
        (
            format!("{signed}.{other}"),
            "the assertion has a wrong signature",
        ),
        (
            lab.assertion_of_type("JWT", ECHO),
            "the token is no assertion of identity",
        ),
        (
            format!("{unsigned}.{claims}."),
            "the assertion is malformed",
        ),
        (
            format!("{unsigned}.{claims}.{signature}"),
            "the assertion is malformed",
        ),
        (String::new(), "the assertion is malformed"),
    ] {
        assert_eq!(
            said_to(&lab, &[&word]).await,
            (401, reason.to_owned()),
            "{word}"
        );
    }
    let two = said_to(&lab, &[&word, &lab.assertion("GET", ECHO)]).await;
    assert_eq!(two, (401, "more than one assertion".to_owned()));
    // None of these spent the word itself.
    assert_eq!(said_to(&lab, &[&word]).await, (200, String::new()));
}

#[tokio::test]
async fn a_wrong_word_is_refused_where_nothing_is_asked_for() {
    let lab = Lab::start().await;
    let word = assertion_of_a_stranger("/");
    let request = get("/").header(HEADER, word).body(String::new());
    let answer = lab
        .front_end()
        .await
        .send("lyncdiscover.contoso.test", request)
        .await;
    assert_eq!(answer.status, 401);
}
