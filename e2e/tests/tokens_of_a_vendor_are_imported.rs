//! The tokens of a vendor: PSKC, plain, signed and encrypted, CSV and otpauth lists are imported, all of a file or nothing
//! of it; `pskctool` and `oathtool` agree on what was in it (S80).

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use e2e::demo::Demo;
use e2e::skip;
use serde_json::Value;

/// The seed of RFC 6030's figures, in hexadecimal digits.
const SEED: &str = "3132333435363738393031323334353637383930";

/// A figure of RFC 6030.
fn figure(number: u8) -> anyhow::Result<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/proto/testdata/pskc");
    let file = format!("{folder}/rfc_6030_figure_{number}.xml");
    std::fs::read_to_string(&file).context(file)
}

fn written(demo: &Demo, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let file = demo.folder().join(name);
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Imports a text as a file; the exit status and all that was said.
fn import(demo: &Demo, text: &str, options: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let file = written(demo, "tokens", text)?.display().to_string();
    token(demo, &[&["import", file.as_str()], options].concat())
}

fn token(demo: &Demo, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let done = demo.wicketgate(&[&["token"], arguments].concat())?;
    let said = [done.stdout, done.stderr].concat();
    Ok((done.status.code(), String::from_utf8(said)?))
}

/// The serial numbers that are there.
fn serials(demo: &Demo) -> anyhow::Result<Vec<String>> {
    let listed = demo.wicketgate_json(&["token", "list"])?;
    let serial = |token: &Value| token["serial"].as_str().unwrap_or_default().to_owned();
    let mut serials: Vec<String> = listed.iter().map(serial).collect();
    serials.sort();
    Ok(serials)
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let done = Command::new(program).args(arguments).output()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    anyhow::ensure!(done.status.success(), "{program}: {said}");
    Ok(String::from_utf8(done.stdout)?)
}

#[test]
fn s80_what_was_encrypted_makes_the_codes_that_oathtool_makes() -> anyhow::Result<()> {
    if !skip::has("oathtool") {
        return skip::skip("imported tokens", "oathtool is not installed");
    }
    let demo = Demo::start()?;
    let key = written(&demo, "key", "12345678901234567890123456789012\n")?
        .display()
        .to_string();
    let password = written(&demo, "password", "qwerty\n")?
        .display()
        .to_string();
    let by_password = figure(7)?.replace("987654321", "987654322");
    let (status, said) = import(&demo, &figure(6)?, &["--key-file", &key])?;
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = import(&demo, &by_password, &["--password-file", &password])?;
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(serials(&demo)?, ["987654321", "987654322"]);
    for serial in ["987654321", "987654322"] {
        let code = run("oathtool", &["--digits=8", "--counter=3", SEED])?;
        let code = code.trim();
        let (status, said) = token(&demo, &["test", serial, code])?;
        assert_eq!(status, Some(0), "{said}");
        let (status, said) = token(&demo, &["test", serial, code])?;
        assert_eq!(status, Some(1), "a code works once");
        assert!(said.contains("used before"), "{said}");
    }
    // What opens neither changes nothing.
    let other = written(&demo, "other", "qwertz\n")?.display().to_string();
    let third = figure(7)?.replace("987654321", "987654323");
    for options in [&["--password-file", &other][..], &["--key-file", &key], &[]] {
        let (status, said) = import(&demo, &third, options)?;
        assert_eq!(status, Some(1), "{options:?}: {said}");
    }
    let altered = third.replace("oTvo+S22", "oTvo+S23");
    let (status, said) = import(&demo, &altered, &["--password-file", &password])?;
    assert_eq!(status, Some(1));
    assert!(
        said.contains("key 1 (`987654323`): the MAC of `Secret` does not match"),
        "{said}"
    );
    assert_eq!(serials(&demo)?, ["987654321", "987654322"]);
    let trail = demo.wicketgate(&["audit", "list", "--all"])?;
    let trail = String::from_utf8(trail.stdout)?;
    assert_eq!(trail.matches("otp-tokens-imported").count(), 2, "{trail}");
    Ok(())
}

#[test]
fn s80_what_pskctool_reads_and_signs_is_imported() -> anyhow::Result<()> {
    if !skip::has("pskctool") || !skip::has("openssl") {
        return skip::skip("files of pskctool", "pskctool or openssl is not installed");
    }
    let demo = Demo::start()?;
    let file = |name: &str| demo.folder().join(name).display().to_string();
    let plain = written(&demo, "plain.xml", &figure(3)?)?
        .display()
        .to_string();
    let told = run("pskctool", &["--info", &plain])?;
    for line in [
        "SerialNo: 987654321",
        "Key Secret (base64): MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        "Key Counter: 0",
        "Response Format Length: 8",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let (key, certificate) = (file("vendor.key"), file("vendor.pem"));
    let made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=vendor",
        "-keyout",
    ];
    run(
        "openssl",
        &[&made[..], &[&key, "-out", &certificate]].concat(),
    )?;
    let signed = run(
        "pskctool",
        &[
            "--sign",
            "--sign-key",
            &key,
            "--sign-crt",
            &certificate,
            &plain,
        ],
    )?;
    let (status, said) = import(&demo, &signed, &[])?;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("signature, which was not checked"), "{said}");
    let listed = demo.wicketgate_json(&["token", "list"])?;
    assert_eq!(listed.len(), 1);
    for (field, value) in [
        ("serial", Value::from("987654321")),
        ("kind", "hotp".into()),
        ("digits", 8.into()),
        ("algorithm", "SHA1".into()),
    ] {
        assert_eq!(listed[0][field], value, "{field}");
    }
    Ok(())
}

#[test]
fn an_import_changes_nothing_unless_all_of_it_is_good_or_somebody_says_otherwise()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0).upn;
    let list = format!(
        "serial,seed hex,type,digits,period,algorithm,upn\n\
         1001,{SEED},totp,6,30,sha1,{anna}\n\
         1002,{SEED}0,totp,6,30,sha1,{anna}\n\
         1003,{SEED},hotp,8,,sha256,nobody@contoso.example\n"
    );
    let (status, said) = import(&demo, &list, &[])?;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("line 3, column 6: the seed is not pairs of hexadecimal digits"),
        "{said}"
    );
    assert!(said.contains("nothing was imported"), "{said}");
    let (status, said) = import(&demo, &list, &["--keep-good", "--dry-run"])?;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("2 tokens would be imported; nothing was changed; 1 refused"),
        "{said}"
    );
    assert!(said.contains("--assign"), "{said}");
    assert!(serials(&demo)?.is_empty());
    let (status, said) = import(&demo, &list, &["--keep-good", "--assign"])?;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("the token `1003`: no account is called `nobody@contoso.example`"),
        "{said}"
    );
    assert_eq!(serials(&demo)?, ["1001"]);
    let (_, listed) = token(&demo, &["list", &anna])?;
    assert!(listed.contains("1001"), "{listed}");
    let (status, said) = import(&demo, &list, &["--keep-good"])?;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("the token `1001`: a token of this serial number is here already"),
        "{said}"
    );
    assert_eq!(serials(&demo)?, ["1001", "1003"]);
    let uris = format!(
        "otpauth://totp/Contoso:1004?secret={}&period=60\n",
        "GEZDGNBV".repeat(4)
    );
    let (status, said) = import(&demo, &uris, &[])?;
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(serials(&demo)?, ["1001", "1003", "1004"]);
    let trail = demo.wicketgate(&["audit", "list", "--all"])?;
    for told in [String::from_utf8(trail.stdout)?, said] {
        assert!(!told.contains(SEED) && !told.contains("GEZDGNBV"), "{told}");
    }
    Ok(())
}

#[test]
fn a_token_with_an_end_is_taken_by_whoever_knows_that_it_has_none_here() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let dated = |from: &str, until: &str| {
        format!(
            "serial,seed hex,type,digits,period,algorithm,start date,expiry date\n\
             2001,{SEED},totp,6,30,sha1,{from},{until}\n"
        )
    };
    for (from, until, expected) in [
        (
            "2001-01-01",
            "2002-01-01",
            "it expired on 2002-01-02T00:00:00Z",
        ),
        (
            "9000-01-01",
            "",
            "it is not good before 9000-01-01T00:00:00Z",
        ),
    ] {
        let (status, said) = import(&demo, &dated(from, until), &["--beyond-expiry"])?;
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let lasting = dated("2001-01-01", "9000-01-01");
    let (status, said) = import(&demo, &lasting, &[])?;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("--beyond-expiry"), "{said}");
    assert!(serials(&demo)?.is_empty());
    let (status, said) = import(&demo, &lasting, &["--beyond-expiry"])?;
    assert_eq!(status, Some(0), "{said}");
    Ok(())
}
