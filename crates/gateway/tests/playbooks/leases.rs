//! Leases and paths in the policy, as a connection feels them: it is its owner's until the lease ends, and for a path that a
//! rule names it is proved anew.

use authn::place::{Method, RouteName};
use authn::policy::{Policy, Rule};
use gateway::Publication;
use jiff::SignedDuration;

use crate::request::{Request, get};
use crate::scene::{MAIL, Scene, publication};

fn ews() -> Request {
    get(MAIL, "/EWS/Exchange.asmx")
}

fn under(rules: Vec<Rule>) -> Scene {
    Scene::publishing(Publication {
        policy: Policy { rules },
        ..publication()
    })
}

fn rule() -> Rule {
    Rule {
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    }
}

#[test]
fn s19_a_connection_is_its_owner_s_until_the_lease_ends_and_again_after_a_second_factor() {
    let scene = under(vec![Rule {
        lease: Some(SignedDuration::from_secs(600)),
        ..rule()
    }]);
    let early = scene.person("anna");
    assert_eq!(
        scene.connects().signs_in(&early.client(), &ews()).told(),
        "401"
    );
    scene.waits(1);
    scene.proves_second_factor(&early);
    scene.waits(1);
    let late = scene.another_password(&early);
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&late.client(), &ews()).told(), "anna");
    let by_password = ews().basic(&late.account.upn, &late.password);
    scene.waits(598);
    assert_eq!(connection.sends(&ews()).told(), "anna");
    assert_eq!(scene.connects().sends(&by_password).told(), "anna");
    scene.waits(1);
    assert_eq!(connection.sends(&ews()).told(), "401");
    assert!(connection.conversation.identity().is_none());
    assert_eq!(connection.signs_in(&late.client(), &ews()).told(), "401");
    assert_eq!(scene.connects().sends(&by_password).told(), "401");
    scene.proves_second_factor(&early);
    assert_eq!(connection.signs_in(&late.client(), &ews()).told(), "anna");
    // What was made before it is never leased.
    assert_eq!(
        scene.connects().signs_in(&early.client(), &ews()).told(),
        "401"
    );
}

#[test]
fn a_rule_about_a_path_shuts_that_path_and_no_other() {
    let nothing = Rule {
        routes: [RouteName::of(MAIL, "/mapi")].into(),
        ..Rule::default()
    };
    let scene = under(vec![nothing, rule()]);
    let anna = scene.person("anna");
    let mapi = get(MAIL, "/mapi/emsmdb");
    let mut connection = scene.connects();
    assert_eq!(connection.sends(&mapi).told(), "404");
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    assert_eq!(connection.sends(&mapi).told(), "404");
}

/// SECURITY: whoever the connection belongs to by one path was never judged by the rules of another.
#[test]
fn where_rules_speak_of_paths_a_connection_is_proved_for_each() {
    let by_basic = Rule {
        routes: [RouteName::of(MAIL, "/mapi")].into(),
        lease: Some(SignedDuration::from_secs(600)),
        ..rule()
    };
    let scene = under(vec![by_basic, rule()]);
    let anna = scene.person("anna");
    let mapi = get(MAIL, "/mapi/emsmdb");
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    assert_eq!(connection.sends(&ews()).told(), "anna");
    assert_eq!(connection.sends(&mapi).told(), "401");
    assert_eq!(connection.signs_in(&anna.client(), &mapi).told(), "401");
    let again = scene
        .connects()
        .sends(&mapi.clone().basic(&anna.account.upn, &anna.password));
    assert_eq!(again.told(), "401");
}
