//! A name that changes its owner takes nobody along: in a real Active Directory (Samba) alice marries and bob gets
//! her name, and neither her old ticket nor the gate's old knowledge of names makes one of them the other.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::directory_gate::{enrol, tell};
use e2e::domain_gate::{DomainGate, base, farm, route, told, write};
use e2e::office::{INSIDE, logs_on};
use proto::kerberos::pac;

/// The lab's domain controller, read every five seconds.
const DIRECTORY: &str = r#"
[directory]
controllers = ["dc1.contoso.test"]
authorities = "/mnt/tls/ca.pem"
account = "reader@contoso.test"
refresh = 5
"#;
/// An office, where the domain's tickets are taken; what comes from elsewhere brings an app password.
const OFFICE: &str = r#"
[[policy]]
zones = ["internal"]
methods = ["kerberos", "app-password"]

[[policy]]
zones = ["external"]
"#;
/// The password of the account that reads the directory.
const PASSWORD: &str = "Not.for.the.gate.1";
/// Where the directory is, as the lab's `hosts` has it.
const THERE: &str = "127.0.0.10 dc1.";
/// Where nobody is.
const NOWHERE: &str = "127.0.0.15 dc1.";

#[test]
fn an_old_ticket_does_not_sign_in_whoever_has_the_name_by_now() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a ticket older than the names")? else {
        return Ok(());
    };
    assert!(logs_on(&lab, "alice")?);
    let config = (base() + DIRECTORY + &farm("fe", "lync-fe") + &route("fe"))
        .replace("app.contoso.test", "gateway.contoso.test")
        .replace("[[policy]]\n", OFFICE.trim_start())
        .replace(
            "gateway.key\" }]\n",
            &format!("gateway.key\" }}]\ninternal_networks = [\"{INSIDE}/32\"]\n"),
        );
    let gate = opened(&lab, &config)?;
    enrol(&lab, "alice")?;
    assert_eq!(
        by_ticket(&lab, "who")?,
        (200, "alice@CONTOSO.TEST".to_owned())
    );
    let hers = sid(&by_ticket(&lab, "pac")?)?;

    change_hands(&lab)?;
    gate.serve.line("alina\"")?;
    enrol(&lab, "alice")?;
    // Her computer has had this ticket since before all that.
    assert_eq!(by_ticket(&lab, "who")?.0, 401);
    let events = gate.wicketgate(&["audit", "list"])?;
    let is_told = |it: &serde_json::Value| {
        it["reason"] == "another-account" && it["name"] == "alice@CONTOSO.TEST"
    };
    assert_eq!(
        events.iter().filter(|it| is_told(it)).count(),
        1,
        "{events:?}"
    );

    // With his own ticket he is himself.
    assert!(logs_on(&lab, "alice")?);
    assert_eq!(
        by_ticket(&lab, "who")?,
        (200, "alice@CONTOSO.TEST".to_owned())
    );
    assert_ne!(sid(&by_ticket(&lab, "pac")?)?, hers);
    Ok(())
}

#[test]
fn until_the_directory_is_read_again_nobody_is_passed_on_as_whoever_has_their_name()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("names older than the domain's")? else {
        return Ok(());
    };
    let config = base() + DIRECTORY + &farm("fe", "lync-fe") + &route("fe");
    let gate = opened(&lab, &config)?;
    let alice = enrol(&lab, "alice")?;
    gate.serve.line("the directory is read")?;
    // The directory is away, and what is known of it counts for ten minutes.
    move_directory(&lab, [THERE, NOWHERE])?;
    gate.serve.line("the directory cannot be read")?;
    change_hands(&lab)?;
    let (status, body) = by_app_password(&gate, ("alice", &alice), "who", &[])?;
    assert_eq!(status, 503, "{body}");
    gate.serve
        .line("the names here are older than the domain's")?;
    let events = gate.wicketgate(&["audit", "list"])?;
    let is_told = |it: &serde_json::Value| {
        it["event"] == "not-passed-on" && it["reason"] == "another-account"
    };
    assert_eq!(
        events.iter().filter(|it| is_told(it)).count(),
        1,
        "{events:?}"
    );

    move_directory(&lab, [NOWHERE, THERE])?;
    gate.serve.line("has the names of")?;
    // Whoever has another name comes again: what is under way is cut off within two seconds.
    let again = ["--retry", "5", "--retry-all-errors"];
    let as_alina = by_app_password(&gate, ("alina", &alice), "who", &again)?;
    assert_eq!(as_alina, (200, "alina@CONTOSO.TEST".to_owned()));
    // Whoever has the name by now is themselves, with a ticket of their own.
    let bob = enrol(&lab, "alice")?;
    let as_alice = by_app_password(&gate, ("alice", &bob), "who", &[])?;
    assert_eq!(as_alice, (200, "alice@CONTOSO.TEST".to_owned()));
    let of = |user, secret| sid(&by_app_password(&gate, (user, secret), "pac", &[])?);
    assert_ne!(of("alice", &bob)?, of("alina", &alice)?);
    Ok(())
}

/// A gate that follows the directory.
fn opened<'l>(lab: &'l ActiveDirectory, config: &str) -> anyhow::Result<DomainGate<'l>> {
    write(lab, config)?;
    tell(lab, &["db", "migrate"], "")?;
    tell(lab, &["directory", "set-password"], PASSWORD)?;
    DomainGate::open(lab, config)
}

/// Alice is called alina from here on, and bob is called alice.
fn change_hands(lab: &ActiveDirectory) -> anyhow::Result<()> {
    for step in [
        "set alice mail=alina@contoso.test",
        "rename alice alina",
        "rename bob alice",
    ] {
        lab.tell(step)?;
    }
    Ok(())
}

/// Gives the directory's name in the lab another address.
fn move_directory(lab: &ActiveDirectory, [from, to]: [&str; 2]) -> anyhow::Result<()> {
    let hosts = lab.folder().join("hosts");
    let names = std::fs::read_to_string(&hosts)?;
    let moved = names.replace(from, to);
    assert_ne!(names, moved);
    Ok(std::fs::write(hosts, moved)?)
}

/// What the back end shows of alice's computer in the office, which has a ticket of the domain.
fn by_ticket(lab: &ActiveDirectory, page: &str) -> anyhow::Result<(u16, String)> {
    let mut curl = lab.command("env");
    curl.args([
        "KRB5_CONFIG=/mnt/client.conf",
        "KRB5CCNAME=FILE:/mnt/alice.ccache",
        "curl",
    ]);
    curl.args(["--silent", "--show-error", "--write-out", "\n%{http_code}"]);
    curl.args(["--cacert", &format!("{TOP}/tls/ca.pem")]);
    curl.args(["--interface", INSIDE, "--negotiate", "--user", ":"]);
    curl.arg(format!("https://gateway.contoso.test/{page}.shtml"));
    told(&curl.output()?)
}

/// What the back end shows of somebody with an app password.
fn by_app_password(
    gate: &DomainGate<'_>,
    (user, secret): (&str, &str),
    page: &str,
    more: &[&str],
) -> anyhow::Result<(u16, String)> {
    let user = format!("CONTOSO\\{user}:{secret}");
    let url = format!("https://app.contoso.test/{page}.shtml");
    gate.curl(&[more, &["--basic", "--user", &user, &url]].concat())
}

/// Whose ticket the back end got, by the page that shows what is in it.
fn sid((status, page): &(u16, String)) -> anyhow::Result<String> {
    assert_eq!(*status, 200, "{page}");
    let told = page.split("urn:mspac:logon-info").nth(1);
    let raw = told.and_then(|it| it.split("\"raw\":\"").nth(1)?.split('"').next());
    let logon_info = BASE64_STANDARD.decode(raw.context("no logon information")?)?;
    Ok(pac::owner(&logon_info)?.sid.to_string())
}
