//! The unit of the Debian package: systemd finds nothing wrong with it and little to reach, and the
//! program speaks to systemd as it says.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use e2e::demo::{Demo, binary, root};
use e2e::raw::tls;
use e2e::serve::Serve;
use e2e::skip;

/// The numbers of SIGTERM and SIGINT (signal(7)).
const TERMINATE: u32 = 15;
const INTERRUPT: u32 = 2;
/// The most that `systemd-analyze security` may find reachable, of 100.
const EXPOSURE: &str = "--threshold=20";

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() -> anyhow::Result<()> {
    if !skip::has("systemd-analyze") {
        return skip::skip("the unit", "systemd-analyze is not installed");
    }
    let unit = std::fs::read_to_string(root().join("packaging/wicketgate.service"))?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("wicketgate.service");
    let binary = binary()?;
    let program = binary.to_str().expect("a path");
    std::fs::write(&file, unit.replace("/usr/bin/wicketgate", program))?;
    for arguments in [
        ["verify", "--man=no", "--recursive-errors=no"],
        ["security", "--offline=true", EXPOSURE],
    ] {
        let mut analyze = Command::new("systemd-analyze");
        let output = analyze.args(arguments).arg(&file).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let table = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {said} {table}");
        assert!(!said.contains("wicketgate.service:"), "{said}");
    }
    Ok(())
}

#[test]
fn systemd_is_told_when_the_gate_serves_and_when_it_closes() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let path = demo.folder().join("notify");
    let socket = UnixDatagram::bind(&path)?;
    let heard = || -> anyhow::Result<String> {
        let mut word = [0; 64];
        let length = socket.recv(&mut word)?;
        Ok(String::from_utf8_lossy(&word[..length]).into_owned())
    };
    let mut serve = Serve::start_as_service(&demo, &path)?;
    assert_eq!(heard()?, "READY=1");
    let client = tls(&demo, &[])?;
    e2e::raw::Raw::connect_to(serve.address, &client, "mail.contoso.localhost")?;
    serve.terminate()?;
    assert_eq!(heard()?, "STOPPING=1");
    assert!(serve.ended()?.success());
    Ok(())
}

#[test]
fn a_service_that_is_stopped_while_it_starts_ends_by_itself() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let mut serve = Serve::begin(&demo, |config| {
        let (before, _) = config.split_once("[[policy]]").expect("a policy");
        before.to_owned()
    })?;
    // The first thing that it says; neither its store nor its listeners are open.
    serve.line("there is no [[policy]]")?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", serve.process()))?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.expect("a mask").trim(), 16)?;
    for signal in [TERMINATE, INTERRUPT] {
        assert_eq!(
            caught >> (signal - 1) & 1,
            1,
            "signal {signal} is not heard"
        );
    }
    serve.terminate()?;
    assert!(serve.ended()?.success(), "it was cut off where it stood");
    Ok(())
}
