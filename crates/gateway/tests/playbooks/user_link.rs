//! The user link: a ticket that this gate relayed opens it, and nothing else does.

use authn::account::AccountState;
use gateway::route::Onward;

use crate::connection::Replied;
use crate::documents::{
    USER, WEB_TICKET, answer_with_assertion, answer_with_cwt, assertion, presented, rst,
};
use crate::request::{Request, get, post};
use crate::scene::{LYNC, MAIL, OTHER_POOL, Person, Scene};

/// The header by which a ticket is presented.
const TICKET: &str = "x-ms-webticket";

/// The user link, with a ticket.
fn user(presented: &str) -> Request {
    get(LYNC, USER).with(TICKET, presented)
}

/// A scene, somebody in it, and their ticket `one`.
fn with_ticket() -> (Scene, Person) {
    let scene = Scene::new();
    let anna = scene.person("anna");
    scene
        .connects()
        .buys(&anna, LYNC, &answer_with_assertion("one"));
    (scene, anna)
}

/// The answer to a request without a ticket.
fn ticket_wanted(scene: &Scene) -> Replied {
    scene.connects().sends(&get(LYNC, USER)).replied()
}

#[test]
fn without_a_ticket_the_answer_says_where_tickets_are_had_and_offers_nothing() {
    let scene = Scene::new();
    let replied = ticket_wanted(&scene);
    assert_eq!(replied.reply.status, 401);
    assert!(!replied.closes && replied.events.is_empty());
    let headers = &replied.reply.headers;
    assert_eq!(
        headers["x-ms-webticketurl"],
        "https://lyncweb.contoso.com/WebTicket/WebTicketService.svc"
    );
    assert!(!headers.contains_key("www-authenticate"));
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(replied.reply.body, "A web ticket is needed.\n");
}

#[test]
fn a_known_ticket_passes_as_its_owner() {
    let (scene, anna) = with_ticket();
    let ben = scene.person("ben");
    scene
        .connects()
        .buys(&ben, LYNC, &answer_with_cwt("AAECAwQ="));
    let mut connection = scene.connects();
    for (ticket, owner) in [(presented("one"), &anna), ("cwt=AAECAwQ=".to_owned(), &ben)] {
        let request = user(&ticket).with("authorization", "Bearer cwt=AAEC");
        let said = connection.sends(&request);
        assert_eq!(said.told(), owner.account.sam);
        let forward = said.forward();
        assert_eq!(
            (forward.onward, forward.farm.as_str()),
            (Onward::None, "lync")
        );
        assert_eq!(forward.head.headers[TICKET], ticket.as_str());
        assert!(!forward.head.headers.contains_key("authorization"));
        assert!(connection.conversation.identity().is_none());
    }
    assert_eq!(connection.verified, 2);
}

#[test]
fn a_ticket_that_a_client_wrote_anew_is_the_same() {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    let (scene, _anna) = with_ticket();
    let anew = assertion("one")
        .replace('"', "'")
        .replace("<SignedInfo/>", "<SignedInfo></SignedInfo>")
        .replace("q83v3s0=", " q83v\n3s0= ");
    let ticket = format!("opaque={}", BASE64_STANDARD.encode(anew));
    assert_eq!(scene.connects().sends(&user(&ticket)).told(), "anna");
}

#[test]
fn a_ticket_is_good_for_its_own_request() {
    let (scene, _anna) = with_ticket();
    let mut connection = scene.connects();
    assert_eq!(connection.sends(&user(&presented("one"))).told(), "anna");
    assert_eq!(connection.sends(&get(LYNC, USER)).told(), "401");
    assert_eq!(connection.verified, 1);
}

#[test]
fn what_is_no_known_ticket_gets_one_answer() {
    let (scene, _anna) = with_ticket();
    let wanted = ticket_wanted(&scene).seen();
    let good = presented("one");
    for ticket in [
        &presented("two"),
        "cwt=AAEC",
        "cwt=",
        "",
        "opaque=",
        "opaque=!",
        "opaque=PHgvPg==",
        "anna",
        "caf\u{e9}",
        &good.replace("opaque=", "OPAQUE="),
        &format!("{good},{good}"),
        &format!("cwt={}", "A".repeat(40 * 1024)),
    ] {
        let mut connection = scene.connects();
        let seen = connection.sends(&user(ticket)).replied().seen();
        assert_eq!(seen, wanted, "{ticket:.40}");
    }
    let two = user(&good).with(TICKET, &good);
    let mut connection = scene.connects();
    assert_eq!(connection.sends(&two).replied().seen(), wanted);
    assert_eq!(connection.verified, 0);
}

#[test]
fn a_ticket_that_does_not_stand_gets_the_answer_of_an_unknown_one() {
    for why in ["ended", "another pool's", "revoked", "disabled", "locked"] {
        let (scene, anna) = with_ticket();
        assert_eq!(
            scene.connects().sends(&user(&presented("one"))).told(),
            "anna"
        );
        let unknown = scene.connects().sends(&user(&presented("two")));
        let mut ticket = presented("one");
        match why {
            "ended" => scene.waits(8 * 60 * 60),
            "revoked" => scene.revokes(&anna),
            "disabled" => scene.sets_state(&anna, AccountState::Disabled),
            "locked" => scene.sets_state(&anna, AccountState::Locked),
            _ => {
                let answer = answer_with_assertion("three");
                scene.connects().buys(&anna, OTHER_POOL, &answer);
                ticket = presented("three");
            }
        }
        let mut connection = scene.connects();
        let said = connection.sends(&user(&ticket));
        assert_eq!(said.replied().seen(), unknown.replied().seen(), "{why}");
        assert_eq!(connection.verified, 1, "{why}");
    }
}

#[test]
fn a_ticket_is_good_until_the_second_it_ends() {
    let (scene, _anna) = with_ticket();
    scene.waits(8 * 60 * 60 - 1);
    assert_eq!(
        scene.connects().sends(&user(&presented("one"))).told(),
        "anna"
    );
    scene.waits(1);
    assert_eq!(
        scene.connects().sends(&user(&presented("one"))).told(),
        "401"
    );
}

#[test]
fn tickets_are_neither_counted_nor_audited() {
    let (scene, _anna) = with_ticket();
    let before = scene.audited();
    for id in ["one", "two"] {
        scene.connects().sends(&user(&presented(id)));
    }
    assert_eq!(scene.audited(), before);
}

#[test]
fn t_phish_3_no_password_and_no_connection_opens_the_user_link() {
    let (scene, anna) = with_ticket();
    let wanted = ticket_wanted(&scene).seen();
    let mut connection = scene.connects();
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    assert_eq!(connection.signs_in(&anna.client(), &ticket).told(), "anna");
    let plain = || get(LYNC, USER);
    for request in [
        plain(),
        plain().basic("anna", &anna.password),
        plain().token("NTLM", &anna.client().negotiate()),
        plain().token("Negotiate", &anna.client().negotiate()),
        plain().with("authorization", "Bearer cwt=AAEC"),
        plain().with("authorization", "NTLM !"),
    ] {
        let seen = connection.sends(&request).replied().seen();
        assert_eq!(seen, wanted, "{:?}", request.head.headers);
    }
    assert_eq!(connection.verified, 2, "the bearer's ticket was looked for");
}

#[test]
fn a_ticket_opens_nothing_else() {
    let (scene, anna) = with_ticket();
    for request in [
        post(LYNC, WEB_TICKET, rst(anna.sip_uri())),
        get(MAIL, "/EWS/Services.wsdl"),
    ] {
        let mut connection = scene.connects();
        let said = connection.sends(&request.with(TICKET, &presented("one")));
        assert_eq!((said.told().as_str(), connection.verified), ("401", 0));
    }
}

#[test]
fn t_phish_3_a_ticket_is_all_that_is_looked_at() {
    let (scene, anna) = with_ticket();
    let ben = scene.person("ben");
    let mut connection = scene.connects();
    let own = post(LYNC, WEB_TICKET, rst(ben.sip_uri()));
    assert_eq!(connection.signs_in(&ben.client(), &own).told(), "ben");
    let with = |value: &str| user(&presented("one")).with("authorization", value);
    for request in [
        with("Bearer cwt=AAEC"),
        with("NTLM !"),
        with("Digest a=b"),
        with("Bearer a").with("authorization", "Bearer b"),
        user(&presented("one")).basic("ben", "not-it"),
        user(&presented("one")).token("NTLM", &anna.client().negotiate()),
        user(&presented("one")).token("Negotiate", &anna.client().negotiate()),
    ] {
        let said = connection.sends(&request);
        assert_eq!(said.told(), "anna", "{:?}", request.head.headers);
        let who = connection.conversation.identity().unwrap();
        assert_eq!(who.account_id(), &ben.account.id);
    }
    assert_eq!(connection.sends(&own).told(), "ben");
}
