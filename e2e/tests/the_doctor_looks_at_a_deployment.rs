//! The doctor looks at a deployment inside a real Active Directory: it is silent where all is well, and finds each thing
//! that is put wrong in the domain, in DNS, in TLS or in the configuration.

use std::io::{Read, Write};
use std::process::{Child, Stdio};

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::domain_gate::{self, DomainGate, base, farm, pool, route};
use e2e::skip;
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use crate::a_back_end_demands_channel_bindings::BackEnd;

/// The resolver of the lab, which is the domain controller.
const RESOLVER: &str = "127.0.0.10";
/// Where a server stands that answers everything with one text.
const OTHER: &str = "127.0.0.11";

/// A Lync pool, Exchange and an application, all by Kerberos.
fn good() -> String {
    let exchange = "[[exchange]]\nhost = \"mail.contoso.test\"\nfarm = \"exch\"\n";
    base() + &farm("fe", "lync-fe") + &farm("exch", "exch") + &route("fe") + &pool("fe") + exchange
}

/// What it said, and how it ended.
#[derive(Debug)]
struct Said {
    status: Option<i32>,
    lines: Vec<Value>,
    beside: String,
}

impl Said {
    fn ids(&self) -> Vec<&str> {
        let ids = self.lines.iter().filter_map(|it| it["id"].as_str());
        ids.collect()
    }
}

/// Runs it with a configuration, and these variables in its environment.
fn doctor(
    lab: &ActiveDirectory,
    config: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<Said> {
    domain_gate::write(lab, config)?;
    let program = domain_gate::command(lab)?;
    let mut command = lab.command("env");
    command.args(
        environment
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    // What `command` made is its own way into the lab; the program and its arguments are what is behind that.
    let inside = program.get_args().skip_while(|it| *it != "--").skip(1);
    let output = command
        .args(inside)
        .args(["--json", "doctor"])
        .args(arguments)
        .output()?;
    let lines = String::from_utf8(output.stdout)?;
    let lines = lines.lines().map(serde_json::from_str);
    Ok(Said {
        status: output.status.code(),
        lines: lines.collect::<Result<_, _>>()?,
        beside: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

fn is_silent(said: &Said) {
    assert!(said.lines.is_empty(), "{said:#?}");
    assert_eq!(
        (said.status, said.beside.as_str()),
        (Some(0), ""),
        "{said:#?}"
    );
}

/// That one thing is found, and nothing else.
fn finds(said: &Said, id: &str) {
    let mut ids = said.ids();
    ids.dedup();
    assert_eq!(ids, [id], "{said:#?}");
    assert_eq!(said.status, Some(1), "{said:#?}");
    let mended = said
        .lines
        .iter()
        .all(|it| it["mend"].as_str().is_some_and(|it| !it.is_empty()));
    assert!(mended, "{said:#?}");
}

/// A server that answers everything with one text, until this is dropped.
struct Answers(Child);

impl Answers {
    fn start(
        lab: &ActiveDirectory,
        port: &str,
        ciphers: &[&str],
        text: &str,
    ) -> anyhow::Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/lab/answers.py");
        let mut command = lab.command("/usr/bin/python3");
        command
            .args([script, "--address", OTHER, "--port", port])
            .args(["--certificate", &format!("{TOP}/tls/lync-fe.pem")])
            .args(["--key", &format!("{TOP}/tls/lync-fe.key")])
            .args(ciphers)
            .args(["--text", text]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = [0; 6];
        let out = child.stdout.as_mut().context("no standard output")?;
        out.read_exact(&mut said)?;
        assert_eq!(&said, b"ready\n");
        Ok(Self(child))
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn s60_a_good_deployment_is_passed_over_in_silence_and_its_prerequisites_are_listed()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor and a good deployment")? else {
        return Ok(());
    };
    let elsewhere = [("TMPDIR", "/mnt/gate")];
    is_silent(&doctor(&lab, &good(), &[], &elsewhere)?);
    let listed = doctor(&lab, &good(), &["prerequisites"], &elsewhere)?;
    assert_eq!(listed.status, Some(0), "{listed:#?}");
    let states: Vec<_> = listed
        .lines
        .iter()
        .filter_map(|it| it["state"].as_str())
        .collect();
    let count = |state: &str| states.iter().filter(|it| **it == state).count();
    assert_eq!(count("missing"), 0, "{listed:#?}");
    // A clock, three names, the certificates, two members, four answers, the account, the roles.
    assert_eq!(count("ok"), 13, "{listed:#?}");
    assert_eq!(count("not-checked"), 8, "{listed:#?}");
    let signed_in = doctor(&lab, &good(), &["sign-in", "alice"], &elsewhere)?;
    assert_eq!(signed_in.status, Some(0), "{signed_in:#?}");
    let is_ok = |it: &Value| it["state"] == "ok";
    assert!(signed_in.lines.iter().all(is_ok), "{signed_in:#?}");
    // The account, and four steps at each of two back ends.
    assert_eq!(signed_in.lines.len(), 9, "{signed_in:#?}");
    // Nothing of its own is left behind, and nothing of a gate's was touched.
    let left = std::fs::read_dir(lab.folder().join("gate"))?;
    let left = left.map(|it| Ok(it?.file_name()));
    let left: Vec<_> = left.collect::<std::io::Result<_>>()?;
    assert_eq!(left, ["wicketgate.toml"]);
    Ok(())
}

#[test]
fn what_is_wrong_in_the_configuration_or_in_tls_is_found() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor, TLS and the configuration")? else {
        return Ok(());
    };
    let without = good()
        .replace("tls/gateway.pem", "tls/short.pem")
        .replace("tls/gateway.key", "tls/short.key");
    let end = std::process::Command::new("date")
        .args(["-u", "-d", "+6 days", "+%Y %m %d"])
        .output()?;
    let end = String::from_utf8(end.stdout)?;
    let end: Vec<i32> = end
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    for (hosts, id) in [
        (&["app", "lyncweb"][..], "listener-certificate-without-name"),
        (&["app", "lyncweb", "mail"], "listener-certificate-ends"),
    ] {
        let names: Vec<String> = hosts
            .iter()
            .map(|it| format!("{it}.contoso.test"))
            .collect();
        let mut certificate = CertificateParams::new(names)?;
        if id == "listener-certificate-ends" {
            let (month, day) = (u8::try_from(end[1])?, u8::try_from(end[2])?);
            certificate.not_after = rcgen::date_time_ymd(end[0], month, day);
        }
        let key = KeyPair::generate()?;
        let tls = lab.folder().join("tls");
        std::fs::write(tls.join("short.pem"), certificate.self_signed(&key)?.pem())?;
        std::fs::write(tls.join("short.key"), key.serialize_pem())?;
        finds(&doctor(&lab, &without, &[], &[])?, id);
    }
    let no_pair = without.replace("tls/short.key", "tls/gateway.key");
    finds(
        &doctor(&lab, &no_pair, &[], &[])?,
        "listener-certificate-unusable",
    );
    // An Exchange of the days before: TLS 1.2 with CBC and no more.
    let old = ["--ciphers", "ECDHE-ECDSA-AES128-SHA"];
    let _old = Answers::start(&lab, "8443", &old, "")?;
    let behind = good().replace(
        "address = \"https://exch.contoso.test\"",
        "address = \"https://exch.contoso.test:8443\"",
    );
    let said = doctor(&lab, &behind, &[], &[])?;
    let ids = said.ids();
    assert!(ids.contains(&"back-end-needs-legacy-tls"), "{said:#?}");
    assert_eq!(
        said.lines.len(),
        3,
        "and that it does not answer at its two paths: {said:#?}"
    );
    // Metadata without the port of Windows.
    let mex = lab.folder().join("apache/open/mex.xml");
    let text = std::fs::read_to_string(&mex)?;
    std::fs::write(
        &mex,
        text.replace(
            "name=\"WebTicketServiceWinNegotiate\"",
            "name=\"WebTicketServiceCert\"",
        ),
    )?;
    finds(&doctor(&lab, &good(), &[], &[])?, "mex-without-windows");
    Ok(())
}

#[test]
fn s47_names_on_the_wrong_side_and_servers_beside_the_gate_are_found() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor and the names")? else {
        return Ok(());
    };
    // Nobody on the LAN knows the published names.
    is_silent(&doctor(&lab, &good(), &["--inside", RESOLVER], &[])?);
    lab.tell("name mail 127.0.0.12")?;
    let said = doctor(&lab, &good(), &["--inside", RESOLVER], &[])?;
    finds(&said, "name-answers-inside");
    // The same resolver as one outside: it knows all published names, and they lead to the gate.
    lab.tell("name app 127.0.0.12")?;
    lab.tell("name lyncweb 127.0.0.12")?;
    let gate = DomainGate::open(&lab, &good())?;
    let outside = ["--outside", RESOLVER];
    is_silent(&doctor(&lab, &good(), &outside, &[])?);
    let around = doctor(
        &lab,
        &good(),
        &["--around", "lync-fe.contoso.test:443"],
        &[],
    )?;
    finds(&around, "answers-around-the-gate");
    lab.tell("name lync-fe 127.0.0.11")?;
    finds(
        &doctor(&lab, &good(), &outside, &[])?,
        "back-end-name-answers-outside",
    );
    lab.tell("name app 127.0.0.11")?;
    let said = doctor(&lab, &good(), &outside, &[])?;
    assert!(said.ids().contains(&"answers-around-the-gate"), "{said:#?}");
    drop(gate);
    // What the edge of SIP offers.
    let challenges = "SIP/2.0 401 Unauthorized\nWWW-Authenticate: NTLM realm=\"x\"\nWWW-Authenticate: TLS-DSK realm=\"x\"\n\n";
    let _edge = Answers::start(&lab, "5061", &[], challenges)?;
    let edge = ["--sip", "lync-fe.contoso.test:5061"];
    finds(&doctor(&lab, &good(), &edge, &[])?, "sip-offers-ntlm");
    Ok(())
}

#[test]
fn what_is_wrong_with_the_gate_s_account_or_its_rights_is_found() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor and the gate's account")? else {
        return Ok(());
    };
    let alice = ["sign-in", "alice"];
    // A target that is not on the list, and one that nobody has.
    for (spn, id) in [
        ("HTTP/rogue.contoso.test", "delegation-not-allowed"),
        ("HTTP/none.contoso.test", "spn-held-by-nobody"),
    ] {
        let config = good().replace(
            "spn = \"HTTP/exch.contoso.test\"",
            &format!("spn = \"{spn}\""),
        );
        let said = doctor(&lab, &config, &alice, &[])?;
        assert_eq!(said.ids(), [id], "{said:#?}");
        assert_eq!(said.status, Some(1));
        let elsewhere = doctor(&lab, &config, &["sign-in", "alice", "--to", "fe"], &[])?;
        assert_eq!(elsewhere.status, Some(0), "{elsewhere:#?}");
    }
    for (user, id) in [
        ("carol", "not-delegable"),
        ("dave", "user-refused"),
        ("nobody", "user-unknown"),
    ] {
        let said = doctor(&lab, &good(), &["sign-in", user], &[])?;
        assert_eq!(said.ids(), [id], "{said:#?}");
    }
    // An account without protocol transition.
    let rogue = good()
        .replace("account = \"gateway$\"", "account = \"rogue$\"")
        .replace("gateway.keytab", "rogue.keytab");
    is_silent(&doctor(&lab, &rogue, &[], &[])?);
    let said = doctor(&lab, &rogue, &alice, &[])?;
    assert_eq!(said.ids(), ["not-delegable"], "{said:#?}");
    // A keytab of another account.
    let another = good().replace("gateway.keytab", "rogue.keytab");
    finds(&doctor(&lab, &another, &[], &[])?, "keytab-unusable");
    // Nothing demands a channel binding at this back end.
    let said = doctor(
        &lab,
        &good(),
        &["sign-in", "alice", "--expect-ep", "exch"],
        &[],
    )?;
    assert_eq!(
        said.ids(),
        ["extended-protection-not-demanded"],
        "{said:#?}"
    );
    // A keytab of an old key.
    let keytab = lab.folder().join("gateway.keytab");
    let old = std::fs::read(&keytab)?;
    lab.tell("rotate gateway$")?;
    std::fs::write(&keytab, old)?;
    finds(&doctor(&lab, &good(), &[], &[])?, "keytab-of-an-old-key");
    lab.tell("kill")?;
    let said = doctor(&lab, &good(), &[], &[])?;
    assert_eq!(
        said.ids(),
        ["kerberos-silent", "controller-silent"],
        "{said:#?}"
    );
    Ok(())
}

#[test]
fn extended_protection_is_seen_by_what_a_back_end_refuses() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor and Extended Protection")? else {
        return Ok(());
    };
    let address = "127.0.0.11:8443";
    let exch = farm("exch", "exch").replace(
        "https://exch.contoso.test\"",
        &format!("https://{address}\"\ntls_name = \"exch.contoso.test\""),
    );
    let config = base() + &exch + &route("exch");
    let sign_in = ["sign-in", "alice", "--expect-ep", "exch"];
    let demands = BackEnd::start(&lab, address, ("lync-fe", Some("lync-fe")))?;
    let said = doctor(&lab, &config, &sign_in, &[])?;
    assert_eq!(said.status, Some(0), "{said:#?}");
    let last = said.lines.last().context("no step")?;
    assert_eq!(last["said"], "refused: Extended Protection is demanded");
    drop(demands);
    // It demands the binding of another certificate, as where something before it ends TLS.
    let _another = BackEnd::start(&lab, address, ("gateway", Some("lync-fe")))?;
    let said = doctor(&lab, &config, &sign_in, &[])?;
    assert_eq!(said.ids(), ["token-not-taken"], "{said:#?}");
    Ok(())
}

#[test]
fn a_clock_that_is_six_minutes_off_is_found() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor and the clock")? else {
        return Ok(());
    };
    let is_there = "ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1";
    if !lab.command("sh").args(["-c", is_there]).status()?.success() {
        return skip::skip("the doctor and the clock", "libfaketime is not installed");
    }
    for minutes in ["+6m", "-6m"] {
        let environment = [
            ("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1"),
            ("FAKETIME", minutes),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let said = doctor(&lab, &good(), &[], &environment)?;
        finds(&said, "clock-off");
    }
    Ok(())
}

/// The same with the directory that the accounts are read from.
fn with_directory() -> String {
    good()
        + r#"
[directory]
controllers = ["dc1.contoso.test"]
authorities = "/mnt/tls/ca.pem"
account = "reader@contoso.test"
"#
}

#[test]
fn what_is_wrong_with_accounts_in_the_directory_is_found() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the doctor and the directory")? else {
        return Ok(());
    };
    // Without a store there is no password to read it with.
    finds(
        &doctor(&lab, &with_directory(), &[], &[])?,
        "directory-silent",
    );
    let migrated = domain_gate::command(&lab)?
        .args(["db", "migrate"])
        .output()?;
    assert!(migrated.status.success(), "{migrated:?}");
    let mut setting = domain_gate::command(&lab)?
        .args(["directory", "set-password"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = setting.stdin.take().context("no standard input")?;
    input.write_all(b"Not.for.the.gate.1\n")?;
    drop(input);
    assert!(setting.wait()?.success());
    let http = |hosts: &[&str]| -> String {
        let spns = hosts.iter().map(|it| format!("HTTP/{it}.contoso.test"));
        spns.collect::<Vec<_>>().join(",")
    };
    let spns = |account: &str, hosts: &[&str]| {
        format!("set {account} servicePrincipalName={}", http(hosts))
    };
    let listed = |hosts: &[&str]| format!("set gateway$ msDS-AllowedToDelegateTo={}", http(hosts));
    let own = ["gateway", "app", "lyncweb", "mail"];
    lab.tell(&spns("gateway$", &own))?;
    lab.tell(&listed(&["lync-fe", "exch"]))?;
    is_silent(&doctor(&lab, &with_directory(), &[], &[])?);
    let of = |types: u32| format!("set svc-exch msDS-SupportedEncryptionTypes={types}");
    let control = |flags: u32| format!("set gateway$ userAccountControl={flags}");
    // Each thing wrong, what puts it right, and what is found.
    let cases = [
        (of(4), of(24), "target-without-aes"),
        (
            control(0x1000),
            control(0x100_1000),
            "gateway-without-protocol-transition",
        ),
        (
            listed(&["lync-fe", "exch", "rogue"]),
            listed(&["lync-fe", "exch"]),
            "delegation-too-wide",
        ),
        (
            format!("{},HOST/exch", spns("svc-exch", &["exch"])),
            spns("svc-exch", &["exch"]),
            "delegation-to-machine-account",
        ),
    ];
    for (wrong, right, id) in cases {
        lab.tell(&wrong)?;
        finds(&doctor(&lab, &with_directory(), &[], &[])?, id);
        lab.tell(&right)?;
    }
    lab.tell(&spns("gateway$", &own[..3]))?;
    lab.tell(&spns("svc-exch", &["exch", "mail"]))?;
    finds(
        &doctor(&lab, &with_directory(), &[], &[])?,
        "published-spn-on-another-account",
    );
    Ok(())
}
