//! `rules`: what is printed of the files of an administrator, and how it ends.

use std::path::Path;

use super::*;

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }
}

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

fn ran(words: &[&str]) -> Result<(), CliError> {
    let line = ["rules"].iter().chain(words);
    let line = <Line as clap::Parser>::try_parse_from(line).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(run(
        Path::new("/nowhere.toml"),
        line.verb,
        &Output::new(true),
    ))
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

const GOOD: &str = "c:[Type == \"a\"] => issue(Type = \"b\", Value = c.Value);";

#[test]
fn good_rules_are_checked_and_wrong_ones_counted() {
    let folder = Folder::new();
    let good = folder.file("good.txt", GOOD);
    let wrong = folder.file(
        "wrong.txt",
        "c:[] => isue(claim = c); c:[Typ == \"a\"] => issue(claim = c);",
    );
    let extended = folder.file("extended.txt", &format!("// a remark\n{GOOD}"));
    assert_eq!(ran(&["check", path(&good), path(&extended)]), Ok(()));
    let errors = ran(&["check", path(&good), path(&wrong)]);
    assert_eq!(errors, Err(CliError::refused("the rules have 2 errors")));
    let strict = ran(&["check", "--strict", path(&extended)]);
    assert_eq!(strict, Err(CliError::refused("the rules have 1 error")));
    let missing = ran(&["check", path(&folder.folder.path().join("none"))]);
    assert!(matches!(missing, Err(CliError::Usage(_))));
}

#[test]
fn an_error_names_the_file_the_place_and_the_code() {
    let file = Path::new("rules.txt");
    let errors = RuleSet::parse("c1;[] => issue(claim = c1);").unwrap_err();
    let wrong = told(file, &errors);
    let [wrong] = wrong.as_slice() else {
        panic!("one error");
    };
    let first = wrong.report.lines().next().unwrap();
    assert_eq!(
        first,
        "rules.txt:1:3: POLICY0030: unexpected `;`, expected `:`"
    );
    let json = serde_json::to_value(wrong).unwrap();
    let expected = serde_json::json!({
        "file": "rules.txt", "line": 1, "column": 3, "severity": "error", "code": "POLICY0030",
        "problem": "unexpected `;`", "expected": [":"], "hint": null,
    });
    assert_eq!(json, expected);
}

#[test]
fn more_than_a_note_is_found_wanting() {
    let folder = Folder::new();
    let good = folder.file("good.txt", GOOD);
    assert_eq!(ran(&["lint", path(&good)]), Ok(()));
    let noted = folder.file(
        "noted.txt",
        "c:[Type == \"a\"] => issue(Type = \"b\", Value = \"x\");",
    );
    assert_eq!(ran(&["lint", path(&noted)]), Ok(()));
    let adds = folder.file("adds.txt", "c:[] => add(claim = c);");
    let found = ran(&["lint", path(&adds)]);
    assert_eq!(
        found,
        Err(CliError::refused("1 finding is more than a note"))
    );
    let wrong = folder.file("wrong.txt", "c:[] =>");
    let Err(CliError::Refused(sentence)) = ran(&["lint", path(&wrong)]) else {
        panic!("it is taken");
    };
    assert_eq!(sentence.lines().count(), 1);
    let place = format!("{}:1:8: POLICY0030: ", path(&wrong));
    assert!(sentence.starts_with(&place), "{sentence}");
    assert!(sentence.contains("rules check"), "{sentence}");
}

#[test]
fn rules_run_over_claims_and_answers_of_files() {
    let folder = Folder::new();
    let rules = folder.file(
        "rules.txt",
        "c:[Type == \"a\"] => issue(store = \"s\", types = (\"t\", \"u\"), query = \"q {0}\", param = c.Value);",
    );
    let claims = folder.file(
        "claims.json",
        r#"[{"type": "a", "value": "1", "issuer": "x"}]"#,
    );
    let explain = |store: &str| {
        let store = folder.file("store.json", store);
        let words = [
            "explain",
            path(&rules),
            "--claims",
            path(&claims),
            "--store",
            path(&store),
        ];
        ran(&words)
    };
    let rows = r#""rows": [["x", null]]"#;
    assert_eq!(explain(&format!(r#"[{{"store": "s", {rows}}}]"#)), Ok(()));
    let exact = format!(r#"[{{"store": "s", "query": "q {{0}}", "parameters": ["1"], {rows}}}]"#);
    assert_eq!(explain(&exact), Ok(()));
    for (store, reason) in [
        (
            r#"[]"#,
            "no answer is written down for `q {0}` with [\"1\"]",
        ),
        (
            r#"[{"store": "s", "parameters": ["2"]}]"#,
            "no answer is written down",
        ),
        (r#"[{"store": "s", "fails": "it is down"}]"#, "it is down"),
        (
            r#"[{"store": "s", "rows": [["x"]]}]"#,
            "gave 1 columns for 2 types",
        ),
    ] {
        let Err(CliError::Refused(sentence)) = explain(store) else {
            panic!("{store} is taken");
        };
        assert!(
            sentence.starts_with("rule 1 (line 1): POLICY0018: "),
            "{sentence}"
        );
        assert!(sentence.contains(reason), "{sentence}");
    }
    for wrong in ["{}", r#"[{"store": "s", "row": []}]"#, "["] {
        assert!(matches!(explain(wrong), Err(CliError::Usage(_))), "{wrong}");
    }
}

#[test]
fn a_claim_of_a_file_has_every_property() {
    let folder = Folder::new();
    let text = r#"[{"type": "a", "value": "1"}, {"type": "b", "value": "2", "issuer": "x", "original_issuer": "y",
        "value_type": "z", "properties": {"k": "v"}}]"#;
    let read = files::claims(&folder.file("claims.json", text)).unwrap();
    let read: Vec<_> = read.iter().collect();
    let [plain, full] = read.as_slice() else {
        panic!("two claims");
    };
    assert_eq!(**plain, claims::Claim::new("a", "1", "AD AUTHORITY"));
    assert_eq!(
        (&*full.issuer, &*full.original_issuer, &*full.value_type),
        ("x", "y", "z")
    );
    assert_eq!(full.properties.get("k").map(|it| &**it), Some("v"));
    let unknown = folder.file("unknown.json", r#"[{"typ": "a", "value": "1"}]"#);
    assert!(matches!(files::claims(&unknown), Err(CliError::Usage(_))));
}

#[test]
fn rules_without_their_last_semicolon_are_told_and_strictly_refused() {
    let folder = Folder::new();
    let open = folder.file("open.txt", GOOD.trim_end_matches(';'));
    assert_eq!(ran(&["check", path(&open)]), Ok(()));
    let strict = ran(&["check", "--strict", path(&open)]);
    assert_eq!(strict, Err(CliError::refused("the rules have 1 error")));
    let rules = RuleSet::parse(GOOD.trim_end_matches(';')).unwrap();
    let told = refused_there(&open, &rules, false);
    let [warning] = told.as_slice() else {
        panic!("one");
    };
    assert!(
        warning.report.contains("warning: the last rule has no `;`"),
        "{}",
        warning.report
    );
}

#[test]
fn what_windows_writes_with_a_redirection_is_read() {
    let folder = Folder::new();
    let file = folder.folder.path().join("utf16.txt");
    let units = GOOD.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
    std::fs::write(&file, &bytes).unwrap();
    assert_eq!(ran(&["check", path(&file)]), Ok(()));
    assert_eq!(crate::cli::trust::form::text(&file).unwrap(), GOOD);
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    assert!(matches!(
        ran(&["check", path(&file)]),
        Err(CliError::Usage(_))
    ));
}

#[test]
fn a_question_that_no_store_answers_is_found() {
    let folder = Folder::new();
    let ask = |query: &str| {
        format!(
            "c:[Type == \"a\"] => issue(store = \"Active Directory\", types = (\"b\"), query = \"{query};{{0}}\", param = c.Value);"
        )
    };
    let asked = folder.file("asked.txt", &ask("(cn=*);mail"));
    let configured = folder.file("configured.txt", &ask(";shoeSize"));
    let kept = folder.file("kept.txt", &ask(";displayName"));
    let more = |file: &Path| match ran(&["lint", path(file)]) {
        Err(CliError::Refused(said)) => format!("{said:?}"),
        other => format!("{other:?}"),
    };
    assert_ne!(more(&asked), more(&kept));
    assert_eq!(
        more(&configured),
        more(&kept),
        "the configuration may have it, which is a note"
    );
}
