//! What the front end tells anybody: discover in every form, and metadata.

use lab::MetadataHost;
use proto::lync::discover::{MediaType, Resource, Response, SipService};
use proto::lync::mex;
use proto::wstrust::v13::TOKEN_TYPE_COMPACT;

use crate::support::{DISCOVER, Lab, POOL, SERVICE, USER_LINK, WEB, get, rst};

const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";
const OUTSIDE: &str = "https://lyncweb.contoso.test:8443";

fn read(answer: &crate::support::Answer) -> Response {
    let content_type = answer.all("content-type")[0];
    let media_type = MediaType::parse(content_type).expect("a media type");
    Response::parse(answer.body.as_bytes(), media_type).expect("an answer")
}

#[tokio::test]
async fn the_root_is_told_to_anybody_in_every_form() {
    let lab = Lab::start().await;
    let mut client = lab.front_end().await;
    for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
        for (host, path) in [(DISCOVER, "/?sipuri=anna@contoso.test"), (WEB, ROOT)] {
            let request = get(path)
                .header("accept", form.content_type())
                .body(String::new());
            let answer = client.send(host, request).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.all("content-type"), [form.content_type()]);
            let response = read(&answer);
            assert_eq!(
                response.link("Self"),
                Some(format!("{OUTSIDE}{ROOT}").as_str())
            );
            assert_eq!(response.resource, Resource::Root);
        }
    }
    let root = read(&client.get(WEB, ROOT).await);
    assert_eq!(
        root.link("User"),
        Some(format!("{OUTSIDE}{USER_LINK}").as_str())
    );
    assert!(
        root.link("Internal/Autodiscover")
            .is_some_and(|link| link.contains(POOL))
    );
    assert!(
        root.link("External/Autodiscover")
            .is_some_and(|link| link.starts_with(OUTSIDE))
    );
    assert_eq!(client.get(WEB, "/").await.status, 404);
    let post = http::Request::post(ROOT).body("x".to_owned());
    assert_eq!(client.send(WEB, post).await.status, 405);
}

#[tokio::test]
async fn the_user_link_wants_a_ticket_and_then_names_the_registrar() {
    let lab = Lab::start().await;
    let answer = lab.front_end().await.get(WEB, USER_LINK).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.all("x-ms-webticketurl"),
        [format!("{OUTSIDE}{SERVICE}")]
    );
    assert!(answer.all("www-authenticate").is_empty());

    let answer = lab
        .web_ticket(rst("sip:anna@contoso.test", TOKEN_TYPE_COMPACT))
        .await;
    let (_, rest) = answer.body.split_once("<UserToken>").expect("a ticket");
    let (ticket, _) = rest.split_once("</UserToken>").expect("a ticket");
    let request = get(USER_LINK)
        .header("x-ms-webticket", ticket)
        .header("accept", MediaType::Xml.content_type());
    let answer = lab
        .front_end()
        .await
        .send(WEB, request.body(String::new()))
        .await;
    assert_eq!(answer.status, 200);
    let user = read(&answer);
    assert_eq!(user.resource, Resource::User);
    let mut sip = user.sip.iter();
    let outside = sip.find(|access| access.service == SipService::ClientExternal);
    let outside = outside.expect("a registrar");
    assert_eq!(
        (outside.fqdn.as_str(), outside.port),
        ("sip.contoso.test", lab.world.sip.port())
    );
    assert!(
        user.link("Internal/Ucwa")
            .is_some_and(|link| link.contains(POOL))
    );
    assert!(
        user.link("External/AuthBroker")
            .is_some_and(|link| link.starts_with(OUTSIDE))
    );
}

#[tokio::test]
async fn metadata_name_every_port_under_the_name_that_was_chosen() {
    for (host, origin) in [
        (MetadataHost::Internal, format!("https://{POOL}")),
        (MetadataHost::External, OUTSIDE.to_owned()),
    ] {
        let lab = Lab::start_with(|world| world.with_metadata_host(host)).await;
        let answer = lab
            .front_end()
            .await
            .get(WEB, &format!("{SERVICE}/mex"))
            .await;
        assert_eq!(answer.status, 200);
        let document = mex::Document::parse(&answer.body).expect("metadata");
        let ports: Vec<_> = document
            .ports()
            .iter()
            .map(|port| port.name.as_str())
            .collect();
        let names = ["WinNegotiate", "Auth", "Anon", "Cert", "Pin"];
        assert_eq!(ports, names.map(|name| format!("WebTicketService{name}")));
        for port in document.ports() {
            let address = port.address.as_deref().expect("an address");
            assert!(
                address.starts_with(&format!("{origin}{SERVICE}")),
                "{address}"
            );
        }
    }
}
