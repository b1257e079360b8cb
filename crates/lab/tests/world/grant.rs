//! `/WebTicket/oauthtoken`: a compact ticket by grant, or the refusal of RFC 6749.

use http::Request;
use proto::lync::webticket::Ticket;

use crate::support::{Answer, HEADER, Lab, PASSWORD, WEB, basic};

const PATH: &str = "/WebTicket/oauthtoken";
const WINDOWS: &str = "grant_type=urn:microsoft.rtc:windows";
const GUEST: &str = "grant_type=urn:microsoft.rtc:anonmeeting&password=KEY&ms_rtc_conferenceuri=\
     sip:anna@contoso.test;gruu;opaque=app:conf:focus:id:1";

async fn ask(lab: &Lab, form: &str, header: Option<(&str, &str)>) -> Answer {
    let mut request = Request::post(PATH);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(form.to_owned());
    lab.front_end().await.send(WEB, request).await
}

fn last(lab: &Lab) -> lab::Seen {
    lab.world.requests().pop().expect("the request")
}

#[tokio::test]
async fn every_grant_gets_a_ticket_for_its_own_proof() {
    let lab = Lab::start().await;
    let word = lab.assertion("POST", PATH);
    let leaked = basic("anna", PASSWORD);
    let password = format!("grant_type=password&username=CONTOSO%5Canna&password={PASSWORD}");
    for (form, header, how, whom, lasts) in [
        (
            password.as_str(),
            None,
            lab::How::PasswordGrant,
            "CONTOSO\\anna",
            28_800,
        ),
        (
            WINDOWS,
            Some((HEADER, word.as_str())),
            lab::How::Assertion,
            "CONTOSO\\anna",
            28_800,
        ),
        (
            WINDOWS,
            Some(("authorization", leaked.as_str())),
            lab::How::Basic,
            "CONTOSO\\anna",
            28_800,
        ),
        (GUEST, None, lab::How::Guest, "guest", 3_600),
    ] {
        let answer = ask(&lab, form, header).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.all("cache-control"), ["no-store"]);
        let json = answer.json();
        assert_eq!(json["expires_in"], lasts);
        assert_eq!(json["token_type"], "Bearer");
        assert!(Ticket::in_oauth_answer(answer.body.as_bytes()).is_ok());
        let seen = last(&lab);
        assert_eq!(
            (seen.identity.as_deref(), seen.how),
            (Some(whom), Some(how))
        );
    }
}

#[tokio::test]
async fn what_is_not_proved_gets_no_ticket() {
    let lab = Lab::start().await;
    for (form, error) in [
        (
            "grant_type=password&username=anna&password=other",
            "invalid_grant",
        ),
        (
            "grant_type=password&username=guest&password=",
            "invalid_grant",
        ),
        ("grant_type=password&username=anna", "invalid_request"),
        ("", "invalid_request"),
        ("grant_type=other", "unsupported_grant_type"),
    ] {
        let answer = ask(&lab, form, None).await;
        assert_eq!(answer.status, 400, "{form}");
        assert_eq!(answer.json()["error"], error, "{form}");
        assert!(answer.all("x-ms-diagnostics")[0].starts_with("28020;"));
    }
    let passive = ask(&lab, "grant_type=urn:microsoft.rtc:passive", None).await;
    assert_eq!(passive.status, 400);
    assert_eq!(
        passive.json()["ms_rtc_passiveauthuri"],
        "https://lyncweb.contoso.test:8443/PassiveAuth/PassiveAuth.aspx"
    );
    let windows = ask(&lab, WINDOWS, None).await;
    assert_eq!(windows.status, 401);
    assert_eq!(windows.all("www-authenticate").len(), 3);
    let wrong = basic("anna", "other");
    let windows = ask(&lab, WINDOWS, Some(("authorization", &wrong))).await;
    assert_eq!(windows.status, 401);
    assert!(last(&lab).identity.is_none());
}

#[tokio::test]
async fn ntlm_proves_the_grant_windows_from_an_empty_form_on() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proto::ntlm::client::{Client as Ntlm, Draw};
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    let ntlm = Ntlm::new("anna", "CONTOSO", PASSWORD);
    let post = |message: Vec<u8>, form: &str| {
        let value = format!("NTLM {}", STANDARD.encode(message));
        Request::post(PATH)
            .header("authorization", value)
            .body(form.to_owned())
    };
    let first = client.send(WEB, post(ntlm.negotiate(), "")).await;
    assert_eq!(first.status, 401);
    let challenge = first.all("www-authenticate")[0];
    let challenge = challenge.strip_prefix("NTLM ").expect("a challenge");
    let challenge = STANDARD.decode(challenge).expect("base64");
    let draw = Draw {
        client_challenge: [7; 8],
        session_key: [9; 16],
        time: None,
    };
    let (message, _) = ntlm.authenticate(&challenge, draw).expect("a type 3");
    let answer = client.send(WEB, post(message, WINDOWS)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(last(&lab).how, Some(lab::How::Ntlm));
}
