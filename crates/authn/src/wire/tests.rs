//! What is told comes out as it went in, and nothing else comes out.

use std::time::Duration;

use proto::channel_binding::{Demand, EndPoint};
use proto::ntlm::NtlmError;
use proto::secret::Secret;
use proto::spnego;

use super::*;
use crate::attempt::{Attempt, KerberosToken, Outcome, Proof, Refusal};
use crate::issued::TokenId;
use crate::lockout::HoldBack;
use crate::place::{ActivityId, Channel, ConnectionId, RouteName, Service, TlsFingerprint, Zone};
use crate::ticket::TicketKey;
use crate::voucher::{AttemptDigest, For, GatewayId, Issuer, Opener};

fn attempt(proof: Proof) -> Attempt {
    Attempt {
        proof,
        channel: Channel::Basic,
        service: Service::EWS,
        route: Some(RouteName::of("mail.contoso.com", "/ews")),
        party: None,
        pool: "exchange".to_owned(),
        zone: Zone::EXTERNAL,
        source: [192, 0, 2, 1].into(),
        tls: Some(TlsFingerprint([7; 32])),
        sip_uri: Some("sip:anna@contoso.com".to_owned()),
        device: Some("phone".to_owned()),
        activity: ActivityId::from([9; 16]),
        connection: ConnectionId([1, 2, 3, 4, 5, 6, 7, 8]),
    }
}

fn password(password: &str) -> Proof {
    Proof::Password {
        username: "anna \"quoted\\".to_owned(),
        password: Secret::new(password.to_owned()),
    }
}

fn proofs() -> Vec<Proof> {
    let errors = [
        NtlmError::ChannelBinding,
        NtlmError::TargetName,
        NtlmError::NotNtlm2,
        NtlmError::NotEchoed,
    ];
    let unprovable = |error| Proof::Unprovable {
        user: "anna".to_owned(),
        domain: "CONTOSO".to_owned(),
        error,
    };
    let mut negotiation = spnego::Acceptor::or_kerberos();
    let offer = spnego::offer_kerberos(b"token").unwrap();
    assert!(negotiation.token(&offer).is_ok());
    let kerberos = KerberosToken {
        token: Secret::new(b"token".to_vec()),
        negotiation,
        end_points: vec![EndPoint::of_digest(&[7; 32])],
        channel_binding: Demand::Require,
    };
    let mut proofs = vec![
        password("correct \"horse\" \\ \u{1F40E}"),
        Proof::Kerberos(Box::new(kerberos)),
        Proof::Ticket(TicketKey([1; 32])),
        Proof::Certificate(TicketKey([2; 32])),
        Proof::Issued(TokenId("_3f".to_owned())),
    ];
    proofs.extend(errors.map(unprovable));
    proofs
}

#[test]
fn s42_every_proof_and_all_that_it_is_judged_by_come_out_as_they_went_in() {
    for proof in proofs() {
        let attempt = attempt(proof);
        let (body, digest) = ask(&attempt, [3; 16]).unwrap();
        let asked = Asked::parse(&body).unwrap();
        assert_eq!(asked.digest, digest);
        // An acceptor that was told takes no further message.
        let shown = |it: &Attempt| format!("{it:?}").replace("messages: 0", "messages: 2");
        assert_eq!(shown(&asked.attempt), shown(&attempt));
        let (again, _) = ask(&asked.attempt, [3; 16]).unwrap();
        assert_eq!(again, body, "with what its Debug does not show");
    }
}

#[test]
fn a_password_stands_in_no_body_as_it_is_and_no_two_attempts_have_one_digest() {
    let attempt = attempt(password("correct horse"));
    let (one, first) = ask(&attempt, [1; 16]).unwrap();
    let (_, second) = ask(&attempt, [2; 16]).unwrap();
    assert_ne!(first, second);
    assert!(!String::from_utf8_lossy(&one).contains("horse"));
}

#[test]
fn what_is_not_of_its_form_is_refused_and_nothing_of_it_is_repeated() {
    let (body, _) = ask(&attempt(password("correct horse")), [1; 16]).unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let encoded = text.split("\"password\":\"").nth(1).unwrap();
    let encoded = encoded.split('"').next().unwrap().to_owned();
    for wrong in [
        text.replace("\"basic\"", "\"smoke\""),
        text.replace("\"once\"", "\"twice\""),
        text.replace("{\"once\"", "{\"more\":1,\"once\""),
        text.replace(&encoded, "secret!"),
        text.replace(&encoded, "/////w=="),
        text.replace("192.0.2.1", "nowhere"),
        text.strip_suffix('}').unwrap().to_owned(),
        format!("{text}x"),
        String::new(),
    ] {
        let error = Asked::parse(wrong.as_bytes()).err().unwrap().to_string();
        for secret in [encoded.as_str(), "secret!", "smoke", "horse"] {
            assert!(!error.contains(secret), "{error}");
        }
    }
    let large = vec![b' '; MAX_ASKED + 1];
    let error = Asked::parse(&large).err();
    assert!(matches!(error, Some(WireParseError::TooLarge { .. })));
}

#[test]
fn no_answer_lets_anybody_in_but_by_a_voucher_that_opens() {
    let issuer = Issuer::new(&Secret::new([1; 32])).unwrap();
    let opener = Opener::new(issuer.key());
    let wanted = || For {
        gateway: GatewayId::of_certificate(b"gateway"),
        connection: ConnectionId([1; 8]),
        attempt: AttemptDigest::of(b"attempt"),
    };
    let now = jiff::Timestamp::UNIX_EPOCH;
    let opened = |told: &str| {
        let answered = Answered::parse(told.as_bytes());
        answered.map(|it| it.open((&opener, &wanted()), now))
    };
    let denied = Outcome {
        hold_back: HoldBack(Duration::from_millis(250)),
        is_alarmed: true,
        ..Outcome::plain(Err(Refusal::Denied))
    };
    let told = answer(denied, (&issuer, wanted()), now).unwrap();
    let there = opened(std::str::from_utf8(&told).unwrap()).unwrap();
    assert!(matches!(there.result, Err(Refusal::Denied)));
    assert_eq!(there.hold_back, HoldBack(Duration::from_millis(250)));
    assert!(there.is_alarmed);
    let passed = r#"{"result":{"passed":{"voucher":"AAAA","reply_token":null}},
        "held-back-milliseconds":99999999,"is-alarmed":false}"#;
    let there = opened(passed).unwrap();
    assert!(matches!(there.result, Err(Refusal::Unavailable(_))));
    assert_eq!(there.hold_back, HoldBack(Duration::from_secs(1)), "bounded");
    for wrong in [
        "",
        "{}",
        "null",
        r#"{"result":"passed","held-back-milliseconds":0,"is-alarmed":false}"#,
    ] {
        assert!(opened(wrong).is_err(), "{wrong}");
    }
}
