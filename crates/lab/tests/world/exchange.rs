//! The Exchange: one operation of its Web Services, behind the same door.

use http::Request;

use http_body_util::BodyExt;

use crate::support::{Answer, HEADER, Lab, MAIL as HOST, PASSWORD, basic};

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
    let other = ask(&lab, operation("<m:CreateItem/>")).await;
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
    let lab = Lab::start().await;
    let mut client = lab.exchange().await;
    let echo = "/EWS/echo";
    let request = Request::get(echo).header("authorization", basic("CONTOSO\\ben", PASSWORD));
    let answer = client.send(HOST, request.body(String::new())).await;
    assert_eq!(answer.json()["identity"], "CONTOSO\\ben");
    assert_eq!(client.get(HOST, echo).await.status, 401);
    assert_eq!(client.get(HOST, EWS).await.status, 401);
    assert_eq!(client.get(HOST, "/other").await.status, 404);
}

#[tokio::test]
async fn folders_that_a_gate_closes_open_to_a_leaked_password() {
    let lab = Lab::start().await;
    for path in [
        "/OAB/4a8f0d5c/oab.xml",
        "/mapi/emsmdb/?MailboxId=x",
        "/mapi/nspi",
        "/owa/",
        "/ecp",
        "/rpc/rpcproxy.dll",
        "/PowerShell",
        "/EWS/mrsproxy.svc",
        "/EWS/Exchange.asmx/WSSecurity",
        "/EWS/Exchange.asmx/s/GetUserPhoto?email=anna@contoso.test",
        "/Autodiscover/Autodiscover.svc/WSSecurity",
    ] {
        let answer = lab.mail("POST", path, "some body").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains("CONTOSO\\anna"), "{}", answer.body);
        let nobody = lab.exchange().await.get(HOST, path).await;
        assert_eq!(nobody.status, 401, "{path}");
    }
    assert_eq!(
        lab.mail("RPC_IN_DATA", "/rpc/rpcproxy.dll", "")
            .await
            .status,
        200
    );
    assert_eq!(lab.mail("GET", "/owas", "").await.status, 404);
}

#[tokio::test]
async fn a_folder_that_is_asked_for_is_there() {
    let lab = Lab::start().await;
    let types = "http://schemas.microsoft.com/exchange/services/2006/types";
    let body = operation(&format!(
        "<m:GetFolder><m:FolderShape/><m:FolderIds xmlns:t=\"{types}\">\
         <t:DistinguishedFolderId Id=\"inbox\"/></m:FolderIds></m:GetFolder>"
    ));
    let answer = ask(&lab, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("<t:FolderId Id=\"inbox\""));
    let version = ask(&lab, operation("<m:ConvertId/>")).await;
    assert!(version.body.contains("ErrorInvalidIdMalformed"));
}

#[tokio::test]
async fn notifications_come_piece_by_piece_until_their_time_is_over() {
    let lab = Lab::start().await;
    let body = operation(
        "<m:GetStreamingEvents><m:ConnectionTimeout>30</m:ConnectionTimeout>\
         </m:GetStreamingEvents>",
    );
    let asked = |query: &str| {
        Request::post(format!("{EWS}{query}"))
            .header("authorization", basic("anna", PASSWORD))
            .body(body.clone())
    };
    // The first piece is there while the rest is to come in 900 s.
    let mut client = lab.exchange().await;
    let (first, _rest) = client.begin(HOST, asked("?every=900")).await;
    let first = String::from_utf8(first.to_vec()).expect("text");
    assert!(first.contains("<m:ConnectionStatus>OK</m:ConnectionStatus>"));
    let mut client = lab.exchange().await;
    let (_, rest) = client.begin(HOST, asked("?every=0.01&for=0.03")).await;
    let rest = rest.collect().await.expect("the rest").to_bytes();
    let rest = String::from_utf8(rest.to_vec()).expect("text");
    assert_eq!(rest.matches("<s:Envelope").count(), 3, "{rest}");
    assert!(rest.contains("<m:ConnectionStatus>Closed</m:ConnectionStatus>"));
}

#[tokio::test]
async fn an_upload_comes_back_while_it_is_under_way() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let lab = Lab::start().await;
    let mut stream = lab.connect(lab.world.exchange).await;
    let head = format!(
        "POST /EWS/echo?body=1 HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {}\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        basic("anna", PASSWORD)
    );
    stream.write_all(head.as_bytes()).await.expect("the head");
    let mut read = Vec::new();
    for piece in ["first-piece", "second-piece"] {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        stream.write_all(chunk.as_bytes()).await.expect("a chunk");
        while !String::from_utf8_lossy(&read).contains(piece) {
            assert_ne!(stream.read_buf(&mut read).await.expect("an answer"), 0);
        }
    }
}

#[tokio::test]
async fn a_calendar_is_free_and_its_owner_in() {
    let lab = Lab::start().await;
    let types = "http://schemas.microsoft.com/exchange/services/2006/types";
    let mailbox = "<t:MailboxData><t:Email><t:Address>anna@contoso.test</t:Address></t:Email></t:MailboxData>";
    let availability = operation(&format!(
        "<m:GetUserAvailabilityRequest xmlns:t=\"{types}\"><m:MailboxDataArray>{mailbox}{mailbox}\
         </m:MailboxDataArray></m:GetUserAvailabilityRequest>"
    ));
    let answer = ask(&lab, availability).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body.matches("<t:MergedFreeBusy>").count(), 2);
    let out_of_office = operation("<m:GetUserOofSettingsRequest/>");
    let answer = ask(&lab, out_of_office).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let state = "<t:OofState>Disabled</t:OofState>";
    assert!(answer.body.contains(state), "{}", answer.body);
    assert!(xml::Document::parse(&answer.body).is_ok());
}
