//! Several pools, a Director, and several members of each.

use lab::Pool;
use proto::wstrust::v13::TOKEN_TYPE_COMPACT;

use crate::support::{Answer, Client, HEADER, Lab, SERVICE, USER_LINK, WEB, cut, get, post, rst};

const BEN: &str = "sip:ben@contoso.test";

fn pool(name: &str, members: usize, people: &[&str]) -> Pool {
    Pool {
        internal_host: format!("{name}.contoso.local"),
        web_host: format!("{name}.contoso.test"),
        members,
        people: people.iter().map(|sam| (*sam).to_owned()).collect(),
        passive: None,
    }
}

async fn world() -> Lab {
    Lab::start_with(|world| {
        world
            .with_members(3)
            .with_pool(pool("pool02", 3, &["ben"]))
            .with_pool(pool("dir01", 1, &[]))
            .with_exchange("exch01.contoso.local", 2)
    })
    .await
}

/// A ticket of a pool, for somebody by the gate's word.
async fn ticket(lab: &Lab, number: usize, sip: &str, subject: &str) -> String {
    let word = lab.assertion_with(SERVICE, |claims| {
        claims["htm"] = "POST".into();
        claims["sub"] = subject.into();
    });
    let body = rst(sip, TOKEN_TYPE_COMPACT);
    let request = post(SERVICE, &body).header(HEADER, word).body(body);
    let member = &lab.world.pools[number].members[0];
    let answer = lab.at(member).await.send(WEB, request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    cut(&answer.body, "<UserToken>", "</UserToken>").to_owned()
}

async fn user_link(client: &mut Client, ticket: &str) -> Answer {
    let request = get(USER_LINK).header("x-ms-webticket", ticket);
    client.send(WEB, request.body(String::new())).await
}

#[tokio::test]
async fn every_member_says_who_it_is() {
    let lab = world().await;
    let mut ids = Vec::new();
    for pool in &lab.world.pools {
        for member in &pool.members {
            let word = lab.assertion("GET", "/lab/echo");
            let request = get("/lab/echo").header(HEADER, word).body(String::new());
            let answer = lab.at(member).await.send(WEB, request).await;
            assert_eq!(answer.json()["member"], member.id);
            assert_eq!(answer.all("x-lab-member"), [member.id.as_str()]);
            assert_eq!(
                answer.all("x-ms-server-fqdn"),
                [pool.internal_host.as_str()]
            );
            assert_eq!(lab.world.requests().pop().expect("it").member, member.id);
            ids.push(member.id.clone());
        }
    }
    let expected = ["pool01-1", "pool01-2", "pool01-3", "pool02-1", "pool02-2"];
    assert_eq!(ids[..5], expected);
    assert_eq!(ids[5..], ["pool02-3", "dir01-1"]);
    assert_eq!(lab.world.exchanges.members.len(), 2);
}

#[tokio::test]
async fn a_ticket_is_good_at_every_member_of_its_own_pool_only() {
    let lab = world().await;
    let ticket = ticket(&lab, 0, "sip:anna@contoso.test", "anna@CONTOSO.TEST").await;
    for (number, status) in [(0, 200), (1, 401), (2, 401)] {
        for member in &lab.world.pools[number].members {
            let answer = user_link(&mut lab.at(member).await, &ticket).await;
            assert_eq!(answer.status, status, "{}", member.id);
        }
    }
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>\
         <Security xmlns=\"http://docs.oasis-open.org/wss/2004/01/\
         oasis-200401-wss-wssecurity-secext-1.0.xsd\">{}</Security></s:Header><s:Body><x/></s:Body>\
         </s:Envelope>",
        lab.saml_ticket().await
    );
    let path = "/groupexpansion/service.svc/WebTicket_Bearer";
    let request = post(path, &body).body(body);
    let member = &lab.world.pools[1].members[0];
    let answer = lab.at(member).await.send(WEB, request).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("<ErrorId>28032</ErrorId>"));
}

#[tokio::test]
async fn a_director_and_a_foreign_pool_send_everybody_home() {
    let lab = world().await;
    let root = "/Autodiscover/AutodiscoverService.svc/root";
    for (number, sip, subject, home) in [
        (2, "sip:anna@contoso.test", "anna@CONTOSO.TEST", WEB),
        (2, BEN, "ben@CONTOSO.TEST", "pool02.contoso.test"),
        (0, BEN, "ben@CONTOSO.TEST", "pool02.contoso.test"),
    ] {
        let ticket = ticket(&lab, number, sip, subject).await;
        let member = &lab.world.pools[number].members[0];
        let link = format!("https://{home}:8443{root}");
        let answer = user_link(&mut lab.at(member).await, &ticket).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("Redirect"), "{}", answer.body);
        assert!(answer.body.contains(&link), "{}", answer.body);
        let request = get("/Autodiscover/AutodiscoverService.svc/root/oauth/user")
            .header("authorization", format!("Bearer {ticket}"));
        let request = request.body(String::new());
        let answer = lab.at(member).await.send(WEB, request).await;
        assert_eq!(answer.json()["_links"]["redirect"]["href"], link);
    }
    let ticket = ticket(&lab, 1, BEN, "ben@CONTOSO.TEST").await;
    let member = &lab.world.pools[1].members[0];
    let answer = user_link(&mut lab.at(member).await, &ticket).await;
    assert!(answer.body.contains("pool02.contoso.local"));
    assert!(!answer.body.contains("Redirect"));
}

#[tokio::test]
async fn a_killed_member_is_gone_and_the_others_stay() {
    let mut lab = world().await;
    let members = lab.world.pools[0].members.clone();
    let mut client = lab.at(&members[0]).await;
    assert_eq!(client.get(WEB, "/lab/echo").await.status, 401);
    assert!(lab.world.kill("pool01-1").await);
    assert!(!lab.world.kill("pool01-1").await);
    let again = get("/lab/echo").body(String::new());
    assert!(client.try_send(WEB, again).await.is_err());
    let address = members[0].address;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let mut other = lab.at(&members[1]).await;
    assert_eq!(other.get(WEB, "/lab/echo").await.status, 401);
}
