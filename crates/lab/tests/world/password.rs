//! The domain password: let in by NTLM and Basic as IIS would, so that a leak shows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::ntlm::ChannelBinding;
use proto::ntlm::client::{Client as Ntlm, Draw};

use crate::support::{Answer, Client, Lab, PASSWORD, SERVICE, WEB, basic, get, post, rst};

const ECHO: &str = "/lab/echo";
const DRAW: Draw = Draw {
    client_challenge: [7; 8],
    session_key: [9; 16],
    time: None,
};

async fn with(client: &mut Client, credentials: &str) -> Answer {
    let request = get(ECHO).header("authorization", credentials);
    client.send(WEB, request.body(String::new())).await
}

/// Both legs of NTLM on one connection; gives the last message too.
async fn ntlm(client: &mut Client, scheme: &str, ntlm: &Ntlm) -> (Answer, String) {
    let first = with(
        client,
        &format!("{scheme} {}", STANDARD.encode(ntlm.negotiate())),
    )
    .await;
    assert_eq!(first.status, 401);
    let [challenge] = first.all("www-authenticate")[..] else {
        unreachable!("{first:?}")
    };
    let challenge = challenge
        .strip_prefix(&format!("{scheme} "))
        .expect("the scheme");
    let challenge = STANDARD.decode(challenge).expect("base64");
    let (message, _) = ntlm.authenticate(&challenge, DRAW).expect("a type 3");
    let last = format!("{scheme} {}", STANDARD.encode(message));
    (with(client, &last).await, last)
}

#[tokio::test]
async fn ntlm_makes_the_connection_somebodys_and_no_other() {
    let lab = Lab::start().await;
    for (scheme, user, domain) in [
        ("NTLM", "anna", "CONTOSO"),
        ("Negotiate", "ANNA", "contoso.test"),
        ("NTLM", "anna@contoso.test", ""),
    ] {
        let mut client = lab.front_end().await;
        let (answer, _) = ntlm(&mut client, scheme, &Ntlm::new(user, domain, PASSWORD)).await;
        assert_eq!(answer.status, 200, "{user}");
        let again = client.get(WEB, ECHO).await.json();
        assert_eq!(
            (&again["identity"], &again["how"]),
            (&"CONTOSO\\anna".into(), &"ntlm".into())
        );
        assert_eq!(lab.front_end().await.get(WEB, ECHO).await.status, 401);
    }
}

#[tokio::test]
async fn ntlm_bound_to_another_channel_is_taken_as_iis_takes_it() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    let mut anna = Ntlm::new("anna", "CONTOSO", PASSWORD);
    anna.channel_binding = Some(ChannelBinding([7; 16]));
    let (answer, _) = ntlm(&mut client, "NTLM", &anna).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn negotiate_is_read_with_ntlm_inside_spnego() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    // A NegTokenInit that prefers Kerberos: NTLM is selected, and the list must be protected.
    let init = "YC8GBisGAQUFAqAlMCOgGTAXBgkqhkiG9xIBAgIGCisGAQQBgjcCAgqiBgQEa3JiNQ==";
    let answer = with(&mut client, &format!("Negotiate {init}")).await;
    assert_eq!(answer.status, 401);
    let [challenge] = answer.all("www-authenticate")[..] else {
        unreachable!("{answer:?}")
    };
    assert!(challenge.starts_with("Negotiate oR"), "{challenge}");
    // A raw message has no place in the middle of it.
    let ntlm = Ntlm::new("anna", "CONTOSO", PASSWORD);
    let raw = format!("Negotiate {}", STANDARD.encode(ntlm.negotiate()));
    assert_eq!(
        with(&mut client, &raw).await.all("www-authenticate").len(),
        3
    );
    assert_eq!(
        with(&mut client, &raw).await.all("www-authenticate").len(),
        1
    );
}

#[tokio::test]
async fn a_wrong_password_or_a_replay_is_refused_by_ntlm() {
    let lab = Lab::start().await;
    for wrong in [
        Ntlm::new("anna", "CONTOSO", "other"),
        Ntlm::new("nobody", "CONTOSO", PASSWORD),
        Ntlm::new("anna", "OTHER", PASSWORD),
        Ntlm::plain("", "", ""),
    ] {
        let mut client = lab.front_end().await;
        assert_eq!(ntlm(&mut client, "NTLM", &wrong).await.0.status, 401);
        assert_eq!(client.get(WEB, ECHO).await.status, 401);
    }
    let mut client = lab.front_end().await;
    let anna = Ntlm::plain("anna", "CONTOSO", PASSWORD);
    let (answer, last) = ntlm(&mut client, "NTLM", &anna).await;
    assert_eq!(answer.status, 200);
    assert_eq!(with(&mut client, &last).await.status, 401);
    assert_eq!(client.get(WEB, ECHO).await.status, 401);
    let mut fresh = lab.front_end().await;
    assert_eq!(with(&mut fresh, &last).await.status, 401);
}

#[tokio::test]
async fn basic_lets_in_one_request() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    for user in [
        "CONTOSO\\anna",
        "anna",
        "anna@contoso.test",
        "contoso.test\\ANNA",
    ] {
        let answer = with(&mut client, &basic(user, PASSWORD)).await;
        assert_eq!(answer.status, 200, "{user}");
        assert_eq!(answer.json()["how"], "basic");
    }
    assert_eq!(client.get(WEB, ECHO).await.status, 401);
    for credentials in [
        basic("anna", "other"),
        basic("anna", ""),
        basic("nobody", PASSWORD),
        basic("OTHER\\anna", PASSWORD),
        "Basic".to_owned(),
        "Basic YW5uYQ==".to_owned(),
        "Bearer YW5uYQ==".to_owned(),
        "NTLM AAAA".to_owned(),
    ] {
        let answer = with(&mut client, &credentials).await;
        assert_eq!(answer.status, 401, "{credentials}");
        let offers = answer.all("www-authenticate");
        assert_eq!(
            offers,
            [
                "Negotiate",
                "NTLM",
                "Basic realm=\"pool01.contoso.local\", charset=\"UTF-8\""
            ]
        );
    }
}

#[tokio::test]
async fn a_leaked_domain_password_gets_a_ticket() {
    let lab = Lab::start().await;
    let body = rst(
        "sip:anna@contoso.test",
        proto::wstrust::v13::TOKEN_TYPE_SAML_1_1,
    );
    let mut client = lab.front_end().await;
    let (answer, _) = ntlm(&mut client, "NTLM", &Ntlm::new("anna", "CONTOSO", PASSWORD)).await;
    assert_eq!(answer.status, 200);
    let answer = client
        .send(WEB, post(SERVICE, &body).body(body.clone()))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.all("persistent-auth")),
        (200, vec!["true"])
    );
    let request = post(SERVICE, &body).header("authorization", basic("anna", PASSWORD));
    assert_eq!(
        lab.front_end()
            .await
            .send(WEB, request.body(body))
            .await
            .status,
        200
    );
}
