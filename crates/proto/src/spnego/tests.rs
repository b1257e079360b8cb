//! Exchanges as clients make them, and what attackers make of them. The tokens of a real client
//! (pyspnego) are sent in the stories; here they are built from the specification.

use super::der::value;
use super::*;
use crate::ntlm::client::{Client, Draw};
use crate::ntlm::{
    Authenticate, Challenge, Direction, Expected, FileTime, Negotiate, NtHash, Response,
    SessionKey, Target,
};

const NTLM: &[u8] = token::NTLM;
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
const MICROSOFT_KERBEROS: &[u8] = token::MICROSOFT_KERBEROS;
const NEGOEX: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1e];
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

fn list(mechanisms: &[&[u8]]) -> Vec<u8> {
    value(
        0x30,
        &mechanisms
            .iter()
            .flat_map(|oid| value(0x06, oid))
            .collect::<Vec<u8>>(),
    )
}

fn bare_init(mechanisms: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    let mut fields = value(0xa0, &list(mechanisms));
    if let Some(token) = token {
        fields.extend(value(0xa2, &value(0x04, token)));
    }
    value(0xa0, &value(0x30, &fields))
}

fn init(mechanisms: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    value(
        0x60,
        &[value(0x06, SPNEGO), bare_init(mechanisms, token)].concat(),
    )
}

fn response(token: &[u8], mic: Option<&[u8]>) -> Vec<u8> {
    let mut fields = value(0xa2, &value(0x04, token));
    if let Some(mic) = mic {
        fields.extend(value(0xa3, &value(0x04, mic)));
    }
    value(0xa1, &value(0x30, &fields))
}

fn inner(step: Step) -> Vec<u8> {
    match step {
        Step::Ntlm(message) => message,
        Step::Kerberos(token) => panic!("a token of Kerberos: {token:02x?}"),
        Step::Answer(answer) => panic!("an answer: {answer:02x?}"),
    }
}

/// The challenge to a type 1 message, the client's type 3, and both sides' keys.
struct Ntlm {
    challenge: Vec<u8>,
    authenticate: Vec<u8>,
    client: SessionKey,
    server: SessionKey,
}

fn ntlm(client: &Client) -> Ntlm {
    let negotiate = Negotiate::parse(&client.negotiate()).unwrap();
    let challenge = Challenge::answer(negotiate, &Target::default(), [3; 8], FileTime(1));
    let draw = Draw {
        client_challenge: [1; 8],
        session_key: [2; 16],
        time: None,
    };
    let bytes = challenge.as_bytes().to_vec();
    let (authenticate, client_key) = client.authenticate(&bytes, draw).unwrap();
    let parsed = Authenticate::parse(&authenticate).unwrap();
    let response = Response::check(challenge, parsed, &Expected::default()).unwrap();
    let server = response.proves(&NtHash::of_password("secret")).unwrap();
    Ntlm {
        challenge: bytes,
        authenticate,
        client: client_key,
        server,
    }
}

fn anna() -> Client {
    Client::new("anna", "CONTOSO", "secret")
}

#[test]
fn raw_ntlmssp_is_understood_and_answered_raw() {
    let mut acceptor = Acceptor::new();
    let exchange = ntlm(&anna());
    assert_eq!(
        inner(acceptor.token(&anna().negotiate()).unwrap()),
        anna().negotiate()
    );
    assert_eq!(
        acceptor.wrap_challenge(&exchange.challenge),
        exchange.challenge
    );
    assert_eq!(
        inner(acceptor.token(&exchange.authenticate).unwrap()),
        exchange.authenticate
    );
    assert_eq!(acceptor.complete(&exchange.server), Ok(None));
}

#[test]
fn ntlm_inside_the_first_token_needs_no_selection() {
    for first in [init, bare_init] {
        let mut acceptor = Acceptor::new();
        let exchange = ntlm(&anna());
        let token = first(&[NTLM, KERBEROS], Some(&anna().negotiate()));
        assert_eq!(inner(acceptor.token(&token).unwrap()), anna().negotiate());
        let wrapped = acceptor.wrap_challenge(&exchange.challenge);
        assert!(wrapped.windows(NTLM.len()).any(|window| window == NTLM));
        acceptor
            .token(&response(&exchange.authenticate, None))
            .unwrap();
        // accept-completed without a MIC: NTLM was the client's first choice.
        let completed = [0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0];
        assert_eq!(
            acceptor.complete(&exchange.server),
            Ok(Some(completed.to_vec()))
        );
    }
}

#[test]
fn a_mic_of_the_list_is_checked_and_answered_also_where_it_is_not_demanded() {
    let exchange = ntlm(&anna());
    let offered = list(&[NTLM]);
    let finish = |mic: &[u8]| {
        let mut acceptor = Acceptor::new();
        acceptor
            .token(&init(&[NTLM], Some(&anna().negotiate())))
            .unwrap();
        acceptor
            .token(&response(&exchange.authenticate, Some(mic)))
            .unwrap();
        acceptor.complete(&exchange.server)
    };
    let right = exchange.client.sign(Direction::ClientToServer, 0, &offered);
    let last = finish(&right).unwrap().unwrap();
    let ours = &last[last.len() - 16..];
    assert!(
        exchange
            .client
            .verify(Direction::ServerToClient, 0, &offered, ours)
    );
    assert_eq!(finish(&[0; 16]), Err(SpnegoError::MechanismListChanged));
    assert_eq!(finish(&right[..15]), Err(SpnegoError::MechanismListChanged));
}

/// An exchange that begins with another mechanism's token; `seen` is the list that we saw.
fn optimistic(
    offered: &[&[u8]],
    seen: &[&[u8]],
    client: &Client,
    sends_mic: bool,
) -> Result<Option<Vec<u8>>, SpnegoError> {
    let mut acceptor = Acceptor::new();
    let exchange = ntlm(client);
    let first = acceptor.token(&init(seen, Some(b"a made-up ticket")))?;
    // request-mic and NTLM selected (RFC 4178 4.2.2).
    let selected = [value(0xa0, &[0x0a, 1, 3]), value(0xa1, &value(0x06, NTLM))].concat();
    assert_eq!(first, Step::Answer(value(0xa1, &value(0x30, &selected))));
    inner(acceptor.token(&response(&client.negotiate(), None))?);
    let _ = acceptor.wrap_challenge(&exchange.challenge);
    let mic = exchange
        .client
        .sign(Direction::ClientToServer, 0, &list(offered));
    let mic = sends_mic.then_some(mic.as_slice());
    inner(acceptor.token(&response(&exchange.authenticate, mic))?);
    acceptor.complete(&exchange.server)
}

#[test]
fn a_kerberos_or_negoex_token_first_ends_in_ntlm_with_both_mics() {
    for first in [KERBEROS, NEGOEX] {
        for client in [anna(), Client::plain("anna", "CONTOSO", "secret")] {
            let offered = [first, NTLM];
            let last = optimistic(&offered, &offered, &client, true)
                .unwrap()
                .unwrap();
            let exchange = ntlm(&client);
            let ours = &last[last.len() - 16..];
            let offered = list(&offered);
            assert!(
                exchange
                    .client
                    .verify(Direction::ServerToClient, 0, &offered, ours)
            );
        }
    }
}

#[test]
fn a_tampered_mechanism_list_is_refused() {
    let tampered = optimistic(&[NEGOEX, KERBEROS, NTLM], &[KERBEROS, NTLM], &anna(), true);
    assert_eq!(tampered, Err(SpnegoError::MechanismListChanged));
}

#[test]
fn a_selected_mechanism_without_a_mic_is_refused() {
    let offered: [&[u8]; 2] = [KERBEROS, NTLM];
    let unprotected = optimistic(&offered, &offered, &anna(), false);
    assert_eq!(unprotected, Err(SpnegoError::MechanismListUnprotected));
}

/// A token of Kerberos as GSS-API frames it.
fn bare_kerberos(mechanism: &[u8]) -> Vec<u8> {
    value(
        0x60,
        &[&value(0x06, mechanism), [1, 0, 9].as_slice()].concat(),
    )
}

#[test]
fn s9_kerberos_is_taken_where_it_is_the_clients_first_choice() {
    for first in [KERBEROS, MICROSOFT_KERBEROS] {
        let token = bare_kerberos(first);
        for rest in [&[][..], &[NTLM], &[KERBEROS, NEGOEX, NTLM]] {
            let offered = [&[first], rest].concat();
            let mut acceptor = Acceptor::or_kerberos();
            let step = acceptor.token(&init(&offered, Some(&token)));
            assert_eq!(step, Ok(Step::Kerberos(token.clone())));
            // accept-completed, the mechanism by the client's number, and what Kerberos answers.
            let fields = [
                value(0xa0, &[0x0a, 1, 0]),
                value(0xa1, &value(0x06, first)),
                value(0xa2, &value(0x04, b"AP-REP")),
            ];
            let last = value(0xa1, &value(0x30, &fields.concat()));
            assert_eq!(acceptor.accepted(Some(b"AP-REP")), Some(last));
            let alone = value(0xa1, &value(0x30, &fields[..2].concat()));
            assert_eq!(acceptor.accepted(None), Some(alone));
        }
        let mut acceptor = Acceptor::or_kerberos();
        assert_eq!(acceptor.token(&token), Ok(Step::Kerberos(token.clone())));
        assert_eq!(
            acceptor.accepted(Some(b"AP-REP")),
            Some(b"AP-REP".to_vec()),
            "bare as it came"
        );
        assert_eq!(acceptor.accepted(None), None);
    }
}

#[test]
fn where_kerberos_is_not_taken_or_not_first_ntlm_is_selected() {
    let token = bare_kerberos(KERBEROS);
    let selects = |acceptor: Acceptor, offered: &[&[u8]], token: Option<&[u8]>| {
        let mut acceptor = acceptor;
        matches!(acceptor.token(&init(offered, token)), Ok(Step::Answer(_)))
    };
    assert!(selects(Acceptor::new(), &[KERBEROS, NTLM], Some(&token)));
    let taken = Acceptor::or_kerberos;
    assert!(selects(taken(), &[NEGOEX, KERBEROS, NTLM], Some(b"x")));
    assert!(selects(taken(), &[KERBEROS, NTLM], None), "no token yet");
    let first = taken().token(&init(&[NTLM, KERBEROS], Some(&anna().negotiate())));
    assert_eq!(inner(first.unwrap()), anna().negotiate());
    let alone = init(&[KERBEROS], Some(&token));
    let refused = Err(SpnegoError::NoCommonMechanism);
    assert_eq!(Acceptor::new().token(&alone), refused);
    assert!(Acceptor::new().token(&token).is_err());
}

#[test]
fn nothing_follows_a_token_of_kerberos() {
    let token = bare_kerberos(KERBEROS);
    for first in [token.clone(), init(&[KERBEROS, NTLM], Some(&token))] {
        for next in [
            token.clone(),
            init(&[KERBEROS], Some(&token)),
            response(&token, None),
            anna().negotiate(),
        ] {
            let mut acceptor = Acceptor::or_kerberos();
            acceptor.token(&first).unwrap();
            assert!(acceptor.token(&next).is_err(), "{next:02x?}");
        }
    }
    let huge = value(0x60, &[value(0x06, KERBEROS), vec![0; 65_000]].concat());
    assert!(matches!(
        Acceptor::or_kerberos().token(&huge),
        Ok(Step::Kerberos(_))
    ));
    let too_long = [huge, vec![0; 1_000]].concat();
    let refused = Err(DerError::TooLong.into());
    assert_eq!(Acceptor::or_kerberos().token(&too_long), refused);
}

#[test]
fn a_list_without_ntlm_is_refused() {
    let refused = Acceptor::new().token(&init(&[KERBEROS, NEGOEX], Some(b"ticket")));
    assert_eq!(refused, Err(SpnegoError::NoCommonMechanism));
}

#[test]
fn tokens_out_of_order_are_refused() {
    let first = init(&[NTLM], Some(&anna().negotiate()));
    let mut acceptor = Acceptor::new();
    assert_eq!(
        acceptor.token(&response(b"x", None)),
        Err(SpnegoError::OutOfOrder),
        "a response before the first token"
    );
    acceptor.token(&first).unwrap();
    assert_eq!(
        acceptor.token(&first),
        Err(SpnegoError::OutOfOrder),
        "two first tokens"
    );
    assert_eq!(
        acceptor.token(&anna().negotiate()),
        Err(SpnegoError::OutOfOrder),
        "raw NTLMSSP inside SPNEGO"
    );
    acceptor.token(&response(b"type 3", None)).unwrap();
    assert_eq!(
        acceptor.token(&response(b"type 3", None)),
        Err(SpnegoError::OutOfOrder),
        "a third NTLM message"
    );
}

#[test]
fn tokens_that_are_none_are_refused() {
    let good = init(&[NTLM], Some(&anna().negotiate()));
    for length in 0..good.len() {
        assert!(
            Acceptor::new().token(&good[..length]).is_err(),
            "cut at {length}"
        );
    }
    let trailing = [good.as_slice(), &[0]].concat();
    assert_eq!(
        Acceptor::new().token(&trailing),
        Err(DerError::Trailing.into())
    );
    let long_form = [0x60, 0x84, 0, 0, 0, 1, 0];
    assert_eq!(
        Acceptor::new().token(&long_form),
        Err(DerError::Length.into())
    );
    let huge = vec![0x60; 70_000];
    assert_eq!(Acceptor::new().token(&huge), Err(DerError::TooLong.into()));
    let many: Vec<&[u8]> = std::iter::repeat_n(NTLM, 17).collect();
    assert_eq!(
        Acceptor::new().token(&init(&many, None)),
        Err(DerError::TooLong.into())
    );
}

#[test]
fn an_exchange_prints_no_byte_of_itself() {
    let mut acceptor = Acceptor::new();
    let step = acceptor
        .token(&init(&[NTLM], Some(&anna().negotiate())))
        .unwrap();
    let shown = format!("{step:?} {:?} {acceptor:?}", Step::Answer(vec![1]));
    assert_eq!(
        shown,
        "Ntlm(..) Answer(..) Acceptor { frame: Preferred, ntlm_messages: 1, .. }"
    );
}

#[test]
fn a_client_that_rejects_is_refused_whatever_it_sends_beside() {
    let exchange = ntlm(&anna());
    let answered = |state: &[u8]| {
        let mut acceptor = Acceptor::new();
        acceptor
            .token(&init(&[NTLM], Some(&anna().negotiate())))
            .unwrap();
        let state = value(0xa0, &value(0x0a, state));
        let token = value(0xa2, &value(0x04, &exchange.authenticate));
        acceptor.token(&value(0xa1, &value(0x30, &[state, token].concat())))
    };
    for state in [0, 1, 3] {
        assert!(matches!(answered(&[state]), Ok(Step::Ntlm(_))), "{state}");
    }
    assert_eq!(answered(&[2]), Err(SpnegoError::Rejected));
    for state in [&[4][..], &[], &[0, 2]] {
        assert_eq!(answered(state), Err(DerError::State.into()), "{state:?}");
    }
}

#[test]
fn a_length_in_a_longer_form_than_it_needs_is_refused() {
    for bytes in [
        &[0x60, 0x81, 5, 1, 2, 3, 4, 5][..],
        &[0x60, 0x82, 0, 5, 1, 2, 3, 4, 5],
        &[0x60, 0x81, 0],
        &[0x60, 0x80, 0, 0],
        &[&[0x60, 0x81, 0x7f][..], &[0; 0x7f]].concat(),
        &[&[0x60, 0x82, 0, 0xff][..], &[0; 0xff]].concat(),
    ] {
        let refused = der::Reader::new(bytes).any();
        assert_eq!(refused, Err(DerError::Length), "{:02x?}", &bytes[..3]);
    }
    for length in [0, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
        let content = vec![7; length];
        let written = value(0x04, &content);
        assert_eq!(der::Reader::new(&written).take(0x04), Ok(&content[..]));
    }
}
