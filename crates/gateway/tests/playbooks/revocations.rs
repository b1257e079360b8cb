//! What ends a connection: a revocation of what it rests on, or the end of its app password.

use authn::account::AccountState;
use authn::revocation::Revoked;
use gateway::conversation::Pass;
use gateway::presence::Presence;

use crate::request::{Request, post};
use crate::scene::{MAIL, Scene};

fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

#[test]
fn t_dev_1_a_connection_rests_on_its_owner_and_on_whoever_asked_last() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    let of_anna = [
        Revoked::Account(anna.account.id.clone()),
        Revoked::Credential(anna.credential.clone()),
    ];
    let of_ben = [
        Revoked::Account(ben.account.id.clone()),
        Revoked::Credential(ben.credential.clone()),
    ];
    let mut by_ntlm = scene.connects();
    by_ntlm.signs_in(&anna.client(), &ews());
    let owner = Presence {
        connection: by_ntlm.conversation.identity().cloned(),
        ..Presence::default()
    };
    let by_password = ews().basic("anna@contoso.com", &anna.password);
    let asked = scene.connects().sends(&by_password).forward();
    let Pass::As(who) = asked.pass else {
        panic!("nobody asked");
    };
    let mut streams = Presence::default();
    streams.add_stream_of(&who);
    let asking = Presence {
        request: Some(who),
        ..Presence::default()
    };
    for presence in [owner, asking, streams] {
        assert!(presence.is_somebody());
        assert!(of_anna.iter().all(|revoked| presence.rests_on(revoked)));
        assert!(!of_ben.iter().any(|revoked| presence.rests_on(revoked)));
    }
    let nobody = Presence::default();
    assert!(!nobody.is_somebody() && !nobody.rests_on(&of_anna[0]));
}

#[test]
fn t_dev_1_a_connection_of_streams_rests_on_everybody_who_had_one() {
    let scene = Scene::new();
    let people = [scene.person("anna"), scene.person("ben")];
    let mut presence = Presence::default();
    for person in people.iter().chain(&people) {
        let request = ews().basic(&person.account.upn, &person.password);
        let Pass::As(who) = scene.connects().sends(&request).forward().pass else {
            panic!("nobody asked");
        };
        presence.add_stream_of(&who);
    }
    assert_eq!(presence.streams.len(), 2, "each is kept once");
    for person in &people {
        assert!(presence.rests_on(&Revoked::Account(person.account.id.clone())));
        assert!(presence.rests_on(&Revoked::Credential(person.credential.clone())));
    }
}

#[test]
fn a_connection_is_its_owners_until_the_app_password_ends() {
    let scene = Scene::new();
    let anna = scene.person_until("anna", 3_600);
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    scene.waits(3_599);
    assert_eq!(connection.sends(&ews()).told(), "anna");
    scene.waits(1);
    assert_eq!(connection.sends(&ews()).told(), "401");
    assert!(connection.conversation.identity().is_none());
}

#[test]
fn s23_what_was_revoked_signs_in_nowhere() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    scene.revokes(&anna);
    scene.sets_state(&ben, AccountState::Disabled);
    for person in [&anna, &ben] {
        assert_eq!(
            scene.connects().signs_in(&person.client(), &ews()).told(),
            "401"
        );
        let by_password = ews().basic(&person.account.upn, &person.password);
        assert_eq!(scene.connects().sends(&by_password).told(), "401");
    }
}
