//! What codes, memorised secrets and Kerberos rest on stands with the authentication server, and with no gateway that asks
//! it: neither in its files nor in its memory, however it is spelled (S41).

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::keytab;
use proto::otp::{Generator, KeyUri, base32};

use super::*;

/// The key in the keytab.
const KEY: [u8; 32] = *b"a key of Kerberos, and of no DMZ";
/// Nobody types it at a gateway.
const SECRET: &str = "never typed at any gateway 31415926";

/// A secret in the spellings that a program might write it in.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut in_32 = String::new();
    base32::encode(secret, &mut in_32);
    let base_64 = STANDARD.encode(secret).trim_end_matches('=').to_owned();
    vec![
        secret.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        in_32.to_lowercase().into_bytes(),
        in_32.into_bytes(),
        base_64.into_bytes(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
    ]
}

/// The token of somebody, as the authentication server keeps it, and its seed.
fn button(demo: &Demo, person: &Person) -> anyhow::Result<(Generator, Vec<u8>)> {
    let made = demo.wicketgate_json(&["token", "enrol", &person.upn, "--counter"])?;
    let uri = made.first().and_then(|made| made["uri"].as_str());
    let uri = KeyUri::parse(uri.context("a URI")?)?;
    let generator = Generator::new(&uri.seed, uri.algorithm, uri.digits);
    let first = generator.code(0).shown().expose().clone();
    let confirmed = demo.wicketgate(&["token", "confirm", &person.upn, &first])?;
    assert!(confirmed.status.success(), "{confirmed:?}");
    Ok((generator, uri.seed.as_bytes().to_vec()))
}

fn remember(demo: &Demo, person: &Person) -> anyhow::Result<()> {
    let mut command = demo.command(&["secret", "set", &person.upn])?;
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no input")?;
    writeln!(input, "{SECRET}")?;
    drop(input);
    anyhow::ensure!(child.wait()?.success(), "no secret was set");
    Ok(())
}

#[test]
fn s41_neither_the_files_nor_the_memory_of_a_gateway_hold_a_seed_a_memorised_secret_or_a_keytab()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let people = [demo.person(0), demo.person(1)];
    let mut apart = Apart::beside(&demo);
    apart.ask_for("app-password + one-time-code");
    apart.list("dmz1")?;
    let keytab = keytab::with_key(&[&["gate$"]], "CONTOSO.LOCALHOST", &KEY);
    std::fs::write(demo.folder().join("inside.keytab"), &keytab)?;
    apart.and(
        "[kerberos]\naccount = \"gate$\"\nkeytab = \"inside.keytab\"\ncontrollers = [\"127.0.0.1\"]\n",
    );
    let server = apart.server(SocketAddr::from(ANYWHERE))?;
    let gateway = apart.gateway("dmz1", server.address)?;
    let tls = tls(&demo, &[])?;
    let mut needles = [spellings(&KEY), spellings(SECRET.as_bytes())].concat();
    let mut seeds = Vec::new();
    for person in &people {
        remember(&demo, person)?;
        let (generator, seed) = button(&demo, person)?;
        let typed = format!(
            "{}{}",
            person.app_password,
            generator.code(1).shown().expose()
        );
        let request = Request::new(MAIL, ECHO).header(&basic(&person.upn, &typed));
        let mut raw = Raw::connect_to(gateway.address, &tls, MAIL)?;
        assert_eq!(
            raw.exchange(request.text())?.status,
            200,
            "{}",
            server.log()
        );
        needles.extend(spellings(&seed));
        seeds.push(seed);
    }
    let regions = memory::of(gateway.process())?;
    assert_eq!(
        memory::found(&regions, &[MAIL.as_bytes().to_vec()]),
        [0],
        "it was looked into"
    );
    let found = memory::found(&regions, &needles);
    assert!(found.is_empty(), "{found:?} of {}", needles.len());
    let kept = files(&apart.folder_of("dmz1"))?;
    let found = memory::found(&kept, &needles);
    assert!(found.is_empty(), "{found:?} in a file");
    // They are what the other one works with: the keytab is a file of its own, and a seed is opened for each code.
    assert!(!memory::found(&[keytab], &needles).is_empty());
    assert!(seeds.iter().all(|seed| seed.len() >= 16));
    Ok(())
}
