//! `trust import-adfs`: how it ends, and what people read.

use expect_test::expect_file;

use super::*;

fn samples(format: &str) -> PathBuf {
    let sts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sts/testdata/adfs");
    sts.join(format)
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

fn ran(words: &[&str]) -> Result<(), CliError> {
    let line = ["trust", "import-adfs"].iter().chain(words);
    let line = <Line as clap::Parser>::try_parse_from(line).unwrap();
    run(line.verb, &Output::new(true))
}

fn looked_at(folder: &Path) -> Result<(), CliError> {
    ran(&[folder.to_str().unwrap(), "--dry-run"])
}

/// A folder with some files of the samples.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let format = file.rsplit('.').next().unwrap();
        let format = if format == "xml" { "clixml" } else { "json" };
        std::fs::copy(samples(format).join(file), folder.path().join(file)).unwrap();
    }
    folder
}

#[test]
fn it_says_that_it_imports_nothing_yet() {
    let folder = samples("json");
    let error = ran(&[folder.to_str().unwrap()]).unwrap_err();
    let CliError::Usage(sentence) = error else {
        panic!("asked wrongly");
    };
    assert!(sentence.contains("cannot be kept yet") && sentence.contains("--dry-run"));
}

#[test]
fn what_sign_ins_would_lose_is_counted() {
    for format in ["json", "clixml"] {
        let lost = looked_at(&samples(format));
        let expected = CliError::refused("sign-ins would lose 6 settings");
        assert_eq!(lost, Err(expected), "{format}");
    }
}

#[test]
fn a_whole_export_that_loses_nothing_is_done() {
    let folder = folder(&["Get-AdfsClaimDescription.xml", "Get-AdfsProperties.json"]);
    let nothing = "[]";
    for cmdlet in ["RelyingPartyTrust", "ClaimsProviderTrust", "Endpoint"] {
        let file = folder.path().join(format!("Get-Adfs{cmdlet}.json"));
        std::fs::write(file, nothing).unwrap();
    }
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    assert_eq!(looked_at(folder.path()), Ok(()));
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder(&["Get-AdfsClaimDescription.json"]);
    let CliError::Refused(sentence) = looked_at(folder.path()).unwrap_err() else {
        panic!("found wanting");
    };
    assert!(sentence.starts_with("there is no file of Get-AdfsProperties, Get-AdfsRelying"));
}

#[test]
fn a_folder_without_files_one_with_two_and_none_at_all_are_asked_wrongly() {
    let empty = folder(&[]);
    let both = folder(&["Get-AdfsEndpoint.xml", "Get-AdfsEndpoint.json"]);
    for (path, words) in [
        (empty.path(), "has no file of AD FS's cmdlets"),
        (both.path(), "another file of Get-AdfsEndpoint"),
        (&empty.path().join("none"), "is no folder"),
    ] {
        let CliError::Usage(sentence) = looked_at(path).unwrap_err() else {
            panic!("asked wrongly");
        };
        assert!(sentence.contains(words), "{sentence}");
    }
}

#[test]
fn a_broken_file_is_one_error_with_its_place() {
    let folder = folder(&[]);
    let written = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let error = looked_at(folder.path()).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        let CliError::Refused(sentence) = error else {
            panic!("found wanting");
        };
        sentence.replace(&folder.path().display().to_string(), "DIR")
    };
    assert_eq!(
        written("Get-AdfsEndpoint.json", "[\n {\"a\": }]"),
        "`DIR/Get-AdfsEndpoint.json`: line 2, column 8: it is not JSON"
    );
    let namespace = "http://schemas.microsoft.com/powershell/2004/04";
    let circle = "<Obj RefId=\"0\"><LST><Ref RefId=\"0\" /></LST></Obj>";
    let text = format!("<Objs Version=\"1.1.0.1\" xmlns=\"{namespace}\">\n{circle}</Objs>");
    assert_eq!(
        written("Get-AdfsEndpoint.xml", &text),
        "`DIR/Get-AdfsEndpoint.xml`: line 2, column 21: the reference `0` leads back to where it stands"
    );
}

#[test]
fn the_report_is_read_aloud_like_this() {
    let import = Import::of(&files::read(&samples("clixml")).unwrap());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trust/report.txt");
    expect_file![golden].assert_eq(&format!("{}\n", aloud::aloud(&import.report)));
}

#[test]
fn as_json_every_field_has_its_fate() {
    let import = Import::of(&files::read(&samples("json")).unwrap());
    let printed = Printed {
        folder: "adfs-export".to_owned(),
        is_dry_run: true,
        lost: import.report.lost().count(),
        report: &import.report,
    };
    let json = serde_json::to_value(&printed).unwrap();
    assert_eq!(
        (&json["is_dry_run"], &json["lost"]),
        (&true.into(), &6.into())
    );
    let hr = json["objects"].as_array().unwrap();
    let hr = hr.iter().find(|it| it["name"] == "HR").unwrap();
    assert_eq!(hr["cmdlet"], "Get-AdfsRelyingPartyTrust");
    let fields = hr["fields"].as_array().unwrap();
    let jwt = fields.iter().find(|it| it["field"] == "EnableJWT").unwrap();
    let expected = serde_json::json!({
        "field": "EnableJWT", "kind": "not-yet", "is_lost": true,
        "says": "it takes a JWT over WS-Federation",
    });
    assert_eq!(*jwt, expected);
}
