//! The list of requests: everything that arrived, and no secret.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::{DISCOVER, HEADER, Lab, PASSWORD, POOL, WEB, get};

#[tokio::test]
async fn everything_that_arrived_is_listed_without_secrets() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    client.get(DISCOVER, "/?sipuri=anna@contoso.test").await;
    let word = lab.assertion("GET", "/lab/echo");
    let credentials = STANDARD.encode(format!("anna:{PASSWORD}"));
    let request = get("/lab/echo?secret=hunter2")
        .header(HEADER, &word)
        .header("authorization", format!("Basic {credentials}"))
        .header("proxy-authorization", "hunter2")
        .header("cookie", "hunter2");
    client.send(WEB, request.body(String::new())).await;

    let answer = lab.list("GET", "/requests").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("x-lab-forgotten"), ["0"]);
    let list = answer.json();
    let [discover, echo] = list.as_array().expect("a list").as_slice() else {
        unreachable!("{list}")
    };
    assert_eq!(discover["server"], "front-end");
    assert_eq!(
        (&discover["host"], &discover["path"]),
        (&DISCOVER.into(), &"/".into())
    );
    assert!(discover["identity"].is_null() && discover["how"].is_null());
    assert_eq!(echo["identity"], "CONTOSO\\anna");
    assert_eq!(
        (&echo["method"], &echo["how"]),
        (&"GET".into(), &"assertion".into())
    );
    assert_eq!(
        echo["authorization_schemes"],
        serde_json::json!(["Basic", "other"])
    );
    assert_eq!(echo["connection"], discover["connection"]);
    assert!(echo["at"].is_string());
    assert_eq!(
        (&echo["member"], &echo["ticket"]),
        (&"pool01-1".into(), &false.into())
    );
    for secret in [PASSWORD, &credentials, &word, "hunter2"] {
        assert!(!answer.body.contains(secret));
    }
}

#[tokio::test]
async fn the_list_can_be_cleared_and_only_so() {
    let lab = Lab::start().await;
    for path in ["/clear", "/requests?clear=1"] {
        lab.front_end().await.get(DISCOVER, "/").await;
        assert_eq!(
            lab.list("GET", "/requests?clear=1").await.json()[0]["path"],
            "/"
        );
        assert_eq!(lab.list("POST", path).await.status, 204);
        assert_eq!(lab.list("GET", "/requests").await.body, "[]");
        assert!(lab.world.requests().is_empty());
    }
    assert_eq!(lab.list("GET", "/clear").await.status, 405);
    assert_eq!(lab.list("POST", "/requests").await.status, 405);
    assert_eq!(lab.list("GET", "/other").await.status, 404);
}

#[tokio::test]
async fn the_key_of_the_tickets_is_there_for_other_verifiers() {
    let lab = Lab::start().await;
    let pem = lab.list("GET", "/ticket-key.pem").await.body;
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(
        STANDARD.decode(base64).expect("base64"),
        lab.world.ticket_key()
    );
    let of = |pool: &str| format!("/ticket-key.pem?pool={pool}");
    assert_eq!(lab.list("GET", &of(POOL)).await.body, pem);
    assert_eq!(lab.list("GET", &of("other")).await.status, 404);
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    let key = aws_lc_rs::signature::ParsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        lab.world.ticket_key(),
    );
    let der: PublicKeyX509Der<'_> = key.expect("a key").as_der().expect("DER");
    assert_eq!(der.as_ref(), lab.world.ticket_key());
}

#[tokio::test]
async fn every_answer_asks_for_every_credential_once_it_is_provoked() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    assert_eq!(lab.list("POST", "/provoke").await.status, 204);
    let request = get("/").header("x-remote-user", "ben").body(String::new());
    let answer = client.send(DISCOVER, request).await;
    assert_eq!(answer.status, 200);
    assert!(answer.all("www-authenticate").contains(&"NTLM"));
    assert_eq!(answer.all("persistent-auth"), ["true"]);
    lab.list("POST", "/provoke?status=401").await;
    for path in ["/", "/meet/anna", "/nowhere"] {
        let answer = client.get(DISCOVER, path).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.all("proxy-authenticate").contains(&"Negotiate"));
    }
    assert_eq!(lab.list("POST", "/provoke?status=x").await.status, 400);
    lab.list("POST", "/provoke?off=1").await;
    let answer = client.get(DISCOVER, "/").await;
    assert!(answer.status == 200 && answer.all("www-authenticate").is_empty());
    let list = lab.list("GET", "/requests").await;
    let list = list.json();
    let names = list[0]["headers"].as_array().expect("names");
    assert!(names.contains(&"x-remote-user".into()), "{names:?}");
    assert!(!list.to_string().contains("\"ben\""), "{list}");
    let quiet = list.as_array().expect("a list").last().expect("a request");
    assert!(quiet.get("headers").is_none(), "{quiet}");
}
