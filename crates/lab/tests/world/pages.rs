//! Pages and services that answer and no more; a page's session belongs to one member.

use crate::support::{Lab, WEB, get};

#[tokio::test]
async fn a_pages_session_lives_on_the_member_that_its_cookie_names() {
    let lab = Lab::start_with(|world| world.with_members(2)).await;
    let members = &lab.world.pools[0].members;
    for path in [
        "/meet/anna/ABC123",
        "/dialin",
        "/lwa/WebPages/LwaClient.aspx",
        "/Autodiscover/XFrame/XFrame.html",
        "/PassiveAuth/PassiveAuth.aspx",
    ] {
        let first = lab.at(&members[0]).await.get(WEB, path).await;
        assert_eq!(first.status, 200, "{path}");
        assert!(first.body.contains("The session begins at pool01-1"));
        let cookie = first.all("set-cookie")[0].split(';').next();
        let cookie = cookie.expect("a cookie");
        assert_eq!(cookie, "LabMember=pool01-1");
        for (member, state) in [(&members[0], "goes on"), (&members[1], "is lost")] {
            let request = get(path).header("cookie", format!("a=b; {cookie}"));
            let request = request.body(String::new());
            let answer = lab.at(member).await.send(WEB, request).await;
            assert!(answer.body.contains(state), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn services_whose_tickets_place_is_unknown_take_what_comes() {
    let lab = Lab::start().await;
    let ticket = lab.compact_ticket().await;
    for path in ["/Reach/sip.svc", "/Scheduler"] {
        let nobody = lab.front_end().await.get(WEB, path).await;
        assert_eq!(nobody.status, 200, "{path}");
        let request = get(path).header("x-ms-webticket", &ticket);
        let request = request.body(String::new());
        let anna = lab.front_end().await.send(WEB, request).await;
        assert!(anna.body.contains("CONTOSO\\anna"), "{}", anna.body);
        let request = get(path).header("x-ms-webticket", "cwt=AAEB");
        let request = request.body(String::new());
        assert_eq!(lab.front_end().await.send(WEB, request).await.status, 401);
    }
    assert_eq!(lab.front_end().await.get(WEB, "/meets").await.status, 404);
}
