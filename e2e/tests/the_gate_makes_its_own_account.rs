//! The gate makes its own account in a real Active Directory (Samba), serves by it, and gives it a new key while it
//! serves; whoever has no right to make one makes none.

use std::process::{Child, Stdio};

use anyhow::Context;
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::directory_gate::{enrol, tell, try_to_tell};
use e2e::domain_gate::{DomainGate, base, command, farm, route};
use e2e::skip;
use serde_json::json;

const PASSWORD: &str = "Not.for.the.gate.1";
const JOIN: [&str; 5] = [
    "ad",
    "join",
    "--as",
    "administrator@contoso.test",
    "--delegate",
];
const WHO: &str = "https://app.contoso.test/who.shtml";

/// A gate whose account is not there yet.
fn config() -> String {
    let base = base()
        .replace("account = \"gateway$\"", "account = \"gate2$\"")
        .replace("/gateway.keytab", "/gate2.keytab");
    let directory = format!(
        "\n[directory]\ncontrollers = [\"dc1.contoso.test\"]\nauthorities = \"{TOP}/tls/ca.pem\"\n\
         account = \"reader@contoso.test\"\n"
    );
    base + &directory + &farm("fe", "lync-fe") + &route("fe")
}

fn write(lab: &ActiveDirectory, config: &str) -> anyhow::Result<()> {
    let folder = lab.folder().join("gate");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("wicketgate.toml"), config)?;
    if !folder.join("wicketgate.db").exists() {
        tell(lab, &["db", "migrate"], "")?;
    }
    Ok(())
}

fn who(gate: &DomainGate<'_>, user: &str, password: &str) -> anyhow::Result<(u16, String)> {
    let login = format!("CONTOSO\\{user}:{password}");
    gate.curl(&["--basic", "--user", &login, WHO])
}

#[test]
fn an_account_of_its_own_serves_and_rolls_its_key_meanwhile() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("the gate makes its own account")? else {
        return Ok(());
    };
    write(&lab, &config())?;
    let plan = tell(&lab, &[&JOIN[..], &["--dry-run"]].concat(), PASSWORD)?;
    assert_eq!(plan[0]["dn"], "CN=gate2,CN=Computers,DC=contoso,DC=test");
    let keytab = lab.folder().join("gate2.keytab");
    assert!(!keytab.exists());
    let joined = tell(&lab, &JOIN, PASSWORD)?;
    assert_eq!(
        joined[0]["service_principal_names"],
        json!(["HTTP/app.contoso.test"])
    );
    assert_eq!(
        joined[0]["delegates_to"],
        json!(["HTTP/lync-fe.contoso.test"])
    );
    assert_eq!(joined[0]["left_to_do"], json!(null));
    let first = joined[0]["key_version"].as_u64().context("no version")?;
    mode_is_private(&keytab)?;
    mit_takes_it(&lab, &[first])?;
    a_key_that_came_by_itself_is_taken_over(&lab)?;
    mit_takes_it(&lab, &[first])?;

    tell(&lab, &["directory", "set-password"], PASSWORD)?;
    let gate = DomainGate::open(&lab, &config())?;
    let alice = enrol(&lab, "alice")?;
    let seen = |user: &str| (200, format!("{user}@CONTOSO.TEST"));
    assert_eq!(who(&gate, "alice", &alice)?, seen("alice"));

    let rotated = tell(&lab, &["ad", "rotate"], "")?;
    assert_eq!(rotated[0]["key_version"], first + 1);
    let bob = enrol(&lab, "bob")?;
    assert_eq!(who(&gate, "bob", &bob)?, seen("bob"));
    assert_eq!(who(&gate, "alice", &alice)?, seen("alice"));
    let rotated = tell(&lab, &["ad", "rotate"], "")?;
    assert_eq!(rotated[0]["key_version"], first + 2);
    drop(gate);
    // One that was started since signs in by the last key, which nothing but the keytab told it.
    let gate = DomainGate::open(&lab, &config())?;
    assert_eq!(who(&gate, "bob", &bob)?, seen("bob"));
    let expected = [first + 2, first + 1].map(u32::try_from);
    let mut versions: Vec<u32> = gss::keys(&keytab)?.iter().map(|it| it.version).collect();
    versions.dedup();
    assert_eq!(
        versions,
        expected.into_iter().collect::<Result<Vec<_>, _>>()?
    );
    mode_is_private(&keytab)?;
    mit_takes_it(&lab, &[first + 2, first + 1])?;

    let (status, _, error) = try_to_tell(&lab, &JOIN, PASSWORD)?;
    assert_eq!(status, Some(1), "{error}");
    assert!(error.contains("`gate2$` exists already"), "{error}");
    assert!(error.contains("wicketgate ad rotate"), "{error}");
    let events = gate.wicketgate(&["audit", "list"])?;
    let count = |name: &str| events.iter().filter(|it| it["event"] == name).count();
    assert_eq!(count("gateway-joined"), 1, "{events:?}");
    assert_eq!(count("gateway-key-rotated"), 2, "{events:?}");
    Ok(())
}

/// As ktpass leaves it: the account's own key in a file of its own, and none of the published names.
fn a_key_that_came_by_itself_is_taken_over(lab: &ActiveDirectory) -> anyhow::Result<()> {
    const ALONE: &str =
        "printf 'rkt gate2.keytab\ndelent 4\ndelent 3\nwkt windows.keytab\nq\n' | ktutil";
    let there = lab
        .command("sh")
        .args(["-c", "command -v ktutil"])
        .output()?;
    if !there.status.success() {
        return skip::skip("a key of ktpass is taken over", "krb5-user is not there");
    }
    let cut = format!("cd {TOP} && {ALONE}");
    let cut = lab.command("sh").args(["-c", &cut]).output()?;
    anyhow::ensure!(cut.status.success(), "{cut:?}");
    let (keytab, from) = (
        lab.folder().join("gate2.keytab"),
        format!("{TOP}/windows.keytab"),
    );
    let whole = std::fs::read(&keytab)?;
    std::fs::remove_file(&keytab)?;
    let take = ["ad", "keytab", "--from", &from];
    let would = tell(lab, &[&take[..], &["--dry-run"]].concat(), "")?;
    let of = ["gate2$@CONTOSO.TEST", "HTTP/app.contoso.test@CONTOSO.TEST"];
    assert_eq!(would[0]["principals"], json!(of));
    assert!(!keytab.exists());
    tell(lab, &take, "")?;
    assert_eq!(gss::keys(&keytab)?.len(), 4);
    mode_is_private(&keytab)?;
    std::fs::write(lab.folder().join("none.keytab"), &whole[..2])?;
    let none = format!("{TOP}/none.keytab");
    let (status, _, error) = try_to_tell(lab, &["ad", "keytab", "--from", &none], "")?;
    assert_eq!(status, Some(1), "{error}");
    assert!(
        error.contains("has no AES key of `gate2$@CONTOSO.TEST`"),
        "{error}"
    );
    assert_eq!(gss::keys(&keytab)?.len(), 4);
    Ok(())
}

/// Two administrators, or a timer beside one: each would overwrite what the other knows of the password.
#[test]
fn of_two_who_change_the_key_at_once_neither_destroys_it_and_no_older_key_takes_its_place()
-> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("two change the key of a gate at once")? else {
        return Ok(());
    };
    write(&lab, &config())?;
    tell(&lab, &JOIN, PASSWORD)?;
    let keytab = lab.folder().join("gate2.keytab");
    std::fs::copy(&keytab, lab.folder().join("old.keytab"))?;
    for _ in 0..4 {
        let rotating = || -> anyhow::Result<Child> {
            let mut command = command(&lab)?;
            command.args(["ad", "rotate"]).stdin(Stdio::null());
            Ok(command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?)
        };
        let both = [rotating()?, rotating()?];
        let mut done = 0;
        for one in both {
            let one = one.wait_with_output()?;
            let said = String::from_utf8_lossy(&one.stderr).into_owned();
            done += usize::from(one.status.success());
            let waits = said.contains("somebody else is changing keys");
            assert!(one.status.success() || waits, "{said}");
        }
        assert!(done > 0, "one of them did");
        assert!(!gss::keys(&keytab)?.is_empty());
    }
    let rotated = tell(&lab, &["ad", "rotate"], "")?;
    let version = rotated[0]["key_version"].as_u64().context("no version")?;
    mit_takes_it(&lab, &[version, version - 1])?;
    let older = format!("{TOP}/old.keytab");
    let (status, _, error) = try_to_tell(&lab, &["ad", "keytab", "--from", &older], "")?;
    assert_eq!(status, Some(1), "{error}");
    let has = format!("the keytab has version {version} already");
    assert!(error.contains(&has), "{error}");
    mit_takes_it(&lab, &[version, version - 1])
}

#[test]
fn whoever_may_not_join_leaves_nothing_behind() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("who may not make an account")? else {
        return Ok(());
    };
    let good = config();
    let held = good.replace("app.contoso.test", "gateway.contoso.test");
    let machine = good.replace("HTTP/lync-fe.contoso.test", "HTTP/nobody.contoso.test");
    let user = good.replace("\"gate2$\"", "\"gate2\"");
    let stranger = good.replace("/tls/ca.pem\"\naccount", "/tls/gateway.pem\"\naccount");
    let by = |who: &'static str| ["ad", "join", "--as", who];
    let administrator = by("administrator@contoso.test");
    let refused: [(&str, &[&str], &str, i32, &str); 9] = [
        (&good, &administrator, "wrong", 1, "or its password"),
        (&good, &administrator, "", 2, "an empty password is none"),
        (&good, &by("administrator"), PASSWORD, 2, "is no UPN"),
        (&held, &administrator, PASSWORD, 1, "is held by `gateway$`"),
        (&machine, &JOIN, PASSWORD, 1, "is held by 0 accounts"),
        (
            &user,
            &administrator,
            PASSWORD,
            2,
            "a computer account ends in",
        ),
        (&stranger, &administrator, PASSWORD, 3, "by LDAPS"),
        (
            &good,
            &["ad", "join", "--as", "alice@contoso.test", "--delegate"],
            PASSWORD,
            1,
            "alice@contoso.test",
        ),
        (
            &good,
            &["ad", "rotate"],
            "",
            1,
            "the store has no password of `gate2$`",
        ),
    ];
    for (config, verb, password, status, why) in refused {
        write(&lab, config)?;
        let (ended, _, error) = try_to_tell(&lab, verb, password)?;
        assert_eq!(ended, Some(status), "{why}: {error}");
        assert!(error.contains(why), "{why}: {error}");
        assert!(!error.contains(PASSWORD), "{error}");
    }
    write(&lab, &good)?;
    let nowhere = ["--ou", "OU=Nowhere,DC=contoso,DC=test"];
    let (status, _, error) = try_to_tell(&lab, &[&administrator[..], &nowhere].concat(), PASSWORD)?;
    assert_eq!(status, Some(1), "{error}");
    assert!(error.contains("there is no `OU=Nowhere"), "{error}");
    let left = std::fs::read_dir(lab.folder())?;
    let left: Vec<_> = left.collect::<Result<_, _>>()?;
    let is_ours = |it: &&std::fs::DirEntry| it.file_name().to_string_lossy().contains("gate2");
    assert_eq!(left.iter().filter(is_ours).count(), 0);
    // There is no account, and what was refused is no obstacle.
    let joined = tell(&lab, &administrator, PASSWORD)?;
    let left = joined[0]["left_to_do"].as_str().unwrap_or_default();
    assert!(left.contains("HTTP/lync-fe.contoso.test"), "{joined:?}");
    assert_eq!(joined[0]["delegates_to"], json!([]));
    Ok(())
}

/// MIT's own tools read the keytab and sign in by it.
fn mit_takes_it(lab: &ActiveDirectory, versions: &[u64]) -> anyhow::Result<()> {
    const CONFIG: &str = "\
[libdefaults]
 default_realm = CONTOSO.TEST
[realms]
 CONTOSO.TEST = { kdc = 127.0.0.10 }
";
    let there = lab
        .command("sh")
        .args(["-c", "command -v kinit"])
        .output()?;
    if !there.status.success() {
        return skip::skip("MIT's tools read the keytab", "krb5-user is not there");
    }
    std::fs::write(lab.folder().join("mit.conf"), CONFIG)?;
    let keytab = format!("{TOP}/gate2.keytab");
    let run = |program: &str, arguments: &[&str]| {
        let mut command = lab.command("env");
        command.arg(format!("KRB5_CONFIG={TOP}/mit.conf"));
        command.arg(format!("KRB5CCNAME=FILE:{TOP}/mit.ccache"));
        command.arg(program).args(arguments).output()
    };
    let listed = String::from_utf8(run("klist", &["-kte", &keytab])?.stdout)?;
    let lines = listed.lines().filter(|it| it.contains("@CONTOSO.TEST"));
    let lines: Vec<Vec<&str>> = lines.map(|it| it.split_whitespace().collect()).collect();
    let mut expected = Vec::new();
    for version in versions {
        for name in ["gate2$", "HTTP/app.contoso.test"] {
            for kind in ["aes256", "aes128"] {
                let kind = format!("({kind}-cts-hmac-sha1-96)");
                expected.push((version.to_string(), format!("{name}@CONTOSO.TEST"), kind));
            }
        }
    }
    let shown = lines.iter().map(|it| match it[..] {
        [version, _, _, name, kind] => (version.to_owned(), name.to_owned(), kind.to_owned()),
        _ => panic!("{listed}"),
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{listed}");
    let signed_in = run("kinit", &["-k", "-t", &keytab, "gate2$"])?;
    let error = String::from_utf8_lossy(&signed_in.stderr);
    anyhow::ensure!(signed_in.status.success(), "{error}");
    Ok(())
}

fn mode_is_private(file: &std::path::Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mode = std::fs::metadata(file)?.permissions().mode();
    anyhow::ensure!(mode & 0o777 == 0o600, "{mode:o}");
    Ok(())
}
