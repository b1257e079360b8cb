//! `[store]`: where it may be, and what is said where it is nowhere or in two places.

use std::os::unix::fs::PermissionsExt;

use ::store::Database;

use super::*;

const FILE: &str = "file = \"x.db\"\n";
const SERVER: &str = "postgres = \"postgres://gate@db.contoso.com/w\"\n";

/// Understands a `[store]` of these lines, beside a password's file that its owner alone may read.
fn stored(lines: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, mode) in [("file.pem", 0o600), ("secret", 0o600), ("open", 0o644)] {
        let path = folder.path().join(name);
        std::fs::write(&path, "swordfish\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let text = text("", "").replace(FILE, lines);
    let file = folder.path().join("wicketgate.toml");
    let written = written::parse(&file, &text).map_err(|error| error.to_string())?;
    understand(&file, &text, written).map_err(|error| error.to_string())
}

#[test]
fn a_store_is_a_file_or_on_a_server_and_nothing_else() {
    let file = stored(FILE).unwrap().store.unwrap().database;
    assert!(matches!(file, Database::Sqlite(path) if path.ends_with("x.db")));
    let settings = stored(&format!("{SERVER}password_file = \"secret\"\n")).unwrap();
    let shown = settings.store().unwrap().database.to_string();
    assert_eq!(shown, "postgres://gate@db.contoso.com:5432/w");
    assert!(!settings.warnings.iter().any(|it| it.contains("[store]")));
    assert!(!format!("{settings:?}").contains("swordfish"));
    for (lines, expected) in [
        ("", "names no store"),
        (&*format!("{FILE}{SERVER}"), "a store is in one place"),
        (
            &*format!("{FILE}password_file = \"secret\"\n"),
            "there is no `postgres`",
        ),
        (
            &*format!("{FILE}password_credential = \"db\"\n"),
            "there is no `postgres`",
        ),
        (
            &*format!("{SERVER}password_file = \"none\"\n"),
            "No such file",
        ),
        (&*format!("{SERVER}password_file = \"open\"\n"), "chmod 640"),
        (
            &*format!("{SERVER}password_credential = \"db\"\n"),
            "LoadCredential=",
        ),
        (
            &*SERVER.replace("gate@", "gate:swordfish@"),
            "it holds a password",
        ),
        (
            &*SERVER.replace("/w", "/w?sslrootcert=none.pem"),
            "there is no file",
        ),
    ] {
        let error = stored(lines).unwrap_err();
        assert!(error.contains(expected), "{lines}: {error}");
        assert!(error.contains("wicketgate.toml:"), "{error}");
        assert!(!error.contains("swordfish"), "{error}");
    }
}

#[test]
fn a_server_that_need_not_prove_its_name_is_warned_of() {
    for (mode, warned) in [
        ("disable", "in clear"),
        ("require", "who it is"),
        ("verify-ca", "its name"),
    ] {
        let lines = SERVER.replace("/w", &format!("/w?sslmode={mode}"));
        let warnings = stored(&lines).unwrap().warnings;
        assert!(
            warnings.iter().any(|it| it.contains(warned)),
            "{warnings:?}"
        );
    }
    let local = SERVER.replace("db.contoso.com", "localhost");
    let warnings = stored(&local).unwrap().warnings;
    assert!(
        !warnings.iter().any(|it| it.contains("[store]")),
        "{warnings:?}"
    );
}
