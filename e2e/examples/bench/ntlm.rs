//! What one NTLMv2 exchange costs to check, as `authn` does it: message 3 parsed, everything that
//! needs no key checked, and then every hash tried, whichever is right.

use anyhow::Context;
use authn::attempt::LEAST_TRIED;
use proto::ntlm::client::{Client, Draw};
use proto::ntlm::{
    Authenticate, Challenge, Expected, FileTime, Negotiate, NtHash, Response, Target,
};

use crate::figure::Figure;
use crate::peer::openssl_hmac_md5;
use crate::stopwatch::{median, micros, timed};

/// How many exchanges are timed together; a clock is not read in each.
const TOGETHER: usize = 2_000;
/// How often that is done; the middle one counts.
const TIMES: usize = 15;
/// HMACs for each hash: the response key and the proof; the session base key is computed once.
const HMACS: usize = 2;

pub(crate) fn run() -> anyhow::Result<Vec<Figure>> {
    let peer = openssl_hmac_md5(256)?;
    let mut figures = Vec::new();
    for (name, client) in [
        (
            "no MIC, as curl",
            Client::plain("anna", "CONTOSO", "the right one"),
        ),
        (
            "MIC, as Windows",
            Client::new("anna", "CONTOSO", "the right one"),
        ),
    ] {
        for (passwords, budget) in [(1, "8 us"), (3, "14 us")] {
            let hashes = hashes(passwords);
            let took = exchange(&client, &hashes)?;
            let hmacs = HMACS * hashes.len() + 1;
            figures.push(Figure {
                name: format!(
                    "{passwords} app password(s), {} hashes tried, {name}",
                    hashes.len()
                ),
                value: took,
                unit: "us",
                peer: Some((
                    format!("{hmacs} HMAC-MD5 of 256 bytes by OpenSSL"),
                    peer * hmacs as f64,
                )),
                budget,
            });
        }
    }
    Ok(figures)
}

/// The two typed forms of so many app passwords, filled up as `authn` does; the right one is last.
fn hashes(passwords: usize) -> Vec<NtHash> {
    let mut hashes: Vec<NtHash> = (1..(2 * passwords).max(LEAST_TRIED))
        .map(|number| NtHash::of_password(&number.to_string()))
        .collect();
    hashes.push(NtHash::of_password("the right one"));
    hashes
}

/// The time of one exchange.
fn exchange(client: &Client, hashes: &[NtHash]) -> anyhow::Result<f64> {
    let (message_1, message_3) = (client.negotiate(), answer(client)?);
    let check = || -> Option<usize> {
        let challenge = challenge(&message_1)?;
        let authenticate = Authenticate::parse(&message_3).ok()?;
        let response = Response::check(challenge, authenticate, &Expected::default()).ok()?;
        Some(response.first_proved(hashes)?.0)
    };
    anyhow::ensure!(
        check() == Some(hashes.len() - 1),
        "the right hash is not found"
    );
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let (took, proved) = timed(|| (0..TOGETHER).filter(|_| check().is_some()).count());
        anyhow::ensure!(proved == TOGETHER, "an exchange failed");
        times.push(micros(took) / TOGETHER as f64);
    }
    Ok(median(&times))
}

fn answer(client: &Client) -> anyhow::Result<Vec<u8>> {
    let challenge = challenge(&client.negotiate()).context("message 1 is refused")?;
    let draw = Draw {
        client_challenge: [1; 8],
        session_key: [2; 16],
        time: None,
    };
    Ok(client.authenticate(challenge.as_bytes(), draw)?.0)
}

fn challenge(message_1: &[u8]) -> Option<Challenge> {
    let target = Target {
        netbios_domain: "CONTOSO".to_owned(),
        netbios_computer: "GATE".to_owned(),
        dns_domain: "contoso.com".to_owned(),
        dns_computer: "gate.contoso.com".to_owned(),
    };
    let negotiate = Negotiate::parse(message_1).ok()?;
    let time = FileTime(134_000_000_000_000_000);
    Some(Challenge::answer(negotiate, &target, [3; 8], time))
}
