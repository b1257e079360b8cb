//! Kerberos from the office: whose token is looked at, what answers it, and whose the connection is then.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::credential::kerberos::{Bindings, Logon, TokenFault};
use authn::place::{Channel, Service, Zone};
use authn::ports::{KerberosAcceptor, Unavailable};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gateway::Peer;
use http::Version;
use http::header::WWW_AUTHENTICATE;
use jiff::SignedDuration;
use proto::channel_binding::{Demand, EndPoint};
use proto::kerberos::pac::Owner;
use proto::secret::Secret;

use crate::connection::Connection;
use crate::documents::{WEB_TICKET, answer_with_cwt, answered, rst};
use crate::request::{Request, post};
use crate::scene::{LYNC, MAIL, Scene, peer, publication};
use crate::spnego::{KERBEROS, NTLM, init};

/// A domain in memory: the last byte of a token says whose it is; `!` is nobody's.
struct Domain;

#[async_trait]
impl KerberosAcceptor for Domain {
    async fn accept(
        &self,
        token: &Secret<Vec<u8>>,
        bindings: Bindings,
    ) -> Result<Result<Logon, TokenFault>, Unavailable> {
        let is_bound = bindings == Bindings::AnyOf(vec![EndPoint::of_digest(&[9; 32])]);
        let initiator = match token.expose().last() {
            Some(b'a') => "anna@CONTOSO.COM",
            Some(b'b') => "ben@CONTOSO.COM",
            _ => return Ok(Err(TokenFault::NotForUs)),
        };
        Ok(Ok(Logon {
            initiator: initiator.to_owned(),
            owner: Some(Owner {
                sid: "S-1-5-21-7-7-7-7".parse().unwrap(),
                name: initiator.replace("@CONTOSO.COM", ""),
            }),
            is_bound,
            lasts: Duration::from_secs(3_600),
            answer: Some(b"AP-REP".to_vec()),
        }))
    }

    fn realm(&self) -> &str {
        "CONTOSO.COM"
    }
}

/// An office that may come to Exchange's web services and to Lync by Kerberos.
fn office() -> Scene {
    let mut publication = publication();
    publication.kerberos = [Service::EWS, Service::LYNC].into();
    Scene::publishing(publication).with_domain(Arc::new(Domain))
}

/// A computer in the office.
fn inside() -> Peer {
    Peer {
        address: "10.0.0.4".parse().unwrap(),
        zone: Zone::INTERNAL,
        ..peer()
    }
}

fn ews() -> Request {
    post(MAIL, "/EWS/Exchange.asmx", "<x/>")
}

/// A token of Kerberos as GSS-API frames it, and of whom.
fn bare(whose: u8) -> Vec<u8> {
    let mut token = vec![0x60, 14, 0x06, 9];
    token.extend(KERBEROS);
    token.extend([1, 0, whose]);
    token
}

fn tokens(connection: &mut Connection<'_>, request: &Request) -> Vec<Vec<u8>> {
    let forward = connection.sends(request).forward();
    let passed = connection.answers(&forward, answered(200, &[], "x"));
    let head = passed.unwrap().head;
    let challenges = head.headers.get_all(WWW_AUTHENTICATE).iter();
    challenges
        .map(|value| value.to_str().unwrap().strip_prefix("Negotiate "))
        .map(|token| BASE64_STANDARD.decode(token.unwrap()).unwrap())
        .collect()
}

#[test]
fn s9_one_token_makes_the_connection_its_users_and_is_answered_once() {
    let scene = office();
    scene.person("anna");
    for token in [
        bare(b'a'),
        init(&[KERBEROS, NTLM], &bare(b'a')),
        init(&[KERBEROS], &bare(b'a')),
    ] {
        let mut connection = scene.connects_as(inside());
        let given = tokens(&mut connection, &ews().token("Negotiate", &token));
        let [answer] = given.as_slice() else {
            panic!("{given:?}");
        };
        assert!(answer.ends_with(b"AP-REP"));
        assert_eq!(answer.first() == Some(&0xa1), token != bare(b'a'));
        assert_eq!(connection.verified, 1);
        assert!(tokens(&mut connection, &ews()).is_empty());
        assert_eq!(
            (connection.sends(&ews()).told(), connection.verified),
            ("anna".to_owned(), 1)
        );
    }
}

#[test]
fn s9_from_outside_or_elsewhere_its_token_is_not_looked_at_and_ntlm_is_selected() {
    let scene = office();
    scene.person("anna");
    let only_lync = || {
        let mut publication = publication();
        publication.kerberos = [Service::LYNC].into();
        Scene::publishing(publication).with_domain(Arc::new(Domain))
    };
    let other = only_lync();
    for (scene, peer) in [(&scene, peer()), (&other, inside())] {
        let mut connection = scene.connects_as(peer);
        let both = init(&[KERBEROS, NTLM], &bare(b'a'));
        let said = connection.sends(&ews().token("Negotiate", &both));
        let selection = said.token("Negotiate");
        assert!(selection.windows(NTLM.len()).any(|bytes| bytes == NTLM));
        for alone in [bare(b'a'), init(&[KERBEROS], &bare(b'a'))] {
            let said = connection.sends(&ews().token("Negotiate", &alone));
            assert_eq!((said.told().as_str(), said.offers().len()), ("401", 3));
        }
        assert_eq!(connection.verified, 0);
    }
}

#[test]
fn a_refused_token_is_answered_like_any_other_proof_and_ntlm_still_works() {
    let scene = office();
    let anna = scene.person("anna");
    let mut mistyped = scene.connects_as(inside());
    let wrong = mistyped.signs_in(&anna.mistyped(), &ews()).replied().seen();
    let mut connection = scene.connects_as(inside());
    for token in [bare(b'!'), init(&[KERBEROS, NTLM], &bare(b'!'))] {
        let said = connection.sends(&ews().token("Negotiate", &token));
        assert_eq!(said.replied().seen(), wrong);
        assert!(connection.conversation.identity().is_none());
    }
    assert_eq!(connection.signs_in(&anna.client(), &ews()).told(), "anna");
}

#[test]
fn another_token_on_the_same_connection_ends_whoever_was_there() {
    let scene = office();
    scene.person("anna");
    scene.person("ben");
    let mut connection = scene.connects_as(inside());
    let by = |whose| ews().token("Negotiate", &bare(whose));
    assert_eq!(connection.sends(&by(b'a')).told(), "anna");
    assert_eq!(connection.sends(&by(b'b')).told(), "ben");
    assert_eq!(connection.sends(&ews()).told(), "ben");
    assert_eq!(connection.sends(&by(b'!')).told(), "401");
    assert_eq!(connection.sends(&ews()).told(), "401");
}

#[test]
fn t_conn_4_in_another_version_of_http_nobody_comes_by_kerberos() {
    let scene = office();
    scene.person("anna");
    for version in [Version::HTTP_10, Version::HTTP_3] {
        let mut connection = scene.connects_as(inside());
        let request = ews().token("Negotiate", &bare(b'a'));
        let said = connection.sends(&request.version(version));
        assert_eq!((said.told().as_str(), connection.verified), ("401", 0));
    }
}

#[test]
fn a_connection_of_kerberos_ends_with_its_ticket() {
    let scene = office();
    scene.person("anna");
    let mut connection = scene.connects_as(inside());
    let signed_in = connection.sends(&ews().token("Negotiate", &bare(b'a')));
    assert_eq!(signed_in.told(), "anna");
    scene.waits(3_599);
    assert_eq!(connection.sends(&ews()).told(), "anna");
    scene.waits(1);
    assert_eq!(connection.sends(&ews()).told(), "401");
}

#[test]
fn a_listener_that_demands_a_binding_demands_it_of_kerberos_too() {
    let scene = office();
    scene.person("anna");
    for (shown, demand, told) in [
        (9, Demand::Require, "anna"),
        (8, Demand::Require, "401"),
        (8, Demand::Allow, "anna"),
        (9, Demand::Off, "anna"),
    ] {
        let mut connection = scene.connects_as(Peer {
            end_points: vec![EndPoint::of_digest(&[shown; 32])],
            channel_binding: demand,
            ..inside()
        });
        let said = connection.sends(&ews().token("Negotiate", &bare(b'a')));
        assert_eq!(said.told(), told, "{shown} {demand:?}");
    }
}

#[test]
fn a_web_ticket_bought_by_kerberos_lasts_no_longer_than_the_domains() {
    let scene = office();
    let anna = scene.person("anna");
    let mut connection = scene.connects_as(inside());
    let request = post(LYNC, WEB_TICKET, rst(anna.sip_uri()));
    let forward = connection
        .sends(&request.token("Negotiate", &bare(b'a')))
        .forward();
    let answer = answer_with_cwt("AAEC");
    let passed = connection
        .answers(&forward, answered(200, &[], &answer))
        .unwrap();
    let ticket = passed.tickets.first().unwrap();
    assert!(ticket.credential.is_kerberos_of(&anna.account.id));
    assert_eq!(ticket.channel, Channel::Negotiate);
    let ends = ticket.relayed + SignedDuration::from_secs(3_600);
    assert!(ticket.expires <= ends, "{ticket:?}");
}
