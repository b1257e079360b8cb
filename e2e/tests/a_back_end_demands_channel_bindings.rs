//! Extended Protection at `Require`, as Exchange has it since 2019 CU14: the back end takes a token only where it is
//! bound to the certificate that the back end itself shows, which is not the gate's.

use std::io::Read;
use std::process::{Child, Stdio};

use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::domain_gate::{DomainGate, base, farm, route};
use e2e::old_windows::{SERVER_2012_R2, Terminator, can_run};

/// The back end that demands a binding, as a program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_bound");
const APP: &str = "https://app.contoso.test/";

/// It runs until this is dropped.
pub(crate) struct BackEnd(Child);

impl BackEnd {
    /// One that demands the binding of `demanded`, and ends TLS itself with `shown` where that is given.
    pub(crate) fn start(
        lab: &ActiveDirectory,
        address: &str,
        (demanded, shown): (&str, Option<&str>),
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(lab.folder())?.keep();
        let name = folder.file_name().expect("a name");
        let mut command = lab.command(PROGRAM);
        command
            .arg(std::path::Path::new(TOP).join(name))
            .arg(format!("{TOP}/backend.keytab"))
            .args(["HTTP/exch.contoso.test", address])
            .arg(format!("{TOP}/tls/{demanded}.pem"));
        if let Some(shown) = shown {
            command.args(["pem", "key"].map(|kind| format!("{TOP}/tls/{shown}.{kind}")));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = [0; 6];
        child.stdout.take().expect("a pipe").read_exact(&mut said)?;
        assert_eq!(&said, b"ready\n");
        Ok(Self(child))
    }
}

impl Drop for BackEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A gate in front of a back end at that address.
fn config(address: &str) -> String {
    let farm = farm("exch", "exch").replace("https://exch.contoso.test", address);
    let name = "host_header = \"exch.contoso.test\"";
    let tls = format!("{name}\ntls_name = \"exch.contoso.test\"");
    base() + &farm.replace(name, &tls) + &route("exch")
}

#[test]
fn a_token_is_bound_to_the_certificate_that_the_back_end_shows() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a back end demands channel bindings")? else {
        return Ok(());
    };
    let _back_end = BackEnd::start(&lab, "127.0.0.11:8443", ("lync-fe", Some("lync-fe")))?;
    let gate = DomainGate::open(&lab, &config("https://127.0.0.11:8443"))?;
    let login = format!("CONTOSO\\alice:{}", gate.add("alice", "app")?);
    // Three on one connection, each with a token of its own; a body goes with the last.
    let url = format!("{APP}?[1-3]");
    for more in [&[][..], &["--data", "body"]] {
        let (status, body) =
            gate.curl(&[&["--basic", "--user", &login, &url][..], more].concat())?;
        assert_eq!(status, 200, "{body}");
        let seen: Vec<_> = body.matches("alice@CONTOSO.TEST on connection").collect();
        assert_eq!(seen.len(), 3, "{body}");
    }
    Ok(())
}

#[test]
fn without_a_binding_or_with_another_one_nothing_is_let_in_and_nobody_is_prompted()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a wrong channel binding")? else {
        return Ok(());
    };
    // One is reached without TLS, so that there is nothing to bind to; the other shows its certificate and
    // demands the binding of the gate's, as where a gate passes on what its own client sent.
    let _without = BackEnd::start(&lab, "127.0.0.11:8080", ("lync-fe", None))?;
    let _another = BackEnd::start(&lab, "127.0.0.11:8443", ("gateway", Some("lync-fe")))?;
    let plain = config("http://127.0.0.11:8080")
        .replace("\ntls_name = \"exch.contoso.test\"", "")
        .replace(&format!("authorities = \"{TOP}/tls/ca.pem\"\n"), "");
    let mut gate = DomainGate::open(&lab, &plain)?;
    let login = format!("CONTOSO\\alice:{}", gate.add("alice", "app")?);
    for config in [plain, config("https://127.0.0.11:8443")] {
        drop(gate);
        gate = DomainGate::open(&lab, &config)?;
        let head = ["--dump-header", "-", "--basic", "--user", &login, APP];
        let (status, answer) = gate.curl(&head)?;
        assert_eq!(status, 503, "{answer}");
        let small = answer.to_lowercase();
        assert!(!small.contains("www-authenticate"), "{answer}");
        gate.serve.line("answered 401 to our Kerberos token")?;
        let events = gate.wicketgate(&["audit", "list"])?;
        let is_told = |it: &serde_json::Value| it["reason"] == "not-taken";
        assert!(events.iter().any(is_told), "{events:?}");
    }
    Ok(())
}

/// The same gate in front of a back end on old Windows.
fn old(address: &str, tls: &str) -> String {
    let authorities = "authorities = ";
    config(address).replacen(authorities, &format!("tls = \"{tls}\"\n{authorities}"), 1)
}

#[test]
fn old_windows_with_an_rsa_certificate_gets_its_binding_over_legacy_tls_and_no_modern_connection()
-> anyhow::Result<()> {
    const STORY: &str = "a back end on old Windows demands channel bindings";
    if !can_run(STORY)? {
        return Ok(());
    }
    let Some(lab) = ActiveDirectory::start(STORY)? else {
        return Ok(());
    };
    let _back_end = BackEnd::start(&lab, "127.0.0.11:8080", ("old-windows", None))?;
    let _server_2012_r2 = Terminator::start(&lab, (8444, 8080), ("TLSv1_2", SERVER_2012_R2))?;
    let weak = format!("{SERVER_2012_R2}:@SECLEVEL=0");
    let _server_2008_r2 = Terminator::start(&lab, (8445, 8080), ("TLSv1", &weak))?;
    let modern = "https://127.0.0.11:8444";
    let mut gate = DomainGate::open(&lab, &old(modern, "legacy"))?;
    let login = format!("CONTOSO\\alice:{}", gate.add("alice", "app")?);
    let ask = ["--basic", "--user", &login, APP];
    let taken = [
        (modern, "legacy"),
        (modern, "legacy-tls10"),
        ("https://127.0.0.11:8445", "legacy-tls10"),
    ];
    for (address, tls) in taken {
        drop(gate);
        gate = DomainGate::open(&lab, &old(address, tls))?;
        let (status, body) = gate.curl(&ask)?;
        assert_eq!(status, 200, "{address} {tls}: {body}");
        assert!(body.starts_with("alice@CONTOSO.TEST"), "{body}");
    }
    let refused = [
        (modern, "modern", "needs `tls = \"legacy\"`"),
        (
            "https://127.0.0.11:8445",
            "legacy",
            "must be `legacy-tls10`",
        ),
    ];
    for (address, tls, told) in refused {
        drop(gate);
        gate = DomainGate::open(&lab, &old(address, tls))?;
        let (status, answer) = gate.curl(&ask)?;
        assert_eq!(status, 503, "{address} {tls}: {answer}");
        gate.serve.line(told)?;
    }
    // Whoever ends TLS there is vouched for, but of another name.
    drop(gate);
    let elsewhere = old(modern, "legacy").replace(
        "tls_name = \"exch.contoso.test\"",
        "tls_name = \"dc1.contoso.test\"",
    );
    let gate = DomainGate::open(&lab, &elsewhere)?;
    let (status, answer) = gate.curl(&ask)?;
    assert_eq!(status, 503, "{answer}");
    gate.serve.line("mismatch")?;
    Ok(())
}
