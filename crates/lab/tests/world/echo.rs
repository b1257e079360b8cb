//! The echo: whose a request was, bodies of every shape, and faults on demand.

use http::Request;

use crate::support::{HEADER, Lab, WEB, get};

const ECHO: &str = "/lab/echo";

#[tokio::test]
async fn the_echo_says_who_and_what_and_shows_no_credential() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    let word = lab.assertion("GET", ECHO);
    let request = get("/lab/echo?nonce=n1&x=y")
        .header(HEADER, &word)
        .header("x-other", "shown");
    let request = request
        .header("cookie", "s=hunter2")
        .header("x-ms-webticket", "cwt=hunter2");
    let answer = client.send(WEB, request.body(String::new())).await;
    let echo = answer.json();
    for (member, value) in [
        ("identity", "CONTOSO\\anna"),
        ("how", "assertion"),
        ("nonce", "n1"),
        ("method", "GET"),
        ("host", WEB),
        ("path", ECHO),
        ("query", "nonce=n1&x=y"),
    ] {
        assert_eq!(echo[member], value);
    }
    assert!(
        answer.body.contains("[\"x-other\",\"shown\"]"),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("hunter2") && !answer.body.contains(&word));
    assert_eq!(answer.all("x-lab-identity"), ["CONTOSO\\anna"]);
    assert_eq!(answer.all("x-lab-nonce"), ["n1"]);
    assert_eq!(
        answer.all("x-lab-connection"),
        [echo["connection"].to_string()]
    );
}

#[tokio::test]
async fn a_large_body_is_counted_or_comes_back() {
    let lab = Lab::start().await;
    let body = "0123456789abcdef".repeat(256 * 1024);
    let mut client = lab.front_end().await;
    let post = |path: &str| {
        Request::post(path)
            .header(HEADER, lab.assertion("POST", ECHO))
            .body(body.clone())
    };
    let counted = client.send(WEB, post(ECHO)).await.json();
    assert_eq!(counted["body_length"], body.len());
    let back = client.send(WEB, post("/lab/echo?body=1")).await;
    assert!(back.body == body);
    // A refusal reads the body too, so that the connection lives on.
    let refused = client
        .send(WEB, Request::post(ECHO).body(body.clone()))
        .await;
    assert_eq!(refused.status, 401);
    assert_eq!(client.send(WEB, post(ECHO)).await.status, 200);
}

#[tokio::test]
async fn faults_come_on_demand() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    let asked = |path: &str| {
        get(path)
            .header(HEADER, lab.assertion("GET", ECHO))
            .body(String::new())
    };
    assert_eq!(
        client.send(WEB, asked("/lab/echo?status=503")).await.status,
        503
    );
    for status in ["100", "x", "99999", ""] {
        let path = format!("/lab/echo?status={status}");
        assert_eq!(client.send(WEB, asked(&path)).await.status, 200, "{status}");
    }
    assert!(
        client
            .try_send(WEB, asked("/lab/echo?close=1"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn stopping_ends_connections() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    assert_eq!(client.get(WEB, ECHO).await.status, 401);
    lab.world.stop().await;
    assert!(
        client
            .try_send(WEB, get(ECHO).body(String::new()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_back_end_can_ask_stall_and_talk_nonsense() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let lab = Lab::start().await;
    let asked = |path: &str| {
        get(path)
            .header(HEADER, lab.assertion("GET", ECHO))
            .body(String::new())
    };
    let mut client = lab.front_end().await;
    let challenge = client.send(WEB, asked("/lab/echo?challenge=1")).await;
    assert_eq!(challenge.status, 401);
    let offers = challenge.all("www-authenticate");
    assert_eq!(offers[..2], ["Negotiate", "NTLM"]);
    assert!(offers[2].starts_with("Basic "));
    assert_eq!(client.send(WEB, asked(ECHO)).await.status, 200);

    let mut stream = lab.connect(lab.world.front_end).await;
    let head = format!(
        "GET /lab/echo?garbage=1 HTTP/1.1\r\nHost: {WEB}\r\n{HEADER}: {}\r\n\r\n",
        lab.assertion("GET", ECHO)
    );
    stream.write_all(head.as_bytes()).await.expect("the head");
    let mut bytes = Vec::new();
    // A connection that breaks off says no goodbye.
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP"));

    let mut client = lab.front_end().await;
    let stalled = asked("/lab/echo?stall=1");
    let waiting = tokio::spawn(async move { client.try_send(WEB, stalled).await });
    let is_there = |seen: &lab::Seen| seen.path == ECHO && seen.how.is_some();
    while lab
        .world
        .requests()
        .iter()
        .filter(|seen| is_there(seen))
        .count()
        < 4
    {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    lab.world.stop().await;
    assert!(waiting.await.expect("the task").is_err());
}
