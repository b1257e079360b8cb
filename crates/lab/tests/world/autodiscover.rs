//! Autodiscover in both its forms, under the Exchange's own name only.

use crate::support::{Answer, Lab, MAIL};

const POX: &str = "/Autodiscover/Autodiscover.xml";
const SOAP: &str = "/autodiscover/autodiscover.svc";
const OURS: &str = "https://exch01.contoso.local";
const OUTLOOK: &str = "outlook/responseschema/2006a";
const MOBILE: &str = "mobilesync/responseschema/2006";

async fn pox(lab: &Lab, path: &str, address: &str, schema: &str) -> Answer {
    let names = "http://schemas.microsoft.com/exchange/autodiscover";
    let body = format!(
        "<Autodiscover xmlns=\"{names}/outlook/requestschema/2006\"><Request><EMailAddress>{address}\
         </EMailAddress><AcceptableResponseSchema>{names}/{schema}</AcceptableResponseSchema>\
         </Request></Autodiscover>"
    );
    let answer = lab.mail("POST", path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(xml::Document::parse(&answer.body).is_ok());
    answer
}

async fn settings(lab: &Lab, path: &str, address: &str, settings: &[&str]) -> Answer {
    let wanted: String = settings
        .iter()
        .map(|name| format!("<a:Setting>{name}</a:Setting>"))
        .collect();
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:a=\"http://schemas.microsoft.com/exchange/2010/Autodiscover\"><s:Body>\
         <a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>{address}</a:Mailbox>\
         </a:User></a:Users><a:RequestedSettings>{wanted}</a:RequestedSettings></a:Request>\
         </a:GetUserSettingsRequestMessage></s:Body></s:Envelope>"
    );
    lab.mail("POST", path, &body).await
}

#[tokio::test]
async fn outlook_learns_the_inside_urls_in_every_protocol() {
    let lab = Lab::start().await;
    let answer = pox(&lab, POX, "Anna@contoso.test", OUTLOOK).await;
    for (text, count) in [
        ("<Type>EXCH</Type>", 2),
        ("<Type>EXPR</Type>", 1),
        (&format!("<EwsUrl>{OURS}/EWS/Exchange.asmx</EwsUrl>"), 2),
        (&format!("<EcpUrl>{OURS}/ecp/</EcpUrl>"), 2),
        (&format!("<OABUrl>{OURS}/OAB/"), 2),
        (&format!("<ExternalUrl>{OURS}/mapi/emsmdb/"), 1),
        ("<AutoDiscoverSMTPAddress>anna@contoso.test<", 1),
    ] {
        assert_eq!(answer.body.matches(text).count(), count, "{text}");
    }
    let phone = pox(&lab, POX, "anna@contoso.test", MOBILE).await;
    let url = format!("<Url>{OURS}/Microsoft-Server-ActiveSync</Url>");
    assert!(phone.body.contains(&url), "{}", phone.body);
}

#[tokio::test]
async fn an_address_may_lead_to_another_or_elsewhere() {
    let lab = Lab::start().await;
    let moved = pox(&lab, POX, "moved.anna@contoso.test", OUTLOOK).await;
    let address = "<RedirectAddr>anna@contoso.test</RedirectAddr>";
    assert!(moved.body.contains(address), "{}", moved.body);
    let elsewhere = pox(&lab, POX, "elsewhere.anna@contoso.test", OUTLOOK).await;
    let url = format!("<RedirectUrl>{OURS}{POX}?elsewhere=1</RedirectUrl>");
    assert!(elsewhere.body.contains(&url), "{}", elsewhere.body);
    let path = format!("{POX}?elsewhere=1");
    let there = pox(&lab, &path, "elsewhere.anna@contoso.test", OUTLOOK).await;
    assert!(there.body.contains("<Type>EXPR</Type>"), "{}", there.body);
    for (address, code) in [
        ("nobody@contoso.test", 500),
        ("moved.nobody@contoso.test", 500),
    ] {
        let answer = pox(&lab, POX, address, OUTLOOK).await;
        assert!(
            answer
                .body
                .contains(&format!("<ErrorCode>{code}</ErrorCode>"))
        );
    }
    let broken = lab.mail("POST", POX, "not XML").await;
    assert!(broken.body.contains("<ErrorCode>600</ErrorCode>"));
}

#[tokio::test]
async fn settings_are_answered_one_by_one() {
    let lab = Lab::start().await;
    let wanted = ["ExternalEwsUrl", "InternalEwsUrl", "UserDisplayName", "No"];
    let answer = settings(&lab, SOAP, "anna@contoso.test", &wanted).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(xml::Document::parse(&answer.body).is_ok());
    for name in ["ExternalEwsUrl", "InternalEwsUrl"] {
        let setting = format!("<Name>{name}</Name><Value>{OURS}/EWS/Exchange.asmx</Value>");
        assert!(answer.body.contains(&setting), "{}", answer.body);
    }
    assert!(answer.body.contains("<SettingName>No</SettingName>"));
    for (address, code) in [
        ("moved.anna@contoso.test", "RedirectAddress"),
        ("elsewhere.anna@contoso.test", "RedirectUrl"),
        ("nobody@contoso.test", "InvalidUser"),
    ] {
        let answer = settings(&lab, SOAP, address, &wanted).await;
        let code = format!("<ErrorCode>{code}</ErrorCode>");
        assert!(answer.body.contains(&code), "{}", answer.body);
    }
    let path = format!("{SOAP}?elsewhere=1");
    let there = settings(&lab, &path, "elsewhere.anna@contoso.test", &wanted).await;
    assert!(there.body.contains("<UserSetting "), "{}", there.body);
}

#[tokio::test]
async fn nobody_learns_nothing() {
    let lab = Lab::start().await;
    for path in [POX, SOAP] {
        let request = http::Request::post(path).body("x".to_owned());
        let answer = lab.exchange().await.send(MAIL, request).await;
        assert_eq!(answer.status, 401);
    }
    let other = settings(&lab, SOAP, "", &[]).await;
    assert_eq!(other.status, 200, "{}", other.body);
    assert_eq!(lab.mail("POST", SOAP, "not XML").await.status, 400);
    assert_eq!(lab.mail("GET", SOAP, "").await.status, 200);
}
