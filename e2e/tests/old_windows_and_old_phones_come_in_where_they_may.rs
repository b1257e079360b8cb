//! Windows 7 and 8.1 come in at the ordinary listener, by its ECDSA certificate; who has nothing but RSA and CBC
//! comes in at a listener of their own, up to a day that is written down.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use e2e::demo::{Demo, binary, root};
use e2e::old_windows::{
    PHONE, SERVER_2012_R2, WINDOWS_7, WINDOWS_8_1, can_run, client, renegotiating,
};
use e2e::raw::{Raw, tls};
use e2e::serve::Serve;
use e2e::sign_in::{Ntlm, Request, basic};
use e2e::skip;
use jiff::{Timestamp, ToSpan};

const STORY: &str = "old Windows and old phones";
const HOST: &str = "mail.contoso.localhost";
const ECHO: &str = "/EWS/echo";
/// A day that no run of this comes to.
const FAR: &str = "2999-12-31";

/// A listener for old phones until a day, with these lines.
fn phones(until: &str, lines: &str) -> String {
    format!(
        "\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
         certificate = [{{ chain = \"gate-rsa.pem\", key = \"gate-rsa.key\" }}]\n\
         legacy_tls = {{ until = \"{until}\", reason = \"meeting rooms\" }}\n{lines}\n"
    )
}

/// A gate beside the demo's with such a listener, whose address comes second.
fn gate(demo: &Demo, listener: &str) -> anyhow::Result<(Serve, SocketAddr)> {
    let serve = Serve::start(demo, |config| config + listener)?;
    let phones = serve.others.first().copied().expect("a second listener");
    Ok((serve, phones))
}

/// A request that somebody signs in with, on a connection of its own.
fn request(demo: &Demo) -> anyhow::Result<String> {
    let anna = demo.person(0);
    let line = basic(&anna.upn, &anna.app_password);
    let request = Request::new(HOST, ECHO).header(&line);
    Ok(request.header("Connection: close").text())
}

#[test]
fn windows_7_and_8_1_come_in_by_ecdsa_and_who_has_only_rsa_at_the_other_listener()
-> anyhow::Result<()> {
    if !can_run(STORY)? {
        return Ok(());
    }
    let demo = Demo::start()?;
    let (serve, phones) = gate(&demo, &phones(FAR, ""))?;
    let request = request(&demo)?;
    let ask = |gate, offer| client((&demo, gate), offer, (HOST, &request));
    for suites in [WINDOWS_7, WINDOWS_8_1] {
        let said = ask(serve.address, ("-tls1_2", suites))?;
        assert!(said.contains("Cipher is ECDHE-ECDSA-AES256-GCM"), "{said}");
        assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    }
    let (rsa, phone) = (("-tls1_2", SERVER_2012_R2), ("-tls1", PHONE));
    for offer in [rsa, phone] {
        let refused = ask(serve.address, offer)?;
        assert!(refused.contains("Cipher is (NONE)"), "{refused}");
        assert!(!refused.contains("HTTP/1.1"), "{refused}");
    }
    for (offer, version) in [(rsa, "TLSv1.2"), (phone, "TLSv1")] {
        let said = ask(phones, offer)?;
        assert!(said.contains(&format!("Protocol  : {version}\n")), "{said}");
        assert!(said.contains("Secure Renegotiation IS supported"), "{said}");
        assert!(said.contains("Compression: NONE"), "{said}");
        assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    }
    for offer in [
        ("-tls1_3", "DEFAULT"),
        ("-tls1_2", "ECDHE-ECDSA-AES256-SHA"),
    ] {
        let refused = ask(phones, offer)?;
        assert!(refused.contains("Cipher is (NONE)"), "{refused}");
    }
    Ok(())
}

#[test]
fn old_windows_is_shown_the_certificate_that_it_can_use_wherever_that_stands() -> anyhow::Result<()>
{
    if !can_run(STORY)? {
        return Ok(());
    }
    let demo = Demo::start()?;
    let rsa_first = |config: String| {
        let swapped = config.replace("gate-ecdsa", "gate-x");
        let swapped = swapped.replace("gate-rsa", "gate-ecdsa");
        swapped.replace("gate-x", "gate-rsa")
    };
    let serve = Serve::start(&demo, rsa_first)?;
    let request = request(&demo)?;
    for suites in [WINDOWS_7, WINDOWS_8_1] {
        let gate = (&demo, serve.address);
        let said = client(gate, ("-tls1_2", suites), (HOST, &request))?;
        assert!(said.contains("Cipher is ECDHE-ECDSA-AES256-GCM"), "{said}");
        assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    }
    Ok(())
}

#[test]
fn old_windows_may_not_renegotiate() -> anyhow::Result<()> {
    if !can_run(STORY)? {
        return Ok(());
    }
    let demo = Demo::start()?;
    let (_serve, phones) = gate(&demo, &phones(FAR, ""))?;
    let said = renegotiating((&demo, phones), ("-tls1_2", SERVER_2012_R2), HOST)?;
    assert!(said.contains("RENEGOTIATING"), "{said}");
    assert!(said.contains("no renegotiation"), "{said}");
    Ok(())
}

#[test]
fn old_windows_binds_its_sign_in_to_the_certificate_of_the_listener_it_came_to()
-> anyhow::Result<()> {
    if !can_run(STORY)? {
        return Ok(());
    }
    let demo = Demo::start()?;
    let demanding = phones(FAR, "channel_binding = \"require\"");
    let (_serve, phones) = gate(&demo, &demanding)?;
    let tls = tls(&demo, &[b"h2", b"http/1.1"])?;
    let anna = demo.person(0);
    let request = Request::new(HOST, ECHO);
    let status = |shown: Option<&str>| {
        let mut ntlm = Ntlm::modern(&anna, &anna.app_password, 7);
        let binding = shown.map(|shown| binding(&demo, shown)).transpose()?;
        ntlm.client.channel_binding = binding;
        let mut raw = Raw::connect_to(phones, &tls, HOST)?;
        anyhow::Ok(ntlm.sign_in(&mut raw, &request)?.status)
    };
    assert_eq!(status(Some("gate-rsa"))?, 200);
    assert_eq!(status(Some("gate-ecdsa"))?, 401, "the other listener's");
    assert_eq!(status(None)?, 401);
    Ok(())
}

/// The binding of a certificate of the demo's, whose authority signs with SHA-256.
fn binding(demo: &Demo, shown: &str) -> anyhow::Result<proto::ntlm::ChannelBinding> {
    use aws_lc_rs::digest;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let file = demo.folder().join(format!("{shown}.pem"));
    let leaf = CertificateDer::from_pem_file(file)?;
    let hash = digest::digest(&digest::SHA256, &leaf);
    Ok(proto::ntlm::ChannelBinding::tls_server_end_point(
        hash.as_ref(),
    ))
}

#[test]
fn old_windows_has_a_last_day_and_its_listener_is_not_opened_after_it() -> anyhow::Result<()> {
    if !can_run(STORY)? {
        return Ok(());
    }
    let demo = Demo::start()?;
    let over = phones("2020-12-31", "");
    let serve = Serve::start(&demo, |config| config + &over)?;
    let warned = serve.line("is not opened: `legacy_tls` ended with 2020-12-31")?;
    assert!(warned.contains("WARN"), "{warned}");
    assert_eq!(serve.others, [], "the plain one is told of by itself");
    Ok(())
}

/// What `check` says of the demo's configuration with this listener more.
fn checked(demo: &Demo, listener: &str) -> anyhow::Result<(bool, String)> {
    let config = std::fs::read_to_string(demo.text("/config"))?;
    let file = demo.folder().join("checked.toml");
    std::fs::write(&file, config + listener)?;
    let mut check = Command::new(binary()?);
    let output = check.arg("--config").arg(&file).arg("check").output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok((output.status.success(), said))
}

#[test]
fn old_windows_and_old_phones_are_looked_at_by_check() -> anyhow::Result<()> {
    if !can_run(STORY)? {
        return Ok(());
    }
    let demo = Demo::start()?;
    let soon = tomorrow();
    for (until, said) in [
        (FAR, "speaks TLS 1.0 until 2999-12-31 (`meeting rooms`)"),
        (&soon, "is closed in 1 days (`meeting rooms`)"),
        ("2020-12-31", "is not opened"),
    ] {
        let (is_right, told) = checked(&demo, &phones(until, ""))?;
        assert!(is_right && told.contains(said), "{told}");
    }
    let ecdsa = phones(FAR, "").replace("gate-rsa", "gate-ecdsa");
    let (is_right, told) = checked(&demo, &ecdsa)?;
    assert!(!is_right, "{told}");
    let at = "checked.toml:";
    assert!(
        told.contains(at) && told.contains("no RSA certificate"),
        "{told}"
    );
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the gate goes by the system's clock"
)]
fn tomorrow() -> String {
    let tomorrow = Timestamp::now() + 24.hours();
    tomorrow.strftime("%Y-%m-%d").to_string()
}

/// A library that tells a program another time, as `cargo xtask packages` unpacks it or the system has it.
fn clock() -> Option<PathBuf> {
    let folders = [
        root().join("target/lab-packages/usr/lib"),
        "/usr/lib".into(),
    ];
    let machines = folders.iter().filter_map(|it| std::fs::read_dir(it).ok());
    let mut libraries = machines
        .flatten()
        .filter_map(|it| Some(it.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    libraries.find(|it| it.is_file())
}

#[test]
fn old_windows_is_let_in_no_more_when_its_last_day_is_over_while_the_gate_runs()
-> anyhow::Result<()> {
    if !can_run(STORY)? {
        return Ok(());
    }
    let Some(library) = clock() else {
        return skip::skip("a last day that passes", "libfaketime is not there");
    };
    let demo = Demo::start()?;
    let time = demo.folder().join("time");
    std::fs::write(&time, "+0")?;
    let launcher = [
        "env".to_owned(),
        format!("LD_PRELOAD={}", library.canonicalize()?.display()),
        format!("FAKETIME_TIMESTAMP_FILE={}", time.display()),
        "FAKETIME_NO_CACHE=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ];
    let launcher: Vec<&str> = launcher.iter().map(String::as_str).collect();
    let listener = phones(&tomorrow(), "");
    let serve = Serve::start_under(&launcher, &demo, |config| config + &listener)?;
    serve.line("speaks TLS 1.0 until")?;
    let phones = *serve.others.first().expect("a second listener");
    let request = request(&demo)?;
    let ask = |gate, offer| client((&demo, gate), offer, (HOST, &request));
    let phone = ("-tls1", PHONE);
    let said = ask(phones, phone)?;
    assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    std::fs::write(&time, "+3d")?;
    let refused = ask(phones, phone)?;
    assert!(!refused.contains("HTTP/1.1"), "{refused}");
    serve.line("the last day of `legacy_tls` is over: nobody is let in")?;
    let ordinary = ask(serve.address, ("-tls1_2", WINDOWS_8_1))?;
    assert!(ordinary.contains("HTTP/1.1"), "{ordinary}");
    Ok(())
}
