//! The operator's side: errors with file, line and what was meant; exit status; backup and the way
//! back; an audit trail that shows who changed it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::{Command, Output};

use e2e::client::Curl;
use e2e::demo::{Demo, Person};
use e2e::skip;

/// A user that is not root.
const NOBODY: u32 = 65_534;

/// Checks a changed configuration; gives the exit status and what was said.
fn check(demo: &Demo, change: impl Fn(&str) -> String) -> anyhow::Result<(Option<i32>, String)> {
    let config = fs::read_to_string(demo.text("/config"))?;
    let file = demo.folder().join("changed.toml");
    fs::write(&file, change(&config))?;
    let checked = demo.wicketgate(&["--config", &file.display().to_string(), "check"])?;
    Ok((checked.status.code(), said(&checked)))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn signs_in(demo: &Demo, person: &Person) -> anyhow::Result<u16> {
    let curl = Curl::new(demo).basic(&person.upn, &person.app_password);
    Ok(curl
        .get(&demo.url("ews").replace("Exchange.asmx", "echo"))?
        .status)
}

#[test]
fn what_is_wrong_in_a_configuration_is_named_with_its_line() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (status, text) = check(&demo, str::to_owned)?;
    assert_eq!(status, Some(0), "{text}");
    let wrong: [(&str, &str, &str, &str); 13] = [
        (
            "an unknown key",
            "key_file =",
            "keyfile =",
            "did you mean `key_file`",
        ),
        (
            "a farm that is not there",
            "farm = \"exchange\"",
            "farm = \"exchnage\"",
            "exchange",
        ),
        ("not TOML", "[names]", "[names", "changed.toml:"),
        (
            "an address that is none",
            "address = \"https://",
            "address = \"ftp://",
            "ftp",
        ),
        (
            "a zone that is none",
            "zones = [\"external\"]",
            "zones = [\"outside\"]",
            "outside",
        ),
        (
            "a service that is none",
            "services = [\"lync\"",
            "services = [\"lynk\"",
            "lynk",
        ),
        (
            "a method that is none",
            "methods = [\"app-password\"]",
            "methods = [\"password\"]",
            "password",
        ),
        (
            "a certificate that is not there",
            "gate-rsa.pem",
            "gate-dsa.pem",
            "gate-dsa.pem",
        ),
        (
            "a key of another certificate",
            "key = \"gate-rsa.key\"",
            "key = \"gate-ecdsa.key\"",
            "does not fit",
        ),
        (
            "a host that no certificate names",
            "\"lyncdiscover.",
            "\"lyncelsewhere.",
            "lyncelsewhere.contoso.localhost",
        ),
        (
            "a key of onward assertions that is of another kind",
            "key = \"onward.pem\"",
            "key = \"gate-rsa.key\"",
            "P-256",
        ),
        (
            "a folder for the store that is not there",
            "file = \"wicketgate.db\"",
            "file = \"nowhere/wicketgate.db\"",
            "nowhere",
        ),
        (
            "a key file that others may read",
            "key_file = \"wicketgate.keys\"",
            "key_file = \"exposed.keys\"",
            "chmod 600",
        ),
    ];
    let exposed = demo.folder().join("exposed.keys");
    fs::copy(demo.folder().join("wicketgate.keys"), &exposed)?;
    fs::set_permissions(&exposed, fs::Permissions::from_mode(0o644))?;
    for (name, right, changed, expected) in wrong {
        let (status, text) = check(&demo, |config| config.replacen(right, changed, 1))?;
        assert_eq!(status, Some(2), "{name}: {text}");
        assert!(text.contains(expected), "{name}: {text}");
        let place = text.split_once("changed.toml:").expect("its file").1;
        let line = place.split(':').next().unwrap_or_default();
        assert!(line.parse::<usize>().is_ok(), "{name} has its line: {text}");
        assert_eq!(
            text.trim_end().lines().count(),
            1,
            "{name} is one line: {text}"
        );
    }
    let (status, text) = check(&demo, |config| config.replace("key_file =", "keyfile ="))?;
    let config = fs::read_to_string(demo.text("/config"))?;
    let line = 1 + config
        .lines()
        .position(|line| line.starts_with("key_file"))
        .expect("its line");
    assert!(
        text.contains(&format!("changed.toml:{line}:1: ")),
        "{status:?} {text}"
    );
    Ok(())
}

#[test]
fn every_verb_has_help_and_every_refusal_a_status_and_one_line() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    for verb in [
        "demo",
        "serve",
        "check",
        "user",
        "app-password",
        "audit",
        "db",
    ] {
        let help = demo.wicketgate(&[verb, "--help"])?;
        assert!(
            help.status.success() && said(&help).contains("Usage:"),
            "{verb}"
        );
    }
    let help = said(&demo.wicketgate(&["--help"])?);
    assert!(
        help.contains("Examples:") && help.contains("wicketgate app-password create"),
        "{help}"
    );
    let anna = demo.person(0);
    let refused: [(&[&str], i32, &str); 11] = [
        (
            &["user", "show", "nobody@contoso.localhost"],
            1,
            "user list",
        ),
        (
            &["app-password", "revoke", "no-such-id"],
            1,
            "app-password list",
        ),
        (
            &[
                "app-password",
                "revoke",
                "--account",
                &anna.upn,
                "--device",
                "no such device",
            ],
            1,
            "app-password list",
        ),
        (&["app-password", "revoke"], 2, "<ID>"),
        (
            &["app-password", "revoke", "--device", "demo phone"],
            2,
            "--account",
        ),
        (
            &[
                "app-password",
                "create",
                &anna.upn,
                "--label",
                "x",
                "--scope",
                "fax",
            ],
            2,
            "lync",
        ),
        (
            &["user", "add", &anna.account, "--upn", &anna.upn],
            1,
            "already",
        ),
        (&["db", "restore", "/no/such/file"], 2, "/no/such/file"),
        (&["--config", "/no/such/file.toml", "check"], 2, "--config"),
        (
            &[
                "app-password",
                "create",
                &anna.upn,
                "--label",
                "",
                "--scope",
                "lync",
            ],
            1,
            "label",
        ),
        (&["sing"], 2, "sing"),
    ];
    for (arguments, status, expected) in refused {
        let output = demo.wicketgate(arguments)?;
        let text = said(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    }
    Ok(())
}

/// An administrator is root and the service is not: what root puts back or makes new, the service must be able to open.
#[test]
fn what_root_restores_or_makes_is_the_service_s() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let backup = demo.folder().join("backup.db").display().to_string();
    demo.wicketgate_json(&["db", "backup", &backup])?;
    let folder = demo.folder().join("service");
    fs::create_dir(&folder)?;
    for file in ["wicketgate.keys", "onward.pem", "ca.pem"] {
        fs::copy(demo.folder().join(file), folder.join(file))?;
    }
    if chown(&folder, Some(NOBODY), Some(NOBODY)).is_err() {
        return skip::skip("what root restores is the service's", "this is not root");
    }
    let config = fs::read_to_string(demo.text("/config"))?;
    let elsewhere = |name: &str, keys: &str| -> anyhow::Result<String> {
        let store = format!("\"service/{name}.db\"");
        let config = config.replace("\"wicketgate.db\"", &store);
        let config = config.replace("\"wicketgate.keys\"", &format!("\"service/{keys}\""));
        let file = demo.folder().join(format!("{name}.toml"));
        fs::write(&file, config)?;
        Ok(file.display().to_string())
    };
    let restoring = elsewhere("restored", "wicketgate.keys")?;
    let restoring = ["--config", &restoring, "db", "restore", &backup];
    let making = elsewhere("made", "made.keys")?;
    for verb in [&restoring[..], &["--config", &making, "db", "migrate"]] {
        let done = demo.wicketgate(verb)?;
        assert!(done.status.success(), "{verb:?}: {}", said(&done));
    }
    for file in ["restored.db", "made.db", "made.keys"] {
        let state = fs::metadata(folder.join(file))?;
        assert_eq!(
            (state.uid(), state.mode() & 0o777),
            (NOBODY, 0o600),
            "{file}"
        );
    }
    Ok(())
}

#[test]
fn a_backup_taken_while_the_gate_runs_brings_everything_back() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let (anna, ben) = (demo.person(0), demo.person(1));
    assert_eq!(signs_in(&demo, &anna)?, 200);
    let backup = demo.folder().join("backup.db").display().to_string();
    demo.wicketgate_json(&["db", "backup", &backup])?;
    let again = demo.wicketgate(&["db", "backup", &backup])?;
    assert_eq!(
        again.status.code(),
        Some(1),
        "a backup overwrites nothing: {}",
        said(&again)
    );
    assert_eq!(signs_in(&demo, &ben)?, 200);

    // A store of its own for the backup, as on another machine.
    let config = fs::read_to_string(demo.text("/config"))?;
    let elsewhere = demo.folder().join("elsewhere.toml");
    fs::write(
        &elsewhere,
        config.replace("\"wicketgate.db\"", "\"elsewhere.db\""),
    )?;
    let elsewhere = elsewhere.display().to_string();
    let restored = demo.wicketgate(&["--config", &elsewhere, "db", "restore", &backup])?;
    assert!(restored.status.success(), "{}", said(&restored));
    let verified = demo.wicketgate_json(&["--config", &elsewhere, "audit", "verify"])?;
    let whole = demo.wicketgate_json(&["audit", "verify"])?;
    assert!(verified[0]["events"].as_u64() <= whole[0]["events"].as_u64());
    let users = demo.wicketgate_json(&["--config", &elsewhere, "user", "list"])?;
    assert_eq!(users.len(), 2);
    let passwords = ["--config", &elsewhere, "app-password", "list", &anna.upn];
    assert_eq!(demo.wicketgate_json(&passwords)?.len(), 1);

    // What was revoked and disabled since stays so when the backup is put back once more.
    let id = demo.wicketgate_json(&passwords)?[0]["id"].clone();
    let id = id.as_str().expect("an id");
    for verb in [
        &["app-password", "revoke", id][..],
        &["user", "disable", &ben.upn],
    ] {
        demo.wicketgate_json(&[&["--config", &elsewhere], verb].concat())?;
    }
    let back = ["--config", &elsewhere, "db", "restore", &backup];
    let told = demo.wicketgate_json(&back)?;
    assert_eq!(told[0]["compared"], true);
    assert_eq!(told[0]["still_revoked"][0]["id"], id);
    assert_eq!(told[0]["still_revoked"][0]["upn"], anna.upn);
    assert_eq!(told[0]["still_shut_out"][0]["upn"], ben.upn);
    fs::remove_file(demo.folder().join("elsewhere.db.before-restore"))?;
    let text = said(&demo.wicketgate(&back)?);
    assert!(
        text.contains(&format!("still revoked: {id} (")) && text.contains("still disabled: ben@"),
        "{text}"
    );
    let listed = demo.wicketgate_json(&passwords)?;
    assert!(listed[0]["revoked"].is_string(), "{listed:?}");
    fs::remove_file(demo.folder().join("elsewhere.db.before-restore"))?;

    // A damaged backup is refused, and the store is as it was.
    let mut bytes = fs::read(&backup)?;
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x55);
    let damaged = demo.folder().join("damaged.db").display().to_string();
    fs::write(&damaged, bytes)?;
    let refused = demo.wicketgate(&["--config", &elsewhere, "db", "restore", &damaged])?;
    assert!(!refused.status.success(), "{}", said(&refused));
    assert_eq!(
        demo.wicketgate_json(&["--config", &elsewhere, "user", "list"])?
            .len(),
        2
    );
    Ok(())
}

/// Writes a configuration beside the demo's own, and gives its path as an argument.
fn configured(demo: &Demo, name: &str, change: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut config = fs::read_to_string(demo.text("/config"))?;
    for (right, changed) in change {
        anyhow::ensure!(config.contains(right), "the configuration has no {right}");
        config = config.replace(right, changed);
    }
    let file = demo.folder().join(name);
    fs::write(&file, config)?;
    Ok(file.display().to_string())
}

const STORE: &str = "\"wicketgate.db\"";
const KEYS: &str = "\"wicketgate.keys\"";

#[test]
fn a_mistyped_path_is_named_and_makes_no_store() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let config = configured(&demo, "mistyped.toml", &[(STORE, "\"wicketgaet.db\"")])?;
    let file = demo.folder().join("wicketgaet.db");
    let verbs: [&[&str]; 7] = [
        &["user", "list"],
        &["user", "add", "CONTOSO\\eve", "--upn", "eve@contoso.com"],
        &["app-password", "list", "anna"],
        &["audit", "list"],
        &["audit", "verify"],
        &["db", "status"],
        &["db", "backup", "/no/such/folder/backup.db"],
    ];
    for verb in verbs {
        let refused = demo.wicketgate(&[&["--config", &config], verb].concat())?;
        let text = said(&refused);
        assert_eq!(refused.status.code(), Some(2), "{verb:?}: {text}");
        assert!(
            text.contains("there is no store at ") && text.contains("`wicketgate db migrate`"),
            "{verb:?}: {text}"
        );
        assert!(!file.exists(), "{verb:?}");
    }
    // The demo holds the address, so that this ends even where it should not.
    let refused = demo.wicketgate(&["--config", &config, "serve"])?;
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(2), "{text}");
    for named in [
        "wicketgaet.db",
        "wicketgate.keys",
        "db restore",
        "db migrate",
    ] {
        assert!(text.contains(named), "{named}: {text}");
    }
    assert!(!file.exists());

    let migrated = demo.wicketgate(&["--config", &config, "db", "migrate"])?;
    assert!(migrated.status.success(), "{}", said(&migrated));
    let listed = demo.wicketgate_json(&["--config", &config, "user", "list"])?;
    assert_eq!(listed.len(), 0);
    let fresh = [(STORE, "\"fresh.db\""), (KEYS, "\"fresh.keys\"")];
    let first = configured(&demo, "first.toml", &fresh)?;
    let taken = demo.wicketgate(&["--config", &first, "serve"])?;
    assert_eq!(taken.status.code(), Some(3), "{}", said(&taken));
    let listed = demo.wicketgate_json(&["--config", &first, "user", "list"])?;
    assert_eq!(listed.len(), 0, "the first start made it");
    Ok(())
}

#[test]
fn keys_that_are_missing_or_that_others_can_read_are_a_fault_of_the_configuration()
-> anyhow::Result<()> {
    let demo = Demo::start()?;
    let lost = configured(&demo, "lost.toml", &[(KEYS, "\"lost.keys\"")])?;
    let exposed = configured(&demo, "exposed.toml", &[(KEYS, "\"exposed.keys\"")])?;
    let keys = fs::read(demo.folder().join("wicketgate.keys"))?;
    let copy = demo.folder().join("exposed.keys");
    fs::write(&copy, keys)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o640))?;
    for (config, file) in [(&lost, "lost.keys"), (&exposed, "exposed.keys")] {
        for verb in [&["user", "list"][..], &["db", "migrate"], &["serve"]] {
            let refused = demo.wicketgate(&[&["--config", config], verb].concat())?;
            let text = said(&refused);
            assert_eq!(refused.status.code(), Some(2), "{verb:?}: {text}");
            assert!(text.contains(file), "{verb:?}: {text}");
        }
    }
    assert!(!demo.folder().join("lost.keys").exists());
    Ok(())
}

#[test]
fn a_head_that_was_noted_shows_a_store_that_was_put_back() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let before = demo.folder().join("before.db").display().to_string();
    demo.wicketgate_json(&["db", "backup", &before])?;
    assert_eq!(signs_in(&demo, &demo.person(0))?, 200);
    let sound = demo.wicketgate_json(&["audit", "verify"])?;
    let number = sound[0]["events"].to_string();
    let hash = sound[0]["head"].as_str().expect("a hash").to_owned();
    let noted = format!("{number}:{hash}");
    let printed = said(&demo.wicketgate(&["audit", "verify"])?);
    assert!(printed.contains(&noted), "{printed}");
    assert_eq!(signs_in(&demo, &demo.person(1))?, 200);
    demo.wicketgate_json(&["audit", "verify", "--noted", &noted])?;

    let older = configured(&demo, "older.toml", &[(STORE, "\"before.db\"")])?;
    demo.wicketgate_json(&["--config", &older, "audit", "verify"])?;
    let other = format!("{number}:{}", "0".repeat(64));
    for arguments in [
        &["--config", &older, "audit", "verify", "--noted", &noted][..],
        &["audit", "verify", "--noted", &other],
    ] {
        let refused = demo.wicketgate(arguments)?;
        assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
        assert!(said(&refused).contains("noted"), "{}", said(&refused));
    }
    let unreadable = demo.wicketgate(&["audit", "verify", "--noted", "12"])?;
    assert_eq!(unreadable.status.code(), Some(2), "{}", said(&unreadable));
    Ok(())
}

#[test]
fn what_an_administrator_did_names_who_it_was() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    let anna = demo.person(0);
    let begun = demo.wicketgate_json(&["audit", "list"])?.len();
    let backup = demo.folder().join("backup.db").display().to_string();
    let config = configured(&demo, "elsewhere.toml", &[(STORE, "\"elsewhere.db\"")])?;
    let acts: [&[&str]; 5] = [
        &["user", "lock", &anna.upn],
        &["user", "enable", &anna.upn],
        &["db", "backup", &backup],
        &["--config", &config, "db", "migrate"],
        &["--config", &config, "db", "migrate"],
    ];
    for act in acts {
        let done = demo.wicketgate_as("ben", act)?;
        assert!(done.status.success(), "{act:?}: {}", said(&done));
    }
    let events = demo.wicketgate_json(&["audit", "list"])?;
    let told = |events: &[serde_json::Value]| -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let tell = |event: &serde_json::Value| (text(&event["event"]), text(&event["actor"]));
        events.iter().map(tell).collect()
    };
    let by_ben = |kind: &str| (kind.to_owned(), "ben".to_owned());
    assert_eq!(
        told(&events[begun..]),
        [
            by_ben("account-state-changed"),
            by_ben("account-state-changed"),
            by_ben("store-backed-up"),
        ]
    );
    let shown = said(&demo.wicketgate(&["audit", "list"])?);
    assert!(shown.contains("  by ben  "), "{shown}");
    let migrated = demo.wicketgate_json(&["--config", &config, "audit", "list"])?;
    assert_eq!(told(&migrated), [by_ben("store-migrated")], "once");
    fs::remove_file(demo.folder().join("elsewhere.db"))?;
    let restored = demo.wicketgate_as("ben", &["--config", &config, "db", "restore", &backup])?;
    assert!(restored.status.success(), "{}", said(&restored));
    let restored = demo.wicketgate_json(&["--config", &config, "audit", "list"])?;
    assert_eq!(told(&restored).last(), Some(&by_ben("store-restored")));
    Ok(())
}

#[test]
fn an_audit_row_that_was_changed_in_the_file_is_found() -> anyhow::Result<()> {
    let demo = Demo::start()?;
    assert_eq!(signs_in(&demo, &demo.person(0))?, 200);
    demo.wicketgate_json(&["audit", "verify"])?;
    let change = "import sqlite3, sys\n\
                  store = sqlite3.connect(sys.argv[1])\n\
                  table = [name for (name,) in store.execute(\
                  \"select name from sqlite_master where type='table' and name like 'audit%'\")][0]\n\
                  names = [row[1] for row in store.execute(f'pragma table_info({table})')]\n\
                  event = next(name for name in names if name in ('event', 'body', 'json'))\n\
                  changed = store.execute(f\"update {table} set {event} = \
                  replace({event}, 'external', 'internal')\")\n\
                  store.commit()\n\
                  print(changed.rowcount)\n";
    let store = demo.folder().join("wicketgate.db");
    let changed = Command::new("python3")
        .args(["-c", change])
        .arg(&store)
        .output()?;
    assert!(changed.status.success(), "{}", said(&changed));
    let verified = demo.wicketgate(&["audit", "verify"])?;
    assert_eq!(verified.status.code(), Some(1), "{}", said(&verified));
    Ok(())
}

#[test]
fn no_secret_is_in_the_store_the_log_or_the_list() -> anyhow::Result<()> {
    let demo = Demo::start_logging("debug", &[])?;
    let anna = demo.person(0);
    assert_eq!(signs_in(&demo, &anna)?, 200);
    let wrong = Person {
        app_password: "a-guess-at-it".to_owned(),
        ..anna.clone()
    };
    assert_eq!(signs_in(&demo, &wrong)?, 401);
    let listed = said(&demo.wicketgate(&["app-password", "list", &anna.upn, "--json"])?);
    let events = said(&demo.wicketgate(&["audit", "list", "--json"])?);
    let mut stored = Vec::new();
    for file in ["wicketgate.db", "wicketgate.db-wal"] {
        stored.extend(fs::read(demo.folder().join(file)).unwrap_or_default());
    }
    let plain = anna.app_password.replace('-', "");
    let hash = proto::ntlm::NtHash::of_password(&anna.app_password);
    assert!(
        stored
            .windows(16)
            .all(|window| window != hash.as_bytes().as_slice()),
        "a hash in clear"
    );
    let stored = String::from_utf8_lossy(&stored).into_owned();
    let log = demo.stop()?;
    for secret in [
        &anna.app_password,
        &plain,
        &anna.domain_password,
        &wrong.app_password,
    ] {
        for (place, text) in [
            ("list", &listed),
            ("audit", &events),
            ("store", &stored),
            ("log", &log),
        ] {
            assert!(
                !text.contains(secret.as_str()),
                "a secret is in the {place}"
            );
        }
    }
    Ok(())
}
