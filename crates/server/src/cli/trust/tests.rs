//! `trust`: how it ends, and what people read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect_file;
use sts::import::Import;
use tempfile::TempDir;

use crate::cli::gate::Gate;

use super::*;

mod certificates;

fn samples(format: &str) -> PathBuf {
    let sts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sts/testdata/adfs");
    sts.join(format)
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

fn looked_at(folder: &Path) -> Result<(), CliError> {
    import::look(folder, None, &Output::new(true))
}

/// A folder with some files of the samples.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let format = file.rsplit('.').next().unwrap();
        let format = if format == "xml" { "clixml" } else { "json" };
        std::fs::copy(samples(format).join(file), folder.path().join(file)).unwrap();
    }
    folder
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
    expect_file![golden].assert_eq(&format!("{}\n", aloud::aloud(&import.report, &[])));
}

#[test]
fn as_json_every_field_has_its_fate() {
    let import = Import::of(&files::read(&samples("json")).unwrap());
    let printed = import::Printed {
        folder: "adfs-export".to_owned(),
        is_dry_run: true,
        lost: import.report.lost().count(),
        kept: Vec::new(),
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

impl Gate {
    async fn does(&self, words: &[&str]) -> Result<(), CliError> {
        let line = ["trust"].iter().chain(words);
        let line = <Line as clap::Parser>::try_parse_from(line);
        let line = line.map_err(|error| CliError::usage(error.to_string()))?;
        run(&self.config(), line.verb, &Output::new(true)).await
    }

    async fn names(&self) -> Vec<String> {
        let desk = Desk::open(&self.config()).await.unwrap();
        let found = desk.trusts().await.unwrap().into_iter();
        found.map(|it| it.trust.name).collect()
    }

    async fn written(&self, name: &str) -> Written {
        let desk = Desk::open(&self.config()).await.unwrap();
        desk.trust(name, None).await.unwrap().written
    }
}

#[tokio::test]
async fn trusts_of_a_preset_are_added_set_switched_exported_removed_and_added_again() {
    let gate = Gate::new().await;
    let preset = [
        "add",
        "--preset",
        "lync",
        "--host",
        "lyncweb.contoso.com",
        "--internal-host",
        "pool01.contoso.local",
    ];
    gate.does(&preset).await.unwrap();
    assert_eq!(gate.names().await, ["Lync-Ext", "Lync-Int"]);
    let again = gate.does(&preset).await.unwrap_err();
    assert!(
        again.to_string().contains("called `Lync-Int` already"),
        "{again}"
    );
    gate.does(&["set", "Lync-Ext", "token_lifetime=30"])
        .await
        .unwrap();
    gate.does(&["disable", "lync-ext"]).await.unwrap();
    let written = gate.written("Lync-Ext").await;
    let party = &written.relying_party[0];
    assert_eq!((party.token_lifetime, party.is_enabled), (Some(30), false));
    assert_eq!(
        gate.written("Lync-Int").await.relying_party[0].token_lifetime,
        None
    );

    let file = gate.folder().join("lync.toml");
    let text = form::toml(&written).unwrap();
    std::fs::write(&file, &text).unwrap();
    gate.does(&["remove", "Lync-Ext"]).await.unwrap();
    assert_eq!(gate.names().await, ["Lync-Int"]);
    let file = file.to_str().unwrap();
    gate.does(&["add", file]).await.unwrap();
    assert_eq!(gate.written("Lync-Ext").await, written);
    for listed in [&["list"][..], &["show", "Lync-Ext"], &["export"]] {
        gate.does(listed).await.unwrap();
    }
}

#[tokio::test]
async fn a_trust_reads_in_toml_as_an_administrator_would_write_it() {
    let gate = Gate::new().await;
    let preset = ["add", "--preset", "lync", "--host", "lyncweb.contoso.com"];
    gate.does(&preset).await.unwrap();
    let text = form::toml(&gate.written("Lync-Ext").await).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trust/lync-ext.toml");
    expect_file![golden].assert_eq(&format!("{text}\n"));
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_with_its_place_and_nothing_of_it_is_kept() {
    let gate = Gate::new().await;
    let file = gate.folder().join("trusts.toml");
    let name = file.to_str().unwrap();
    let good = "[[relying_party]]\nname = \"good\"\nidentifiers = [\"urn:good\"]\n";
    for (bad, words) in [
        ("[[relying_party]]\nname = 7\n", "trusts.toml`: line 6: "),
        (
            "[[relying_party]]\nname = \"bad\"\nidentifiers = []\n",
            "`bad`: `identifiers`: one at least",
        ),
        (
            "[[relying_party]]\nname = \"bad\"\nidentifiers = [\"urn:good\"]\n",
            "`urn:good` of `bad` is another's",
        ),
        (
            "[[relying_party]]\nname = \"bad\"\nidentifiers = [\"urn:b\"]\nissuance_transform_rules = \"x\"\n",
            "`bad`: `issuance_transform_rules`: ",
        ),
        (
            "[[relying_party]]\nname = \"bad\"\ncolour = 1\n",
            "unknown field `colour`",
        ),
    ] {
        std::fs::write(&file, format!("version = 1\n{good}{bad}")).unwrap();
        let error = gate.does(&["add", name]).await.unwrap_err();
        assert!(matches!(error, CliError::Refused(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(gate.names().await.is_empty());
    }
    let error = gate.does(&["add", "/nowhere.toml"]).await.unwrap_err();
    assert!(matches!(error, CliError::Usage(_)), "{error}");
}

#[tokio::test]
async fn an_import_keeps_all_or_nothing_unless_the_good_ones_are_wanted() {
    let gate = Gate::new().await;
    let whole = samples("json");
    let whole = whole.to_str().unwrap();
    let error = gate.does(&["import-adfs", whole]).await.unwrap_err();
    assert!(
        matches!(&error, CliError::Refused(it) if it.contains("nothing was kept")),
        "{error}"
    );
    assert!(gate.names().await.is_empty());
    gate.does(&["import-adfs", whole, "--dry-run"])
        .await
        .unwrap_err();
    assert!(gate.names().await.is_empty());
    gate.does(&["import-adfs", whole, "--keep-good"])
        .await
        .unwrap();
    let kept = gate.names().await;
    let import = Import::of(&files::read(&samples("json")).unwrap());
    let lost = import.report.lost().map(|(it, _)| it.name.as_str());
    // The directory's own trust is kept with its rules: what is built in believes more.
    let (own, lost): (Vec<_>, Vec<_>) = lost.partition(|it| *it == "Active Directory");
    assert!(!own.is_empty() && kept.iter().any(|it| it == "Active Directory"));
    assert!(!lost.is_empty() && !lost.iter().any(|it| kept.iter().any(|kept| kept == it)));
    let rules = &gate.written("Active Directory").await.claims_provider[0];
    assert!(rules.is_local && rules.acceptance_transform_rules.contains("issue("));
    // A second time every name is taken, and nothing changes.
    let again = gate.does(&["import-adfs", whole, "--keep-good"]).await;
    assert!(matches!(again, Err(CliError::Refused(_))));
    assert_eq!(gate.names().await, kept);
}

#[tokio::test]
async fn s61_lync_is_added_from_its_metadata_and_follows_it() {
    let gate = Gate::new().await;
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/partner_metadata");
    let text = std::fs::read_to_string(seeds.join("lync")).unwrap();
    // The certificate of the seed is none.
    let (before, rest) = text.split_once("<KeyDescriptor").unwrap();
    let (_, after) = rest.split_once("</KeyDescriptor>").unwrap();
    let text = format!("{before}{after}");
    let file = gate.folder().join("lync.xml");
    std::fs::write(&file, &text).unwrap();
    let name = file.to_str().unwrap();
    let unnamed = gate.does(&["add", "--metadata", name]).await;
    assert!(matches!(unnamed, Err(CliError::Usage(_))));
    let added = [
        "add",
        "--metadata",
        name,
        "--name",
        "Lync-Ext",
        "--preset",
        "lync",
    ];
    gate.does(&added).await.unwrap();
    let party = gate.written("Lync-Ext").await.relying_party.remove(0);
    assert_eq!(
        party.identifiers[0],
        "https://lyncweb.contoso.com/passiveauth"
    );
    assert!(party.issuance_transform_rules.contains("primarysid"));

    let refresh = ["refresh", "Lync-Ext", "--metadata", name];
    std::fs::write(&file, text.replace("PassiveAuth.aspx", "New.aspx")).unwrap();
    let dry = [&refresh[..], &["--dry-run"]].concat();
    gate.does(&dry).await.unwrap();
    assert_eq!(gate.written("Lync-Ext").await.relying_party[0], party);
    gate.does(&refresh).await.unwrap();
    let moved = gate.written("Lync-Ext").await.relying_party.remove(0);
    let endpoint = moved.wsfed_endpoint.as_deref();
    assert_eq!(
        endpoint,
        Some("https://lyncweb.contoso.com/PassiveAuth/New.aspx")
    );

    for worse in [
        text.replace("entityID=\"https://lyncweb", "entityID=\"https://other"),
        text.replace(
            "https://lyncweb.contoso.com/PassiveAuth",
            "http://lyncweb.contoso.com/PassiveAuth",
        ),
        text.replace("fed:PassiveRequestorEndpoint", "fed:Other"),
        text.replace(
            " ID=\"_1\"",
            " ID=\"_1\" validUntil=\"2020-01-01T00:00:00Z\"",
        ),
        "<a/>".to_owned(),
    ] {
        std::fs::write(&file, &worse).unwrap();
        let refused = gate.does(&refresh).await.unwrap_err();
        assert!(matches!(refused, CliError::Refused(_)), "{refused}");
        assert_eq!(gate.written("Lync-Ext").await.relying_party[0], moved);
    }
    let nowhere = gate.does(&["refresh", "Lync-Ext"]).await;
    assert!(matches!(nowhere, Err(CliError::Usage(_))));
}

#[tokio::test]
async fn metadata_of_a_provider_that_nobody_signed_is_taken_only_by_name() {
    let gate = Gate::new().await;
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/partner_metadata");
    let file = seeds.join("saml");
    let file = file.to_str().unwrap();
    let provider = [
        "add",
        "--metadata",
        file,
        "--name",
        "P",
        "--kind",
        "claims-provider",
    ];
    let unsigned = gate.does(&provider).await.unwrap_err().to_string();
    assert!(
        unsigned.contains("is not signed; `--unsigned`"),
        "{unsigned}"
    );
    // It names no certificate to sign with, and so it is refused all the same.
    let by_name = [&provider[..], &["--unsigned"]].concat();
    let none = gate.does(&by_name).await.unwrap_err().to_string();
    assert!(none.contains("there is no certificate"), "{none}");
    assert!(gate.names().await.is_empty());
    let alone = gate.does(&["add", file, "--unsigned"]).await;
    assert!(matches!(alone, Err(CliError::Usage(_))));
}

#[tokio::test]
async fn nobody_adds_us_as_a_claims_provider_of_our_own() {
    let gate = Gate::new().await;
    let mut config = std::fs::read_to_string(gate.config()).unwrap();
    config.push_str(
        "[sts]\nhost = \"sts.contoso.com\"\n[[policy]]\nservices = [\"sts\"]\n\
         methods = [\"memorised-secret + one-time-code\"]\n",
    );
    std::fs::write(gate.config(), config).unwrap();
    let pair = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let certificate = certificate.self_signed(&pair).unwrap();
    let certificate = STANDARD.encode(certificate.der());
    let file = gate.folder().join("provider.toml");
    let file = file.to_str().unwrap();
    for (host, is_taken) in [("sts.contoso.com", false), ("fs.contoso.com", true)] {
        let text = format!(
            "version = 1\n[[claims_provider]]\nname = \"P\"\nidentifier = \"http://{host}/adfs/services/trust\"\n\
             wsfed_endpoint = \"https://{host}/adfs/ls/\"\ntoken_signing_certificates = [\"{certificate}\"]\n"
        );
        std::fs::write(file, text).unwrap();
        let added = gate.does(&["add", file]).await;
        match is_taken {
            true => added.unwrap(),
            false => {
                let refused = added.unwrap_err().to_string();
                assert!(refused.contains("called as we are"), "{refused}");
            }
        }
    }
}

/// Whose line it is stands in the file, and what it is called in the store: neither is changed behind the other's back.
#[tokio::test]
async fn s79_a_trust_that_a_line_of_the_policy_names_keeps_that_name_until_the_line_is_changed() {
    let gate = Gate::new().await;
    let before = std::fs::read_to_string(gate.config()).unwrap();
    let write = |parties: &str| {
        let text = format!(
            "{before}[sts]\nhost = \"sts.contoso.com\"\n[[policy]]\nparties = {parties}\n\
             methods = [\"memorised-secret + one-time-code\"]\n[[policy]]\nservices = [\"sts\"]\n\
             methods = [\"memorised-secret\"]\n"
        );
        std::fs::write(gate.config(), text).unwrap();
    };
    write(r#"["two", "urn:other"]"#);
    let file = gate.folder().join("two.toml");
    let text = "version = 1\n[[relying_party]]\nname = \"Two\"\nidentifiers = [\"urn:two\"]\n";
    std::fs::write(&file, text).unwrap();
    gate.does(&["add", file.to_str().unwrap()]).await.unwrap();
    let renamed = ["set", "Two", "name=Zwei"];
    for verb in [&renamed[..], &["remove", "Two"]] {
        let refused = gate.does(verb).await.unwrap_err().to_string();
        let line = before.lines().count() + 3;
        for part in [format!("wicketgate.toml:{line}"), "`two`".to_owned()] {
            assert!(refused.contains(&part), "{part} in {refused}");
        }
        assert_eq!(gate.names().await, ["Two"]);
    }
    // What the line does not go by may be changed, and where it names both, either.
    gate.does(&["set", "Two", "identifiers=[\"urn:zwei\"]"])
        .await
        .unwrap();
    write(r#"["Two", "urn:zwei"]"#);
    gate.does(&renamed).await.unwrap();
    let identifiers = ["set", "Zwei", "identifiers=[\"urn:2\"]"];
    let refused = gate.does(&identifiers).await.unwrap_err().to_string();
    assert!(refused.contains("`urn:zwei`"), "{refused}");
    let forced = [&identifiers[..], &["--force"]].concat();
    gate.does(&forced).await.unwrap();
    write(r#"["Zwei"]"#);
    gate.does(&["remove", "Zwei"]).await.unwrap_err();
    gate.does(&["remove", "Zwei", "--force"]).await.unwrap();
    assert!(gate.names().await.is_empty());
}
