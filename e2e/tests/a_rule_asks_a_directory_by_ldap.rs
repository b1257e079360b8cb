//! An attribute store that is a directory, asked by a claim rule: a real one (Samba), over TLS at once and by StartTLS. A claim's
//! value finds whom it names and nobody else, and a directory that is not right gives no claims.

use std::path::Path;

use anyhow::{Context, ensure};
use e2e::active_directory::{ActiveDirectory, TOP};
use e2e::domain_gate::{base, command, write};
use serde_json::{Value, json};

const FOLDER: &str = "rules";
const PASSWORD: &str = "Not.for.the.gate.1";
const BASE: &str = "DC=contoso,DC=test";
const SCHEMA: &str = "CN=Schema,CN=Configuration,DC=contoso,DC=test";

/// A store of the configuration; it is as it should be where nothing is said.
fn store(name: &str, changed: &[(&str, &str)]) -> String {
    let mut keys = vec![
        ("url", "ldaps://dc1.contoso.test".to_owned()),
        ("authorities", format!("{TOP}/tls/ca.pem")),
        ("bind_dn", "reader@contoso.test".to_owned()),
        ("secret_file", format!("{TOP}/{FOLDER}/reader.secret")),
        ("base", BASE.to_owned()),
    ];
    for (key, value) in changed {
        keys.retain(|(known, _)| known != key);
        keys.push((key, (*value).to_owned()));
    }
    let lines = keys
        .iter()
        .map(|(key, value)| format!("{key} = \"{value}\"\n"));
    let lines: String = lines.collect();
    format!("\n[[sts.attribute_store]]\nname = \"{name}\"\ntype = \"ldap\"\n{lines}")
}

fn prepared(lab: &ActiveDirectory) -> anyhow::Result<()> {
    let folder = lab.folder().join(FOLDER);
    std::fs::create_dir(&folder)?;
    for (file, secret) in [("reader.secret", PASSWORD), ("wrong.secret", "not it")] {
        let file = folder.join(file);
        std::fs::write(&file, secret)?;
        let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, only_ours)?;
    }
    let wrong = format!("{TOP}/{FOLDER}/wrong.secret");
    let foreign = format!("{TOP}/tls/old-windows.pem");
    let stores = [
        store("People", &[]),
        store("Started", &[("url", "ldap://dc1.contoso.test")]),
        store("Wrong", &[("secret_file", &wrong)]),
        store("Foreign", &[("authorities", &foreign)]),
        store(
            "Foreign, started",
            &[
                ("url", "ldap://dc1.contoso.test"),
                ("authorities", &foreign),
            ],
        ),
        store("Nowhere", &[("base", "DC=other,DC=test")]),
        store("Flat", &[("scope", "one-level")]),
        store("Schema", &[("base", SCHEMA)]),
        store("Away", &[("url", "ldaps://dc1.contoso.test:1")]),
    ];
    let sts = "\n[sts]\nhost = \"app.contoso.test\"\n";
    write(lab, &format!("{}{sts}{}", base(), stores.concat()))
}

/// What the rules make of a claim with this value: the claims of each type, or why there are none.
fn made(
    lab: &ActiveDirectory,
    (store, query): (&str, &str),
    value: &str,
) -> anyhow::Result<Result<Vec<(String, String)>, String>> {
    let types = query.split(';').nth(1).context("attributes")?.split(',');
    let types: Vec<String> = types.map(|it| format!("\"{it}\"")).collect();
    let types = types.join(", ");
    let rule = format!(
        "c:[Type == \"name\"] => issue(store = \"{store}\", types = ({types}), query = \"{query}\", param = c.Value);"
    );
    let folder = lab.folder().join(FOLDER);
    std::fs::write(folder.join("rules.txt"), rule)?;
    let claims = json!([{"type": "name", "value": value}]).to_string();
    std::fs::write(folder.join("claims.json"), claims)?;
    let inside = Path::new(TOP).join(FOLDER);
    let output = command(lab)?
        .args(["--json", "rules", "explain", "--ask"])
        .arg(inside.join("rules.txt"))
        .arg("--claims")
        .arg(inside.join("claims.json"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let run: Value = serde_json::from_slice(&output.stdout).with_context(|| said.clone())?;
    if let Some(failure) = run["failure"].as_str() {
        ensure!(!output.status.success(), "{said}");
        return Ok(Err(failure.to_owned()));
    }
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let claims = run["claims"].as_array().context("claims")?.iter();
    let claims = claims.map(|it| (text(&it["type"]), text(&it["value"])));
    let mut claims: Vec<(String, String)> = claims.collect();
    claims.sort();
    Ok(Ok(claims))
}

#[test]
fn a_directory_answers_of_whom_a_claim_names_and_of_nobody_else() -> anyhow::Result<()> {
    let Some(lab) = ActiveDirectory::start("a rule asks a directory by LDAP")? else {
        return Ok(());
    };
    prepared(&lab)?;
    lab.tell("set alice mail=alice@contoso.test")?;
    lab.tell("set alice otherTelephone=11,22")?;
    let by_name = "(&(objectClass=user)(sAMAccountName={0}));mail,otherTelephone";
    let of = |typed: &[(&str, &str)]| {
        let claims = typed
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        Ok::<_, String>(claims.collect::<Vec<_>>())
    };
    let alice = of(&[
        ("mail", "alice@contoso.test"),
        ("otherTelephone", "11"),
        ("otherTelephone", "22"),
    ]);
    for store in ["People", "Started"] {
        assert_eq!(made(&lab, (store, by_name), "alice")?, alice, "{store}");
    }
    for nobody in ["*", "al*", "alice)(sAMAccountName=*", "\\61lice", ""] {
        let found = made(&lab, ("People", by_name), nobody)?;
        assert_eq!(found, of(&[]), "{nobody:?}");
    }
    let sid = made(&lab, ("People", "sAMAccountName={0};objectSid"), "alice")?;
    let sid = sid.map_err(anyhow::Error::msg)?;
    assert!(sid[0].1.starts_with("S-1-5-21-"), "{sid:?}");
    // People do not stand right below the domain.
    assert_eq!(made(&lab, ("Flat", by_name), "alice")?, of(&[]));

    for (store, query, why) in [
        ("Wrong", by_name, "the account or its password is refused"),
        ("Foreign", by_name, "it cannot be reached"),
        ("Foreign, started", by_name, "it cannot be reached"),
        ("Nowhere", by_name, "look at its `base`"),
        ("Schema", "(objectClass=*);cn", "it has more than"),
        ("Away", by_name, "it cannot be reached"),
        ("People", "({0}=alice);mail", "where no value does"),
        ("People", "(&(a={0});mail", ""),
        ("Nobody's", by_name, "there is no such store"),
    ] {
        let failed = made(&lab, (store, query), "alice")?;
        let said = failed.err().with_context(|| store.to_owned())?;
        assert!(
            said.contains(why) && !said.contains(PASSWORD),
            "{store}: {said}"
        );
    }
    // The directory would find alice by it.
    let cut = made(&lab, ("People", by_name), "alice\0")?;
    assert!(cut.is_err_and(|it| it.contains("has a NUL")));
    lab.tell("freeze")?;
    let late = made(&lab, ("People", by_name), "alice")?;
    assert!(late.is_err_and(|it| it.contains("no answer") || it.contains("reached")));
    lab.tell("thaw")?;
    assert_eq!(made(&lab, ("People", by_name), "alice")?, alice);
    Ok(())
}
