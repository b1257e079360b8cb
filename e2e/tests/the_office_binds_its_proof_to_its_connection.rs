//! Where a listener demands that a proof is bound to its TLS connection, clients that bind theirs sign in, and what
//! stands between them and the gate does not: pyspnego with its own Kerberos, and Chromium, in a real Active Directory.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::demo::root;
use e2e::office::{ALLOW, HOST, Office, REQUIRE, logs_on, ran, wicketgate};
use e2e::skip;
use serde_json::{Value, json};

/// As a client of alice's starts: with her logon's ticket, and nobody else's.
const HERS: [&str; 3] = [
    "KRB5_CONFIG=/mnt/client.conf",
    "KRB5CCNAME=FILE:/mnt/alice.ccache",
    "HOME=/mnt/browser",
];
/// Where somebody in the middle listens, under the gate's name.
const BETWEEN: u16 = 6443;

/// What pyspnego gets from the office's listener of that port.
fn pyspnego(
    lab: &ActiveDirectory,
    port: u16,
    protocol: &str,
    binding: &str,
) -> anyhow::Result<Value> {
    let mut client = lab.command("env");
    client.args(HERS).arg(python());
    client.arg(root().join("e2e/clients/office.py"));
    client.args([&format!("{TOP}/tls/ca.pem"), HOST]);
    client.args([&port.to_string(), protocol, binding]);
    Ok(serde_json::from_slice(&ran(&mut client)?.stdout)?)
}

fn python() -> PathBuf {
    let named = std::env::var_os("WICKETGATE_STORY_PYTHON").map(PathBuf::from);
    root().join(named.unwrap_or_else(|| "target/story-venv/bin/python".into()))
}

#[test]
fn s9_pyspnego_with_its_own_kerberos_signs_in_where_a_binding_is_demanded() -> anyhow::Result<()> {
    const STORY: &str = "pyspnego signs in by Kerberos";
    let Some(lab) = ActiveDirectory::start(STORY)? else {
        return Ok(());
    };
    let mut has = Command::new(python());
    has.args(["-c", "import spnego, gssapi, krb5"]);
    if !has.output().is_ok_and(|it| it.status.success()) {
        return skip::skip(
            STORY,
            "no Python with pyspnego, gssapi and krb5; `cargo xtask packages` makes one",
        );
    }
    assert!(logs_on(&lab, "alice")?);
    let gate = Office::open(&lab)?;
    let alice = json!({ "statuses": [200, 200], "complete": true, "said": "alice@CONTOSO.TEST" });
    for protocol in ["negotiate", "kerberos"] {
        let got = pyspnego(&lab, REQUIRE, protocol, "right")?;
        assert_eq!(got, alice, "{protocol}");
        for binding in ["wrong", "none"] {
            let got = pyspnego(&lab, REQUIRE, protocol, binding)?;
            assert_eq!(got["statuses"], json!([401, 401]), "{protocol} {binding}");
        }
    }
    let told = gate.audited()?;
    let said = |key: &str, word: &str| told.iter().filter(|it| it[key] == word).count();
    assert_eq!(said("fault", "wrong-binding"), 2, "{told:?}");
    assert_eq!(said("reason", "channel-binding"), 2, "{told:?}");
    Ok(())
}

/// Where Debian's browser is, in the lab.
const CHROMIUM: &str = "/usr/lib/chromium/chromium";
/// What keeps it from asking anybody but the gate, and from waiting for a person.
const QUIET: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-proxy-server",
    "--timeout=20000",
];

/// The page that Chromium shows for the gate's name at that port; `page` is in no request of another. With somebody's
/// name and app password it is told to take NTLM.
fn chromium(
    lab: &ActiveDirectory,
    port: u16,
    page: &str,
    person: Option<&str>,
) -> anyhow::Result<String> {
    let mut browser = lab.command("timeout");
    browser.args(["--kill-after=5", "120", "env"]);
    browser.args(HERS).arg(CHROMIUM).args(QUIET);
    browser.arg(match person {
        Some(_) => "--auth-schemes=ntlm".to_owned(),
        None => format!("--auth-server-allowlist={HOST}"),
    });
    browser.arg(format!("--user-data-dir={TOP}/browser/profile"));
    let person = person.map(|it| format!("{it}@")).unwrap_or_default();
    browser.arg("--dump-dom");
    browser.arg(format!("https://{person}{HOST}:{port}/who.shtml?{page}"));
    let output = browser.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Has the lab's authority trusted by whoever starts with [`HERS`].
fn trusts(lab: &ActiveDirectory) -> anyhow::Result<()> {
    let folder = lab.folder().join("browser/.pki/nssdb");
    std::fs::create_dir_all(&folder)?;
    let database = format!("sql:{TOP}/browser/.pki/nssdb");
    for verb in [
        &["-N", "--empty-password"][..],
        &["-A", "-t", "C,,", "-n", "lab", "-i", "/mnt/tls/ca.pem"],
    ] {
        let mut certutil = lab.command("certutil");
        ran(certutil.args(["-d", &database]).args(verb))?;
    }
    Ok(())
}

/// Ends TLS with a certificate of its own, which the client trusts as well, and begins it anew towards the gate.
struct Between(Child);

impl Between {
    fn start(lab: &ActiveDirectory) -> anyhow::Result<Self> {
        let script = root().join("e2e/lab/between.py");
        let mut child = lab
            .command("/usr/bin/python3")
            .arg(script)
            .args(["127.0.0.12", &BETWEEN.to_string(), &REQUIRE.to_string()])
            .args([
                &format!("{TOP}/tls/between.pem"),
                &format!("{TOP}/tls/between.key"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        anyhow::ensure!(line == "ready\n", "it said `{line}`");
        Ok(Self(child))
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// INTEROP: Chromium 156 on Linux computes the binding (its net log has it) and gives it to its own NTLM, but none to
/// libgssapi; on Windows SSPI gets it in both. So by Kerberos it signs in where a binding is not demanded, and by NTLM
/// where it is.
#[test]
fn s9_chromium_signs_in_by_kerberos_and_where_a_binding_is_demanded_by_ntlm() -> anyhow::Result<()>
{
    const STORY: &str = "Chromium in the office";
    let Some(lab) = ActiveDirectory::start(STORY)? else {
        return Ok(());
    };
    for program in [CHROMIUM, "/usr/bin/certutil"] {
        let mut is_there = lab.command("test");
        if !is_there.args(["-x", program]).status()?.success() {
            return skip::skip(STORY, &format!("{program} is not unpacked"));
        }
    }
    assert!(logs_on(&lab, "alice")?);
    trusts(&lab)?;
    let gate = Office::open(&lab)?;
    let count = |key: &str, word: &str| -> anyhow::Result<usize> {
        let told = gate.audited()?;
        Ok(told.iter().filter(|it| it[key] == word).count())
    };
    // INTEROP: it runs its network in a sandbox without Kerberos until it has met a `Negotiate`, and then from its next start.
    chromium(&lab, ALLOW, "first", None)?;
    let page = chromium(&lab, ALLOW, "next", None)?;
    assert!(page.contains("alice@CONTOSO.TEST"), "{page}");
    let page = chromium(&lab, REQUIRE, "without-a-binding", None)?;
    assert!(!page.contains("alice@"), "{page}");
    assert_eq!(count("reason", "channel-binding")?, 1);

    let create = [
        "app-password",
        "create",
        "CONTOSO\\alice",
        "--label",
        "browser",
    ];
    let create = [&create[..], &["--scope", "app", "--json"]].concat();
    let made: Value = serde_json::from_slice(&ran(&mut wicketgate(&lab, &create)?)?.stdout)?;
    let secret = made["app_password"].as_str().context("no app password")?;
    let alice = format!("CONTOSO%5Calice:{secret}");
    let page = chromium(&lab, REQUIRE, "bound", Some(&alice))?;
    assert!(page.contains("alice@CONTOSO.TEST"), "{page}");

    // Whoever stands between has a certificate that the browser trusts as well, and gets nothing for it.
    let _between = Between::start(&lab)?;
    let before = (gate.audited()?.len(), count("event", "signed-in")?);
    let page = chromium(&lab, BETWEEN, "between", Some(&alice))?;
    assert!(!page.contains("alice@"), "{page}");
    assert!(gate.audited()?.len() > before.0, "nothing came through");
    assert_eq!(
        count("event", "signed-in")?,
        before.1,
        "{:?}",
        gate.audited()?
    );
    Ok(())
}
