//! UCWA: nothing without a bearer's ticket, an application with one, and events that are waited for.

use http::Request;

use crate::support::{Answer, Lab, WEB, get};

const OAUTH_USER: &str = "/Autodiscover/AutodiscoverService.svc/root/oauth/user";
const APPLICATIONS: &str = "/ucwa/oauth/v1/applications";

async fn with(lab: &Lab, method: &str, path: &str, ticket: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {ticket}"))
        .body("{\"UserAgent\":\"x\"}".to_owned());
    lab.front_end().await.send(WEB, request).await
}

#[tokio::test]
async fn without_a_ticket_the_way_to_one_is_told() {
    let lab = Lab::start().await;
    for path in [OAUTH_USER, APPLICATIONS, "/ucwa/other"] {
        for answer in [
            lab.front_end().await.get(WEB, path).await,
            with(&lab, "GET", path, "cwt=AAEB").await,
            with(&lab, "GET", path, "other").await,
        ] {
            assert_eq!(answer.status, 401, "{path}");
            let challenges = answer.all("www-authenticate");
            assert!(challenges[0].starts_with("Bearer trusted_issuers="));
            assert_eq!(
                challenges[1],
                "MsRtcOAuth href=\"https://lyncweb.contoso.test:8443/WebTicket/oauthtoken\",\
                 grant_type=\"urn:microsoft.rtc:windows,urn:microsoft.rtc:anonmeeting,password\""
            );
        }
    }
    let seen = lab.world.requests();
    assert!(!seen[0].ticket && seen[1].ticket == seen[1].refused.is_some());
}

#[tokio::test]
async fn an_application_is_made_and_waits_for_events() {
    let lab = Lab::start().await;
    let ticket = lab.compact_ticket().await;
    let user = with(&lab, "GET", OAUTH_USER, &ticket).await;
    let link = user.json()["_links"]["applications"]["href"].clone();
    assert_eq!(
        link,
        format!("https://lyncweb.contoso.test:8443{APPLICATIONS}")
    );
    let seen = lab.world.requests().pop().expect("the request");
    assert_eq!((seen.ticket, seen.how), (true, Some(lab::How::Ticket)));

    let created = with(&lab, "POST", APPLICATIONS, &ticket).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = created.all("location")[0].to_owned();
    assert_eq!(created.json()["_links"]["self"]["href"], path.as_str());
    let events = created.json()["_links"]["events"]["href"].clone();
    let events = format!("{}&hold=0.05", events.as_str().expect("a path"));
    let heard = with(&lab, "GET", &events, &ticket).await;
    assert_eq!(heard.status, 200, "{}", heard.body);
    assert!(heard.json()["sender"].is_array());
    assert_eq!(with(&lab, "GET", &path, &ticket).await.status, 200);
    assert_eq!(with(&lab, "DELETE", &path, &ticket).await.status, 204);
    assert_eq!(with(&lab, "GET", "/ucwa/other", &ticket).await.status, 404);
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let lab = Lab::start().await;
    let request = Request::options(APPLICATIONS)
        .header("origin", "https://meet.contoso.test")
        .body(String::new());
    let answer = lab.front_end().await.send(WEB, request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.all("access-control-allow-origin"),
        ["https://meet.contoso.test"]
    );
    let plain = get(APPLICATIONS).body(String::new());
    assert_eq!(lab.front_end().await.send(WEB, plain).await.status, 401);
}
