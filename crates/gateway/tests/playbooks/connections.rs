//! A connection belongs to whoever last proved it, and to nobody in between (T-CONN).

use std::collections::BTreeSet;

use authn::audit::{Kind, Reason};
use http::Version;
use proto::channel_binding::{Demand, EndPoint};
use proto::ntlm::ChannelBinding;

use crate::connection::type_3;
use crate::documents::{ROOT, WEB_TICKET, rst};
use crate::request::{Request, get, post};
use crate::scene::{DISCOVER, LYNC, MAIL, Scene, peer};

/// A request that Exchange protects.
fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

#[test]
fn a_connection_stays_its_users_until_it_ends() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    assert_eq!(connection.sends(&ews()).told(), "401");
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    for _ in 0..3 {
        assert_eq!(connection.sends(&ews()).told(), "anna");
    }
    assert_eq!(connection.verified, 1);
    assert_eq!(scene.connects().sends(&ews()).told(), "401");
}

#[test]
fn t_conn_2_another_user_on_the_connection_is_the_only_one_named() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    assert_eq!(connection.signs_in(&ben.client(), &ews()).told(), "ben");
    assert_eq!(connection.sends(&ews()).told(), "ben");
    let who = connection.conversation.identity().unwrap();
    assert_eq!(who.account_id(), &ben.account.id);
}

#[test]
fn t_conn_2_a_password_in_a_request_is_that_requests_and_ends_the_connections() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    let by_password = ews().basic("ben@contoso.com", &ben.password);
    assert_eq!(connection.sends(&by_password).told(), "ben");
    assert!(connection.conversation.identity().is_none());
    assert_eq!(connection.sends(&ews()).told(), "401");
}

#[test]
fn t_conn_2_a_failed_change_of_user_leaves_nobody() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    for change in ["ntlm", "basic", "malformed", "two"] {
        let mut connection = scene.connects();
        assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
        let said = match change {
            "ntlm" => connection.signs_in(&ben.mistyped(), &ews()),
            "basic" => connection.sends(&ews().basic("ben", "not-it")),
            "malformed" => connection.sends(&ews().token("NTLM", b"NTLMSSP\0\x01")),
            _ => connection.sends(&ews().basic("ben", "x").basic("ben", "y")),
        };
        let refused = said.told();
        assert!(refused.starts_with('4'), "{change}: {refused}");
        assert!(connection.conversation.identity().is_none(), "{change}");
        assert_eq!(connection.sends(&ews()).told(), "401", "{change}");
    }
}

#[test]
fn an_identity_is_good_for_the_service_it_was_proved_for() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    let ticket = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    assert_eq!(connection.sends(&ticket).told(), "401");
}

#[test]
fn t_conn_4_other_versions_of_http_get_no_challenge_message() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    // What HTTP/2 gets is told in `streams.rs`: the host is not even there.
    for version in [Version::HTTP_10, Version::HTTP_3] {
        let mut connection = scene.connects();
        for scheme in ["NTLM", "Negotiate"] {
            let first = ews().token(scheme, &anna.client().negotiate());
            let said = connection.sends(&first.version(version));
            assert_eq!(said.told(), "401");
            assert_eq!(
                said.offers(),
                [
                    "Negotiate",
                    "NTLM",
                    "Basic realm=\"contoso\", charset=\"UTF-8\""
                ]
            );
        }
    }
}

#[test]
fn t_conn_4_a_handshake_does_not_end_in_another_version() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (version, told) in [
        (Version::HTTP_10, "401"),
        (Version::HTTP_2, "421 and close"),
        (Version::HTTP_3, "401"),
    ] {
        let mut connection = scene.connects();
        let challenge = connection.begins_ntlm(&anna.client(), &ews());
        let mut elsewhere = ews().version(version);
        let named = format!("https://{MAIL}/EWS/Exchange.asmx");
        elsewhere.head.uri = named.parse().unwrap();
        let said = connection.ends_ntlm(&anna.client(), &challenge, &elsewhere);
        assert_eq!((said.told().as_str(), connection.verified), (told, 0));
    }
}

#[test]
fn t_conn_5_a_new_first_message_discards_who_was_there() {
    let scene = Scene::new();
    let (anna, ben) = (scene.person("anna"), scene.person("ben"));
    let mut connection = scene.connects();
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
    let challenge = connection.begins_ntlm(&ben.client(), &ews());
    assert!(connection.conversation.identity().is_none());
    assert_eq!(connection.sends(&ews()).told(), "401");
    // And the challenge went with it.
    let late = connection.ends_ntlm(&ben.client(), &challenge, &ews());
    assert_eq!(late.told(), "401");
    assert_eq!(connection.sends(&ews()).told(), "401");
}

#[test]
fn t_conn_6_an_answer_to_another_connections_challenge_is_refused() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let (mut a, mut b, mut fresh) = (scene.connects(), scene.connects(), scene.connects());
    let challenge = a.begins_ntlm(&anna.client(), &ews());
    b.begins_ntlm(&anna.client(), &ews());
    // Where no challenge was given nothing is verified; where another was, the proof is wrong.
    for (other, verified) in [(&mut b, 1), (&mut fresh, 0)] {
        let said = other.ends_ntlm(&anna.client(), &challenge, &ews());
        assert_eq!((said.told().as_str(), other.verified), ("401", verified));
    }
    let plain = proto::ntlm::client::Client::plain("anna", "CONTOSO", &anna.password);
    let challenge = a.begins_ntlm(&plain, &ews());
    b.begins_ntlm(&plain, &ews());
    assert_eq!(b.ends_ntlm(&plain, &challenge, &ews()).told(), "401");
    assert_eq!(a.ends_ntlm(&plain, &challenge, &ews()).told(), "anna");
}

#[test]
fn t_conn_6_a_challenge_is_answered_once() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for first_is_right in [true, false] {
        let mut connection = scene.connects();
        let challenge = connection.begins_ntlm(&anna.client(), &ews());
        let client = if first_is_right {
            anna.client()
        } else {
            anna.mistyped()
        };
        let first = connection.ends_ntlm(&client, &challenge, &ews());
        let expected = if first_is_right { "anna" } else { "401" };
        assert_eq!(first.told(), expected);
        let again = connection.ends_ntlm(&anna.client(), &challenge, &ews());
        assert_eq!((again.told().as_str(), connection.verified), ("401", 1));
        assert_eq!(connection.sends(&ews()).told(), "401");
    }
}

#[test]
fn t_conn_6_a_challenge_is_good_for_thirty_seconds() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (seconds, told) in [(30, "anna"), (31, "401"), (-1, "401")] {
        let mut connection = scene.connects();
        let challenge = connection.begins_ntlm(&anna.client(), &ews());
        scene.waits(seconds);
        let said = connection.ends_ntlm(&anna.client(), &challenge, &ews());
        assert_eq!(said.told(), told, "after {seconds} s");
    }
}

#[test]
fn t_conn_6_challenges_do_not_repeat() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let mut challenges = BTreeSet::new();
    for _ in 0..100_000 {
        let challenge = connection.begins_ntlm(&anna.client(), &ews());
        challenges.insert(challenge.get(24..32).unwrap().to_vec());
    }
    assert_eq!(challenges.len(), 100_000);
}

#[test]
fn t_conn_9_a_request_in_the_middle_of_a_handshake_voids_it() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let in_between = [
        (get(MAIL, "/EWS/Services.wsdl"), "401"),
        (ews().with("authorization", "Digest a=b"), "401"),
        (ews().with("authorization", "NTLM !"), "401"),
        (ews().basic("anna", "not-it"), "401"),
        (ews().token("Negotiate", b"NTLMSSP\0\x03"), "401"),
        (get(DISCOVER, ROOT), "nobody"),
        (get(MAIL, "/owa"), "404"),
        (get(MAIL, "/EWS/../owa"), "400"),
        (get(LYNC, WEB_TICKET), "405"),
    ];
    for (request, told) in in_between {
        let mut connection = scene.connects();
        let challenge = connection.begins_ntlm(&anna.client(), &ews());
        assert_eq!(connection.sends(&request).told(), told);
        let late = connection.ends_ntlm(&anna.client(), &challenge, &ews());
        assert_eq!(late.told(), "401", "after {}", request.head.uri);
        assert!(connection.conversation.identity().is_none());
    }
}

#[test]
fn t_ntlm_1_a_listener_that_demands_a_channel_binding_takes_only_its_own() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let end_points = [EndPoint::of_digest(&[8; 32]), EndPoint::of_digest(&[9; 32])];
    let own = ChannelBinding::from(&end_points[1]);
    let strict = || {
        scene.connects_as(gateway::Peer {
            end_points: end_points.to_vec(),
            channel_binding: Demand::Require,
            ..peer()
        })
    };
    for (sent, told) in [
        (None, "401"),
        (Some(ChannelBinding([1; 16])), "401"),
        (Some(own), "anna"),
    ] {
        let mut client = anna.client();
        client.channel_binding = sent;
        assert_eq!(strict().signs_in(&client, &ews()).told(), told);
        let refused = scene.audited().pop().map(|event| event.kind);
        if told == "401" {
            let reason = Reason::ChannelBinding;
            let name = "CONTOSO\\anna".to_owned();
            assert_eq!(refused, Some(Kind::Refused { reason, name }));
        }
    }
}

#[test]
fn t_ntlm_1_the_target_name_that_a_client_sends_is_the_host_it_asked() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (name, told) in [
        ("HTTP/mail.contoso.com", "anna"),
        ("HTTP/evil.example", "401"),
    ] {
        let mut client = anna.client();
        client.target_name = Some(name.to_owned());
        assert_eq!(scene.connects().signs_in(&client, &ews()).told(), told);
    }
}

#[test]
fn messages_out_of_order_let_nobody_in() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let challenge = connection.begins_ntlm(&anna.client(), &ews());
    let late = type_3(&anna.client(), &challenge);
    let mut other = scene.connects();
    for token in [
        &[][..],
        b"NTLMSSP\0",
        b"NTLMSSP\0\x02",
        b"junk",
        &challenge,
        &late,
    ] {
        assert_eq!(other.sends(&ews().token("NTLM", token)).told(), "401");
    }
    assert_eq!(other.verified, 0);
}
