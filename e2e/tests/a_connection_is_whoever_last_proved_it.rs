//! Whose a connection is, byte by byte: T-CONN-2, 5, 6, 7, 9 and 11, and what an attacker sends in
//! place of a proof.

use std::net::Ipv4Addr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::client::request_for;
use e2e::demo::{Demo, Person};
use e2e::raw::{Answer, Raw, tls};
use e2e::sign_in::{Ntlm, Request, basic, challenge};
use rustls::ClientConfig;
use serde_json::Value;

const MAIL: &str = "mail.contoso.localhost";
const WEB: &str = "lyncweb.contoso.localhost";
const ECHO: &str = "/EWS/echo";
const TICKET: &str = "/WebTicket/WebTicketService.svc";

struct Gate {
    demo: Demo,
    tls: Arc<ClientConfig>,
    anna: Person,
    ben: Person,
}

impl Gate {
    fn open() -> anyhow::Result<Self> {
        let demo = Demo::start()?;
        let tls = tls(&demo, &[])?;
        let (anna, ben) = (demo.person(0), demo.person(1));
        Ok(Self {
            demo,
            tls,
            anna,
            ben,
        })
    }

    fn connect(&self, host: &str) -> anyhow::Result<Raw> {
        Raw::connect(&self.demo, &self.tls, host)
    }

    /// A connection that Anna has proved is hers.
    fn annas(&self) -> anyhow::Result<Raw> {
        let mut raw = self.connect(MAIL)?;
        let answer = ntlm(&self.anna).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
        assert_eq!(
            (answer.status, who(&answer)),
            (200, self.anna.account.clone())
        );
        Ok(raw)
    }

    fn seen(&self) -> anyhow::Result<usize> {
        Ok(self.demo.requests()?.len())
    }
}

fn ntlm(person: &Person) -> Ntlm {
    Ntlm::modern(person, &person.app_password, 7)
}

fn who(answer: &Answer) -> String {
    let echo: Value = serde_json::from_slice(&answer.body).expect("an echo");
    echo["identity"].as_str().expect("an identity").to_owned()
}

fn upstream(answer: &Answer) -> String {
    answer
        .header("x-lab-connection")
        .expect("a connection's number")
        .to_owned()
}

#[test]
fn t_conn_2_the_next_user_gets_another_connection_to_the_back_end() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let mut raw = gate.connect(MAIL)?;
    let first = ntlm(&gate.anna).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    let again = raw.exchange(Request::new(MAIL, ECHO).text())?;
    assert_eq!(
        upstream(&first),
        upstream(&again),
        "one user, one connection"
    );
    let second = ntlm(&gate.ben).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    assert_eq!(
        (who(&first), who(&second)),
        (gate.anna.account.clone(), gate.ben.account.clone())
    );
    assert_ne!(upstream(&first), upstream(&second));
    let elsewhere =
        ntlm(&gate.anna).sign_in(&mut gate.connect(MAIL)?, &Request::new(MAIL, ECHO))?;
    assert_ne!(
        upstream(&first),
        upstream(&elsewhere),
        "two clients share no connection"
    );
    Ok(())
}

#[test]
fn t_conn_5_a_first_message_discards_whoever_was_here() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let mut raw = gate.annas()?;
    let begun = Request::new(MAIL, ECHO).header(&ntlm(&gate.ben).first());
    assert_eq!(raw.exchange(begun.text())?.status, 401);
    let before = gate.seen()?;
    let plain = raw.exchange(Request::new(MAIL, ECHO).text())?;
    assert_eq!(plain.status, 401, "neither Anna nor Ben");
    assert_eq!(gate.seen()?, before);
    Ok(())
}

#[test]
fn t_conn_5_nor_is_a_connection_of_theirs_left_at_the_back_end() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let mut raw = gate.annas()?;
    let hers = raw.exchange(Request::new(MAIL, ECHO).text())?;
    let again = ntlm(&gate.anna).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    assert_eq!((who(&again), again.status), (who(&hers), 200));
    assert_ne!(
        upstream(&hers),
        upstream(&again),
        "it was nobody's in between"
    );
    Ok(())
}

#[test]
fn t_conn_6_a_challenge_is_good_once_and_on_its_connection() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let (mut one, mut other) = (gate.connect(MAIL)?, gate.connect(MAIL)?);
    let anna = ntlm(&gate.anna);
    let begun = Request::new(MAIL, ECHO).header(&anna.first()).text();
    let challenged = one.exchange(&begun)?;
    let others = other.exchange(&begun)?;
    assert_ne!(challenge(&challenged)?, challenge(&others)?);
    let last = Request::new(MAIL, ECHO)
        .header(&anna.last(&challenged)?)
        .text();
    assert_eq!(
        other.exchange(&last)?.status,
        401,
        "on the other connection"
    );
    assert_eq!(one.exchange(&last)?.status, 200);
    assert_eq!(one.exchange(&last)?.status, 401, "a second time");
    assert_eq!(
        one.exchange(Request::new(MAIL, ECHO).text())?.status,
        401,
        "and nobody is left"
    );
    assert_eq!(gate.seen()?, 1);
    Ok(())
}

#[test]
fn t_conn_7_what_is_left_of_a_refused_body_is_never_a_request() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let smuggled = Request::new(WEB, "/Autodiscover/AutodiscoverService.svc/root").text();
    // A small body is read and thrown away, and the connection stays.
    let mut raw = gate.connect(MAIL)?;
    let refused = raw.exchange(Request::post(MAIL, ECHO, &smuggled).text())?;
    assert_eq!(refused.status, 401);
    let answer = ntlm(&gate.anna).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    assert_eq!(answer.status, 200);
    // A large one ends it.
    let large = smuggled.repeat(1 + 100_000 / smuggled.len());
    let mut raw = gate.connect(MAIL)?;
    let refused = raw.exchange(Request::post(MAIL, ECHO, &large).text())?;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(raw.is_closed()?);
    assert_eq!(gate.seen()?, 1, "only the echo");
    Ok(())
}

#[test]
fn t_conn_9_nothing_is_served_within_a_handshake() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let mut raw = gate.connect(MAIL)?;
    let anna = ntlm(&gate.anna);
    let begun = Request::new(MAIL, ECHO).header(&anna.first()).text();
    raw.send(begun + &Request::new(MAIL, ECHO).text())?;
    let challenged = raw.answer()?.expect("an answer");
    assert_eq!(raw.answer()?.expect("an answer").status, 401);
    let last = Request::new(MAIL, ECHO).header(&anna.last(&challenged)?);
    assert_eq!(
        raw.exchange(last.text())?.status,
        401,
        "the handshake is void"
    );
    assert_eq!(gate.seen()?, 0);
    Ok(())
}

/// The same address and port again, at once: whoever comes is a stranger. A tenth in `test`.
#[test]
fn t_conn_11_an_address_and_port_that_was_somebodys_is_nobodys() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let times = if std::env::var_os("WICKETGATE_NIGHT").is_some() {
        10_000
    } else {
        1_000
    };
    for time in 0..times {
        // Ports below the system's own range, so that nobody else takes one.
        let from = (Ipv4Addr::LOCALHOST, 20_000 + u16::try_from(time % 5_000)?);
        let mut raw = Raw::connect_from(&gate.demo, &gate.tls, MAIL, from)?;
        let answer = ntlm(&gate.anna).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
        assert_eq!(answer.status, 200);
        raw.reset()?;
        let mut raw = Raw::connect_from(&gate.demo, &gate.tls, MAIL, from)?;
        let answer = raw.exchange(Request::new(MAIL, ECHO).text())?;
        assert_eq!(
            answer.status, 401,
            "the {time}th stranger on port {}",
            from.1
        );
        raw.reset()?;
    }
    Ok(())
}

/// Message 3 with another NT response: a first message, the real challenge, and this in its place.
fn with_response(gate: &Gate, response: &[u8], user: &str) -> anyhow::Result<Answer> {
    let mut raw = gate.connect(WEB)?;
    let anna = Ntlm::plain(&gate.anna, &gate.anna.app_password, 5);
    let body = request_for(&gate.demo, &gate.anna.sip);
    let begun = Request::post(WEB, TICKET, "").header(&anna.first());
    let challenged = raw.exchange(begun.text())?;
    challenge(&challenged)?;
    let line = format!(
        "Authorization: NTLM {}",
        STANDARD.encode(message_3(response, user))
    );
    raw.exchange(Request::post(WEB, TICKET, &body).header(&line).text())
}

/// [MS-NLMP] 2.2.1.3, with an empty LM response, workstation and key.
fn message_3(response: &[u8], user: &str) -> Vec<u8> {
    let utf16 = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let parts = [&[], response, &utf16("CONTOSO"), &utf16(user), &[], &[]];
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    let mut offset = 64_u32;
    let mut payload = Vec::new();
    for part in parts {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        message.extend(length.to_le_bytes());
        message.extend(length.to_le_bytes());
        message.extend(offset.to_le_bytes());
        payload.extend_from_slice(part);
        offset += u32::from(length);
    }
    message.extend(0x0008_8201_u32.to_le_bytes());
    message.extend(payload);
    message
}

#[test]
fn s32_ntlm_of_the_first_version_anonymity_and_made_up_proofs_get_401() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let made_up = [vec![0x5a; 16], vec![1, 1, 0, 0, 0, 0, 0, 0], vec![0x33; 60]].concat();
    let forgeries = [
        ("NTLMv1", vec![0x41; 24], "anna"),
        (
            "NTLMv1 with extended session security",
            [[0x42; 8], [0; 8], [0; 8]].concat(),
            "anna",
        ),
        ("anonymous", Vec::new(), ""),
        ("no response", Vec::new(), "anna"),
        ("a random proof without MIC", made_up, "anna"),
        ("a random NTLMv2 response", vec![1; 90], "anna"),
    ];
    for (name, response, user) in forgeries {
        let answer = with_response(&gate, &response, user)?;
        assert_eq!(answer.status, 401, "{name}");
    }
    let guess = Ntlm::plain(&gate.anna, "a guess", 5);
    let body = request_for(&gate.demo, &gate.anna.sip);
    let answer = guess.sign_in(&mut gate.connect(WEB)?, &Request::post(WEB, TICKET, &body))?;
    assert_eq!(
        answer.status, 401,
        "a proof by another password, without MIC"
    );
    assert_eq!(gate.seen()?, 0, "none of them reached a server");
    Ok(())
}

#[test]
fn a_channel_binding_of_another_connection_is_refused() -> anyhow::Result<()> {
    let gate = Gate::open()?;
    let mut raw = gate.connect(MAIL)?;
    let shown = raw.certificate()?;
    let digest = e2e::raw::sha256(&shown);
    let bound = |hash: &[u8]| {
        let mut anna = ntlm(&gate.anna);
        anna.client.channel_binding = Some(proto::ntlm::ChannelBinding::tls_server_end_point(hash));
        anna
    };
    let right = bound(&digest).sign_in(&mut raw, &Request::new(MAIL, ECHO))?;
    assert_eq!(right.status, 200);
    let interposed =
        bound(&[7; 32]).sign_in(&mut gate.connect(MAIL)?, &Request::new(MAIL, ECHO))?;
    assert_eq!(interposed.status, 401);
    Ok(())
}

#[test]
fn i3_a_connection_behind_ends_when_somebody_else_s_request_goes_on() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let tls = tls(&demo, &[])?;
    let mut raw = Raw::connect(&demo, &tls, MAIL)?;
    let mut behind = |number: usize| -> anyhow::Result<u64> {
        let person = demo.person(number);
        let line = basic(&person.upn, &person.app_password);
        let answer = raw.exchange(Request::new(MAIL, ECHO).header(&line).text())?;
        let echo: Value = serde_json::from_str(&answer.text())?;
        Ok(echo["connection"].as_u64().expect("a connection"))
    };
    let annas = [behind(0)?, behind(0)?];
    assert_eq!(annas[0], annas[1], "it is kept for her");
    let (bens, later) = (behind(1)?, behind(0)?);
    assert!(
        bens != annas[0] && later != annas[0],
        "and ended before his"
    );
    Ok(())
}
