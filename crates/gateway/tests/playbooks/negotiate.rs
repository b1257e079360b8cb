//! Negotiate: NTLM raw and inside SPNEGO, what is selected, and that nobody changes the list unseen.

use authn::audit::{Kind, Reason};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::WWW_AUTHENTICATE;

use crate::connection::{Connection, Passed, Said, type_3};
use crate::documents::{WEB_TICKET, answer_with_cwt, answered, rst};
use crate::request::{Request, post};
use crate::scene::{LYNC, MAIL, Scene};
use crate::spnego::{KERBEROS, NTLM, authenticate, init, inner, response};

fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

fn sends(connection: &mut Connection<'_>, token: &[u8]) -> Said {
    connection.sends(&ews().token("Negotiate", token))
}

/// Sends a token that is to be answered by another.
fn answer_to(connection: &mut Connection<'_>, token: &[u8]) -> Vec<u8> {
    sends(connection, token).token("Negotiate")
}

/// The challenges that go out with the back end's answer.
fn tokens(passed: &Passed) -> Vec<Vec<u8>> {
    let challenges = passed.head.headers.get_all(WWW_AUTHENTICATE).iter();
    challenges
        .map(|value| value.to_str().unwrap().strip_prefix("Negotiate "))
        .map(|token| BASE64_STANDARD.decode(token.unwrap()).unwrap())
        .collect()
}

#[test]
fn raw_ntlm_is_taken_under_both_names_and_answered_raw() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for scheme in ["NTLM", "Negotiate"] {
        let mut connection = scene.connects();
        let first = ews().token(scheme, &anna.client().negotiate());
        let challenge = connection.sends(&first).token(scheme);
        assert!(challenge.starts_with(b"NTLMSSP\0\x02\0\0\0"), "{scheme}");
        let last = ews().token(scheme, &type_3(&anna.client(), &challenge));
        let forward = connection.sends(&last).forward();
        let passed = connection.answers(&forward, answered(200, &[], "x"));
        assert!(!passed.unwrap().head.headers.contains_key(WWW_AUTHENTICATE));
        assert_eq!(connection.sends(&ews()).told(), "anna", "{scheme}");
    }
}

#[test]
fn ntlm_inside_spnego_signs_in_and_the_last_token_goes_out_once() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for mechanisms in [&[NTLM][..], &[NTLM, KERBEROS]] {
        let mut connection = scene.connects();
        let first = init(mechanisms, &anna.client().negotiate());
        let challenge = answer_to(&mut connection, &first);
        assert_eq!(challenge.first(), Some(&0xa1));
        let (last, mic) = authenticate(&anna.client(), &inner(&challenge), mechanisms);
        let forward = sends(&mut connection, &last).forward();
        let passed = connection
            .answers(&forward, answered(200, &[], "x"))
            .unwrap();
        let tokens_of_the_first = tokens(&passed);
        let [token] = tokens_of_the_first.as_slice() else {
            panic!("{tokens_of_the_first:?}");
        };
        assert!(token.starts_with(&[0xa1]) && token.ends_with(&mic));
        let said = connection.sends(&ews());
        assert_eq!(said.told(), "anna");
        let again = connection.answers(&said.forward(), answered(200, &[], "x"));
        assert!(tokens(&again.unwrap()).is_empty());
    }
}

#[test]
fn the_last_token_goes_out_with_a_web_ticket_too() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut connection = scene.connects();
    let request = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    let first = init(&[NTLM], &anna.client().negotiate());
    let said = connection.sends(&request.clone().token("Negotiate", &first));
    let challenge = inner(&said.token("Negotiate"));
    let (last, mic) = authenticate(&anna.client(), &challenge, &[NTLM]);
    let forward = connection
        .sends(&request.token("Negotiate", &last))
        .forward();
    let answer = answer_with_cwt("AAEC");
    let passed = connection
        .answers(&forward, answered(200, &[], &answer))
        .unwrap();
    assert!(tokens(&passed).first().unwrap().ends_with(&mic));
}

#[test]
fn an_optimistic_kerberos_token_is_answered_by_selecting_ntlm() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mechanisms: &[&[u8]] = &[KERBEROS, NTLM];
    let mut connection = scene.connects();
    let selection = answer_to(&mut connection, &init(mechanisms, b"a made-up ticket"));
    assert!(selection.windows(NTLM.len()).any(|bytes| bytes == NTLM));
    assert!(!selection.windows(8).any(|bytes| bytes == b"NTLMSSP\0"));
    let second = response(&anna.client().negotiate(), None);
    let challenge = inner(&answer_to(&mut connection, &second));
    let (last, mic) = authenticate(&anna.client(), &challenge, mechanisms);
    let said = sends(&mut connection, &last);
    assert_eq!(said.told(), "anna");
    let passed = connection.answers(&said.forward(), answered(200, &[], "x"));
    assert!(tokens(&passed.unwrap()).first().unwrap().ends_with(&mic));
    assert_eq!(connection.sends(&ews()).told(), "anna");
}

#[test]
fn a_client_that_has_only_kerberos_is_offered_what_there_is() {
    let scene = Scene::new();
    let mut connection = scene.connects();
    let said = sends(&mut connection, &init(&[KERBEROS], b"a made-up ticket"));
    assert_eq!((said.told().as_str(), said.offers().len()), ("401", 3));
    assert_eq!(said.offers().first().unwrap(), "Negotiate");
    assert_eq!(connection.verified, 0);
}

#[test]
fn a_mechanism_list_that_was_changed_on_its_way_lets_nobody_in() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    let mut mistyped = scene.connects();
    let wrong = mistyped.signs_in(&anna.mistyped(), &ews()).replied().seen();
    let mut connection = scene.connects();
    let first = init(&[NTLM], &anna.client().negotiate());
    let challenge = inner(&answer_to(&mut connection, &first));
    let (last, _) = authenticate(&anna.client(), &challenge, &[KERBEROS, NTLM]);
    let said = sends(&mut connection, &last);
    assert_eq!(said.replied().seen(), wrong);
    assert_eq!(connection.verified, 1);
    assert!(connection.conversation.identity().is_none());
    assert_eq!(connection.sends(&ews()).told(), "401");
    let last = scene.audited().pop().unwrap();
    let Kind::Refused { reason, .. } = last.kind else {
        panic!("{last:?}");
    };
    assert_eq!(reason, Reason::MechanismListTampered);
}

#[test]
fn a_list_that_ntlm_does_not_lead_must_be_signed() {
    let scene = Scene::new();
    let anna = scene.person("anna");
    for (mechanisms, told) in [(&[KERBEROS, NTLM][..], "401"), (&[NTLM, KERBEROS], "anna")] {
        let mut connection = scene.connects();
        let client = anna.client();
        let first = answer_to(&mut connection, &init(mechanisms, &client.negotiate()));
        let has_challenge = first.windows(8).any(|bytes| bytes == b"NTLMSSP\0");
        let challenge = if has_challenge {
            first
        } else {
            answer_to(&mut connection, &response(&client.negotiate(), None))
        };
        let unsigned = response(&type_3(&client, &inner(&challenge)), None);
        assert_eq!(sends(&mut connection, &unsigned).told(), told);
    }
}

#[test]
fn a_handshake_ends_as_it_began() {
    let scene = Scene::new();
    let client = scene.person("anna").client();
    for (first, last) in [
        (("NTLM", false), ("Negotiate", false)),
        (("Negotiate", false), ("NTLM", false)),
        (("Negotiate", true), ("Negotiate", false)),
        (("Negotiate", false), ("Negotiate", true)),
        (("Negotiate", true), ("NTLM", false)),
    ] {
        let mut connection = scene.connects();
        let (scheme, is_wrapped) = first;
        let begun = if is_wrapped {
            init(&[NTLM], &client.negotiate())
        } else {
            client.negotiate()
        };
        let said = connection.sends(&ews().token(scheme, &begun));
        let message = type_3(&client, &inner(&said.token(scheme)));
        let (scheme, is_wrapped) = last;
        let ended = if is_wrapped {
            response(&message, None)
        } else {
            message
        };
        let said = connection.sends(&ews().token(scheme, &ended));
        assert_eq!((said.told().as_str(), connection.verified), ("401", 0));
    }
}

#[test]
fn a_first_token_in_the_middle_begins_anew() {
    let scene = Scene::new();
    let client = scene.person("anna").client();
    let first = init(&[NTLM], &client.negotiate());
    for (takes_the_first, told) in [(true, "401"), (false, "anna")] {
        let mut connection = scene.connects();
        let void = answer_to(&mut connection, &first);
        let fresh = answer_to(&mut connection, &first);
        let answered = if takes_the_first { void } else { fresh };
        let (last, _) = authenticate(&client, &inner(&answered), &[NTLM]);
        assert_eq!(sends(&mut connection, &last).told(), told);
    }
}

#[test]
fn tokens_that_are_malformed_or_out_of_order_are_not_evaluated() {
    let scene = Scene::new();
    let client = scene.person("anna").client();
    let first = init(&[NTLM], &client.negotiate());
    let truncated = first.get(..first.len() - 1).unwrap();
    for token in [
        &b""[..],
        b"\x60",
        b"\x60\x84\x01\x00\x00\x00",
        b"junk",
        truncated,
        &[first.as_slice(), b"\0"].concat(),
        &init(&[], &client.negotiate()),
        &init(&[NTLM], b"junk"),
        &response(&client.negotiate(), None),
        b"NTLMSSP\0\x02\0\0\0",
    ] {
        let mut connection = scene.connects();
        let said = sends(&mut connection, token);
        assert_eq!((said.told().as_str(), said.offers().len()), ("401", 3));
        assert_eq!(connection.verified, 0);
        assert_eq!(connection.sends(&ews()).told(), "401");
    }
}

#[test]
fn t_conn_6_a_selection_is_good_for_thirty_seconds_too() {
    let scene = Scene::new();
    let client = scene.person("anna").client();
    for (seconds, told) in [(30, "anna"), (31, "401")] {
        let mut connection = scene.connects();
        answer_to(
            &mut connection,
            &init(&[KERBEROS, NTLM], b"a made-up ticket"),
        );
        scene.waits(seconds);
        let said = sends(&mut connection, &response(&client.negotiate(), None));
        if told == "401" {
            assert_eq!((said.told().as_str(), said.offers().len()), ("401", 3));
            continue;
        }
        let challenge = inner(&said.token("Negotiate"));
        let (last, _) = authenticate(&client, &challenge, &[KERBEROS, NTLM]);
        assert_eq!(sends(&mut connection, &last).told(), told);
    }
}
