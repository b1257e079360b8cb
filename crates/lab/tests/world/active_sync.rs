//! ActiveSync: what is offered, a Ping that is held, a Sync that is not.

use http::Request;

use crate::support::{Lab, MAIL, PASSWORD, basic};

const PATH: &str = "/Microsoft-Server-ActiveSync";

#[tokio::test]
async fn a_phone_learns_the_versions_and_syncs() {
    let lab = Lab::start().await;
    let options = lab.mail("OPTIONS", PATH, "").await;
    assert_eq!(options.status, 200);
    assert_eq!(
        options.all("ms-asprotocolversions"),
        ["2.5,12.0,12.1,14.0,14.1"]
    );
    assert!(options.all("ms-asprotocolcommands")[0].contains("Ping"));
    let path = format!("{PATH}?Cmd=Sync&User=anna&DeviceId=ABC123&DeviceType=Phone");
    let sync = lab.mail("POST", &path, "some WBXML").await;
    assert_eq!((sync.status.as_u16(), sync.body.as_str()), (200, ""));
    let nobody = lab.exchange().await.get(MAIL, &path).await;
    assert_eq!(nobody.status, 401);
    assert_eq!(lab.mail("GET", PATH, "").await.status, 405);
}

#[tokio::test]
async fn a_ping_is_held_as_long_as_it_is_told() {
    let lab = Lab::start().await;
    let path = format!("{PATH}?Cmd=Ping&User=anna&DeviceId=ABC123&DeviceType=Phone");
    let asked = |hold: &str| {
        Request::post(&path)
            .header("authorization", basic("anna", PASSWORD))
            .header("x-lab-hold", hold)
            .body("some WBXML".to_owned())
    };
    let held = lab.exchange().await.send(MAIL, asked("0.05")).await;
    assert_eq!(held.status, 200);
    assert_eq!(held.all("content-type"), ["application/vnd.ms-sync.wbxml"]);
    assert!(held.body.starts_with("\u{3}\u{1}j"));
    // One that is held for long is in the list at once, and ends with its connection.
    let mut client = lab.exchange().await;
    let waiting = tokio::spawn(async move { client.try_send(MAIL, asked_for_long()).await });
    while lab.world.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    lab.world.stop().await;
    assert!(waiting.await.expect("the task").is_err());
}

fn asked_for_long() -> Result<Request<String>, http::Error> {
    Request::post(format!("{PATH}?Cmd=Ping&DeviceId=ABC123&hold=900"))
        .header("authorization", basic("anna", PASSWORD))
        .body(String::new())
}
